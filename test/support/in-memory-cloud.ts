import {
  type Account,
  type Cloud,
  CloudError,
  type CloudErrorKind,
  type CloudFirewall,
  type CloudVm,
} from "../../src/cloud/cloud.ts";
import { firewallBody, firewallRules } from "../../src/cloud/request-bodies.ts";
import { microUsd } from "../../src/support/money.ts";
import { raceAbort } from "../../src/support/race-abort.ts";
import type { ApiReply } from "../../src/simulator/api/api.ts";
import { type FaultyApi, applyFault } from "../../src/simulator/faults/faulty-api.ts";
import type { ApiProblem } from "../../src/simulator/api/api-error.ts";

/**
 * A `Cloud` in the same process for a simulated world, which works with a jumping clock. Tokens, limits, errors and fault
 * scripts are those of the HTTP API.
 */
export function createInMemoryCloud(side: FaultyApi, token: string): Cloud {
  const { world } = side;
  const send = async (
    method: string,
    path: string,
    more: { body?: unknown; label?: string | undefined; page?: number } = {},
  ): Promise<ApiReply> => {
    const reply = await applyFault(side, {
      method,
      path,
      query: new URLSearchParams(more.page === undefined ? "" : `page=${more.page}&page_size=500`),
      authorization: `Bearer ${token}`,
      filter: more.label === undefined ? undefined : JSON.stringify({ label: more.label }),
      body: more.body === undefined ? "" : JSON.stringify(more.body),
      from: "127.0.0.1",
    });
    if (reply === undefined)
      throw new CloudError("unreachable", "the connection broke", { sent: true });
    if (reply.status !== 200) throw errorOf(reply);
    return reply;
  };
  const get = async (path: string, signal: AbortSignal): Promise<ApiReply> => {
    signal.throwIfAborted();
    return raceAbort(send("GET", path), signal);
  };
  const list = async <Row extends { label: string }>(
    path: string,
    label: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly Row[]> => {
    const rows: Row[] = [];
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      signal.throwIfAborted();
      const { body } = await raceAbort(send("GET", path, { label, page }), signal);
      const part = body as { data: Row[]; pages: number };
      rows.push(...part.data);
      pages = part.pages;
    }
    // The API ignores case, but the adapter compares labels exactly.
    return rows.filter((row) => label === undefined || row.label === label);
  };
  const unlessGone = async (reply: Promise<ApiReply>): Promise<ApiReply | undefined> => {
    try {
      return await reply;
    } catch (error) {
      if (error instanceof CloudError && error.kind === "not_found") return undefined;
      throw error;
    }
  };

  return {
    // Request the lists, so that faults apply to them, but read them from the world, because they are long.
    async prices(signal) {
      await get("/linode/types", signal);
      return world.prices.types(true).map(({ id }) => ({
        id,
        hourly: world.prices.hourly(id, ""),
        byRegion: new Map(
          world.prices.exceptions(id).map(({ region, hourly }) => [region, hourly]),
        ),
      }));
    },
    async availability(signal) {
      await get("/regions/availability", signal);
      return world
        .stock()
        .map(({ region, plan, available }) => ({ region, type: plan, available }));
    },
    async account(signal): Promise<Account> {
      const profile = await get("/profile", signal);
      const { username } = profile.body as { username: string };
      const scopes = (profile.headers["X-OAuth-Scopes"] ?? "").split(" ");
      const mayRead = scopes.some((scope) => scope === "*" || scope.startsWith("account:"));
      const info = mayRead ? await get("/account", signal) : undefined;
      const balance = (info?.body as { balance_uninvoiced: number } | undefined)
        ?.balance_uninvoiced;
      return {
        username,
        fingerprint: Buffer.from(username).toString("hex").padEnd(16, "0").slice(0, 16),
        scopes,
        balanceUninvoiced: balance === undefined ? undefined : microUsd(balance),
      };
    },
    listVms: async ({ label }, signal) =>
      (await list<VmBody>("/linode/instances", label, signal)).map(vmOf),
    async getVm(id, signal) {
      const reply = await unlessGone(get(`/linode/instances/${id}`, signal));
      return reply && vmOf(reply.body as VmBody);
    },
    listFirewalls: async ({ label }, signal) =>
      (await list<FirewallBody>("/networking/firewalls", label, signal)).map(firewallOf),
    clockOffsetMs: () => 0,
    async createVm(request) {
      const body = {
        label: request.label,
        type: request.type,
        region: request.region,
        image: request.image,
        root_pass: request.rootPassword,
        authorized_keys: request.authorizedKeys,
        metadata: { user_data: Buffer.from(request.userData).toString("base64") },
        firewall_id: request.firewallId,
        interface_generation: "legacy_config",
        tags: request.tags,
      };
      return vmOf((await send("POST", "/linode/instances", { body })).body as VmBody);
    },
    async createFirewall(request) {
      const reply = await send("POST", "/networking/firewalls", { body: firewallBody(request) });
      return firewallOf(reply.body as FirewallBody);
    },
    async updateFirewall(id, sshCidrs) {
      await send("PUT", `/networking/firewalls/${id}/rules`, { body: firewallRules(sshCidrs) });
    },
    async deleteVm(id) {
      await unlessGone(send("DELETE", `/linode/instances/${id}`));
    },
    async deleteFirewall(id) {
      await unlessGone(send("DELETE", `/networking/firewalls/${id}`));
    },
    async rebootVm(id) {
      await send("POST", `/linode/instances/${id}/reboot`);
    },
    async bootVm(id) {
      await send("POST", `/linode/instances/${id}/boot`);
    },
  };
}

