import { type Clock, type LinearTime, linearClock } from "../../support/clock.ts";

/** The one clock of a world. Its speed can be chosen once, when nobody has chosen it yet. */
export interface WorldClock {
  /** Always the present one; a holder of an older one would live in another time. */
  readonly clock: () => Clock;
  time(): LinearTime;
  isAuto(): boolean;
  setSpeed(speed: number): void;
}

/** `"auto"` runs at 1 until somebody knows better. */
export function createWorldClock(speed: number | "auto", wallMs: number): WorldClock {
  let time: LinearTime = { v0: wallMs, w0: wallMs, speed: speed === "auto" ? 1 : speed };
  let clock = linearClock(time);
  let auto = speed === "auto";
  return {
    clock: () => clock,
    time: () => time,
    isAuto: () => auto,
    setSpeed(next) {
      // Anchored anew where the old line just is, so that virtual time goes on without a jump.
      const w0 = Date.now();
      time = { v0: time.v0 + (w0 - time.w0) * time.speed, w0, speed: next };
      clock = linearClock(time);
      auto = false;
    },
  };
}
