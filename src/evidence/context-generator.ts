import { logBlocks, sourceBlocks } from "./context-blocks.ts";
import type { BlockMaker } from "./context-blocks.ts";
import { seededRandom } from "./seeded-random.ts";
import type { SeededRandom } from "./seeded-random.ts";

export type ContextKind = "source" | "log" | "mixed";

export interface GeneratedContext {
  readonly text: string;
  /** Hidden at 10, 50 and 90 % of the lines. */
  readonly needles: readonly Needle[];
}

export interface Needle {
  readonly name: string;
  readonly value: string;
}

const DEPTHS = [0.1, 0.5, 0.9];
/** The share of source code in a mixed context; the log follows it. */
const SOURCE_SHARE = 0.85;

/**
 * Generates a context of a given number of lines: the same bytes for the same seed, kind and length on every machine.
 * A longer context starts with the lines of a shorter one, except for the positions of the needles.
 */
export function generateContext(seed: string, kind: ContextKind, lines: number): GeneratedContext {
  const sourceLines =
    kind === "log" ? 0 : kind === "source" ? lines : Math.round(lines * SOURCE_SHARE);
  const filled = [
    ...take(sourceBlocks(seededRandom(`${seed}|source`)), sourceLines),
    ...take(logBlocks(seededRandom(`${seed}|log`)), lines - sourceLines),
  ];
  const needles = makeNeedles(seededRandom(`${seed}|needles`));
  for (const [index, { name, value }] of needles.entries()) {
    const line = Math.floor((DEPTHS[index] ?? 0) * filled.length);
    // In source code, replace a blank line between modules.
    const gap = filled.indexOf("", line);
    const inSource = line < sourceLines && gap !== -1;
    filled[inSource ? gap : line] = inSource
      ? `export const ${name} = ${value};`
      : `          INFO  settings: ${name} is ${value}`;
  }
  return { text: filled.join("\n"), needles };
}

function take(next: BlockMaker, lines: number): string[] {
  const taken: string[] = [];
  while (taken.length < lines) taken.push(...next());
  return taken.slice(0, lines);
}

/** Random values that occur nowhere else in the context. */
function makeNeedles(random: SeededRandom): Needle[] {
  return ["QUAY", "LANTERN", "MEADOW"].map((word) => ({
    name: `${word}_LIMIT_${String(100 + random.below(900))}`,
    value: String(100_000 + random.below(900_000)),
  }));
}
