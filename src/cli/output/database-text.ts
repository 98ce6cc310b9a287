import type { DatabaseCheck } from "../../results/store/check-database.ts";
import type { Repair } from "../../results/store/repair-database.ts";
import { diskUsageText } from "./status-text.ts";

const PROBLEMS_SHOWN = 10;

/** @param journalBytes what journals and logs take on the disk */
export function checkText(check: DatabaseCheck, journalBytes: number): string {
  const { state, why, records, missing, missing_imported, backups } = check;
  const others = records - check.own - check.imported;
  const lines = [
    `${check.file}: ${state}${why === null ? "" : `: ${why}`}`,
    `  records   ${records} that can be used: ${check.own} own, ${others} of other programs, ${check.imported} imported`,
    `  size      ${(check.bytes / 1e6).toFixed(1)} MB, ${(100 * check.full).toFixed(1)} % of what the format can hold`,
    `  journals  ${missing === 0 ? "all of ours is here" : `${missing} of ours are missing here`}, ${check.removed} removed by name, ${check.deleted} deleted with the file`,
    `  backups   ${backups.length === 0 ? "none" : `${backups.length}, the newest ${backups[0]}`}`,
  ];
  if (missing_imported > 0)
    lines.push(`  imported  ${missing_imported} that were imported are missing here`);
  if (check.unusable > 0)
    lines.push(`  unusable  ${check.unusable} more entries, left as they are`);
  if (check.unsound > 0) lines.push(`  unsound   ${check.unsound}, never ranked`);
  if (check.dropped_by_maider > 0)
    lines.push(`  maider    drops ${check.dropped_by_maider} of them: their keys are not its own`);
  lines.push(...check.problems.slice(0, PROBLEMS_SHOWN).map((problem) => `  problem   ${problem}`));
  if (check.problems.length > PROBLEMS_SHOWN)
    lines.push(`  problem   ${check.problems.length - PROBLEMS_SHOWN} more`);
  if (state === "unreadable")
    lines.push("check its place and its permissions, or name another file with --db");
  if (state === "damaged") lines.push("maider-sweep db repair repairs it");
  if (check.lost > 0)
    lines.push(`  lost      ${check.lost} that were here: no journal, copy or new backup has them`);
  if (check.restorable > 0)
    lines.push(
      `maider-sweep db restore brings back ${check.restorable} records that were here and are not`,
    );
  lines.push(diskUsageText(journalBytes));
  return `${lines.join("\n")}\n`;
}

export function repairText(file: string, repair: Repair): string {
  return `${repairLines(file, repair).join("\n")}\n`;
}

function repairLines(file: string, repair: Repair): readonly string[] {
  if (repair.state === "missing")
    return [`${file}: there is no file`, "  maider-sweep db restore brings back what it held"];
  const lost =
    repair.lost === 0 ? [] : [`  ${repair.lost} are lost: no journal, copy or backup has them`];
  if (repair.state === "sound")
    return [`${file}: sound, ${repair.total} records; nothing to do`, ...lost];
  const wasSound = repair.why === undefined && repair.corrected === 0;
  const reason = repair.why === undefined ? "" : ` (${repair.why})`;
  return [
    wasSound ? `${file}: sound, but records were missing` : `${file}: repaired${reason}`,
    `  ${repair.kept} entries kept as they were in the file`,
    ...(repair.corrected === 0
      ? []
      : [`  ${repair.corrected} corrected: they differed from the journals or the backup`]),
    `  ${repair.fromBackup} added from ${repair.backup ?? "backups"}`,
    `  ${repair.fromJournals} added from the journals and the copies next to the file`,
    `  ${repair.total} usable records are there now`,
    ...lost,
    ...(repair.aside === undefined ? [] : [`  the damaged file is now ${repair.aside}`]),
  ];
}

/** After an import, a removal or a restore: records that another program had overwritten and that are back. */
export function restoredText(restored: number): string {
  return restored === 0
    ? ""
    : `${restored} more records that were written here and were missing have been put back\n`;
}
