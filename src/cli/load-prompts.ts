import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { parse } from "yaml";
import { customSuite } from "../evidence/custom-suite.ts";
import type { Suite } from "../evidence/suite.ts";
import { errorText, ExitCode, SweepError } from "../support/errors.ts";

/**
 * A suite from a file of prompts: JSON lines when its name ends in `.jsonl` or `.ndjson`, else YAML, of which JSON is
 * a part.
 * @throws SweepError (usage)
 */
export async function loadPrompts(file: string): Promise<Suite> {
  return promptsFromText(await textOf(file), file);
}

/** @throws SweepError (usage) */
export function promptsFromText(text: string, file: string): Suite {
  let entries: unknown;
  try {
    const lines = [".jsonl", ".ndjson"].includes(extname(file).toLowerCase());
    entries = lines ? jsonLines(text) : parse(text);
  } catch (error) {
    throw refuse(file, errorText(error).split("\n")[0] ?? "");
  }
  return customSuite(entries, file);
}

/** @throws SweepError (usage) */
export async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw refuse(file, code === "ENOENT" ? "there is no such file" : (code ?? "unreadable"));
  }
}

function jsonLines(text: string): unknown[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch (error) {
      throw new Error(`line ${String(index + 1)}: ${errorText(error)}`, { cause: error });
    }
  });
}

function refuse(file: string, reason: string): SweepError {
  return new SweepError(`the prompts in ${file} cannot be read`, {
    exitCode: ExitCode.usage,
    reason,
    hint: "name a file of YAML, JSON or JSON lines: a list of {name, category, prompt, max_tokens}",
  });
}
