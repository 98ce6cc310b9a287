import { stat } from "node:fs/promises";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { whereLinksLead } from "../../support/safe-file.ts";
import { backupsOf } from "./backups.ts";
import { idOf, readDatabaseFile } from "./database-file.ts";
import type { BenchmarkDatabase } from "./database.ts";
import { rejectionReason } from "../query/record-quality.ts";
import { LARGEST_TEXT } from "./database-text.ts";
import { readPublication, tombstones } from "./publication-log.ts";
import { pythonReads } from "./read-record.ts";
import { restorable } from "./restorable.ts";

/** What `db check` tells; keys as its JSON has them. */
export interface DatabaseCheck {
  readonly file: string;
  readonly state: "sound" | "missing" | "damaged" | "unreadable";
  readonly why: string | null;
  readonly bytes: number;
  /** Of what the format can hold, 0 to 1. */
  readonly full: number;
  /** That can be counted with; of a damaged file, those of its best copy. */
  readonly records: number;
  readonly own: number;
  readonly imported: number;
  /** Not sound, so never ranked. */
  readonly unsound: number;
  /** Cannot be counted with; the Python reader would drop some of the others. */
  readonly unusable: number;
  readonly dropped_by_maider: number;
  /** Ours in journals or copies, but not here, and neither removed by the user nor deleted with a file. */
  readonly missing: number;
  /** The same of what was imported. */
  readonly missing_imported: number;
  readonly removed: number;
  readonly deleted: number;
  /** Of all that was here and is not, apart from what was removed by name: what `db restore` brings back, and the rest. */
  readonly restorable: number;
  readonly lost: number;
  /** Newest first. */
  readonly backups: readonly string[];
  readonly problems: readonly string[];
}

/** @param known what journals and copies hold. Reads only. */
export async function checkDatabase(
  database: BenchmarkDatabase,
  known: {
    readonly ours: readonly BenchmarkRecord[];
    readonly imported: readonly BenchmarkRecord[];
  },
): Promise<DatabaseCheck> {
  const path = await whereLinksLead(database.file);
  const file = await readDatabaseFile(path);
  const { records, foreign, problems } = await database.read();
  const publication = await readPublication(path);
  // What was in a file that is gone went with it, though nobody has noted it yet.
  const deleted =
    file.kind === "missing"
      ? [...publication.published, ...publication.deleted]
      : publication.deleted;
  const away = new Set([...tombstones(publication), ...deleted]);
  const present = new Set([...records, ...foreign].map(idOf));
  const own = new Set(known.ours.map(({ id }) => id));
  const imported = new Set(known.imported.map(({ id }) => id));
  const absent = [...new Set([...own, ...imported, ...publication.published, ...deleted])].filter(
    (id) => !present.has(id) && !publication.removed.has(id),
  );
  const kept = [...known.ours, ...known.imported];
  const source = absent.length === 0 ? undefined : await restorable(database, kept, false);
  const lost = absent.filter((id) => source?.has(id) === false).length;
  const missing = (ids: ReadonlySet<string>): number =>
    [...ids].filter((id) => !present.has(id) && !away.has(id)).length;
  const bytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  return {
    file: database.file,
    state: file.kind === "corrupt" || "flaw" in file ? "damaged" : file.kind,
    why: "why" in file ? file.why : ((file.kind === "sound" ? file.flaw : undefined) ?? null),
    bytes,
    full: "text" in file ? file.text.length / LARGEST_TEXT : 0,
    records: records.length,
    own: records.filter(({ id }) => own.has(id)).length,
    imported: records.filter(({ summary }) => summary.origin !== undefined).length,
    unsound: records.filter((record) => rejectionReason(record) !== undefined).length,
    unusable: foreign.length,
    dropped_by_maider: records.filter((record) => !pythonReads(record)).length,
    missing: missing(own),
    missing_imported: missing(imported),
    removed: publication.removed.size,
    deleted: new Set(deleted).size,
    restorable: absent.length - lost,
    lost,
    backups: await backupsOf(path),
    problems,
  };
}
