import { randomUUID } from "node:crypto";
import type { PassRequest } from "../benchmark/benchmark.ts";
import type { Connection } from "../vllm/connection.ts";
import { runPass } from "../benchmark/run-pass.ts";
import { runPasses } from "../benchmark/run-passes.ts";
import { sizeSuite } from "../benchmark/size-suite.ts";
import { warmUp } from "../benchmark/warm-up.ts";
import { findModel } from "../catalog/model-catalog.ts";
import type { PassMode, TestResult } from "../evidence/pass.ts";
import { recordOfPass } from "../evidence/record-of-pass.ts";
import type { BenchmarkRecord, VllmConfig } from "../evidence/record.ts";
import type { Suite } from "../evidence/suite.ts";
import { openDatabase } from "../results/store/database.ts";
import type { Clock } from "../support/clock.ts";
import { errorText } from "../support/errors.ts";
import { describeServer } from "../vllm/describe-server.ts";

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
  /** Engine facts that the machine tells, beside those that the server tells. */
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
  /** One for each pass that ended. */
  readonly records: readonly BenchmarkRecord[];
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
  const records: BenchmarkRecord[] = [];
  const saved: string[] = [];
  const measure = async (): Promise<string | undefined> => {
    const request = {
      server: found.server,
      suite,
      load: job.load,
      seed: randomUUID(),
      clock: job.clock,
      sampleGpus: job.sampleGpus,
      mode: job.mode,
    };
    await warmUp({ ...request, seed: `${request.seed}/warm-up` }, signal);
    const passes = Array.from({ length: job.passes }, (_, index) => index + 1);
    return runPasses(
      { ...request, passes },
      {
        runPass,
        onStart: (pass, voided) => {
          if (voided !== undefined) note(`pass ${pass} again: it was void: ${voided}`);
          else if (job.passes > 1) note(`pass ${pass} of ${job.passes}`);
        },
        onTest: (_, test, index, tests) => {
          note(testLine(test, index, tests));
        },
        onPass: async (_, pass) => {
          const record = recordOfPass({
            id: randomUUID(),
            pass,
            suite,
            gpu: job.rented?.gpu ?? { id: "unknown", gpus: 0, vramGb: 0 },
            priceMicroUsd: job.rented?.priceMicroUsd ?? 0,
            model: { id: modelId, category: findModel(modelId)?.category ?? "unknown" },
            vllm: { ...job.engine, ...found.vllm },
            run: undefined,
            vm: job.vm,
            region: job.region,
            simulated: job.simulated ?? false,
            passesAsked: job.passes,
            timeZoneOffsetMinutes: new Date().getTimezoneOffset(),
            ...(job.provenance === undefined ? {} : { provenance: job.provenance }),
          });
          records.push(record);
          if (record.summary.verdict?.state === "sound" && isPublished(job)) {
            await openDatabase(job.database).take([record]);
            saved.push(record.id);
          }
          return undefined;
        },
        onVoid: () => Promise.resolve(),
      },
      signal,
    );
  };
  try {
    return { records, saved, incomplete: await measure(), error: undefined };
  } catch (error) {
    return { records, saved, incomplete: errorText(error), error };
  }
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
