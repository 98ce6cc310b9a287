import { styleText } from "node:util";
import type { EventOf, SweepEvent } from "../../journal/events.ts";
import { oneLine } from "../../support/terminal-text.ts";
import { eventText, type EventText } from "./event-text.ts";
import type { ProgressView, Sink } from "./progress-view.ts";

/**
 * One line for each event that matters to a person: `12:03:11 [label gpu model] text`. Times are on the run's clock,
 * in UTC. The measured tests of a pass are shown only when the pass is not sound: nothing else shows them then. `quiet`
 * shows warnings only.
 */
export function plainView(
  stderr: Sink,
  options: { readonly quiet: boolean; readonly colour: boolean },
): ProgressView {
  const gpus = new Map<string, string>();
  const measured = new Map<string, EventOf<"test.finished">[]>();
  const print = (event: SweepEvent, { text, tone }: EventText): void => {
    if (options.quiet && tone !== "warning") return;
    const line = `${event.ts.slice(11, 19)} ${place(event, gpus)}${oneLine(text)}`;
    const coloured = options.colour && tone === "warning";
    stderr.write(`${coloured ? styleText("yellow", line, { validateStream: false }) : line}\n`);
  };
  return {
    show(event) {
      if (event.type === "rental.reserved") gpus.set(event.label, event.gpu);
      if (event.type === "pass.started") measured.set(event.label, []);
      if (event.type === "test.finished" && event.outcome === "measured")
        measured.get(event.label)?.push(event);
      if (event.type === "pass.void" || event.type === "pass.failed") {
        for (const test of measured.get(event.label) ?? []) {
          const shown = eventText(test);
          if (shown !== undefined) print(test, { ...shown, tone: "note" });
        }
        measured.delete(event.label);
      }
      const shown = eventText(event);
      if (shown !== undefined && shown.tone !== "detail") print(event, shown);
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
