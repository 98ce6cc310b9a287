import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";
import { makeFolder } from "../../support/make-folder.ts";
import { resolveLinks } from "../../support/safe-file.ts";

/** Files of JSON lines next to the database, after resolving links: `.published` and `.copies`. */
type Ending = "published" | "copies";

/** Appends lines. Creates file and folder, accessible only to their owner, if necessary. @throws SweepError */
export async function appendSidecar(
  database: string,
  ending: Ending,
  lines: readonly string[],
): Promise<void> {
  const path = await sidecarPath(database, ending);
  try {
    makeFolder(dirname(path), 0o700);
    const handle = await open(path, "a", 0o600);
    try {
      // Start a new line, in case a crash left an incomplete one.
      await handle.appendFile(`\n${lines.join("\n")}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new SweepError("the publication log of the benchmark database cannot be written", {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "check the permissions of its folder and the free space of its disk",
    });
  }
}

/** Lines of a sidecar file, none if it does not exist. @throws SweepError */
export async function sidecarLines(database: string, ending: Ending): Promise<string[]> {
  try {
    const text = await readFile(await sidecarPath(database, ending), "utf8");
    return text.split("\n").filter((line) => line !== "");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return [];
    throw new SweepError("the publication log of the benchmark database cannot be read", {
      exitCode: ExitCode.usage,
      reason: errorText(error),
      hint: "check its permissions, or name another database with --db FILE",
    });
  }
}

async function sidecarPath(database: string, ending: Ending): Promise<string> {
  return `${await resolveLinks(database)}.${ending}`;
}
