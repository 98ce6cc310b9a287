import { stat } from "node:fs/promises";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import { resolveLinks } from "../../support/safe-file.ts";
import { backupsOf } from "./backups.ts";
import { idOf, readDatabaseFile } from "./database-file.ts";
import type { BenchmarkDatabase } from "./database.ts";
import { rejectionReason } from "../query/record-quality.ts";
import { MAX_TEXT_LENGTH } from "./database-text.ts";
import { readPublication, tombstones } from "./publication-log.ts";
import { isReadByMaider } from "./read-record.ts";
import { restorable } from "./restorable.ts";

/** Result of `db check`, with the keys of its JSON output. */
export interface DatabaseCheck {
  readonly file: string;
  readonly state: "sound" | "missing" | "damaged" | "unreadable";
  readonly why: string | null;
  readonly bytes: number;
  /** Size as a share of the largest possible, 0 to 1. */
  readonly full: number;
  /** Usable records; for a damaged file, those of its best copy. */
  readonly records: number;
  readonly own: number;
  readonly imported: number;
  /** Not sound, so never ranked. */
  readonly unsound: number;
  readonly unusable: number;
  /** Usable, but dropped by maider because of their keys. */
  readonly dropped_by_maider: number;
  /** Own records in journals that are missing here, and were neither removed nor deleted with the file. */
  readonly missing: number;
  /** Imported records that are missing in the same sense. */
  readonly missing_imported: number;
  readonly removed: number;
  readonly deleted: number;
  /** Absent records, other than removed ones, that `db restore` can bring back. */
  readonly restorable: number;
  /** Absent records, other than removed ones, of which no copy exists. */
  readonly lost: number;
  /** Newest first. */
  readonly backups: readonly string[];
  readonly problems: readonly string[];
}

/** Checks the database without changing it. @param known records in journals and saved imports */
export async function checkDatabase(
  database: BenchmarkDatabase,
  known: {
    readonly ours: readonly BenchmarkRecord[];
    readonly imported: readonly BenchmarkRecord[];
  },
): Promise<DatabaseCheck> {
  const path = await resolveLinks(database.file);
  const file = await readDatabaseFile(path);
  const { records, foreign, problems } = await database.read();
  const publication = await readPublication(path);
  // If the file was deleted, so were its records, even if the log does not say so yet.
  const deleted =
    file.kind === "missing"
      ? [...publication.published, ...publication.deleted]
      : publication.deleted;
  const excluded = new Set([...tombstones(publication), ...deleted]);
  const present = new Set([...records, ...foreign].map(idOf));
  const own = new Set(known.ours.map(({ id }) => id));
  const imported = new Set(known.imported.map(({ id }) => id));
  const absent = [...new Set([...own, ...imported, ...publication.published, ...deleted])].filter(
    (id) => !present.has(id) && !publication.removed.has(id),
  );
  const copies = [...known.ours, ...known.imported];
  const available = absent.length === 0 ? undefined : await restorable(database, copies, false);
  const lost = absent.filter((id) => available?.has(id) === false).length;
  const missing = (ids: ReadonlySet<string>): number =>
    [...ids].filter((id) => !present.has(id) && !excluded.has(id)).length;
  const bytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  return {
    file: database.file,
    state: file.kind === "corrupt" || "flaw" in file ? "damaged" : file.kind,
    why: "why" in file ? file.why : ((file.kind === "sound" ? file.flaw : undefined) ?? null),
    bytes,
    full: "text" in file ? file.text.length / MAX_TEXT_LENGTH : 0,
    records: records.length,
    own: records.filter(({ id }) => own.has(id)).length,
    imported: records.filter(({ summary }) => summary.origin !== undefined).length,
    unsound: records.filter((record) => rejectionReason(record) !== undefined).length,
    unusable: foreign.length,
    dropped_by_maider: records.filter((record) => !isReadByMaider(record)).length,
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
