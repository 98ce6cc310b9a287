import { ExitCode } from "../../../support/errors.ts";
import { jsonText } from "../../output/json.ts";
import { locationsOf } from "../../requests.ts";
import { jsonOption, outputOptions, resultsOptions } from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const check = defineSubcommand({
  name: "check",
  summary: "What is in it, and whether it is sound; reads only (exit 2 when it is damaged)",
  options: [...resultsOptions, jsonOption, ...outputOptions],
  examples: ["maider-sweep db check", "maider-sweep db check --db other.json --json"],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const { openKnownDatabase } = await import("../../open-known-database.ts");
    const { checkDatabase } = await import("../../../results/store/check-database.ts");
    const { diskUsage } = await import("../../../run/run-folder/retention.ts");
    const { checkText } = await import("../../output/database-text.ts");
    const { database, known } = await openKnownDatabase(call);
    const check = await checkDatabase(database, known);
    const journal_bytes = diskUsage(locationsOf(call).stateDir);
    call.terminal.stdout.write(
      call.options.json ? jsonText({ ...check, journal_bytes }) : checkText(check, journal_bytes),
    );
    const isDamaged = check.state === "damaged" || check.state === "unreadable";
    return isDamaged ? ExitCode.usage : ExitCode.done;
  },
});
