import type { CoveragePlan } from "../plan/coverage-plan.ts";
import { ExitCode, SweepError } from "../support/errors.ts";
import { nearest } from "../support/nearest.ts";
import type { Market } from "./market.ts";

/** Regions that no row of the live stock names do not exist; without such rows nobody can tell. @throws SweepError exit 2 */
export function checkRegions({ entries }: CoveragePlan, { availability }: Market): void {
  const known = new Set(availability.map(({ region }) => region));
  if (known.size === 0) return;
  const unknown = new Map<string, string>();
  for (const { path, regions } of entries)
    for (const region of regions)
      if (!known.has(region) && !unknown.has(region)) unknown.set(region, path);
  if (unknown.size === 0) return;
  const names = [...unknown.keys()];
  const meant = names.flatMap((name) => nearest(name, known) ?? []);
  throw new SweepError(
    `the API knows no region ${names.map((name) => `\`${name}\``).join(", ")}, which ${[...new Set(unknown.values())].join(", ")} of the plan asks for`,
    {
      exitCode: ExitCode.usage,
      hint:
        meant.length > 0
          ? `did you mean ${meant.join(", ")}? Nothing was created`
          : `it has ${[...known].toSorted().join(", ")}; nothing was created`,
    },
  );
}
