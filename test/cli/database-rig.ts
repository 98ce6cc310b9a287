import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchmarkRecord } from "../../src/evidence/record.ts";
import type { Fact } from "../../src/journal/events.ts";
import { openJournal } from "../../src/journal/journal-file.ts";
import { newRunId } from "../../src/journal/state-folder.ts";
import { openDatabase } from "../../src/results/store/database.ts";
import { opened, ownerOf, manualClock } from "../journal/journal-rig.ts";
import { speak, type Spoken } from "./fake-terminal.ts";

export const FIXTURE = readFileSync(
  new URL("../../fixtures/benchmark-database.v1.json", import.meta.url),
  "utf8",
);
export const FIXTURE_IDS = (JSON.parse(FIXTURE) as { benchmarks: { id: string }[] }).benchmarks.map(
  ({ id }) => id,
);

/** A home of its own with a database, journals and a way to say command lines. */
export interface DatabaseRig {
  readonly folder: string;
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  say(...argv: readonly string[]): Promise<Spoken>;
  /** A finished run whose journal holds these facts beside its opening. @returns its id */
  journal(facts: readonly Fact[]): Promise<string>;
  /** A finished run that recorded these and published them. */
  measured(records: readonly BenchmarkRecord[]): Promise<void>;
  ids(): Promise<string[]>;
}

export function databaseRig(): DatabaseRig {
  const folder = mkdtempSync(join(tmpdir(), "mds-db-"));
  const file = join(folder, "cache", "benchmark-database.json");
  mkdirSync(join(folder, "cache"));
  const state = join(folder, "state");
  const env = { HOME: folder, MAIDER_SWEEP_STATE: state, MAIDER_SWEEP_DB: file };
  const journal: DatabaseRig["journal"] = async (facts) => {
    const run = newRunId();
    const journal = await openJournal({
      run,
      folder: join(state, "runs", run),
      ownership: ownerOf(1),
      clock: manualClock(),
    });
    await journal.append({ ...opened, database: file });
    for (const fact of facts) await journal.append(fact);
    await journal.append({ type: "run.closed", exit_code: 0, state: "finished" });
    await journal.close();
    return run;
  };
  return {
    folder,
    file,
    env,
    say: (...argv) => speak(argv, env),
    journal,
    async measured(records) {
      await journal(
        records.map((record, index) => ({
          type: "pass.finished",
          label: `mds-abcdefgh-00${index}-abcd-xsz0000`,
          model: record.model_id,
          pass: 1,
          record,
        })),
      );
      await openDatabase(file).publish(records);
    },
    ids: async () => (await openDatabase(file).read()).records.map(({ id }) => id),
  };
}
