import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BenchmarkFile } from "../../../src/evidence/benchmark-file.ts";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import {
  startReferenceServer,
  type ReferenceOptions,
  type ReferenceServer,
} from "../../support/reference-server.ts";
import { Interrupted } from "../../../src/support/interrupts.ts";
import { sleepReal } from "../../../src/support/clock.ts";
import { speak, type Spoken } from "../fake-terminal.ts";

let server: ReferenceServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mds-benchmark-"));
  server = await startReferenceServer({ ttftMs: 10, tpotMs: 1, model: "Qwen/Qwen3-8B" });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const GPU = ["--gpu-type", "g2-gpu-rtx4000a1-s", "--hourly-cost", "0.52"];
const output = (): string => join(folder, "results.json");
const database = (name: string): string => join(folder, `${name}.json`);
const run = (name: string, ...argv: string[]): Promise<Spoken> =>
  speak(["benchmark", "--api-base", `${server.url}/v1`, "-o", output(), ...argv], {
    HOME: folder,
    MAIDER_SWEEP_DB: database(name),
  });
const file = (): BenchmarkFile => JSON.parse(readFileSync(output(), "utf8")) as BenchmarkFile;
const records = (name: string): BenchmarkRecord[] =>
  existsSync(database(name))
    ? (JSON.parse(readFileSync(database(name), "utf8")) as { benchmarks: BenchmarkRecord[] })
        .benchmarks
    : [];

// On the real clock, a millisecond a token: on a busy machine attempts are void, and are repeated.
describe("benchmark of a server that runs already", () => {
  test("without a GPU type and a price it shows figures and writes the file, but no record", async () => {
    const { code, stdout, stderr } = await run("none", "--prompt", "Write a haiku.");
    expect(code).toBe(0);
    expect(stdout).toContain("Average Throughput");
    expect(stdout).toContain("By category");
    expect(stdout).not.toContain("interval");
    expect(stderr).toContain("give --gpu-type and --hourly-cost");
    expect(records("none")).toEqual([]);
    expect(file()).toMatchObject({
      model: "Qwen/Qwen3-8B",
      session: null,
      vm_type: null,
      hourly_cost: null,
      category_filter: "custom",
      summary: { cost_per_1k_tokens: null, tests_passed: 1, total_tokens: 500 },
      saved: [],
    });
  });

  test("with both, every sound pass is a record with what the server told of itself", async () => {
    writeFileSync(
      join(folder, "mine.jsonl"),
      '{"name":"a","prompt":"Say a","max_tokens":40}\n{"name":"b","prompt":"Say b","max_tokens":40}\n',
    );
    const { code, stdout, stderr } = await run(
      "both",
      ...GPU,
      "--prompts",
      join(folder, "mine.jsonl"),
      "--passes",
      "2",
      "--load",
      "1,2",
      "--quiet",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^The newest sound pass$/m);
    expect(stdout).toMatch(/^Over the sound passes \(± 95 % interval of the mean\)$/m);
    const saved = records("both");
    expect(saved).toHaveLength(2);
    expect(saved[0]).toMatchObject({
      gpu_type: "g2-gpu-rtx4000a1-s",
      gpu_count: 1,
      hourly_cost: 0.52,
      model_id: "Qwen/Qwen3-8B",
      model_category: "7b",
      vllm_config: { vllm_version: "0.32.0", max_model_len: 32_768, gpu_memory_utilization: 0.9 },
      summary: {
        tests_passed: 2,
        total_tokens: 80,
        passes_asked: 2,
        load: [{ in_flight: 2, failed: 0 }],
      },
    });
    expect(saved[0]?.summary.suite).toMatch(/^custom-/);
    expect(file().saved).toEqual(saved.map(({ id }) => id));
    expect(file().figures["overall"]?.decode_tps?.n).toBe(2);
  });

  test("--no-db records nothing, and another mode than the standard one is labelled and not recorded", async () => {
    await run("no", ...GPU, "--prompt", "Say a", "--no-db");
    expect(records("no")).toEqual([]);
    const { stderr } = await run("no", ...GPU, "--prompt", "Say a", "--mode", "warm-cache");
    expect(stderr).toContain("it holds no warm-cache figures");
    expect(file().summary).toMatchObject({ method: "stream-1-warm-cache" });
    expect(records("no")).toEqual([]);
  });

  test("natural mode tells how many of the hidden values the replies name", async () => {
    const { stdout } = await run("natural", "-c", "context_heavy", "--mode", "natural", "--no-db");
    expect(stdout).toMatch(/Hidden values named: \d+ of 12/);
    expect(file().summary).toMatchObject({ method: "stream-1-natural" });
  });

  test("passes that ended before Ctrl-C are kept, and the exit code says interrupted", async () => {
    const stop = new AbortController();
    const env = { HOME: folder, MAIDER_SWEEP_DB: database("stopped") };
    const argv = ["benchmark", "--api-base", server.url, "-o", output(), "--prompt", "Say a"];
    const running = speak([...argv, ...GPU, "--passes", "50"], env, stop.signal);
    while (records("stopped").length === 0) await sleepReal(50);
    stop.abort(new Interrupted("SIGINT"));
    expect((await running).code).toBe(130);
    expect(file().incomplete).toBe("stopped by SIGINT");
    expect(file().saved).toEqual(records("stopped").map(({ id }) => id));
  });

  test("--json prints what the file holds", async () => {
    const { stdout } = await run("json", "--prompt", "Say a", "--json");
    expect(JSON.parse(stdout)).toEqual(file());
  });

  test("a test that does not fit the window is not applicable, and the rest is sound", async () => {
    const small = await startReferenceServer({ ttftMs: 10, tpotMs: 1, maxModelLen: 8192 });
    const prompts = join(folder, "long.yaml");
    writeFileSync(
      prompts,
      `- {name: short, prompt: Say a, max_tokens: 40}\n- {name: long, prompt: "${"word ".repeat(16_000)}", max_tokens: 40}\n`,
    );
    const { code, stdout } = await speak(
      ["benchmark", "--api-base", small.url, "-o", output(), "--prompts", prompts, "--no-db"],
      { HOME: folder },
    );
    expect(code).toBe(0);
    expect(stdout).toContain("long: not applicable: it needs");
    await small.close();
    expect(file().summary).toMatchObject({ tests_passed: 1, tests_total: 1 });
  });
});

