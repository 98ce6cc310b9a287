import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { PassResult, TestResult } from "../evidence/pass.ts";
import { seededRandom, shuffled } from "../evidence/seeded-random.ts";
import type { Suite, Test } from "../evidence/suite.ts";
import { readWhenIdle } from "./wait-until-idle.ts";
import type { PassRequest, RunPass } from "./benchmark.ts";
import { testsWithinContext } from "./tests-within-context.ts";
import { previewResult } from "./preview-result.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import { httpClient } from "../vllm/http-client.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { judgePass } from "./judge-pass.ts";
import { runLoadLevels } from "./load-level.ts";
import { monitorEventLoop } from "./event-loop-monitor.ts";
import { measureRtt } from "./measure-rtt.ts";
import { readAnswer, resultOf, sendTest } from "./run-test.ts";
import type { AnsweredTest, TestRun } from "./run-test.ts";
import { watchGpus } from "./watch-gpus.ts";

/**
 * Counters at rest, the tests one after another in a seeded random order, counters at rest; only then are
 * the replies read and judged. Then the further load levels, closed loop. The result has the tests in the suite's order.
 */
export const runPass: RunPass = async (request, signal) => {
  const { server, suite, clock, mode = "fixed" } = request;
  const client = httpClient(server, clock);
  try {
    const prepared = await prepare(client, request, signal);
    if (typeof prepared === "string") return unreachable(request, prepared);
    const salts = mode === "warm-cache" ? await warmCaches(prepared, request, signal) : undefined;
    const before = await readWhenIdle(client, server.basePath, clock, signal);

    const startedMs = clock.now();
    using loopWatch = monitorEventLoop();
    using gpus = watchGpus(request.sampleGpus, clock, signal);
    const answers = await sendTests(prepared.misfits, request, salts, signal);
    const loop = loopWatch.read();
    const after = await readWhenIdle(client, server.basePath, clock, signal);
    const finishedMs = clock.now();
    const throttled = gpus.read();

    const runs = await readAnswers(answers, prepared.misfits, request);
    const tests = suite.tests.map((test) => (runs.get(test) as TestRun).result);
    const requests = [...runs.values()].flatMap((run) => run.request ?? []);
    const verdict = judgePass({
      tests,
      requests,
      before,
      after,
      loop,
      gpus: throttled,
      rttS: prepared.rttS,
      speed: clock.speed,
      mode,
    });
    // A void pass is done again, and its load levels would be paid for twice.
    const load =
      verdict.state === "void"
        ? []
        : await runLoadLevels(client, applicable(suite, prepared.misfits), request, signal);
    return { tests, verdict, load, startedMs, finishedMs, rttS: prepared.rttS, mode };
  } finally {
    client.close();
  }
};

interface Prepared {
  readonly rttS: number;
  readonly misfits: ReadonlyMap<Test, string>;
}

/** A text says why the server cannot be measured at all. */
async function prepare(
  client: HttpClient,
  { server, suite }: PassRequest,
  signal: AbortSignal,
): Promise<Prepared | string> {
  try {
    const rttS = await measureRtt(client, server.basePath, signal);
    return { rttS, misfits: await testsWithinContext(client, server, suite, signal) };
  } catch (error) {
    if (error instanceof NoAnswerError) return error.message;
    throw error;
  }
}

/** While it runs, replies are kept as they came, and `onTest` is told what their ends say. */
async function sendTests(
  misfits: Prepared["misfits"],
  request: PassRequest,
  salts: ReadonlyMap<Test, string> | undefined,
  signal: AbortSignal,
): Promise<readonly AnsweredTest[]> {
  const { onTest, clock, mode = "fixed" } = request;
  const { tests } = request.suite;
  const answers: AnsweredTest[] = [];
  for (const [index, test] of shuffled(tests, seededRandom(`order|${request.seed}`)).entries()) {
    const reason = misfits.get(test);
    if (reason === undefined) {
      const answer = await sendTest(test, request, mode, salts?.get(test), signal);
      answers.push(answer);
      const outcome = previewResult(answer.raw, answer.chat.fixedLength, clock);
      onTest({ name: test.name, category: test.category, outcome }, index + 1, tests.length);
    } else onTest(resultOf(test, { kind: "not_applicable", reason }), index + 1, tests.length);
  }
  return answers;
}

async function readAnswers(
  answers: readonly AnsweredTest[],
  misfits: Prepared["misfits"],
  { clock }: PassRequest,
): Promise<ReadonlyMap<Test, TestRun>> {
  const runs = new Map<Test, TestRun>();
  for (const [test, reason] of misfits)
    runs.set(test, {
      result: resultOf(test, { kind: "not_applicable", reason }),
      request: undefined,
    });
  for (const answer of answers) {
    runs.set(answer.test, readAnswer(answer, clock));
    await setImmediate(); // Other rentals' streams are being stamped meanwhile.
  }
  return runs;
}

/** Serves each prompt once, unmeasured, under the salt with which it will be measured. */
async function warmCaches(
  { misfits }: Prepared,
  request: PassRequest,
  signal: AbortSignal,
): Promise<ReadonlyMap<Test, string>> {
  const salts = new Map<Test, string>();
  for (const test of applicable(request.suite, misfits)) {
    const salt = randomUUID();
    salts.set(test, salt);
    await sendTest({ ...test, maxTokens: 1 }, request, "warm-cache", salt, signal);
  }
  return salts;
}

function applicable(suite: Suite, misfits: ReadonlyMap<Test, string>): readonly Test[] {
  return suite.tests.filter((test) => !misfits.has(test));
}

function unreachable({ suite, clock, mode = "fixed" }: PassRequest, reason: string): PassResult {
  const tests: TestResult[] = suite.tests.map((test) => resultOf(test, { kind: "failed", reason }));
  const now = clock.now();
  const verdict = { state: "failed" as const, reasons: [`the server does not answer: ${reason}`] };
  return { tests, verdict, load: [], startedMs: now, finishedMs: now, rttS: 0, mode };
}
