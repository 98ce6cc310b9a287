import { MET } from "./witness.ts";
import type { ShardResult, Worst } from "./shard.ts";

/** Where a figure was seen: `run-shard.ts --seed S --runs N --only I` shows it again. */
interface Seen extends Worst {
  readonly seed: number;
}

export interface SchedulesReport {
  readonly asked: number;
  readonly done: number;
  readonly seeds: readonly number[];
  readonly vms: number;
  readonly passes: number;
  readonly invoice: number;
  readonly ledger: number;
  readonly overruns: number;
  readonly worstGap: Seen | undefined;
  readonly worstOverrun: Seen | undefined;
  readonly met: Readonly<Record<string, number>>;
  readonly broken: number;
}

export function reportOn(asked: number, shards: readonly ShardResult[]): SchedulesReport {
  const sum = (of: (shard: ShardResult) => number): number =>
    shards.reduce((all, shard) => all + of(shard), 0);
  const worst = (of: (shard: ShardResult) => Worst): Seen | undefined =>
    shards
      .map((shard) => ({ ...of(shard), seed: shard.seed }))
      .toSorted((a, b) => b.microUsd - a.microUsd)[0];
  return {
    asked,
    done: sum(({ done }) => done),
    seeds: shards.map(({ seed }) => seed),
    vms: sum(({ vms }) => vms),
    passes: sum(({ passes }) => passes),
    invoice: sum(({ invoice }) => invoice),
    ledger: sum(({ ledger }) => ledger),
    overruns: sum(({ overruns }) => overruns),
    worstGap: worst(({ worstGap }) => worstGap),
    worstOverrun: worst(({ worstOverrun }) => worstOverrun),
    met: Object.fromEntries(MET.map((each) => [each, sum(({ met }) => met[each])])),
    broken: sum(({ broken }) => broken.length),
  };
}

/** Markdown, for the page about safety. */
export function asMarkdown(report: SchedulesReport): string {
  const line = (name: string, value: string): string => `| ${name} | ${value} |`;
  const seen = (worst: Seen | undefined): string =>
    worst === undefined ? "" : `${usd(worst.microUsd)} (seed ${worst.seed}, no. ${worst.index})`;
  return [
    line("", "schedules"),
    "| --- | ---: |",
    ...Object.entries(report.met).map(([name, times]) => line(name, times.toLocaleString("en"))),
    "",
    line("", "all"),
    "| --- | ---: |",
    line("schedules", report.done.toLocaleString("en")),
    line("with a broken promise", String(report.broken)),
    line("VMs", report.vms.toLocaleString("en")),
    line("passes", report.passes.toLocaleString("en")),
    line("invoice", usd(report.invoice)),
    line("ledger", usd(report.ledger)),
    line("largest ledger less invoice", seen(report.worstGap)),
    line("cap passed since nobody could delete or write", report.overruns.toLocaleString("en")),
    line("largest ledger less cap", seen(report.worstOverrun)),
    "",
  ].join("\n");
}

function usd(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(2)}`;
}