describe("a server whose replies fail", () => {
  const failing = async (
    options: Partial<ReferenceOptions>,
    ...argv: string[]
  ): Promise<Spoken & { readonly file: string }> => {
    const odd = await startReferenceServer({ ttftMs: 10, tpotMs: 1, ...options });
    const path = join(folder, "failing.json");
    rmSync(path, { force: true });
    const args = ["benchmark", "--api-base", odd.url, "-o", path, "--no-db", ...GPU, ...argv];
    const spoken = await speak(args, { HOME: folder });
    await odd.close();
    return { ...spoken, file: path };
  };
  const two = (): string => {
    const path = join(folder, "two.yaml");
    writeFileSync(
      path,
      "- {name: short, prompt: a, max_tokens: 20}\n- {name: long, prompt: b, max_tokens: 60}\n",
    );
    return path;
  };

  test("in every test has the reason first, no figure and no file", async () => {
    const {
      code,
      stdout,
      stderr,
      file: path,
    } = await failing({ endAfterTokens: 7 }, "--prompts", two(), "--load", "1,2");
    expect(code).toBe(5);
    expect(stdout.split("\n")[0]).toMatch(/NOT SOUND: 2 of 2 tests failed/);
    expect(stdout).toMatch(/Average Throughput\W+-/);
    expect(stdout).toMatch(/Cost per 1K Tokens\W+-/);
    expect(stdout).not.toMatch(/\b0\.0/);
    expect(stderr).toContain(`nothing was measured: ${path} is not written`);
    expect(existsSync(path)).toBe(false);
  });

  test("in every test gives nulls and not zeros to a program that reads them", async () => {
    const { stdout } = await failing({ endAfterTokens: 7 }, "--prompts", two(), "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      not_sound: "2 of 2 tests failed",
      summary: { avg_tokens_per_sec: null, total_time: null, cost_per_1k_tokens: null },
      passes: [{ summary: { avg_tokens_per_sec: null, cost_per_1k_tokens: null } }],
    });
  });

  test("in one test says at the top and beside the mean that it is of the rest, and so does the file", async () => {
    const { code, stdout, file: path } = await failing({ endAfterTokens: 20 }, "--prompts", two());
    expect(code).toBe(5);
    expect(stdout.split("\n")[0]).toMatch(/NOT SOUND: 1 of 2 tests failed/);
    expect(stdout).toMatch(/tokens\/sec of the 1 of 2 that were measured; not ranked/);
    expect(stdout).not.toContain("Decode tok/s");
    const written = JSON.parse(readFileSync(path, "utf8")) as BenchmarkFile;
    expect(written).toMatchObject({
      not_sound: "1 of 2 tests failed",
      summary: { tests_passed: 1, tests_total: 2 },
    });
  });

  test("in nothing but the server's count says so at the top, with the figure of all tests", async () => {
    const { stdout } = await failing({ miscount: 0.5 }, "--prompts", two());
    expect(stdout.split("\n")[0]).toContain("NOT SOUND: output tokens: the server counted");
    expect(stdout).toMatch(/tokens\/sec, not ranked/);
  });
});

