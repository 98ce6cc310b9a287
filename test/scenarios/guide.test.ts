import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSession } from "../../src/sessions/write-session.ts";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import { openDatabase } from "../../src/results/store/database.ts";
import { startReferenceServer, type ReferenceServer } from "../support/reference-server.ts";
import { databaseRig, type DatabaseRig } from "../cli/database-rig.ts";
import { sweepRun } from "../simulated/sweep-run.ts";
import { sampleRecord, type SampleFacts } from "../results/sample-record.ts";

// Every command line of the guide, with this program's name, against a database of our own making.
const PROGRAM = fileURLToPath(new URL("../../bin/maider-sweep.js", import.meta.url));
const BIG = "g1-gpu-rtx6000-2";
const SMALL = "g2-gpu-rtx4000a2-s";

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let rig: DatabaseRig;
let server: ReferenceServer;
let records: readonly BenchmarkRecord[];

beforeAll(async () => {
  rig = databaseRig();
  server = await startReferenceServer({ ttftMs: 5, tpotMs: 0.2, model: "coder" });
  const runs = (speeds: readonly number[], facts: SampleFacts): BenchmarkRecord[] =>
    speeds.map((speed) => ({
      ...sampleRecord({ ...facts, speed, summary: { finished_utc: new Date().toISOString() } }),
      gpu_count: 2,
      vram_per_gpu: facts.gpu === BIG ? 48 : 20,
      total_vram: facts.gpu === BIG ? 96 : 40,
    }));
  records = [
    ...runs([45.2, 45.3, 45.4], { gpu: BIG, model: "Qwen/70B-AWQ", category: "70b", hourly: 3 }),
    ...runs([38.1, 38.1], { gpu: SMALL, model: "Qwen/32B-AWQ", category: "30b", hourly: 1.04 }),
    ...runs([30], { gpu: "g2-gpu-rtx4000a1-s", model: "Qwen/7B", category: "7b", hourly: 0.52 }),
  ];
  await openDatabase(rig.file).publish(records);
  const shim = join(rig.folder, "bin", "maider-sweep");
  await mkdir(dirname(shim));
  await writeFile(shim, `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`);
  await chmod(shim, 0o755);
  // The session's address is nobody's: its `ssh` is refused at once.
  const ssh = join(dirname(shim), "ssh");
  await writeFile(ssh, "#!/bin/sh\nexit 255\n");
  await chmod(ssh, 0o755);
  const sessions = join(rig.folder, ".cache", "linode-vms");
  await writeSession(
    {
      name: "my-session",
      instanceId: "12345",
      ip: "192.0.2.1",
      type: "g1-gpu-rtx6000-1",
      hourlyCost: 1.5,
      startTime: 1,
      modelId: "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ",
      servedModelName: "coder",
      provider: "linode",
      apiBase: `${server.url}/v1`,
      apiKey: "sk-dummy",
      rental: undefined,
    },
    sessions,
  );
  await symlink(join(sessions, "my-session", "aider-env"), join(rig.folder, ".aider-env"));
});
afterAll(async () => {
  await server.close();
  await rm(rig.folder, { recursive: true });
});

