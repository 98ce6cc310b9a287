import { checkDatabase, type DatabaseCheck } from "../../results/store/check-database.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { openKnownDatabase } from "../open-known-database.ts";
import { locationsOf } from "../requests.ts";
import { diskUsage, diskUsageText } from "../output/disk-usage.ts";

export const dbCheck: Handler = async (call) => {
  const { database, known } = await openKnownDatabase(call);
  const check = await checkDatabase(database, known);
  const { stdout } = call.terminal;
  const bytes = diskUsage(locationsOf(call).stateDir);
  stdout.write(
    call.options["json"] === true
      ? `${JSON.stringify({ ...check, journal_bytes: bytes }, undefined, 2)}\n`
      : `${[...told(check), diskUsageText(bytes)].join("\n")}\n`,
  );
  return check.state === "damaged" || check.state === "unreadable" ? ExitCode.usage : ExitCode.done;
};

function told(check: DatabaseCheck): string[] {
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
    lines.push(`  unusable  ${check.unusable} entries more, kept as they are`);
  if (check.unsound > 0) lines.push(`  unsound   ${check.unsound}, never ranked`);
  if (check.dropped_by_maider > 0)
    lines.push(`  maider    drops ${check.dropped_by_maider} of them: their keys are not its own`);
  lines.push(...check.problems.slice(0, SHOWN).map((problem) => `  problem   ${problem}`));
  if (check.problems.length > SHOWN)
    lines.push(`  problem   ${check.problems.length - SHOWN} more`);
  if (state === "unreadable")
    lines.push("check its place and its permissions, or name another file with --db");
  if (state === "damaged") lines.push("maider-sweep db repair puts it right");
  if (check.lost > 0)
    lines.push(`  lost      ${check.lost} that were here: no journal, copy or new backup has them`);
  if (check.restorable > 0)
    lines.push(
      `maider-sweep db restore brings back ${check.restorable} records that were here and are not`,
    );
  return lines;
}

const SHOWN = 10;
