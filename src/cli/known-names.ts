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

/**
 * The id of a GPU type that a user names in short or by whole words of its name; unchanged if the catalogue has no such
 * name. `rtx4000a1-x` is not `rtx4000a1-xl`, because a typing error must not rent another VM.
 * @throws SweepError exit 2 if several types have it
 */
export function gpuIdFor(text: string): string {
  return idFor(
    text,
    "GPU type",
    GPU_TYPES.map(({ id }) => id),
    gpuName,
  );
}

/**
 * The same for a model. A full id with its publisher is unchanged, because it may be any model on the Hub.
 * @param others ids that are not in the catalogue
 * @throws SweepError exit 2 if several models have it
 */
export function modelIdFor(text: string, others: readonly string[] = []): string {
  if (text.includes("/")) return text;
  const ids = new Set([...MODELS.map(({ id }) => id), ...others]);
  return idFor(text, "model", [...ids], modelName);
}

function idFor(
  text: string,
  kind: string,
  ids: readonly string[],
  nameOf: (id: string) => string,
): string {
  const named = ids.filter((id) => hasWords(id, text) || hasWords(nameOf(id), text));
  const resolved = resolveName(text, named, nameOf);
  if ("ambiguous" in resolved) throw ambiguous(text, kind, resolved.ambiguous, nameOf);
  return "id" in resolved ? resolved.id : text;
}

/** Whether a name contains a text that neither begins nor ends within a word. */
function hasWords(name: string, text: string): boolean {
  const at = name.toLowerCase().indexOf(text.toLowerCase());
  const isLetter = (position: number): boolean => /[a-z0-9]/i.test(name.charAt(position));
  return at >= 0 && !isLetter(at - 1) && !isLetter(at + text.length);
}

function ambiguous(
  text: string,
  kind: string,
  ids: readonly string[],
  nameOf: (id: string) => string,
): SweepError {
  return new SweepError(`${text} is part of the name of ${String(ids.length)} ${kind}s`, {
    exitCode: ExitCode.usage,
    hint: `did you mean one of ${ids.slice(0, 6).map(nameOf).join(", ")}?`,
  });
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
  if ("ambiguous" in resolved) throw ambiguous(text, kind, resolved.ambiguous, nameOf);
  const meant = nearest(text, [...ids, ...ids.map(nameOf)]);
  throw new SweepError(`there is no ${kind} ${text}`, {
    exitCode: ExitCode.usage,
    hint: meant === undefined ? hint : `did you mean ${meant}?`,
  });
}
