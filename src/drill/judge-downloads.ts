import { forecastStages } from "../estimate/forecast.ts";
import type { SweepEvent } from "../journal/events.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import {
  eventsOfVm,
  findEvent,
  finding,
  modelName,
  secondsBetween,
  secondsText,
} from "./finding.ts";
import type { Aspect, Finding, RunEvidence } from "./finding.ts";
import type { ServerStart } from "./live-evidence.ts";

const BYTES_PER_GIB = 2 ** 30;

/** Check 6: how long an image, a download and a start take. */
export function judgeDurations(run: RunEvidence): Finding {
  const { evidence } = run;
  const events = eventsOfVm(run);
  const [awq, gptOss] = evidence.configurations ?? [];
  const worst = forecastStages([], "worst");
  const setup = secondsBetween(findEvent(events, "ssh.ready"), findEvent(events, "machine.ready"));
  const { pullSeconds, unpackSeconds } = evidence.afterSetup ?? {};
  const image =
    pullSeconds === undefined || unpackSeconds === undefined
      ? ""
      : `, of which the image ${secondsText(pullSeconds)} to pull and ${secondsText(unpackSeconds)} more to unpack`;
  const leastRate = awq && bytesOf(awq) / (60 * forecastStages([awq], "worst").download);
  return finding(
    {
      number: 6,
      check: "image, downloads and starts",
      expected: `set-up within ${secondsText(60 * worst.setup)}, weights at ${rateText(leastRate)} or more with Xet and without, starts within the forecast`,
    },
    [
      {
        holds: setup === undefined ? undefined : setup <= 60 * worst.setup,
        seen: `set-up ${secondsText(setup ?? 0)}${image}`,
        change: "Raise SETUP_SECONDS in src/estimate/forecast.ts.",
      },
      rateAspect("with Xet", awq, leastRate, events),
      rateAspect("without Xet", gptOss, leastRate, events),
      startAspect(awq, readyStart(awq, events)),
      startAspect(gptOss, durationOf(evidence.startWithoutXet)),
    ],
    run,
  );
}

/** Check 7: a download that was killed, and the start after it. */
export function judgeKilledDownload(run: RunEvidence): Finding {
  const { configurations, killedDownload } = run.evidence;
  const [configuration] = configurations ?? [];
  const { incompleteFiles = 0, incompleteFilesAfterRestart: left } = killedDownload ?? {};
  const start = configuration && readyStart(configuration, eventsOfVm(run));
  return finding(
    {
      number: 7,
      check: "a download killed midway, then served again",
      expected: "incomplete files are left, the next start removes them, and the model is served",
    },
    [
      {
        holds: killedDownload && incompleteFiles > 0,
        seen: `killed after ${gb(killedDownload?.bytes)}: ${files(incompleteFiles)} left`,
        change:
          "The Hub's client uses another name for incomplete files: correct `*.incomplete` in templates/agent.py.",
      },
      {
        holds: left === undefined ? undefined : left === 0,
        seen: `${files(left ?? 0)} after the next start`,
        change:
          "Correct remove_parts in templates/agent.py: orphaned files look like a download in progress.",
      },
      {
        holds: killedDownload && start !== undefined,
        seen: start === undefined ? "the model was not served again" : "the model was served again",
        change: "See `maider-sweep logs`: a model must be served after a broken download.",
      },
    ],
    run,
  );
}

function rateAspect(
  how: string,
  configuration: Configuration | undefined,
  least: number | undefined,
  events: readonly SweepEvent[],
): Aspect {
  const rate = configuration && downloadRate(configuration.model.id, events);
  return {
    holds: rate === undefined || least === undefined ? undefined : rate >= least,
    seen: `${how} ${rateText(rate)}`,
    change: `Set DOWNLOAD_BYTES_PER_SECOND in src/estimate/forecast.ts to what was seen ${how}; if only Xet is slow, disable it.`,
  };
}

/** Bytes a second of the download after the model's last start; undefined where none was seen. */
export function downloadRate(model: string, events: readonly SweepEvent[]): number | undefined {
  const start = events.findLastIndex(
    (event) => event.type === "server.starting" && event.model === model,
  );
  const looks = events
    .slice(start)
    .filter((event) => event.type === "server.progressed" && event.model === model)
    .filter((event) => event.type === "server.progressed" && event.bytes > 0);
  const [first] = looks;
  const last =
    looks.find((event) => event.type === "server.progressed" && event.stage === "load") ??
    looks.at(-1);
  const seconds = secondsBetween(first, last);
  if (first?.type !== "server.progressed" || last?.type !== "server.progressed") return undefined;
  if (seconds === undefined || seconds <= 0) return undefined;
  return (last.bytes - first.bytes) / seconds;
}

function startAspect(
  configuration: Configuration | undefined,
  seconds: number | undefined,
): Aspect {
  const name = modelName(configuration, "the model");
  const limit = configuration && 60 * forecastStages([configuration], "worst").load;
  return {
    holds: seconds === undefined || limit === undefined ? undefined : seconds <= limit,
    seen: `${name} started in ${secondsText(seconds ?? 0)} (forecast: ${secondsText(limit ?? 0)} at most)`,
    change: "Raise START_SECONDS in src/estimate/forecast.ts.",
  };
}

/** Seconds of a model's start, its download left out; undefined if it did not come up. */
function readyStart(
  configuration: Configuration | undefined,
  events: readonly SweepEvent[],
): number | undefined {
  const ready = events.findLast(
    (event) => event.type === "server.ready" && event.model === configuration?.model.id,
  );
  return ready?.type === "server.ready" ? ready.seconds - ready.download_seconds : undefined;
}

function durationOf(start: ServerStart | undefined): number | undefined {
  return start?.ready === true ? start.seconds - start.downloadSeconds : undefined;
}

function bytesOf({ model }: Configuration): number {
  return model.checkpointGib * BYTES_PER_GIB;
}

function gb(bytes = 0): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function rateText(bytesPerSecond: number | undefined): string {
  return bytesPerSecond === undefined
    ? "at an unknown rate"
    : `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;
}

function files(count: number): string {
  return count === 1 ? "1 incomplete file" : `${String(count)} incomplete files`;
}