describe("a server that goes away in the middle of a pass", () => {
  test("is exit 4, and what was measured is printed and written, marked", async () => {
    const leaving = await startReferenceServer({ ttftMs: 20, tpotMs: 5 });
    const prompts = join(folder, "five.jsonl");
    const names = ["a", "b", "c", "d", "e"];
    writeFileSync(
      prompts,
      names.map((name) => `${JSON.stringify({ name, prompt: name, max_tokens: 60 })}\n`).join(""),
    );
    const path = join(folder, "left.json");
    const args = ["benchmark", "--api-base", leaving.url, "-o", path, "--prompts", prompts];
    const running = speak(args, { HOME: folder });
    // One to see that it answers, three to warm up, and the first test.
    while (leaving.served().length < 5) await sleepReal(5);
    await leaving.close();
    const { code, stdout, stderr } = await running;
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: the server stopped answering\n {2}why: .*\n {2}try: .*$/m);
    expect(stdout).toMatch(/NOT SOUND|VOID/i);
    const written = JSON.parse(readFileSync(path, "utf8")) as BenchmarkFile;
    const kept = [...written.passes, ...written.void_passes].flatMap(({ tests }) => tests);
    expect(kept.filter(({ success }) => success)).not.toEqual([]);
    expect(written.not_sound).not.toBeNull();
    expect(written.incomplete).not.toBeNull();
    expect(written.saved).toEqual([]);
  });
});

describe("what cannot be measured", () => {
  test.each([
    [400, "Conversation roles must alternate", "--chat-template"],
    [500, "boom", "see its own log for the reason"],
    [404, "Not Found", "ends in /v1"],
  ])("a server that refuses every chat with %d gets a hint that fits", async (...row) => {
    const [status, message, hint] = row;
    const odd = await startReferenceServer({ ttftMs: 10, tpotMs: 1, refuse: { status, message } });
    const { code, stderr } = await speak(["benchmark", "--api-base", odd.url], { HOME: folder });
    await odd.close();
    expect(code).toBe(4);
    expect(stderr).toContain(message);
    expect(stderr.split("\n").find((line) => line.startsWith("  try: "))).toContain(hint);
  });

  test("a server that nobody runs is told in three lines, exit 4", async () => {
    const { code, stderr } = await speak(["benchmark", "--api-base", "http://127.0.0.1:9/v1"]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: 127\.0\.0\.1:9 cannot be reached\n {2}why: .*\n {2}try: .*\n$/);
  });

  test("a model that is not served is a usage error that names those that are", async () => {
    const { code, stderr } = await run("x", "--model", "other");
    expect(code).toBe(2);
    expect(stderr).toContain("it serves Qwen/Qwen3-8B");
  });

  test("OPENAI_API_KEY goes along, and is asked for where the server wants one", async () => {
    const trackOwner: string[] = [];
    const guarded = createServer((socket) => {
      socket.on("data", (bytes) => {
        trackOwner.push(bytes.toString());
        socket.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}");
      });
    });
    await new Promise<void>((resolve) => guarded.listen(0, "127.0.0.1", resolve));
    const { port } = guarded.address() as AddressInfo;
    const { code, stderr } = await speak(
      ["benchmark", "--api-base", `http://127.0.0.1:${String(port)}/v1`],
      { OPENAI_API_KEY: "sk-mine" },
    );
    guarded.close();
    expect(code).toBe(4);
    expect(trackOwner[0]).toContain("Bearer sk-mine");
    expect(trackOwner[0]).toContain(`host: 127.0.0.1:${String(port)}`);
    expect(stderr).toContain("give its key in OPENAI_API_KEY");
    expect(stderr).not.toContain("sk-mine");
  });

  test("OPENAI_API_KEY with a line break is a usage error that does not print it", async () => {
    const { code, stdout, stderr } = await speak(
      ["benchmark", "--api-base", "http://127.0.0.1:9"],
      {
        OPENAI_API_KEY: "sk-mine\r",
      },
    );
    expect(code).toBe(2);
    expect(stderr).toContain("OPENAI_API_KEY contains a line break");
    expect(stdout + stderr).not.toContain("sk-mine");
  });

  test.each([
    [["--api-base", "ftp://x"], "is not the address of a server"],
    [["--api-base", "http://x", "--prompt", "a", "--prompts", "b"], "contradict each other"],
    [["--api-base", "http://x", "--prompt", "a", "-c", "coding"], "-c chooses among"],
    [["--api-base", "http://x", "--prompts", "/nowhere.yaml"], "there is no such file"],
    [["--api-base", "http://x", "--gpu-type", "g2-gpu-rtx4000a1"], "did you mean"],
    [["--api-base", "http://x", "--load", "0"], "whole number"],
    [[], "No current session set"],
  ])("%j is a usage error", async (argv, message) => {
    const { code, stderr } = await speak(["benchmark", ...argv], { HOME: folder });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
