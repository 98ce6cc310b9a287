import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { databaseOfCall, meantIds } from "../database-of-call.ts";

export const dbRemove: Handler = async (call) => {
  const { database, ours } = await databaseOfCall(call);
  const { records, foreign } = await database.read();
  const odd = foreign.flatMap((value) =>
    typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
      ? [value.id]
      : [],
  );
  const ids = meantIds(call.rest, [...records, ...ours].map(({ id }) => id).concat(odd));
  const removed = await database.remove(ids);
  const { stdout } = call.terminal;
  stdout.write(
    call.options["json"] === true
      ? `${JSON.stringify({ file: database.file, ids, removed }, undefined, 2)}\n`
      : `${removed} removed from ${database.file}; they stay away until db restore ${ids.map((id) => id.slice(0, 8)).join(" ")}\n`,
  );
  return ExitCode.done;
};
