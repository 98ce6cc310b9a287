import { describe, expect, it } from "vitest";
import {
  configurationRow,
  exportTable,
  recordRow,
  unrankedRow,
} from "../../../src/results/exchange/export-table.ts";
import { configurations } from "../../../src/results/query/configurations.ts";
import { sampleRecord } from "../sample-record.ts";

const csv = (rows: Parameters<typeof exportTable>[0]): string[] =>
  [...exportTable(rows, "csv")].join("").trimEnd().split("\n");
const PASS_COLUMNS =
  "ID,Timestamp,GPU Type,GPU Count,Total VRAM (GB),Model,Model Category,Avg Tokens/Sec,Cost per 1K Tokens,Hourly Cost,Tests Passed,Tests Total";

describe("CSV", () => {
  it("has maider's twelve columns for passes, and no formulas", () => {
    const evil = sampleRecord({ model: '=HYPERLINK("http://x")', speed: 50, hourly: 3 });
    const lines = csv([recordRow(evil, "coding")]);
    expect(lines[0]).toBe(PASS_COLUMNS);
    expect(lines[1]).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect(lines[1]).toMatch(/,50\.00,\$0\.0167,\$3\.00,4,4$/);
  });

  it("counts the failed tests of a category, whose total maider does not record", () => {
    const record = sampleRecord({
      results: {
        coding: {
          avg_tokens_per_sec: 50,
          total_time: 1,
          total_tokens: 50,
          cost_per_1k_tokens: 0.01,
          tests_passed: 2,
        },
      },
    });
    record.tests = [true, true, false, false].map((success, index) => ({
      test_name: `Test ${index}`,
      category: "coding",
      prompt: "",
      success,
    }));
    expect(csv([recordRow(record, "coding")])[1]).toMatch(/,2,4$/);
    expect(configurations([record], "coding")[0]).toMatchObject({ testsPassed: 2, testsTotal: 4 });
  });

  it("says in its last column whether a row is ranked, and why not", () => {
    const [row] = configurations([45, 47].map((speed) => sampleRecord({ speed })));
    const lines = csv([
      configurationRow(row!, "yes"),
      unrankedRow({
        gpu: "g2-gpu-rtx4000a1-s",
        model: "Qwen/Huge-32B",
        modelCategory: "30b",
        categories: undefined,
        state: "failed",
        reason: "out of memory",
        passes: 1,
        atMs: undefined,
      }),
    ]);
    expect(lines[0]).toBe(`${PASS_COLUMNS},Passes,Ranked`);
    expect(lines[1]).toMatch(/,46\.00,.*,2,yes$/);
    expect(lines[2]).toBe(",,g2-gpu-rtx4000a1-s,,,Qwen/Huge-32B,30b,,,,,,1,no: out of memory");
  });
});

it("Markdown escapes markup and line breaks in records", () => {
  const rows = [recordRow(sampleRecord({ model: "a|b<script>\nc" }), undefined)];
  const text = [...exportTable(rows, "markdown")].join("");
  const lines = text.split("\n");
  expect(lines[0]).toBe("# Benchmark Results");
  expect(lines[4]).toContain("a\\|b\\<script\\> c");
  expect(text.endsWith(" |\n")).toBe(true);
});
