import CliTable3 from "cli-table3";

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right" | "center";
  /** May lose its end where the terminal is narrow; figures may not. */
  readonly shrinks?: boolean;
}

export interface TableStyle {
  /** Columns of the terminal. */
  readonly width: number;
  readonly colour: boolean;
}

/** Wide enough for all figures where nobody reads on a terminal: a pipe or a file loses nothing. */
export const UNLIMITED: TableStyle = { width: Infinity, colour: false };

const SMALLEST = 8;
const BOLD = "\u001b[1m";
const NOT_BOLD = "\u001b[22m";
const BORDERS =
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid";
const NO_BORDERS = Object.fromEntries(BORDERS.split(" ").map((name) => [name, ""]));

/**
 * A table that keeps to the width: its borders go first, then the ends of the columns that may be cut, the widest
 * first.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const cells = rows.map((row) => row.map(cleanCell));
  const widths = columns.map(({ head }, index) =>
    Math.max(head.length, ...cells.map((row) => (row[index] ?? "").length)),
  );
  const text = widths.reduce((sum, width) => sum + width, 0);
  // Two blanks and a border for each column, and the last border.
  const bordered = text + 3 * widths.length + 1 <= style.width;
  if (!bordered) shrink(columns, widths, text + 2 * (widths.length - 1) - style.width);
  const table = new CliTable3({
    head: columns.map(({ head }, index) => {
      const text = cut(head, widths[index] ?? 0);
      return style.colour ? `${BOLD}${text}${NOT_BOLD}` : text;
    }),
    colAligns: columns.map(({ align = "left" }) => align),
    ...(bordered ? {} : { chars: { ...NO_BORDERS, middle: "  " } }),
    style: {
      // The table's own colours ask the environment, and would contradict the caller.
      head: [],
      border: [],
      compact: true,
      ...(bordered ? {} : { "padding-left": 0, "padding-right": 0 }),
    },
  });
  table.push(...cells.map((row) => row.map((cell, index) => cut(cell, widths[index] ?? 0))));
  return table.toString().replaceAll(/ +$/gm, "");
}

function shrink(columns: readonly Column[], widths: number[], surplus: number): void {
  for (let left = surplus; left > 0; left -= 1) {
    const shrinking = columns.flatMap(({ shrinks }, index) =>
      shrinks === true && (widths[index] ?? 0) > SMALLEST ? [index] : [],
    );
    if (shrinking.length === 0) return;
    const widest = shrinking.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a));
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** Rows without borders, for what does not deserve a table; what does not fit the width goes on further in. */
export function indentLines(lines: readonly string[], width = Infinity): string {
  return lines.map((line) => `  ${wrap(cleanCell(line), width - 5).join("\n     ")}`).join("\n");
}

/** Breaks between words; a word that is longer than the width stays whole, to be copied. */
export function wrap(text: string, width: number): readonly string[] {
  const wrapped: string[] = [];
  for (const word of text.split(" ")) {
    const last = wrapped.at(-1);
    if (last === undefined || last.length + word.length >= width) wrapped.push(word);
    else wrapped[wrapped.length - 1] = `${last} ${word}`;
  }
  return wrapped;
}

/** Keeps terminal codes and line ends of foreign texts out. */
function cleanCell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/\p{Cc}/gu, "");
}

/** Keeps the end, which tells GPU types and models apart. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}
