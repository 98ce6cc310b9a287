import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeLargeDatabase } from "../../../bench/large-database.ts";
import { exportRecords } from "../../../src/results/exchange/export-records.ts";
import { readContents } from "../../../src/results/store/database-contents.ts";

const file = join(await mkdtemp(join(tmpdir(), "mds-export-")), "benchmark-database.json");

it.each([
  ["as written by maider", (text: string) => text],
  ["with non-ASCII text", (text: string) => text.replaceAll("line", "Zeile für 行")],
  ["in another layout", (text: string) => JSON.stringify(JSON.parse(text))],
])("exports every record of a database %s unchanged", async (_, change) => {
  writeLargeDatabase(file, 60);
  await writeFile(file, change(await readFile(file, "utf8")));
  const { benchmarks } = JSON.parse(await readFile(file, "utf8")) as { benchmarks: unknown[] };
  const { records } = await readContents(file, true);
  expect(JSON.parse([...exportRecords(records)].join(""))).toEqual(benchmarks);
});
