import { readdirSync } from "node:fs";
import { join } from "node:path";
import { resolveName, shortName } from "../../catalog/short-names.ts";
import type { EventOf, SweepEvent } from "../../journal/events.ts";
import { plainName, readPlainOrPacked } from "../../journal/packed-file.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";

export interface RunLog {
  readonly name: string;
  readonly text: string;
}

/** A part of a run: some of its VMs, or one model on them. */
export interface Part {
  readonly labels: ReadonlySet<string>;
  /** If set, other models on the same VMs are left out. */
  readonly model: string | undefined;
}

/**
 * The part of a run that a user names: by label, number, or the id, short name or part of the name of a GPU type or a
 * model.
 * @throws SweepError exit 2 if the run has no such entry, or several
 */
export function selectEntry(events: readonly SweepEvent[], entry: string): Part {
  const rentals = events.filter(
    (event): event is EventOf<"rental.reserved"> => event.type === "rental.reserved",
  );
  const names = [...new Set(rentals.flatMap(({ gpu, models }) => [gpu, ...models]))];
  const resolved = resolveName(entry, names, shortName);
  const name = "id" in resolved ? resolved.id : undefined;
  const numbered = rentals.filter(
    ({ label, rental }) => label === entry || String(rental) === entry,
  );
  const selected =
    numbered.length > 0
      ? numbered
      : rentals.filter(({ gpu, models }) => name !== undefined && [gpu, ...models].includes(name));
  if (selected.length === 0) {
    const known = "ambiguous" in resolved ? resolved.ambiguous : names;
    throw new SweepError(
      "ambiguous" in resolved
        ? `${entry} is part of several names in this run`
        : `the run has no entry ${entry}`,
      {
        exitCode: ExitCode.usage,
        reason:
          names.length === 0 ? "nothing was rented" : `it has ${known.map(shortName).join(", ")}`,
        hint: "name a VM, a GPU type, a rental's number or a model",
      },
    );
  }
  const isModel =
    numbered.length === 0 && selected.some(({ models }) => models.some((model) => model === name));
  return {
    labels: new Set(selected.map(({ label }) => label)),
    model: isModel ? name : undefined,
  };
}

/** Whether an event belongs to a part of a run; every event belongs to `undefined`. */
export function isSelected(event: SweepEvent, part: Part | undefined): boolean {
  if (part === undefined) return true;
  if (!("label" in event) || !part.labels.has(event.label)) return false;
  return part.model === undefined || !("model" in event) || event.model === part.model;
}

/** Reads the logs in a run's folder: all of them, or those of a part of the run. */
export function readLogs(folder: string, part: Part | undefined): readonly RunLog[] {
  const ofModel = part?.model?.replaceAll("/", "--");
  return [...new Set(readdirSync(folder).map(plainName))]
    .filter((name) => name.endsWith(".log"))
    .filter((name) => {
      if (part === undefined) return true;
      const label = [...part.labels].find((each) => name.startsWith(`${each}-`));
      if (label === undefined) return false;
      return ofModel === undefined || name.startsWith(`${label}-${ofModel}-`);
    })
    .toSorted()
    .map((name) => ({ name, text: readPlainOrPacked(join(folder, name)).toString("utf8") }));
}
