import { expect, test } from "vitest";
import type { EventType, SweepEvent } from "../../src/journal/events.ts";
import { sweepRun } from "../simulated/sweep-run.ts";
import { expectStopped, journalOf } from "./watched-sweep.ts";

const CUT = "g2-gpu-rtx4000a1-s";
const OTHER = "g2-gpu-rtx4000a1-m";

const plan = (hours: number): string => `version: 1
name: deadline
budget: { max_cost: 9, max_hours_per_rental: ${String(hours)} }
concurrency: 2
suites: [coding]
passes: 1
entries:
  - { gpu: ${CUT}, passes: 99, models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ] }
  - { gpu: ${OTHER}, models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ] }
`;

test.each([
  ["max_hours_per_rental", 0.4, []],
  ["--max-hours", 9, ["--max-hours", "0.4"]],
])(
  "a deadline by %s in the middle of a pass: destroyed at once, the other goes on, exit 5",
  async (_name, hours, options) => {
    await using rig = await sweepRun(3, "--speed", "90", "--delays", "0.1");
    const { code, stdout } = await rig.run(
      "run",
      rig.plan(plan(hours)),
      "--simulate",
      rig.url,
      "--quiet",
      ...options,
    );
    expect(code).toBe(5);
    expect(stdout).toMatch(/rtx4000a1-s Coder-7B-AWQ: partial.*its deadline was reached/);
    const events = journalOf(rig);
    await expectStopped(rig, events, "finished");

    const reserved = events.find((event) => event.type === "rental.reserved" && event.gpu === CUT);
    if (reserved?.type !== "rental.reserved") throw new Error("it was never rented");
    const of = (type: EventType): SweepEvent[] =>
      events.filter(
        (event) => event.type === type && "label" in event && event.label === reserved.label,
      );
    expect(of("rental.failed")).toMatchObject([
      { stage: "measuring", reason: "its deadline was reached" },
    ]);
    expect(of("configuration.finished")).toMatchObject([
      { state: "partial", reason: "its deadline was reached" },
    ]);
    expect(of("destroy.intended")).toMatchObject([{ reason: "its deadline was reached" }]);
    expect(of("pass.started").length).toBeGreaterThan(of("pass.finished").length);
    // Nothing is measured any more once it has failed.
    const failedAt = of("rental.failed")[0]?.seq ?? 0;
    expect(of("test.finished").every(({ seq }) => seq < failedAt)).toBe(true);
    // Gone within the hours that were allowed.
    const { vms } = await rig.ask<{
      vms: { label: string; created: string; deleted: string; type: string }[];
    }>("state");
    const cut = vms.find(({ label }) => label === reserved.label);
    const lived = Date.parse(cut?.deleted ?? "") - Date.parse(cut?.created ?? "");
    expect(lived).toBeLessThanOrEqual(0.4 * 3_600_000);
    expect(rig.records().filter(({ gpu_type: gpu }) => gpu === OTHER)).toHaveLength(1);
  },
);