interface VmBody {
  readonly id: number;
  readonly label: string;
  readonly type: string;
  readonly region: string;
  readonly status: string;
  readonly ipv4: readonly string[];
  readonly created: string;
  readonly tags: readonly string[];
}

interface FirewallBody {
  readonly id: number;
  readonly label: string;
  readonly created: string;
}

function vmOf({ created, ipv4, ...body }: VmBody): CloudVm {
  const { id, label, type, region, status, tags } = body;
  const createdMs = Date.parse(`${created}Z`);
  return { id, label, type, region, status, tags, ipv4: ipv4[0], createdMs };
}

function firewallOf({ id, label, created }: FirewallBody): CloudFirewall {
  return { id, label, createdMs: Date.parse(`${created}Z`) };
}

/** Error messages are checked before the status, which has several meanings. */
const KINDS: readonly (readonly [pattern: RegExp, kind: CloudErrorKind])[] = [
  [/not currently available/, "no_capacity"],
  [/limit for the number/, "account_limit"],
  [/Label must be unique/, "label_taken"],
  [/not authorized/, "scope"],
  [/Account Limit reached/, "account_limit"],
  [/Invalid Token/, "token"],
  [/Linode busy/, "busy"],
];
const KIND_OF_STATUS: Readonly<Record<number, CloudErrorKind>> = {
  400: "validation",
  401: "token",
  403: "forbidden",
  404: "not_found",
  429: "rate_limit",
};

function errorOf({ status, headers, body }: ApiReply): CloudError {
  const text =
    typeof body === "string"
      ? body
      : (body as { errors: ApiProblem[] }).errors.map(({ reason }) => reason).join("; ");
  // An error page of a gateway does not show whether the object exists.
  const byStatus = text.startsWith("<") ? undefined : KIND_OF_STATUS[status];
  const kind = KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? byStatus ?? "transient";
  const seconds = Number(headers["Retry-After"]);
  const retryAfterMs = seconds > 0 && seconds <= 300 ? seconds * 1_000 : undefined;
  return new CloudError(kind, `HTTP ${status}: ${text}`, { status, sent: true, retryAfterMs });
}
