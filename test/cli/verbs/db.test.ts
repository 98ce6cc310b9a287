import { chmod, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import { openDatabase } from "../../../src/results/store/database.ts";
import { sampleRecord } from "../../results/sample-record.ts";
import { databaseRig, FIXTURE, FIXTURE_IDS, type DatabaseRig } from "../database-rig.ts";

let rig: DatabaseRig;
beforeEach(() => {
  rig = databaseRig();
});

const own = (...ids: string[]): BenchmarkRecord[] => ids.map((id) => sampleRecord({ id }));
const asides = async (): Promise<string[]> =>
  (await readdir(dirname(rig.file))).filter((name) => name.includes(".corrupt-"));

describe("db check", () => {
  it("counts what is there, whose it is, and what the journals miss; writes nothing", async () => {
    await writeFile(rig.file, FIXTURE);
    await rig.measured(own("own-0001", "own-0002"));
    await rig.journal([
      {
        type: "pass.finished",
        label: "mds-abcdefgh-009-abcd-xsz0000",
        model: "m",
        pass: 1,
        record: sampleRecord({ id: "own-0003" }),
      },
    ]);
    const before = await readFile(rig.file, "utf8");
    const { code, stdout } = await rig.say("db", "check", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      state: "sound",
      records: 10,
      own: 2,
      imported: 0,
      unsound: 1,
      unusable: 0,
      dropped_by_maider: 0,
      missing: 1,
      problems: [],
    });
    const told = (await rig.say("db", "check")).stdout;
    expect(told).toContain("1 of ours are missing here");
    expect(told).toMatch(/^journals and logs use \d+\.\d MB; those of ended runs are/m);
    const status = JSON.parse((await rig.say("status", "--json")).stdout) as { bytes: number };
    expect(status.bytes).toBeGreaterThan(1_000);
    expect(JSON.parse(stdout)).toMatchObject({ journal_bytes: status.bytes });
    expect(await readFile(rig.file, "utf8")).toBe(before);
  });

  it.each([
    ["an empty file", ""],
    ["half a file", FIXTURE.slice(0, 30_000)],
    ["text", "hello"],
  ])("says that %s is damaged, and what to do, with exit 2", async (_, text) => {
    await writeFile(rig.file, text);
    const { code, stdout } = await rig.say("db", "check");
    expect(code).toBe(2);
    expect(stdout).toMatch(/damaged: it is (?:empty|not JSON)/);
    expect(stdout).toContain("maider-sweep db repair");
    expect(await readFile(rig.file, "utf8")).toBe(text);
  });

  it("is content with no file at all, and tells of a folder", async () => {
    expect(await rig.say("db", "check")).toMatchObject({ code: 0 });
    await mkdir(rig.file);
    const { code, stdout } = await rig.say("db", "check", "--json");
    expect([code, (JSON.parse(stdout) as { state: string }).state]).toEqual([2, "unreadable"]);
  });
});

it("check promises nothing that restore cannot do, and once repaired nothing is missed", async () => {
  await writeFile(rig.file, FIXTURE);
  await openDatabase(rig.file).publish(own("of-a-lost-journal"));
  await writeFile(rig.file, FIXTURE);
  const { stdout } = await rig.say("db", "check");
  expect(stdout).toContain("lost      1 that were here");
  expect(stdout).not.toContain("db restore");
  expect((await rig.say("benchmark-compare")).stderr).toContain("1 record written here");
  expect((await rig.say("db", "repair")).stdout).toContain(
    "1 are lost: no journal, copy or backup has them",
  );
  expect(await rig.say("benchmark-compare")).toMatchObject({ stderr: "" });
});

