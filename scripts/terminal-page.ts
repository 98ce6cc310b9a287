const COLOURS = "#484f58 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #b1bac4".split(" ");
const BRIGHT = "#6e7681 #ffa198 #56d364 #e3b341 #79c0ff #d2a8ff #56d4dd #f0f6fc".split(" ");

/** Converts a terminal's screen with colour codes, as captured by tmux, to a page with one `pre`. */
export function terminalPage(screen: string): string {
  const [plain = "", ...coloured] = screen.trimEnd().split("\u001b[");
  let style: Style = {};
  const spans = coloured.map((part) => {
    // A style continues on the next line.
    const [, codes = "", text = ""] = /^([\d;]*)m([^]*)$/.exec(part) ?? [];
    style = codes.split(";").reduce((before, code) => next(before, Number(code)), style);
    return span(text, style);
  });
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #0d1117; }
    pre { display: inline-block; margin: 0; padding: 16px 20px; background: #0d1117; color: #e6edf3;
      font: 13px/1.3 "DejaVu Sans Mono", ui-monospace, monospace; }
  </style><pre>${[span(plain, {}), ...spans].join("")}</pre>`;
}

interface Style {
  readonly colour?: string;
  readonly bold?: boolean;
  readonly dim?: boolean;
}

function next(style: Style, code: number): Style {
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  const colour = code >= 90 ? BRIGHT[code - 90] : COLOURS[code - 30];
  if (colour !== undefined) return { ...style, colour };
  if (code !== 39) return style;
  const { colour: _, ...rest } = style;
  return rest;
}

function span(text: string, { colour, bold, dim }: Style): string {
  if (text === "") return "";
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const css = [
    ...(colour === undefined ? [] : [`color:${colour}`]),
    ...(bold === true ? ["font-weight:700"] : []),
    ...(dim === true ? ["opacity:.6"] : []),
  ].join(";");
  return css === "" ? safe : `<span style="${css}">${safe}</span>`;
}
