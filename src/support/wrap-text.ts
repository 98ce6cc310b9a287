import stringWidth from "fast-string-width";

/**
 * Lines of at most `width` columns, `indent` included, broken between words. A word that is longer keeps a line of its
 * own, so that it can still be copied.
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
