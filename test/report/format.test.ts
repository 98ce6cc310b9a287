import { readFile } from "node:fs/promises";
import stringWidth from "fast-string-width";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import { comparisonTable } from "../../src/report/comparison-table.ts";
import { coverageText } from "../../src/report/coverage-text.ts";
import { UNLIMITED, renderTable } from "../../src/report/render-table.ts";
import { compare } from "../../src/results/query/compare.ts";
import { coverage } from "../../src/results/query/coverage.ts";
import { sampleRecord } from "../results/sample-record.ts";

const fixture = (
  JSON.parse(
    await readFile(new URL("../../fixtures/benchmark-database.v1.json", import.meta.url), "utf8"),
  ) as { benchmarks: BenchmarkRecord[] }
).benchmarks;
const NOW = Date.UTC(2026, 10, 24, 12);
const NARROW = { width: 80, colour: false };
const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

describe("renderTable", () => {
  const columns = [
    { head: "Name", shrinks: true },
    { head: "Figure", align: "right" },
  ] as const;

  it("aligns, and draws borders where there is room", () => {
    expect(renderTable(columns, [["a", "1.0"]], UNLIMITED).split("\n")).toEqual([
      "┌──────┬────────┐",
      "│ Name │ Figure │",
      "├──────┼────────┤",
      "│ a    │    1.0 │",
      "└──────┴────────┘",
    ]);
  });

  it("drops borders and cuts names, never figures, where it is narrow", () => {
    const text = renderTable(columns, [["a-very-long-name-indeed", "1234567.0"]], {
      width: 22,
      colour: false,
    });
    expect(widest(text)).toBeLessThanOrEqual(22);
    expect(text).toContain("1234567.0");
    expect(text).toContain("…");
  });

  it("leaves out optional columns, the last one first, before it shortens names", () => {
    const wide = [
      { head: "Name", shrinks: true },
      { head: "Speed" },
      { head: "First", optional: true },
      { head: "Last", optional: true },
    ];
    const row = ["a-name-of-20-letters", "12.3", "first", "last"];
    const at = (width: number) => renderTable(wide, [row], { width, colour: false }).split("\n")[1];
    expect(at(41)).toBe("a-name-of-20-letters  12.3   first  last");
    expect(at(35)).toBe("a-name-of-20-letters  12.3   first");
    expect(at(28)).toBe("a-name-of-20-letters  12.3");
    expect(at(20)).toMatch(/^a-name\S*…\S+ {2}12\.3$/);
  });

  it("has no terminal codes unless told, and lets none in", () => {
    const row = [["\u001b[31mred\nline", "1"]];
    expect(renderTable(columns, row, UNLIMITED)).not.toContain("\u001b");
    expect(renderTable(columns, row, { width: 80, colour: true })).toContain("\u001b[1m");
  });
});

describe("renderTable, for any names", () => {
  const columns = [{ head: "A", shrinks: true }, { head: "B", shrinks: true }, { head: "C" }];
  const name = fc.string({ unit: "grapheme", maxLength: 60 });

  it("keeps to the width, and cuts no column that may not shrink", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, name, fc.constantFrom("1", "12345.6")), { maxLength: 5 }),
        fc.integer({ min: 28, max: 90 }),
        (rows, width) => {
          const text = renderTable(columns, rows, { width, colour: false });
          for (const line of text.split("\n")) expect(stringWidth(line)).toBeLessThanOrEqual(width);
          for (const [, , figure] of rows) expect(text).toContain(figure);
        },
      ),
    );
  });

  it("cuts a name of a hundred thousand letters to the room there is", () => {
    const text = renderTable(columns, [["x".repeat(100_000), "y".repeat(30), "1.0"]], NARROW);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toContain("y".repeat(30));
  });
});

