import type { PassRequest, RunPass } from "../../benchmark/benchmark.ts";
import { PassInvalidated, type PassHandlers } from "../../benchmark/run-passes.ts";
import type { PassResult } from "../../evidence/pass.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { Suite } from "../../evidence/suite.ts";
import type { MachineFacts } from "../../machine/machine.ts";
import { configurationKey } from "../configuration-key.ts";
import type { ServerReady, SweepPorts } from "../ports.ts";
import { diagnoseServerExit } from "./diagnose-server-exit.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";
import type { ServerJob } from "./start-server.ts";
import { toRecord } from "./to-record.ts";

/** Handlers that journal the events of `runPasses`, with a record of each pass. */
export function passRecorder(
  job: ServerJob,
  measured: {
    readonly served: ServerReady;
    readonly suite: Suite;
    readonly facts: MachineFacts;
    readonly vm: RentedVm;
  },
  scope: RentalScope,
): PassHandlers & {
  /** Why the latest unsound pass is not sound. */
  unsound(): string | undefined;
} {
  const { label, ports, settings, signal } = scope;
  const { journal } = ports;
  const { configuration } = job;
  const model = configuration.model.id;
  const key = configurationKey(configuration);
  const recordFor = (pass: PassResult): BenchmarkRecord => {
    const { region, priceMicroUsd } = measured.vm;
    const measuredOn = { label, region, priceMicroUsd, configuration };
    return toRecord({ ...measured, pass, job: measuredOn }, ports, settings);
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
      // Tests fail also because the connection is lost. Then this throws, and the pass is void and runs again.
      await job.machine.serverStatus(signal);
      unsound = result.verdict.reasons.join("; ");
      await journal.append({ type: "pass.failed", ...fact, reasons: [...result.verdict.reasons] });
      const exitReason = await diagnoseServerExit(job, ports, signal);
      if (exitReason !== undefined || noAnswer === undefined) return exitReason;
      return `the server runs, but does not answer: ${noAnswer}`;
    },
    async onVoid(pass, reason, result) {
      const detail = result === undefined ? {} : { record: recordFor(result) };
      await journal.append({ type: "pass.void", label, model, pass, reason, ...detail });
    },
  };
}

/** A pass during which the clock jumped is invalid, even if it succeeded. */
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
