import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEMORY = "/dev/shm";
const MOUNTS = "/proc/self/mounts";
const ENOUGH_BYTES = 2 * 2 ** 30;

/**
 * Puts all temporary files of a test run in one folder, and removes it afterwards. If possible it is in memory, because
 * journals and databases sync each write, and a busy disk would hold up the event loop that is being tested.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), "mds-"));
  // Some tests act as another user.
  chmodSync(folder, 0o755);
  process.env["TMPDIR"] = folder;
  return () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

/** Some tests write programs and run them, which a mount may forbid. */
function hasRoom(): boolean {
  if (!existsSync(MEMORY) || !existsSync(MOUNTS)) return false;
  const mount = readFileSync(MOUNTS, "utf8")
    .split("\n")
    .find((line) => line.split(" ")[1] === MEMORY);
  if (mount?.includes("noexec") !== false) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= ENOUGH_BYTES;
}
