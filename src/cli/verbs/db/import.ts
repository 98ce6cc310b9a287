import { basename } from "node:path";
import { ExitCode, SweepError } from "../../../support/errors.ts";
import { oneLine } from "../../../support/terminal-text.ts";
import { jsonText } from "../../output/json.ts";
import { argument, jsonOption, option, outputOptions, resultsOptions } from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

const REFUSALS_SHOWN = 10;

export const importRecords = defineSubcommand({
  name: "import",
  summary: "Add other people's records: an export, or a whole database",
  arguments: [argument("<file>", "JSON of an export or a database")],
  options: [
    option("--origin <name>", "whose records they are (default: the file's name)"),
    ...resultsOptions,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep db import alice.json --origin alice"],
  handler: async (call) => {
    const {
      args: [path],
      options,
      terminal: { stderr, stdout },
    } = call;
    const { importInto, readImportFile } = await import("../../../results/exchange/import-file.ts");
    const { openKnownDatabase } = await import("../../open-known-database.ts");
    const { restoredText } = await import("../../output/database-text.ts");
    const values = await readImportFile(path);
    const { database, known, simulated } = await openKnownDatabase(call);
    const origin = options.origin ?? basename(path).replace(/\.json$/, "");
    const imported = await importInto(database, { values, origin, ...known, simulated });
    const { added, duplicates, refused, healed, total } = imported;
    if (options.json) stdout.write(jsonText({ file: database.file, ...imported }));
    else {
      for (const { name, reason } of refused.slice(0, REFUSALS_SHOWN))
        stderr.write(`refused: ${oneLine(`${name}: ${reason}`).slice(0, 300)}\n`);
      if (refused.length > REFUSALS_SHOWN)
        stderr.write(`refused: ${refused.length - REFUSALS_SHOWN} more (--json names them)\n`);
      stdout.write(
        `${added} imported, ${duplicates} were here already, ${refused.length} refused; ${database.file} holds ${total} records now\n`,
      );
      stdout.write(restoredText(healed));
    }
    if (refused.length === 0 || refused.length < values.length) return ExitCode.done;
    throw new SweepError(`nothing in ${path} could be imported`, {
      exitCode: ExitCode.usage,
      reason:
        values.length === 1 ? "its record is refused" : `all of its ${values.length} are refused`,
      hint: "the reasons are listed above; ask its author for maider-sweep db export",
    });
  },
});
