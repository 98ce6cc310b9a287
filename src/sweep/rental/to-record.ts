import type { PassResult } from "../../evidence/pass.ts";
import { recordOfPass } from "../../evidence/record-of-pass.ts";
import type { BenchmarkRecord } from "../../evidence/record.ts";
import type { Suite } from "../../evidence/suite.ts";
import type { MachineFacts } from "../../machine/machine.ts";
import type { Configuration } from "../../plan/coverage-plan.ts";
import type { ServerReady, SweepPorts } from "../ports.ts";
import type { SweepSettings } from "../settings.ts";

/** A configuration on a VM. */
interface MeasuredJob {
  readonly label: string;
  readonly region: string;
  readonly priceMicroUsd: number;
  readonly configuration: Configuration;
}

/** The record of a pass, with the facts about its machine and server. */
export function toRecord(
  measured: {
    readonly pass: PassResult;
    readonly job: MeasuredJob;
    readonly served: ServerReady;
    readonly facts: MachineFacts;
    readonly suite: Suite;
  },
  ports: Pick<SweepPorts, "journal" | "timeZoneOffsetMinutes" | "uuid">,
  settings: SweepSettings,
): BenchmarkRecord {
  const { pass, job, served, suite } = measured;
  const { gpu, model, engine, fit, passes } = job.configuration;
  const { max_seq_len: _, ...resolved } = served.engine.settings;
  return recordOfPass({
    id: ports.uuid(),
    pass,
    suite,
    gpu: { id: gpu.id, gpus: gpu.gpus, vramGb: gpu.card.vramGb },
    priceMicroUsd: job.priceMicroUsd,
    model: { id: model.id, category: model.category },
    vllm: {
      tensor_parallel_size: fit.tensorParallel,
      pipeline_parallel_size: fit.pipelineParallel,
      ...resolved,
      // The container's environment sets both, but logs show only the former.
      ...(resolved["disable_custom_all_reduce"] === true ? { nccl_p2p_disable: true } : {}),
      max_model_len: served.maxModelLen,
      ...(served.maxModelLen === engine.maxModelLen
        ? {}
        : { max_model_len_asked: engine.maxModelLen }),
      gpu_memory_utilization: engine.gpuMemoryUtilization,
      vllm_version: served.vllmVersion,
      image: engine.image,
      ...(served.imageDigest === undefined ? {} : { image_digest: served.imageDigest }),
      dtype: served.engine.dtype ?? engine.dtype,
      quantization: served.engine.quantization ?? engine.quantization ?? model.quantization,
      ...(served.revision === undefined ? {} : { revision: served.revision }),
      ...(served.engine.attentionBackend === undefined
        ? {}
        : { attention_backend: served.engine.attentionBackend }),
      max_num_seqs: engine.maxNumSeqs,
      ...(settings.streamInterval === undefined
        ? {}
        : { stream_interval: settings.streamInterval }),
    },
    run: settings.run,
    vm: job.label,
    region: job.region,
    simulated: settings.world !== undefined,
    passesAsked: passes,
    timeZoneOffsetMinutes: ports.timeZoneOffsetMinutes?.(pass.finishedMs) ?? 0,
    provenance: {
      ...machineProvenance(measured.facts),
      ...journalProvenance(job, ports),
      maider_sweep: settings.version,
    },
  });
}

/** Facts about the machine for a record's summary. */
export function machineProvenance(facts: MachineFacts): Readonly<Record<string, unknown>> {
  return {
    ...gpuProvenance(facts.gpus),
    cuda: facts.cuda,
    cpu: facts.cpu,
    vcpus: facts.vcpus,
    ram_mib: facts.ramMib,
    kernel: facts.kernel,
    os: facts.os,
  };
}

export function gpuProvenance(gpus: MachineFacts["gpus"]): Readonly<Record<string, unknown>> {
  const [gpu] = gpus;
  return {
    gpus_seen: gpus.length,
    ...(gpu === undefined
      ? {}
      : {
          gpu_name: gpu.name,
          gpu_memory_mib: gpu.memoryMib,
          driver: gpu.driver,
          compute_capability: gpu.computeCapability,
          gpu_power_limit_w: gpu.powerLimitW,
          gpu_max_clock_mhz: gpu.maxClockMhz,
        }),
  };
}

/** When the price was read, and the seconds from creating a VM for only this model until its server is ready. */
function journalProvenance(
  { label, configuration }: MeasuredJob,
  { journal }: Pick<SweepPorts, "journal">,
): { readonly price_utc?: string; readonly start_up_s?: number } {
  const events = journal.events().filter((event) => "label" in event && event.label === label);
  const reserved = events.find((event) => event.type === "rental.reserved");
  const machine = events.find((event) => event.type === "machine.ready");
  const server = events.findLast(
    (event) => event.type === "server.ready" && event.model === configuration.model.id,
  );
  return {
    ...(reserved === undefined ? {} : { price_utc: reserved.ts }),
    ...(machine?.type === "machine.ready" && server?.type === "server.ready"
      ? { start_up_s: machine.seconds + server.seconds }
      : {}),
  };
}
