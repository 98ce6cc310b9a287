import { mean } from "../evidence/statistics.ts";
import type { Clock } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import type { GpuSample } from "../machine/machine.ts";
import type { PassRequest } from "./benchmark.ts";

const EVERY_MS = 5_000;
/** Each sample is a command on the VM: never more than one in a real second. */
const EVERY_REAL_MS = 1_000;

/** What the GPUs did during a pass. */
export interface GpuWatch {
  /** Why they were slowed down, each reason once. */
  readonly reasons: readonly string[];
  readonly samples: number;
  /** Why throttling may have gone unseen; undefined where it would have been seen, or nobody was to look. */
  readonly gap: string | undefined;
  /** Over all GPUs and samples; undefined where nothing was told. */
  readonly clockMhz: number | undefined;
  readonly hottestC: number | undefined;
  readonly mostW: number | undefined;
}

/** Asks now and then what the GPUs do and what slows them, until it is disposed of. A sample that fails ends nothing. */
export function watchGpus(
  sampleGpus: PassRequest["sampleGpus"],
  clock: Clock,
  signal: AbortSignal,
): Disposable & { read(): GpuWatch } {
  const samples: (readonly GpuSample[])[] = [];
  const failures: string[] = [];
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const everyMs = Math.max(EVERY_MS, EVERY_REAL_MS * clock.speed);
  let askedMs = Infinity;
  const sample = async (): Promise<void> => {
    if (sampleGpus === undefined) return;
    for (;;) {
      askedMs = Infinity;
      await clock.sleep(everyMs, both);
      askedMs = clock.monotonic();
      try {
        samples.push(await sampleGpus(both));
      } catch (error) {
        if (both.aborted) return;
        failures.push(errorText(error));
      }
    }
  };
  // The end is an abort.
  sample().catch(() => undefined);
  return {
    read: () => {
      const readings = samples.flat();
      const told = (of: (reading: GpuSample) => number | undefined): number[] =>
        readings.map(of).filter((value) => value !== undefined);
      const most = (values: readonly number[]): number | undefined =>
        values.length === 0 ? undefined : Math.max(...values);
      const clocks = told(({ clockMhz }) => clockMhz);
      return {
        reasons: [...new Set(readings.flatMap(({ throttle }) => throttle ?? []))],
        samples: samples.length,
        gap: gapOf(
          samples,
          clock.monotonic() - askedMs > everyMs ? [...failures, "no answer"] : failures,
        ),
        clockMhz: clocks.length === 0 ? undefined : mean(clocks),
        hottestC: most(told(({ temperatureC }) => temperatureC)),
        mostW: most(told(({ powerW }) => powerW)),
      };
    },
    [Symbol.dispose]: () => {
      ended.abort();
    },
  };
}

function gapOf(
  samples: readonly (readonly GpuSample[])[],
  failures: readonly string[],
): string | undefined {
  const [failure] = failures;
  if (failure !== undefined) {
    const all = samples.length + failures.length;
    return `${String(failures.length)} of ${String(all)} samples failed: ${failure}`;
  }
  return samples.flat().some(({ throttle }) => throttle === undefined)
    ? "nvidia-smi does not tell what slows the GPUs"
    : undefined;
}
