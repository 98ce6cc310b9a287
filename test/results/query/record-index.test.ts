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
let kept: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mds-index-"));
  file = join(folder, "benchmark-database.json");
  kept = join(folder, "index");
  writeLargeDatabase(file, 250);
});

/** Long after the file was written. */
const later = (): number => Date.now() + 10_000;
const ids = async (): Promise<string[]> =>
  (await readIndexed(file, kept, later())).records.map(({ id }) => id);
const whole = async (): Promise<string[]> =>
  (await openDatabase(file).read()).records.map(({ id }) => id);

describe("an index of a large database", () => {
  it("answers queries as the file itself does, the first time and from what was kept", async () => {
    const sortBy = "cost_efficiency";
    const answerOf = (records: Parameters<typeof compare>[0]["records"]) =>
      compare({ records, sortBy }).rows.map((row) => ({ ...row, records: row.records.length }));
    const expected = answerOf((await openDatabase(file).read()).records);
    for (let time = 0; time < 2; time += 1)
      expect(answerOf((await readIndexed(file, kept, later())).records)).toEqual(expected);
    expect(await readdir(kept)).toHaveLength(1);
  });

  it.each([
    ["a record more", async () => void (await openDatabase(file).publish([sampleRecord()]))],
    [
      "another text of the same length and the same time",
      async () => {
        const text = await readFile(file, "utf8");
        await writeFile(file, text.replace("00000003-8c38", "99999999-8c38"));
        await utimes(file, new Date(1e12), new Date(1e12));
      },
    ],
  ])("is made anew after %s", async (_, change) => {
    await utimes(file, new Date(1e12), new Date(1e12));
    await ids();
    await change();
    expect(await ids()).toEqual(await whole());
  });

  it.each([
    ["damaged", async (path: string) => appendFile(path, "x")],
    ["cut", async (path: string) => writeFile(path, (await readFile(path)).subarray(0, 3000))],
    ["empty", async (path: string) => writeFile(path, "")],
    ["forged for another file", async (path: string) => writeFile(path, `0 0\n{"records":[]}`)],
  ])("that is %s is not trusted", async (_, hurt) => {
    await ids();
    const [name = ""] = await readdir(kept);
    await hurt(join(kept, name));
    expect(await ids()).toEqual(await whole());
  });

  it("is not kept while the file may still change within a tick of the clock", async () => {
    await readIndexed(file, kept, Date.now() - 60_000);
    await expect(readdir(kept)).rejects.toThrow("ENOENT");
  });

  it("is not needed where none can be kept", async () => {
    await writeFile(kept, "a file in the folder's place");
    expect(await ids()).toEqual(await whole());
  });

  it("of a damaged file is none: its best copy is read", async () => {
    await writeFile(file, (await readFile(file, "utf8")).slice(0, -40_000));
    const { records, problems } = await readIndexed(file, kept, later());
    expect(records.length).toBeGreaterThan(240);
    expect(problems).toEqual([expect.stringContaining("best copy")]);
    await expect(readdir(kept)).rejects.toThrow("ENOENT");
  });
});

describe("streaming a database", () => {
  const all = (): unknown[] => [...streamDatabase(file)];
  const parsed = async (): Promise<unknown[]> =>
    (JSON.parse(await readFile(file, "utf8")) as { benchmarks: unknown[] }).benchmarks;

  it("gives the elements that parsing the whole gives", async () => {
    writeLargeDatabase(file, 1500);
    expect(all()).toEqual(await parsed());
  });

  it("finds short elements between long ones", async () => {
    const data = JSON.parse(await readFile(file, "utf8")) as { benchmarks: { tests: unknown[] }[] };
    for (const [index, record] of data.benchmarks.entries()) if (index % 7 > 3) record.tests = [];
    await writeFile(file, JSON.stringify(data, undefined, 2));
    expect(all()).toEqual(data.benchmarks);
  });

  it("reads an element that is longer than others by far", async () => {
    const data = JSON.parse(await readFile(file, "utf8")) as { benchmarks: { id: string }[] };
    for (const index of [0, 7, 249]) data.benchmarks[index] = { id: "x".repeat(300_000 + index) };
    await writeFile(file, JSON.stringify(data, undefined, 2));
    expect(all()).toEqual(data.benchmarks);
  });

  it.each([
    ["text beyond ASCII", '"test_name": "Multi-file code analysis 3"', '"test_name": "naïve 漢字"'],
    [
      "what looks like a boundary inside a text",
      '"test_name": "Multi-file code analysis 3"',
      '"test_name": "\\\\n    },\\\\n    {"',
    ],
    [
      "further keys around the list",
      '"version": "1.0"',
      '"version": "1.0",\n  "note": {"benchmarks": [1]}',
    ],
  ])("reads %s", async (_, from, to) => {
    await writeFile(file, (await readFile(file, "utf8")).replace(from, to));
    expect(all()).toEqual(await parsed());
  });

  it.each([
    ["another layout", (text: string) => JSON.stringify(JSON.parse(text))],
    ["a comma too many", (text: string) => text.replace("\n    },\n    {", "\n    },,\n    {")],
    ["something behind the end", (text: string) => `${text}}`],
    [
      "a later list of the same name",
      (text: string) => `${text.slice(0, text.lastIndexOf("}"))},"benchmarks":[]}`,
    ],
    ["the list inside another object", (text: string) => `{"x":${text}}`],
    ["half a file", (text: string) => text.slice(0, text.length / 2)],
  ])("refuses %s", async (_, change) => {
    await writeFile(file, change(await readFile(file, "utf8")));
    expect(all).toThrow(/another layout|JSON/);
  });
});
