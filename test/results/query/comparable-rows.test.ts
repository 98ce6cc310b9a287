import { expect, it } from "vitest";
import { comparableRows } from "../../../src/results/query/comparable-rows.ts";
import { configurations } from "../../../src/results/query/configurations.ts";
import { sampleRecord } from "../sample-record.ts";

const ada = (eager: boolean, model?: string) =>
  sampleRecord({ vllm: { enforce_eager: eager }, ...(model === undefined ? {} : { model }) });
const turing = (eager: boolean) =>
  sampleRecord({ gpu: "g1-gpu-rtx6000-1", vllm: { enforce_eager: eager } });
const incomparable = (...records: Parameters<typeof configurations>[0]) =>
  comparableRows(configurations(records)).incomparable.map(({ row, differences }) => [
    row.gpu,
    differences.map(({ field }) => field),
  ]);

it("compares Turing cards with other cards, whatever their eager mode", () => {
  expect(incomparable(ada(false), turing(true))).toEqual([]);
  expect(incomparable(ada(false), turing(false))).toEqual([]);
});

it("does not compare cards of one architecture with different eager modes", () => {
  expect(incomparable(ada(false), ada(false, "a/b"), ada(true, "c/d"))).toEqual([
    ["g2-gpu-rtx4000a1-s", ["enforce_eager"]],
  ]);
});
