import type { MicroUsd } from "../support/money.ts";

/** Reads the account and the catalogue. A dry run gets only this, so it cannot create anything. */
export interface CloudReader {
  /** Prices of all types that this account can see. */
  prices(signal: AbortSignal): Promise<readonly TypePrice[]>;
  /** All pages. A pair of type and region that is not listed is unknown, not sold out. */
  availability(signal: AbortSignal): Promise<readonly Availability[]>;
  /** The token's user and permissions. Needs a token. */
  account(signal: AbortSignal): Promise<Account>;
  /** All pages; with `label`, exact matches only. */
  listVms(filter: { readonly label?: string }, signal: AbortSignal): Promise<readonly CloudVm[]>;
  /** @returns undefined only if the API itself, not a proxy, answered 404 */
  getVm(id: number, signal: AbortSignal): Promise<CloudVm | undefined>;
  listFirewalls(
    filter: { readonly label?: string },
    signal: AbortSignal,
  ): Promise<readonly CloudFirewall[]>;
  /** The server's clock minus ours in milliseconds, by the newest `Date` header; undefined before the first reply. */
  clockOffsetMs(): number | undefined;
}

/**
 * Creates, changes and destroys VMs and firewalls. Writes take no abort signal: whether an aborted write took effect
 * would be unknown.
 */
export interface Cloud extends CloudReader {
  /** @throws CloudError; the VM may have been created anyway unless `sent` is false */
  createVm(request: CreateVm): Promise<CloudVm>;
  /** Succeeds also if the VM does not exist. @throws CloudError */
  deleteVm(id: number): Promise<void>;
  /** @throws CloudError */
  createFirewall(request: CreateFirewall): Promise<CloudFirewall>;
  /** Replaces the address ranges that may reach TCP 22. @throws CloudError */
  updateFirewall(id: number, sshCidrs: readonly string[]): Promise<void>;
  /** Succeeds also if the firewall does not exist. @throws CloudError */
  deleteFirewall(id: number): Promise<void>;
  /** @throws CloudError */
  rebootVm(id: number): Promise<void>;
  /** @throws CloudError */
  bootVm(id: number): Promise<void>;
}

export interface TypePrice {
  readonly id: string;
  readonly hourly: MicroUsd;
  /** Prices of the regions where the type costs something else. */
  readonly byRegion: ReadonlyMap<string, MicroUsd>;
}

export interface Availability {
  readonly region: string;
  readonly type: string;
  readonly available: boolean;
}

export interface Account {
  readonly username: string;
  /** Equal for all tokens of one user, since VMs are visible by user; equal only for one token if it cannot read its user. */
  readonly fingerprint: string;
  /** From `X-OAuth-Scopes`; `*` = all. */
  readonly scopes: readonly string[];
  /** Charges that are not on an invoice yet; undefined if the token cannot read them. */
  readonly balanceUninvoiced: MicroUsd | undefined;
}

export interface CloudVm {
  readonly id: number;
  readonly label: string;
  readonly type: string;
  readonly region: string;
  /** Any string, since Linode adds states. `running` only means powered on. */
  readonly status: string;
  readonly ipv4: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  readonly tags: readonly string[];
}

export interface CloudFirewall {
  readonly id: number;
  readonly label: string;
  readonly createdMs: number;
}

export interface CreateVm {
  readonly label: string;
  readonly type: string;
  readonly region: string;
  readonly image: string;
  readonly rootPassword: string;
  readonly authorizedKeys: readonly string[];
  /** Not encoded; at most 16,384 bytes. */
  readonly userData: string;
  readonly firewallId: number;
  readonly tags: readonly string[];
}

export interface CreateFirewall {
  readonly label: string;
  /** Ranges that may reach TCP 22. */
  readonly sshCidrs: readonly string[];
  readonly tags: readonly string[];
}

export type CloudErrorKind =
  | "no_capacity"
  | "account_limit"
  | "label_taken"
  | "validation"
  | "token"
  | "scope"
  /** A 403 with an unknown reason: a missing grant, or anything else that Linode answers with 403. */
  | "forbidden"
  | "not_found"
  | "busy"
  | "rate_limit"
  | "maintenance"
  | "transient"
  | "unreachable";

/** The same request may succeed later. */
export const TEMPORARY_KINDS: ReadonlySet<CloudErrorKind> = new Set([
  "busy",
  "rate_limit",
  "maintenance",
  "transient",
  "unreachable",
]);

/** The token or its user does not have the permission: retrying cannot help, but the user can change it. */
export const REFUSED_KINDS: ReadonlySet<CloudErrorKind> = new Set(["token", "scope", "forbidden"]);

/** The only error that cloud adapters throw. It never wraps a vendor's error, which contains the token. */
export class CloudError extends Error {
  readonly kind: CloudErrorKind;
  readonly status: number | undefined;
  /** False only if no byte of the request can have reached the API. */
  readonly sent: boolean;
  /** Undefined if the API gave no plausible value. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: CloudErrorKind,
    message: string,
    facts: { status?: number | undefined; sent: boolean; retryAfterMs?: number | undefined },
  ) {
    super(message);
    this.name = "CloudError";
    this.kind = kind;
    this.status = facts.status;
    this.sent = facts.sent;
    this.retryAfterMs = facts.retryAfterMs;
  }
}
