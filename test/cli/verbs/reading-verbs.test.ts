import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import { openDatabase } from "../../../src/results/store/database.ts";
import { sampleRecord, type SampleFacts } from "../../results/sample-record.ts";
import { databaseRig, FIXTURE, type DatabaseRig } from "../database-rig.ts";

let rig: DatabaseRig;
beforeEach(() => {
  rig = databaseRig();
});

const runs = (speeds: readonly number[], facts: SampleFacts): BenchmarkRecord[] =>
  speeds.map((speed) => sampleRecord({ ...facts, speed }));
const BIG = { gpu: "g1-gpu-rtx6000-2", model: "Qwen/Qwen2.5-72B-AWQ", category: "70b", hourly: 3 };
const SMALL = {
  gpu: "g2-gpu-rtx4000a2-s",
  model: "Qwen/Qwen2.5-32B-AWQ",
  category: "30b",
  hourly: 1.04,
};
const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
/** Cells of the first table, a row each. */
const cells = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("│"))
    .map((line) =>
      line
        .split("│")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe("benchmark-compare", () => {
  it("shows the guide's table, and what its figures rest on behind it", async () => {
    await openDatabase(rig.file).publish([
      ...runs([38, 38.1, 38.2], { ...SMALL, summary: { finished_utc: ago(2) } }),
      ...runs([45.3], { ...BIG, summary: { finished_utc: ago(1) } }),
    ]);
    const { code, stdout, stderr } = await rig.say("benchmark-compare");
    expect([code, stderr]).toEqual([0, ""]);
    const [head = [], ...rows] = cells(stdout);
    expect(head).toEqual(
      ["GPU Type", "GPUs", "VRAM", "Model", "Tokens/Sec", "Cost/1K", "$/Hour", "Efficiency"].concat(
        ["95 %", "Tests", "Passes", "VMs", "Last"],
      ),
    );
    expect(rows.map((row) => row.slice(0, 8))).toEqual([
      ["rtx6000-2", "1", "20GB", "Qwen/Qwen2.5-72B-AWQ", "45.3", "$0.0184", "$3.00", "15.1"],
      ["rtx4000a2-s", "1", "20GB", "Qwen2.5-32B-AWQ", "38.1", "$0.0076", "$1.04", "36.6"],
    ]);
    expect(rows.map((row) => row.slice(8))).toEqual([
      ["-", "12/12", "1", "1", "1 day ago"],
      ["37.9-38.3", "12/12", "3", "3", "2 days ago"],
    ]);
  });

  it.each([
    ["tokens_per_sec", ["45.3", "38.1"]],
    ["cost_per_1k_tokens", ["38.1", "45.3"]],
    ["cost_efficiency", ["38.1", "45.3"]],
  ] as const)("sorts by %s in the right direction, in the exports too", async (metric, order) => {
    await openDatabase(rig.file).publish([...runs([38.1], SMALL), ...runs([45.3], BIG)]);
    const table = await rig.say("benchmark-compare", "-s", metric);
    expect(
      cells(table.stdout)
        .slice(1)
        .map((row) => row[4]),
    ).toEqual(order);
    const { stdout } = await rig.say("benchmark-compare", "-s", metric, "-f", "csv");
    expect(
      stdout
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => Number(line.split(",")[7])),
    ).toEqual(order.map(Number));
  });

  it("with -t shows and sorts by that category's own figures, in each format", async () => {
    const category = (coding: number, reasoning: number, facts: SampleFacts): BenchmarkRecord => {
      const record = sampleRecord(facts);
      const figures = (speed: number) => ({
        avg_tokens_per_sec: speed,
        total_time: 1,
        total_tokens: 1,
        cost_per_1k_tokens: (record.hourly_cost / (speed * 3600)) * 1000,
        tests_passed: 4,
        tests_total: 4,
      });
      record.results_by_category = { coding: figures(coding), reasoning: figures(reasoning) };
      return record;
    };
    await openDatabase(rig.file).publish([category(10, 90, BIG), category(20, 30, SMALL)]);
    const column = async (task: string): Promise<unknown> =>
      cells((await rig.say("benchmark-compare", "-t", task)).stdout)
        .slice(1)
        .map((row) => row[4]);
    expect(await column("coding")).toEqual(["20.0", "10.0"]);
    expect(await column("REASONING")).toEqual(["90.0", "30.0"]);
    const csv = await rig.say("benchmark-compare", "-t", "coding", "-f", "csv");
    expect(
      csv.stdout
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",")[7]),
    ).toEqual(["20.00", "10.00"]);
    const json = await rig.say("benchmark-compare", "-t", "reasoning", "-f", "json");
    expect((JSON.parse(json.stdout) as BenchmarkRecord[]).map(({ gpu_type }) => gpu_type)).toEqual([
      BIG.gpu,
      SMALL.gpu,
    ]);
    expect((await rig.say("benchmark-compare", "-t", "context_heavy", "-f", "json")).stdout).toBe(
      "[]\n",
    );
  });

  it.each(["json", "csv", "markdown"])(
    "obeys every filter as %s, on stdout and in a file",
    async (format) => {
      await writeFile(rig.file, FIXTURE);
      await openDatabase(rig.file).publish([...runs([38, 39], SMALL), ...runs([45.3], BIG)]);
      const byPass = format === "json" ? [] : ["--passes"];
      const argv = ["-g", SMALL.gpu, "-m", "30B", "-t", "coding", "-f", format, ...byPass];
      const { code, stdout } = await rig.say("benchmark-compare", ...argv);
      expect(code).toBe(0);
      expect(stdout).toContain(SMALL.gpu);
      expect(stdout).not.toContain(BIG.gpu);
      const rows =
        format === "json"
          ? (JSON.parse(stdout) as unknown[]).length
          : stdout.split(SMALL.gpu).length - 1;
      const all = (await openDatabase(rig.file).read()).records.filter(
        ({ gpu_type, model_category }) => gpu_type === SMALL.gpu && model_category === "30b",
      );
      expect(rows).toBe(all.length);
      const file = join(rig.folder, `out.${format}`);
      const written = await rig.say("benchmark-compare", ...argv, "-o", file);
      expect([written.code, written.stdout]).toEqual([0, ""]);
      expect(await readFile(file, "utf8")).toBe(stdout);
    },
  );

  it("JSON holds the whole records, those that are not ranked at the end", async () => {
    await writeFile(rig.file, FIXTURE);
    const { stdout, stderr } = await rig.say("benchmark-compare", "--format", "json");
    const listed = JSON.parse(stdout) as BenchmarkRecord[];
    const theirs = (JSON.parse(FIXTURE) as { benchmarks: BenchmarkRecord[] }).benchmarks;
    expect(listed).toHaveLength(8);
    expect(listed).toEqual(expect.arrayContaining(theirs));
    expect(listed.at(-1)?.summary.tests_passed).toBe(10);
    expect(stderr).toContain("1 of them at the end are not ranked");
  });

  it.each(["csv", "markdown"])("as %s lists configurations, or passes if asked", async (format) => {
    await openDatabase(rig.file).publish([...runs([38, 39, 40], SMALL), ...runs([45.3], BIG)]);
    const rows = async (...argv: string[]): Promise<number> => {
      const { stdout } = await rig.say("benchmark-compare", "-f", format, ...argv);
      return stdout.split(/g\d-gpu-rtx/).length - 1;
    };
    expect([await rows(), await rows("--passes")]).toEqual([2, 4]);
    const refused = await rig.say("benchmark-compare", "--passes");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--passes is for")]);
  });

  it("names the configurations that are tied with the first", async () => {
    await openDatabase(rig.file).publish([
      ...runs([45, 46, 47], BIG),
      ...runs([44, 46, 47.5], SMALL),
    ]);
    const { stdout } = await rig.say("benchmark-compare");
    expect(stdout).toMatch(/^Tied with the first, no difference shown: \S+/m);
  });

  it("CSV can hold no formula", async () => {
    await openDatabase(rig.file).publish([sampleRecord({ model: '=cmd|" /C calc"!A0' })]);
    const { stdout } = await rig.say("benchmark-compare", "-f", "csv");
    expect(stdout).toContain(`"'=cmd|`);
  });

  it("shows apart what must not be ranked, with the reason: also what only the journals know", async () => {
    const label = "mds-abcdefgh-001-abcd-xsz0000";
    await openDatabase(rig.file).publish([
      ...runs([45.3, 45.4], BIG),
      ...runs([20, 40], { ...SMALL, model: "Qwen/Jumpy-32B" }),
    ]);
    const failed = sampleRecord({
      ...SMALL,
      summary: { verdict: { state: "failed", reasons: ["x"] } },
    });
    await rig.journal([
      {
        type: "rental.reserved",
        label,
        rental: 1,
        gpu: BIG.gpu,
        region: "us-ord",
        models: [BIG.model],
        price_micro_usd: 1,
        hours: 1,
        micro_usd: 1,
        deadline: "",
        expires: "",
        host_key: "",
      },
      { type: "pass.void", label, model: BIG.model, pass: 1, reason: "the clock jumped" },
      { type: "pass.void", label, model: BIG.model, pass: 1, reason: "the clock jumped again" },
      {
        type: "pass.failed",
        label,
        model: SMALL.model,
        pass: 1,
        record: failed,
        reasons: ["the server counted 96 tokens, the client 97"],
      },
    ]);
    const { stdout } = await rig.say("benchmark-compare");
    expect(
      cells(stdout)
        .slice(1)
        .map((row) => row[3]),
    ).toEqual(["Qwen/Qwen2.5-72B-AWQ"]);
    const apart = stdout.slice(stdout.indexOf("Not ranked:"));
    expect(apart).toMatch(/rtx4000a2-s Jumpy-32B: unstable x2, .+: its passes differ by \d+ %/);
    expect(apart).toMatch(/rtx6000-2 Qwen\/Qwen2.5-72B-AWQ: void x2, .+: the clock jumped/);
    expect(apart).toMatch(/rtx4000a2-s Qwen2.5-32B-AWQ: failed, .+: the server counted 96/);
    const filtered = await rig.say("benchmark-compare", "-g", SMALL.gpu);
    expect(filtered.stdout).not.toContain("void");
    expect(filtered.stdout).toContain("the server counted");
    expect(
      (await rig.say("benchmark-compare", "--db", join(rig.folder, "other.json"))).stdout,
    ).not.toContain("void");
  });

  it("names what failed before its first pass, unless the next try came to one", async () => {
    const [first, second] = ["mds-abcdefgh-001-abcd-xsz0000", "mds-abcdefgh-002-abcd-xsz0000"];
    const reserved = (label: string, rental: number, gpu: string, models: string[]) =>
      ({
        type: "rental.reserved",
        label,
        rental,
        gpu,
        region: "us-ord",
        models,
        price_micro_usd: 1,
        hours: 1,
        micro_usd: 1,
        deadline: "",
        expires: "",
        host_key: "",
      }) as const;
    const failure = {
      cause: "out of memory",
      evidence: "CUDA out of memory",
      remedy: "",
      log: "x",
    };
    await openDatabase(rig.file).publish(runs([45.3, 45.4], BIG));
    await rig.journal([
      reserved(first, 1, SMALL.gpu, ["Qwen/Huge-32B"]),
      { type: "server.failed", label: first, model: "Qwen/Huge-32B", ...failure },
      reserved(second, 2, BIG.gpu, [BIG.model]),
      { type: "server.failed", label: second, model: BIG.model, ...failure },
      {
        type: "pass.finished",
        label: second,
        model: BIG.model,
        pass: 1,
        record: sampleRecord(BIG),
      },
    ]);
    const told = /rtx4000a2-s Huge-32B: failed, .+: out of memory: CUDA out of memory/;
    const compared = (await rig.say("benchmark-compare")).stdout;
    expect(compared.slice(compared.indexOf("Not ranked:"))).toMatch(told);
    expect(compared.match(/out of memory: /g)).toHaveLength(1);
    const { stdout } = await rig.say("benchmark-status");
    expect(stdout.slice(stdout.indexOf("Tried without a result:"))).toMatch(told);
    const status = JSON.parse((await rig.say("benchmark-status", "--json")).stdout) as {
      missing: { id: string; hourlyUsd: number }[];
      withoutResult: { gpu: string; model: string }[];
    };
    expect(status.withoutResult).toEqual([
      expect.objectContaining({ gpu: SMALL.gpu, model: "Qwen/Huge-32B" }),
    ]);
    expect(status.missing.find(({ id }) => id === "g2-gpu-rtx4000a1-s")?.hourlyUsd).toBe(0.52);
  });

  it("gives the full id of a model whose short name belongs to a catalogue model", async () => {
    await openDatabase(rig.file).publish([
      ...runs([45], { ...BIG, model: "Qwen/Qwen2.5-Coder-7B" }),
      ...runs([44], { ...BIG, model: "Qwen/Qwen2.5-Coder-7B-Instruct" }),
      ...runs([43], { ...BIG, model: "Qwen/Qwen2.5-Coder-14B-Instruct" }),
    ]);
    for (const verb of ["benchmark-compare", "benchmark-status"]) {
      const { stdout } = await rig.say(verb);
      expect(stdout).toMatch(/\sCoder-7B\s/);
      expect(stdout).toMatch(/Qwen\/Qwen2\.5-Coder-7B\s/);
      expect(stdout).toMatch(/\sCoder-14B\s/);
    }
  });

  it("a price that is not known ranks last, and is shown as such", async () => {
    await openDatabase(rig.file).publish([
      ...runs([45], { ...BIG, hourly: 0 }),
      ...runs([20], { ...SMALL, hourly: 1 }),
    ]);
    for (const metric of ["cost_per_1k_tokens", "cost_efficiency"]) {
      const { stdout } = await rig.say("benchmark-compare", "-s", metric, "--force");
      expect(stdout.indexOf("rtx4000a2-s")).toBeLessThan(stdout.indexOf("rtx6000-2"));
      expect(stdout).toContain("n/a");
    }
    const { stdout } = await rig.say("benchmark-compare", "-s", "cost_per_1k_tokens", "-f", "csv");
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/,45\.00,,,\d+,\d+,1,yes$/);
  });

  it("says what is mixed, and what tells two rows of one pair apart", async () => {
    await writeFile(rig.file, FIXTURE);
    await openDatabase(rig.file).publish([
      ...runs([38], SMALL),
      ...runs([39], { ...SMALL, vllm: { max_model_len: 8192 } }),
    ]);
    const { stdout } = await rig.say("benchmark-compare", "--force");
    expect(stdout).toContain("Note: these passes cover different categories");
    expect(stdout).toMatch(/Note: measured in different ways: method /);
    expect(stdout).toContain("Instruct-AWQ differ in the tests that were measured");
    expect(stdout).toContain(`${SMALL.model} differ in max_model_len 8192 / 32768`);
  });

  it("ranks imported records apart, and along when asked", async () => {
    await openDatabase(rig.file).publish([
      ...runs([38], SMALL),
      ...runs([45.3], { ...BIG, summary: { origin: "alice" } }),
    ]);
    const apart = await rig.say("benchmark-compare");
    expect(apart.stdout.indexOf("Imported, ranked apart")).toBeLessThan(
      apart.stdout.indexOf("rtx6000-2"),
    );
    expect(cells(apart.stdout).at(-1)?.at(-1)).toBe("alice");
    const along = await rig.say("benchmark-compare", "--with-imported");
    expect(along.stdout).not.toContain("ranked apart");
    expect(
      cells(along.stdout)
        .slice(1)
        .map((row) => row.at(-1)),
    ).toEqual(["alice", "own"]);
  });

  it("with nothing to show says so, with exit 0", async () => {
    const { code, stdout, stderr } = await rig.say("benchmark-compare");
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain("No benchmark results match.");
  });
});

