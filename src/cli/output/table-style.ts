import type { TableStyle } from "../../report/render-table.ts";
import type { Terminal } from "../terminal.ts";

/** As wide as the terminal; into a pipe or a file nothing is cut and nothing is coloured. */
export function tableStyle({ colour, stdout }: Pick<Terminal, "colour" | "stdout">): TableStyle {
  return stdout.isTTY ? { width: stdout.columns, colour } : { width: Infinity, colour: false };
}

/** The usual width of a terminal, also used for pipes. */
const USUAL_COLUMNS = 80;

export function columnsOf(stream: NodeJS.WriteStream): number {
  // A terminal whose size is unknown says 0.
  return stream.isTTY && stream.columns > 0 ? stream.columns : USUAL_COLUMNS;
}
