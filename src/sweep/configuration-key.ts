import { createHash } from "node:crypto";
import type { Configuration } from "../plan/coverage-plan.ts";

/**
 * Identifies a configuration in the journal: 12 hexadecimal digits, equal for configurations that ask the same of the
 * same GPU type and model. How many passes are wanted is no part of it.
 */
export function configurationKey(configuration: Configuration): string {
  const { gpu, model, revision, engine, suites, prompts, load } = configuration;
  const asked = [
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
  return createHash("sha256").update(JSON.stringify(asked)).digest("hex").slice(0, 12);
}
