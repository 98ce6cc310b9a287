import type { Problem } from "./coverage-plan.ts";

/** One line a problem: `file:line:column: what is wrong (what to do)`. */
export function formatProblems(source: string, problems: readonly Problem[]): string {
  return problems
    .map(({ line, column, message, hint }) => {
      const advice = hint === undefined ? "" : ` (${hint})`;
      return `${source}:${String(line)}:${String(column)}: ${message}${advice}`;
    })
    .join("\n");
}
