import { defineConfig } from "vitest/config";

const project = (
  name: string,
  include: string[],
  testTimeout: number,
  exclude: string[] = [],
  retry = 0,
) => ({
  test: {
    name,
    retry,
    include,
    exclude,
    testTimeout,
    hookTimeout: testTimeout,
    setupFiles: ["test/support/no-real-home.ts"],
  },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", ["test/**/*.test.ts"], 20_000, [
        "test/simulated/**",
        "test/scenarios/**",
        "test/system/**",
        "test/deep/**",
      ]),
      project("simulated", ["test/simulated/**/*.test.ts"], 120_000),
      // On a fast clock a machine that is busy for a second costs the program a minute: once more, then it counts.
      project("scenarios", ["test/scenarios/**/*.test.ts"], 300_000, [], 1),
      project("system", ["test/system/**/*.test.ts"], 300_000, [], 1),
      project("deep", ["test/deep/**/*.test.ts"], 3_600_000),
    ],
  },
});
