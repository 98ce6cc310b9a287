import stringWidth from "fast-string-width";

/**
 * Wraps text between words to lines of at most `width` columns, including `indent`. A longer word gets a line of its
 * own and is not broken, so that it can be copied.
 */
export function wrapText(text: string, width: number, indent = ""): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && stringWidth(last) + 1 + stringWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}${word}`);
  }
  return lines;
}
