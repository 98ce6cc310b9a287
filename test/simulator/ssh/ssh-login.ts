import { request, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import ssh2, { type Client, type ClientChannel } from "ssh2";
import type { SshKey } from "../../../src/machine/keys.ts";
import type { SimulatedVm } from "../../../src/simulator/world/simulated-vm.ts";

export interface Login {
  readonly client: Client;
  run(line: string, stdin?: string): Promise<{ code: number; stdout: string; stderr: string }>;
  open(port: number): Promise<Duplex>;
  end(): void;
}

/** Logs in as root with a pinned host key. */
export function logIn(
  vm: SimulatedVm & { readonly hostKey: SshKey },
  port: number,
  clientKey: SshKey,
): Promise<Login> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    client.once("close", () => {
      reject(new Error("closed"));
    });
    client.once("ready", () => {
      resolve(login(client));
    });
    client.connect({
      host: vm.ipv4,
      port,
      username: "root",
      privateKey: clientKey.privateKey,
      hostVerifier: (key: Buffer) => key.toString("base64") === vm.hostKey.publicWire,
    });
  });
}

function login(client: Client): Login {
  client.setNoDelay(true);
  return {
    client,
    run: async (line, stdin) => {
      let exited: (code: number) => void = () => undefined;
      const exit = new Promise<number>((resolve) => {
        exited = resolve;
      });
      const channel = await new Promise<ClientChannel>((resolve, reject) => {
        client.exec(line, (error, opened) => {
          if (error !== undefined) {
            reject(error);
            return;
          }
          // At once: the code can come in the same packet as the answer to `exec`.
          opened.on("exit", exited);
          resolve(opened);
        });
      });
      if (stdin !== undefined) channel.end(stdin);
      const [code, stdout, stderr] = await Promise.all([exit, text(channel), text(channel.stderr)]);
      return { code, stdout, stderr };
    },
    open: (port) =>
      new Promise((resolve, reject) => {
        client.forwardOut("127.0.0.1", 0, "127.0.0.1", port, (error, channel) => {
          if (error === undefined) resolve(channel);
          else reject(error);
        });
      }),
    end: () => {
      client.end();
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request over a connection that is open already. */
export async function ask(
  connection: Duplex,
  path: string,
  body?: unknown,
  onData: (bytes: Buffer) => void = () => undefined,
): Promise<Answer> {
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    const req = request(
      {
        path,
        method: body === undefined ? "GET" : "POST",
        headers: {
          "content-type": "application/json",
          host: "127.0.0.1:8000",
          connection: "close",
        },
        createConnection: () => connection,
      },
      resolve,
    );
    req.once("error", reject);
    req.end(body === undefined ? undefined : JSON.stringify(body));
  });
  const parts: Buffer[] = [];
  res.on("data", (bytes: Buffer) => {
    parts.push(bytes);
    onData(bytes);
  });
  await finished(res);
  return { status: res.statusCode ?? 0, body: Buffer.concat(parts).toString() };
}

/** The JSON values of a stream's events, in order; `[DONE]` is left as text. */
export function events(body: string): (Readonly<Record<string, unknown>> | "[DONE]")[] {
  return body
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => line.slice("data: ".length))
    .map((data) => (data === "[DONE]" ? data : (JSON.parse(data) as Record<string, unknown>)));
}

export function fixedLength(model: string, tokens: number, more: object = {}): object {
  return {
    model,
    messages: [{ role: "user", content: "Explain the while statement in one sentence." }],
    min_tokens: tokens,
    max_tokens: tokens,
    ignore_eos: true,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: true },
    ...more,
  };
}
