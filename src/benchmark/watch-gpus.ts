import { mean } from "../evidence/statistics.ts";
import type { Clock } from "../support/clock.ts";
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
  /** Over all GPUs and samples; undefined without any. */
  readonly clockMhz: number | undefined;
  readonly hottestC: number | undefined;
  readonly mostW: number | undefined;
}

/** Asks now and then what the GPUs do and what slows them, until it is disposed of. */
export function watchGpus(
  sampleGpus: PassRequest["sampleGpus"],
  clock: Clock,
  signal: AbortSignal,
): Disposable & { read(): GpuWatch } {
  const readings: GpuSample[] = [];
  let samples = 0;
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const sample = async (): Promise<void> => {
    if (sampleGpus === undefined) return;
    for (;;) {
      await clock.sleep(Math.max(EVERY_MS, EVERY_REAL_MS * clock.speed), both);
      readings.push(...(await sampleGpus(both)));
      samples += 1;
    }
  };
  // The end is an abort; a machine that does not answer shows in the requests themselves.
  sample().catch(() => undefined);
  const most = (of: (reading: GpuSample) => number): number | undefined =>
    readings.length === 0 ? undefined : Math.max(...readings.map(of));
  return {
    read: () => ({
      reasons: [...new Set(readings.flatMap(({ throttle }) => throttle))],
      samples,
      clockMhz: readings.length === 0 ? undefined : mean(readings.map(({ clockMhz }) => clockMhz)),
      hottestC: most(({ temperatureC }) => temperatureC),
      mostW: most(({ powerW }) => powerW),
    }),
    [Symbol.dispose]: () => {
      ended.abort();
    },
  };
}
