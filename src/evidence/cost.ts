import type { MicroUsd } from "../support/money.ts";
import { usd } from "../support/money.ts";

/**
 * US dollars per 1,000 output tokens, by maider's formula: `hourly / (tokens_per_sec x 3600) x 1000`. Infinity for a
 * rate of 0. NaN if the rate is negative or NaN, or if the price is not positive: records state an unknown price as 0.
 */
export function costPer1kTokens(tokensPerSec: number, hourlyUsd: number): number {
  if (!(tokensPerSec >= 0) || !(hourlyUsd > 0)) return NaN;
  return (hourlyUsd / (tokensPerSec * 3600)) * 1000;
}

/** Tokens per second for each dollar per hour, by maider's formula; 0 if the price is not positive. */
export function costEfficiency(tokensPerSec: number, hourlyUsd: number): number {
  return hourlyUsd > 0 ? tokensPerSec / hourlyUsd : 0;
}

/** US dollars per million output tokens, by three definitions; undefined if no tokens were generated or a figure is unknown. */
export interface CostReadings {
  /** Price divided by speed: a server that is always busy. */
  readonly steadyState: number | undefined;
  /** Over the first hour of a new VM, part of which is spent starting up. */
  readonly coldStart: number | undefined;
  /** What was billed, in whole hours, divided by the tokens that were measured. */
  readonly asBilled: number | undefined;
}

export function costReadings(facts: {
  readonly tokensPerSec: number;
  /** Per hour. */
  readonly price: MicroUsd;
  /** From the create request to the first token, seconds. */
  readonly startUpS: number | undefined;
  readonly billed: MicroUsd | undefined;
  readonly tokens: number | undefined;
}): CostReadings {
  const { tokensPerSec, price, startUpS, billed, tokens } = facts;
  const perMillion = (dollars: number, generated: number): number | undefined =>
    generated > 0 ? (dollars * 1e6) / generated : undefined;
  return {
    steadyState: perMillion(usd(price), tokensPerSec * 3600),
    coldStart:
      startUpS === undefined ? undefined : perMillion(usd(price), tokensPerSec * (3600 - startUpS)),
    asBilled:
      billed === undefined || tokens === undefined ? undefined : perMillion(usd(billed), tokens),
  };
}
