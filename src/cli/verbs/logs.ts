import { sleepReal } from "../../support/clock.ts";
import { ExitCode } from "../../support/errors.ts";
import { stripControls } from "../../support/terminal-text.ts";
import { jsonText } from "../output/json.ts";
import { locationsOf } from "../requests.ts";
import {
  argument,
  jsonOption,
  onlySimulatedOption,
  option,
  outputOptions,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

const FOLLOW_EVERY_MS = 500;

export const verb = defineVerb({
  name: "logs",
  group: "run",
  summary: "Show a run's events and the logs of its failures",
  about: [
    "Prints the events of a run, one on each line, then the vLLM logs that were saved when a server failed, and the guard's log. Without a run it takes the newest. An entry is a VM's label, a GPU type, a rental's number or a model.",
  ],
  related: ["status", "run"],
  synonyms: ["events"],
  arguments: [
    argument("[run]", "its id, the first characters of it, or last (default)"),
    argument("[entry]", "only this VM, GPU type, rental number or model"),
  ],
  options: [
    option("-f, --follow", "keep printing until the run has ended"),
    onlySimulatedOption,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep logs",
    "maider-sweep logs --follow",
    "maider-sweep logs k3xw Qwen/Qwen2.5-Coder-7B-Instruct",
  ],
  notices: ["held-vms", "open-runs"],
  handler: async (call) => {
    const {
      args: [wanted, entry],
      options,
      terminal: { colour, signals, stdout },
    } = call;
    const { readJournal } = await import("../../journal/journal-file.ts");
    const { findRun } = await import("../../run/run-folder/find-run.ts");
    const { isSelected, selectEntry, readLogs } = await import("../../run/run-folder/run-logs.ts");
    const only = options.simulate ? "simulated" : undefined;
    const { run, folder } = findRun(locationsOf(call).stateDir, wanted, only);
    const readEvents = () => readJournal(folder).events;
    const part = entry === undefined ? undefined : selectEntry(readEvents(), entry);
    if (options.json) {
      const events = readEvents().filter((event) => isSelected(event, part));
      stdout.write(jsonText({ run, events, files: readLogs(folder, part) }));
      return ExitCode.done;
    }
    const { plainView } = await import("../output/plain.ts");
    const view = plainView(stdout, { quiet: options.quiet === true, colour });
    let shown = 0;
    for (;;) {
      const events = readEvents();
      for (const event of events.slice(shown)) if (isSelected(event, part)) view.show(event);
      shown = events.length;
      const ended = events.at(-1)?.type === "run.closed";
      if (options.follow !== true || ended || signals.stop.aborted) break;
      await sleepReal(FOLLOW_EVERY_MS, signals.stop).catch(() => undefined);
    }
    for (const { name, text } of readLogs(folder, part)) {
      if (text.trim() === "") continue;
      stdout.write(`\n==> ${name} <==\n${stripControls(text).trimEnd()}\n`);
    }
    return ExitCode.done;
  },
});