/** As somebody types it into a shell. */
function type(line: string, more: Readonly<Record<string, string>> = {}): Promise<Said> {
  const env = {
    ...rig.env,
    ...more,
    PATH: `${join(rig.folder, "bin")}:${process.env["PATH"] ?? ""}`,
  };
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["-o", "pipefail", "-c", line],
      { env, cwd: rig.folder },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

/** Measures; a machine that is busy with other things makes passes void, which is no fault of the line's. */
async function measure(line: string): Promise<Said> {
  let said = await type(line);
  for (let more = 0; more < 3 && /was void \d+ times/.test(said.stderr); more += 1)
    said = await type(line);
  return said;
}

/** GPU types in the order of the table's rows. */
const order = (stdout: string): string[] =>
  stdout.split("\n").flatMap((line) => /^│ (rtx\S+)/.exec(line)?.[1] ?? []);
const written = (name: string): Promise<string> => readFile(join(rig.folder, name), "utf8");

describe("the guide's table", () => {
  it("appears in its shape", async () => {
    const { stdout } = await type("maider-sweep benchmark-compare");
    const lines = stdout.split("\n").filter((line) => /^[┌│├└]/.test(line));
    const cells = (line = ""): string[] => line.split("│").slice(1, 9);
    expect(lines[0]).toMatch(/^┌(?:─+┬){8}/);
    expect(cells(lines[1]).map((cell) => cell.trim())).toEqual([
      "GPU Type",
      "GPUs",
      "VRAM",
      "Model",
      "Tokens/Sec",
      "Cost/1K",
      "$/Hour",
      "Efficiency",
    ]);
    expect(lines[2]).toMatch(/^├(?:─+┼){8}/);
    expect(lines.slice(3, 5).map((line) => cells(line).map((cell) => cell.trim()))).toEqual([
      ["rtx6000-2", "2", "96GB", "70B-AWQ", "45.3", "$0.0184", "$3.00", "15.1"],
      ["rtx4000a2-s", "2", "40GB", "32B-AWQ", "38.1", "$0.0076", "$1.04", "36.6"],
    ]);
    expect(cells(lines[3])[4]).toBe("    45.3    ");
    expect(lines.at(-1)).toMatch(/^└(?:─+┴){8}/);
  });
});

describe("the guide's reading lines", () => {
  it.each([
    ["maider-sweep benchmark-compare", ["rtx6000-2", "rtx4000a2-s", "rtx4000a1-s"]],
    [
      "maider-sweep benchmark-compare  # Shows all categories mixed",
      ["rtx6000-2", "rtx4000a2-s", "rtx4000a1-s"],
    ],
    [
      "maider-sweep benchmark-compare --task-category coding",
      ["rtx6000-2", "rtx4000a2-s", "rtx4000a1-s"],
    ],
    ["maider-sweep benchmark-compare --gpu-type g1-gpu-rtx6000-2", ["rtx6000-2"]],
    ["maider-sweep benchmark-compare --gpu-type g2-gpu-rtx4000a2-s", ["rtx4000a2-s"]],
    ["maider-sweep benchmark-compare --model-category 70b", ["rtx6000-2"]],
    [
      "maider-sweep benchmark-compare --sort-by tokens_per_sec",
      ["rtx6000-2", "rtx4000a2-s", "rtx4000a1-s"],
    ],
    [
      "maider-sweep benchmark-compare --sort-by cost_per_1k_tokens",
      ["rtx4000a1-s", "rtx4000a2-s", "rtx6000-2"],
    ],
    [
      "maider-sweep benchmark-compare --sort-by cost_efficiency",
      ["rtx4000a1-s", "rtx4000a2-s", "rtx6000-2"],
    ],
    [
      "maider-sweep benchmark-compare \\\n  --gpu-type g1-gpu-rtx6000-2 \\\n  --task-category coding \\\n  --sort-by cost_efficiency",
      ["rtx6000-2"],
    ],
  ])("%s", async (line, expected) => {
    const { code, stdout, stderr } = await type(line);
    expect([code, stderr]).toEqual([0, ""]);
    expect(order(stdout)).toEqual(expected);
  });

  it("maider-sweep benchmark-compare --format csv, json and markdown with -o", async () => {
    for (const line of [
      "maider-sweep benchmark-compare --format csv -o results.csv",
      "maider-sweep benchmark-compare --format json -o results.json",
      "maider-sweep benchmark-compare --format markdown -o results.md",
      "maider-sweep benchmark-compare --format csv -o results-$(date +%Y%m%d).csv",
      "maider-sweep benchmark-compare \\\n  --task-category coding \\\n  --sort-by cost_efficiency \\\n  --format markdown -o coding-results.md",
    ])
      expect(await type(line)).toMatchObject({ code: 0, stdout: "" });
    expect((await written("results.csv")).trim().split("\n")).toHaveLength(4);
    expect(JSON.parse(await written("results.json"))).toEqual(expect.arrayContaining([...records]));
    expect((await written("results.md")).match(/^\| g/gm)).toHaveLength(3);
    const today = (await type("date +%Y%m%d")).stdout.trim();
    expect(await written(`results-${today}.csv`)).toBe(await written("results.csv"));
    expect((await written("coding-results.md")).split("\n")[4]).toContain("g2-gpu-rtx4000a1-s");
  });

  it("maider-sweep benchmark-status, and the same through grep", async () => {
    const { code, stdout } = await type("maider-sweep benchmark-status");
    expect(code).toBe(0);
    for (const shown of [
      "Total benchmarks: 6",
      "GPU types tested: 3/13",
      "Missing GPU types:",
      "High: 1, Medium: 1, Low: 1",
      new Date().toISOString().slice(0, 10),
    ])
      expect(stdout).toContain(shown);
    const high = await type('maider-sweep benchmark-status | grep "High"');
    expect(high.code).toBe(0);
    expect(order(high.stdout)).toEqual(["rtx6000-2"]);
    expect(high.stdout).not.toContain("\u001b");
  });

  it("maider-sweep recommend asks for a terminal, and takes options without one", async () => {
    expect(await type("maider-sweep recommend")).toMatchObject({ code: 2 });
    const { code, stdout } = await type(
      "maider-sweep recommend --task coding --budget none --size balanced",
    );
    expect(code).toBe(0);
    expect(stdout.match(/^#\d/gm)).toHaveLength(3);
    expect(stdout).toContain("⚠ Single benchmark - results may vary");
  });

  it("a damaged database is backed up, checked with Python, and started anew, as its troubleshooting says", async () => {
    const database = rig.file;
    const before = await readFile(database, "utf8");
    const backup = database.replace(".json", ".backup.json");
    expect(
      await type(`cp ${database} ${backup} && python3 -m json.tool ${database} > /dev/null`),
    ).toMatchObject({ code: 0 });
    await writeFile(database, before.slice(0, 3000));
    const damaged = await type("maider-sweep benchmark-compare");
    expect(damaged.code).toBe(0);
    expect(damaged.stderr).toMatch(/^warning: .+ best copy/);
    expect(await type(`rm ${database} && maider-sweep benchmark-compare`)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("No benchmark results match") as string,
    });
    await writeFile(database, before);
  });
});

describe("the guide's measuring lines", () => {
  it.each([
    ["maider-sweep benchmark", 12],
    ["maider-sweep benchmark  # Runs all categories", 12],
    ["maider-sweep benchmark --category coding", 4],
    ["maider-sweep benchmark --category context_heavy", 4],
    ["maider-sweep benchmark --category reasoning", 4],
    ["maider-sweep benchmark --no-db", 12],
    ["maider-sweep benchmark -s my-session", 12],
  ])("%s", async (line, tests) => {
    await rm(join(rig.folder, ".benchmark-results.json"), { force: true });
    const { stdout, stderr } = await measure(line);
    expect(stdout, stderr).toContain("Average Throughput");
    const file = JSON.parse(await written(".benchmark-results.json")) as {
      session: string;
      vm_type: string;
      tests: unknown[];
    };
    expect(file).toMatchObject({ session: "my-session", vm_type: "g1-gpu-rtx6000-1" });
    expect(file.tests).toHaveLength(tests);
  });

  it.each([
    "maider-sweep benchmark-collect",
    "maider-sweep benchmark-collect my-session",
    "maider-sweep benchmark-collect --category coding",
  ])("%s", async (line) => {
    const { stdout, stderr } = await measure(line);
    expect(stdout, stderr).toContain("Average Throughput");
    expect(stderr).toMatch(/benchmark-compare|Benchmark collection failed/);
  });
});

describe("the guide's lines around them", () => {
  // Its `up` takes type and model from a file of settings, ours from the line; what was typed bare says what is missing.
  it.each([
    "maider-sweep up",
    "maider-sweep up  # RTX 6000 x2 config",
    "maider-sweep up  # RTX 4000 x2 config",
    "maider-sweep up  # Create with this type",
  ])("%s", async (line) => {
    const { code, stdout, stderr } = await type(line);
    expect([code, stdout]).toEqual([2, ""]);
    for (const option of ["--gpu", "--model", "--max-cost"]) expect(stderr).toContain(option);
  });

  it("maider-sweep down, when no VM is up", async () => {
    const { code, stdout, stderr } = await type("maider-sweep down");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("no VM is up");
  });

  it("up, benchmark-collect and down, for each type in turn, with what up has to be told", async () => {
    await using cloud = await sweepRun(3, "--speed", "60", "--delays", "0.1");
    const model = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
    const loop = `for type in ${SMALL} g2-gpu-rtx4000a1-s; do
      maider-sweep up --gpu $type --model ${model} --max-cost 9 --simulate ${cloud.url}  # Create with this type
      maider-sweep benchmark-collect --category coding
      maider-sweep down
    done`;
    const { code, stdout, stderr } = await type(loop, { ...cloud.env, HOME: rig.folder });
    expect(code, stderr).toBe(0);
    expect(stdout.match(/is down and confirmed deleted/g)).toHaveLength(2);
    expect(
      cloud.records().map(({ gpu_type }) => gpu_type),
      `${stdout}\n${stderr}`,
    ).toEqual([SMALL, "g2-gpu-rtx4000a1-s"]);
    const { vms } = await cloud.ask<{ vms: { deleted: string | null }[] }>("state");
    expect(vms.map(({ deleted }) => deleted === null)).toEqual([false, false]);
  });
});
