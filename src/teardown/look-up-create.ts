import type { CloudVm } from "../cloud/cloud.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { raiseMismatchAlarm, matchesRequest, findVmsByLabel, type VmRequest } from "./find-vm.ts";
import { backOff } from "./retry.ts";
import { apiNow } from "./api-time.ts";
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
  const sent = lastCreateSent(wanted.label, ports);
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
    // A clock that was set back must not prolong the lookup.
    if (history.firstMs !== undefined) history.firstMs = Math.min(history.firstMs, now);
    const dueMs = absenceDueMs(sent.ms(), history, lookUp.refusal !== undefined);
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
  looks: number;
  firstMs: number | undefined;
}

/** The earliest time at which "absent" counts. */
function absenceDueMs(sentMs: number, { looks, firstMs }: History, refused: boolean): number {
  if (refused) return looks === 0 ? 0 : (firstMs ?? 0) + AFTER_REFUSAL_MS;
  if (looks === 0) return sentMs + FIRST_ABSENCE_MS;
  return Math.max(sentMs + LATEST_CREATE_MS, (firstMs ?? sentMs) + BETWEEN_ABSENCES_MS);
}

function historyOf(label: string, { journal }: TeardownPorts): History {
  const rental = foldRun(journal.events()).rentals.get(label);
  return { looks: rental?.absentChecks ?? 0, firstMs: rental?.absentSinceMs };
}

/**
 * How often the create of a label was sent, and when last, on our clock. If our clock was set forward since, the time
 * that has passed by the API's clock counts; if it was set back, time counts from that moment.
 */
export function lastCreateSent(
  label: string,
  ports: TeardownPorts,
): { readonly times: number; readonly ms: () => number } {
  const { clock, journal } = ports;
  const sent = journal
    .events()
    .filter((event) => event.type === "create.sent" && event.label === label);
  const last = sent.at(-1);
  let ownMs = last === undefined ? clock.now() : Date.parse(last.ts);
  const apiMs = Date.parse((last?.type === "create.sent" && last.by_the_api) || "");
  return {
    times: sent.length,
    ms() {
      const now = clock.now();
      ownMs = Math.min(ownMs, now);
      if (Number.isNaN(apiMs)) return ownMs;
      return Math.min(now, Math.max(ownMs, now - (apiNow(ports) - apiMs)));
    },
  };
}
