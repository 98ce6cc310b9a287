import {
  NoAnswerError,
  type PassRequest,
  type RunPass,
  type ServerUnderTest,
} from "../../benchmark/benchmark.ts";
import { PassInvalidated, runPasses, type PassHandlers } from "../../benchmark/run-passes.ts";
import type { PassResult } from "../../evidence/pass.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { Suite } from "../../evidence/suite.ts";
import { type Machine, MachineError, type MachineFacts } from "../../machine/machine.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import { configurationKey } from "../configuration-key.ts";
import type { ServerReady, SweepPorts } from "../ports.ts";
import { interruptedPasses, passProgress, type PassProgress } from "../recorded-passes.ts";
import type { VmLink } from "./link.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";
import { diagnoseServerExit } from "./diagnose-server-exit.ts";
import { startServer, type ServerJob } from "./start-server.ts";
import { toRecord } from "./to-record.ts";

export type ConfigurationEnd = "measured" | "partial" | "failed";

/**
 * Serves one model, measures the passes that the journal does not hold yet, and records each the moment it ends. What
 * the server does wrong is journaled as this configuration's failure.
 * @param serverMayBeRunning with its weights loaded
 * @throws MachineError when the VM cannot be reached any more, or the signal's reason
 */
export async function measureConfiguration(
  configuration: Configuration,
  serverMayBeRunning: boolean,
  vm: RentedVm,
  link: VmLink,
  scope: RentalScope,
): Promise<ConfigurationEnd> {
  const { label, ports } = scope;
  const progress = (): PassProgress =>
    passProgress(ports.journal.events(), configuration, { label, gen: ports.ownership.gen });
  const outcome = await link.run(
    async (machine, again) => {
      if (again) await voidInterrupted(scope);
      const job = {
        label,
        configuration,
        machine,
        serverMayBeRunning: serverMayBeRunning || again,
      };
      return serveAndMeasure(job, progress(), vm, scope);
    },
    () => progress().recorded + progress().failed,
  );
  const { recorded } = progress();
  const state =
    recorded >= configuration.passes
      ? "measured"
      : recorded > 0 && outcome.served
        ? "partial"
        : "failed";
  await ports.journal.append({
    type: "configuration.finished",
    label,
    gpu: configuration.gpu.id,
    model: configuration.model.id,
    configuration: configurationKey(configuration),
    state,
    passes: recorded,
    reason: outcome.reason ?? null,
  });
  return state;
}

/** The pass in which the connection was lost; it is begun again. */
async function voidInterrupted({ label, ports }: RentalScope): Promise<void> {
  const cut = interruptedPasses(ports.journal.events(), "SSH was lost");
  for (const fact of cut.filter((pass) => pass.label === label)) await ports.journal.append(fact);
}

/** `reason` says why not all passes are sound. */
interface Outcome {
  readonly served: boolean;
  readonly reason: string | undefined;
}

/** A server that died or is mute is this model's failure, whatever the first sign of it was; a lost connection is thrown. */
async function serveAndMeasure(
  job: ServerJob,
  progress: PassProgress,
  vm: RentedVm,
  scope: RentalScope,
): Promise<Outcome> {
  const { ports, settings, signal } = scope;
  const served = await startServer(job, ports, settings, signal);
  if (!served.ready) return { served: false, reason: served.cause };
  try {
    return { served: true, reason: await measure(job, served, progress, vm, scope) };
  } catch (error) {
    signal.throwIfAborted();
    const death = await diagnoseServerExit(job, ports, signal);
    if (death !== undefined) return { served: true, reason: death };
    if (error instanceof NoAnswerError || isRefusedChannel(error))
      return { served: true, reason: `the server runs, but does not answer: ${error.message}` };
    throw error;
  }
}

/** @returns why not all passes are sound, if so */
async function measure(
  job: ServerJob,
  served: ServerReady,
  progress: PassProgress,
  vm: RentedVm,
  scope: RentalScope,
): Promise<string | undefined> {
  const { label, ports, settings, signal } = scope;
  const { configuration, machine } = job;
  const model = configuration.model.id;
  const server = serverOf(machine, model, served);
  const suite =
    configuration.prompts ??
    (await ports.measure.suiteFor(configuration.suites, server, ports.clock, signal));
  const facts = await machine.facts(signal);
  const request = {
    server,
    suite,
    load: configuration.load,
    clock: ports.clock,
    sampleGpus: (inner: AbortSignal) => machine.sampleGpus(inner),
  };
  await ports.measure.warmUp({ ...request, seed: `${label}/${model}/warm-up` }, signal);
  await ports.journal.append({ type: "warmup.finished", label, model });

  const first = progress.recorded + progress.failed + 1;
  const left = Math.max(0, configuration.passes - first + 1);
  const passes = Array.from({ length: left }, (_, index) => first + index);
  const handlers = recorder(job, { served, suite, facts, vm }, scope);
  const seed = `${settings.run}/${label}/${model}`;
  const stopped = await runPasses({ ...request, seed, passes }, handlers, signal);
  return stopped ?? handlers.unsound();
}

