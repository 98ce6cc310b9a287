import type { Configuration } from "../plan/coverage-plan.ts";
import { eventsOfVm, findEvent, finding, findLastEvent, modelName } from "./finding.ts";
import type { Finding, RunEvidence } from "./finding.ts";
import type { Replies } from "./live-evidence.ts";

/** Figures in a log are rounded, and free memory differs by some megabytes from start to start. */
const MEMORY_TOLERANCE_GIB = 0.1;

/** Check 4: the memory that is left for the KV cache. */
export function judgeMemory(run: RunEvidence): Finding {
  const [configuration] = run.evidence.configurations ?? [];
  const { cacheGib, graphsGib } = run.evidence.memory ?? {};
  const planned = configuration && plannedCacheGib(configuration);
  const spare = configuration && spareGib(configuration);
  return finding(
    {
      number: 4,
      check: `memory of ${modelName(configuration, "a 14B model in AWQ")}`,
      expected: `at least ${gib(planned)} for the KV cache; CUDA graphs within the ${gib(spare)} that vLLM leaves free`,
    },
    [
      {
        holds:
          cacheGib === undefined || planned === undefined
            ? undefined
            : cacheGib >= planned - MEMORY_TOLERANCE_GIB,
        seen: `Available KV cache memory: ${gib(cacheGib)}`,
        change: `Raise DEFAULT_OVERHEAD_GIB in src/catalog/model-catalog.ts by ${gib((planned ?? 0) - (cacheGib ?? 0))}.`,
      },
      {
        holds: graphsGib === undefined || spare === undefined ? undefined : graphsGib <= spare,
        seen: `CUDA graphs: ${gib(graphsGib)}`,
        change: "Lower gpu_memory_utilization for this card, or set enforce_eager.",
      },
    ],
    run,
  );
}

/** Check 5: gpt-oss, made to write replies of a fixed length. */
export function judgeReplies(run: RunEvidence): Finding {
  const { replies } = run.evidence;
  const { withStopToken, withoutStopToken } = replies ?? {};
  return finding(
    {
      number: 5,
      check: "gpt-oss with and without stop_token_ids",
      expected: "every reply is complete with them, and some break off without",
    },
    [
      {
        holds: withStopToken && withStopToken.complete === withStopToken.asked,
        seen: `with: ${repliesText(withStopToken)}`,
        change: "Measure gpt-oss models in natural mode, marked, in src/vllm/chat-request.ts.",
      },
      {
        holds: withoutStopToken && withoutStopToken.complete < withoutStopToken.asked,
        seen: `without: ${repliesText(withoutStopToken)}`,
        change: "This vLLM does not need them: remove HARMONY_END from src/vllm/chat-request.ts.",
      },
    ],
    run,
  );
}

/** Check 8: a sound pass, and what nvidia-smi reports about the GPU. */
export function judgePass(run: RunEvidence): Finding {
  const events = eventsOfVm(run);
  const [sound, failed] = [findEvent(events, "pass.finished"), findEvent(events, "pass.failed")];
  const server = sound === undefined ? findLastEvent(events, "server.failed") : undefined;
  const samples = run.evidence.gpuSamples;
  const complete = samples?.every(
    ({ clockMhz, powerW, temperatureC, throttle }) =>
      clockMhz !== undefined &&
      powerW !== undefined &&
      temperatureC !== undefined &&
      throttle !== undefined,
  );
  const reason = failed?.reasons.join("; ") ?? server?.cause;
  return finding(
    {
      number: 8,
      check: "one sound pass, with the GPU's figures",
      expected:
        "the pass is sound, and nvidia-smi reports clocks_event_reasons, clock, power and temperature",
    },
    [
      {
        holds: sound !== undefined ? true : reason === undefined ? undefined : false,
        seen:
          sound === undefined
            ? `no sound pass: ${reason ?? ""}`
            : `${sound.record.summary.avg_tokens_per_sec.toFixed(1)} tokens/s`,
        change: "See the pass in `maider-sweep logs`, and docs/method.md for what makes it sound.",
      },
      {
        holds: complete,
        seen:
          complete === true
            ? "nvidia-smi reports all figures"
            : "nvidia-smi reports [N/A] for some figures",
        change:
          "Throttling cannot be seen on this driver: query `clocks_throttle_reasons.active` in templates/agent.py, and mark the records.",
      },
    ],
    run,
  );
}

/** What utilisation, weights and overhead leave of one GPU, as `fitModel` calculates it. */
function plannedCacheGib({ engine, fit, gpu, model }: Configuration): number {
  return (
    gpu.card.usableGib * engine.gpuMemoryUtilization - fit.weightsGibPerGpu - model.overheadGib
  );
}

function spareGib({ engine, gpu }: Configuration): number {
  return gpu.card.usableGib * (1 - engine.gpuMemoryUtilization);
}

function repliesText(replies: Replies | undefined): string {
  if (replies === undefined) return "not asked";
  const { asked, complete, failure } = replies;
  return `${String(complete)} of ${String(asked)} complete${failure === undefined ? "" : ` (${failure})`}`;
}

function gib(value: number | undefined): string {
  return value === undefined ? "an unknown amount" : `${value.toFixed(2)} GiB`;
}
