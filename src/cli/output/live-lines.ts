import { countText } from "../../support/count-text.ts";
import { gpuName, modelName } from "../../catalog/short-names.ts";
import {
  NO_PROGRESS,
  type RentalProgress,
  type RunProgress,
} from "../../run-state/fold-progress.ts";
import { foldLedger } from "../../run-state/ledger.ts";
import {
  OPEN_STAGES,
  type RentalStage,
  type RentalState,
  type RunState,
} from "../../run-state/run-state.ts";
import { isInterruption } from "../../support/interrupts.ts";
import { formatUsd } from "../../support/money.ts";

export interface LiveLine {
  readonly text: string;
  readonly tone: "waiting" | "running" | "done" | "failed";
}

export interface LiveLines {
  /** One for each rental of the plan, in its order. */
  readonly rentals: readonly LiveLine[];
  readonly footer: readonly string[];
}

const HOUR_MS = 3_600_000;
const GPU_WIDTH = 12;
const MODEL_WIDTH = 26;
const BARS = { done: "✔", failed: "✖", running: "▸", waiting: "·" } as const;

/** The state of a sweep for a terminal of 80 columns. Times are milliseconds since the epoch. */
export function liveLines(
  state: RunState,
  progress: RunProgress,
  nowMs: number,
  expectedMinutes?: number,
): LiveLines {
  const bySeq = new Map([...state.rentals.values()].map((rental) => [rental.rental, rental]));
  const lost = new Map(state.notStarted.map((event) => [event.rental, event]));
  const seqs = new Set<number>([...bySeq.keys(), ...lost.keys()]);
  for (let seq = 1; seq <= (state.opened?.rentals ?? 0); seq += 1) seqs.add(seq);
  const rentals = [...seqs]
    .toSorted((a, b) => a - b)
    .map((seq): LiveLine => {
      const missed = lost.get(seq);
      if (missed !== undefined)
        return line(seq, missed.gpu, "", `not started: ${missed.reason}`, "failed");
      const rental = bySeq.get(seq);
      if (rental === undefined) return line(seq, "", "", "waiting", "waiting");
      const work = progress.get(rental.label) ?? NO_PROGRESS;
      const models = modelsText(rental, work);
      return line(seq, rental.gpu, models, stageText(rental, work, nowMs), toneOf(rental, state));
    });
  return { rentals, footer: footer(state, nowMs, expectedMinutes) };
}

const MODEL_STAGES: ReadonlySet<RentalStage> = new Set(["serving", "warming", "measuring"]);

/** The model that a VM works on; before and after that the first of its models, and how many more it has. */
function modelsText({ models, stage }: RentalState, { model }: RentalProgress): string {
  if (model !== undefined && MODEL_STAGES.has(stage)) return modelName(model);
  const [first = "", ...others] = models;
  return others.length === 0 ? modelName(first) : `${modelName(first)} +${String(others.length)}`;
}

function line(
  seq: number,
  gpu: string,
  model: string,
  text: string,
  tone: LiveLine["tone"],
): LiveLine {
  const columns = [
    BARS[tone],
    String(seq).padStart(2),
    fit(gpuName(gpu), GPU_WIDTH),
    fit(model, MODEL_WIDTH),
    text,
  ];
  return { text: columns.join(" "), tone };
}

function toneOf(rental: RentalState, state: RunState): LiveLine["tone"] {
  const failed = state.configurations.some(
    (event) =>
      event.label === rental.label &&
      event.state !== "measured" &&
      !isInterruption(event.reason ?? ""),
  );
  if (failed || (rental.failure !== undefined && !isInterruption(rental.failure))) return "failed";
  return rental.stage === "settled" || rental.stage === "gone" ? "done" : "running";
}

const STAGES: Readonly<Record<RentalStage, string>> = {
  reserved: "reserved",
  creating: "creating",
  unknown: "created? looking",
  booting: "booting",
  connecting: "waiting for SSH",
  setup: "setting up",
  ready: "ready",
  serving: "starting vLLM",
  warming: "warming up",
  measuring: "measuring",
  held: "held",
  destroying: "destroying",
  gone: "gone",
  settled: "done",
};

