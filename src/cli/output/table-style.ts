import type { TableStyle } from "../../report/render-table.ts";
import type { Terminal } from "../terminal.ts";

/** As wide as the terminal; into a pipe or a file nothing is cut and nothing is coloured. */
export function tableStyle({ colour, stdout }: Pick<Terminal, "colour" | "stdout">): TableStyle {
  return stdout.isTTY ? { width: stdout.columns, colour } : { width: Infinity, colour: false };
}
