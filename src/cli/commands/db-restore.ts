import { readPublication } from "../../results/store/publication-log.ts";
import { restorable } from "../../results/store/restorable.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { openKnownDatabase } from "../open-known-database.ts";
import { resolveIdPrefixes } from "../record-ids.ts";

export const dbRestore: Handler = async (call) => {
  const { database, known } = await openKnownDatabase(call);
  const { removed } = await readPublication(database.file);
  const named = call.rest.length > 0;
  const found = await restorable(database, [...known.ours, ...known.imported], named);
  const wanted = named
    ? resolveIdPrefixes(call.rest, found.keys())
    : [...found.keys()].filter((id) => !removed.has(id));
  const { added } = await database.restore(wanted.flatMap((id) => found.get(id) ?? []));
  const healed = await database.publish(known.ours);
  const written = { added: added + healed.added, total: healed.total };
  const { stdout } = call.terminal;
  if (call.options["json"] === true) {
    stdout.write(`${JSON.stringify({ file: database.file, ...written }, undefined, 2)}\n`);
    return ExitCode.done;
  }
  stdout.write(
    `${written.added} brought back to ${database.file}, which holds ${written.total} records now\n`,
  );
  if (!named && removed.size > 0)
    stdout.write(
      `${removed.size} that you removed by name stay away; name them to bring them back\n`,
    );
  return ExitCode.done;
};
