import { styleText } from "node:util";
import type { SweepEvent } from "../../journal/events.ts";
import { oneLine } from "../../support/terminal-text.ts";
import { eventText } from "./event-text.ts";
import type { ProgressView, Sink } from "./progress-view.ts";

/**
 * One line an event that is worth telling: `12:03:11 [label gpu model] text`. Times are the run's own, UTC.
 * `quiet` leaves warnings alone.
 */
export function plainView(
  stderr: Sink,
  options: { readonly quiet: boolean; readonly colour: boolean },
): ProgressView {
  const gpus = new Map<string, string>();
  return {
    show(event) {
      if (event.type === "rental.reserved") gpus.set(event.label, event.gpu);
      const told = eventText(event);
      if (told === undefined || told.tone === "detail") return;
      if (options.quiet && told.tone !== "warning") return;
      const line = `${event.ts.slice(11, 19)} ${place(event, gpus)}${oneLine(told.text)}`;
      const coloured = options.colour && told.tone === "warning";
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
