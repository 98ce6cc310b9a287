import { createHash } from "node:crypto";
import type { Configuration } from "../plan/coverage-plan.ts";

/**
 * Identifies a configuration in the journal by 12 hexadecimal digits. It depends on the GPU type, the model and the
 * settings, but not on the number of passes.
 */
export function configurationKey(configuration: Configuration): string {
  const { gpu, model, revision, engine, suites, prompts, load } = configuration;
  const settings = [
    gpu.id,
    model.id,
    revision ?? null,
    engine.image,
    engine.gpuMemoryUtilization,
    engine.maxModelLen,
    engine.dtype,
    engine.quantization ?? null,
    engine.enforceEager,
    engine.maxNumSeqs ?? null,
    engine.kvCacheDtype ?? null,
    prompts?.id ?? suites,
    load,
  ];
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 12);
}
