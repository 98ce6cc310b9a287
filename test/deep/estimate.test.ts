import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SweepEvent } from "../../src/journal/events.ts";
import { sweepRun, type SweepRun } from "../simulated/sweep-run.ts";

interface Told {
  readonly likely: { readonly usd: number; readonly hours: number };
  readonly worst: { readonly usd: number; readonly hours: number };
  readonly rentals: readonly { readonly minutes: number; readonly worst_hours: number }[];
}

const SEVEN = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const FOURTEEN = "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";
const shipped = (name: string): string =>
  readFileSync(new URL(`../../plans/${name}`, import.meta.url), "utf8").replace(
    /^packing:.*$/m,
    "",
  );

/** Five plans; each is run both ways. */
const PLANS: Readonly<Record<string, string>> = {
  "one card, four entries": `version: 1
budget: { max_cost: 40 }
concurrency: 2
entries:
  - { gpu: g2-gpu-rtx4000a1-s, models: [${SEVEN}] }
  - { gpu: g2-gpu-rtx4000a1-s, models: [${FOURTEEN}] }
  - { gpu: g2-gpu-rtx4000a1-s, models: [openai/gpt-oss-20b], passes: 5 }
  - { gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen3-8B-AWQ], suites: [coding] }
`,
  "Turing cards": `version: 1
budget: { max_cost: 90 }
concurrency: 3
passes: 2
entries:
  - { gpu: g1-gpu-rtx6000-1, models: [${SEVEN}, ${FOURTEEN}] }
  - { gpu: g1-gpu-rtx6000-1, models: [Qwen/Qwen3-8B-AWQ] }
  - { gpu: g1-gpu-rtx6000-2, models: [Qwen/Qwen3-32B-AWQ] }
`,
  "large models over several cards": `version: 1
budget: { max_cost: 90 }
concurrency: 3
passes: 2
entries:
  - { gpu: g2-gpu-rtx4000a4-s, models: [Qwen/Qwen2.5-72B-Instruct-AWQ] }
  - { gpu: g2-gpu-rtx4000a4-s, models: [Qwen/Qwen2.5-Coder-14B-Instruct] }
  - { gpu: g2-gpu-rtx4000a2-s, models: [Qwen/Qwen2.5-Coder-32B-Instruct-AWQ] }
`,
  "the coding shortlist": shipped("coding-shortlist.yaml"),
  "full coverage": shipped("full-coverage.yaml"),
};

const CASES = Object.entries(PLANS).flatMap(([name, text]) =>
  ["per-entry", "fill-hours"].map((packing) => ({ name, packing, text })),
);

/** A VM as its journal has it: whole minutes are paid by the hour, and the start-up need be had once a VM. */
interface Vm {
  readonly gpu: string;
  readonly minutes: number;
  readonly startMinutes: number;
}

function vmsOf(rig: SweepRun, run: string): readonly Vm[] {
  const file = join(rig.env.MAIDER_SWEEP_STATE, "simulated", "runs", run, "journal.jsonl");
  const events = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as SweepEvent);
  const of = <T extends SweepEvent["type"]>(type: T) =>
    events.filter((event): event is Extract<SweepEvent, { type: T }> => event.type === type);
  return of("rental.gone").map(({ label, ts }) => {
    const sent = of("create.sent").find((event) => event.label === label);
    const intent = of("create.intended").find((event) => event.label === label);
    const ready = of("machine.ready").find((event) => event.label === label);
    return {
      gpu: intent?.gpu ?? "",
      minutes: (Date.parse(ts) - Date.parse(sent?.ts ?? "")) / 60_000,
      startMinutes: (ready?.seconds ?? 0) / 60,
    };
  });
}

/** Whatever shares VMs pays, for each type, at least one start-up and all the work. */
function leastHours(vms: readonly Vm[]): number {
  const types = Map.groupBy(vms, ({ gpu }) => gpu);
  return sum(
    [...types.values()].map((same) => {
      const work = sum(same.map(({ minutes, startMinutes }) => minutes - startMinutes));
      return Math.ceil((Math.min(...same.map(({ startMinutes }) => startMinutes)) + work) / 60);
    }),
  );
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

test.each(CASES)(
  "$name, $packing: likely within 25 %, worst never passed",
  async ({ name, packing, text }) => {
    await using rig = await sweepRun(11, "--speed", "60");
    const plan = rig.plan(`${text}\npacking: ${packing}\n`);
    const told = JSON.parse(
      (await rig.run("estimate", plan, "--simulate", rig.url, "--json")).stdout,
    ) as Told;
    const { code } = await rig.run("run", plan, "--simulate", rig.url, "--quiet");
    const invoice = await rig.ask<{ usd: number; lines: { hours: number }[] }>("invoice");
    const { stdout } = await rig.run("status", "--json");
    const [run] = (JSON.parse(stdout) as { runs: { run: string }[] }).runs;
    const vms = vmsOf(rig, run?.run ?? "");
    const minutes = vms.map((vm) => vm.minutes);
    const likely = sum(told.rentals.map((rental) => rental.minutes));
    const billed = sum(invoice.lines.map(({ hours }) => hours));
    process.stdout.write(
      `${name}, ${packing}: ${minutes.length} VMs, ${sum(minutes).toFixed(0)} min (likely ${likely}), ${billed} h (likely ${told.likely.hours}, worst ${told.worst.hours}), $${invoice.usd.toFixed(2)} (likely $${told.likely.usd.toFixed(2)}, worst $${told.worst.usd.toFixed(2)}), least ${leastHours(vms)} h\n`,
    );
    expect(code).toBe(0);
    expect(invoice.usd).toBeLessThanOrEqual(told.worst.usd);
    expect(Math.abs(sum(minutes) - likely) / likely).toBeLessThanOrEqual(0.25);
    expect(Math.abs(invoice.usd - told.likely.usd) / told.likely.usd).toBeLessThanOrEqual(0.25);
    for (const one of minutes)
      expect(one).toBeLessThan(Math.max(...told.rentals.map((r) => r.worst_hours)) * 60);
    // One VM for each entry is dearer on purpose.
    const most = packing === "fill-hours" ? 1.05 * leastHours(vms) : Infinity;
    expect(billed).toBeLessThanOrEqual(most);
  },
);
