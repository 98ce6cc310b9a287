import { apiNow } from "./api-time.ts";
import type { Cloud, CloudFirewall, CloudVm } from "../cloud/cloud.ts";
import { parseLabel } from "../journal/label.ts";
import { type Clock, isoUtc } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";

export interface Reap {
  readonly cloud: Cloud;
  readonly clock: Clock;
  /** How long after its expiry a VM is deleted; default 10 minutes. */
  readonly graceMs?: number | undefined;
  /** How many VMs to delete at most, those with the oldest expiry first; default 25. */
  readonly most?: number | undefined;
  readonly dryRun?: boolean | undefined;
}

/** The labels that `reap` found, by result. */
export interface Reaped {
  /** The API's own time, ISO 8601. */
  readonly now: string;
  /** Our VMs that have not expired, with the grace period. */
  readonly alive: readonly string[];
  /** How many VMs are not ours. */
  readonly foreign: number;
  readonly expired: readonly string[];
  /** Confirmed deleted. */
  readonly destroyed: readonly string[];
  /** Expired in the list, but deleted or renamed when read again. */
  readonly spared: readonly string[];
  readonly failed: readonly { readonly label: string; readonly reason: string }[];
  /** Expired, but beyond the limit of `most`. */
  readonly left: readonly string[];
  /** Our firewalls without a VM: deleted, or in a dry run to be deleted. */
  readonly firewalls: readonly string[];
}

const GRACE_MS = 600_000;
const DEFAULT_MOST = 25;
/** Between the list and the second read of each expired VM. */
const SECOND_READ_MS = 10_000;
const MAX_CHECKS = 15;
const CHECK_INTERVAL_MS = 20_000;

/**
 * Deletes expired VMs and firewalls. Needs only a token, so it can run on any machine. It acts only on labels of exactly
 * our format, compares their expiry with the API's clock, and reads each VM again just before its DELETE. A failed
 * DELETE does not stop the others.
 * @throws CloudError if the VMs cannot be listed; the signal's reason
 */
export async function reap(options: Reap, signal: AbortSignal): Promise<Reaped> {
  const { cloud, clock, graceMs = GRACE_MS, most = DEFAULT_MOST, dryRun = false } = options;
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
  if (marked.length > 0) await clock.sleep(SECOND_READ_MS, signal);
  for (const vm of marked) {
    const result = await deleteIfExpired(vm, options, signal);
    if (result === "spared") spared.push(vm.label);
    else deleting.push(vm);
    if (result instanceof Error) failures.set(vm.label, result.message);
  }
  const destroyed = await waitUntilDeleted(deleting, failures, cloud, clock, signal);
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

async function deleteIfExpired(
  marked: CloudVm,
  { cloud, clock, graceMs = GRACE_MS }: Reap,
  signal: AbortSignal,
): Promise<"sent" | "spared" | Error> {
  signal.throwIfAborted();
  try {
    const fresh = await cloud.getVm(marked.id, signal);
    const isExpired =
      fresh?.label === marked.label && hasExpired(fresh, apiNow({ cloud, clock }), graceMs);
    if (!isExpired) return "spared";
    await cloud.deleteVm(marked.id);
    return "sent";
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * Checks VMs until each was absent twice in a row, and sends the DELETE again to those that still exist.
 * @param failures gets the latest error of each VM
 * @returns those that are confirmed deleted
 */
async function waitUntilDeleted(
  vms: readonly CloudVm[],
  failures: Map<string, string>,
  cloud: Cloud,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly CloudVm[]> {
  const absences = new Map<CloudVm, number>(vms.map((vm) => [vm, 0]));
  const waiting = (): CloudVm[] => vms.filter((vm) => (absences.get(vm) ?? 0) < 2);
  for (let check = 0; check < MAX_CHECKS && waiting().length > 0; check += 1) {
    if (check > 0) await clock.sleep(CHECK_INTERVAL_MS, signal);
    try {
      const listed = new Set((await cloud.listVms({}, signal)).map(({ id }) => id));
      for (const vm of waiting()) {
        const isAbsent = !listed.has(vm.id) && (await cloud.getVm(vm.id, signal)) === undefined;
        absences.set(vm, isAbsent ? (absences.get(vm) ?? 0) + 1 : 0);
        if (isAbsent) continue;
        failures.set(vm.label, "it still exists after its DELETE");
        await cloud.deleteVm(vm.id).catch((error: unknown) => {
          failures.set(vm.label, errorText(error));
        });
      }
    } catch (error) {
      signal.throwIfAborted();
      for (const vm of waiting()) failures.set(vm.label, errorText(error));
    }
  }
  return vms.filter((vm) => (absences.get(vm) ?? 0) >= 2);
}

async function reapFirewalls(
  options: Reap,
  reapedRuns: ReadonlySet<string>,
  failures: Map<string, string>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { cloud } = options;
  const deleted: string[] = [];
  try {
    const remaining = (await cloud.listVms({}, signal)).filter(isOurs);
    for (const { id, label } of await idleFirewalls(options, reapedRuns, remaining, signal)) {
      await cloud.deleteFirewall(id).then(
        () => deleted.push(label),
        (error: unknown) => failures.set(label, errorText(error)),
      );
    }
  } catch (error) {
    signal.throwIfAborted();
    failures.set("firewalls", errorText(error));
  }
  return deleted;
}

/**
 * Our firewalls whose run has no VM, if they have expired or this call deleted the run's last VM. The new firewall of a
 * run that has not created a VM yet is neither.
 */
async function idleFirewalls(
  { cloud, clock, graceMs = GRACE_MS }: Reap,
  reapedRuns: ReadonlySet<string>,
  remaining: readonly CloudVm[],
  signal: AbortSignal,
): Promise<readonly CloudFirewall[]> {
  const inUse = runsOf(remaining);
  const nowMs = apiNow({ cloud, clock });
  return (await cloud.listFirewalls({}, signal)).filter(({ label: text }) => {
    const label = parseLabel(text);
    if (label?.kind !== "firewall" || inUse.has(label.run)) return false;
    return reapedRuns.has(label.run) || label.expiresMs + graceMs < nowMs;
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
