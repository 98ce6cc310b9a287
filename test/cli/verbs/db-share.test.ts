import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { RECORD_KEYS, type BenchmarkRecord } from "../../../src/evidence/record.ts";
import { openDatabase } from "../../../src/results/store/database.ts";
import { recordSharer } from "../../../src/results/exchange/share-record.ts";
import { sampleRecord } from "../../results/sample-record.ts";
import { databaseRig, FIXTURE, type DatabaseRig } from "../database-rig.ts";

let rig: DatabaseRig;
let given: string;
beforeEach(() => {
  rig = databaseRig();
  given = join(rig.folder, "alice.json");
});

const offer = (...values: unknown[]): Promise<void> => writeFile(given, JSON.stringify(values));
const theirs = (id: string, change: Partial<BenchmarkRecord> = {}): BenchmarkRecord => ({
  ...sampleRecord({ id }),
  ...change,
});

/** A record whose figures JavaScript would write in other words, as a database has it. */
const ODD_FIGURES = ["3.0", "9007199254740993", "0.10000000000000000001", "NaN", "-Infinity"];
function oddDatabase(): string {
  const [float = "", big = "", long = "", none = "", less = ""] = ODD_FIGURES;
  return JSON.stringify({ version: "1.0", benchmarks: [sampleRecord({ id: "odd-0001" })] }, null, 2)
    .replace('"hourly_cost": 0.52', `"hourly_cost": ${float}`)
    .replace('"passes_asked": 1', `"passes_asked": ${big},\n        "rtt_s": ${none}`)
    .replace('"success": true', `"success": true,\n          "cached_tokens": ${less}`)
    .replace('"gpu_memory_utilization": 0.9', `"gpu_memory_utilization": ${long}`);
}

it.each([
  ["as it is written", (text: string) => text],
  ["in one line", (text: string) => text.replaceAll(/\n */g, "")],
  ["after a byte order mark", (text: string) => `\uFEFF${text}`],
  ["cut", (text: string) => text.slice(0, -4)],
])("benchmark-compare -f json keeps every figure of a database %s", async (_, change) => {
  await writeFile(rig.file, change(oddDatabase()));
  const { stdout } = await rig.say("benchmark-compare", "-f", "json");
  for (const figure of ODD_FIGURES) expect(stdout.replaceAll(": ", ":")).toContain(`:${figure}`);
});

it("db restore from a backup keeps every figure as it was", async () => {
  await writeFile(rig.file, oddDatabase());
  await rig.measured([sampleRecord({ id: "own-0001" })]);
  const backed = await readFile(rig.file, "utf8");
  await rm(rig.file);
  await rig.say("db", "restore", "odd-0001");
  const restored = await readFile(rig.file, "utf8");
  for (const figure of ODD_FIGURES) expect(restored).toContain(`: ${figure}`);
  expect(backed).toContain(restored.slice(restored.indexOf("    {"), restored.indexOf("\n    }")));
});

