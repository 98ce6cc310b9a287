import { gpuName } from "../catalog/short-names.ts";
import type { ConfigurationResult } from "../results/query/configurations.ts";
import { costOf, hoursOf } from "../run-state/ledger.ts";
import type { Ledger, RunState } from "../run-state/run-state.ts";
import { countText } from "../support/count-text.ts";
import { formatUsd } from "../support/money.ts";
import { wrapText } from "../support/wrap-text.ts";
import { decisions, type Decision } from "./decisions.ts";
import { knownText } from "./format.ts";

interface VerdictFacts {
  readonly state: RunState;
  readonly ledger: Ledger;
  /** What the run measured. */
  readonly results: readonly ConfigurationResult[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Command line for the user to type next. */
  readonly next: string;
}

/**
 * The end of a run in at most six entries: the fastest, the cheapest and the best configuration for each task, hours
 * and dollars, and what to type next.
 */
export function sweepVerdict(facts: VerdictFacts, width: number): string {
  const entries = [
    ...answers(facts),
    ["Spent", spentText(facts)] as const,
    ["Next", facts.next] as const,
  ];
  const column = Math.max(...entries.map(([label]) => label.length)) + 2;
  return entries
    .map(([label, text]) => {
      const lines = wrapText(text, Math.max(20, width - column));
      return `${label.padEnd(column)}${lines.join(`\n${" ".repeat(column)}`)}`;
    })
    .join("\n");
}

type Entry = readonly [label: string, text: string];

function answers({ results, nowMs }: VerdictFacts): readonly Entry[] {
  const stable = results.filter(({ speed }) => !speed.unstable);
  const records = results.flatMap((result) => result.records);
  const found = decisions(records, stable, nowMs);
  const [fastest, cheapest] = ["Fastest", "Cheapest per token"].map((question) =>
    found.find((decision) => decision.question === question),
  );
  return [
    ...entryOf("Fastest", fastest, ({ speed }) => `${speed.median.toFixed(1)} tokens/s`),
    ...entryOf(
      "Cheapest",
      cheapest,
      ({ costPer1M }) => `${knownText(costPer1M, 2, "$")} per 1M tokens`,
    ),
    ...taskEntries(found.filter(({ task }) => task !== undefined)),
  ];
}

function entryOf(
  label: string,
  decision: Decision | undefined,
  figure: (winner: ConfigurationResult) => string,
): readonly Entry[] {
  if (decision?.winner === undefined) return [];
  const { ties, winner } = decision;
  const tied =
    ties.length === 0 ? "" : ` (no difference shown to ${countText(ties.length, "other")})`;
  return [[label, `${nameOf(winner)}: ${figure(winner)}${tied}`]];
}

/** One entry for each winner. A third winner shares the line of the second. */
function taskEntries(found: readonly Decision[]): readonly Entry[] {
  const won = found.flatMap(({ task = "", winner }) =>
    winner === undefined ? [] : [{ task: task.replace("_", "-"), name: nameOf(winner) }],
  );
  const [first, ...others] = Map.groupBy(won, ({ name }) => name);
  if (first === undefined) return [];
  const tasksOf = (group: typeof won): string => group.map(({ task }) => task).join(", ");
  const [firstName, firstWon] = first;
  if (others.length === 0)
    return [
      [firstWon.length > 1 ? "Best for all tasks" : `Best for ${tasksOf(firstWon)}`, firstName],
    ];
  return [
    [`Best for ${tasksOf(firstWon)}`, firstName],
    [
      `Best for ${others.map(([, group]) => tasksOf(group)).join("; ")}`,
      others.map(([name]) => name).join("; "),
    ],
  ];
}

function nameOf({ gpu, name }: ConfigurationResult): string {
  return `${gpuName(gpu)} ${name}`;
}

function spentText({ state, ledger, nowMs }: VerdictFacts): string {
  const billed = [...state.rentals.values()].filter((rental) => costOf(rental, nowMs) > 0);
  const hours = billed.reduce((sum, rental) => sum + hoursOf(rental, nowMs), 0);
  const reserved =
    ledger.reservedMicroUsd > 0 ? `, ${formatUsd(ledger.reservedMicroUsd)} still reserved` : "";
  const simulated = isSimulated(state) ? " (SIMULATED)" : "";
  return `${formatUsd(ledger.spentMicroUsd)} of the ${formatUsd(ledger.capMicroUsd)} cap for ${countText(hours, "hour")} on ${countText(billed.length, "VM")}${reserved}${simulated}`;
}

/** Whether the run used the simulated cloud. */
export function isSimulated(state: RunState): boolean {
  return (state.opened?.world ?? null) !== null;
}
