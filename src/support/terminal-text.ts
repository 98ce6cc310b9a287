import { stripVTControlCharacters } from "node:util";

/** Control characters that a terminal obeys or that forge lines of a log, and those that reverse the text direction. */
const CONTROL_CLASS = String.raw`\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069`;
/** Line feed and tab are not among them. */
export const CONTROL = new RegExp(`[${CONTROL_CLASS}]`, "g");

/** Text in bold or in a colour within one line, or else a single control character. */
const STYLED_OR_CONTROL = new RegExp(
  String.raw`\u001b\[(?:1|3[1-6])m([^\n${CONTROL_CLASS}]*)\u001b\[(?:22|39)m|${CONTROL.source}`,
  "g",
);

/**
 * The text with each control character written as `\u001b`, so that a terminal obeys none of them and a JSON text
 * keeps its meaning. @param colour whether bold and coloured text keeps its style, or loses it
 */
export function escapeControls(text: string, colour = false): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(STYLED_OR_CONTROL, (found, styled: string | undefined) =>
      styled === undefined ? escaped(found) : colour ? found : styled,
    );
}

/** The text without terminal sequences and control characters; line breaks become `\n`, tabs stay. */
export function stripControls(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\r\n?/g, "\n").replaceAll(CONTROL, "");
}

/** As `stripControls`, on one line: every run of white space becomes one blank. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\s+/g, " ").replaceAll(CONTROL, "").trim();
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
