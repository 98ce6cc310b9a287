import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "ssh2";

const SERVE = fileURLToPath(new URL("../../fixtures/v0.1/serve.json", import.meta.url));
const LOOK_EVERY_MS = 100;

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly privateKey: string;
}

/** Sets a VM up and starts vLLM on it over SSH, with the commands of version 0.1. Resolves once it answers. */
export async function startRecordedServer(target: SshTarget): Promise<void> {
  const client = await connect(target);
  const agent = (verb: string, input?: string): Promise<string> =>
    run(client, `/opt/maider-sweep/agent ${verb}`, input);
  const until = async (verb: string, state: string): Promise<void> => {
    for (;;) {
      const status = JSON.parse((await agent(verb)) || "{}") as { state?: string };
      if (status.state === state) return;
      if (status.state === "failed" || status.state === "exited")
        throw new Error(`${verb}: ${JSON.stringify(status)}`);
      await sleep(LOOK_EVERY_MS);
    }
  };
  try {
    await until("setup-status", "done");
    await agent("serve", readFileSync(SERVE, "utf8"));
    await until("server-status", "running");
  } finally {
    client.end();
  }
}

/** Tries until the VM has booted. */
async function connect({ host, port, privateKey }: SshTarget): Promise<Client> {
  for (;;) {
    const client = new Client();
    const connected = await new Promise<boolean>((resolve) => {
      client.once("ready", () => {
        resolve(true);
      });
      client.on("error", () => {
        resolve(false);
      });
      client.connect({ host, port, username: "root", privateKey });
    });
    if (connected) return client;
    await sleep(LOOK_EVERY_MS);
  }
}

function run(client: Client, command: string, input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      let output = "";
      channel.on("data", (bytes: Buffer) => (output += bytes.toString()));
      channel.stderr.resume();
      channel.on("close", () => {
        resolve(output);
      });
      channel.end(input);
    });
  });
}
