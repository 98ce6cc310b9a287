import { GPU_TYPES } from "../catalog/gpu-catalog.ts";
import type { GpuType } from "../catalog/gpu-types.ts";
import { MODELS } from "../catalog/model-catalog.ts";
import type { ModelFacts } from "../catalog/models.ts";
import { gpuName, modelName, resolveName } from "../catalog/short-names.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { nearest } from "../support/nearest.ts";

/** The GPU type that a user names, in full or in part. @throws SweepError exit 2, with the nearest name */
export function namedGpu(text: string): GpuType {
  return named(text, "GPU type", GPU_TYPES, gpuName, "maider-sweep gpus lists them");
}

/** The model of the catalogue that a user names, in full or in part. @throws SweepError exit 2, with the nearest name */
export function namedModel(text: string): ModelFacts {
  return named(text, "model", MODELS, modelName, "maider-sweep models lists them");
}

function named<T extends { readonly id: string }>(
  text: string,
  kind: string,
  known: readonly T[],
  nameOf: (id: string) => string,
  hint: string,
): T {
  const ids = known.map(({ id }) => id);
  const resolved = resolveName(text, ids, nameOf);
  const found = "id" in resolved ? known.find(({ id }) => id === resolved.id) : undefined;
  if (found !== undefined) return found;
  if ("ambiguous" in resolved) {
    throw new SweepError(
      `${text} is part of the name of ${String(resolved.ambiguous.length)} ${kind}s`,
      {
        exitCode: ExitCode.usage,
        hint: `did you mean one of ${resolved.ambiguous.slice(0, 6).map(nameOf).join(", ")}?`,
      },
    );
  }
  const meant = nearest(text, [...ids, ...ids.map(nameOf)]);
  throw new SweepError(`there is no ${kind} ${text}`, {
    exitCode: ExitCode.usage,
    hint: meant === undefined ? hint : `did you mean ${meant}?`,
  });
}
