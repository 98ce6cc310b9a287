import { readFileSync } from "node:fs";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import type { Fact } from "../../src/journal/events.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import type { PageAssets, ReportFacts, ReportedRun } from "../../src/report/report-facts.ts";
import { START_MS, journalOf, labelOf, opened, reserved } from "../cli/output/sample-events.ts";
import { sampleRecord } from "../results/sample-record.ts";

const asset = (name: string): string =>
  readFileSync(new URL(`../../templates/report/${name}`, import.meta.url), "utf8");

export const ASSETS: PageAssets = { style: asset("page.css"), script: asset("page.js") };
export const NOW = START_MS + 5 * 3_600_000;
/** What would show if any text were taken for markup. */
export const HOSTILE = `</title></script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">'"&`;

const GPUS = [
  "g2-gpu-rtx4000a1-s",
  "g2-gpu-rtx4000a4-m",
  "g1-gpu-rtx6000-2",
  "g3-gpu-rtxpro6000-blackwell-1",
];

/** `count` configurations, three runs each, of models and GPU types that are all different somewhere. */
export function manyRecords(count: number): BenchmarkRecord[] {
  return Array.from({ length: count }, (_, index) => index).flatMap((index) =>
    [0.98, 1, 1.03].map((spread) =>
      sampleRecord({
        gpu: GPUS[index % GPUS.length] ?? "",
        model: `Organisation-${index}/Some-Long-Model-Name-${7 + index}B-Instruct-AWQ`,
        category: ["7b", "14b", "30b", "70b"][index % 4] ?? "7b",
        speed: (12 + ((index * 37) % 160)) * spread,
        hourly: 0.52 + (index % 9) * 0.6,
        timestamp: index % 5 === 0 ? "2026-09-01T10:00:00.000001" : "2026-11-20T10:00:00.000001",
      }),
    ),
  );
}

export function reportedRun(facts: readonly (readonly [number, Fact])[]): ReportedRun {
  const events = journalOf(facts);
  return { events, state: foldRun(events), nowMs: NOW };
}

/** A run whose one VM set up for 10 minutes, loaded for 5, measured 20, and was gone after 70. */
export function usualRun(world: string | null = null): ReportedRun {
  const label = labelOf(1);
  const record = sampleRecord();
  const model = record.model_id;
  return reportedRun([
    [0, opened({ world })],
    [0, reserved(1)],
    [
      0,
      {
        type: "create.intended",
        label,
        gpu: "g2-gpu-rtx4000a1-s",
        region: "us-ord",
        price_micro_usd: 520_000,
      },
    ],
    [0, { type: "create.sent", label }],
    [1, { type: "create.acknowledged", label, vm_id: 7, ipv4: "203.0.113.9" }],
    [10, { type: "machine.ready", label, seconds: 600, driver: "1", gpu_name: "RTX", kernel: "6" }],
    [10, { type: "server.starting", label, model, image: "i", max_model_len: 1 }],
    [15, { type: "pass.started", label, model, pass: 1, passes: 1, tests: 12 }],
    [25, { type: "pass.void", label, model, pass: 1, reason: HOSTILE }],
    [25, { type: "pass.started", label, model, pass: 1, passes: 1, tests: 12 }],
    [45, { type: "pass.finished", label, model, pass: 1, record }],
    [
      45,
      {
        type: "server.failed",
        label,
        model: HOSTILE,
        cause: "out_of_memory",
        evidence: HOSTILE,
        remedy: "less",
        log: "l",
      },
    ],
    [60, { type: "destroy.intended", label, reason: "done" }],
    [70, { type: "rental.gone", label }],
    [70, { type: "rental.settled", label, hours: 2, micro_usd: 1_040_000, usd: 1.04 }],
    [70, { type: "run.closed", exit_code: 5, state: "finished" }],
  ]);
}

export function reportFacts(facts: Partial<ReportFacts> = {}): ReportFacts {
  return {
    records: manyRecords(12),
    runs: [usualRun()],
    nowMs: NOW,
    staleAfterDays: 30,
    version: "0.0.0",
    database: "/home/user/benchmark-database.json",
    problems: [],
    ...facts,
  };
}
