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

/** A benchmark of a server that runs already, wherever it is. */
export interface BenchmarkJob {
  readonly connection: Connection;
  /** For messages. */
  readonly apiBase: string;
  /** Served name or repository; undefined = the first that the server lists. */
  readonly model: string | undefined;
  /** Repository of the model where the caller knows it better than the server. */
  readonly modelId?: string | undefined;
  readonly suite: Suite;
  /** `all`, a category, or `custom`. */
  readonly categoryFilter: string;
  readonly passes: number;
  readonly load: readonly number[];
  readonly mode: PassMode;
  /** Without it there are figures but no costs and no record. */
  readonly rented: RentedGpu | undefined;
  readonly session?: string | undefined;
  readonly vm?: string | undefined;
  readonly region?: string | undefined;
  readonly simulated?: boolean;
  /** Engine facts read from the machine, in addition to those that the server gives. */
  readonly engine?: Partial<VllmConfig>;
  /** Read from the machine. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  readonly sampleGpus?: PassRequest["sampleGpus"];
  /** Undefined = no record is written. */
  readonly database: string | undefined;
  readonly clock: Clock;
}

export interface RentedGpu {
  readonly gpu: { readonly id: string; readonly gpus: number; readonly vramGb: number };
  readonly priceMicroUsd: number;
}

/** What a benchmark has measured, also when it was cut short. */
export interface BenchmarkResult {
  /** One for each pass that ended, sound or failed. */
  readonly passes: readonly MeasuredPass[];
  /** Attempts that were void, and one that was cut off with what it had measured. */
  readonly voided: readonly MeasuredPass[];
  /** Ids of the records that are in the database now. */
  readonly saved: readonly string[];
  /** Why not all passes are here. */
  readonly incomplete: string | undefined;
  /** What ended it early: an interruption, or a server that is gone. */
  readonly error: unknown;
}

/**
 * Measures a server, and publishes each sound pass when it ends.
 * @param note is called with what happens, a line each.
 * @throws SweepError when the server cannot be described; the signal's reason when it aborts before a pass begins.
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
      const ended = measured(pass, result);
      passes.push(ended);
      if (result.verdict.state === "sound" && isPublished(job)) {
        await openDatabase(job.database).publishWithCopies([ended.record]);
        saved.push(ended.record.id);
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
    const cutOff = attempt.cutOff(reason);
    if (cutOff !== undefined) voided.push(measured(cutOff.pass, cutOff.result));
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
  // Where the machine was read, more is known than an API can say, and the key is that of a sweep.
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

/** The tests of the attempt that is running, so that they are not lost with it. */
function currentAttempt(suite: Suite, clock: Clock) {
  let running: { readonly pass: number; readonly startedMs: number } | undefined;
  let ended: TestResult[] = [];
  return {
    begin: (pass: number): void => {
      running = { pass, startedMs: clock.now() };
      ended = [];
    },
    add: (test: TestResult): void => {
      ended.push(test);
    },
    end: (): void => {
      running = undefined;
    },
    /** The attempt as far as it came; undefined when none is running or no test has ended. */
    cutOff: (why: string): { readonly pass: number; readonly result: PassResult } | undefined => {
      if (running === undefined || ended.length === 0) return undefined;
      const tests = suite.tests.map(
        (test) =>
          ended.find(({ name }) => name === test.name) ??
          resultOf(test, { kind: "failed", reason: "not run: the pass was cut off" }),
      );
      const verdict: Verdict = { state: "void", reasons: [`cut off: ${why}`] };
      const { pass, startedMs } = running;
      return { pass, result: { tests, verdict, load: [], startedMs, finishedMs: clock.now() } };
    },
  };
}

function stoppedAnswering(reason: string): SweepError {
  return new SweepError("the server stopped answering", {
    exitCode: ExitCode.provider,
    reason,
    hint: "see the server's own log; the tests that were measured before that are in the results, marked",
  });
}

function reasonOf(error: unknown): string {
  return error instanceof SweepError ? (error.reason ?? error.message) : errorText(error);
}

/** Readers of the database rank what they find there, so only the standard way of measuring gets in. */
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
