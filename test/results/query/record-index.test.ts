import { appendFile, mkdtemp, readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { writeLargeDatabase } from "../../../bench/large-database.ts";
import { openDatabase } from "../../../src/results/store/database.ts";
import { compare } from "../../../src/results/query/compare.ts";
import { readIndexed } from "../../../src/results/query/record-index.ts";
import { streamDatabase } from "../../../src/results/store/stream-database.ts";
import { sampleRecord } from "../sample-record.ts";

let folder: string;
let file: string;
let cacheFolder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mds-index-"));
  file = join(folder, "benchmark-database.json");
  cacheFolder = join(folder, "index");
  writeLargeDatabase(file, 250);
});

/** A time long after the file was written. */
const later = (): number => Date.now() + 10_000;
const ids = async (): Promise<string[]> =>
  (await readIndexed(file, cacheFolder, later())).records.map(({ id }) => id);
const idsFromDatabase = async (): Promise<string[]> =>
  (await openDatabase(file).read()).records.map(({ id }) => id);

describe("an index of a large database", () => {
  it("gives the same answers as the database, both when first read and from the cache", async () => {
    const sortBy = "cost_efficiency";
    const answerOf = (records: Parameters<typeof compare>[0]["records"]) =>
      compare({ records, sortBy }).rows.map((row) => ({ ...row, records: row.records.length }));
    const expected = answerOf((await openDatabase(file).read()).records);
    for (let time = 0; time < 2; time += 1)
      expect(answerOf((await readIndexed(file, cacheFolder, later())).records)).toEqual(expected);
    expect(await readdir(cacheFolder)).toHaveLength(1);
  });

  it.each([
    ["a new record", async () => void (await openDatabase(file).publish([sampleRecord()]))],
    [
      "a change that leaves the length and the modification time as they were",
      async () => {
        const text = await readFile(file, "utf8");
        await writeFile(file, text.replace("00000003-8c38", "99999999-8c38"));
        await utimes(file, new Date(1e12), new Date(1e12));
      },
    ],
  ])("is rebuilt after %s", async (_, change) => {
    await utimes(file, new Date(1e12), new Date(1e12));
    await ids();
    await change();
    expect(await ids()).toEqual(await idsFromDatabase());
  });

  it.each([
    ["damaged", async (path: string) => appendFile(path, "x")],
    [
      "truncated",
      async (path: string) => writeFile(path, (await readFile(path)).subarray(0, 3000)),
    ],
    ["empty", async (path: string) => writeFile(path, "")],
    ["forged for another file", async (path: string) => writeFile(path, `0 0\n{"records":[]}`)],
  ])("is ignored if its file is %s", async (_, damage) => {
    await ids();
    const [name = ""] = await readdir(cacheFolder);
    await damage(join(cacheFolder, name));
    expect(await ids()).toEqual(await idsFromDatabase());
  });

  it("is not cached while the database may still change without a new timestamp", async () => {
    await readIndexed(file, cacheFolder, Date.now() - 60_000);
    await expect(readdir(cacheFolder)).rejects.toThrow("ENOENT");
  });

  it("is optional: without a writable cache folder the database is read", async () => {
    await writeFile(cacheFolder, "a file instead of the folder");
    expect(await ids()).toEqual(await idsFromDatabase());
  });

  it("is not built for a damaged database, whose best backup is read instead", async () => {
    await writeFile(file, (await readFile(file, "utf8")).slice(0, -40_000));
    const { records, problems } = await readIndexed(file, cacheFolder, later());
    expect(records.length).toBeGreaterThan(240);
    expect(problems).toEqual([expect.stringContaining("best copy")]);
    await expect(readdir(cacheFolder)).rejects.toThrow("ENOENT");
  });
});

describe("streaming a database", () => {
  const all = (): unknown[] => [...streamDatabase(file)];
  const parsed = async (): Promise<unknown[]> =>
    (JSON.parse(await readFile(file, "utf8")) as { benchmarks: unknown[] }).benchmarks;

  it("yields the same elements as JSON.parse", async () => {
    writeLargeDatabase(file, 1500);
    expect(all()).toEqual(await parsed());
  });

  it("finds short elements between long ones", async () => {
    const data = JSON.parse(await readFile(file, "utf8")) as { benchmarks: { tests: unknown[] }[] };
    for (const [index, record] of data.benchmarks.entries()) if (index % 7 > 3) record.tests = [];
    await writeFile(file, JSON.stringify(data, undefined, 2));
    expect(all()).toEqual(data.benchmarks);
  });

  it("reads an element that is far longer than the others", async () => {
    const data = JSON.parse(await readFile(file, "utf8")) as { benchmarks: { id: string }[] };
    for (const index of [0, 7, 249]) data.benchmarks[index] = { id: "x".repeat(300_000 + index) };
    await writeFile(file, JSON.stringify(data, undefined, 2));
    expect(all()).toEqual(data.benchmarks);
  });

  it.each([
    ["non-ASCII text", '"test_name": "Multi-file code analysis 3"', '"test_name": "naïve 漢字"'],
    [
      "a string that looks like a boundary between elements",
      '"test_name": "Multi-file code analysis 3"',
      '"test_name": "\\\\n    },\\\\n    {"',
    ],
    [
      "other keys before the list",
      '"version": "1.0"',
      '"version": "1.0",\n  "note": {"benchmarks": [1]}',
    ],
  ])("reads %s", async (_, from, to) => {
    await writeFile(file, (await readFile(file, "utf8")).replace(from, to));
    expect(all()).toEqual(await parsed());
  });

  it.each([
    ["another layout", (text: string) => JSON.stringify(JSON.parse(text))],
    ["a superfluous comma", (text: string) => text.replace("\n    },\n    {", "\n    },,\n    {")],
    ["characters after the end", (text: string) => `${text}}`],
    [
      "a second list with the same name",
      (text: string) => `${text.slice(0, text.lastIndexOf("}"))},"benchmarks":[]}`,
    ],
    ["the list inside another object", (text: string) => `{"x":${text}}`],
    ["half a file", (text: string) => text.slice(0, text.length / 2)],
  ])("refuses %s", async (_, change) => {
    await writeFile(file, change(await readFile(file, "utf8")));
    expect(all).toThrow(/another layout|JSON/);
  });
});
