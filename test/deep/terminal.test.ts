import { describe, expect, test } from "vitest";
import { interruptAtRandom, promised } from "../system/terminal-signals.ts";

const MOMENTS = Array.from({ length: 30 }, (_, i) => [1 + (i % 3), 1_000 + i] as const);

describe("Ctrl-C in a terminal, at 30 moments", () => {
  test.each(MOMENTS)("%i times (seed %i): nothing is left", async (times, seed) => {
    expect(promised(times)).toContain(await interruptAtRandom(seed, times));
  });
});
