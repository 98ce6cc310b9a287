/** Releases what was acquired, the newest first. */
export interface Cleanup extends AsyncDisposable {
  defer(release: () => unknown): void;
}

/**
 * What `AsyncDisposableStack` is on newer versions of Node. Disposing releases everything once, whatever the others
 * throw. @throws what the first of them threw, once all have been called
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
