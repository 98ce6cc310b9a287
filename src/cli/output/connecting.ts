import { announceIfSlow } from "../../support/announce-if-slow.ts";
import { isLoopback } from "../../support/loopback.ts";
import type { Terminal } from "../terminal.ts";

/**
 * Waits for work that reads Linode's API, and says so on stderr if that takes long, unless `--quiet` is set or the cloud
 * is on this machine.
 */
export function connecting<T>(
  work: Promise<T>,
  options: {
    readonly quiet?: boolean;
    readonly simulate?: unknown;
    readonly apiUrl?: string | undefined;
  },
  { stderr }: Pick<Terminal, "stderr">,
): Promise<T> {
  return announceIfSlow(work, () => {
    const { apiUrl = "", quiet = false, simulate } = options;
    const isLocal = simulate !== undefined || isLoopback(apiUrl);
    if (!quiet && !isLocal) stderr.write("connecting to the Linode API ...\n");
  });
}