function serverOf(machine: Machine, model: string, { maxModelLen }: ServerReady): ServerUnderTest {
  return {
    async open(signal) {
      try {
        return await machine.openChannel(signal);
      } catch (error) {
        // SSH works, so it is the server that does not answer: the pass fails and keeps its finished tests.
        throw isRefusedChannel(error) ? new NoAnswerError(error.message) : error;
      }
    },
    basePath: "/v1",
    apiKey: undefined,
    model,
    maxModelLen,
  };
}

function isRefusedChannel(error: unknown): error is MachineError {
  return error instanceof MachineError && error.kind === "unreachable";
}

/** Journals what the loop over passes tells, and records each sound pass. */
function recorder(
  job: ServerJob,
  measured: {
    readonly served: ServerReady;
    readonly suite: Suite;
    readonly facts: MachineFacts;
    readonly vm: RentedVm;
  },
  scope: RentalScope,
): PassHandlers & { unsound(): string | undefined } {
  const { label, ports, settings, signal } = scope;
  const { journal } = ports;
  const { configuration } = job;
  const model = configuration.model.id;
  const key = configurationKey(configuration);
  const recordFor = (pass: PassResult): BenchmarkRecord => {
    const { region, priceMicroUsd } = measured.vm;
    const where = { label, region, priceMicroUsd, configuration };
    return toRecord({ ...measured, pass, job: where }, ports, settings);
  };
  let unsound: string | undefined;
  return {
    unsound: () => unsound,
    runPass: unlessClockJumps(ports),
    async onStart(pass) {
      const { passes } = configuration;
      const tests = measured.suite.tests.length;
      await journal.append({ type: "pass.started", label, model, pass, passes, tests });
    },
    onTest(pass, { name: test, category, outcome }, index, tests) {
      const metrics = outcome.kind === "measured" ? outcome.metrics : undefined;
      void journal
        .append({
          type: "test.finished",
          label,
          model,
          pass,
          test,
          category,
          index,
          tests,
          outcome: outcome.kind,
          tokens_per_sec: metrics === undefined ? null : metrics.completionTokens / metrics.bodyS,
          ttft_s: metrics?.ttftS ?? null,
          reason: outcome.kind === "measured" ? null : outcome.reason,
        })
        .catch(() => undefined);
    },
    async onPass(pass, result) {
      const record = recordFor(result);
      const { loadRequests = [], noAnswer } = result;
      const detail = loadRequests.length === 0 ? {} : { load_requests: loadRequests };
      const fact = { label, model, configuration: key, pass, record, ...detail };
      if (result.verdict.state === "sound") {
        await journal.append({ type: "pass.finished", ...fact });
        return undefined;
      }
      unsound = result.verdict.reasons.join("; ");
      await journal.append({ type: "pass.failed", ...fact, reasons: [...result.verdict.reasons] });
      const death = await diagnoseServerExit(job, ports, signal);
      if (death !== undefined || noAnswer === undefined) return death;
      return `the server runs, but does not answer: ${noAnswer}`;
    },
    async onVoid(pass, reason, result) {
      const detail = result === undefined ? {} : { record: recordFor(result) };
      await journal.append({ type: "pass.void", label, model, pass, reason, ...detail });
    },
  };
}

/** What was being measured while the clock jumped is worth nothing, however it ended. */
export function unlessClockJumps({
  measure: { runPass },
  nextJump,
}: Pick<SweepPorts, "measure" | "nextJump">): RunPass {
  if (nextJump === undefined) return runPass;
  return async (request: PassRequest, signal) => {
    const jump = nextJump();
    const invalidated = (): PassInvalidated => new PassInvalidated((jump.reason as Error).message);
    try {
      const result = await runPass(request, AbortSignal.any([signal, jump]));
      if (!jump.aborted) return result;
    } catch (error) {
      signal.throwIfAborted();
      if (!jump.aborted) throw error;
    }
    throw invalidated();
  };
}
