import { styleText } from "node:util";
import type { Check } from "../../doctor/check.ts";
import type { TableStyle } from "../../report/render-table.ts";
import { countText } from "../../support/count-text.ts";
import { wrapText } from "../../support/wrap-text.ts";

const COLOURS = { ok: "green", warning: "yellow", problem: "red" } as const;
const INDENT = 24;

/** The verdict, then each check with what was seen and what to do; without a terminal each text is one line. */
export function checksText(checks: readonly Check[], { colour, width }: TableStyle): string {
  const lines = checks.map(({ check, state, detail, remedy }) => {
    const word = state.padEnd(8);
    const mark = colour ? styleText(COLOURS[state], word, { validateStream: false }) : word;
    const text = [detail, ...(remedy === "" ? [] : [`try: ${remedy}`])]
      .flatMap((part) => wrapText(part, width - INDENT))
      .join(`\n${" ".repeat(INDENT)}`);
    return `${mark} ${check.padEnd(INDENT - 10)} ${text}\n`;
  });
  return `${verdict(checks)}\n\n${lines.join("")}`;
}

function verdict(checks: readonly Check[]): string {
  const inState = (state: Check["state"]): number =>
    checks.filter((check) => check.state === state).length;
  const problems = inState("problem");
  const warnings = inState("warning");
  if (problems + warnings === 0) return `Ready: all ${countText(checks.length, "check")} passed.`;
  const warned = warnings === 0 ? [] : [countText(warnings, "warning")];
  return problems === 0
    ? `Ready, with ${warned.join()}.`
    : `Not ready: ${[countText(problems, "problem"), ...warned].join(", ")}.`;
}
