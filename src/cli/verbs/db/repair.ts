import { ExitCode } from "../../../support/errors.ts";
import { jsonText } from "../../output/json.ts";
import { jsonOption, outputOptions, resultsOptions } from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const repair = defineSubcommand({
  name: "repair",
  summary: "Repair a damaged file from itself, its newest backup and the journals",
  options: [...resultsOptions, jsonOption, ...outputOptions],
  examples: ["maider-sweep db repair"],
  handler: async (call) => {
    const { openKnownDatabase } = await import("../../open-known-database.ts");
    const { repairText } = await import("../../output/database-text.ts");
    const { database, known } = await openKnownDatabase(call);
    const { file } = database;
    const repair = await database.repair(known.ours);
    call.terminal.stdout.write(
      call.options.json ? jsonText({ file, ...repair }) : repairText(file, repair),
    );
    return ExitCode.done;
  },
});
