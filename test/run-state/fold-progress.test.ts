import { describe, expect, it } from "vitest";
import type { Fact } from "../../src/journal/events.ts";
import { foldProgress, NO_PROGRESS } from "../../src/run-state/fold-progress.ts";
import { eventsOf, vmLabel } from "../journal/journal-rig.ts";

const label = vmLabel(1);
const model = "m";
const facts: readonly Fact[] = [
  { type: "setup.progressed", label, stage: "docker", index: 1, stages: 4 },
  { type: "machine.ready", label, seconds: 200, driver: "580", gpu_name: "RTX", kernel: "6" },
  { type: "server.starting", label, model, image: "i", max_model_len: 1 },
  { type: "server.progressed", label, model, stage: "download", bytes: 5, total_bytes: null },
  { type: "server.ready", label, model, seconds: 9, download_seconds: 5, vllm_version: "0" },
  { type: "pass.started", label, model, pass: 2, passes: 3, tests: 12 },
  {
    type: "test.finished",
    label,
    model,
    pass: 2,
    test: "Refactor",
    category: "coding",
    index: 7,
    tests: 12,
    outcome: "measured",
    tokens_per_sec: 52.1,
    ttft_s: 0.2,
    reason: null,
  },
  { type: "server.stopped", label, model },
];

describe("the progress of a rental", () => {
  it("shows what its VM is doing until the server stops", async () => {
    const events = await eventsOf(...facts.map((fact, i) => [i, fact] as const));
    const after = (count: number) => foldProgress(events.slice(0, count)).get(label);
    expect(after(1)).toEqual({ ...NO_PROGRESS, setup: { stage: "docker", index: 1, stages: 4 } });
    expect(after(2)).toEqual(NO_PROGRESS);
    expect(after(4)).toEqual({
      ...NO_PROGRESS,
      model,
      download: { bytes: 5, totalBytes: undefined },
    });
    expect(after(5)).toEqual({ ...NO_PROGRESS, model });
    expect(after(7)).toEqual({
      ...NO_PROGRESS,
      model,
      pass: 2,
      passes: 3,
      test: "Refactor",
      testIndex: 7,
      tests: 12,
      tokensPerSec: 52.1,
    });
    expect(after(8)).toEqual(NO_PROGRESS);
  });

  it("can be computed incrementally, without changing the earlier state", async () => {
    const events = await eventsOf(...facts.map((fact, i) => [i, fact] as const));
    const first = foldProgress(events.slice(0, 3));
    const before = structuredClone(first);
    expect(events.slice(3).reduce((all, event) => foldProgress([event], all), first)).toEqual(
      foldProgress(events),
    );
    expect(first).toEqual(before);
  });
});
