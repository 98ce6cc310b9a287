/** Real time. */
const ANNOUNCE_AFTER_MS = 500;

/** Waits for `work`, and calls `announce` once if that takes longer than half a second. */
export async function announceIfSlow<T>(work: Promise<T>, announce: () => void): Promise<T> {
  const timer = setTimeout(announce, ANNOUNCE_AFTER_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
