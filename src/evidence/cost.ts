import type { MicroUsd } from "../support/money.ts";
import { usd } from "../support/money.ts";

/**
 * The guide's definition, US dollars for 1,000 output tokens: `hourly / (tokens_per_sec x 3600) x 1000`.
 * Infinity for a rate of 0, which no money makes into tokens; NaN where there is no rate or no price to speak of:
 * not a number, negative, or a price of 0, by which records say that it was not known.
 */
export function costPer1kTokens(tokensPerSec: number, hourlyUsd: number): number {
  if (!(tokensPerSec >= 0) || !(hourlyUsd > 0)) return NaN;
  return (hourlyUsd / (tokensPerSec * 3600)) * 1000;
}

/** The guide's definition: tokens a second for each dollar an hour; 0 when nothing is paid. */
export function costEfficiency(tokensPerSec: number, hourlyUsd: number): number {
  return hourlyUsd > 0 ? tokensPerSec / hourlyUsd : 0;
}

/** US dollars for a million output tokens, read in three ways; undefined where nothing was made or measured. */
export interface CostReadings {
  /** While the server does nothing else: price over speed. */
  readonly steadyState: number | undefined;
  /** The first hour of a new VM, of which starting up takes a part. */
  readonly coldStart: number | undefined;
  /** What the rental was billed, whole hours and start-up, over the tokens of its sound passes. */
  readonly asBilled: number | undefined;
}

export function costReadings(facts: {
  readonly tokensPerSec: number;
  readonly price: MicroUsd;
  /** From the create to the first token, seconds. */
  readonly startUpS: number | undefined;
  readonly billed: MicroUsd | undefined;
  readonly tokens: number | undefined;
}): CostReadings {
  const { tokensPerSec, price, startUpS, billed, tokens } = facts;
  const perMillion = (dollars: number, made: number): number | undefined =>
    made > 0 ? (dollars * 1e6) / made : undefined;
  return {
    steadyState: perMillion(usd(price), tokensPerSec * 3600),
    coldStart:
      startUpS === undefined ? undefined : perMillion(usd(price), tokensPerSec * (3600 - startUpS)),
    asBilled:
      billed === undefined || tokens === undefined ? undefined : perMillion(usd(billed), tokens),
  };
}
