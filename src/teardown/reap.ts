import { apiNow } from "./api-time.ts";
import type { Cloud, CloudFirewall, CloudVm } from "../cloud/cloud.ts";
import { parseLabel } from "../journal/label.ts";
import { type Clock, isoUtc } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";

export interface Reap {
  readonly cloud: Cloud;
  readonly clock: Clock;
  /** Milliseconds after the expiry in the label; default 10 minutes. */
  readonly graceMs?: number | undefined;
  /** VMs that one pass may destroy; default 25. The oldest expiry goes first. */
  readonly most?: number | undefined;
  readonly dryRun?: boolean | undefined;
}

/** What a pass saw and did; labels everywhere. */
export interface Reaped {
  /** The API's own time, ISO 8601. */
  readonly now: string;
  /** VMs of ours that have not expired, grace included, and VMs that are not ours: both untouched. */
  readonly alive: readonly string[];
  readonly foreign: number;
  readonly expired: readonly string[];
  /** Confirmed deleted. */
  readonly destroyed: readonly string[];
  /** At the fresh look gone already, or not what the list had said. */
  readonly spared: readonly string[];
  readonly failed: readonly { readonly label: string; readonly reason: string }[];
  /** Expired, but more than one pass may take. */
  readonly left: readonly string[];
  /** Firewalls of ours whose run has no VM left: gone, or to go in a dry run. */
  readonly firewalls: readonly string[];
}

const GRACE_MS = 600_000;
const MOST = 25;
/** Between marking and the fresh look. */
const SECOND_PHASE_MS = 10_000;
const LOOKS = 15;
const BETWEEN_LOOKS_MS = 20_000;

/**
 * Destroys what has expired, from any machine, with nothing but a token: every page, only labels of exactly our
 * grammar, expiry and grace by the API's clock, a fresh look just before each delete. One that fails does not stop
 * the others. @throws CloudError when the first list cannot be read, the signal's reason when it aborts.
 */
export async function reap(options: Reap, signal: AbortSignal): Promise<Reaped> {
  const { cloud, clock, graceMs = GRACE_MS, most = MOST, dryRun = false } = options;
  const listed = await cloud.listVms({}, signal);
  const nowMs = apiNow({ cloud, clock });
  const ours = listed.filter(isOurs);
  const expired = ours
    .filter((vm) => hasExpired(vm, apiNow({ cloud, clock }), graceMs))
    .sort((a, b) => expiryOf(a) - expiryOf(b));
  const marked = expired.slice(0, most);
  const seen = {
    now: isoUtc(nowMs),
    alive: ours.filter((vm) => !expired.includes(vm)).map(labelOf),
    foreign: listed.length - ours.length,
    expired: expired.map(labelOf),
    left: expired.slice(most).map(labelOf),
  };
  if (dryRun) {
    const remaining = ours.filter((vm) => !marked.includes(vm));
    const firewalls = await idleFirewalls(options, runsOf(marked), remaining, signal);
    const names = firewalls.map(labelOf);
    return { ...seen, destroyed: [], spared: [], failed: [], firewalls: names };
  }

  const failures = new Map<string, string>();
  const spared: string[] = [];
  const deleting: CloudVm[] = [];
  if (marked.length > 0) await clock.sleep(SECOND_PHASE_MS, signal);
  for (const vm of marked) {
    const outcome = await deleteIfStillDue(vm, options, signal);
    if (outcome === "spared") spared.push(vm.label);
    else deleting.push(vm);
    if (outcome instanceof Error) failures.set(vm.label, outcome.message);
  }
  const destroyed = await waitUntilGone(deleting, failures, cloud, clock, signal);
  const firewalls = await reapFirewalls(options, runsOf(destroyed), failures, signal);
  for (const { label } of destroyed) failures.delete(label);
  return {
    ...seen,
    destroyed: destroyed.map(labelOf),
    spared,
    failed: [...failures].map(([label, reason]) => ({ label, reason })),
    firewalls,
  };
}

