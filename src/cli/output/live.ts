import { styleText } from "node:util";
import { DefaultRenderer, Listr, ListrEventType, ListrLogger, ProcessOutput } from "listr2";
import { foldProgress, type RunProgress } from "../../run-state/fold-progress.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import type { SweepEvent } from "../../journal/events.ts";
import { rawStream } from "./printable-streams.ts";
import { eventText } from "./event-text.ts";
import { liveLines, type LiveLine } from "./live-lines.ts";
import { oneLine } from "../../support/terminal-text.ts";
import { wrapText } from "../../support/wrap-text.ts";
import type { ProgressView, ViewOptions } from "./progress-view.ts";

/** Real time. Redraws are rare, so that they cannot disturb a measurement in this process. */
const REDRAW_MS = 200;
const WARNINGS_SHOWN = 3;
const URGENT_SHOWN = 2;

const COLOURS = { waiting: "dim", running: "cyan", done: "green", failed: "yellow" } as const;

/** listr2 checks only whether stdout is a terminal; our progress goes to stderr. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true as never;
}

/**
 * A line for each rental and the money below, redrawn in place. While it is open, listr2 holds back what others
 * print on the terminal and prints it at the end.
 */
export function liveView(options: ViewOptions): ProgressView {
  const { stderr, stdout, now, colour, expectedMinutes } = options;
  let state = options.before ?? foldRun([]);
  let progress: RunProgress = new Map();
  let screen: Screen | undefined;
  let unseen: SweepEvent[] = [];
  const warnings: string[] = [];
  const urgent: string[] = [];
  let isClosed = false;
  let drawnAt = -Infinity;

  const draw = (nowMs: number): void => {
    drawnAt = performance.now();
    state = foldRun(unseen, state);
    progress = foldProgress(unseen, progress);
    unseen = [];
    if (state.opened === undefined) return;
    const { rentals, footer } = liveLines(state, progress, nowMs, expectedMinutes);
    screen ??= openScreen(stderr, stdout, rentals.length);
    screen.draw(
      rentals.map((line) => (colour ? paint(line) : line.text)),
      [
        ...footer,
        ...warnings.slice(-WARNINGS_SHOWN),
        // Whole, for they say what to do.
        ...urgent.slice(-URGENT_SHOWN).flatMap((text) => wrapText(text, stderr.columns - 1, "  ")),
      ],
    );
  };
  return {
    show(event) {
      unseen.push(event);
      const shown = eventText(event);
      if (shown?.tone === "warning")
        warnings.push(oneLine(`${event.ts.slice(11, 16)} ${shown.text}`));
    },
    warn(text) {
      const line = `warning: ${oneLine(text)}`;
      if (isClosed) stderr.write(`${line}\n`);
      else urgent.push(line);
    },
    tick(nowMs) {
      if (performance.now() - drawnAt >= REDRAW_MS) draw(nowMs);
    },
    async close() {
      draw(now());
      await screen?.close();
      isClosed = true;
      for (const warning of [...warnings, ...urgent]) stderr.write(`${warning}\n`);
    },
  };
}

function paint({ text, tone }: LiveLine): string {
  return styleText(COLOURS[tone], text, { validateStream: false });
}

interface Screen {
  draw(rentals: readonly string[], footer: readonly string[]): void;
  close(): Promise<void>;
}

function openScreen(
  stderr: NodeJS.WriteStream,
  stdout: NodeJS.WriteStream,
  rentals: number,
): Screen {
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  // What listr2 calls stdout is where it draws.
  const output = new ProcessOutput(rawStream(stderr), rawStream(stdout));
  const list = new Listr(
    Array.from({ length: rentals + 1 }, () => ({ title: " ", task: () => finished })),
    {
      concurrent: true,
      // Its own listener ends the process before anything is destroyed.
      registerSignalListeners: false,
      renderer: StderrRenderer,
      rendererOptions: {
        // Draws on request, and not by a timer of its own.
        lazy: true,
        clearOutput: true,
        formatOutput: "truncate",
        logger: new ListrLogger({ processOutput: output, useIcons: true, toStderr: [] }),
        icon: { PENDING: "", WAITING: "", COMPLETED: "" },
      },
    },
  );
  const running = list.run();
  // A second Ctrl-C ends in `process.exit`: what was held back must still be printed, and the cursor shown.
  const release = (): void => output.release();
  process.once("exit", release);
  return {
    draw(lines, footer) {
      for (const [index, task] of list.tasks.entries())
        task.title =
          index < rentals ? (lines[index] ?? "") : [...lines.slice(rentals), ...footer].join("\n");
      list.events.emit(ListrEventType.SHOULD_REFRESH_RENDER);
    },
    async close() {
      finish();
      await running;
      process.off("exit", release);
    },
  };
}
