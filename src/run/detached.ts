import { once } from "node:events";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { CommandCall } from "../cli/command.ts";

/** The first and only message to the process that goes on. */
export interface ToDetached {
  readonly secrets: Readonly<Record<string, string>>;
}

/** Its answer, once the run can be followed. */
export interface FromDetached {
  readonly run: string;
}

/**
 * The side of `--detach` that goes on: takes the secrets from its parent and tells it when the run has begun; what it
 * prints from then on is kept with the run.
 */
export async function asDetached(call: CommandCall, log: string): Promise<CommandCall> {
  const { secrets } = await messageOfParent();
  Object.assign(call.terminal.env, secrets);
  return {
    ...call,
    onBegun: async (run, folder) => {
      await rename(log, join(folder, "output.log")).catch(() => undefined);
      if (!process.connected) return;
      process.send?.({ run } satisfies FromDetached);
    },
  };
}

/** Without a listener the pipe keeps no process running. A parent that died at once has nothing to say. */
async function messageOfParent(): Promise<ToDetached> {
  const trackOwner = new AbortController();
  const { signal } = trackOwner;
  const message = once(process, "message", { signal }).then(([told]) => told as ToDetached);
  const gone = once(process, "disconnect", { signal }).then(() => ({ secrets: {} }));
  message.catch(() => undefined);
  gone.catch(() => undefined);
  try {
    return await Promise.race([message, gone]);
  } finally {
    trackOwner.abort();
  }
}
