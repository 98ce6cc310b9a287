import type { ProgressView, Sink } from "./progress-view.ts";

/** Every event as it is in the journal, one JSON line each. */
export function ndjsonView(stdout: Sink): ProgressView {
  return {
    show(event) {
      stdout.write(`${JSON.stringify(event)}\n`);
    },
    close: () => Promise.resolve(),
  };
}