describe("what another program has overwritten", () => {
  beforeEach(async () => {
    await writeFile(rig.file, FIXTURE);
    await rig.measured(own("own-0001", "own-0002"));
    await openDatabase(rig.file).publishWithCopies(own("by-hand-1"));
    await writeFile(rig.file, FIXTURE);
  });
  const all = [...FIXTURE_IDS, "own-0001", "own-0002", "by-hand-1"].toSorted();

  it.each([
    [["benchmark-compare", "-f", "csv", "--passes"], "own-0002"],
    [["benchmark-compare", "-f", "json"], "by-hand-1"],
    [["benchmark-status"], "Total benchmarks: 11"],
    [["db", "export"], "own-0001"],
  ])("is warned of by %j, in one line, and shown once it is repaired", async (argv, shown) => {
    const { code, stdout, stderr } = await rig.say(...argv);
    expect(code).toBe(0);
    expect(stdout).not.toContain(shown);
    expect(stderr).toMatch(/^warning: .*3 records written here are missing.*db repair.*$/m);
    expect(stderr.match(/^warning/gm)).toHaveLength(1);
    expect(await readFile(rig.file, "utf8")).toBe(FIXTURE);
    await rig.say("db", "repair");
    const repaired = await rig.say(...argv);
    expect(repaired.stdout).toContain(shown);
    expect(repaired.stderr).not.toContain("warning");
  });

  it.each([
    [["db", "repair"], all],
    [["db", "restore"], all],
    [["db", "restore", "own-0001"], all],
    [["db", "remove", FIXTURE_IDS[0] ?? ""], all.filter((id) => id !== FIXTURE_IDS[0])],
    [["db", "remove", "own-0001"], all.filter((id) => id !== "own-0001")],
    [["db", "import", "nothing.json"], all],
  ])("is healed by %j", async (argv, ids) => {
    const nothing = join(rig.folder, "nothing.json");
    await writeFile(nothing, "[]");
    const line = argv.map((word) => (word === "nothing.json" ? nothing : word));
    expect(await rig.say(...line)).toMatchObject({ code: 0, stderr: "" });
    expect((await rig.ids()).toSorted()).toEqual(ids);
    expect(await rig.say("benchmark-compare")).toMatchObject({ code: 0, stderr: "" });
  });

  it("stays away from the queries of a file that was deleted", async () => {
    await rm(rig.file);
    expect((await rig.say("benchmark-compare")).stderr).not.toContain("warning");
    await rig.say("db", "remove", "own-0001");
    expect(await rig.ids()).toEqual([]);
  });
});

describe("a byte order mark, which Python rejects", () => {
  it("is told, and gone after repair or any other write, with all that was there", async () => {
    const text = FIXTURE.replace('"version"', '"note": 1.0,\n  "version"');
    await writeFile(rig.file, `\uFEFF${text}`);
    const check = await rig.say("db", "check");
    expect(check.code).toBe(2);
    expect(check.stdout).toMatch(/damaged: it begins with a byte order mark.*\n.*8 that can/);
    expect(check.stdout).toContain("maider-sweep db repair");
    expect((await rig.say("benchmark-status")).stderr).toContain("byte order mark");
    expect((await rig.say("db", "repair")).stdout).toContain("8 entries kept");
    expect(await readFile(rig.file, "utf8")).toBe(text);
    await writeFile(rig.file, `\uFEFF${text}`);
    await openDatabase(rig.file).publish([]);
    expect(await readFile(rig.file, "utf8")).toBe(text);
  });
});

it.each([
  [["db", "remove", FIXTURE_IDS[0] ?? ""]],
  [["db", "restore"]],
  [["db", "import", "given.json"]],
])("a read-only file is left as it is by %j, and nothing is noted", async (argv) => {
  await writeFile(rig.file, FIXTURE);
  await rig.measured(own("own-0001"));
  const given = join(rig.folder, "given.json");
  await writeFile(given, JSON.stringify(own("their-001")));
  await writeFile(rig.file, FIXTURE);
  await chmod(rig.file, 0o444);
  const names = await readdir(dirname(rig.file));
  const noted = await readFile(`${rig.file}.published`, "utf8");
  const { code, stderr } = await rig.say(...argv.map((w) => (w === "given.json" ? given : w)));
  expect(code).toBe(2);
  expect(stderr).toContain("it is read-only");
  expect(await readFile(rig.file, "utf8")).toBe(FIXTURE);
  expect(await readFile(`${rig.file}.published`, "utf8")).toBe(noted);
  const unlocked = (list: string[]): string[] => list.filter((name) => !name.includes(".writer-"));
  expect(unlocked(await readdir(dirname(rig.file)))).toEqual(unlocked(names));
});

