import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { readDatabaseFile } from "../../results/store/database-file.ts";
import { parsePythonJson } from "../../results/store/database-text.ts";
import { judgeImport } from "../../results/exchange/import-records.ts";
import { readPublication } from "../../results/store/publication-log.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { oneLine } from "../../support/terminal-text.ts";
import type { Handler } from "../command.ts";
import { openKnownDatabase } from "../open-known-database.ts";
import { restoredMessage } from "../record-ids.ts";

const LARGEST_FILE = 400_000_000;
const SHOWN = 10;

export const dbImport: Handler = async (call) => {
  const { options, terminal } = call;
  const path = call.parameters[0] ?? "";
  const values = await valuesIn(path);
  const { database, known, simulated } = await openKnownDatabase(call);
  const { accepted, duplicates, refused } = judgeImport({
    values,
    origin: (options["origin"] as string | undefined) ?? basename(path).replace(/\.json$/, ""),
    present: (await database.read()).records,
    ...known,
    removed: (await readPublication(database.file)).removed,
    nowMs: Date.now(),
    simulated,
  });
  const taken = accepted.length === 0 ? 0 : (await database.take(accepted)).added;
  const { added: others, total } = await database.publish(known.ours);
  const [added, healed] = [accepted.length, taken + others - accepted.length];
  if (options["json"] === true) {
    const answer = { file: database.file, added, duplicates, refused, healed, total };
    terminal.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
  } else {
    for (const { name, reason } of refused.slice(0, SHOWN))
      terminal.stderr.write(`refused: ${oneLine(`${name}: ${reason}`).slice(0, 300)}\n`);
    if (refused.length > SHOWN)
      terminal.stderr.write(`refused: ${refused.length - SHOWN} more (--json names them)\n`);
    terminal.stdout.write(
      `${added} imported, ${duplicates} were here already, ${refused.length} refused; ${database.file} holds ${total} records now\n`,
    );
    if (healed > 0) terminal.stdout.write(restoredMessage(healed));
  }
  if (refused.length === 0 || refused.length < values.length) return ExitCode.done;
  throw new SweepError(`nothing in ${path} could be imported`, {
    exitCode: ExitCode.usage,
    reason:
      values.length === 1 ? "its record is refused" : `all of its ${values.length} are refused`,
    hint: "the reasons stand above; ask its author for maider-sweep db export",
  });
};

/** The records of an export, which is a bare list, or of a database. @throws SweepError exit 2 */
async function valuesIn(path: string): Promise<readonly unknown[]> {
  const refused = (reason: string): SweepError =>
    new SweepError(`${path} cannot be imported`, {
      exitCode: ExitCode.usage,
      reason,
      hint: "name a JSON export or a benchmark database; nothing was changed",
    });
  let found;
  try {
    found = await stat(path);
  } catch (error) {
    throw refused(errorText(error));
  }
  // A pipe or a device may have no end.
  if (!found.isFile()) throw refused("it is not a file");
  if (found.size > LARGEST_FILE) throw refused("it is larger than any database can be");
  const file = await readDatabaseFile(path);
  if (file.kind === "sound") return file.elements;
  const list = file.kind === "corrupt" ? listIn(file.text) : undefined;
  if (list !== undefined) return list;
  throw refused(file.kind === "missing" ? "there is no such file" : file.why);
}

function listIn(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = parsePythonJson(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
