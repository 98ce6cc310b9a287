import { expect, it } from "vitest";
import { comparableRows } from "../../../src/results/query/comparable-rows.ts";
import { configurations } from "../../../src/results/query/configurations.ts";
import { sampleRecord } from "../sample-record.ts";

const ada = (eager: boolean, model?: string) =>
  sampleRecord({ vllm: { enforce_eager: eager }, ...(model === undefined ? {} : { model }) });
const turing = (eager: boolean) =>
  sampleRecord({ gpu: "g1-gpu-rtx6000-1", vllm: { enforce_eager: eager } });
const apartOf = (...records: Parameters<typeof configurations>[0]) =>
  comparableRows(configurations(records)).apart.map(({ row, differences }) => [
    row.gpu,
    differences.map(({ field }) => field),
  ]);

it("ranks Turing in eager mode beside other cards with graphs, for that follows from the card", () => {
  expect(apartOf(ada(false), turing(true))).toEqual([]);
  expect(apartOf(ada(false), turing(false))).toEqual([]);
});

it("puts eager mode apart where it was chosen", () => {
  expect(apartOf(ada(false), ada(false, "a/b"), ada(true, "c/d"))).toEqual([
    ["g2-gpu-rtx4000a1-s", ["enforce_eager"]],
  ]);
});
