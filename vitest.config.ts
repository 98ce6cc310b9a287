import { defineConfig } from "vitest/config";

const project = (name: string, include: string[], testTimeout: number, exclude: string[] = []) => ({
  test: {
    name,
    include,
    exclude,
    testTimeout,
    hookTimeout: testTimeout,
    setupFiles: ["test/support/no-real-home.ts"],
  },
});

export default defineConfig({
  test: {
    globalSetup: ["test/support/scratch-folder.ts"],
    // Tests mostly wait for processes, connections and timers.
    maxWorkers: 4,
    projects: [
      project("unit", ["test/**/*.test.ts"], 20_000, [
        "test/simulated/**",
        "test/scenarios/**",
        "test/system/**",
        "test/deep/**",
      ]),
      project("simulated", ["test/simulated/**/*.test.ts"], 120_000),
      project("scenarios", ["test/scenarios/**/*.test.ts"], 300_000),
      project("system", ["test/system/**/*.test.ts"], 300_000),
      project("deep", ["test/deep/**/*.test.ts"], 3_600_000),
    ],
  },
});