describe("the comparison table", () => {
  const answer = compare({ records: fixture, sortBy: "tokens_per_sec" });

  it("has the guide's columns and labels within 80 columns", () => {
    const text = comparisonTable(
      answer,
      { taskCategory: undefined, sortBy: "tokens_per_sec" },
      NOW,
      NARROW,
    );
    for (const head of [
      "GPU Type",
      "GPUs",
      "VRAM",
      "Model",
      "Tokens/Sec",
      "Cost/1K",
      "$/Hour",
      "Efficiency",
    ])
      expect(text).toContain(head);
    expect(text).toContain("Sorted by: Tokens Per Sec");
    expect(text).toMatch(/rtx6000-2 +│? +2 +│? +96GB/);
    expect(text).toContain("2 of 12 tests failed");
    const table = text.split("\n").filter((line) => /│|RTX/.test(line));
    expect(widest(table.join("\n"))).toBeLessThanOrEqual(80);
  });

  it("has throughput, speed for each user and price under load, in the order of the ranking", () => {
    const record = (speed: number, rate: number, gpu: string) =>
      sampleRecord({
        speed,
        gpu,
        hourly: 0.72,
        summary: {
          load: [
            {
              in_flight: 4,
              requests: 8,
              failed: 0,
              out_tps: rate,
              per_user_tps: rate / 4,
              verdict: "sound",
              reasons: [],
            },
          ],
        },
      });
    const records = [record(50, 200, "g2-gpu-rtx4000a1-s"), record(60, 100, "g2-gpu-rtx4000a2-s")];
    const asked = { taskCategory: undefined, sortBy: "tokens_per_sec" } as const;
    const text = comparisonTable(compare({ records, ...asked }), asked, NOW, NARROW);
    const table = text.slice(text.indexOf("Under load"));
    expect(table).toMatch(
      /rtx4000a2-s [│ ]+Coder-7B [│ ]+4 [│ ]+100\.0 [│ ]+25\.0 [│ ]+2\.00 [^\n]*\n[│ ]*rtx4000a1-s [│ ]+Coder-7B [│ ]+4 [│ ]+200\.0 [│ ]+50\.0 [│ ]+1\.00 /,
    );
  });

  it("says SIMULATED also where nothing is steady enough to be ranked", () => {
    const summary = { simulated: true };
    const records = [40, 60, 90].map((speed) => sampleRecord({ speed, summary }));
    const asked = { taskCategory: undefined, sortBy: "tokens_per_sec" } as const;
    const text = comparisonTable(compare({ records, ...asked }), asked, NOW, NARROW);
    expect(text).toMatch(/^SIMULATED Benchmark Comparison\n/);
  });

  it("adds tests, runs, VMs and age where there is room", () => {
    const text = comparisonTable(
      answer,
      { taskCategory: "context_heavy", sortBy: "cost_efficiency" },
      NOW,
      UNLIMITED,
    );
    expect(text).toContain("Category: Context Heavy");
    expect(text).toMatch(/rtx6000-2 .* 12\/12 │ +3 │ +\? │ +2 weeks ago/);
  });
});

const NOTHING_STALE = { entries: [], all: undefined, left: [] };

describe("the coverage text", () => {
  it("names which configurations are High, stale and missing, so that grep finds them", () => {
    const text = coverageText(
      { ...coverage(fixture, NOW, 30), without: [] },
      NOTHING_STALE,
      NOW,
      UNLIMITED,
    );
    const lines = text.split("\n");
    expect(
      lines.filter((line) => line.includes("High")).some((line) => line.includes("rtx6000-2")),
    ).toBe(true);
    expect(text).toMatch(/Coder-14B-AWQ .*2026-07-01 4 months ago \(stale\)/);
    expect(text).toMatch(/GPU types tested: \d+\/13/);
    expect(text).toContain("Missing GPU types:");
    expect(text).toContain(
      "Confidence (passes: 3+ High, 2 Medium, 1 Low): High: 1, Medium: 1, Low: 2",
    );
  });

  it("says so when there is nothing", () => {
    expect(
      coverageText({ ...coverage([], NOW, 30), without: [] }, NOTHING_STALE, NOW, NARROW),
    ).toContain("No configurations tested yet.");
  });
});
