import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { expectedText, recordedRuns } from "./restore-run.ts";
import { restoredPlace, type RestoredPlace } from "./restored-place.ts";

interface Record {
  readonly id: string;
  readonly summary: { readonly run?: string };
}

const stored = ({ database }: RestoredPlace): Record[] =>
  (JSON.parse(readFileSync(database, "utf8")) as { benchmarks: Record[] }).benchmarks;
const ids = (records: readonly { readonly id: string }[]): string[] =>
  records.map(({ id }) => id).toSorted();
/** Of the journals of the ended runs, the packed one too. */
const measured = recordedRuns("ended").flatMap(({ events }) =>
  events.flatMap(({ type, record }) => (type === "pass.finished" ? [record as Record] : [])),
);
/** Removed with `db remove`. */
const removed = measured.filter(({ id }) => !expectedText("ended", "compare.csv").includes(id));

test("the recording has a removed record, and it is one of the packed journal", () => {
  const [first] = recordedRuns("ended");
  expect(removed.map(({ summary }) => summary.run)).toEqual([first?.run]);
});

test("db repair leaves a sound database as it is", async () => {
  using place = restoredPlace("ended");
  const before = readFileSync(place.database, "utf8");
  const repaired = await place.say("db", "repair", "--simulate", "--json");
  expect(JSON.parse(repaired.stdout)).toMatchObject({ state: "sound", total: 14 });
  expect(readFileSync(place.database, "utf8")).toBe(before);
});

test("records that another program has overwritten are merged with those that it wrote", async () => {
  using place = restoredPlace("ended");
  const before = stored(place);
  const [remaining] = before;
  const foreign = { ...before.at(-1), id: "00000000-0000-4000-8000-000000000000" };
  writeFileSync(
    place.database,
    JSON.stringify({ version: "1.0", benchmarks: [remaining, foreign] }),
  );
  expect((await place.say("db", "restore", "--simulate")).code).toBe(0);
  expect(ids(stored(place))).toEqual(ids([...before, foreign]));
  const of = (records: readonly Record[]) => new Map(records.map((record) => [record.id, record]));
  for (const [id, record] of of(before)) expect(of(stored(place)).get(id)).toEqual(record);
});

test("a removed record stays away until db restore names it", async () => {
  using place = restoredPlace("ended");
  const before = stored(place);
  const [{ id } = { id: "" }] = removed;
  expect((await place.say("db", "restore", "--simulate")).code).toBe(0);
  expect(ids(stored(place))).toEqual(ids(before));
  expect((await place.say("db", "restore", id, "--simulate")).code).toBe(0);
  expect(ids(stored(place))).toEqual(ids([...before, { id }]));
  expect(stored(place).find((record) => record.id === id)).toEqual(removed[0]);
});

test("db restore brings a deleted file back, without the record that was removed before", async () => {
  using place = restoredPlace("ended");
  const before = stored(place);
  rmSync(place.database);
  expect((await place.say("db", "restore", "--simulate")).code).toBe(0);
  expect(ids(stored(place))).toEqual(ids(before));
});

test("passes that were recorded but not published are missing until they are restored", async () => {
  using place = restoredPlace("killed-before-destroy");
  const recorded = recordedRuns("killed-before-destroy").flatMap(({ events }) =>
    events.flatMap(({ type, record }) => (type === "pass.finished" ? [record as Record] : [])),
  );
  const missing = recorded.length - stored(place).length;
  expect(missing).toBeGreaterThan(0);
  const { stdout } = await place.say("db", "check", "--json", "--simulate");
  expect(JSON.parse(stdout)).toMatchObject({ missing, records: stored(place).length });
  await place.say("db", "restore", "--simulate");
  expect(ids(stored(place))).toEqual(ids(recorded));
});
