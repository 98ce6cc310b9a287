import { execFile } from "node:child_process";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/results/store/database.ts";
import { databaseRig, FIXTURE, FIXTURE_IDS, type DatabaseRig } from "../cli/database-rig.ts";
import { sampleRecord } from "../results/sample-record.ts";

const run = promisify(execFile);
const TOOL = fileURLToPath(new URL("stand-ins/python-tool.py", import.meta.url));
const CHILD = fileURLToPath(new URL("../results/store/publish-in-child.ts", import.meta.url));

let rig: DatabaseRig;
beforeEach(async () => {
  rig = databaseRig();
  await writeFile(rig.file, FIXTURE);
});

async function python<T>(...argv: readonly string[]): Promise<T> {
  const { stdout } = await run("python3", [TOOL, ...argv]);
  return JSON.parse(stdout) as T;
}

const load = (): Promise<{ version: string; kept: string[]; dropped: number }> =>
  python("load", rig.file);

describe("the Python tool", () => {
  it("loads the database after each of our writing verbs, and drops nothing", async () => {
    await rig.measured([sampleRecord({ id: "own-0001" }), sampleRecord({ id: "own-0002" })]);
    const ours = ["own-0001", "own-0002"];
    expect(await load()).toEqual({ version: "1.0", kept: [...FIXTURE_IDS, ...ours], dropped: 0 });

    const theirs = join(rig.folder, "alice.json");
    await writeFile(theirs, JSON.stringify([sampleRecord({ id: "their-001" })]));
    await rig.say("db", "import", theirs);
    expect(await load()).toMatchObject({
      kept: [...FIXTURE_IDS, ...ours, "their-001"],
      dropped: 0,
    });

    await rig.say("db", "remove", "own-0001", "their-001");
    expect(await load()).toMatchObject({ kept: [...FIXTURE_IDS, "own-0002"], dropped: 0 });

    await rig.say("db", "restore", "own-0001");
    expect(await load()).toMatchObject({
      kept: [...FIXTURE_IDS, "own-0002", "own-0001"],
      dropped: 0,
    });

    await writeFile(rig.file, (await readFile(rig.file, "utf8")).slice(0, 40_000));
    await expect(load()).rejects.toThrow("JSONDecodeError");
    await rig.say("db", "repair");
    const repaired = await load();
    expect(repaired.dropped).toBe(0);
    expect(repaired.kept.toSorted()).toEqual([...FIXTURE_IDS, ...ours].toSorted());

    await rm(rig.file);
    await rig.say("db", "restore");
    expect((await load()).kept).toHaveLength(10);
    await rig.say("benchmark-compare", "-f", "json", "-o", theirs);
    expect(JSON.parse(await readFile(theirs, "utf8"))).toHaveLength(10);
  });

  it("keeps what it wrote when we write, and we keep ours when it writes", async () => {
    const ours = [sampleRecord({ id: "own-0001" })];
    await rig.measured(ours);
    expect(await python("write", rig.file, "3", "python")).toHaveLength(3);
    await rig.measured([sampleRecord({ id: "own-0002" })]);
    expect((await load()).kept).toEqual([
      ...FIXTURE_IDS,
      "own-0001",
      "python-0",
      "python-1",
      "python-2",
      "own-0002",
    ]);
  });

  it("in two processes beside two of ours takes nothing from us, nor we from it", async () => {
    const ours = ["p", "q"].flatMap((name) => Array.from({ length: 12 }, (_, n) => `${name}-${n}`));
    const [first, second] = await Promise.all([
      python<string[]>("write", rig.file, "20", "python-a"),
      python<string[]>("write", rig.file, "20", "python-b"),
      run(process.execPath, [CHILD, rig.file, "12", "p"]),
      run(process.execPath, [CHILD, rig.file, "12", "q"]),
    ]);
    expect(first.length + second.length).toBeGreaterThan(0);
    // Its writers overwrite one another and us, and may leave half a file: that is theirs. What is left of theirs stays.
    const before = (await openDatabase(rig.file).read()).records.map(({ id }) => id);
    await openDatabase(rig.file).publish(ours.map((id) => sampleRecord({ id })));
    const { kept, dropped } = await load();
    expect(dropped).toBe(0);
    expect(kept).toEqual(expect.arrayContaining([...before, ...FIXTURE_IDS, ...ours]));
    expect(new Set(kept).size).toBe(kept.length);
    const left = await readdir(dirname(rig.file));
    expect(left.filter((name) => name.startsWith(".") && name.endsWith(".tmp"))).toEqual([]);
  });
});