describe("db repair", () => {
  it("takes the longest sound part, the newest backup and the journals, and reports the counts", async () => {
    await writeFile(rig.file, FIXTURE);
    await rig.measured(own("own-0001"));
    await rig.measured(own("own-0002"));
    const damaged = (await readFile(rig.file, "utf8")).slice(0, 9_000);
    await writeFile(rig.file, damaged);
    const { code, stdout } = await rig.say("db", "repair", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      state: "repaired",
      kept: 1,
      fromBackup: 7,
      fromJournals: 2,
      total: 10,
      backup: expect.stringContaining(".bak-") as unknown,
      aside: expect.stringContaining(".corrupt-") as unknown,
    });
    expect((await rig.ids()).toSorted()).toEqual(
      [...FIXTURE_IDS, "own-0001", "own-0002"].toSorted(),
    );
    const [aside = ""] = await asides();
    expect(await readFile(join(dirname(rig.file), aside), "utf8")).toBe(damaged);
    expect((await rig.say("db", "repair")).stdout).toContain("sound, 10 records; nothing to do");
  });

  it("adds missing records to a sound file without calling it damaged", async () => {
    await writeFile(rig.file, FIXTURE);
    await rig.measured(own("own-0001"));
    await writeFile(rig.file, FIXTURE);
    const { code, stdout } = await rig.say("db", "repair");
    expect([code, stdout.split("\n")[0]]).toEqual([
      0,
      `${rig.file}: sound, but records were missing`,
    ]);
    expect(stdout).toContain("1 added from the journals");
    expect(stdout).not.toMatch(/damaged|repaired|corrupt/);
    expect(await asides()).toEqual([]);
    expect(await rig.ids()).toEqual([...FIXTURE_IDS, "own-0001"]);
  });

  it("puts a record right that was hit inside a file which is still JSON", async () => {
    await writeFile(rig.file, FIXTURE);
    await rig.measured(own("own-0001"));
    // The backup holds the foreign record, the journal ours.
    const text = (await readFile(rig.file, "utf8"))
      .replace('"gpu_type": "g1-gpu-rtx6000-2"', '"gpu_tyqe": "g1-gpu-rtx6000-2"')
      .replace('"total_time": 40,', '"total_time": 47,');
    await writeFile(rig.file, text);
    const { stdout } = await rig.say("db", "repair", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ state: "repaired", corrected: 2, total: 9 });
    const { records, problems } = await openDatabase(rig.file).read();
    expect(problems).toEqual([]);
    expect(records).toHaveLength(9);
    expect(records.at(-1)).toEqual(expect.objectContaining({ id: "own-0001" }));
    expect(records.at(-1)?.summary.total_time).toBe(40);
  });

  it("never brings back what was removed", async () => {
    await writeFile(rig.file, FIXTURE);
    await rig.measured(own("own-0001"));
    const [theirs = ""] = FIXTURE_IDS;
    expect(await rig.say("db", "remove", theirs, "own-0001")).toMatchObject({ code: 0 });
    await writeFile(rig.file, "");
    await rig.say("db", "repair");
    expect((await rig.ids()).toSorted()).toEqual(FIXTURE_IDS.slice(1).toSorted());
  });

  it("refuses a folder in the file's place, and leaves it there", async () => {
    await mkdir(rig.file);
    const { code, stderr } = await rig.say("db", "repair");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .+\n {2}why: .+it is a folder\n {2}try: .+\n$/);
  });
});

describe("db remove and restore", () => {
  it("takes records out by the beginnings of their ids, until they are restored by name", async () => {
    await writeFile(rig.file, FIXTURE);
    await rig.measured(own("own-0001", "own-0002"));
    const [theirs = ""] = FIXTURE_IDS;
    const { code, stdout } = await rig.say("db", "remove", theirs.slice(0, 8), "own-0001");
    expect([code, stdout.startsWith("2 removed")]).toEqual([0, true]);
    await rig.measured(own("own-0003"));
    expect(await rig.ids()).toEqual([...FIXTURE_IDS.slice(1), "own-0002", "own-0003"]);
    const all = await rig.say("db", "restore");
    expect(all.stdout).toContain("2 that you removed by name stay away");
    expect(await rig.ids()).toHaveLength(9);
    expect((await rig.say("db", "restore", "own-0001", theirs)).stdout).toContain("2 brought back");
    expect(await rig.ids()).toHaveLength(11);
  });

  it("brings a deleted file back, other people's records too, and only when asked", async () => {
    await writeFile(rig.file, FIXTURE);
    await rig.measured(own("own-0001"));
    await rig.measured(own("own-0002"));
    await rm(rig.file);
    expect((await rig.say("db", "check", "--json")).stdout).toContain('"deleted": 2');
    await rig.measured(own("own-0003"));
    expect(await rig.ids()).toEqual(["own-0003"]);
    expect(await rig.say("db", "restore")).toMatchObject({ code: 0, stderr: "" });
    expect((await rig.ids()).toSorted()).toEqual(
      [...FIXTURE_IDS, "own-0001", "own-0002", "own-0003"].toSorted(),
    );
  });

  it.each([
    [["db", "remove", "nothing1"], "names no record"],
    [["db", "remove", "own-"], "names several records"],
    [["db", "restore", "own"], "names no record"],
  ])("%j is refused with exit 2", async (argv, message) => {
    await rig.measured(own("own-0001", "own-0002"));
    const { code, stderr } = await rig.say(...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(await rig.ids()).toHaveLength(2);
  });

  it("removes nothing from a damaged file", async () => {
    await rig.measured(own("own-0001"));
    await writeFile(rig.file, (await readFile(rig.file, "utf8")).slice(0, -5));
    const { code, stderr } = await rig.say("db", "remove", "own-0001");
    expect(code).toBe(2);
    expect(stderr).toContain("db repair");
    await rig.say("db", "repair");
    expect(await rig.ids()).toEqual(["own-0001"]);
  });
});

it("a verb of the group that does not exist is refused, and the group alone shows its verbs", async () => {
  expect(await rig.say("db", "chekc")).toMatchObject({ code: 2 });
  const alone = await rig.say("db");
  expect(alone.code).toBe(2);
  expect(alone.stderr).toContain("repair");
  expect((await rig.say("db", "export", "--help")).stdout).toContain("Examples:");
});
