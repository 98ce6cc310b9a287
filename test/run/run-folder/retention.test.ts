import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findRun } from "../../../src/run/run-folder/find-run.ts";
import { readLogs } from "../../../src/run/run-folder/run-logs.ts";
import { foldRun } from "../../../src/run-state/fold-run.ts";
import { readJournal } from "../../../src/journal/journal-file.ts";
import {
  diskUsage,
  applyRetention,
  RETENTION_DAYS,
} from "../../../src/run/run-folder/retention.ts";
import { runStatus } from "../../../src/run-state/status.ts";
import { runFolder } from "../../../src/journal/state-folder.ts";
import { newStateDir, opened, openIn, reserved, RUN, vmLabel } from "../../journal/journal-rig.ts";

const DAY_MS = 24 * 3_600_000;
const closed = { type: "run.closed", exit_code: 0, state: "finished" } as const;

/** A run of these facts with a log, whose files are so many days old. */
async function runOf(
  days: number,
  facts: Parameters<Awaited<ReturnType<typeof openIn>>["append"]>[0][],
) {
  const stateDir = newStateDir();
  const folder = runFolder(stateDir, RUN);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const journal = await openIn(folder);
  for (const fact of facts) await journal.append(fact);
  await journal.close();
  writeFileSync(join(folder, "vllm.log"), "a line of a log\n".repeat(1_000));
  writeFileSync(join(folder, "plan.yaml"), "version: 1\n");
  const old = (Date.now() - days * DAY_MS) / 1000;
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), old, old);
  const names = () => readdirSync(folder).toSorted();
  return { stateDir, folder, names, keep: () => applyRetention(stateDir, Date.now()) };
}

it("packs what has ended, and every reader reads it all the same", async () => {
  const run = await runOf(2, [opened, closed]);
  const before = { events: readJournal(run.folder).events, bytes: diskUsage(run.stateDir) };
  await run.keep();
  expect(run.names()).toEqual(["journal.jsonl.gz", "plan.yaml", "vllm.log.gz"]);
  expect(readJournal(run.folder)).toMatchObject({ events: before.events, damaged: false });
  expect(runStatus(run.folder, Date.now()).state).toBe("finished");
  expect(readLogs(findRun(run.stateDir, RUN).folder, undefined)).toMatchObject([
    { name: "vllm.log", text: expect.stringMatching(/^a line of a log/) as string },
  ]);
  expect(diskUsage(run.stateDir)).toBeLessThan(before.bytes / 5);
  await run.keep();
  expect(run.names()).toHaveLength(3);
});

it("unpacks a journal that goes on", async () => {
  const run = await runOf(2, [opened, closed]);
  await run.keep();
  const journal = await openIn(run.folder, 2);
  await journal.append({ type: "run.adopted", by: "resume", pid: 1 });
  await journal.close();
  expect(run.names()).toContain("journal.jsonl");
  expect(run.names()).not.toContain("journal.jsonl.gz");
  expect(readJournal(run.folder).events.map(({ type }) => type)).toEqual([
    "run.opened",
    "run.closed",
    "run.adopted",
  ]);
});

it("dying between the two forms loses nothing", async () => {
  const run = await runOf(2, [opened, closed]);
  const plain = readFileSync(join(run.folder, "journal.jsonl"));
  await run.keep();
  writeFileSync(join(run.folder, "journal.jsonl"), plain);
  expect(readJournal(run.folder).events).toHaveLength(2);
  const journal = await openIn(run.folder, 2);
  await journal.close();
  expect(run.names()).not.toContain("journal.jsonl.gz");
  expect(foldRun(readJournal(run.folder).events).closed).toBeDefined();
});

it.each([
  ["of today", 0.5, [opened, closed]],
  ["that is open", 30, [opened]],
  ["with something unsettled", RETENTION_DAYS + 1, [opened, reserved(vmLabel(1)), closed]],
] as const)("leaves a run %s alone", async (_what, days, facts) => {
  const run = await runOf(days, [...facts]);
  const before = run.names();
  await run.keep();
  expect(run.names()).toEqual(before);
});

it("takes away what is too old, packed or not, and a packed journal that is damaged never", async () => {
  const old = await runOf(RETENTION_DAYS + 1, [opened, closed]);
  await old.keep();
  expect(readdirSync(join(old.stateDir, "runs"))).toEqual([]);
  const damaged = await runOf(2, [opened, closed]);
  await damaged.keep();
  const packed = join(damaged.folder, "journal.jsonl.gz");
  writeFileSync(packed, readFileSync(packed).subarray(0, 40));
  const veryOld = (Date.now() - (RETENTION_DAYS + 9) * DAY_MS) / 1000;
  utimesSync(packed, veryOld, veryOld);
  expect(readJournal(damaged.folder).damaged).toBe(true);
  await damaged.keep();
  expect(damaged.names()).toContain("journal.jsonl.gz");
});
