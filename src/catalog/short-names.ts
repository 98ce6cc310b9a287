import { MODELS } from "./model-catalog.ts";

/** `g2-gpu-rtx4000a1-s` becomes `rtx4000a1-s`, `g3-gpu-rtxpro6000-blackwell-1` becomes `rtxpro6000-1`. */
export function gpuName(id: string): string {
  return id.replace(/^g\d+-gpu-/, "").replace("-blackwell", "");
}

/**
 * The shortest name that is unique in the catalogue: `Qwen/Qwen2.5-Coder-14B-Instruct-AWQ` becomes `Coder-14B-AWQ`.
 * It depends only on the id, so a model has the same name everywhere.
 */
export function modelName(id: string): string {
  const found = namesByModel.get(id);
  if (found !== undefined) return found;
  return candidates(id).find((name) => !takenNames.has(name.toLowerCase())) ?? id;
}

/** Shortest first: without publisher and family, without publisher, the full id. */
function candidates(id: string): readonly [string, string, string] {
  const model = id.slice(id.lastIndexOf("/") + 1).replace(/-instruct(?=-|$)/i, "");
  // Only if a word follows the family: `72B-AWQ` would not say which model it is.
  return [model.replace(/^Qwen\d+(?:\.\d+)?-(?=[A-Za-z]{3})/, ""), model, id];
}

/** The short name of a GPU type or of a model, whichever the id is of. */
export function shortName(id: string): string {
  return /^g\d+-gpu-/.test(id) ? gpuName(id) : modelName(id);
}

const namesByModel: ReadonlyMap<string, string> = (() => {
  const ids = MODELS.map(({ id }) => id);
  const taken = Map.groupBy(
    ids.flatMap((id) => [...new Set(candidates(id).map((name) => name.toLowerCase()))]),
    (name) => name,
  );
  const isUnique = (name: string): boolean => taken.get(name.toLowerCase())?.length === 1;
  return new Map(ids.map((id) => [id, candidates(id).find(isUnique) ?? id]));
})();
const takenNames: ReadonlySet<string> = new Set(
  MODELS.flatMap(({ id }) => candidates(id).map((name) => name.toLowerCase())),
);

export type Resolved =
  | { readonly id: string }
  | { readonly ambiguous: readonly string[] }
  | { readonly unknown: true };

/** Finds the id with this id or short name, or else the only one that contains `text`. Case is ignored. */
export function resolveName(
  text: string,
  ids: readonly string[],
  nameOf: (id: string) => string,
): Resolved {
  if (text === "") return { unknown: true };
  const wanted = text.toLowerCase();
  const matching = (test: (name: string) => boolean): string[] =>
    ids.filter((id) => test(id.toLowerCase()) || test(nameOf(id).toLowerCase()));
  const exact = matching((name) => name === wanted);
  const found = exact.length > 0 ? exact : matching((name) => name.includes(wanted));
  if (found.length > 1) return { ambiguous: found };
  return found[0] === undefined ? { unknown: true } : { id: found[0] };
}
