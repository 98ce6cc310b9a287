import type { CloudVm } from "../cloud/cloud.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { raiseMismatchAlarm, matchesRequest, findVmsByLabel, type VmRequest } from "./find-vm.ts";
import { backOff } from "./retry.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

/** The first "absent" does not count earlier than this after the create was sent. */
const FIRST_ABSENCE_MS = 120_000;
/** A VM of an unanswered create may appear until then; the reaper handles later ones. */
export const LATEST_CREATE_MS = 540_000;
const BETWEEN_ABSENCES_MS = 60_000;
/** A proxy may report an error although the API accepted the create, so a refusal is checked twice as well. */
const AFTER_REFUSAL_MS = 20_000;
const WAITS_MS = [2_000, 3_000, 5_000];
/** The longest wait between two lookups. */
export const LONGEST_WAIT_MS = 8_000;

export interface LookUp {
  /** Why the API refused the create, if it did. */
  readonly refusal: string | undefined;
  /** Returns after the first "absent" that counts, so that the caller can send the create again. */
  readonly untilFirstAbsence?: boolean;
}

/**
 * Looks for the VM of a create whose answer did not say whether it exists. It counts as absent after two lookups, far
 * enough apart, that found nothing; each is journaled.
 * @throws FencedError, or the signal's reason
 */
export async function lookUpCreate(
  wanted: VmRequest,
  lookUp: LookUp,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  const { clock } = ports;
  const history = historyOf(wanted.label, ports);
  let failures = 0;
  for (let looks = 0; ; looks += 1) {
    try {
      const vms = await findVmsByLabel(wanted.label, ports, signal);
      const ours = vms.find((vm) => matchesRequest(vm, wanted));
      if (ours !== undefined) return ours;
      for (const vm of vms) raiseMismatchAlarm(vm, ports);
      failures = 0;
    } catch (error) {
      await backOff(error, failures, wanted.label, ports, signal);
      failures += 1;
      continue;
    }
    const now = clock.now();
    clampTo(history, now);
    const dueMs = absenceDueMs(history, lookUp.refusal !== undefined);
    if (now >= dueMs) {
      history.looks += 1;
      history.firstMs ??= now;
      const { label } = wanted;
      const refusal = lookUp.refusal ?? "";
      await appendBestEffort(ports, { type: "create.absent", label, look: history.looks, refusal });
      if (history.looks >= 2 || lookUp.untilFirstAbsence === true) return undefined;
      continue;
    }
    const wait = Math.min(WAITS_MS[looks] ?? LONGEST_WAIT_MS, dueMs - now);
    await clock.sleep(wait, signal);
  }
}

interface History {
  sentMs: number;
  looks: number;
  firstMs: number | undefined;
}

/** A clock that was set back must not prolong the lookup. */
function clampTo(history: History, now: number): void {
  history.sentMs = Math.min(history.sentMs, now);
  if (history.firstMs !== undefined) history.firstMs = Math.min(history.firstMs, now);
}

/** The earliest time at which "absent" counts. */
function absenceDueMs({ sentMs, looks, firstMs }: History, refused: boolean): number {
  if (refused) return looks === 0 ? 0 : (firstMs ?? 0) + AFTER_REFUSAL_MS;
  if (looks === 0) return sentMs + FIRST_ABSENCE_MS;
  return Math.max(sentMs + LATEST_CREATE_MS, (firstMs ?? sentMs) + BETWEEN_ABSENCES_MS);
}

function historyOf(label: string, ports: TeardownPorts): History {
  const events = ports.journal.events();
  const sent = events.findLast((event) => event.type === "create.sent" && event.label === label);
  const rental = foldRun(events).rentals.get(label);
  const now = ports.clock.now();
  return {
    sentMs: sent === undefined ? now : Date.parse(sent.ts),
    looks: rental?.absentChecks ?? 0,
    firstMs: rental?.absentSinceMs,
  };
}

/** Until when another VM may appear under the label: only if its create was sent more than once. */
export function lateCreateUntilMs(label: string, ports: TeardownPorts): number {
  const sent = ports.journal
    .events()
    .filter((event) => event.type === "create.sent" && event.label === label);
  const last = sent.at(-1);
  if (last === undefined || sent.length < 2) return 0;
  return Math.min(Date.parse(last.ts), ports.clock.now()) + LATEST_CREATE_MS;
}
