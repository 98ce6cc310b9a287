import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { EventOf, SweepEvent } from "../../journal/events.ts";
import { plainName, readPlainOrPacked } from "../../journal/packed-file.ts";
import { ExitCode, SweepError } from "../../support/errors.ts";

export interface RunLog {
  readonly name: string;
  readonly text: string;
}

/** What a user may mean by ENTRY. */
export interface Part {
  readonly labels: ReadonlySet<string>;
  /** Set when ENTRY is a model: other models of the same VM are left out. */
  readonly model: string | undefined;
}

/** @throws SweepError exit 2 when the run has no such entry. */
export function selectEntry(events: readonly SweepEvent[], entry: string): Part {
  const rentals = events.filter(
    (event): event is EventOf<"rental.reserved"> => event.type === "rental.reserved",
  );
  const meant = rentals.filter((rental) =>
    [rental.label, rental.gpu, String(rental.rental), ...rental.models].includes(entry),
  );
  if (meant.length === 0) {
    const names = new Set(rentals.flatMap(({ gpu, models }) => [gpu, ...models]));
    throw new SweepError(`the run has no entry ${entry}`, {
      exitCode: ExitCode.usage,
      reason: names.size === 0 ? "nothing was rented" : `it has ${[...names].join(", ")}`,
      hint: "name a VM, a GPU type, a rental's number or a model",
    });
  }
  return {
    labels: new Set(meant.map(({ label }) => label)),
    model: meant.some(({ models }) => models.includes(entry)) ? entry : undefined,
  };
}

export function isSelected(event: SweepEvent, part: Part | undefined): boolean {
  if (part === undefined) return true;
  if (!("label" in event) || !part.labels.has(event.label)) return false;
  return part.model === undefined || !("model" in event) || event.model === part.model;
}

/** Logs in a run's folder: all, or those of a part of the run. */
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
