import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { readJournal } from "../../src/journal/journal-file.ts";
import { encodeLine } from "../../src/journal/journal-line.ts";
import { foldLedger } from "../../src/run-state/ledger.ts";
import { runStatus } from "../../src/run-state/status.ts";
import { expectedText, recordedRuns, type Recording } from "./restore-run.ts";
import { restoredPlace } from "./restored-place.ts";

const RECORDINGS: readonly Recording[] = [
  "ended",
  "killed-in-mid-pass",
  "killed-after-create-intended",
  "killed-before-destroy",
  "damaged-line",
  "up",
];

interface Status {
  readonly run: string;
  readonly cap_usd: number;
  readonly spent_usd: number;
  readonly reserved_usd: number;
  readonly damaged: boolean;
  readonly simulated: boolean;
}

const each = RECORDINGS.flatMap((recording) =>
  recordedRuns(recording).map(({ run, events, lines }) => ({
    recording,
    run,
    plan: String(events[0]?.["plan"]),
    events,
    lines,
    lastMs: Date.parse(events.at(-1)?.ts ?? ""),
    status: statusesOf(recording).find((status) => status.run === run),
  })),
);

function statusesOf(recording: Recording): readonly Status[] {
  return (JSON.parse(expectedText(recording, "status.json")) as { runs: Status[] }).runs;
}

describe.each(each)(
  "the journal of $plan in $recording",
  ({ recording, run, events, lines, lastMs, status }) => {
    test("is read completely and in order", () => {
      using place = restoredPlace(recording);
      const reading = readJournal(join(place.stateDir, "runs", run));
      expect(reading).toMatchObject({ torn: false, damaged: status?.damaged });
      // What depends on the place is in the first line alone.
      const [opened, ...others] = reading.events;
      expect(others).toEqual(events.slice(1));
      expect(opened).toMatchObject({ type: "run.opened", plan: events[0]?.["plan"], run });
    });

    test("folds to the money and the state that version 0.1 reported", () => {
      using place = restoredPlace(recording);
      const folder = join(place.stateDir, "runs", run);
      const ledger = foldLedger(foldRun(readJournal(folder).events), lastMs);
      expect({
        cap_usd: ledger.capMicroUsd / 1e6,
        spent_usd: ledger.spentMicroUsd / 1e6,
        reserved_usd: ledger.reservedMicroUsd / 1e6,
      }).toEqual({
        cap_usd: status?.cap_usd,
        spent_usd: status?.spent_usd,
        reserved_usd: status?.reserved_usd,
      });
      const { simulated: _, ...expected } = status ?? { simulated: true };
      expect(runStatus(folder, lastMs)).toMatchObject(expected);
    });

    test("is encoded to the same bytes", () => {
      const written = events.map(({ v: _v, crc: _crc, seq, gen, ts, run: of, ...fact }) => {
        const envelope = { seq, gen: Number(gen), ts, run: String(of) };
        return encodeLine(fact as Parameters<typeof encodeLine>[0], envelope, (text) => text).line;
      });
      expect(written).toEqual(lines.filter((line) => !line.startsWith("\0")));
    });
  },
);
