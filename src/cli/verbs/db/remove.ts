import { ExitCode } from "../../../support/errors.ts";
import { jsonText } from "../../output/json.ts";
import { argument, jsonOption, outputOptions, resultsOptions } from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const remove = defineSubcommand({
  name: "remove",
  summary: "Remove records for good; db restore ID brings one back",
  arguments: [argument("<id...>", "ids, or how they begin")],
  options: [...resultsOptions, jsonOption, ...outputOptions],
  examples: ["maider-sweep db remove 3f2a9c41"],
  handler: async (call) => {
    const {
      args: [words],
      options,
      terminal: { stdout },
    } = call;
    const { openKnownDatabase } = await import("../../open-known-database.ts");
    const { resolveIdPrefixes } = await import("../../record-ids.ts");
    const { publishRecords } = await import("../../../run/records/publish-run.ts");
    const { restoredText } = await import("../../output/database-text.ts");
    const { database, location, known } = await openKnownDatabase(call);
    const { file } = database;
    const { records, foreign } = await database.read();
    const all = [...records, ...known.ours, ...known.imported, ...foreign];
    const ids = resolveIdPrefixes(words, all.flatMap(idOf));
    const removed = await database.remove(ids);
    const { added: healed, total } = await publishRecords(location, known.ours);
    if (options.json) {
      stdout.write(jsonText({ file, ids, removed, healed, total }));
      return ExitCode.done;
    }
    const short = ids.map((id) => id.slice(0, 8)).join(" ");
    stdout.write(
      `${removed} removed from ${file}, which holds ${total} records now; they stay away until db restore ${short}\n`,
    );
    stdout.write(restoredText(healed));
    return ExitCode.done;
  },
});

/** Of a record, or of an entry that is not one but has an id. */
function idOf(value: unknown): readonly string[] {
  const hasId = typeof value === "object" && value !== null && "id" in value;
  return hasId && typeof value.id === "string" ? [value.id] : [];
}
