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

const CHECK_INTERVAL_MS = 10_000;

export interface DestroyFirewall extends TeardownPorts {
  readonly run: string;
  /** Aborts with `PatienceExceeded`; undefined means to continue until the deletion is confirmed. */
  readonly patience?: AbortSignal | undefined;
  /** Ends the wait when it aborts; the guard or the next command then removes the firewall. */
  readonly skipFirewallWait?: AbortSignal | undefined;
}

/**
 * Deletes every firewall of the run until two lists of the run's account show none. If a create was not answered, also
 * waits until a late firewall would have appeared. Call it after the VMs behind the firewall are deleted.
 * @returns "unconfirmed" if patience ended first
 * @throws FencedError
 */
export async function destroyFirewall(options: DestroyFirewall): Promise<"gone" | "unconfirmed"> {
  const { skipFirewallWait, patience } = options;
  const { firewall } = foldRun(options.journal.events());
  try {
    const end = waitLimit(options, patience);
    await deleteAll(
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

async function deleteAll(
  options: DestroyFirewall,
  id: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { cloud, clock, ownership, run } = options;
  // Computed once, so that setting the clock back cannot prolong the wait.
  const lateForMs = lateCreateMs(options);
  const startedMs = clock.monotonic();
  // With the id from the journal, the first DELETE need not wait for a list.
  let found: readonly Pick<CloudFirewall, "id">[] = id === undefined ? [] : [{ id }];
  let emptyLists = 0;
  for (let attempt = 0; ; attempt += 1) {
    try {
      for (const firewall of found) {
        ownership.assertCurrent();
        await raceAbort(cloud.deleteFirewall(firewall.id), signal);
      }
      await checkAccount(options, signal);
      found = (await cloud.listFirewalls({}, signal)).filter(({ label }) => isOf(run, label));
      emptyLists = found.length === 0 ? emptyLists + 1 : 0;
      const mayAppear = clock.monotonic() - startedMs < lateForMs && !isOnlyCreateAnswered(options);
      if (emptyLists >= 2 && !mayAppear) return;
      const wait = emptyLists > 0 ? CHECK_INTERVAL_MS : retryMs(Math.min(attempt, 3), options);
      await clock.sleep(wait, signal);
    } catch (error) {
      await backOff(error, attempt, `mds-${run}`, options, signal);
    }
  }
}

/** Whether a single create was sent and has been answered, perhaps since the teardown began: no second firewall can appear. */
function isOnlyCreateAnswered({ journal }: DestroyFirewall): boolean {
  const { firewall } = foldRun(journal.events());
  const creates = journal
    .events()
    .filter((event) => event.type === "firewall.intended" && event.label === firewall?.label);
  return firewall?.id !== undefined && !firewall.gone && creates.length === 1;
}

/** How many milliseconds from now a firewall may still appear. */
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
