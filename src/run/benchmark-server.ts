import { randomUUID } from "node:crypto";
import type { PassRequest } from "../benchmark/benchmark.ts";
import { runPass } from "../benchmark/run-pass.ts";
import { runPasses } from "../benchmark/run-passes.ts";
import type { PassHandlers } from "../benchmark/run-passes.ts";
import { resultOf } from "../benchmark/run-test.ts";
import { sizeSuite } from "../benchmark/size-suite.ts";
import { warmUp } from "../benchmark/warm-up.ts";
import { findModel } from "../catalog/model-catalog.ts";
import type { MeasuredPass } from "../evidence/benchmark-file.ts";
import type { PassMode, PassResult, TestResult } from "../evidence/pass.ts";
import { recordOfPass } from "../evidence/record-of-pass.ts";
import type { BenchmarkRecord, Verdict, VllmConfig } from "../evidence/record.ts";
import type { Suite } from "../evidence/suite.ts";
import { openDatabase } from "../results/store/database.ts";
import type { Clock } from "../support/clock.ts";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";
import type { Connection, ServerUnderTest } from "../vllm/connection.ts";
import { describeServer } from "../vllm/describe-server.ts";
import type { DescribedServer } from "../vllm/describe-server.ts";

/** A benchmark of a server that is already running. */
export interface BenchmarkJob {
  readonly connection: Connection;
  /** For messages. */
  readonly apiBase: string;
  /** Served name or repository; undefined means the first model that the server lists. */
  readonly model: string | undefined;
  /** Repository of the model, if the server does not report the right one. */
  readonly modelId?: string | undefined;
  readonly suite: Suite;
  /** `all`, a category, or `custom`. */
  readonly categoryFilter: string;
  readonly passes: number;
  readonly load: readonly number[];
  readonly mode: PassMode;
  /** If undefined, there are no costs and no record. */
  readonly rented: RentedGpu | undefined;
  readonly session?: string | undefined;
  readonly vm?: string | undefined;
  readonly region?: string | undefined;
  readonly simulated?: boolean;
  /** Engine settings read from the machine, in addition to those that the server reports. */
  readonly engine?: Partial<VllmConfig>;
  /** Facts about the machine for the record. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  readonly sampleGpus?: PassRequest["sampleGpus"];
  /** If undefined, no record is written. */
  readonly database: string | undefined;
  readonly clock: Clock;
}

export interface RentedGpu {
  readonly gpu: { readonly id: string; readonly gpus: number; readonly vramGb: number };
  readonly priceMicroUsd: number;
}

/** The results of a benchmark, even if it ended early. */
export interface BenchmarkResult {
  /** Finished passes, sound or failed. */
  readonly passes: readonly MeasuredPass[];
  /** Void passes, and an interrupted one with its finished tests. */
  readonly voided: readonly MeasuredPass[];
  /** Ids of the records that were written to the database. */
  readonly saved: readonly string[];
  /** Why passes are missing. */
  readonly incomplete: string | undefined;
  /** The error that ended it early, such as an interruption or a server that stopped. */
  readonly error: unknown;
}

/**
 * Measures a server and publishes each sound pass when it ends.
 * @param note called with lines about the progress
 * @throws SweepError if the server cannot be described; the signal's reason if it aborts before a pass begins
 */
