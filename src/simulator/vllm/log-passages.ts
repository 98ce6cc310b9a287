import { readFileSync } from "node:fs";

const FILE = new URL("../../../templates/simulator/vllm-log.txt", import.meta.url);
const HOLE = /\{\{(\w+)\}\}/g;
/** This placeholder is filled when the line is written. */
const TIME = "time";

let passages: ReadonlyMap<string, string> | undefined;

/**
 * Returns a passage of vLLM's log by its title in the template, with its placeholders except `{{time}}` filled from
 * `values`. Every line ends with a line break. @throws RangeError for an unknown title or a placeholder without a value
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

/** Fills in the time of each line in vLLM's format: UTC, without the year. */
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
