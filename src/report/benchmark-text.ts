import { hasFigures, type BenchmarkFile } from "../evidence/benchmark-file.ts";
import type { FiguresOverPasses } from "../evidence/figures-over-passes.ts";
import { loadResults, type LoadResult } from "../evidence/load-result.ts";
import type { Summary, Verdict } from "../evidence/record.ts";
import type { Distribution } from "../evidence/statistics.ts";
import { indentLines, renderTable, type TableStyle } from "./render-table.ts";

/**
 * What `benchmark` says at its end: whether the figures may be trusted, the guide's summary, the figures over the sound
 * passes, load levels, tests, verdict.
 */
export function benchmarkText(file: BenchmarkFile, style: TableStyle): string {
  const summary = file.summary as Summary;
  const load = file.passes.flatMap((pass) => loadResults(pass.summary));
  const tests = file.tests.flatMap(({ test_name, success, outcome, reason }) =>
    success
      ? []
      : [
          `${test_name}: ${outcome === "not_applicable" ? "not applicable" : "failed"}: ${String(reason)}`,
        ],
  );
  return `${[
    `${summary.simulated === true ? "SIMULATED " : ""}Benchmark: ${file.model}${file.not_sound === null ? "" : `: NOT SOUND: ${file.not_sound}`}`,
    `Measured by ${String(summary.method)}, prompts ${String(summary.suite)}, ${passesText(file)}${summary.vm === undefined ? "" : " on 1 VM"}`,
    ...(file.passes.length > 1
      ? [file.not_sound === null ? "The newest sound pass" : "The last pass with a figure"]
      : []),
    summaryTable(file, summary, style),
    ...figuresText(file.figures, style),
    ...(load.length === 0 ? [] : ["Under load (closed loop)", loadTable(load, style)]),
    ...needlesText(file),
    ...(tests.length === 0 ? [] : ["Tests without a figure", indentLines(tests)]),
    ...file.passes.map(({ pass, summary }) => verdictText(pass, summary.verdict)),
    ...file.void_passes.map(voidText),
    ...(file.incomplete === null ? [] : [`Not complete: ${file.incomplete}`]),
  ].join("\n")}\n`;
}

/** Natural mode only: whether the replies name the values that their contexts hide. */
function needlesText({ tests }: BenchmarkFile): string[] {
  const of = (key: string): number =>
    tests.reduce((sum, test) => sum + (typeof test[key] === "number" ? test[key] : 0), 0);
  const total = of("needles_total");
  return total === 0
    ? []
    : [`Hidden values named: ${String(of("needles_found"))} of ${String(total)}`];
}

function passesText({ passes }: BenchmarkFile): string {
  const sound = passes.filter(({ summary }) => summary.verdict?.state === "sound").length;
  const count = `${String(passes.length)} pass${passes.length === 1 ? "" : "es"}`;
  return sound === passes.length ? count : `${count} (${String(sound)} sound)`;
}

function summaryTable(file: BenchmarkFile, summary: Summary, style: TableStyle): string {
  const measured = hasFigures({ summary });
  const cost =
    file.hourly_cost === null || !measured ? "-" : `$${summary.cost_per_1k_tokens.toFixed(4)}`;
  return renderTable(
    [{ head: "Metric" }, { head: "Value", align: "right" }],
    [
      [
        "Average Throughput",
        measured ? `${summary.avg_tokens_per_sec.toFixed(2)} tokens/sec${mindText(file)}` : "-",
      ],
      ["Total Time", measured ? `${summary.total_time.toFixed(2)}s` : "-"],
      ["Total Tokens", String(summary.total_tokens)],
      ["Hourly Cost", file.hourly_cost === null ? "-" : `$${file.hourly_cost.toFixed(2)}`],
      ["Cost per 1K Tokens", cost],
      ["Tests Passed", `${String(summary.tests_passed)}/${String(summary.tests_total)}`],
    ],
    style,
  );
}

/** A mean of the survivors must not pass for the mean of all. */
function mindText(file: BenchmarkFile): string {
  const { tests_passed: passed, tests_total: total } = file.summary as Summary;
  if (file.not_sound === null) return "";
  const part =
    passed < total ? ` of the ${String(passed)} of ${String(total)} that were measured;` : ",";
  return `${part} not ranked`;
}

