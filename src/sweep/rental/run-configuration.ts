import type { ServerUnderTest } from "../../benchmark/benchmark.ts";
import { VOID_REPEATS } from "../../evidence/method.ts";
import { configurationKey } from "../configuration-key.ts";
import { ClockJumped } from "../deadlines.ts";
import { passOrJump } from "../pass-or-jump.ts";
import type { ServerReady, SweepPorts } from "../ports.ts";
import { passProgress, type PassProgress } from "../recorded-passes.ts";
import type { SweepSettings } from "../settings.ts";
import { serverDeath } from "./server-death.ts";
import { startServer, type ServerJob } from "./start-server.ts";
import { toRecord } from "./to-record.ts";

/** One configuration on a VM that is ready. */
export interface ConfigurationJob extends ServerJob {
  readonly region: string;
  readonly priceMicroUsd: number;
}

export type ConfigurationEnd = "measured" | "partial" | "failed";

/**
 * Serves one model, measures its passes and records each the moment it ends. What the server does wrong is
 * journaled as this configuration's failure.
 * @throws MachineError when the link is lost, and the signal's reason: then the rental decides.
 */
export async function runConfiguration(
  job: ConfigurationJob,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<ConfigurationEnd> {
  const served = await startServer(job, ports, settings, signal);
  const passes = served.ready
    ? await measureUntilDeath(job, served, ports, settings, signal)
    : { done: progressOf(job, ports).recorded, reason: served.cause };
  const state =
    passes.done >= job.configuration.passes
      ? "measured"
      : passes.done > 0 && served.ready
        ? "partial"
        : "failed";
  await ports.journal.append({
    type: "configuration.finished",
    label: job.label,
    gpu: job.configuration.gpu.id,
    model: job.configuration.model.id,
    configuration: configurationKey(job.configuration),
    state,
    passes: passes.done,
    reason: passes.reason ?? null,
  });
  return state;
}

/** A server that died is this model's failure, whatever the first sign of it was; a lost link is the rental's. */
async function measureUntilDeath(
  job: ConfigurationJob,
  served: ServerReady,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<{ readonly done: number; readonly reason: string | undefined }> {
  try {
    return await measurePasses(job, served, ports, settings, signal);
  } catch (error) {
    signal.throwIfAborted();
    const death = await serverDeath(job, ports, signal);
    if (death === undefined) throw error;
    return { done: progressOf(job, ports).recorded, reason: death };
  }
}

function progressOf(
  { configuration, label }: ConfigurationJob,
  { journal, ownership }: SweepPorts,
): PassProgress {
  return passProgress(journal.events(), configuration, { label, gen: ownership.gen });
}

async function measurePasses(
  job: ConfigurationJob,
  served: ServerReady,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<{ readonly done: number; readonly reason: string | undefined }> {
  const { configuration, label, machine } = job;
  const model = configuration.model.id;
  const key = configurationKey(configuration);
  const server: ServerUnderTest = {
    open: (inner) => machine.openChannel(inner),
    basePath: "/v1",
    apiKey: undefined,
    model,
    maxModelLen: served.maxModelLen,
  };
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

  const before = progressOf(job, ports);
  let done = before.recorded;
  let voids = 0;
  let reason: string | undefined;
  for (let pass = before.recorded + before.failed + 1; pass <= configuration.passes;) {
    await ports.journal.append({
      type: "pass.started",
      label,
      model,
      pass,
      passes: configuration.passes,
      tests: suite.tests.length,
    });
    const result = await passOrJump(
      ports,
      {
        ...request,
        seed: `${settings.run}/${label}/${model}/${String(pass)}/${String(voids)}`,
        onTest: (test, index, tests) => {
          const { outcome } = test;
          const measured = outcome.kind === "measured" ? outcome.metrics : undefined;
          void ports.journal
            .append({
              type: "test.finished",
              label,
              model,
              pass,
              test: test.name,
              category: test.category,
              index,
              tests,
              outcome: outcome.kind,
              tokens_per_sec:
                measured === undefined ? null : measured.completionTokens / measured.bodyS,
              ttft_s: measured?.ttftS ?? null,
              reason: outcome.kind === "measured" ? null : outcome.reason,
            })
            .catch(() => undefined);
        },
      },
      signal,
    );
    if (result instanceof ClockJumped || result.verdict.state === "void") {
      const why =
        result instanceof ClockJumped ? result.message : result.verdict.reasons.join("; ");
      await ports.journal.append({ type: "pass.void", label, model, pass, reason: why });
      voids += 1;
      if (voids <= VOID_REPEATS) continue;
      return { done, reason: `pass ${String(pass)} was void ${String(voids)} times: ${why}` };
    }
    voids = 0;
    const record = toRecord({ pass: result, job, served, facts, suite }, ports, settings);
    if (result.verdict.state === "sound") {
      await ports.journal.append({
        type: "pass.finished",
        label,
        model,
        configuration: key,
        pass,
        record,
      });
      ports.publish(record);
      done += 1;
    } else {
      reason = result.verdict.reasons.join("; ");
      await ports.journal.append({
        type: "pass.failed",
        label,
        model,
        configuration: key,
        pass,
        record,
        reasons: [...result.verdict.reasons],
      });
      const death = await serverDeath(job, ports, signal);
      if (death !== undefined) return { done, reason: death };
    }
    pass += 1;
  }
  return { done, reason };
}
