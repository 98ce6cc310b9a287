import { admits, type FirewallRules, readFirewallRules } from "./firewall-rules.ts";
import { badRequest, notFound, ApiError } from "../api/api-error.ts";
import { labelProblem } from "./vm-order.ts";

export interface Firewall {
  readonly id: number;
  readonly account: string;
  readonly label: string;
  readonly tags: readonly string[];
  readonly createdMs: number;
  rules: FirewallRules;
  version: number;
  updatedMs: number;
  deletedMs: number | undefined;
  /** The version of the rules that names an address which the client no longer has. */
  outdatedVersion: number | undefined;
  /** Whether `from` may reach TCP `port`. */
  admits(from: string, port: number): boolean;
}

export interface Firewalls {
  /** @throws ApiError */
  create(account: string, body: Readonly<Record<string, unknown>>, nowMs: number): Firewall;
  /** @throws ApiError: not found */
  get(account: string, id: number): Firewall;
  find(id: number): Firewall | undefined;
  /** The firewalls that existed at this time. */
  list(account: string, atMs: number): readonly Firewall[];
  setRules(account: string, id: number, rules: unknown, nowMs: number): Firewall;
  remove(account: string, id: number, nowMs: number): void;
  /** Simulates a change of the client's address: the current rules no longer admit it. */
  outdateRules(): void;
  all(): readonly Firewall[];
}

export function createFirewalls(): Firewalls {
  const firewalls: Firewall[] = [];
  const find: Firewalls["find"] = (id) =>
    firewalls.find((firewall) => firewall.id === id && firewall.deletedMs === undefined);
  const get: Firewalls["get"] = (account, id) => {
    const firewall = find(id);
    if (firewall?.account !== account) throw notFound();
    return firewall;
  };
  return {
    create(account, body, nowMs) {
      const { label } = body;
      const reason = label === undefined ? "label is required" : labelProblem(label, 32);
      if (reason !== undefined) throw badRequest(reason, "label");
      const taken = firewalls.some(
        (other) =>
          other.account === account && other.label === label && other.deletedMs === undefined,
      );
      if (taken) throw badRequest("Label must be unique among your Cloud Firewalls", "label");
      const firewall: Firewall = {
        id: 900_001 + firewalls.length,
        account,
        label: label as string,
        tags: (body["tags"] ?? []) as string[],
        createdMs: nowMs,
        rules: parseRules(body["rules"]),
        version: 1,
        updatedMs: nowMs,
        deletedMs: undefined,
        outdatedVersion: undefined,
        admits: (from, port) =>
          firewall.version !== firewall.outdatedVersion && admits(firewall.rules, from, port),
      };
      firewalls.push(firewall);
      return firewall;
    },
    get,
    find,
    list: (account, atMs) =>
      firewalls.filter(
        (firewall) =>
          firewall.account === account &&
          firewall.createdMs <= atMs &&
          (firewall.deletedMs ?? Infinity) > atMs,
      ),
    setRules(account, id, rules, nowMs) {
      const firewall = get(account, id);
      firewall.rules = parseRules(rules);
      firewall.version += 1;
      firewall.updatedMs = nowMs;
      return firewall;
    },
    remove(account, id, nowMs) {
      get(account, id).deletedMs = nowMs;
    },
    outdateRules() {
      for (const firewall of firewalls) firewall.outdatedVersion = firewall.version;
    },
    all: () => firewalls,
  };
}

function parseRules(value: unknown): FirewallRules {
  const rules = readFirewallRules(value);
  if (Array.isArray(rules)) throw new ApiError(400, rules);
  return rules;
}
