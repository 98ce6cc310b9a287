import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { isSeq, LineCounter, parseDocument, type Node } from "yaml";
import { customSuite } from "../../evidence/custom-suite.ts";
import type { Suite } from "../../evidence/suite.ts";
import { errorText, ExitCode, SweepError } from "../../support/errors.ts";

interface Entries {
  readonly entries: unknown;
  readonly lineOf: (index: number) => number | undefined;
}

/**
 * Reads a suite from a file of prompts: JSON lines if its name ends in `.jsonl` or `.ndjson`, else YAML or JSON.
 * @throws SweepError exit 2 that lists the wrong lines
 */
export async function loadPrompts(file: string): Promise<Suite> {
  const text = (await textOf(file)).replace(/^\uFEFF/, "");
  let read: Entries;
  try {
    const lines = [".jsonl", ".ndjson"].includes(extname(file).toLowerCase());
    read = lines ? jsonLines(text) : yamlEntries(text);
  } catch (error) {
    throw refuse(file, (errorText(error).split("\n")[0] ?? "").replace(/:$/, ""));
  }
  return customSuite(read.entries, file, read.lineOf);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw refuse(file, code === "ENOENT" ? "there is no such file" : (code ?? "unreadable"));
  }
}

function jsonLines(text: string): Entries {
  const lines: number[] = [];
  const entries = text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    lines.push(index + 1);
    try {
      return [JSON.parse(line) as unknown];
    } catch (error) {
      throw new Error(`line ${String(index + 1)}: ${errorText(error)}`, { cause: error });
    }
  });
  return { entries, lineOf: (index) => lines[index] };
}

function yamlEntries(text: string): Entries {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const [fault] = document.errors;
  if (fault !== undefined) throw fault;
  const { contents } = document;
  const items = isSeq<Node>(contents) ? contents.items : [];
  return {
    entries: document.toJS(),
    lineOf: (index) => {
      const start = items[index]?.range?.[0];
      return start === undefined ? undefined : lineCounter.linePos(start).line;
    },
  };
}

function refuse(file: string, reason: string): SweepError {
  return new SweepError(`the prompts in ${file} cannot be read`, {
    exitCode: ExitCode.usage,
    reason,
    hint: "name a file of YAML, JSON or JSON lines: a list of {name, category, prompt, max_tokens}",
  });
}
