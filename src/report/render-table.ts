import stringWidth from "fast-string-width";
import { oneLine } from "../support/terminal-text.ts";
import { wrapText } from "../support/wrap-text.ts";

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right" | "center";
  /** Loses its middle where the terminal is narrow. Figures must not shrink. */
  readonly shrinks?: boolean;
  /** Left out where the terminal is narrow, the last one first, before any name is shortened. */
  readonly optional?: boolean;
}

export interface TableStyle {
  /** Columns of the terminal. */
  readonly width: number;
  readonly colour: boolean;
}

/** For a pipe or a file, where nothing is cut. */
export const UNLIMITED: TableStyle = { width: Infinity, colour: false };

const SMALLEST = 8;
const BOLD = "\u001b[1m";
const NOT_BOLD = "\u001b[22m";

/**
 * A table that keeps to the width: it loses its borders first, then optional columns, then the middles of the columns
 * that may shrink, the widest first.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const cells = rows.map((row) => columns.map((_, index) => oneLine(row[index] ?? "")));
  const natural = columns.map(({ head }, index) =>
    cells.reduce((widest, row) => Math.max(widest, stringWidth(row[index] ?? "")), head.length),
  );
  const shown = columnsThatFit(columns, natural, style.width);
  const pick = <T>(values: readonly T[]): T[] => values.filter((_, index) => shown.has(index));
  return renderColumns(pick(columns), cells.map(pick), pick(natural), style);
}

/** Indexes of the columns that are left once enough optional ones are left out. */
function columnsThatFit(
  columns: readonly Column[],
  widths: readonly number[],
  room: number,
): ReadonlySet<number> {
  const shown = new Set(columns.keys());
  const needed = (): number =>
    [...shown].reduce((sum, index) => sum + (widths[index] ?? 0), 2 * (shown.size - 1));
  for (let index = columns.length - 1; index >= 0 && needed() > room; index -= 1)
    if (columns[index]?.optional === true) shown.delete(index);
  return shown;
}

function renderColumns(
  columns: readonly Column[],
  cells: readonly (readonly string[])[],
  natural: readonly number[],
  style: TableStyle,
): string {
  const text = natural.reduce((sum, width) => sum + width, 0);
  // Two blanks and a border for each column, and the last border.
  const bordered = text + 3 * columns.length + 1 <= style.width;
  const widths = bordered
    ? natural
    : shrink(columns, natural, style.width - 2 * (columns.length - 1));
  const line = (row: readonly string[], bold: boolean): string => {
    const padded = row.map((cell, index) => {
      const text = pad(cut(cell, widths[index] ?? 0), widths[index] ?? 0, columns[index]?.align);
      return bold ? `${BOLD}${text}${NOT_BOLD}` : text;
    });
    return bordered ? `│ ${padded.join(" │ ")} │` : padded.join("  ").trimEnd();
  };
  const rule = (left: string, middle: string, right: string): string[] =>
    bordered ? [`${left}${widths.map((width) => "─".repeat(width + 2)).join(middle)}${right}`] : [];
  return [
    ...rule("┌", "┬", "┐"),
    line(
      columns.map(({ head }) => head),
      style.colour,
    ),
    ...rule("├", "┼", "┤"),
    ...cells.map((row) => line(row, false)),
    ...rule("└", "┴", "┘"),
  ].join("\n");
}

/** Shortens the widest of the columns that may shrink to one common width, no further than necessary. */
function shrink(columns: readonly Column[], widths: readonly number[], room: number): number[] {
  const mayShrink = widths.map(
    (width, index) => columns[index]?.shrinks === true && width > SMALLEST,
  );
  const total = (cap: number): number =>
    widths.reduce(
      (sum, width, index) => sum + (mayShrink[index] ? Math.min(width, cap) : width),
      0,
    );
  let [fits, tooWide] = [SMALLEST, Math.max(SMALLEST, ...widths)];
  if (total(tooWide) <= room) return [...widths];
  while (tooWide - fits > 1) {
    const middle = Math.floor((fits + tooWide) / 2);
    if (total(middle) <= room) fits = middle;
    else tooWide = middle;
  }
  // What the common width leaves over goes to the first columns, one each.
  let spare = Math.max(0, room - total(fits));
  return widths.map((width, index) => {
    if (!mayShrink[index] || width <= fits) return width;
    spare -= 1;
    return spare >= 0 ? fits + 1 : fits;
  });
}

function pad(text: string, width: number, align: Column["align"] = "left"): string {
  const missing = Math.max(0, width - stringWidth(text));
  const before = align === "left" ? 0 : align === "right" ? missing : Math.floor(missing / 2);
  return `${" ".repeat(before)}${text}${" ".repeat(missing - before)}`;
}

/** Indented lines; the rest of a line that does not fit is indented further. */
export function indentLines(lines: readonly string[], width = Infinity): string {
  return lines.map((line) => `  ${wrapText(oneLine(line), width - 5).join("\n     ")}`).join("\n");
}

/** Cuts the middle: the end tells GPU types and models apart. */
function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const letters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  const tail = Math.floor((width - 1) / 2);
  const shorten = (part: string[], room: number, from: "start" | "end"): string => {
    const kept = from === "start" ? part.slice(0, room) : part.slice(part.length - room);
    while (stringWidth(kept.join("")) > room)
      if (from === "start") kept.pop();
      else kept.shift();
    return kept.join("");
  };
  return `${shorten(letters, width - 1 - tail, "start")}…${tail === 0 ? "" : shorten(letters, tail, "end")}`;
}