describe("benchmark-status", () => {
  const STALE = { ...SMALL, model: "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ", category: "7b" };

  it("tells coverage, runs, VMs, dates, confidence, and what is stale with command and price", async () => {
    await openDatabase(rig.file).publish([
      ...runs([45, 45.1, 45.2], { ...BIG, summary: { vm: "a", finished_utc: ago(1) } }),
      ...runs([38, 39], { ...STALE, summary: { finished_utc: ago(45) } }),
      ...runs([9], { gpu: "retired", summary: { finished_utc: ago(3) } }),
      ...runs([9], { gpu: "g2-gpu-rtx4000a1-l", summary: { origin: "alice" } }),
    ]);
    const { code, stdout } = await rig.say("benchmark-status");
    expect(code).toBe(0);
    expect(stdout).toContain("Total benchmarks: 6");
    expect(stdout).toContain("Imported, not counted: 1");
    expect(stdout).toContain("GPU types tested: 2/13 (and outside the catalogue: retired)");
    const high = stdout.split("\n").filter((line) => line.includes("High") && line.startsWith("│"));
    expect(high).toHaveLength(1);
    expect(high[0]).toMatch(/rtx6000-2 .* 3 │ +1 │ \d{4}-\d\d-\d\d 1 day ago +│ ✓ High/);
    expect(stdout).toMatch(
      /Coder-7B-AWQ .* 2 │ +2 │ \d{4}-\d\d-\d\d 1 month ago \(stale\) +│ ⚠ Medium/,
    );
    expect(stdout).toMatch(
      /maider-sweep rebench --stale --only g2-gpu-rtx4000a2-s \(likely \$\d+\.\d\d, at worst \$\d+\.\d\d\)\n +Coder-7B-AWQ: 45 days old/,
    );
    expect(stdout).not.toContain("\u001b");
    const json = JSON.parse((await rig.say("benchmark-status", "--json")).stdout) as {
      outside: string[];
      refresh: { entries: { gpu: string; offer: { likelyUsd: number } }[] };
    };
    expect(json.outside).toEqual(["retired"]);
    const entry = json.refresh.entries.find(({ gpu }) => gpu === STALE.gpu);
    expect(entry?.offer.likelyUsd).toBeGreaterThan(0);
  });

  it("asks no shell to run what a record says", async () => {
    const model = "x'; rm -rf ~ #";
    await openDatabase(rig.file).publish(
      runs([9], { ...SMALL, model, summary: { finished_utc: ago(99) } }),
    );
    const { code, stdout } = await rig.say("benchmark-status");
    expect(code).toBe(0);
    expect(stdout).not.toContain("--model x'");
  });
});

