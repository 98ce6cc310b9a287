import type { EventOf, Fact, SweepEvent } from "../journal/events.ts";
import { configurationKey } from "./configuration-key.ts";
import type { Configuration } from "../plan/coverage-plan.ts";
import { defaultNumSeqs } from "../plan/plan-schema.ts";

/** The number of sound passes of a configuration in the journal. */
export function recordedPasses(
  events: readonly SweepEvent[],
  configuration: Configuration,
): number {
  const key = configurationKey(configuration);
  return events.filter((event) => event.type === "pass.finished" && isOf(event, configuration, key))
    .length;
}

/** The passes of a configuration, from the view of one VM. */
export interface PassProgress {
  /** Sound passes, including those of former owners of the run. */
  readonly recorded: number;
  /** Unsound passes on this VM, which are not repeated on it. */
  readonly failed: number;
}

/**
 * Counts passes in the journal rather than in memory, so that each counts once despite interruptions. Passes of the same
 * configuration on other VMs of this owner do not count, because the plan asks for both.
 * @param vm its label, and the generation of the current owner
 */
export function passProgress(
  events: readonly SweepEvent[],
  configuration: Configuration,
  vm: { readonly label: string; readonly gen: number },
): PassProgress {
  const { label, gen } = vm;
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

/** Journals before 0.2 do not name the configuration, so the engine's settings in the record are compared. */
function recordMatches({ model: id, record }: Measured, configuration: Configuration): boolean {
  const { gpu, model, engine } = configuration;
  const config = record.vllm_config;
  const agrees = (recorded: unknown, asked: unknown): boolean =>
    recorded === undefined || recorded === asked;
  return (
    record.gpu_type === gpu.id &&
    id === model.id &&
    config.max_model_len === engine.maxModelLen &&
    // The record lacks it if the plan did.
    (config["max_num_seqs"] ?? defaultNumSeqs(configuration.load)) === engine.maxNumSeqs &&
    agrees(config["image"], engine.image) &&
    agrees(config["gpu_memory_utilization"], engine.gpuMemoryUtilization) &&
    agrees(config["enforce_eager"], engine.enforceEager) &&
    agrees(config["kv_cache_dtype"], engine.kvCacheDtype ?? "auto")
  );
}

/** Facts that declare unfinished passes void, so that they are run again. */
export function interruptedPasses(
  events: readonly SweepEvent[],
  reason = "the sweep was interrupted during the pass",
): readonly Extract<Fact, { readonly type: "pass.void" }>[] {
  const running = new Map<string, EventOf<"pass.started">>();
  for (const event of events) {
    if (event.type === "pass.started") running.set(serverKey(event), event);
    else if (PASS_ENDS.has(event.type)) running.delete(serverKey(event as EventOf<"pass.void">));
  }
  return [...running.values()].map(({ label, model, pass }) => ({
    type: "pass.void",
    label,
    model,
    pass,
    reason,
  }));
}

const PASS_ENDS: ReadonlySet<string> = new Set(["pass.finished", "pass.failed", "pass.void"]);

/** A server runs one pass at a time. */
function serverKey({ label, model }: { readonly label: string; readonly model: string }): string {
  return `${label} ${model}`;
}
