import type { Problem } from "./coverage-plan.ts";

/** One line per problem: `file:line:column: message (hint)`. */
export function formatProblems(source: string, problems: readonly Problem[]): string {
  return problems
    .map(({ line, column, message, hint }) => {
      const advice = hint === undefined ? "" : ` (${hint})`;
      return `${source}:${String(line)}:${String(column)}: ${message}${advice}`;
    })
    .join("\n");
}
