import { readFileSync } from "node:fs";

const FILE = new URL("../../../templates/simulator/vllm-log.txt", import.meta.url);
const HOLE = /\{\{(\w+)\}\}/g;
/** Filled in when the line is written. */
const TIME = "time";

let passages: ReadonlyMap<string, string> | undefined;

/**
 * A passage of vLLM's log by its title in the template, every line ended. Its holes are filled from `values`, except
 * for `{{time}}`. @throws RangeError for an unknown title, or a hole without a value.
 */
export function logPassage(
  title: string,
  values: Readonly<Record<string, string | number>> = {},
): string {
  passages ??= readPassages();
  const text = passages.get(title);
  if (text === undefined) throw new RangeError(`no passage "${title}" in ${FILE.pathname}`);
  return text.replace(HOLE, (hole, name: string) => {
    const value = name === TIME ? hole : values[name];
    if (value === undefined) throw new RangeError(`no value for ${name} in "${title}"`);
    return String(value);
  });
}

/** Stamps the lines as vLLM does: without the year, in UTC. */
export function stampLog(text: string, epochMs: number): string {
  const [date = "", time = ""] = new Date(epochMs).toISOString().slice(5, 19).split("T");
  return text.replaceAll(`{{${TIME}}}`, `${date} ${time}`);
}

/** The titles of all passages. */
export function passageTitles(): readonly string[] {
  passages ??= readPassages();
  return [...passages.keys()];
}

function readPassages(): ReadonlyMap<string, string> {
  const parts = readFileSync(FILE, "utf8").split(/^=== (.+)\n/m);
  return new Map(
    parts.slice(1).flatMap((title, index, all) => {
      return index % 2 === 0 ? [[title, all[index + 1] ?? ""] as const] : [];
    }),
  );
}