/** The stage of a rental, in at most 34 characters, of which the last change most. */
export function stageText(rental: RentalState, work: RentalProgress, nowMs: number): string {
  const minutes = Math.max(0, Math.floor((nowMs - rental.sinceMs) / 60_000));
  const name = STAGES[rental.stage];
  if (rental.settled !== undefined)
    return `${rental.settled.hours} h ${formatUsd(rental.settled.microUsd)}${rental.failure === undefined ? "" : `, ${rental.failure}`}`;
  if (rental.stage === "measuring") {
    const speed = work.tokensPerSec === undefined ? "" : ` ${work.tokensPerSec.toFixed(1)} tok/s`;
    return `pass ${work.pass ?? 1}/${work.passes ?? 1} test ${work.testIndex ?? 0}/${work.tests ?? 0}${speed}`;
  }
  if (rental.stage === "setup" && work.setup !== undefined)
    return `set-up ${work.setup.index}/${work.setup.stages}: ${work.setup.stage}`;
  if (work.download !== undefined && work.download.bytes > 0) {
    return downloadText(work.download.bytes, work.download.totalBytes, nowMs - rental.sinceMs);
  }
  return minutes === 0 ? name : `${name}, ${minutes} min`;
}

/** `12.3/45.6 GB 150 MB/s 4 min left`; the rate is the average since the server was started. */
function downloadText(bytes: number, total: number | undefined, elapsedMs: number): string {
  const gigabytes = (bytes / 1e9).toFixed(1);
  const rate = bytes / Math.max(1, elapsedMs / 1000);
  const speed = `${(rate / 1e6).toFixed(0)} MB/s`;
  if (total === undefined) return `weights ${gigabytes} GB ${speed}`;
  const left = Math.ceil(Math.max(0, total - bytes) / rate / 60);
  return `${gigabytes}/${(total / 1e9).toFixed(1)} GB ${speed} ${String(left)} min left`;
}

function footer(state: RunState, nowMs: number, expectedMinutes: number | undefined): string[] {
  const ledger = foldLedger(state, nowMs);
  const simulated = (state.opened?.world ?? null) === null ? "" : "SIMULATED  ";
  const money = `${simulated}spent ${formatUsd(ledger.spentMicroUsd)}  reserved ${formatUsd(ledger.reservedMicroUsd)}  left ${formatUsd(ledger.leftMicroUsd)} of ${formatUsd(ledger.capMicroUsd)}`;
  const parts = [passesText(state)];
  const left = minutesLeft(state, nowMs, expectedMinutes);
  if (left !== undefined) parts.push(`about ${left} min left`);
  const hour = nextBilledHour(state.rentals.values(), nowMs);
  if (hour !== undefined) parts.push(`next billed hour in ${hour} min`);
  const stopping = state.stopping === undefined ? [] : [`stopping: ${state.stopping}`];
  return [money, parts.join("  "), ...stopping];
}

function passesText(state: RunState): string {
  const passes = state.passes.filter(({ type }) => type === "pass.finished").length;
  const total = totalPasses(state);
  return total === 0 ? countText(passes, "pass", "passes") : `${passes} of ${total} passes`;
}

/** Version 0.1 did not write the total: configurations with fewer passes then count as if they had the most. */
function totalPasses({ opened }: RunState): number {
  if (opened === undefined) return 0;
  return opened.total_passes ?? opened.configurations * opened.passes;
}

/** From the estimate until its time is up; afterwards from the share of the passes that is done. */
export function minutesLeft(
  state: RunState,
  nowMs: number,
  expectedMinutes: number | undefined,
): number | undefined {
  if (state.opened === undefined || state.closed !== undefined) return undefined;
  const elapsed = (nowMs - Date.parse(state.opened.ts)) / 60_000;
  const byEstimate = (expectedMinutes ?? 0) - elapsed;
  if (byEstimate > 0) return Math.ceil(byEstimate);
  const done = state.passes.filter(({ type }) => type !== "pass.void").length;
  const total = totalPasses(state);
  if (done === 0 || done >= total) return undefined;
  return Math.ceil((elapsed / done) * (total - done));
}

/** Minutes until one of the open rentals begins another hour that Linode bills. */
export function nextBilledHour(rentals: Iterable<RentalState>, nowMs: number): number | undefined {
  const minutes = [...rentals]
    .filter(({ stage, createSentMs }) => OPEN_STAGES.has(stage) && createSentMs !== undefined)
    .map(({ createSentMs = nowMs }) => {
      const into = (((nowMs - createSentMs) % HOUR_MS) + HOUR_MS) % HOUR_MS;
      return Math.ceil((HOUR_MS - into) / 60_000);
    });
  return minutes.length === 0 ? undefined : Math.min(...minutes);
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}
