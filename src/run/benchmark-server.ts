import { randomUUID } from "node:crypto";
import type { PassRequest } from "../benchmark/benchmark.ts";
import type { Connection } from "../vllm/connection.ts";
import { describeServer } from "../vllm/describe-server.ts";
import { runPass } from "../benchmark/run-pass.ts";
import { runPasses } from "../benchmark/run-passes.ts";
import { sizeSuite } from "../benchmark/size-suite.ts";
import { warmUp } from "../benchmark/warm-up.ts";
import { findModel } from "../catalog/model-catalog.ts";
import { benchmarkFile, hasFigures } from "../evidence/benchmark-file.ts";
import type { PassMode, TestResult } from "../evidence/pass.ts";
import { recordOfPass } from "../evidence/record-of-pass.ts";
import type { BenchmarkRecord, VllmConfig } from "../evidence/record.ts";
import type { Suite } from "../evidence/suite.ts";
import { benchmarkText } from "../report/benchmark-text.ts";
import { openDatabase } from "../results/store/database.ts";
import type { Clock } from "../support/clock.ts";
import { errorText, ExitCode } from "../support/errors.ts";
import type { Terminal } from "../cli/command.ts";
import { writeOutput } from "../cli/output/output-file.ts";
import { tableStyle } from "./read-records.ts";
import { Interrupted } from "../support/interrupts.ts";

/** A benchmark of a server that runs already, wherever it is. */
export interface BenchmarkJob {
  readonly connection: Connection;
  /** For the user's eyes. */
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
  /** Where the JSON goes. */
  readonly output: string;
  /** Undefined = no record is written. */
  readonly database: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly clock: Clock;
}

export interface RentedGpu {
  readonly gpu: { readonly id: string; readonly gpus: number; readonly vramGb: number };
  readonly priceMicroUsd: number;
}

/**
 * Measures, writes the file unless no test of any pass was measured, publishes each sound pass, and tells. Passes that
 * ended before an interruption or a broken connection are kept.
 * @throws SweepError when the server cannot be measured, the file or the database cannot be written.
 */
export async function benchmarkServer(job: BenchmarkJob, terminal: Terminal): Promise<ExitCode> {
  const signal = terminal.signals.stop;
  const say = (line: string): void => {
    if (!job.quiet) terminal.stderr.write(`${line}\n`);
  };
  try {
    const found = await describeServer(job.connection, job.model, job.clock, signal);
    const modelId = job.modelId ?? found.modelId;
    const version = found.vllm.vllm_version ?? "of unknown version";
    say(`${modelId} at ${job.apiBase} (vLLM ${version}, window ${found.server.maxModelLen})`);
    const suite = await sizeSuite(found.server, job.suite, job.clock, signal);
    const records: BenchmarkRecord[] = [];
    const saved: string[] = [];
    const keep = async (record: BenchmarkRecord): Promise<void> => {
      records.push(record);
      if (record.summary.verdict?.state !== "sound" || !isPublished(job)) return;
      await openDatabase(job.database).take([record]);
      saved.push(record.id);
    };
    let ended: unknown;
    const measured = async (): Promise<string | undefined> => {
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
            if (voided !== undefined) say(`pass ${pass} again: it was void: ${voided}`);
            else if (job.passes > 1) say(`pass ${pass} of ${job.passes}`);
          },
          onTest: (_, test, index, tests) => {
            say(testLine(test, index, tests));
          },
          onPass: async (_, pass) => {
            await keep(
              recordOfPass({
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
              }),
            );
            return undefined;
          },
          onVoid: () => Promise.resolve(),
        },
        signal,
      );
    };
    const incomplete = await measured().catch((error: unknown) => {
      ended = error;
      return errorText(error);
    });
    if (records.length > 0) await tell(job, terminal, records, saved, incomplete);
    if (ended !== undefined) throw ended;
    if (incomplete !== undefined && records.length === 0)
      terminal.stderr.write(`no figures: ${incomplete}\n`);
    return incomplete === undefined && records.every(isSound) ? ExitCode.done : ExitCode.incomplete;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    terminal.stderr.write(`${error.message}\n`);
    return ExitCode.interrupted;
  }
}

/** Readers of the database rank what they find there, so only the standard way of measuring gets in. */
function isPublished(job: BenchmarkJob): job is BenchmarkJob & { readonly database: string } {
  return job.database !== undefined && job.rented !== undefined && job.mode === "fixed";
}

function isSound({ summary }: BenchmarkRecord): boolean {
  return summary.verdict?.state === "sound";
}

async function tell(
  job: BenchmarkJob,
  terminal: Terminal,
  records: readonly BenchmarkRecord[],
  saved: readonly string[],
  incomplete: string | undefined,
): Promise<void> {
  const file = benchmarkFile({
    records,
    session: job.session,
    categoryFilter: job.categoryFilter,
    apiBase: job.apiBase,
    priced: job.rented !== undefined,
    saved,
    incomplete,
  });
  const json = `${JSON.stringify(file, undefined, 2)}\n`;
  terminal.stdout.write(job.json ? json : benchmarkText(file, tableStyle(terminal)));
  if (!records.some(hasFigures)) {
    terminal.stderr.write(`nothing was measured: ${job.output} is not written\n`);
    return;
  }
  await writeOutput(job.output, [json], terminal);
  if (job.quiet) return;
  terminal.stderr.write(`results written to ${job.output}\n`);
  const why =
    job.database === undefined
      ? undefined
      : job.rented === undefined
        ? "give --gpu-type and --hourly-cost"
        : job.mode === "fixed"
          ? undefined
          : `it holds no ${job.mode} figures`;
  if (saved.length > 0)
    terminal.stderr.write(
      `saved to the benchmark database (ID: ${saved.map((id) => id.slice(0, 8)).join(", ")})\n`,
    );
  else if (why !== undefined)
    terminal.stderr.write(`not saved to the benchmark database: ${why}\n`);
}

function testLine({ name, category, outcome }: TestResult, index: number, tests: number): string {
  const head = `Test ${index}/${tests}: ${name} (${category})`;
  if (outcome.kind === "not_applicable") return `${head}: not applicable: ${outcome.reason}`;
  if (outcome.kind === "failed") return `${head}: failed: ${outcome.reason}`;
  const { completionTokens, bodyS, ttftS } = outcome.metrics;
  const first = (ttftS * 1000).toFixed(0);
  return `${head}: ${completionTokens} tokens in ${bodyS.toFixed(2)}s, ${(completionTokens / bodyS).toFixed(1)} tokens/s, TTFT ${first} ms`;
}
