import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { ServerUnderTest } from "../src/vllm/connection.ts";
import type { ReferenceOptions } from "../test/support/reference-server.ts";

/** A request in the server's log; times in seconds on the machine's monotonic clock. */
export interface Served {
  readonly completion_tokens: number;
  readonly received: number;
  readonly first_write: number;
  readonly last_write: number;
}

export interface Reference extends AsyncDisposable {
  readonly server: ServerUnderTest;
  readonly url: string;
  served(): Promise<readonly Served[]>;
}

export const MAX_MODEL_LEN = 32_768;

/** Starts the reference server in a child process. */
export async function startReference(options: ReferenceOptions): Promise<Reference> {
  const child = fork(
    fileURLToPath(new URL("reference-process.ts", import.meta.url)),
    [JSON.stringify({ maxModelLen: MAX_MODEL_LEN, maxNumSeqs: 1024, ...options })],
    { stdio: "inherit" },
  );
  const [{ port, model }] = (await once(child, "message")) as [{ port: number; model: string }];
  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => {
        resolve(socket);
      });
      socket.setNoDelay(true);
      socket.once("error", reject);
    });
  return {
    url: `http://127.0.0.1:${String(port)}/v1`,
    server: { open, basePath: "/v1", apiKey: undefined, model, maxModelLen: MAX_MODEL_LEN },
    served: async () => {
      child.send("log");
      const [log] = (await once(child, "message")) as [Served[]];
      return log;
    },
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await once(child, "exit");
    },
  };
}