/** Only sound passes are in it, and only several have an interval. */
function figuresText(
  figures: Readonly<Record<string, FiguresOverPasses>>,
  style: TableStyle,
): string[] {
  const { tokens_per_sec: rate } = figures["overall"] ?? {};
  if (rate === undefined) return [];
  return [
    rate.interval === undefined
      ? "By category"
      : "Over the sound passes (± 95 % interval of the mean)",
    figuresTable(figures, style),
    "Tokens/s, as Average Throughput: whole replies, with the wait for their first token. Decode tok/s: after it.",
  ];
}

function figuresTable(
  figures: Readonly<Record<string, FiguresOverPasses>>,
  style: TableStyle,
): string {
  const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(1)}ms`;
  const rate = (value: number): string => value.toFixed(1);
  return renderTable(
    [
      { head: "Category" },
      { head: "Passes", align: "right" },
      { head: "Tokens/s", align: "right" },
      { head: "Decode tok/s", align: "right" },
      { head: "TTFT", align: "right" },
      { head: "TPOT", align: "right" },
      { head: "End to end", align: "right" },
    ],
    Object.entries(figures).map(([name, row]) => [
      name,
      String(row.tokens_per_sec?.n ?? 0),
      withInterval(row.tokens_per_sec, rate),
      withInterval(row.decode_tps, rate),
      withInterval(row.ttft_s, milliseconds),
      withInterval(row.tpot_s, milliseconds),
      withInterval(row.e2e_s, (seconds) => `${seconds.toFixed(2)}s`),
    ]),
    style,
  );
}

/** `45.3 ±1.0% CV 0.8%`; one pass has neither. */
function withInterval(figure: Distribution | undefined, text: (value: number) => string): string {
  if (figure === undefined) return "-";
  const { median, interval, cv, unstable } = figure;
  if (interval === undefined || cv === undefined) return text(median);
  const half = (50 * (interval.high - interval.low)) / median;
  return `${text(median)} ±${half.toFixed(1)}% CV ${(100 * cv).toFixed(1)}%${unstable ? " unstable" : ""}`;
}

function loadTable(load: readonly LoadResult[], style: TableStyle): string {
  const milliseconds = (value: number | undefined, digits: number): string =>
    value === undefined ? "-" : `${value.toFixed(digits)}ms`;
  return renderTable(
    [
      { head: "In flight", align: "right" },
      { head: "Requests", align: "right" },
      { head: "Tokens/s", align: "right" },
      { head: "For one user", align: "right" },
      { head: "TTFT", align: "right" },
      { head: "p95", align: "right" },
      { head: "TPOT", align: "right" },
      { head: "p95", align: "right" },
      { head: "Verdict", shrinks: true },
    ],
    load.map((level) => [
      String(level.in_flight),
      `${String(level.requests - level.failed)}/${String(level.requests)}`,
      level.out_tps?.toFixed(1) ?? "-",
      level.per_user_tps?.toFixed(1) ?? "-",
      milliseconds(level.ttft_ms?.p50, 0),
      milliseconds(level.ttft_ms?.p95, 0),
      milliseconds(level.tpot_ms?.p50, 1),
      milliseconds(level.tpot_ms?.p95, 1),
      [level.verdict, ...level.reasons].join(": "),
    ]),
    style,
  );
}

/** What a void attempt gave is shown, so that nobody has to measure it again to see it, and is not to be used. */
function voidText({ pass, summary }: BenchmarkFile["void_passes"][number]): string {
  const { avg_tokens_per_sec: rate, tests_passed: passed, tests_total: total } = summary;
  const figure = passed > 0 ? `${rate.toFixed(2)} tokens/sec, not to be used` : "no figure";
  const reasons = summary.verdict?.reasons.join("; ") ?? "";
  return `Void attempt at pass ${String(pass)} (${String(passed)} of ${String(total)} tests, ${figure}): ${reasons}`;
}

function verdictText(pass: number, verdict: Verdict | undefined): string {
  const name = `Pass ${String(pass)}: ${verdict?.state ?? "unknown"}`;
  if (verdict?.state !== "sound") return `${name}: ${verdict?.reasons.join("; ") ?? ""}`;
  const ratio = verdict["decode_ratio"];
  const rate =
    typeof ratio === "number"
      ? `, decode rate ${(100 * (ratio - 1)).toFixed(2)} % from the server's own`
      : "";
  const unseen =
    verdict.gpu_watch === undefined
      ? ""
      : `; a throttled GPU may have gone unseen: ${verdict.gpu_watch}`;
  return `${name}: the server's counters agree: tokens exact${rate}${unseen}`;
}