describe("recommend", () => {
  const ASK = ["recommend", "--task", "coding", "--budget", "none", "--size", "balanced"];
  const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";

  it("gives three at most, per model, calls ties ties, and says what would settle them for how much", async () => {
    await openDatabase(rig.file).publish([
      ...runs([50, 50.2, 50.4], { gpu: "g2-gpu-rtx4000a1-s", model: MODEL, hourly: 0.52 }),
      ...runs([49.9, 50.3, 50.5], {
        gpu: "g2-gpu-rtx4000a1-s",
        model: "Qwen/Qwen2.5-Coder-7B-Instruct",
        hourly: 0.52,
      }),
      ...runs([30, 30.1, 30.2], { ...SMALL }),
      ...runs([45], BIG),
    ]);
    const { code, stdout } = await rig.say(...ASK);
    expect(code).toBe(0);
    expect(stdout.match(/^#\d.*/gm)).toEqual([
      expect.stringMatching(/^#1 \(tied\) {2}rtx4000a1-s {2}Coder-7B/),
      expect.stringMatching(/^#1 \(tied\) {2}rtx4000a1-s {2}Coder-7B/),
      expect.stringMatching(/^#3 {2}rtx4000a2-s /),
    ]);
    expect(stdout).toContain("To settle the tie:");
    expect(stdout).toMatch(
      /maider-sweep rebench --gpu g2-gpu-rtx4000a1-s --model Qwen\/Qwen2.5-Coder-7B-Instruct-AWQ \(likely \$\d+\.\d\d, at worst \$\d+\.\d\d\)/,
    );
    const json = JSON.parse((await rig.say(...ASK, "--json")).stdout) as {
      task: string;
      recommendations: {
        rank: number;
        tied: boolean;
        configuration: { gpu: string; records: string[] };
      }[];
      more: { offer: { command: string } }[];
    };
    expect(json.task).toBe("coding");
    expect(json.recommendations.map(({ rank, tied }) => [rank, tied])).toEqual([
      [1, true],
      [1, true],
      [3, false],
    ]);
    expect(json.recommendations[0]?.configuration.records).toHaveLength(3);
    expect(json.more).toHaveLength(2);
  });

  it("warns of a single run, and does not rank what is unstable or imported", async () => {
    await openDatabase(rig.file).publish([
      ...runs([45], BIG),
      ...runs([20, 40], { ...SMALL, model: "Qwen/Jumpy" }),
      ...runs([99, 99.1, 99.2], { ...SMALL, summary: { origin: "alice" } }),
    ]);
    const { stdout } = await rig.say(...ASK);
    expect(stdout.match(/^#\d.*/gm)).toEqual([expect.stringContaining("rtx6000-2")]);
    expect(stdout).toContain("Single benchmark - results may vary");
    expect(stdout).toContain("Not ranked, because passes differ too much:\n  rtx4000a2-s Jumpy");
    const along = await rig.say(...ASK, "--with-imported");
    expect(along.stdout).toMatch(/^#1 {2}rtx4000a2-s[^#]*Imported: measured by alice/);
  });

  it.each([
    ["an empty database", ""],
    ["nothing that meets the budget", "over-3"],
  ])("gives the guide's four hints for %s, with exit 0", async (_, budget) => {
    if (budget !== "") await openDatabase(rig.file).publish(runs([45], SMALL));
    const { code, stdout } = await rig.say(
      "recommend",
      "--task",
      "coding",
      "--budget",
      budget || "none",
      "--size",
      "largest",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("No recommendations found");
    for (const number of [1, 2, 3, 4]) expect(stdout).toContain(`  ${number}. `);
  });

  it("without a terminal needs the task, and then takes any price", async () => {
    const { code, stderr } = await rig.say("recommend", "--budget", "none");
    expect(code).toBe(2);
    for (const option of ["--task", "--budget", "--size"]) expect(stderr).toContain(option);
    await openDatabase(rig.file).publish([...runs([45], BIG), ...runs([20], SMALL)]);
    const json = await rig.say("recommend", "--task", "coding", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      budget: "none",
      size: "balanced",
      users: 1,
      candidates: 2,
    });
  });

  it("counts passes and gives confidence as benchmark-status does", async () => {
    const vllm = { max_num_seqs: 16 };
    await openDatabase(rig.file).publish([
      ...runs([50, 50.1, 50.2], SMALL),
      ...runs([51], { ...SMALL, vllm }),
    ]);
    type Counted = { model: string; name: string; confidence: string; runs: number };
    const { tested } = JSON.parse((await rig.say("benchmark-status", "--json")).stdout) as {
      tested: Counted[];
    };
    const { recommendations } = JSON.parse((await rig.say(...ASK, "--json")).stdout) as {
      recommendations: {
        confidence: string;
        configuration: { name: string; records: string[] };
      }[];
    };
    const recommended = recommendations.map(({ confidence, configuration: { name, records } }) => [
      name,
      confidence,
      records.length,
    ]);
    expect(recommended).toEqual(
      expect.arrayContaining(tested.map(({ name, confidence, runs }) => [name, confidence, runs])),
    );
    expect(recommended).toHaveLength(2);
  });

  it("for several users asks for throughput under load", async () => {
    await openDatabase(rig.file).publish(runs([45], BIG));
    const { code, stdout } = await rig.say("recommend", "--task", "coding", "--users", "4");
    expect(code).toBe(0);
    expect(stdout).toContain("Nothing was measured with 4 requests in flight");
    expect((await rig.say(...ASK, "--users", "0")).code).toBe(2);
  });
});
