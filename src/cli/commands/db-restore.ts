import { obstacleTo } from "../../results/database.ts";
import { readPublication } from "../../results/publication-log.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { databaseOfCall, meantIds } from "../database-of-call.ts";

export const dbRestore: Handler = async (call) => {
  const { database, ours } = await databaseOfCall(call);
  const { removed } = await readPublication(database.file);
  // The journals are the truth for our own; of other people's records only a backup knows.
  const known = new Map(ours.map((record) => [record.id, record]));
  for await (const records of database.backups()) {
    for (const record of records)
      if (!known.has(record.id) && obstacleTo(record) === undefined) known.set(record.id, record);
    // Older ones hold what was taken out by hand since; who wants that names it.
    if (call.rest.length === 0) break;
  }
  const wanted =
    call.rest.length === 0
      ? [...known.keys()].filter((id) => !removed.has(id))
      : meantIds(call.rest, known.keys());
  const written = await database.restore(wanted.flatMap((id) => known.get(id) ?? []));
  const { stdout } = call.terminal;
  if (call.options["json"] === true) {
    stdout.write(`${JSON.stringify({ file: database.file, ...written }, undefined, 2)}\n`);
    return ExitCode.done;
  }
  stdout.write(`${written.added} brought back to ${database.file}, ${written.total} now\n`);
  if (call.rest.length === 0 && removed.size > 0)
    stdout.write(
      `${removed.size} that you removed by name stay away; name them to bring them back\n`,
    );
  return ExitCode.done;
};
