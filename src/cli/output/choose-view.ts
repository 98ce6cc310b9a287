import { ndjsonView } from "./ndjson.ts";
import { plainView } from "./plain.ts";
import type { ProgressView, ViewOptions } from "./progress-view.ts";

export type ViewKind = "ndjson" | "live" | "plain" | "quiet";

/** Which of the views fits; a live one needs a terminal that can move its cursor. */
export function viewKind(
  options: Pick<ViewOptions, "json" | "quiet" | "ci"> & {
    readonly isTTY: boolean;
    readonly term: string | undefined;
  },
): ViewKind {
  if (options.json) return "ndjson";
  if (options.quiet) return "quiet";
  return options.isTTY && !options.ci && options.term !== "dumb" ? "live" : "plain";
}

export async function chooseView(options: ViewOptions): Promise<ProgressView> {
  const { json, quiet, ci, stdout, stderr } = options;
  const term = process.env["TERM"];
  const kind = viewKind({ json, quiet, ci, isTTY: stderr.isTTY, term });
  if (kind === "ndjson") return ndjsonView(stdout);
  if (kind === "live") return (await import("./live.ts")).liveView(options);
  return plainView(stderr, { quiet: kind === "quiet", colour: options.colour });
}
