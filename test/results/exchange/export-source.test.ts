import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeLargeDatabase } from "../../../bench/large-database.ts";
import { exportRecords } from "../../../src/results/exchange/export-records.ts";
import { openExport } from "../../../src/results/exchange/export-source.ts";

const file = join(await mkdtemp(join(tmpdir(), "mds-export-")), "benchmark-database.json");

async function exported(): Promise<unknown> {
  const { records, textOf, close } = await openExport(file);
  const pieces = [...exportRecords(records, "json", undefined, textOf)];
  close();
  return JSON.parse(pieces.join(""));
}

it.each([
  ["plain", (text: string) => text],
  [
    "with letters of more bytes than one",
    (text: string) => text.replaceAll("line", "Zeile für 行"),
  ],
  ["in another layout", (text: string) => JSON.stringify(JSON.parse(text))],
])("every record of a database %s comes out whole", async (_, change) => {
  writeLargeDatabase(file, 60);
  await writeFile(file, change(await readFile(file, "utf8")));
  const { benchmarks } = JSON.parse(await readFile(file, "utf8")) as { benchmarks: unknown[] };
  expect(await exported()).toEqual(benchmarks);
});

it("records keep none of their prompts and replies in memory until they are written", async () => {
  writeLargeDatabase(file, 20);
  const { records, close } = await openExport(file);
  close();
  expect(JSON.stringify(records).length).toBeLessThan((await readFile(file)).length / 2);
});

it("says that the file changed meanwhile, and gives nothing else in a record's place", async () => {
  writeLargeDatabase(file, 20);
  const { records, textOf, close } = await openExport(file);
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace('"version": "1.0"', '"version": "1.00000"'));
  const [first] = records;
  expect(() => first && textOf(first)).toThrow("changed while it was exported");
  close();
});
