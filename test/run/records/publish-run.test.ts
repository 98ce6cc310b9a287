import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { BenchmarkRecord } from "../../../src/evidence/record.ts";
import { openJournal, JOURNAL_FILE } from "../../../src/journal/journal-file.ts";
import { newRunId, runFolder } from "../../../src/journal/state-folder.ts";
import { openDatabase } from "../../../src/results/store/database.ts";
import { publishPending, publishRun } from "../../../src/run/records/publish-run.ts";
import { applyRetention } from "../../../src/run/run-folder/retention.ts";
import { newStateDir, opened, ownerOf, manualClock } from "../../journal/journal-rig.ts";
import { sampleRecord } from "../../results/sample-record.ts";

const EMPTY = '{"version": "1.0", "benchmarks": []}';
const DAY_S = 86_400;

let stateDir: string;
let file: string;
beforeEach(() => {
  stateDir = newStateDir();
  file = join(stateDir, "database.json");
});

/** A run that has ended, with these sound passes in its journal. @returns its folder */
async function runWith(...ids: readonly string[]): Promise<string> {
  const run = newRunId();
  const folder = runFolder(stateDir, run);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const journal = await openJournal({ run, folder, ownership: ownerOf(1), clock: manualClock() });
  await journal.append({ ...opened, database: file });
  for (const id of ids)
    await journal.append({
      type: "pass.finished",
      label: "mds-abcdefgh-001-abcd-xsz0000",
      model: "m",
      pass: 1,
      record: sampleRecord({ id }),
    });
  await journal.append({ type: "run.closed", exit_code: 0, state: "finished" });
  await journal.close();
  return folder;
}

const stored = async (): Promise<readonly string[]> =>
  (await openDatabase(file).read()).records.map(({ id }: BenchmarkRecord) => id).toSorted();

describe("publishing a run", () => {
  it("adds each of its passes once, however often it is repeated", async () => {
    const folder = await runWith("a-000001", "a-000002");
    await publishRun(folder);
    await publishRun(folder);
    expect(await stored()).toEqual(["a-000001", "a-000002"]);
  });

  it("puts back what another program has overwritten, whichever run recorded it", async () => {
    await publishRun(await runWith("a-000001"));
    await openDatabase(file).publishWithCopies([sampleRecord({ id: "by-hand-1" })]);
    writeFileSync(file, EMPTY);
    await publishRun(await runWith("b-000001"));
    expect(await stored()).toEqual(["a-000001", "b-000001", "by-hand-1"]);
  });

  it("looks for a record that nobody has any more only once", async () => {
    const lost = await runWith("a-000001");
    await publishRun(lost);
    rmSync(lost, { recursive: true });
    writeFileSync(file, EMPTY);
    await publishRun(await runWith("b-000001"));
    // It is expected no longer, so nothing is looked for: a copy that turns up is not found.
    const again = await runWith("a-000001");
    await publishRun(await runWith("b-000002"));
    expect(await stored()).toEqual(["b-000001", "b-000002"]);
    await publishRun(again);
    expect(await stored()).toEqual(["a-000001", "b-000001", "b-000002"]);
  });

  it("leaves removed records and those of a deleted file away", async () => {
    const folder = await runWith("a-000001", "a-000002");
    await publishRun(folder);
    await openDatabase(file).remove(["a-000001"]);
    await publishRun(folder);
    expect(await stored()).toEqual(["a-000002"]);
    rmSync(file);
    await publishRun(folder);
    expect(await stored()).toEqual([]);
  });
});

describe("publishing what is pending", () => {
  it("publishes what a run has recorded and never published", async () => {
    await runWith("a-000001");
    await publishRun(await runWith("b-000001"));
    await publishPending(stateDir);
    expect(await stored()).toEqual(["a-000001", "b-000001"]);
  });

  it("opens no database when nothing is pending", async () => {
    await publishRun(await runWith("a-000001"));
    writeFileSync(file, "no database at all");
    await publishPending(stateDir);
    expect(readFileSync(file, "utf8")).toBe("no database at all");
  });

  it("reads no journal that is packed", async () => {
    const folder = await runWith("a-000001");
    await publishPending(stateDir);
    const old = Date.now() / 1000 - 2 * DAY_S;
    utimesSync(join(folder, JOURNAL_FILE), old, old);
    await applyRetention(stateDir, Date.now());
    writeFileSync(join(folder, `${JOURNAL_FILE}.gz`), "unreadable");
    await publishPending(stateDir);
    expect(await stored()).toEqual(["a-000001"]);
  });
});
