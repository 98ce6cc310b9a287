import { describe, expect, it } from "vitest";
import { watchGpus, type GpuWatch } from "../../src/benchmark/watch-gpus.ts";
import type { GpuSample } from "../../src/machine/machine.ts";
import { createJumpingClock } from "../support/jumping-clock.ts";

const calm: GpuSample = { clockMhz: 2_100, powerW: 118, temperatureC: 61, throttle: [] };
const silent: GpuSample = {
  clockMhz: undefined,
  powerW: undefined,
  temperatureC: undefined,
  throttle: undefined,
};
const failing = (): Promise<never> => Promise.reject(new Error("nvidia-smi ended with 9"));

/** What is seen in a minute in which the samples come so, the last of them over and over. */
async function watch(
  ...samples: readonly (readonly GpuSample[] | (() => Promise<never>))[]
): Promise<GpuWatch> {
  const clock = createJumpingClock(0);
  const left = [...samples];
  const next = (): Promise<readonly GpuSample[]> => {
    const sample = (left.length > 1 ? left.shift() : left[0]) ?? [];
    return typeof sample === "function" ? sample() : Promise.resolve(sample);
  };
  using gpus = watchGpus(next, clock, new AbortController().signal);
  await clock.sleep(61_000);
  return gpus.read();
}

describe("watching the GPUs", () => {
  it("has no gap where every sample told what slows them", async () => {
    expect(await watch([calm])).toEqual({
      reasons: [],
      samples: 12,
      gap: undefined,
      clockMhz: 2_100,
      hottestC: 61,
      mostW: 118,
    });
  });

  it("goes on after a sample that failed, and still sees what comes later", async () => {
    const hot = { ...calm, throttle: ["sw_thermal_slowdown"] };
    expect(await watch(failing, [calm], [hot])).toMatchObject({
      reasons: ["sw_thermal_slowdown"],
      samples: 11,
      gap: "1 of 12 samples failed: nvidia-smi ended with 9",
    });
  });

  it("says that a sample had no answer", async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    expect(await watch(never)).toMatchObject({
      samples: 0,
      gap: "1 of 1 samples failed: no answer",
    });
  });

  it("says that none could be taken", async () => {
    expect(await watch(failing)).toMatchObject({
      samples: 0,
      gap: "12 of 12 samples failed: nvidia-smi ended with 9",
      clockMhz: undefined,
    });
  });

  it("takes what nvidia-smi does not tell for unknown, not for nothing", async () => {
    expect(await watch([silent])).toEqual({
      reasons: [],
      samples: 12,
      gap: "nvidia-smi does not tell what slows the GPUs",
      clockMhz: undefined,
      hottestC: undefined,
      mostW: undefined,
    });
    expect(await watch([{ ...silent, throttle: [] }, calm])).toMatchObject({
      gap: undefined,
      clockMhz: 2_100,
    });
  });
});
