import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, of all that begin last by their size: otherwise one worker ends long after the others. */
const FIRST = /test\/scenarios\/(estimates|crash-points|schedules|real-clock|secrets)\./;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted(
      (a, b) => Number(FIRST.test(b.moduleId)) - Number(FIRST.test(a.moduleId)),
    );
  }
}

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
    sequence: { sequencer: LongestFirst },
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