describe("db export", () => {
  const placed = (): BenchmarkRecord => {
    const record = sampleRecord({
      id: "own-0001",
      vllm: { image: "registry.corp:5000/vllm/vllm-openai:v0.27.1", host: "box.internal" },
      summary: {
        vm: "mds-abcdefgh-001-abcd-xsz0000",
        run: "abcdefgh",
        host: "10.1.2.3",
        verdict: {
          state: "sound",
          reasons: ["asked 10.1.2.3:8000 and fe80::1 at joe@corp.example"],
        },
      },
    });
    const [test] = record.tests;
    if (test !== undefined) {
      test.completion = `it runs at http://192.168.1.7/x on my-host and box.local`;
      record.tests.push({ ...test, category: "custom", prompt: "my secret prompt" });
    }
    return { ...record, model_id: "/home/joe/models/Qwen-7B" };
  };

  it("names no host, address or label, nor prompts of one's own, and keeps the figures", async () => {
    await openDatabase(rig.file).publish([placed()]);
    const { code, stdout } = await rig.say("db", "export");
    expect(code).toBe(0);
    for (const place of [
      "10.1.2.3",
      "fe80",
      "joe",
      "corp",
      "mds-",
      "abcdefgh",
      "192.168",
      "internal",
      "box.local",
      "secret",
    ])
      expect(stdout).not.toContain(place);
    const [shared, ...others] = JSON.parse(stdout) as BenchmarkRecord[];
    expect(others).toEqual([]);
    expect(Object.keys(shared ?? {})).toEqual([...RECORD_KEYS]);
    expect(shared).toMatchObject({
      id: "own-0001",
      model_id: "Qwen-7B",
      vllm_config: { image: "vllm/vllm-openai:v0.27.1", max_model_len: 32768 },
      summary: { vm: "vm-1", avg_tokens_per_sec: 50, finished_utc: "2026-11-20T10:00:00.000Z" },
    });
  });

  it("names none of the further hosts that it is told of", () => {
    const shared = recordSharer(["my-host"])(placed());
    expect(shared.tests[0]?.completion).toBe("it runs at [removed] on [removed] and [removed]");
  });

  it("numbers VMs, so that their count stays", () => {
    const share = recordSharer([]);
    const shared = ["a", "b", "a"].map((vm) => share(sampleRecord({ summary: { vm } })));
    expect(shared.map(({ summary }) => summary.vm)).toEqual(["vm-1", "vm-2", "vm-1"]);
  });

  it("keeps every figure as it is written, also where a double holds less", async () => {
    await writeFile(rig.file, oddDatabase());
    const { stdout } = await rig.say("db", "export");
    for (const figure of ODD_FIGURES) expect(stdout).toContain(`: ${figure}`);
  });

  it("takes chosen records by id and by filter, in each format", async () => {
    await writeFile(rig.file, FIXTURE);
    const one = await rig.say("db", "export", "b64ce422", "-f", "csv");
    expect(one.stdout.trim().split("\n")).toHaveLength(2);
    const coding = await rig.say("db", "export", "-g", "g1-gpu-rtx6000-2", "-f", "markdown");
    expect(coding.stdout.match(/^\| g1-gpu-rtx6000-2 /gm)?.length).toBe(
      FIXTURE.match(/"gpu_type": "g1-gpu-rtx6000-2"/g)?.length,
    );
    const file = join(rig.folder, "out.json");
    expect(await rig.say("db", "export", "-o", file)).toMatchObject({ code: 0, stdout: "" });
    expect(JSON.parse(await readFile(file, "utf8"))).toHaveLength(8);
    expect(await rig.say("db", "export", "zzzz")).toMatchObject({ code: 2 });
    expect(await rig.say("db", "export", "-o", join(rig.folder, "no", "x"))).toMatchObject({
      code: 2,
    });
  });
});

