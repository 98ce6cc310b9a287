import { mean } from "../evidence/statistics.ts";
import type { Clock } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import type { GpuSample } from "../machine/machine.ts";
import type { PassRequest } from "./benchmark.ts";

const INTERVAL_MS = 5_000;
/** Each sample is a command on the VM, so take at most one per real second. */
const MIN_REAL_INTERVAL_MS = 1_000;

/** Samples of the GPUs during a measurement. */
export interface GpuFacts {
  /** Distinct throttle reasons. */
  readonly throttleReasons: readonly string[];
  readonly samples: number;
  /** Why throttling may have gone unnoticed, if it may. */
  readonly samplingProblem: string | undefined;
  /** Mean over all GPUs and samples; undefined if never reported. */
  readonly meanClockMhz: number | undefined;
  /** Highest of all GPUs and samples; undefined if never reported. */
  readonly maxTemperatureC: number | undefined;
  readonly maxPowerW: number | undefined;
}

/** Samples the GPUs at regular intervals until disposed of. Failed samples are counted. */
export function monitorGpus(
  sampleGpus: PassRequest["sampleGpus"],
  clock: Clock,
  signal: AbortSignal,
): Disposable & { read(): GpuFacts } {
  const samples: (readonly GpuSample[])[] = [];
  const failures: string[] = [];
  const disposed = new AbortController();
  const stop = AbortSignal.any([signal, disposed.signal]);
  const intervalMs = Math.max(INTERVAL_MS, MIN_REAL_INTERVAL_MS * clock.speed);
  let pendingSinceMs: number | undefined;
  const sampleUntilStopped = async (): Promise<void> => {
    if (sampleGpus === undefined) return;
    for (;;) {
      pendingSinceMs = undefined;
      await clock.sleep(intervalMs, stop);
      pendingSinceMs = clock.monotonic();
      try {
        samples.push(await sampleGpus(stop));
      } catch (error) {
        if (stop.aborted) return;
        failures.push(errorText(error));
      }
    }
  };
  // It rejects when stopped.
  sampleUntilStopped().catch(() => undefined);
  return {
    read: () => {
      const readings = samples.flat();
      const valuesOf = (field: "clockMhz" | "temperatureC" | "powerW"): number[] =>
        readings.map((reading) => reading[field]).filter((value) => value !== undefined);
      const isOverdue =
        pendingSinceMs !== undefined && clock.monotonic() - pendingSinceMs > intervalMs;
      return {
        throttleReasons: [...new Set(readings.flatMap(({ throttle }) => throttle ?? []))],
        samples: samples.length,
        samplingProblem: samplingProblem(
          samples,
          isOverdue ? [...failures, "no answer"] : failures,
        ),
        meanClockMhz: ifAny(valuesOf("clockMhz"), mean),
        maxTemperatureC: ifAny(valuesOf("temperatureC"), (values) => Math.max(...values)),
        maxPowerW: ifAny(valuesOf("powerW"), (values) => Math.max(...values)),
      };
    },
    [Symbol.dispose]: () => {
      disposed.abort();
    },
  };
}

function samplingProblem(
  samples: readonly (readonly GpuSample[])[],
  failures: readonly string[],
): string | undefined {
  const [failure] = failures;
  if (failure !== undefined) {
    const total = samples.length + failures.length;
    return `${String(failures.length)} of ${String(total)} samples failed: ${failure}`;
  }
  return samples.flat().some(({ throttle }) => throttle === undefined)
    ? "nvidia-smi does not report whether the GPUs are throttled"
    : undefined;
}

function ifAny(
  values: readonly number[],
  summarise: (values: readonly number[]) => number,
): number | undefined {
  return values.length === 0 ? undefined : summarise(values);
}
