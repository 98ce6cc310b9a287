import { styleText } from "node:util";
import type { SweepEvent } from "../../journal/events.ts";
import { oneLine } from "../../support/terminal-text.ts";
import { eventText } from "./event-text.ts";
import type { ProgressView, Sink } from "./progress-view.ts";

/**
 * One line for each event that matters to a person: `12:03:11 [label gpu model] text`. Times are on the run's clock,
 * in UTC. `quiet` shows warnings only.
 */
export function plainView(
  stderr: Sink,
  options: { readonly quiet: boolean; readonly colour: boolean },
): ProgressView {
  const gpus = new Map<string, string>();
  return {
    show(event) {
      if (event.type === "rental.reserved") gpus.set(event.label, event.gpu);
      const shown = eventText(event);
      if (shown === undefined || shown.tone === "detail") return;
      if (options.quiet && shown.tone !== "warning") return;
      const line = `${event.ts.slice(11, 19)} ${place(event, gpus)}${oneLine(shown.text)}`;
      const coloured = options.colour && shown.tone === "warning";
      stderr.write(`${coloured ? styleText("yellow", line, { validateStream: false }) : line}\n`);
    },
    close: () => Promise.resolve(),
  };
}

function place(event: SweepEvent, gpus: ReadonlyMap<string, string>): string {
  const label = "label" in event ? event.label : undefined;
  const gpu = "gpu" in event ? event.gpu : gpus.get(label ?? "");
  const model = "model" in event && event.type !== "entry.skipped" ? event.model : undefined;
  const parts = [label, gpu, model].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? "" : `[${parts.join(" ")}] `;
}
