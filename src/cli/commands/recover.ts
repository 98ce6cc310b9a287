import { recoverRuns } from "../../run/recover-runs.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Handler } from "../command.ts";
import { runContext } from "../output/run-reporter.ts";
import { cloudRequest, destroyPatienceMs } from "../requests.ts";

export const recover: Handler = async (call) => {
  const { options, terminal } = call;
  const request = { cloud: cloudRequest(call), destroyPatienceMs: destroyPatienceMs(call) };
  const { runs, skipped } = await recoverRuns(request, runContext(call, { json: false }));
  if (options["json"] === true) {
    const recovered = runs.map(({ run, recovery }) => ({ run, ...recovery }));
    terminal.stdout.write(`${JSON.stringify({ runs: recovered }, undefined, 2)}\n`);
  } else {
    if (runs.length + skipped.length === 0)
      terminal.stdout.write("nothing to recover: every run is closed\n");
    for (const { run, recovery } of runs) {
      const { outcome, unproved } = recovery;
      const which = unproved.length > 0 ? `; not proved gone: ${unproved.join(", ")}` : "";
      terminal.stdout.write(`${run}: ${outcome.replace("_", " ")}${which}\n`);
    }
    for (const run of skipped)
      terminal.stdout.write(
        `${run}: skipped: its journal no longer names the simulated cloud; maider-sweep recover --simulate URL\n`,
      );
  }
  return runs.some(({ recovery }) => recovery.outcome === "unproved")
    ? ExitCode.stillBilled
    : ExitCode.done;
};
