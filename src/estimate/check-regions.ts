import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { nearest } from "../support/nearest.ts";
import type { Market } from "./market.ts";

/**
 * Checks that all regions of a plan appear in the live availability, if there is any.
 * @throws SweepError exit 2 if a region does not exist
 */
export function checkRegions({ entries }: CoveragePlan, { availability }: Market): void {
  const known = new Set(availability.map(({ region }) => region));
  if (known.size === 0) return;
  const unknown = new Map<string, string>();
  for (const { path, regions } of entries)
    for (const region of regions)
      if (!known.has(region) && !unknown.has(region)) unknown.set(region, path);
  if (unknown.size === 0) return;
  const names = [...unknown.keys()];
  const suggestions = names.flatMap((name) => nearest(name, known) ?? []);
  throw new SweepError(
    `the API has no region ${names.map((name) => `\`${name}\``).join(", ")}, which the plan requests in ${[...new Set(unknown.values())].join(", ")}`,
    {
      exitCode: ExitCode.usage,
      hint:
        suggestions.length > 0
          ? `did you mean ${suggestions.join(", ")}? Nothing was created`
          : `it has ${[...known].toSorted().join(", ")}; nothing was created`,
    },
  );
}