async function deleteIfStillDue(
  marked: CloudVm,
  { cloud, clock, graceMs = GRACE_MS }: Reap,
  signal: AbortSignal,
): Promise<"sent" | "spared" | Error> {
  signal.throwIfAborted();
  try {
    const fresh = await cloud.getVm(marked.id, signal);
    const due =
      fresh?.label === marked.label && hasExpired(fresh, apiNow({ cloud, clock }), graceMs);
    if (!due) return "spared";
    await cloud.deleteVm(marked.id);
    return "sent";
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Asks until each is confirmed deleted by two looks, sending the DELETE again to what is still there. */
async function waitUntilGone(
  vms: readonly CloudVm[],
  failures: Map<string, string>,
  cloud: Cloud,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly CloudVm[]> {
  const unseen = new Map<CloudVm, number>(vms.map((vm) => [vm, 0]));
  const waiting = (): CloudVm[] => vms.filter((vm) => (unseen.get(vm) ?? 0) < 2);
  for (let look = 0; look < LOOKS && waiting().length > 0; look += 1) {
    if (look > 0) await clock.sleep(BETWEEN_LOOKS_MS, signal);
    try {
      const listed = new Set((await cloud.listVms({}, signal)).map(({ id }) => id));
      for (const vm of waiting()) {
        const gone = !listed.has(vm.id) && (await cloud.getVm(vm.id, signal)) === undefined;
        unseen.set(vm, gone ? (unseen.get(vm) ?? 0) + 1 : 0);
        if (gone) continue;
        failures.set(vm.label, "it is still there after its DELETE");
        await cloud.deleteVm(vm.id).catch((error: unknown) => {
          failures.set(vm.label, errorText(error));
        });
      }
    } catch (error) {
      signal.throwIfAborted();
      for (const vm of waiting()) failures.set(vm.label, errorText(error));
    }
  }
  return vms.filter((vm) => (unseen.get(vm) ?? 0) >= 2);
}

async function reapFirewalls(
  options: Reap,
  reaped: ReadonlySet<string>,
  failures: Map<string, string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { cloud } = options;
  const gone: string[] = [];
  try {
    const remaining = (await cloud.listVms({}, signal)).filter(isOurs);
    for (const { id, label } of await idleFirewalls(options, reaped, remaining, signal)) {
      await cloud.deleteFirewall(id).then(
        () => gone.push(label),
        (error: unknown) => failures.set(label, errorText(error)),
      );
    }
  } catch (error) {
    signal.throwIfAborted();
    failures.set("firewalls", errorText(error));
  }
  return gone;
}

/**
 * Firewalls of ours that no VM of their run needs: their own expiry has passed, or this pass ended the run's last VM.
 * A run that has only just made its firewall has neither.
 */
async function idleFirewalls(
  { cloud, clock, graceMs = GRACE_MS }: Reap,
  reaped: ReadonlySet<string>,
  remaining: readonly CloudVm[],
  signal: AbortSignal,
): Promise<readonly CloudFirewall[]> {
  const inUse = runsOf(remaining);
  const nowMs = apiNow({ cloud, clock });
  return (await cloud.listFirewalls({}, signal)).filter(({ label: text }) => {
    const label = parseLabel(text);
    if (label?.kind !== "firewall" || inUse.has(label.run)) return false;
    return reaped.has(label.run) || label.expiresMs + graceMs < nowMs;
  });
}

function hasExpired(vm: CloudVm, nowMs: number, graceMs: number): boolean {
  return expiryOf(vm) + graceMs < nowMs;
}

function isOurs({ label }: CloudVm): boolean {
  return parseLabel(label)?.kind === "vm";
}

function expiryOf({ label }: CloudVm): number {
  return parseLabel(label)?.expiresMs ?? Infinity;
}

function labelOf({ label }: { readonly label: string }): string {
  return label;
}

function runsOf(vms: readonly CloudVm[]): ReadonlySet<string> {
  return new Set(vms.map(({ label }) => parseLabel(label)?.run ?? ""));
}
