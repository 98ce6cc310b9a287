import type { RunReporter } from "../run/run-context.ts";
import { sleepReal } from "../support/clock.ts";
import { formatUsd } from "../support/money.ts";
import type { Terminal } from "./terminal.ts";

const PAUSE_S = 5;

/**
 * Shows on a terminal what a run that spends real money will cost, and gives a person five seconds to stop it. With
 * `--yes`, or without a terminal, nothing is shown and nothing waits.
 * @param sleep waits milliseconds. @throws the reason of the stop signal
 */
export function pauseBeforeSpending(
  { yes }: { readonly yes?: true | undefined },
  { stderr, signals }: Pick<Terminal, "stderr" | "signals">,
  sleep: (ms: number, signal: AbortSignal) => Promise<void> = sleepReal,
): NonNullable<RunReporter["confirm"]> {
  return async ({ cap, estimate, isCharged }) => {
    if (yes === true || !isCharged || !stderr.isTTY) return true;
    const { likely, worst } = estimate;
    stderr.write(
      `This rents VMs: likely ${formatUsd(likely.micros)}, at worst ${formatUsd(worst.micros)}, cap ${formatUsd(cap)}.\n` +
        `Starting in ${String(PAUSE_S)} seconds; press Ctrl-C to stop.\n`,
    );
    await sleep(PAUSE_S * 1_000, signals.stop);
    return true;
  };
}
