import { stripVTControlCharacters } from "node:util";

/** Control characters that control a terminal or fake a line of a log, and those that change the text direction. */
const CONTROL_CLASS = String.raw`\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069`;
/** Matches control characters other than line feed and tab. */
export const CONTROL = new RegExp(`[${CONTROL_CLASS}]`, "g");

/** Matches bold or coloured text within one line, or a single control character. */
const STYLED_OR_CONTROL = new RegExp(
  String.raw`\u001b\[(?:1|3[1-6])m([^\n${CONTROL_CLASS}]*)\u001b\[(?:22|39)m|${CONTROL.source}`,
  "g",
);

/**
 * Escapes control characters, for example as `\u001b`, so that they do not affect a terminal and JSON remains valid.
 * @param colour whether to leave the style of bold and coloured text instead of removing it
 */
export function escapeControls(text: string, colour = false): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(STYLED_OR_CONTROL, (found, styled: string | undefined) =>
      styled === undefined ? escaped(found) : colour ? found : styled,
    );
}

/** Removes terminal sequences and control characters other than tabs, and changes line breaks to `\n`. */
export function stripControls(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\r\n?/g, "\n").replaceAll(CONTROL, "");
}

/** Like `stripControls`, but also replaces each run of white space by one space. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\s+/g, " ").replaceAll(CONTROL, "").trim();
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
