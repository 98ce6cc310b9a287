import { stripControls } from "../support/terminal-text.ts";

/** Markup, created only by `html` and `trustedHtml`, so that other text is always escaped. */
export interface Html {
  readonly markup: string;
}

export type HtmlValue = string | number | undefined | Html | readonly HtmlValue[];

/**
 * Markup in the template, text in the holes: what is put in is escaped, also inside quoted attributes. The indentation
 * of the template is left out.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return {
    markup: parts
      .map((part) => part.replaceAll(/\n\s+/g, "\n"))
      .reduce((text, part, index) => text + markupOf(values[index - 1]) + part),
  };
}

/** For what another library has rendered from values that it escapes itself, and for our own files. */
export function trustedHtml(markup: string): Html {
  return { markup };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function markupOf(value: HtmlValue): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "string")
    return stripControls(value).replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? "");
  return "markup" in value ? value.markup : value.map(markupOf).join("");
}
