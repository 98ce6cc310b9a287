import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { openKnownDatabase } from "../open-known-database.ts";
import { resolveIdPrefixes, restoredMessage } from "../record-ids.ts";

export const dbRemove: Handler = async (call) => {
  const { database, known } = await openKnownDatabase(call);
  const { records, foreign } = await database.read();
  const odd = foreign.flatMap((value) =>
    typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
      ? [value.id]
      : [],
  );
  const ids = resolveIdPrefixes(
    call.rest,
    [...records, ...known.ours, ...known.imported].map(({ id }) => id).concat(odd),
  );
  const removed = await database.remove(ids);
  const { added: healed, total } = await database.publish(known.ours);
  const { stdout } = call.terminal;
  if (call.options["json"] === true) {
    const answer = { file: database.file, ids, removed, healed, total };
    stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return ExitCode.done;
  }
  const short = ids.map((id) => id.slice(0, 8)).join(" ");
  stdout.write(
    `${removed} removed from ${database.file}, which holds ${total} records now; they stay away until db restore ${short}\n`,
  );
  if (healed > 0) stdout.write(restoredMessage(healed));
  return ExitCode.done;
};
