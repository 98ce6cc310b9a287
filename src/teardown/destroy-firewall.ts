import type { CloudFirewall } from "../cloud/cloud.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { parseLabel } from "../journal/label.ts";
import { checkAccount } from "./find-vm.ts";
import { LATEST_CREATE_MS } from "./look-up-create.ts";
import { waitLimit, PatienceExceeded } from "./patience.ts";
import { retryMs, backOff } from "./retry.ts";
import { raceAbort } from "../support/race-abort.ts";
import { appendBestEffort } from "./degraded-mode.ts";
import type { TeardownPorts } from "./teardown-ports.ts";

const BETWEEN_LOOKS_MS = 10_000;

export interface DestroyFirewall extends TeardownPorts {
  readonly run: string;
  /** Aborts with `PatienceExceeded`; without it there is no end but the proof. */
  readonly patience?: AbortSignal | undefined;
  /** Ends the wait for the proof when it aborts: the guard, or the next command, then removes the firewall. */
  readonly skipFirewallWait?: AbortSignal | undefined;
}

/**
 * Destroys every firewall that carries the run's name, until two lists show none under the run's own account; where
 * a create of it was not answered, not before a late one would show. The VMs that use it should be gone before.
 * @returns "unconfirmed" when patience ended first. @throws FencedError
 */
export async function destroyFirewall(options: DestroyFirewall): Promise<"gone" | "unconfirmed"> {
  const { skipFirewallWait, patience } = options;
  const { firewall } = foldRun(options.journal.events());
  try {
    const end = waitLimit(options, patience);
    await untilNone(
      options,
      firewall?.gone === true ? undefined : firewall?.id,
      skipFirewallWait === undefined ? end : AbortSignal.any([end, skipFirewallWait]),
    );
  } catch (error) {
    if (error instanceof PatienceExceeded || skipFirewallWait?.aborted === true)
      return "unconfirmed";
    throw error;
  }
  if (firewall?.gone === false) {
    await appendBestEffort(options, { type: "firewall.gone", label: firewall.label });
  }
  return "gone";
}

async function untilNone(
  options: DestroyFirewall,
  id: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { cloud, clock, ownership, run } = options;
  // Once: a clock that is set back while we wait must not make it longer.
  const mayArriveForMs = lateCreateMs(options);
  const beganMs = clock.monotonic();
  // The journal knows its id: that DELETE need not wait for a list.
  let found: readonly Pick<CloudFirewall, "id">[] = id === undefined ? [] : [{ id }];
  let emptyLooks = 0;
  for (let attempt = 0; ; attempt += 1) {
    try {
      for (const firewall of found) {
        ownership.assertCurrent();
        await raceAbort(cloud.deleteFirewall(firewall.id), signal);
      }
      await checkAccount(options, signal);
      found = (await cloud.listFirewalls({}, signal)).filter(({ label }) => isOf(run, label));
      emptyLooks = found.length === 0 ? emptyLooks + 1 : 0;
      const mayArrive = clock.monotonic() - beganMs < mayArriveForMs && !isAnswered(options);
      if (emptyLooks >= 2 && !mayArrive) return;
      const wait = emptyLooks > 0 ? BETWEEN_LOOKS_MS : retryMs(Math.min(attempt, 3), options);
      await clock.sleep(wait, signal);
    } catch (error) {
      await backOff(error, attempt, `mds-${run}`, options, signal);
    }
  }
}

/** A single create has arrived once it was answered; the answer may come while the firewall is looked for. */
function isAnswered({ journal }: DestroyFirewall): boolean {
  const { firewall } = foldRun(journal.events());
  const asked = journal.events().filter((event) => event.type === "firewall.intended");
  const times = asked.filter(({ label }) => label === firewall?.label).length;
  return firewall?.id !== undefined && !firewall.gone && times === 1;
}

/** Milliseconds for which a lost create may still arrive. */
function lateCreateMs({ journal, clock }: DestroyFirewall): number {
  const last = journal.events().findLast((event) => event.type === "firewall.intended");
  if (last === undefined) return 0;
  const sinceMs = Math.max(0, clock.now() - Date.parse(last.ts));
  return Math.max(0, LATEST_CREATE_MS - sinceMs);
}

function isOf(run: string, text: string): boolean {
  const label = parseLabel(text);
  return label?.kind === "firewall" && label.run === run;
}
