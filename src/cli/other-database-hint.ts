import { existsSync } from "node:fs";
import { databaseLocation } from "../run/locations.ts";
import { readDatabase } from "../run/records/read-database.ts";
import { countText } from "../support/count-text.ts";
import { locationsOf, type SharedCall } from "./requests.ts";

/**
 * For a verb that found no results: a line that names the other database, real or simulated, if it has some.
 * @returns undefined if it has none either
 */
export async function otherDatabaseHint(call: SharedCall): Promise<string | undefined> {
  const locations = locationsOf(call);
  const simulated = call.options.simulate === undefined;
  const other = databaseLocation(locations, simulated);
  // With --db both are the same file.
  if (other.file === databaseLocation(locations, !simulated).file || !existsSync(other.file))
    return undefined;
  const { records } = await readDatabase(other);
  if (records.length === 0) return undefined;
  const results = `${countText(records.length, "result")} of ${simulated ? "simulated" : "real"} runs`;
  return `There ${records.length === 1 ? "is" : "are"} ${results}: ${simulated ? "add" : "omit"} --simulate.`;
}