export async function benchmarkServer(
  job: BenchmarkJob,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<BenchmarkResult> {
  const found = await describeServer(job.connection, job.model, job.clock, signal);
  const modelId = job.modelId ?? found.modelId;
  const version = found.vllm.vllm_version ?? "of unknown version";
  note(`${modelId} at ${job.apiBase} (vLLM ${version}, window ${found.server.maxModelLen})`);
  const suite = await sizeSuite(found.server, job.suite, job.clock, signal);
  const measured = (pass: number, result: PassResult): MeasuredPass => ({
    pass,
    record: recordFor(job, { ...found, modelId }, suite, result),
    loadRequests: result.loadRequests ?? [],
  });

  const passes: MeasuredPass[] = [];
  const voided: MeasuredPass[] = [];
  const saved: string[] = [];
  const attempt = currentAttempt(suite, job.clock);
  const handlers: PassHandlers = {
    runPass,
    onStart: (pass, reason) => {
      attempt.begin(pass);
      if (reason !== undefined) note(`pass ${pass} again: it was void: ${reason}`);
      else if (job.passes > 1) note(`pass ${pass} of ${job.passes}`);
    },
    onTest: (_, test, index, tests) => {
      attempt.add(test);
      note(testLine(test, index, tests));
    },
    onPass: async (pass, result) => {
      attempt.end();
      const finished = measured(pass, result);
      passes.push(finished);
      if (result.verdict.state === "sound" && isPublished(job)) {
        await openDatabase(job.database).publishWithCopies([finished.record]);
        saved.push(finished.record.id);
      }
      if (result.noAnswer !== undefined) throw stoppedAnswering(result.noAnswer);
      return undefined;
    },
    onVoid: (pass, _, result) => {
      attempt.end();
      if (result !== undefined) voided.push(measured(pass, result));
      return Promise.resolve();
    },
  };
  try {
    const incomplete = await warmUpAndRun(job, found.server, suite, handlers, signal);
    return { passes, voided, saved, incomplete, error: undefined };
  } catch (error) {
    const reason = reasonOf(error);
    const partial = attempt.interrupt(reason);
    if (partial !== undefined) voided.push(measured(partial.pass, partial.result));
    return { passes, voided, saved, incomplete: reason, error };
  }
}

async function warmUpAndRun(
  job: BenchmarkJob,
  server: ServerUnderTest,
  suite: Suite,
  handlers: PassHandlers,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { load, clock, sampleGpus, mode } = job;
  const request = { server, suite, load, seed: randomUUID(), clock, sampleGpus, mode };
  await warmUp({ ...request, seed: `${request.seed}/warm-up` }, signal);
  const passes = Array.from({ length: job.passes }, (_, index) => index + 1);
  return runPasses({ ...request, passes }, handlers, signal);
}

function recordFor(
  job: BenchmarkJob,
  found: DescribedServer,
  suite: Suite,
  pass: PassResult,
): BenchmarkRecord {
  const { modelId } = found;
  // If the machine was read, the settings are complete without the server's own list, as in a sweep's record.
  const isBare = job.engine?.image === undefined;
  return recordOfPass({
    id: randomUUID(),
    pass,
    suite,
    gpu: job.rented?.gpu ?? { id: "unknown", gpus: 0, vramGb: 0 },
    priceMicroUsd: job.rented?.priceMicroUsd ?? 0,
    model: { id: modelId, category: findModel(modelId)?.category ?? "unknown" },
    vllm: {
      ...job.engine,
      ...found.vllm,
      ...(isBare ? { server_config: found.serverConfig } : {}),
    },
    run: undefined,
    vm: job.vm,
    region: job.region,
    simulated: job.simulated ?? false,
    passesAsked: job.passes,
    timeZoneOffsetMinutes: new Date(pass.finishedMs).getTimezoneOffset(),
    ...(job.provenance === undefined ? {} : { provenance: job.provenance }),
  });
}

/** Collects the finished tests of the current pass, so that they are not lost if it is interrupted. */
function currentAttempt(suite: Suite, clock: Clock) {
  let running: { readonly pass: number; readonly startedMs: number } | undefined;
  let finished: TestResult[] = [];
  return {
    begin: (pass: number): void => {
      running = { pass, startedMs: clock.now() };
      finished = [];
    },
    add: (test: TestResult): void => {
      finished.push(test);
    },
    end: (): void => {
      running = undefined;
    },
    /** The current pass as a void result; undefined if no test of it has finished. */
    interrupt: (
      why: string,
    ): { readonly pass: number; readonly result: PassResult } | undefined => {
      if (running === undefined || finished.length === 0) return undefined;
      const tests = suite.tests.map(
        (test) =>
          finished.find(({ name }) => name === test.name) ??
          resultOf(test, { kind: "failed", reason: "not run: the pass was interrupted" }),
      );
      const verdict: Verdict = { state: "void", reasons: [`interrupted: ${why}`] };
      const { pass, startedMs } = running;
      return { pass, result: { tests, verdict, load: [], startedMs, finishedMs: clock.now() } };
    },
  };
}

function stoppedAnswering(reason: string): SweepError {
  return new SweepError("the server stopped answering", {
    exitCode: ExitCode.provider,
    reason,
    hint: "see the server's log; the results contain the tests that were measured before, marked as void",
  });
}

function reasonOf(error: unknown): string {
  return error instanceof SweepError ? (error.reason ?? error.message) : errorText(error);
}

/** Readers rank all records in the database, so only passes that were measured in the standard way are published. */
function isPublished(job: BenchmarkJob): job is BenchmarkJob & { readonly database: string } {
  return job.database !== undefined && job.rented !== undefined && job.mode === "fixed";
}

function testLine({ name, category, outcome }: TestResult, index: number, tests: number): string {
  const head = `Test ${index}/${tests}: ${name} (${category})`;
  if (outcome.kind === "not_applicable") return `${head}: not applicable: ${outcome.reason}`;
  if (outcome.kind === "failed") return `${head}: failed: ${outcome.reason}`;
  const { completionTokens, bodyS, ttftS } = outcome.metrics;
  const first = (ttftS * 1000).toFixed(0);
  return `${head}: ${completionTokens} tokens in ${bodyS.toFixed(2)}s, ${(completionTokens / bodyS).toFixed(1)} tokens/s, TTFT ${first} ms`;
}
