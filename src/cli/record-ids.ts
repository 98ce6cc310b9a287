import { ExitCode, SweepError } from "../support/errors.ts";

const SHORTEST_PREFIX = 4;

/** The ids that are meant; users give the prefixes that tables show. @throws SweepError exit 2 */
export function resolveIdPrefixes(given: readonly string[], known: Iterable<string>): string[] {
  const ids = [...new Set(known)];
  return given.map((word) => {
    const meant = ids.includes(word)
      ? [word]
      : ids.filter((id) => word.length >= SHORTEST_PREFIX && id.startsWith(word));
    const [id] = meant;
    if (id !== undefined && meant.length === 1) return id;
    throw new SweepError(`${word} names ${meant.length === 0 ? "no record" : "several records"}`, {
      exitCode: ExitCode.usage,
      reason:
        meant.length === 0
          ? `there are ${ids.length} records, and none begins so`
          : meant.slice(0, 5).join(", "),
      hint: `give the whole id, or its first ${Math.max(8, word.length + 4)} characters; db export -f csv lists them`,
    });
  });
}
