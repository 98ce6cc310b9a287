import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  changedText,
  expectedText,
  recordedRuns,
  type RecordedRun,
  type Recording,
} from "./restore-run.ts";
import { restoredPlace, type RestoredPlace } from "./restored-place.ts";

const expectedJson = (recording: Recording, file: string): unknown =>
  JSON.parse(expectedText(recording, file));

describe.each<Recording>([
  "ended",
  "killed-in-mid-pass",
  "killed-after-create-intended",
  "killed-before-destroy",
  "damaged-line",
  "up",
])("of the state folder of %s", (recording) => {
  test("status shows every run as version 0.1 did", async () => {
    using place = restoredPlace(recording);
    const { code, stdout } = await place.say("status", "--json");
    expect(code).toBe(0);
    expect(byRun(JSON.parse(stdout))).toMatchObject(byRun(expectedJson(recording, "status.json")));
  });

  test("logs shows every event and every log file", async () => {
    using place = restoredPlace(recording);
    for (const { run, events } of recordedRuns(recording)) {
      const { code, stdout } = await place.say("logs", run, "--json");
      expect(code).toBe(0);
      const shown = JSON.parse(stdout) as { events: unknown[]; files: { name: string }[] };
      expect(shown.events.slice(1)).toEqual(events.slice(1));
      expect(shown.files.map(({ name }) => name)).toEqual(
        readdirSync(join(place.stateDir, "runs", run))
          .map((name) => name.replace(/\.gz$/, ""))
          .filter((name) => name.endsWith(".log"))
          .toSorted(),
      );
    }
  });
});

describe("of the results of the ended runs", () => {
  let place: RestoredPlace;
  beforeAll(() => {
    place = restoredPlace("ended");
  });
  afterAll(() => {
    place[Symbol.dispose]();
  });

  test("logs shows the log of the server that failed", async () => {
    const run = recordedRuns("ended").find(isOf("one-model-fails"))?.run ?? "";
    const { stdout } = await place.say("logs", run);
    expect(stdout).toContain("torch.OutOfMemoryError: CUDA out of memory");
  });

  test("benchmark-compare shows the same rows in the same order", async () => {
    const words = "benchmark-compare -f csv --passes --simulate";
    const { code, stdout } = await place.say(...words.split(" "));
    expect(code).toBe(0);
    // Version 0.1 did not say whether a row is ranked.
    const shared = stdout.replaceAll(/,(?:Ranked|yes|"?no: [^\n]*)$/gm, "");
    expect(shared).toBe(expectedText("ended", "compare.csv"));
  });

  test("benchmark-compare exports the records as they are in the database", async () => {
    const { stdout } = await place.say("benchmark-compare", "-f", "json", "--simulate");
    const { benchmarks } = JSON.parse(readFileSync(place.database, "utf8")) as {
      benchmarks: { id: string }[];
    };
    const stored = new Map(benchmarks.map((record) => [record.id, record]));
    const [, ...rows] = expectedText("ended", "compare.csv").trim().split("\n");
    expect(recordsIn(stdout)).toEqual(rows.map((row) => stored.get(row.slice(0, 36))));
  });

  test("recommend shows the same statistics of each configuration", async () => {
    const words = "recommend --task coding --budget none --size smallest --json --simulate";
    const { code, stdout } = await place.say(...words.split(" "));
    expect(code).toBe(0);
    // Rank and confidence depend on the age of what was measured, too.
    expect(configurations(JSON.parse(stdout))).toMatchObject(
      configurations(expectedJson("ended", "recommend.json")),
    );
  });

  test("db check finds the same records, tombstones and backups, and nothing missing", async () => {
    const { code, stdout } = await place.say("db", "check", "--json", "--simulate");
    expect(code).toBe(0);
    const {
      bytes: _,
      full: __,
      journal_bytes: ___,
      ...expected
    } = JSON.parse(
      changedText(expectedText("ended", "check.json"), {
        replace: new Map([["/tmp/maider-sweep-v0.1/ended", place.folder]]),
      }),
    ) as Record<string, unknown>;
    expect(JSON.parse(stdout)).toMatchObject(expected);
  });

  test("report shows every figure of every configuration, and the money of every VM", async () => {
    const file = join(place.folder, "report.html");
    const { code, stdout } = await place.say("report", "--json", "--simulate", "--output", file);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ benchmarks: 14, runs: 4, simulated: true });
    const page = readFileSync(file, "utf8");
    const recorded = expectedText("ended", "report-main.html");
    expect(figuresIn(recorded)).toHaveLength(9);
    expect(figuresIn(page)).toEqual(figuresIn(recorded).map((row) => expect.arrayContaining(row)));
    expect(moneyIn(recorded)).toHaveLength(5);
    expect(moneyIn(page)).toEqual(moneyIn(recorded));
  });
});

test("list shows the VM that is up with its session", async () => {
  using place = restoredPlace("up");
  const { code, stdout } = await place.say("list", "--json");
  expect(code).toBe(0);
  const { vms } = expectedJson("up", "list.json") as { vms: readonly object[] };
  // Its tunnel was a process of the machine that it was recorded on.
  expect(JSON.parse(stdout)).toMatchObject({ vms: vms.map((vm) => ({ ...vm, tunnel: false })) });
});

function byRun(status: unknown): unknown[] {
  const { runs } = status as { runs: readonly { readonly run: string }[] };
  return runs.toSorted((a, b) => a.run.localeCompare(b.run));
}

function isOf(plan: string): (run: RecordedRun) => boolean {
  return ({ events }) => events[0]?.["plan"] === plan;
}

function recordsIn(text: string): unknown {
  return (JSON.parse(text) as { benchmarks?: unknown }).benchmarks ?? JSON.parse(text);
}

function configurations(answer: unknown): unknown[] {
  const { recommendations } = answer as {
    recommendations: { configuration: { gpu: string; model: string } }[];
  };
  return recommendations
    .map(({ configuration }) => configuration)
    .toSorted((a, b) => `${a.gpu} ${a.model}`.localeCompare(`${b.gpu} ${b.model}`));
}

/**
 * GPU type, model and exact figures of each row in the table of configurations. Times are left out: the time zone that
 * an imported record was written in is not known.
 */
function figuresIn(page: string): string[][] {
  return rowsOf(page, / id="c\d/).map((row) => [
    ...matches(row, /title="([^"]*)"/g),
    ...matches(row, /data-v="([^"]*)"/g).filter((figure) => Number(figure) < 1e12),
  ]);
}

/** Label, hours, dollars and minutes of each VM in the tables of money, by label. */
function moneyIn(page: string): string[][] {
  return rowsOf(page, /<th scope="row">mds-/)
    .map((row) => [
      ...matches(row, /<th scope="row">(mds-[^<]*)</g),
      ...matches(row, /<td class="n">([^<]*)</g),
    ])
    .toSorted(([a = ""], [b = ""]) => a.localeCompare(b));
}

function rowsOf(page: string, wanted: RegExp): string[] {
  return page.split("<tr").filter((row) => wanted.test(row));
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = ""]) => found);
}
