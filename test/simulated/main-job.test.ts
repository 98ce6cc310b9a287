import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RECORD_KEYS, type BenchmarkRecord } from "../../src/evidence/record.ts";
import { sweepRun, type SweepRun } from "./sweep-run.ts";

interface Served {
  readonly label: string;
  readonly completion_tokens: number;
  readonly received: number;
  readonly first_write: number;
  readonly last_write: number;
}

let rig: SweepRun;
let sweep: Awaited<ReturnType<SweepRun["run"]>>;

beforeAll(async () => {
  rig = await sweepRun(7);
  sweep = await rig.run("run", "plans/quick.yaml", "--simulate", rig.url);
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

function onlyRecord(): BenchmarkRecord {
  const records = rig.records();
  expect(records).toHaveLength(1);
  return records[0] as BenchmarkRecord;
}

test("the quick plan ends with exit 0, one record, and nothing left in the cloud", async () => {
  expect(sweep.stderr).not.toMatch(/^error/m);
  expect(sweep.code).toBe(0);
  expect(onlyRecord().summary.simulated).toBe(true);
  const state = await rig.ask<{
    vms: { deleted: string | null }[];
    firewalls: { deleted: unknown }[];
  }>("state");
  expect(state.vms).toHaveLength(1);
  expect(state.vms.every(({ deleted }) => deleted !== null)).toBe(true);
  expect(state.firewalls.every(({ deleted }) => Boolean(deleted))).toBe(true);
});

test("the record says what it was measured on, as the machine and the server told it", () => {
  const { summary, vllm_config } = onlyRecord();
  expect(summary).toMatchObject({
    gpu_name: expect.stringContaining("RTX"),
    gpus_seen: 1,
    driver: expect.stringMatching(/^\d+\./),
    cuda: expect.any(String),
    gpu_power_limit_w: expect.any(Number),
    gpu_max_clock_mhz: expect.any(Number),
    cpu: expect.any(String),
    ram_mib: expect.any(Number),
    kernel: expect.any(String),
    price_utc: expect.stringMatching(/Z$/),
    maider_sweep: expect.any(String),
    key: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  expect(vllm_config).toMatchObject({
    vllm_version: expect.any(String),
    image_digest: expect.stringMatching(/^sha256:/),
    revision: expect.stringMatching(/^[0-9a-f]{40}$/),
    dtype: expect.any(String),
    kv_cache_dtype: "auto",
    enable_prefix_caching: true,
    enforce_eager: false,
  });
});

test("the ledger says what the invoice says, below the cap", async () => {
  const invoice = await rig.ask<{ usd: number; live: number }>("invoice");
  const { stdout } = await rig.run("status", "--json");
  const { runs } = JSON.parse(stdout) as {
    runs: { state: string; spent_usd: number; reserved_usd: number; cap_usd: number }[];
  };
  expect(runs).toMatchObject([
    { state: "finished", spent_usd: invoice.usd, reserved_usd: 0, cap_usd: 2 },
  ]);
  expect(invoice.live).toBe(0);
  expect(invoice.usd).toBeGreaterThan(0);
  expect(invoice.usd).toBeLessThanOrEqual(2);
});

test("the decode rate is what the server did, by its own log", async () => {
  const record = onlyRecord();
  const { requests } = await rig.ask<{ requests: Served[] }>("served");
  const budgets = new Set(record.tests.map(({ expected_tokens: tokens }) => tokens));
  const measured = requests.filter(({ completion_tokens: tokens }) => budgets.has(tokens));
  const tokens = measured.reduce((sum, request) => sum + request.completion_tokens - 1, 0);
  const seconds = measured.reduce(
    (sum, request) => sum + request.last_write - request.first_write,
    0,
  );
  const rate = Number(record.summary["decode_tps"]);
  expect(Math.abs(rate / (tokens / seconds) - 1)).toBeLessThan(0.03);
});

test("a record has every key and type with which the Python tool reads the shared database", () => {
  const fixture = JSON.parse(
    readFileSync(new URL("../../fixtures/benchmark-database.v1.json", import.meta.url), "utf8"),
  ) as { benchmarks: BenchmarkRecord[] };
  const written = onlyRecord();
  expect(Object.keys(written).toSorted()).toEqual([...RECORD_KEYS].toSorted());
  // What `datetime.fromisoformat` takes in every Python 3: no `Z`, six digits.
  expect(written.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  expect(Object.keys(written.results_by_category)).toEqual([
    "coding",
    "context_heavy",
    "reasoning",
  ]);
  expect(written.tests).toHaveLength(12);
  const wanted = widest(fixture.benchmarks.map((record) => kindsOf(record)));
  expect(Object.keys(wanted).length).toBeGreaterThan(40);
  // Each test by itself, lest one of them has what the others lack.
  for (const test of written.tests) {
    const ours = kindsOf({ ...written, tests: [test] });
    for (const [path, kind] of Object.entries(wanted)) {
      const own = ours[path] === "integer" && kind === "number" ? "number" : ours[path];
      expect([test.test_name, path, own]).toEqual([test.test_name, path, kind]);
    }
  }
});

type Kinds = Readonly<Record<string, string>>;

/** `tests[].completion_tokens` -> `integer`, for every key at every depth. */
function kindsOf(value: unknown, path = ""): Kinds {
  const inner = (entries: readonly (readonly [string, unknown])[]): Kinds =>
    widest(entries.map(([key, one]) => kindsOf(one, key)));
  if (Array.isArray(value)) return inner(value.map((one: unknown) => [`${path}[]`, one]));
  if (typeof value === "object" && value !== null)
    return inner(Object.entries(value).map(([key, one]) => [`${path}.${key}`, one]));
  return { [path]: Number.isInteger(value) ? "integer" : typeof value };
}

/** A number that is whole in one record may be so by chance. */
function widest(all: readonly Kinds[]): Kinds {
  const found: Record<string, string> = {};
  for (const [path, kind] of all.flatMap((kinds) => Object.entries(kinds)))
    if (found[path] !== "number") found[path] = kind;
  return found;
}

test("estimate sends nothing but reads, and its worst is not below the bill", async () => {
  await using other = await sweepRun(7);
  const { code, stdout } = await other.run(
    "estimate",
    "plans/quick.yaml",
    "--simulate",
    other.url,
    "--json",
  );
  expect(code).toBe(0);
  const { requests } = await other.ask<{ requests: { method: string }[] }>("requests");
  expect([...new Set(requests.map(({ method }) => method))]).toEqual(["GET"]);
  const { worst } = JSON.parse(stdout) as { worst: { usd: number } };
  expect(worst.usd).toBeGreaterThanOrEqual((await rig.ask<{ usd: number }>("invoice")).usd);
});
