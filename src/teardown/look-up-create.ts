import type { CloudVm } from "../cloud/cloud.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { raiseMismatchAlarm, matchesRequest, findVmByLabel, type Wanted } from "./find-vm.ts";
import { backOff } from "./retry.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

const FIRST_ABSENCE_MS = 120_000;
/** A create whose answer was lost may show up late; slower ones than this are left to the reaper. */
export const LATEST_CREATE_MS = 540_000;
const BETWEEN_ABSENCES_MS = 60_000;
/** The API said no in its own words; the second look is for proxies that say no after a yes. */
const BETWEEN_LOOKS_AFTER_REFUSAL_MS = 20_000;
const WAITS_MS = [2_000, 3_000, 5_000];
/** A VM that becomes visible late is found within so long. */
export const LONGEST_WAIT_MS = 8_000;

export interface LookUp {
  /** The API's own refusal, if that was its answer. */
  readonly refusal: string | undefined;
  /** Ends at the first look that counts, so that the create can be tried again under the same label. */
  readonly untilFirstAbsence?: boolean;
}

/**
 * Looks for the VM of a create whose answer does not tell, until it is found or believed absent: by two looks far
 * enough apart, each journaled. @throws FencedError, or the signal's reason.
 */
export async function lookUpCreate(
  wanted: Wanted,
  lookUp: LookUp,
  ports: TeardownPorts,
  signal: AbortSignal,
): Promise<CloudVm | undefined> {
  const { clock } = ports;
  const history = historyOf(wanted.label, ports);
  let failures = 0;
  for (let looks = 0; ; looks += 1) {
    try {
      const vms = await findVmByLabel(wanted.label, ports, signal);
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
    notAfter(history, now);
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

/** A clock that was set back, before or while we look, must not make the doubt longer. */
function notAfter(history: History, now: number): void {
  history.sentMs = Math.min(history.sentMs, now);
  if (history.firstMs !== undefined) history.firstMs = Math.min(history.firstMs, now);
}

/** When the next look that finds nothing may be believed. */
function absenceDueMs({ sentMs, looks, firstMs }: History, refused: boolean): number {
  if (refused) return looks === 0 ? 0 : (firstMs ?? 0) + BETWEEN_LOOKS_AFTER_REFUSAL_MS;
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
    looks: rental?.absentLooks ?? 0,
    firstMs: rental?.absentSinceMs,
  };
}

/** Until when a lost create may still arrive; a single one has arrived once its VM exists. */
export function lateCreateUntilMs(label: string, ports: TeardownPorts): number {
  const sent = ports.journal
    .events()
    .filter((event) => event.type === "create.sent" && event.label === label);
  const last = sent.at(-1);
  if (last === undefined || sent.length < 2) return 0;
  return Math.min(Date.parse(last.ts), ports.clock.now()) + LATEST_CREATE_MS;
}
