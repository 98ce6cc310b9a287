import { readJournal } from "../../journal/journal-file.ts";
import { sleepReal } from "../../support/clock.ts";
import { ExitCode } from "../../support/errors.ts";
import { stripControls } from "../../support/terminal-text.ts";
import type { Handler } from "../command.ts";
import { belongs, findRun, runLogs, partOf } from "../../run/run-logs.ts";
import { locationsOf } from "../requests.ts";
import { plainView } from "../output/plain.ts";

const FOLLOW_EVERY_MS = 500;

export const logs: Handler = async (call) => {
  const { options, parameters, terminal } = call;
  const [run = "", entry] = parameters;
  const folder = findRun(locationsOf(call).stateDir, run);
  const read = () => readJournal(folder).events;
  const part = entry === undefined ? undefined : partOf(read(), entry);
  if (options["json"] === true) {
    const events = read().filter((event) => belongs(event, part));
    const files = runLogs(folder, part);
    terminal.stdout.write(`${JSON.stringify({ run, events, files }, undefined, 2)}\n`);
    return ExitCode.done;
  }
  const view = plainView(terminal.stdout, {
    quiet: options["quiet"] === true,
    colour: terminal.colour,
  });
  let shown = 0;
  for (;;) {
    const events = read();
    for (const event of events.slice(shown)) if (belongs(event, part)) view.show(event);
    shown = events.length;
    const ended = events.at(-1)?.type === "run.closed";
    if (options["follow"] !== true || ended || terminal.signals.stop.aborted) break;
    await sleepReal(FOLLOW_EVERY_MS, terminal.signals.stop).catch(() => undefined);
  }
  for (const { name, text } of runLogs(folder, part)) {
    if (text.trim() === "") continue;
    terminal.stdout.write(`\n==> ${name} <==\n${stripControls(text).trimEnd()}\n`);
  }
  return ExitCode.done;
};
