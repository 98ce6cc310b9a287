import { request } from "node:http";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import ssh2, { type Client } from "ssh2";
import type { SshKey } from "../../../src/machine/keys.ts";
import type { SimulatedVm } from "../../../src/simulator/simulated-vm.ts";

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
    run: (line, stdin) =>
      new Promise((resolve, reject) => {
        client.exec(line, (error, channel) => {
          if (error !== undefined) {
            reject(error);
            return;
          }
          const output = Promise.all([text(channel), text(channel.stderr)]);
          channel.on("exit", (code: number) => {
            void output.then(([stdout, stderr]) => {
              resolve({ code, stdout, stderr });
            });
          });
          if (stdin !== undefined) channel.end(stdin);
        });
      }),
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
export function ask(
  connection: Duplex,
  path: string,
  body?: unknown,
  onData: (bytes: Buffer) => void = () => undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        path,
        method: body === undefined ? "GET" : "POST",
        headers: { "content-type": "application/json", host: "127.0.0.1:8000", connection: "close" },
        createConnection: () => connection,
      },
      (res) => {
        res.on("data", onData);
        text(res).then((got) => {
          resolve({ status: res.statusCode ?? 0, body: got });
        }, reject);
      },
    );
    req.once("error", reject);
    req.end(body === undefined ? undefined : JSON.stringify(body));
  });
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
