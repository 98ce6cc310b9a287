import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { ApiProblem } from "../api/api-error.ts";

export interface FirewallRule {
  readonly action: "ACCEPT" | "DROP";
  readonly protocol: string;
  readonly ports?: string | null;
  readonly addresses?: { readonly ipv4?: string[] | null; readonly ipv6?: string[] | null } | null;
  readonly label?: string | null;
  readonly description?: string | null;
}

export interface FirewallRules {
  readonly inbound: readonly FirewallRule[] | null;
  readonly inbound_policy: "ACCEPT" | "DROP";
  readonly outbound: readonly FirewallRule[] | null;
  readonly outbound_policy: "ACCEPT" | "DROP";
}

const MAX_RULES = 25;
const MAX_ADDRESSES = 255;
const MAX_PORTS = 15;
/** The API also accepts protocol numbers, which the specification does not mention. */
const PROTOCOLS = new Set(["TCP", "UDP", "ICMP", "IPENCAP", "ALL"]);

/** @returns the rules, or all problems with them */
export function readFirewallRules(value: unknown): FirewallRules | ApiProblem[] {
  if (!isObject(value)) return [{ reason: "rules is required", field: "rules" }];
  const problems: ApiProblem[] = [];
  for (const key of ["inbound_policy", "outbound_policy"])
    if (value[key] !== "ACCEPT" && value[key] !== "DROP")
      problems.push({ reason: "Must be one of ACCEPT, DROP", field: `rules.${key}` });
  let count = 0;
  for (const key of ["inbound", "outbound"]) {
    const list = value[key];
    if (list === undefined || list === null) continue;
    if (!Array.isArray(list)) {
      problems.push({ reason: "Must be an array", field: `rules.${key}` });
      continue;
    }
    count += list.length;
    for (const [index, rule] of list.entries())
      problems.push(...ruleProblems(rule, `rules.${key}[${index}]`));
  }
  if (count > MAX_RULES)
    problems.push({ reason: `A Firewall may have at most ${MAX_RULES} rules`, field: "rules" });
  if (problems.length > 0) return problems;
  return {
    inbound: (value["inbound"] ?? null) as FirewallRule[] | null,
    inbound_policy: value["inbound_policy"] as "ACCEPT" | "DROP",
    outbound: (value["outbound"] ?? null) as FirewallRule[] | null,
    outbound_policy: value["outbound_policy"] as "ACCEPT" | "DROP",
  };
}

function ruleProblems(rule: unknown, field: string): ApiProblem[] {
  if (!isObject(rule)) return [{ reason: "Must be an object", field }];
  const problems: ApiProblem[] = [];
  const wrong = (key: string, reason: string): void => {
    problems.push({ reason, field: `${field}.${key}` });
  };
  const { action, protocol, ports, addresses } = rule;
  if (action !== "ACCEPT" && action !== "DROP") wrong("action", "Must be one of ACCEPT, DROP");
  if (typeof protocol !== "string" || !(PROTOCOLS.has(protocol) || /^\d{1,3}$/.test(protocol)))
    wrong("protocol", "Must be one of TCP, UDP, ICMP, IPENCAP, ALL");
  if (ports !== undefined && ports !== null && ports !== "") {
    if (protocol !== "TCP" && protocol !== "UDP")
      wrong("ports", "Ports are not allowed for ICMP and IPENCAP protocols.");
    else if (portRanges(ports) === undefined)
      wrong("ports", "Ports must be an integer, range of integers, or a comma-separated list");
  }
  if (!isObject(addresses)) wrong("addresses", "Must provide at least one IP address");
  else {
    const v4 = (addresses["ipv4"] ?? []) as unknown;
    const v6 = (addresses["ipv6"] ?? []) as unknown;
    if (!Array.isArray(v4) || !v4.every((text) => isNetwork(text, isIPv4, 32)))
      wrong("addresses.ipv4", "Must be in IP/mask format");
    if (!Array.isArray(v6) || !v6.every((text) => isNetwork(text, isIPv6, 128)))
      wrong("addresses.ipv6", "Must be in IP/mask format");
    const count = (list: unknown): number => (Array.isArray(list) ? list.length : 0);
    const total = count(v4) + count(v6);
    if (total === 0) wrong("addresses", "Must provide at least one IP address");
    if (total > MAX_ADDRESSES)
      wrong("addresses", `A rule may have at most ${MAX_ADDRESSES} addresses`);
  }
  return problems;
}

/** Whether `from` may reach TCP `port`. The first matching rule decides; without one, the policy. */
export function admits(rules: FirewallRules, from: string, port: number): boolean {
  const address = from.replace(/^::ffff:/i, "");
  for (const rule of rules.inbound ?? []) {
    const isTcp = rule.protocol === "TCP" || rule.protocol === "ALL" || rule.protocol === "6";
    const ranges = portRanges(rule.ports ?? "1-65535") ?? [];
    if (!isTcp || !ranges.some(([low, high]) => low <= port && port <= high)) continue;
    if (contains([...(rule.addresses?.ipv4 ?? []), ...(rule.addresses?.ipv6 ?? [])], address))
      return rule.action === "ACCEPT";
  }
  return rules.inbound_policy === "ACCEPT";
}

function contains(networks: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = "", prefix] = network.split("/");
    list.addSubnet(base, Number(prefix), isIPv4(base) ? "ipv4" : "ipv6");
  }
  return list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

function portRanges(ports: unknown): (readonly [low: number, high: number])[] | undefined {
  if (typeof ports !== "string") return undefined;
  const pieces = ports.split(",").map((piece) => piece.trim());
  const ranges = pieces.map((piece) => {
    const [, low, high] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(piece) ?? [];
    return [Number(low), Number(high ?? low)] as const;
  });
  const areValid = ranges.every(([low, high]) => low >= 1 && high <= 65_535 && low <= high);
  return areValid && pieces.length <= MAX_PORTS ? ranges : undefined;
}

/** The mask is required: the API refuses a plain address. */
function isNetwork(text: unknown, isAddress: (text: string) => boolean, bits: number): boolean {
  if (typeof text !== "string") return false;
  const [base = "", prefix, more] = text.split("/");
  if (more !== undefined || !isAddress(base)) return false;
  return prefix !== undefined && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
