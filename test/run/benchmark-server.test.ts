import { afterEach, describe, expect, it } from "vitest";
import { VOID_REPEATS } from "../../src/evidence/method.ts";
import type { PassMode } from "../../src/evidence/pass.ts";
import { benchmarkServer } from "../../src/run/benchmark-server.ts";
import type { BenchmarkJob, BenchmarkResult } from "../../src/run/benchmark-server.ts";
import { linearClock } from "../../src/support/clock.ts";
import { ExitCode, SweepError } from "../../src/support/errors.ts";
import { UnreachableError } from "../../src/vllm/connection.ts";
import { never, prompt, underTest } from "../benchmark/reference.ts";
import { startReferenceServer } from "../support/reference-server.ts";
import type { ReferenceOptions, ReferenceServer } from "../support/reference-server.ts";

const open: ReferenceServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});
/** So fast that our own delays count for nothing. */
const clock = linearClock({ v0: 1e12, w0: Date.now(), speed: 20 });
const suite = {
  id: "custom-test",
  tests: ["one", "two", "three", "four"].map((name) => prompt(name, 30)),
};

async function reference(changes: Partial<ReferenceOptions> = {}): Promise<ReferenceServer> {
  const server = await startReferenceServer({ ttftMs: 400, tpotMs: 60, clock, ...changes });
  open.push(server);
  return server;
}

/** Measures a server; `onNote` is called with each line that a person would see. */
async function benchmark(
  server: ReferenceServer,
  changes: Partial<BenchmarkJob> = {},
  onNote: (text: string) => void = () => undefined,
  signal = never,
): Promise<BenchmarkResult> {
  const job: BenchmarkJob = {
    connection: underTest(server),
    apiBase: server.url,
    model: undefined,
    suite,
    categoryFilter: "custom",
    passes: 1,
    load: [1],
    mode: "fixed" satisfies PassMode,
    rented: undefined,
    database: undefined,
    clock,
    ...changes,
  };
  return benchmarkServer(job, onNote, signal);
}
const measuredTests = ({ record }: BenchmarkResult["passes"][number]): string[] =>
  record.tests.filter(({ success }) => success).map(({ test_name }) => test_name);

describe("a benchmark by hand", () => {
  it("keeps the tests that were measured before the server went away, and says so with an error", async () => {
    const server = await reference();
    const sound = underTest(server);
    let tests = 0;
    const connection = {
      ...sound,
      open: (signal: AbortSignal) =>
        tests < 2
          ? sound.open(signal)
          : Promise.reject(new UnreachableError("127.0.0.1:8000", "the connection was refused")),
    };
    const result = await benchmark(server, { connection, passes: 3 }, (text) => {
      if (text.startsWith("Test ")) tests += 1;
    });
    expect(result.passes).toHaveLength(1);
    const [pass] = result.passes;
    expect(pass === undefined ? [] : measuredTests(pass)).toHaveLength(2);
    expect(pass?.record.summary.verdict?.state).toBe("failed");
    expect(result.incomplete).toBe("the server did not answer 2 tests in a row");
    expect(result.error).toBeInstanceOf(SweepError);
    expect((result.error as SweepError).exitCode).toBe(ExitCode.provider);
  });

  it("keeps void attempts, whole and apart from the passes", async () => {
    const server = await reference({ ttftMs: 4_000, tpotMs: 400 });
    const result = await benchmark(server, {
      suite: { id: "custom-test", tests: suite.tests.slice(0, 2) },
      sampleGpus: () =>
        Promise.resolve([
          { clockMhz: 900, powerW: 250, temperatureC: 94, throttle: ["sw_thermal_slowdown"] },
        ]),
    });
    expect(result.passes).toEqual([]);
    expect(result.voided).toHaveLength(1 + VOID_REPEATS);
    for (const attempt of result.voided) {
      expect(attempt.pass).toBe(1);
      expect(measuredTests(attempt)).toEqual(["one", "two"]);
      expect(attempt.record.summary.verdict?.state).toBe("void");
    }
    expect(result.incomplete).toContain("was void 5 times");
    expect(result.error).toBeUndefined();
  });

  it("keeps the tests of a pass that was interrupted, as a void attempt", async () => {
    const stop = new AbortController();
    const interruption = new Error("stopped by SIGINT");
    const result = await benchmark(
      await reference(),
      {},
      (text) => {
        if (text.startsWith("Test 2/")) stop.abort(interruption);
      },
      stop.signal,
    );
    expect(result.passes).toEqual([]);
    expect(result.voided).toHaveLength(1);
    const [attempt] = result.voided;
    expect(attempt === undefined ? [] : measuredTests(attempt)).toHaveLength(2);
    expect(attempt?.record.summary.verdict).toMatchObject({
      state: "void",
      reasons: ["interrupted: stopped by SIGINT"],
    });
    expect(attempt?.record.tests).toHaveLength(suite.tests.length);
    expect(result.error).toBe(interruption);
  });

  it("tells servers of other settings apart where only the API is known", async () => {
    const server = await reference();
    const configOf = (result: BenchmarkResult) =>
      [...result.passes, ...result.voided][0]?.record.vllm_config.server_config;
    expect(configOf(await benchmark(server))).toMatch(/^vllm-.*, 1 engine, [0-9a-f]{8}$/);
    const known = await benchmark(server, { engine: { image: "vllm/vllm-openai:v0.32.0" } });
    expect(configOf(known)).toBeUndefined();
  });

  it("has a row for each request under load", async () => {
    const result = await benchmark(await reference(), { load: [1, 2] });
    const [pass] = result.passes;
    expect(pass?.loadRequests).toHaveLength(1);
    expect(pass?.loadRequests[0]?.requests).toHaveLength(20);
    expect(JSON.stringify(pass?.record.summary.load)).not.toContain("sent_s");
  });
});