describe("db import", () => {
  it("takes an export or a whole database once, and keeps whose it is", async () => {
    await rig.measured([sampleRecord({ id: "own-0001" })]);
    await offer(theirs("their-001"), theirs("their-002"));
    const first = await rig.say("db", "import", given);
    expect(first).toMatchObject({
      code: 0,
      stdout: `2 imported, 0 were here already, 0 refused; ${rig.file} holds 3 records now\n`,
    });
    const again = await rig.say("db", "import", given, "--origin", "somebody");
    expect(again.stdout).toMatch(/^0 imported, 2 were here already, 0 refused; .* holds 3 records/);
    const { records } = await openDatabase(rig.file).read();
    expect(records.map(({ id, summary }) => [id, summary.origin])).toEqual([
      ["own-0001", undefined],
      ["their-001", "alice"],
      ["their-002", "alice"],
    ]);
    await writeFile(given, FIXTURE);
    expect((await rig.say("db", "import", given)).stdout).toMatch(/^8 imported/);
  });

  it.each([[[]], [["--json"]], [["--simulate"]]])(
    "makes the folder that the database has not yet, for its owner alone (%j)",
    async (more) => {
      await rm(dirname(rig.file), { recursive: true });
      await offer(theirs("their-001"));
      expect(await rig.say("db", "import", given, ...more)).toMatchObject({ code: 0, stderr: "" });
      expect((await stat(dirname(rig.file))).mode & 0o777).toBe(0o700);
    },
  );

  it("is refused with exit 2 when every record is, and says what to do", async () => {
    await offer("nonsense", null);
    const { code, stdout, stderr } = await rig.say("db", "import", given, "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ added: 0, duplicates: 0, total: 0 });
    expect(JSON.parse(stderr)).toMatchObject({
      error: expect.stringMatching(/^nothing in .+ could be imported$/) as unknown,
      reason: "all of its 2 are refused",
      exit_code: 2,
    });
    await offer();
    expect(await rig.say("db", "import", given)).toMatchObject({ code: 0, stderr: "" });
  });

  it("keeps what was imported beside the database, so that restore brings it back", async () => {
    await rig.measured([sampleRecord({ id: "own-0001" })]);
    await offer(theirs("their-001"), theirs("their-002"));
    await rig.say("db", "import", given);
    const before = (await openDatabase(rig.file).read()).records;
    await rm(rig.file);
    expect(JSON.parse((await rig.say("db", "check", "--json")).stdout)).toMatchObject({
      deleted: 3,
      restorable: 3,
      lost: 0,
    });
    expect((await rig.say("db", "restore", "their-002")).stdout).toMatch(/^1 brought back/);
    expect(await rig.ids()).toEqual(["their-002"]);
    expect((await rig.say("db", "restore")).stdout).toMatch(/^2 brought back .* holds 3 records/);
    const after = (await openDatabase(rig.file).read()).records;
    expect(after).toEqual(expect.arrayContaining([...before]));
    const check = await rig.say("db", "check");
    expect(check.stdout).toContain("3 that can be used: 1 own, 0 of other programs, 2 imported");
    expect(check.stdout).not.toContain("db restore");
    await rig.say("db", "remove", "their-001");
    await rm(rig.file);
    await rig.say("db", "restore");
    expect((await rig.ids()).toSorted()).toEqual(["own-0001", "their-002"]);
  });

  it("takes what was imported once as it was then, whoever offers it again", async () => {
    await offer(theirs("their-001"));
    await rig.say("db", "import", given);
    await rm(rig.file);
    expect((await rig.say("db", "import", given, "--origin", "bob")).stdout).toMatch(/^1 imported/);
    const { records } = await openDatabase(rig.file).read();
    expect(records.map(({ summary }) => summary.origin)).toEqual(["alice"]);
    await rm(rig.file);
    await offer(theirs("their-001", { hourly_cost: 9 }));
    expect((await rig.say("db", "import", given)).stderr).toContain("other contents");
  });

  it("names the chain of those whose hands a record came through", async () => {
    await offer(theirs("their-001", { summary: { ...sampleRecord().summary, origin: "bob" } }));
    await rig.say("db", "import", given);
    const { records } = await openDatabase(rig.file).read();
    expect(records[0]?.summary.origin).toBe("alice (from bob)");
  });

  it("what was exported can be imported", async () => {
    await rig.measured([sampleRecord({ id: "own-0001" })]);
    await rig.say("db", "export", "-o", given);
    const other = databaseRig();
    expect((await other.say("db", "import", given)).stdout).toMatch(/^1 imported/);
  });

  it("after the file was deleted, imports what went with it", async () => {
    await offer(theirs("their-001"));
    await rig.say("db", "import", given);
    await writeFile(rig.file, '{"version":"1.0","benchmarks":[]}');
    expect((await rig.say("db", "import", given)).stdout).toMatch(/^1 imported/);
    await rig.say("db", "remove", "their-001");
    expect((await rig.say("db", "import", given)).stderr).toContain(
      "it was removed from this database",
    );
  });
});

describe("a hostile file", () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { x: nested(depth - 1) });
  const withSummary = (more: object): BenchmarkRecord =>
    theirs("evil-0001", { summary: { ...sampleRecord().summary, ...more } });

  const hostile: readonly (readonly [string, unknown, string])[] = [
    [
      "markup in a model's name",
      theirs("evil-0001", { model_id: "<img src=x onerror=alert(1)>" }),
      "model_id",
    ],
    ["terminal codes in a GPU type", theirs("evil-0001", { gpu_type: "g\u001b[2J" }), "gpu_type"],
    ["a formula as id", theirs("=1+1"), "id"],
    ["a path as id", theirs("../../etc/passwd"), "id"],
    ["a figure beyond all bounds", withSummary({ avg_tokens_per_sec: 1e300 }), "1e+300"],
    ["an absurd number of GPUs", theirs("evil-0001", { gpu_count: 1e9 }), "number of GPUs"],
    ["a negative price", theirs("evil-0001", { hourly_cost: -1 }), "price"],
    ["a time in the future", withSummary({ finished_utc: "2999-01-01T00:00:00Z" }), "timestamp"],
    ["endless nesting", withSummary({ more: nested(40) }), "nested"],
    ["a huge text", withSummary({ more: "x".repeat(300_000) }), "too large"],
    [
      "a pass that failed",
      withSummary({ verdict: { state: "void", reasons: ["x"] } }),
      "not sound",
    ],
    ["an unknown top-level key", { ...theirs("evil-0001"), extra: 1 }, "keys"],
    ["a simulated result", withSummary({ simulated: true }), "simulated"],
    ["no record at all", "nonsense", ""],
    ["null", null, ""],
  ];

  it.each(hostile)("with %s is refused, and the others go in", async (_, value, reason) => {
    await rig.measured([sampleRecord({ id: "own-0001" })]);
    const before = (await openDatabase(rig.file).read()).records;
    await offer(value, theirs("their-001"));
    const { code, stdout, stderr } = await rig.say("db", "import", given);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^1 imported, 0 were here already, 1 refused; .* holds 2 records now\n$/,
    );
    expect(stderr).toContain(reason);
    expect(stderr).not.toMatch(/\p{Cc}(?<!\n)/u);
    const { records } = await openDatabase(rig.file).read();
    expect(records.slice(0, 1)).toEqual(before);
    expect(records).toHaveLength(2);
  });

  it.each(["__proto__", "constructor", "prototype"])(
    "with the key %s changes nothing",
    async (key) => {
      const text = JSON.stringify([theirs("evil-0001")]).replace(
        '"summary":{',
        `"summary":{"${key}":{"polluted":true},`,
      );
      await writeFile(given, text);
      const { stdout, stderr } = await rig.say("db", "import", given);
      expect(stdout).toMatch(/^0 imported, 0 were here already, 1 refused/);
      expect(stderr).toContain(key);
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    },
  );

  it("with figures that no number holds is refused", async () => {
    const text = JSON.stringify([theirs("evil-0001")]).replace(
      '"hourly_cost":0.52',
      '"hourly_cost":1e999',
    );
    await writeFile(given, text);
    expect((await rig.say("db", "import", given)).stdout).toMatch(/1 refused/);
  });

  it("with ids of ours and other contents is refused, also when only a journal still knows them", async () => {
    const ours = sampleRecord({ id: "own-0001" });
    await rig.measured([ours]);
    await offer({ ...ours, hourly_cost: 0.01 });
    const here = await rig.say("db", "import", given);
    expect(here.stderr).toContain("other contents");
    await writeFile(rig.file, '{"version":"1.0","benchmarks":[]}');
    const gone = await rig.say("db", "import", given);
    expect(gone.stdout).toMatch(/^0 imported, 0 were here already, 1 refused/);
    expect(gone.stdout).toContain("1 more records that were written here and were missing");
    expect((await openDatabase(rig.file).read()).records).toEqual([ours]);
  });

  it("of 50 MB is contained", async () => {
    await rig.measured([sampleRecord({ id: "own-0001" })]);
    const before = await readFile(rig.file, "utf8");
    await writeFile(given, `[${"[".repeat(1_000_000)}`);
    expect(await rig.say("db", "import", given)).toMatchObject({ code: 2, stdout: "" });
    await writeFile(given, `["${"<b>".repeat(17_000_000)}"]`);
    const { code, stdout } = await rig.say("db", "import", given);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^0 imported, 0 were here already, 1 refused/);
    expect(await readFile(rig.file, "utf8")).toBe(before);
  });

  it.each([
    ["a folder", "."],
    ["a device without an end", "/dev/zero"],
    ["nothing", "no-such-file.json"],
  ])("that is %s is refused with exit 2", async (_, path) => {
    const { code, stderr } = await rig.say("db", "import", path);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .+\n {2}why: .+\n {2}try: .+\n$/);
  });
});
