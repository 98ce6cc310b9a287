import type { Configuration } from "../plan/coverage-plan.ts";
import type { Forecast } from "./estimate.ts";
import { passesSeconds } from "./pass-seconds.ts";

export type StageMinutes = Forecast["stages"];
/** The usual duration, or the longest that is still normal. */
export type Pace = "likely" | "worst";

/** Create to `running` takes 1 to 3 minutes, and the guest's SSH some seconds more. */
const BOOT_SECONDS = 110;
/** Driver, Docker, container toolkit and about 9 GB of image, partly at the same time. */
const SETUP_SECONDS = 450;
/** From the Hub to a VM. An assumption: no figures for Linode have been published. */
const DOWNLOAD_BYTES_PER_SECOND = 150e6;
/**
 * Python, compilation, graphs, cache profile; then each GPU reads its share of the weights. Starts of three to five
 * minutes are usual.
 */
const START_SECONDS = 120;
const START_SECONDS_PER_GIB = 7;
/** Factor on Turing, from a log: 327 s from engine start to ready, for a 27B model on two Quadros. */
const TURING_START = 1.6;
/** Stopping the previous server, waiting for the new one, and a test completion. */
const CHANGE_SECONDS = 20;

/**
 * Ratios of the worst case to the likely one. Boot, set-up, download and load vary by 40 %, speeds by 20 %; the rest
 * allows for errors of these constants and for a reboot during set-up.
 */
const WORST = { boot: 2, setup: 1.8, download: 1.8, load: 1.8, passes: 1.6 };

export function forecastStages(configurations: readonly Configuration[], pace: Pace): StageMinutes {
  const minutes = (stage: keyof StageMinutes, seconds: number): number =>
    (seconds / 60) * (pace === "worst" ? WORST[stage] : 1);
  const total = (seconds: (configuration: Configuration) => number): number =>
    configurations.reduce((sum, configuration) => sum + seconds(configuration), 0);
  return {
    boot: minutes("boot", BOOT_SECONDS),
    setup: minutes("setup", SETUP_SECONDS),
    download: minutes("download", total(downloadSeconds)),
    load: minutes("load", total(loadSeconds)),
    passes: minutes("passes", total(passesSeconds)),
  };
}

export function totalMinutes({ boot, setup, download, load, passes }: StageMinutes): number {
  return boot + setup + download + load + passes;
}

function downloadSeconds({ model }: Configuration): number {
  return (model.checkpointGib * 2 ** 30) / DOWNLOAD_BYTES_PER_SECOND;
}

function loadSeconds({ gpu, fit }: Configuration): number {
  const seconds = START_SECONDS + fit.weightsGibPerGpu * START_SECONDS_PER_GIB;
  return CHANGE_SECONDS + seconds * (gpu.card.computeCapability < 80 ? TURING_START : 1);
}
