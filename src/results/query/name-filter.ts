import { gpuName, modelName, resolveName } from "../../catalog/short-names.ts";
import { nearest } from "../../support/nearest.ts";
import { shellWord } from "../../support/shell-word.ts";

/** What a user asks to see. Case does not matter. */
export interface NameFilter {
  /** Id or short name of a GPU type, or a part of it. */
  readonly gpuType?: string | undefined;
  /** `7b` or `7`, or another category that a record states; or id, short name or part of the name of a model. */
  readonly modelCategory?: string | undefined;
}

/** The names in a pass. */
export interface PassNames {
  readonly gpu: string;
  readonly model: string;
  readonly modelCategory: string | undefined;
}

/**
 * Matches passes by a name or a part of it. An exact name matches nothing else, a part matches all names that contain
 * it, and a category takes precedence over models whose name contains it.
 */
export function nameFilter(
  { gpuType, modelCategory }: NameFilter,
  passes: readonly PassNames[],
): (pass: PassNames) => boolean {
  const gpus =
    gpuType === undefined ? undefined : matchingIds(gpuType, distinct(passes, "gpu"), gpuName);
  if (modelCategory === undefined) return ({ gpu }) => gpus?.has(gpu) ?? true;
  const wanted = modelCategory.toLowerCase();
  const categories = new Set(
    distinct(passes, "modelCategory").filter((category) =>
      [wanted, `${wanted}b`].includes(category.toLowerCase()),
    ),
  );
  const models =
    categories.size > 0
      ? new Set<string>()
      : matchingIds(wanted, distinct(passes, "model"), modelName);
  return ({ gpu, model, modelCategory: category }) =>
    (gpus?.has(gpu) ?? true) && (categories.has(category ?? "") || models.has(model));
}

/** The names most similar to those that a user asks for: `-g rtx4000a1-s`. */
export function suggestNames(
  { gpuType, modelCategory }: NameFilter,
  passes: readonly PassNames[],
): string[] {
  const similar = (
    flag: string,
    wanted: string | undefined,
    ids: readonly string[],
    nameOf: (id: string) => string,
  ): string[] => {
    if (wanted === undefined || matchingIds(wanted, ids, nameOf).size > 0) return [];
    const found = nearest(wanted, [...ids.map(nameOf), ...ids]);
    return found === undefined ? [] : [`${flag} ${shellWord(found)}`];
  };
  return [
    ...similar("-g", gpuType, distinct(passes, "gpu"), gpuName),
    ...similar("-m", modelCategory, distinct(passes, "model"), modelName),
  ];
}

function matchingIds(
  text: string,
  ids: readonly string[],
  nameOf: (id: string) => string,
): ReadonlySet<string> {
  const resolved = resolveName(text, ids, nameOf);
  if ("id" in resolved) return new Set([resolved.id]);
  return new Set("ambiguous" in resolved ? resolved.ambiguous : []);
}

function distinct(passes: readonly PassNames[], key: keyof PassNames): string[] {
  return [...new Set(passes.flatMap((pass) => pass[key] ?? []))];
}
