/** Everything that a terminal could obey or a log could be forged with. Line feed and tab stay. */
const CONTROL_CLASS = String.raw`\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069`;
export const CONTROL = new RegExp(`[${CONTROL_CLASS}]`, "g");

/** What stands in bold or in a colour within one line, or else a single control character. */
const PAINTED_OR_CONTROL = new RegExp(
  String.raw`\u001b\[(?:1|3[1-6])m([^\n${CONTROL_CLASS}]*)\u001b\[(?:22|39)m|${CONTROL.source}`,
  "g",
);

/**
 * The text with its control characters shown as `\u001b` is written: a terminal obeys none of them, and JSON stays
 * the same JSON. @param colour whether what is painted keeps its paint, or loses it
 */
export function printable(text: string, colour = false): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(PAINTED_OR_CONTROL, (found, painted: string | undefined) =>
      painted === undefined ? shown(found) : colour ? found : painted,
    );
}

function shown(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
