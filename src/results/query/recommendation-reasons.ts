import type { Confidence } from "./coverage.ts";
import type { RankedCandidate } from "./rank-candidates.ts";
import { paramsB, type SizePreference } from "./size-preference.ts";

/** What a user should know before relying on a recommendation. */
export function warningsFor(
  { candidate: { load, rates, row } }: RankedCandidate,
  facts: { readonly mixed: boolean; readonly stale: boolean; readonly staleAfterDays: number },
): string[] {
  const { vms, simulated, origin } = row;
  const passes = rates.length;
  return [
    ...(origin === undefined ? [] : [`Imported: measured by ${origin}`]),
    ...(simulated ? ["SIMULATED: not a measurement of a real GPU"] : []),
    ...(facts.stale ? [`Stale: measured more than ${facts.staleAfterDays} days ago`] : []),
    ...(passes === 1 ? ["Single benchmark - results may vary"] : []),
    ...(passes === 2 ? ["Based on limited data (2 passes)"] : []),
    ...(passes > 1 && vms === 1 ? ["All passes on 1 VM"] : []),
    ...(facts.mixed ? ["Averaged across all task categories"] : []),
    ...(load === undefined || facts.mixed
      ? []
      : ["Speed under load is measured over all task categories"]),
  ];
}

/** Why a configuration has its rank. */
export function whyText(
  { candidate, tied, orderedBySize }: RankedCandidate,
  confidence: Confidence,
  size: SizePreference,
): string {
  const { efficiency, rates, row } = candidate;
  const single = rates.length === 1;
  const passes = single ? "1 pass" : `${rates.length} passes`;
  return [
    `${confidence.toLowerCase()} confidence (${passes}), ${efficiency.toFixed(1)} tokens/s for each $/hour`,
    ...(single ? ["a single pass cannot settle its place"] : []),
    ...(tied && !single ? ["no difference shown between it and those tied with it"] : []),
    ...(orderedBySize
      ? [`others are within 10 %, so size decided (${size}: ${sizeText(row)})`]
      : []),
  ].join("; ");
}

function sizeText(row: RankedCandidate["candidate"]["row"]): string {
  const params = paramsB(row);
  const memory = row.vramGb > 0 ? `${row.vramGb} GB` : "unknown VRAM";
  return params === undefined ? memory : `${Math.round(params)}B on ${memory}`;
}
