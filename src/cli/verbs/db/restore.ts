import { ExitCode } from "../../../support/errors.ts";
import { jsonText } from "../../output/json.ts";
import { argument, jsonOption, outputOptions, resultsOptions } from "../../options.ts";
import { defineSubcommand } from "../../verb.ts";

export const restore = defineSubcommand({
  name: "restore",
  summary: "Bring back what was deleted with the file, or removed records by their ids",
  arguments: [argument("[id...]", "ids, or how they begin (default: all that was deleted)")],
  options: [...resultsOptions, jsonOption, ...outputOptions],
  examples: ["maider-sweep db restore", "maider-sweep db restore 3f2a9c41"],
  handler: async (call) => {
    const {
      args: [words],
      options,
      terminal: { stdout },
    } = call;
    const { openKnownDatabase } = await import("../../open-known-database.ts");
    const { resolveIdPrefixes } = await import("../../record-ids.ts");
    const { publishRecords } = await import("../../../run/records/publish-run.ts");
    const { readPublication } = await import("../../../results/store/publication-log.ts");
    const { restorable } = await import("../../../results/store/restorable.ts");
    const { database, location, known } = await openKnownDatabase(call);
    const { file } = database;
    const { removed } = await readPublication(file);
    const named = words.length > 0;
    const found = await restorable(database, [...known.ours, ...known.imported], named);
    const wanted = named
      ? resolveIdPrefixes(words, found.keys())
      : [...found.keys()].filter((id) => !removed.has(id));
    const restored = await database.restore(wanted.flatMap((id) => found.get(id) ?? []));
    const { added: others, total } = await publishRecords(location, known.ours);
    const added = restored.added + others;
    if (options.json) {
      stdout.write(jsonText({ file, added, total }));
      return ExitCode.done;
    }
    stdout.write(`${added} brought back to ${file}, which holds ${total} records now\n`);
    if (!named && removed.size > 0)
      stdout.write(
        `${removed.size} that you removed by name stay away; name them to bring them back\n`,
      );
    return ExitCode.done;
  },
});
