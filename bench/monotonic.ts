const SHIFT_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Converts a time of `performance.now()` to the clock that all processes of the machine share. */
export const monotonicMs = (stamp: number): number => stamp + SHIFT_MS;
