import { execFile } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { RECORD_KEYS } from "../../../src/evidence/record.ts";
import { openDatabase } from "../../../src/results/store/database.ts";
import { sampleRecord } from "../sample-record.ts";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const fixture = await readFile(join(here, "../../../fixtures/benchmark-database.v1.json"), "utf8");

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mds-db-"));
  file = join(folder, "cache", "benchmark-database.json");
});

/** The ids of the records that maider would read, which must have exactly the 13 keys. */
async function idsReadByMaider(path: string): Promise<string[]> {
  const data = JSON.parse(await readFile(path, "utf8")) as {
    version: string;
    benchmarks: Record<string, unknown>[];
  };
  expect(data.version).toBe("1.0");
  return data.benchmarks
    .filter(
      (record) => Object.keys(record).toSorted().join() === [...RECORD_KEYS].toSorted().join(),
    )
    .map(({ id }) => id as string);
}

const ids = async (path = file): Promise<string[]> =>
  (await openDatabase(path).read()).records.map(({ id }) => id);

async function put(text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

describe("reading", () => {
  it("returns nothing and writes nothing if there is no file", async () => {
    expect(await openDatabase(file).read()).toEqual({ records: [], foreign: [], problems: [] });
    expect(await readdir(folder)).toEqual([]);
  });

  it("returns every record of maider, including those with failed tests", async () => {
    await put(fixture);
    const contents = await openDatabase(file).read();
    expect(contents.records).toHaveLength(8);
    expect(contents.problems).toEqual([]);
    expect(await readdir(dirname(file))).toEqual(["benchmark-database.json"]);
  });

  it("reports unusable records and returns the others", async () => {
    const good = sampleRecord();
    await put(
      JSON.stringify({
        version: "1.0",
        benchmarks: [
          good,
          { ...sampleRecord({ id: "aaaaaaaa-1" }), summary: null },
          { ...sampleRecord({ id: "bbbbbbbb-1" }), timestamp: 12 },
          "nonsense",
          null,
        ],
      }),
    );
    const contents = await openDatabase(file).read();
    expect(contents.records).toEqual([good]);
    expect(contents.foreign).toHaveLength(4);
    expect(contents.problems[0]).toMatch(/^record 2 \(aaaaaaaa\) cannot be used: summary: /);
    expect(contents.problems[1]).toMatch(/^record 3 \(bbbbbbbb\) cannot be used: timestamp: /);
    expect(contents.problems).toHaveLength(4);
  });

  it("reads load levels of every version", async () => {
    const counts = { requests: 40, failed: 0 };
    const older = { ...counts, concurrency: 4, out_tps: 9, per_user_tps: 3, ttft_s: 1, tpot_s: 1 };
    const records = [
      sampleRecord({ summary: { load: [older] } }),
      sampleRecord({
        summary: { load: [{ ...counts, in_flight: 4, verdict: "void", reasons: ["throttled"] }] },
      }),
    ];
    await put(JSON.stringify({ version: "1.0", benchmarks: records }));
    expect((await openDatabase(file).read()).records).toEqual(records);
  });

  it("reports another version, but reads the file", async () => {
    await put(JSON.stringify({ version: "2.0", benchmarks: [sampleRecord()] }));
    const contents = await openDatabase(file).read();
    expect(contents.records).toHaveLength(1);
    expect(contents.problems).toEqual([expect.stringContaining('version "2.0"')]);
  });

  it("reads the NaN that Python writes", async () => {
    const text = JSON.stringify({ version: "1.0", benchmarks: [sampleRecord({ id: "nan" })] });
    await put(text.replace('"tests":[{', '"tests":[{"odd":NaN,"text":"NaN",'));
    expect(await ids()).toEqual(["nan"]);
  });

  it.each([
    ["an empty file", ""],
    ["half a file", fixture.slice(0, 20_000)],
    ["another kind of file", "hello"],
    ["a list", "[]"],
    ["`benchmarks: null`", '{"version":"1.0","benchmarks":null}'],
  ])("uses the best copy of %s and changes nothing", async (_, text) => {
    await put(fixture);
    await openDatabase(file).publish([sampleRecord({ id: "ours" })]);
    await writeFile(file, text);
    const contents = await openDatabase(file).read();
    expect(contents.records.map(({ id }) => id)).toEqual(
      (JSON.parse(fixture) as { benchmarks: { id: string }[] }).benchmarks.map(({ id }) => id),
    );
    expect(contents.problems).toEqual([expect.stringContaining("best copy")]);
    expect(await readFile(file, "utf8")).toBe(text);
  });

  it("reports a folder instead of a file", async () => {
    await mkdir(file, { recursive: true });
    const contents = await openDatabase(file).read();
    expect(contents.records).toEqual([]);
    expect(contents.problems).toEqual([
      expect.stringMatching(/it is a folder.*name another file with --db/),
    ]);
    await expect(openDatabase(file).publish([sampleRecord()])).rejects.toMatchObject({
      name: "SweepError",
      exitCode: 2,
    });
  });

  it("finds every complete record in a file that is truncated at any byte", async () => {
    const records = [sampleRecord({ id: "one" }), sampleRecord({ id: "two" })];
    await openDatabase(file).publish(records);
    const text = await readFile(file, "utf8");
    await rm(`${file}.published`);
    const ends = ["one", "two"].map((id) => {
      const record = JSON.stringify(
        records.find((r) => r.id === id),
        undefined,
        2,
      );
      return (
        text.indexOf(record.replaceAll("\n", "\n    ")) + record.replaceAll("\n", "\n    ").length
      );
    });
    for (let cut = 0; cut < text.length; cut += 7) {
      await writeFile(file, text.slice(0, cut));
      const found = (await openDatabase(file).read()).records.length;
      expect(found).toBe(ends.filter((end) => end <= cut).length);
    }
  });
});

describe("publishing", () => {
  it("creates a file that maider can read, with the same types of values", async () => {
    const record = sampleRecord();
    expect(await openDatabase(file).publish([record])).toEqual({ added: 1, total: 1 });
    expect(await idsReadByMaider(file)).toEqual([record.id]);
    const first = (text: string): object =>
      (JSON.parse(text) as { benchmarks: [object] }).benchmarks[0];
    const theirs = first(fixture);
    const ours = first(await readFile(file, "utf8"));
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
    expect(kinds(ours, "record")).toEqual(expect.arrayContaining(kinds(theirs, "record")));
  });

  it("leaves all other text unchanged", async () => {
    const odd = fixture.replace(
      '"version": "1.0",',
      '"version": "1.0",\n  "note": {"benchmarks": [1, "]}"]},\n  "big": 12345678901234567890.50,',
    );
    await put(odd);
    await openDatabase(file).publish([sampleRecord({ id: "ours" })]);
    const text = await readFile(file, "utf8");
    const head = odd.slice(0, odd.lastIndexOf("}\n  ]"));
    expect(text.startsWith(`${head}},\n    {\n      "id": "ours"`)).toBe(true);
    expect(text.endsWith(odd.slice(odd.lastIndexOf("\n  ]")))).toBe(true);
    expect(await idsReadByMaider(file)).toHaveLength(9);
  });

  it("preserves unusable elements", async () => {
    await put('{"version":"1.0","benchmarks":[{"id":"x","new_key":1.0}, 7 ]}');
    await openDatabase(file).publish([sampleRecord({ id: "ours" })]);
    expect(await readFile(file, "utf8")).toContain('[{"id":"x","new_key":1.0}, 7,');
    expect(await ids()).toEqual(["ours"]);
  });

  it("is idempotent and never changes an existing record", async () => {
    const record = sampleRecord({ id: "ours" });
    const database = openDatabase(file);
    await database.publish([record]);
    const text = await readFile(file, "utf8");
    expect(await database.publish([{ ...record, hourly_cost: 99 }])).toEqual({
      added: 0,
      total: 1,
    });
    expect(await readFile(file, "utf8")).toBe(text);
  });

  it("restores records that another program has overwritten", async () => {
    const database = openDatabase(file);
    await put(fixture);
    await database.publish([sampleRecord({ id: "a" }), sampleRecord({ id: "b" })]);
    await writeFile(file, fixture);
    expect(await database.publish([sampleRecord({ id: "a" }), sampleRecord({ id: "b" })])).toEqual({
      added: 2,
      total: 10,
    });
  });

  it("does not add the records of a deleted file again until they are restored", async () => {
    const old = [sampleRecord({ id: "old-1" }), sampleRecord({ id: "old-2" })];
    await openDatabase(file).publish(old);
    await rm(file);
    const database = openDatabase(file);
    await database.publish(old);
    expect(await ids()).toEqual([]);
    await database.publish([...old, sampleRecord({ id: "new" })]);
    expect(await ids()).toEqual(["new"]);
    await database.restore(old);
    expect((await ids()).toSorted()).toEqual(["new", "old-1", "old-2"]);
    await database.publish(old);
    expect(await ids()).toHaveLength(3);
  });

  it("does not add removed records again", async () => {
    const records = ["a", "b", "c"].map((id) => sampleRecord({ id }));
    const database = openDatabase(file);
    await put(fixture);
    await database.publish(records);
    expect(await database.remove(["b", "unknown"])).toBe(1);
    await database.publish(records);
    expect((await ids()).slice(-2)).toEqual(["a", "c"]);
    expect(await idsReadByMaider(file)).toHaveLength(10);
    expect(await database.remove(["a", "c"])).toBe(2);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(JSON.parse(fixture));
  });

  it("copies a damaged file aside before writing, and recovers records from a backup", async () => {
    await put(fixture);
    await openDatabase(file).publish([sampleRecord({ id: "a" })]);
    const damaged = (await readFile(file, "utf8")).slice(0, 9_000);
    await writeFile(file, damaged);
    expect(
      await openDatabase(file).publish([sampleRecord({ id: "b" }), sampleRecord({ id: "a" })]),
    ).toEqual({ added: 2, total: 10 });
    const aside = (await readdir(dirname(file))).filter((name) => name.includes(".corrupt-"));
    expect(aside).toHaveLength(1);
    expect(await readFile(join(dirname(file), aside[0] ?? ""), "utf8")).toBe(damaged);
    expect(await idsReadByMaider(file)).toHaveLength(10);
    expect(await ids()).toContain("b");
  });

  it("repairs a damaged file even if no record is missing", async () => {
    const record = sampleRecord({ id: "a" });
    await openDatabase(file).publish([record]);
    await writeFile(file, `${await readFile(file, "utf8")}]}`);
    expect(await openDatabase(file).publish([record])).toEqual({ added: 0, total: 1 });
    expect(await idsReadByMaider(file)).toEqual(["a"]);
  });

  it("makes one backup before its first write and retains the newest ten", async () => {
    await put(fixture);
    for (let number = 0; number < 12; number += 1) {
      const database = openDatabase(file, () => Date.UTC(2026, 10, 1 + number));
      await database.publish([sampleRecord({ id: `a${number}` })]);
      await database.publish([sampleRecord({ id: `b${number}` })]);
    }
    const backups = (await readdir(dirname(file))).filter((name) => name.includes(".bak-"));
    expect(backups).toHaveLength(10);
    expect(backups.toSorted()[0]).toBe("benchmark-database.json.bak-20261103T000000.000Z");
  });

  it("writes through a symbolic link", async () => {
    await mkdir(dirname(file), { recursive: true });
    const target = join(folder, "elsewhere.json");
    await writeFile(target, fixture);
    await symlink(target, file);
    await openDatabase(file).publish([sampleRecord({ id: "ours" })]);
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
    expect(await idsReadByMaider(target)).toHaveLength(9);
  });

  it("preserves the permissions of the file", async () => {
    await put(fixture);
    await chmod(file, 0o644);
    await openDatabase(file).publish([sampleRecord()]);
    expect((await stat(file)).mode & 0o777).toBe(0o644);
  });

  it("retries if another program changes the file between reading and renaming", async () => {
    await put(fixture);
    const database = openDatabase(file, () => {
      // The time is read when the backup is made, which is after the file was read.
      intrude();
      return Date.UTC(2026, 10, 1);
    });
    const intrude = (): void => {
      writeFileSync(`${file}.tmp`, fixture.replace("b64ce422", "ffffffff"));
      renameSync(`${file}.tmp`, file);
    };
    await database.publish([sampleRecord({ id: "ours" })]);
    expect(await ids()).toHaveLength(9);
    expect((await ids())[0]).toMatch(/^ffffffff/);
  });

  it.each([
    [
      "a pass that is not sound",
      sampleRecord({ summary: { verdict: { state: "void", reasons: [] } } }),
    ],
    ["a figure that is not a number", sampleRecord({ speed: Number.NaN })],
    ["a key that the Python reader does not know", { ...sampleRecord(), extra: 1 }],
  ])("rejects %s", async (_, record) => {
    await expect(openDatabase(file).publish([record])).rejects.toThrow("must not be published");
  });

  it("loses no record of ours if several of our processes and another program write concurrently", async () => {
    await put(fixture);
    const child = join(here, "publish-in-child.ts");
    const writers = ["p", "q", "r", "s"];
    const foreign = (async () => {
      for (let number = 0; number < 10; number += 1) {
        const data = JSON.parse(await readFile(file, "utf8")) as { benchmarks: unknown[] };
        data.benchmarks.push(sampleRecord({ id: `foreign-${number}` }));
        await writeFile(
          join(dirname(file), "benchmark-database.tmp"),
          JSON.stringify(data, null, 2),
        );
        await rename(join(dirname(file), "benchmark-database.tmp"), file);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await Promise.all([
      foreign,
      ...writers.map((name) => run(process.execPath, [child, file, "6", name])),
    ]);
    // Another program may have overwritten some of our records, which are in the journals.
    await openDatabase(file).publish(
      writers.flatMap((name) =>
        [0, 1, 2, 3, 4, 5].map((n) => sampleRecord({ id: `${name}-${n}` })),
      ),
    );
    const loaded = await idsReadByMaider(file);
    for (const name of writers)
      for (let number = 0; number < 6; number += 1) expect(loaded).toContain(`${name}-${number}`);
    expect(loaded.length).toBe(new Set(loaded).size);
  });

  it("loses no record if only our own processes write concurrently", async () => {
    const child = join(here, "publish-in-child.ts");
    await Promise.all(
      ["p", "q", "r", "s"].map((name) => run(process.execPath, [child, file, "8", name])),
    );
    expect(await idsReadByMaider(file)).toHaveLength(32);
    const left = (await readdir(dirname(file))).filter((name) => name.endsWith(".tmp"));
    expect(left).toEqual([]);
  });
});

/** Every path within a value, with the type of the value there. Of a list, only the first element counts. */
function kinds(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return [`${path}: list`, ...kinds(value[0], `${path}[0]`)];
  if (typeof value !== "object" || value === null) return [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([key, inner]) => kinds(inner, `${path}.${key}`));
}

describe("repairing", () => {
  it("does not make a file that lacks another program's record the newest backup", async () => {
    await put(fixture);
    await openDatabase(file).publish([sampleRecord({ id: "own-1" })]);
    const whole = await readFile(file, "utf8");
    const { benchmarks } = JSON.parse(whole) as { benchmarks: { id: string }[] };
    const [lost] = benchmarks as [{ id: string }];
    const without = JSON.stringify({ version: "1.0", benchmarks: benchmarks.slice(1) });
    for (let time = 0; time < 2; time += 1) {
      await put(without);
      expect(await openDatabase(file).repair([])).toMatchObject({ fromBackup: 1 });
      expect(await ids()).toContain(lost.id);
    }
  });
});
