/** Releases resources in reverse order of their acquisition. */
export interface Cleanup extends AsyncDisposable {
  defer(release: () => unknown): void;
}

/**
 * A replacement for `AsyncDisposableStack`, which needs a newer Node. Disposing calls every release function, even if
 * some of them fail. @throws the first error, after all have been called
 */
export function createCleanup(): Cleanup {
  const releases: (() => unknown)[] = [];
  return {
    defer: (release) => {
      releases.push(release);
    },
    async [Symbol.asyncDispose]() {
      const failures: unknown[] = [];
      for (const release of releases.splice(0).toReversed()) {
        try {
          await release();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
