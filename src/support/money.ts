/** Integer millionths of a US dollar. All sums of money are kept in it; only print rounds. */
export type MicroUsd = number;

/** @throws RangeError when the amount is not a finite number of dollars that micro-dollars can hold exactly. */
export function microUsd(usd: number): MicroUsd {
  const micros = Math.round(usd * 1e6);
  if (!Number.isSafeInteger(micros)) throw new RangeError(`not an amount of money: ${String(usd)}`);
  return micros;
}

/** Dollars as a plain number, for JSON. */
export function usd(micros: MicroUsd): number {
  return micros / 1e6;
}

/** `$1,234.50`; `digits` after the point. */
export function formatUsd(micros: MicroUsd, digits = 2): string {
  const sign = micros < 0 ? "-" : "";
  return `${sign}$${Math.abs(usd(micros)).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/** "Usage is always rounded up to the nearest hour" (Linode, how billing works); one started millisecond is an hour. */
export function billedHours(fromMs: number, toMs: number): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / 3_600_000));
}
