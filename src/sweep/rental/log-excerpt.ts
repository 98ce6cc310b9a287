const LONGEST = 300;

/** The line of a log's end that tells most: the last one that names an error, else the last. The log itself is kept. */
export function logExcerpt(evidence: string): string {
  const lines = evidence.split("\n").filter((line) => line.trim() !== "");
  const line = lines.findLast((one) => /\w(?:Error|Exception)\b/.test(one)) ?? lines.at(-1) ?? "";
  return lines.length === 1 ? evidence.slice(0, 4 * LONGEST) : line.trim().slice(0, LONGEST);
}
