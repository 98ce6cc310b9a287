import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import type { Journal } from "../../../src/journal/events.ts";
import { openJournal } from "../../../src/journal/journal-file.ts";
import { runFolder } from "../../../src/journal/state-folder.ts";
import { openDatabase } from "../../../src/results/store/database.ts";
import { startPublisher } from "../../../src/run/records/publisher.ts";
import { newStateDir, opened, ownerOf, RUN, manualClock } from "../../journal/journal-rig.ts";
import { sampleRecord } from "../../results/sample-record.ts";

const DYING = new URL("dying-publisher.ts", import.meta.url);
const patient = new AbortController().signal;

let folder: string;
let file: string;
let journal: Journal;
beforeEach(async () => {
  const stateDir = newStateDir();
  file = join(stateDir, "database.json");
  folder = runFolder(stateDir, RUN);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const clock = manualClock();
  journal = await openJournal({ run: RUN, folder, ownership: ownerOf(1), clock });
  await journal.append({ ...opened, database: file });
});

async function record(id: string): Promise<void> {
  const label = "mds-abcdefgh-001-abcd-xsz0000";
  const fact = { type: "pass.finished", label, model: "m", pass: 1 } as const;
  await journal.append({ ...fact, record: sampleRecord({ id }) });
}

const stored = async (): Promise<readonly string[]> =>
  (await openDatabase(file).read()).records.map(({ id }) => id).toSorted();

it("publishes each pass that the journal gets, before it is closed", async () => {
  const publisher = startPublisher(journal, folder, file);
  await record("a-000001");
  await record("a-000002");
  expect(await publisher.close(patient)).toEqual([]);
  expect(await stored()).toEqual(["a-000001", "a-000002"]);
});

it("publishes at its end what its thread has left when it died", async () => {
  const publisher = startPublisher(journal, folder, file, DYING);
  await record("a-000001");
  await record("a-000002");
  expect(await publisher.close(patient)).toEqual([]);
  expect(await stored()).toEqual(["a-000001", "a-000002"]);
});

it("says why a database cannot be written, once", async () => {
  mkdirSync(file);
  const publisher = startPublisher(journal, folder, file);
  await record("a-000001");
  await record("a-000002");
  expect(await publisher.close(patient)).toEqual([expect.stringContaining("database")]);
  rmSync(file, { recursive: true });
});

it("waits for nothing when there is no time", async () => {
  const publisher = startPublisher(journal, folder, file, DYING);
  await record("a-000001");
  expect(await publisher.close(AbortSignal.abort())).toEqual([]);
  writeFileSync(file, '{"version": "1.0", "benchmarks": []}');
  expect(await stored()).toEqual([]);
});
