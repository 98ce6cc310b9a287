const SHIFT_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** A stamp of `performance.now()` on the clock that all processes of a machine share. */
export const monotonicMs = (stamp: number): number => stamp + SHIFT_MS;
