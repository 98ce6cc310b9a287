import type { EventOf, Fact, SweepEvent } from "../journal/events.ts";
import { configurationKey } from "./configuration-key.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import { defaultNumSeqs } from "../plan/plan-schema.ts";

/** Sound passes of a configuration that the journal holds. */
export function recordedPasses(
  events: readonly SweepEvent[],
  configuration: Configuration,
): number {
  const key = configurationKey(configuration);
  return events.filter((event) => event.type === "pass.finished" && isOf(event, configuration, key))
    .length;
}

/** How far a configuration has come on one VM. */
export interface PassProgress {
  /** Sound passes, those of the run's former owners included. */
  readonly recorded: number;
  /** Passes that were measured here and are not sound; they are not repeated on the same VM. */
  readonly failed: number;
}

/**
 * Read anew from the journal each time, so that a pass counts once whatever is interrupted. Another VM of this owner
 * that measures an equal configuration does not count: the plan asks for both.
 */
export function passProgress(
  events: readonly SweepEvent[],
  configuration: Configuration,
  here: { readonly label: string; readonly gen: number },
): PassProgress {
  const { label, gen } = here;
  const key = configurationKey(configuration);
  return {
    recorded: recordedPasses(
      events.filter(
        (event) => event.gen < gen || (event.type === "pass.finished" && event.label === label),
      ),
      configuration,
    ),
    failed: events.filter(
      (event) =>
        event.type === "pass.failed" &&
        event.gen === gen &&
        event.label === label &&
        isOf(event, configuration, key),
    ).length,
  };
}

type Measured = EventOf<"pass.finished"> | EventOf<"pass.failed">;

function isOf(event: Measured, configuration: Configuration, key: string): boolean {
  return event.configuration === undefined
    ? recordMatches(event, configuration)
    : event.configuration === key;
}

/** For journals before 0.2, which name no configuration: by what the record says of the engine. */
function recordMatches({ model: id, record }: Measured, configuration: Configuration): boolean {
  const { gpu, model, engine } = configuration;
  const config = record.vllm_config;
  const agrees = (recorded: unknown, asked: unknown): boolean =>
    recorded === undefined || recorded === asked;
  return (
    record.gpu_type === gpu.id &&
    id === model.id &&
    config.max_model_len === engine.maxModelLen &&
    // Left out there, it was left out of the plan.
    (config["max_num_seqs"] ?? defaultNumSeqs(configuration.load)) === engine.maxNumSeqs &&
    agrees(config["image"], engine.image) &&
    agrees(config["gpu_memory_utilization"], engine.gpuMemoryUtilization) &&
    agrees(config["enforce_eager"], engine.enforceEager) &&
    agrees(config["kv_cache_dtype"], engine.kvCacheDtype ?? "auto")
  );
}

/** Passes that were begun and never came to an end: they are void, for this reason, and are run again. */
export function interruptedPasses(
  events: readonly SweepEvent[],
  reason = "the sweep was cut off in it",
): readonly Extract<Fact, { readonly type: "pass.void" }>[] {
  const running = new Map<string, EventOf<"pass.started">>();
  for (const event of events) {
    if (event.type === "pass.started") running.set(turnOf(event), event);
    else if (ENDS.has(event.type)) running.delete(turnOf(event as EventOf<"pass.void">));
  }
  return [...running.values()].map(({ label, model, pass }) => ({
    type: "pass.void",
    label,
    model,
    pass,
    reason,
  }));
}

const ENDS: ReadonlySet<string> = new Set(["pass.finished", "pass.failed", "pass.void"]);

function turnOf({ label, model }: { readonly label: string; readonly model: string }): string {
  return `${label} ${model}`;
}
