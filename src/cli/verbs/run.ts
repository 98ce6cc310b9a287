import type { RunSubject } from "../../run/run-request.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";
import { locationsOf, runRequest } from "../requests.ts";
import {
  argument,
  cloudOptions,
  databaseOption,
  eventsOption,
  option,
  outputOptions,
  overrideOptions,
  runOptions,
  skipFreshOption,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "run",
  group: "run",
  summary: "Rent, benchmark and destroy what a plan names",
  about: [
    "Checks everything that can be checked before money is spent: the plan, the token and its scopes, prices and stock, the cap, the address that may reach the VMs, the state folder and its lock. Then, for as many rentals at once as `concurrency` allows, it reserves the worst case in the ledger, creates the VM behind a firewall of its own, waits for boot, SSH and set-up, serves each model with vLLM, warms it up, measures its passes, destroys the VM and confirms that it is deleted.",
    "It never asks: the cap (`budget.max_cost` or `--max-cost`) is the consent. On a terminal it shows the likely cost, the worst case and the cap before it spends real money, and waits five seconds, unless `--yes` is given. Nothing that could exceed it is started. An entry that does not fit now waits until open reservations free money; what never fits is listed as not started.",
    "Each sound pass is a record in the benchmark database as soon as it ends. A model that fails does not stop the next one on the same VM. Ctrl-C destroys every VM and keeps the results; a second one lists what is not yet confirmed deleted. If the program itself is killed, its guard, a separate process, destroys the VMs.",
    "On a terminal each rental has a line, with the money below; elsewhere events are plain lines, and with `--json` they are NDJSON on stdout, the same facts as in the journal.",
    "`--heartbeat-url URL` (or `MAIDER_SWEEP_HEARTBEAT`) posts `open: N` each minute while N VMs are up, and `gone` once all are confirmed deleted. A service that calls you when the posts stop covers what nothing on this machine can.",
    '`--notify URL` (or `MAIDER_SWEEP_NOTIFY`) posts one JSON object when the run has ended: `{"run","plan","simulated","state","exit_code","measured","configurations","passes","fastest","spent_usd","cap_usd","still_billed":[]}`. If the program was killed, its guard posts it. It contains no token, path or address.',
  ],
  related: ["estimate", "status", "stop", "doctor", "report"],
  synonyms: ["start", "sweep"],
  arguments: [argument("[plan]", "the YAML file; left out with --resume")],
  options: [
    ...overrideOptions,
    skipFreshOption,
    ...runOptions,
    option("--dry-run", "only estimate; nothing but reads"),
    option("--resume <run>", "continue an interrupted run: its id, or last"),
    ...cloudOptions,
    stateOption,
    databaseOption,
    eventsOption,
    ...outputOptions,
  ],
  examples: [
    "maider-sweep run plan.yaml --simulate",
    "maider-sweep run plan.yaml --max-cost 120",
    "maider-sweep run plan.yaml --only 'g2-*' --skip-fresh",
  ],
  handler: async (call) => {
    const {
      args: [file],
      options,
      terminal,
    } = call;
    const { detachableContext } = await import("../output/run-reporter.ts");
    const context = await detachableContext(call);
    const { findRun } = await import("../../run/run-folder/find-run.ts");
    const { resume } = options;
    const { stateDir } = locationsOf(call);
    const subject = subjectOf(
      file,
      resume === undefined ? undefined : findRun(stateDir, resume).run,
    );
    const request = { ...runRequest(call), subject };
    if (options.dryRun && subject.kind === "plan") {
      const { loadPlan } = await import("../../run/preflight/load-plan.ts");
      const { printDryRun } = await import("../output/print-dry-run.ts");
      const plan = await loadPlan(subject.source, request, context);
      await printDryRun(plan, request, options, terminal);
      return ExitCode.done;
    }
    const { startRun } = await import("../../run/start-run.ts");
    const { printRun } = await import("../output/print-run.ts");
    const { pauseBeforeSpending } = await import("../pause-before-spending.ts");
    const reporter = { ...context.reporter, confirm: pauseBeforeSpending(options, terminal) };
    return printRun(await startRun(request, { ...context, reporter }), call);
  },
});

function subjectOf(file: string | undefined, resume: string | undefined): RunSubject {
  if (resume !== undefined) {
    if (file === undefined) return { kind: "resume", run: resume };
    throw new SweepError("--resume continues with the plan of its run", {
      exitCode: ExitCode.usage,
      hint: "leave the plan out",
    });
  }
  if (file !== undefined) return { kind: "plan", source: { file } };
  throw new SweepError("no plan was named", {
    exitCode: ExitCode.usage,
    hint: "maider-sweep init writes one; then maider-sweep run plan.yaml --simulate",
  });
}
