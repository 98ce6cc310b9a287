import { OTHER_VM_THRESHOLD, ranksWithTies } from "../../evidence/comparison.ts";
import type { ConfigurationResult } from "./configurations.ts";
import type { LoadFigures } from "./load-figures.ts";
import { bySize, type SizePreference } from "./size-preference.ts";

/** A configuration with the speed by which it is ranked. */
export interface Candidate {
  readonly row: ConfigurationResult;
  /** Output tokens a second of the whole server, one value per pass. */
  readonly rates: readonly number[];
  readonly tokensPerSec: number;
  /** The passes differ too much to rank it. */
  readonly unstable: boolean;
  /** Tokens a second for each dollar an hour. */
  readonly efficiency: number;
  /** The load level that the speed is from; undefined for one request at a time. */
  readonly load: LoadFigures | undefined;
}

export interface RankedCandidate {
  readonly candidate: Candidate;
  readonly rank: number;
  readonly tied: boolean;
  /** Others have nearly the same efficiency, so the preferred size decided the order. */
  readonly orderedBySize: boolean;
}

/** Efficiencies within 10 % count as equal and are ordered by size: passes of a stable configuration vary as much. */
const NEARLY_EQUAL = 0.1;

/**
 * Ranks candidates of equal confidence, best first. Those whose passes show no difference in efficiency are tied;
 * within a tie, the size decides among those within 10 %. Single passes cannot show a difference, so they are ranked by
 * their figures, and the size decides within 10 % too.
 */
export function rankCandidates(
  candidates: readonly Candidate[],
  size: SizePreference,
): readonly RankedCandidate[] {
  const ranks = ranksWithTies(candidates.map(efficiencies), OTHER_VM_THRESHOLD);
  const ranked = candidates.map((candidate, index) => ({ candidate, rank: ranks[index] ?? 1 }));
  return [...Map.groupBy(ranked, ({ rank }) => rank)]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([rank, ties]) => {
      let before = 0;
      return efficiencyBands(ties.map(({ candidate }) => candidate)).flatMap((band) => {
        const singlePasses = band.every(({ rates }) => rates.length === 1);
        const place = {
          rank: singlePasses ? rank + before : rank,
          tied: singlePasses ? band.length > 1 : ties.length > 1,
          orderedBySize: band.length > 1,
        };
        before += band.length;
        const compareSize = bySize(size);
        return band
          .toSorted((a, b) => compareSize(a.row, b.row) || b.efficiency - a.efficiency)
          .map((candidate) => ({ candidate, ...place }));
      });
    });
}

/** Groups candidates whose efficiency is nearly equal to the best of their group, best group first. */
function efficiencyBands(candidates: readonly Candidate[]): Candidate[][] {
  const bands: Candidate[][] = [];
  for (const candidate of candidates.toSorted((a, b) => b.efficiency - a.efficiency)) {
    const band = bands.at(-1);
    const best = band?.[0];
    if (best !== undefined && candidate.efficiency * (1 + NEARLY_EQUAL) >= best.efficiency)
      band?.push(candidate);
    else bands.push([candidate]);
  }
  return bands;
}

function efficiencies({ rates, row }: Candidate): number[] {
  return rates.map((rate) => rate / row.hourlyUsd);
}
