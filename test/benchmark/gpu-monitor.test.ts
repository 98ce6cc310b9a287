import { describe, expect, it } from "vitest";
import { monitorGpus, type GpuFacts } from "../../src/benchmark/gpu-monitor.ts";
import type { GpuSample } from "../../src/machine/machine.ts";
import { createJumpingClock } from "../support/jumping-clock.ts";

const normal: GpuSample = { clockMhz: 2_100, powerW: 118, temperatureC: 61, throttle: [] };
const empty: GpuSample = {
  clockMhz: undefined,
  powerW: undefined,
  temperatureC: undefined,
  throttle: undefined,
};
const failing = (): Promise<never> => Promise.reject(new Error("nvidia-smi ended with 9"));

/** Monitors for a minute. Each sample returns the next of `samples`, and the last is repeated. */
async function monitor(
  ...samples: readonly (readonly GpuSample[] | (() => Promise<never>))[]
): Promise<GpuFacts> {
  const clock = createJumpingClock(0);
  const remaining = [...samples];
  const next = (): Promise<readonly GpuSample[]> => {
    const sample = (remaining.length > 1 ? remaining.shift() : remaining[0]) ?? [];
    return typeof sample === "function" ? sample() : Promise.resolve(sample);
  };
  using gpus = monitorGpus(next, clock, new AbortController().signal);
  await clock.sleep(61_000);
  return gpus.read();
}

describe("the GPU monitor", () => {
  it("reports no problem if every sample says whether the GPU is throttled", async () => {
    expect(await monitor([normal])).toEqual({
      throttleReasons: [],
      samples: 12,
      samplingProblem: undefined,
      meanClockMhz: 2_100,
      maxTemperatureC: 61,
      maxPowerW: 118,
    });
  });

  it("continues after a failed sample", async () => {
    const hot = { ...normal, throttle: ["sw_thermal_slowdown"] };
    expect(await monitor(failing, [normal], [hot])).toMatchObject({
      throttleReasons: ["sw_thermal_slowdown"],
      samples: 11,
      samplingProblem: "1 of 12 samples failed: nvidia-smi ended with 9",
    });
  });

  it("reports a sample without an answer", async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    expect(await monitor(never)).toMatchObject({
      samples: 0,
      samplingProblem: "1 of 1 samples failed: no answer",
    });
  });

  it("reports that all samples failed", async () => {
    expect(await monitor(failing)).toMatchObject({
      samples: 0,
      samplingProblem: "12 of 12 samples failed: nvidia-smi ended with 9",
      meanClockMhz: undefined,
    });
  });

  it("leaves values undefined that nvidia-smi does not report", async () => {
    expect(await monitor([empty])).toEqual({
      throttleReasons: [],
      samples: 12,
      samplingProblem: "nvidia-smi does not report whether the GPUs are throttled",
      meanClockMhz: undefined,
      maxTemperatureC: undefined,
      maxPowerW: undefined,
    });
    expect(await monitor([{ ...empty, throttle: [] }, normal])).toMatchObject({
      samplingProblem: undefined,
      meanClockMhz: 2_100,
    });
  });
});
