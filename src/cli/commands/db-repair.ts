import { ExitCode } from "../../support/errors.ts";
import type { Repair } from "../../results/store/repair-database.ts";
import type { Handler } from "../command.ts";
import { openKnownDatabase } from "../open-known-database.ts";

export const dbRepair: Handler = async (call) => {
  const { database, known } = await openKnownDatabase(call);
  const repair = await database.repair(known.ours);
  const { stdout } = call.terminal;
  stdout.write(
    call.options["json"] === true
      ? `${JSON.stringify({ file: database.file, ...repair }, undefined, 2)}\n`
      : `${told(database.file, repair).join("\n")}\n`,
  );
  return ExitCode.done;
};

function told(file: string, repair: Repair): string[] {
  if (repair.state === "missing")
    return [`${file}: there is no file`, "  maider-sweep db restore brings back what it held"];
  if (repair.state === "sound") return [`${file}: sound, ${repair.total} records; nothing to do`];
  return [
    `${file}: repaired${repair.why === undefined ? "" : ` (${repair.why})`}`,
    `  ${repair.kept} entries kept as the file had them`,
    ...(repair.corrected === 0
      ? []
      : [`  ${repair.corrected} put right: they were not as the journals or the backup have them`]),
    `  ${repair.fromBackup} added from ${repair.backup ?? "backups"}`,
    `  ${repair.fromJournals} added from the journals and the copies beside the file`,
    `  ${repair.total} records that can be used are there now`,
    ...(repair.aside === undefined ? [] : [`  the damaged file lies in ${repair.aside}`]),
  ];
}
