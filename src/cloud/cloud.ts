import type { MicroUsd } from "../support/money.ts";

/** Reading the account and the catalogue. A dry run is given nothing else. */
export interface CloudReader {
  /** Prices of all types that this account sees. */
  prices(signal: AbortSignal): Promise<readonly TypePrice[]>;
  /** All rows, all pages. A pair without a row is unknown, not out of stock. */
  availability(signal: AbortSignal): Promise<readonly Availability[]>;
  /** Who we are and what we may do; needs a token. */
  account(signal: AbortSignal): Promise<Account>;
  /** All pages; with `label`, exact matches only. */
  listVms(filter: { readonly label?: string }, signal: AbortSignal): Promise<readonly CloudVm[]>;
  /** `undefined` only for the API's own 404. */
  getVm(id: number, signal: AbortSignal): Promise<CloudVm | undefined>;
  listFirewalls(
    filter: { readonly label?: string },
    signal: AbortSignal,
  ): Promise<readonly CloudFirewall[]>;
  /** Server's clock minus ours, milliseconds, from the newest `Date` header; undefined before the first answer. */
  clockOffsetMs(): number | undefined;
}

/** Everything that costs money or destroys. No write takes an abort signal: a cut write is a lost answer. */
export interface Cloud extends CloudReader {
  /** @throws CloudError; anything but its `sent: false` may still have created the VM. */
  createVm(request: CreateVm): Promise<CloudVm>;
  /** Resolves for 200 and for 404. @throws CloudError */
  deleteVm(id: number): Promise<void>;
  /** @throws CloudError */
  createFirewall(request: CreateFirewall): Promise<CloudFirewall>;
  /** Lets these ranges reach TCP 22, in place of those before; the same again changes nothing. @throws CloudError */
  updateFirewall(id: number, sshCidrs: readonly string[]): Promise<void>;
  /** Resolves for 200 and for 404. @throws CloudError */
  deleteFirewall(id: number): Promise<void>;
  /** @throws CloudError */
  rebootVm(id: number): Promise<void>;
  /** @throws CloudError */
  bootVm(id: number): Promise<void>;
}

export interface TypePrice {
  readonly id: string;
  readonly hourly: MicroUsd;
  /** Exceptions by region. */
  readonly byRegion: ReadonlyMap<string, MicroUsd>;
}

export interface Availability {
  readonly region: string;
  readonly type: string;
  readonly available: boolean;
}

export interface Account {
  readonly username: string;
  /** The same for all tokens of one user, who alone sees the same VMs; of one token where it may not read whose it is. */
  readonly fingerprint: string;
  /** From `X-OAuth-Scopes`; `*` = all. */
  readonly scopes: readonly string[];
  /** Dollars that are not yet on an invoice; undefined where the token may not read it. */
  readonly balanceUninvoiced: MicroUsd | undefined;
}

export interface CloudVm {
  readonly id: number;
  readonly label: string;
  readonly type: string;
  readonly region: string;
  /** Open: Linode adds states. `running` means powered on, no more. */
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
  /** Plain; the adapter encodes it. At most 16,384 bytes. */
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

/** Why the cloud said no, in our words. */
export type CloudErrorKind =
  | "no_capacity"
  | "account_limit"
  | "label_taken"
  | "validation"
  | "token"
  | "scope"
  /** A 403 in words that are not known: a missing grant, or something that Linode says in no other way. */
  | "forbidden"
  | "not_found"
  | "busy"
  | "rate_limit"
  | "maintenance"
  | "transient"
  | "unreachable";

/** The same request may be answered otherwise later. */
export const PASSING_KINDS: ReadonlySet<CloudErrorKind> = new Set([
  "busy",
  "rate_limit",
  "maintenance",
  "transient",
  "unreachable",
]);

/** The token, or the user it belongs to, may not do this: no waiting helps, a person may. */
export const REFUSED_KINDS: ReadonlySet<CloudErrorKind> = new Set(["token", "scope", "forbidden"]);

/** The only error that leaves a cloud adapter; it never holds a vendor's error, whose texts contain the token. */
export class CloudError extends Error {
  readonly kind: CloudErrorKind;
  readonly status: number | undefined;
  /** False when certainly no byte of the request reached the API. */
  readonly sent: boolean;
  /** Already clamped to what is sane; undefined = the API did not say. */
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
