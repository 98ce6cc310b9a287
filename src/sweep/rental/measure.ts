import { NoAnswerError, type ServerUnderTest } from "../../benchmark/benchmark.ts";
import { runPasses } from "../../benchmark/run-passes.ts";
import { type Machine, MachineError } from "../../machine/machine.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import { configurationKey } from "../configuration-key.ts";
import type { ServerReady } from "../ports.ts";
import { interruptedPasses, passProgress, type PassProgress } from "../recorded-passes.ts";
import type { VmLink } from "./link.ts";
import { passRecorder } from "./pass-recorder.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";
import { diagnoseServerExit } from "./diagnose-server-exit.ts";
import { startServer, type ServerJob } from "./start-server.ts";

export type ConfigurationEnd = "measured" | "partial" | "failed";

/**
 * Serves one model and measures the passes that the journal does not have yet. Each is recorded when it ends. A failure
 * of the server is journaled as a failure of the configuration.
 * @param serverMayBeRunning whether its server may be running already, with its weights loaded
 * @throws MachineError when the VM cannot be reached, or the signal's reason
 */
export async function measureConfiguration(
  configuration: Configuration,
  serverMayBeRunning: boolean,
  vm: RentedVm,
  link: VmLink,
  scope: RentalScope,
): Promise<ConfigurationEnd> {
  const { label, ports } = scope;
  const progress = (): PassProgress =>
    passProgress(ports.journal.events(), configuration, { label, gen: ports.ownership.gen });
  const outcome = await link.run(
    async (machine, again) => {
      if (again) await voidInterrupted(scope);
      const job = {
        label,
        configuration,
        machine,
        serverMayBeRunning: serverMayBeRunning || again,
      };
      return serveAndMeasure(job, progress(), vm, scope);
    },
    () => progress().recorded + progress().failed,
  );
  const { recorded } = progress();
  const state =
    recorded >= configuration.passes
      ? "measured"
      : recorded > 0 && outcome.served
        ? "partial"
        : "failed";
  await ports.journal.append({
    type: "configuration.finished",
    label,
    gpu: configuration.gpu.id,
    model: configuration.model.id,
    configuration: configurationKey(configuration),
    state,
    passes: recorded,
    reason: outcome.reason ?? null,
  });
  return state;
}

/** Declares the pass void during which the connection was lost; it is run again. */
async function voidInterrupted({ label, ports }: RentalScope): Promise<void> {
  const facts = interruptedPasses(ports.journal.events(), "SSH was lost");
  for (const fact of facts.filter((pass) => pass.label === label)) await ports.journal.append(fact);
}

interface Outcome {
  readonly served: boolean;
  /** Why not all passes are sound. */
  readonly reason: string | undefined;
}

/** A server that exits or does not answer is a failure of its model. @throws MachineError when the connection is lost */
async function serveAndMeasure(
  job: ServerJob,
  progress: PassProgress,
  vm: RentedVm,
  scope: RentalScope,
): Promise<Outcome> {
  const { ports, settings, signal } = scope;
  const served = await startServer(job, ports, settings, signal);
  if (!served.ready) return { served: false, reason: served.cause };
  try {
    return { served: true, reason: await measure(job, served, progress, vm, scope) };
  } catch (error) {
    signal.throwIfAborted();
    const exitReason = await diagnoseServerExit(job, ports, signal);
    if (exitReason !== undefined) return { served: true, reason: exitReason };
    if (error instanceof NoAnswerError || isRefusedChannel(error))
      return { served: true, reason: `the server runs, but does not answer: ${error.message}` };
    throw error;
  }
}

/** @returns why not all passes are sound, if so */
async function measure(
  job: ServerJob,
  served: ServerReady,
  progress: PassProgress,
  vm: RentedVm,
  scope: RentalScope,
): Promise<string | undefined> {
  const { label, ports, settings, signal } = scope;
  const { configuration, machine } = job;
  const model = configuration.model.id;
  const server = serverOf(machine, model, served);
  const suite =
    configuration.prompts ??
    (await ports.measure.suiteFor(configuration.suites, server, ports.clock, signal));
  const facts = await machine.facts(signal);
  const request = {
    server,
    suite,
    load: configuration.load,
    clock: ports.clock,
    sampleGpus: (inner: AbortSignal) => machine.sampleGpus(inner),
  };
  await ports.measure.warmUp({ ...request, seed: `${label}/${model}/warm-up` }, signal);
  await ports.journal.append({ type: "warmup.finished", label, model });

  const first = progress.recorded + progress.failed + 1;
  const left = Math.max(0, configuration.passes - first + 1);
  const passes = Array.from({ length: left }, (_, index) => first + index);
  const handlers = passRecorder(job, { served, suite, facts, vm }, scope);
  const seed = `${settings.run}/${label}/${model}`;
  const stopped = await runPasses({ ...request, seed, passes }, handlers, signal);
  return stopped ?? handlers.unsound();
}

function serverOf(machine: Machine, model: string, { maxModelLen }: ServerReady): ServerUnderTest {
  return {
    async open(signal) {
      try {
        return await machine.openChannel(signal);
      } catch (error) {
        // SSH works, so it is the server that does not answer: the pass fails and keeps its finished tests.
        throw isRefusedChannel(error) ? new NoAnswerError(error.message) : error;
      }
    },
    basePath: "/v1",
    apiKey: undefined,
    model,
    maxModelLen,
  };
}

function isRefusedChannel(error: unknown): error is MachineError {
  return error instanceof MachineError && error.kind === "unreachable";
}
