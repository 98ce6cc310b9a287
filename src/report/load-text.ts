import type { LoadFigures } from "../results/query/load-figures.ts";
import { knownText } from "./format.ts";

/** `212.4 tokens/s with 4 in flight, 53.1 for each user, $0.68 per 1M tokens`. */
export function loadText(load: LoadFigures): string {
  const { inFlight, tokensPerSec = NaN, perUserTokensPerSec = NaN, costPer1M = NaN } = load;
  return `${knownText(tokensPerSec, 1)} tokens/s with ${inFlight} in flight, ${knownText(perUserTokensPerSec, 1)} for each user, ${knownText(costPer1M, 2, "$")} per 1M tokens`;
}
