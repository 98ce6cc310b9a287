/** Integer millionths of a US dollar, used for all amounts of money. Amounts are rounded only for display. */
export type MicroUsd = number;

/** @throws RangeError if the amount is not finite or too large for a safe integer */
export function microUsd(usd: number): MicroUsd {
  const micros = Math.round(usd * 1e6);
  if (!Number.isSafeInteger(micros)) throw new RangeError(`not an amount of money: ${String(usd)}`);
  return micros;
}

/** Dollars as a plain number, for JSON. */
export function usd(micros: MicroUsd): number {
  return micros / 1e6;
}

/** `$1,234.50`, with `digits` decimals. */
export function formatUsd(micros: MicroUsd, digits = 2): string {
  const sign = micros < 0 ? "-" : "";
  return `${sign}$${Math.abs(usd(micros)).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/** Linode bills every started hour: "Usage is always rounded up to the nearest hour" ("How billing works"). */
export function billedHours(fromMs: number, toMs: number): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / 3_600_000));
}
