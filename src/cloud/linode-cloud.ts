import { createHash } from "node:crypto";
import { microUsd } from "../support/money.ts";
import { type Account, type Cloud, CloudError, type CloudReader } from "./cloud.ts";
import {
  createLinodeConnection,
  type LinodeConnection,
  type LinodeConnectionOptions,
  type LinodeSdk,
} from "./linode-connection.ts";
import {
  parseAvailability,
  parseFirewall,
  parsePage,
  parseTypePrice,
  parseVm,
  recordOf,
} from "./parse.ts";
import { firewallBody, firewallRules, vmBody } from "./request-bodies.ts";

/** Linode's maximum. */
const PAGE_SIZE = 500;
const LIST_ATTEMPTS = 4;

/** The result has no method that writes. Without a token it can read prices and stock only. */
export function createLinodeReader(options: LinodeConnectionOptions): CloudReader {
  return createReader(createLinodeConnection(options), options.token);
}

export function createLinodeCloud(options: LinodeConnectionOptions & { token: string }): Cloud {
  const connection = createLinodeConnection(options);
  return {
    ...createReader(connection, options.token),
    createVm: (request) =>
      connection.write(
        async (sdk) => parseVm(await sdk.createLinode(vmBody(request))),
        [request.rootPassword, request.userData],
      ),
    createFirewall: (request) =>
      connection.write(async (sdk) =>
        parseFirewall(await sdk.createFirewall(firewallBody(request))),
      ),
    updateFirewall: (id, sshCidrs) =>
      act(connection, (sdk) => sdk.updateFirewallRules(id, firewallRules(sshCidrs))),
    deleteVm: (id) => destroy(connection, (sdk) => sdk.deleteLinode(id)),
    deleteFirewall: (id) => destroy(connection, (sdk) => sdk.deleteFirewall(id)),
    rebootVm: (id) => act(connection, (sdk) => sdk.linodeReboot(id)),
    bootVm: (id) => act(connection, (sdk) => sdk.linodeBoot(id)),
  };
}

function createReader(connection: LinodeConnection, token: string | undefined): CloudReader {
  const needToken = (): void => {
    if (token === undefined) throw new CloudError("token", "no token was given", { sent: false });
  };
  return {
    async prices(signal) {
      const page = (sdk: LinodeSdk, params: Page) => sdk.getLinodeTypes(params);
      const rows = await readList(connection, page, parseTypePrice, signal);
      return rows.filter((row) => row !== undefined);
    },
    availability: (signal) =>
      readList(
        connection,
        (sdk, params) => sdk.getRegionAvailabilities(params),
        parseAvailability,
        signal,
      ),
    async account(signal) {
      needToken();
      return await readAccount(connection, token ?? "", signal);
    },
    async listVms({ label }, signal) {
      needToken();
      const page = (sdk: LinodeSdk, params: Page) => sdk.getLinodes(params, filterBy(label));
      const rows = await readList(connection, page, parseVm, signal);
      return rows.filter((vm) => label === undefined || vm.label === label);
    },
    async getVm(id, signal) {
      needToken();
      try {
        return await connection.read(async (sdk) => parseVm(await sdk.getLinode(id)), signal);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async listFirewalls({ label }, signal) {
      needToken();
      const page = (sdk: LinodeSdk, params: Page) => sdk.getFirewalls(params, filterBy(label));
      const rows = await readList(connection, page, parseFirewall, signal);
      return rows.filter((firewall) => label === undefined || firewall.label === label);
    },
    clockOffsetMs: () => connection.clockOffsetMs(),
  };
}

interface Page {
  readonly page: number;
  readonly page_size: number;
}

/** Reads all pages. If the list changes meanwhile, rows shift between pages and one could be missed: then it is read again. */
async function readList<T>(
  connection: LinodeConnection,
  getPage: (sdk: LinodeSdk, params: Page) => Promise<unknown>,
  parseRow: (row: unknown) => T,
  signal: AbortSignal,
): Promise<readonly T[]> {
  for (let attempt = 0; attempt < LIST_ATTEMPTS; attempt++) {
    const rows: T[] = [];
    const totals = new Set<number | undefined>();
    let pages = 1;
    for (let page = 1; page <= pages; page++) {
      const params = { page, page_size: PAGE_SIZE };
      const reply = await connection.read(
        async (sdk) => parsePage(await getPage(sdk, params), parseRow),
        signal,
      );
      rows.push(...reply.rows);
      totals.add(reply.results);
      pages = reply.pages;
    }
    if (totals.size === 1) return rows;
  }
  throw new CloudError("transient", "the list kept changing while it was read", { sent: true });
}

async function readAccount(
  connection: LinodeConnection,
  token: string,
  signal: AbortSignal,
): Promise<Account> {
  const profile = await readIfPermitted(
    connection.read(async (sdk) => recordOf(await sdk.getProfile(), "a profile"), signal),
  );
  const scopes = connection.scopes() ?? ["*"];
  const info = scopes.some((scope) => scope === "*" || scope.startsWith("account:"))
    ? await readIfPermitted(
        connection.read(async (sdk) => recordOf(await sdk.getAccountInfo(), "an account"), signal),
      )
    : undefined;
  const username = profile?.["username"];
  const balance = info?.["balance_uninvoiced"];
  // VMs are visible by user: a restricted user gets 404 for another user's VM. The user's name, which is unique in all
  // of Linode, therefore identifies what we can see better than the account does.
  const identity = [username, info?.["euuid"], token].find((value) => typeof value === "string");
  return {
    username: typeof username === "string" ? username : "",
    fingerprint: createHash("sha256")
      .update(`linode:${identity ?? ""}`)
      .digest("hex")
      .slice(0, 16),
    scopes,
    balanceUninvoiced: typeof balance === "number" ? microUsd(balance) : undefined,
  };
}

/** @returns undefined if the token does not have the permission */
async function readIfPermitted<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof CloudError && (error.kind === "scope" || error.kind === "forbidden"))
      return undefined;
    throw error;
  }
}

async function destroy(
  connection: LinodeConnection,
  call: (sdk: LinodeSdk) => Promise<unknown>,
): Promise<void> {
  try {
    await act(connection, call);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Sends a write whose reply is an empty object. Checking the reply detects, for example, a proxy's login page with status 200. */
async function act(
  connection: LinodeConnection,
  call: (sdk: LinodeSdk) => Promise<unknown>,
): Promise<void> {
  await connection.write(async (sdk) => recordOf(await call(sdk), "an empty object"));
}

function isNotFound(error: unknown): boolean {
  return error instanceof CloudError && error.kind === "not_found";
}

function filterBy(label: string | undefined): { label: string } | undefined {
  return label === undefined ? undefined : { label };
}
