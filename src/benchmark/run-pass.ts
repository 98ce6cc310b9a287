import { randomUUID } from "node:crypto";
import type { PassResult, TestResult } from "../evidence/pass.ts";
import { seededRandom, shuffled } from "../evidence/seeded-random.ts";
import type { Suite, Test } from "../evidence/suite.ts";
import { chatRequest } from "../vllm/chat-request.ts";
import { NoAnswerError } from "../vllm/connection.ts";
import { httpClient } from "../vllm/http-client.ts";
import type { HttpClient } from "../vllm/http-client.ts";
import { roundTrip } from "../vllm/server-api.ts";
import type { PassRequest, RunPass } from "./benchmark.ts";
import { judge } from "./judge.ts";
import { runLoadLevels, withLoadVerdicts } from "./load-level.ts";
import { resultOf, runTest } from "./run-test.ts";
import type { TestRun } from "./run-test.ts";
import { sendChat } from "./stream-request.ts";
import { testsWithinContext } from "./tests-within-context.ts";
import { monitorWork } from "./monitor-work.ts";

/** A pass ends after this many unanswered tests in a row, because each takes a minute to time out. */
const UNANSWERED_IN_A_ROW = 2;

/**
 * Runs and judges the tests one after another in a seeded random order, then runs the further load levels. The result
 * lists the tests in the suite's order.
 */
export const runPass: RunPass = async (request, signal) => {
  const { server, suite, clock, mode = "fixed", pace } = request;
  const client = httpClient(server, clock);
  try {
    const prepared = await prepare(client, request, signal);
    if (typeof prepared === "string") return serverUnreachable(request, prepared);
    const { rttS, inapplicable } = prepared;
    const { value: runs, facts } = await monitorWork(
      client,
      request,
      async () => {
        const value = await runTests(prepared, request, signal);
        return { value, answered: stoppedAnswering(value) === undefined };
      },
      signal,
    );
    const tests = suite.tests.map((test) => (runs.get(test) as TestRun).result);
    const noAnswer = stoppedAnswering(runs);
    const requests = [...runs.values()].flatMap((run) => run.request ?? []);
    const verdict = judge({
      ...facts,
      requests,
      failures: failuresOf(tests),
      rttS,
      speed: clock.speed,
      mode,
      pace,
      underLoad: false,
    });
    // A void pass is repeated, so its load levels would run twice.
    const levels =
      verdict.state === "void" || noAnswer !== undefined
        ? []
        : await runLoadLevels(client, applicable(suite, inapplicable), rttS, request, signal);
    return {
      tests,
      verdict: withLoadVerdicts(verdict, levels),
      load: levels.map(({ result }) => result),
      loadRequests: levels.map(({ rows }) => rows),
      startedMs: facts.startedMs,
      finishedMs: facts.finishedMs,
      rttS,
      mode,
      ...(noAnswer === undefined ? {} : { noAnswer }),
    };
  } finally {
    client.close();
  }
};

interface Prepared {
  readonly rttS: number;
  /** Tests that do not fit the context window, with the reason. */
  readonly inapplicable: ReadonlyMap<Test, string>;
  /** Cache salts under which the prompts of a warm pass are cached; empty in other modes. */
  readonly salts: ReadonlyMap<Test, string>;
}

/** Returns a string if the server does not answer. */
async function prepare(
  client: HttpClient,
  request: PassRequest,
  signal: AbortSignal,
): Promise<Prepared | string> {
  const { server, suite, mode } = request;
  try {
    const rttS = await roundTrip(client, server.basePath, signal);
    const inapplicable = await testsWithinContext(client, server, suite, signal);
    const salts =
      mode === "warm-cache"
        ? await warmCaches(inapplicable, request, signal)
        : new Map<Test, string>();
    return { rttS, inapplicable, salts };
  } catch (error) {
    if (error instanceof NoAnswerError) return error.message;
    throw error;
  }
}

/** Runs the tests; the result is in execution order. Once the server stops answering, remaining tests are not sent. */
async function runTests(
  { inapplicable, salts }: Prepared,
  request: PassRequest,
  signal: AbortSignal,
): Promise<ReadonlyMap<Test, TestRun>> {
  const { tests } = request.suite;
  const runs = new Map<Test, TestRun>();
  for (const test of shuffled(tests, seededRandom(`order|${request.seed}`))) {
    const reason = inapplicable.get(test);
    const noAnswer = stoppedAnswering(runs);
    const run =
      reason !== undefined
        ? notSent(test, { kind: "not_applicable", reason })
        : noAnswer !== undefined
          ? notSent(test, { kind: "failed", reason: `not sent: ${noAnswer}` })
          : await runTest(test, request, signal, salts.get(test));
    runs.set(test, run);
    request.onTest(run.result, runs.size, tests.length);
  }
  return runs;
}

/** A reason if the server did not answer several tests in a row. */
function stoppedAnswering(runs: ReadonlyMap<Test, TestRun>): string | undefined {
  let inARow = 0;
  for (const { answered } of runs.values()) {
    if (answered !== undefined) inARow = answered ? 0 : inARow + 1;
    if (inARow === UNANSWERED_IN_A_ROW)
      return `the server did not answer ${String(inARow)} tests in a row`;
  }
  return undefined;
}

function notSent(test: Test, outcome: TestResult["outcome"]): TestRun {
  return { result: resultOf(test, outcome), request: undefined, answered: undefined };
}

function failuresOf(tests: readonly TestResult[]): string[] {
  const failures = tests.flatMap(({ name, outcome }) =>
    outcome.kind === "failed" ? [`${name}: ${outcome.reason}`] : [],
  );
  const measured = tests.some(({ outcome }) => outcome.kind === "measured");
  return measured || failures.length > 0 ? failures : ["no test fits the model's window"];
}

/** Sends each prompt once, under the salt with which it will be measured, so that the server caches it. */
async function warmCaches(
  inapplicable: Prepared["inapplicable"],
  { server, suite, clock }: PassRequest,
  signal: AbortSignal,
): Promise<ReadonlyMap<Test, string>> {
  const salts = new Map<Test, string>();
  for (const test of applicable(suite, inapplicable)) {
    const salt = randomUUID();
    salts.set(test, salt);
    const chat = chatRequest(server, { ...test, maxTokens: 1 }, "warm-cache", salt);
    await sendChat(server, chat, 1, clock, signal);
  }
  return salts;
}

function applicable(suite: Suite, inapplicable: Prepared["inapplicable"]): readonly Test[] {
  return suite.tests.filter((test) => !inapplicable.has(test));
}

function serverUnreachable(
  { suite, clock, mode = "fixed" }: PassRequest,
  reason: string,
): PassResult {
  const noAnswer = `the server does not answer: ${reason}`;
  const tests = suite.tests.map((test) => resultOf(test, { kind: "failed", reason }));
  const now = clock.now();
  return {
    tests,
    verdict: { state: "failed", reasons: [noAnswer] },
    load: [],
    startedMs: now,
    finishedMs: now,
    mode,
    noAnswer,
  };
}
