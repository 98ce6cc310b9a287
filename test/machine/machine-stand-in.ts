import { Duplex } from "node:stream";
import type {
  Machine,
  MachineError,
  ServerStatus,
  SetupStatus,
} from "../../src/machine/machine.ts";
import { decodeLogPart } from "../../src/machine/remote-text.ts";
import type { Clock } from "../../src/support/clock.ts";

/** A clock on which a sleep returns at once and advances the time. */
export function jumpingClock(): Clock {
  let now = 0;
  return {
    speed: 1,
    now: () => now,
    monotonic: () => now,
    fromStamp: (ms) => ms,
    sleep: (ms, signal) => {
      now += ms;
      return signal?.aborted === true ? Promise.reject(signal.reason as Error) : Promise.resolve();
    },
    ceiling: (ms) => ms,
  };
}

/** The replies of successive calls; the last one is repeated. An error is thrown. */
export interface Script {
  readonly setup?: readonly (Partial<SetupStatus> | MachineError)[];
  readonly server?: readonly (Partial<ServerStatus> | MachineError)[];
  /** The entire log so far; a function is called for each read. */
  readonly log?: string | (() => string);
  /** vLLM's replies by `METHOD path`; undefined = the port is closed. */
  readonly http?: (request: string, body: string) => { status: number; body: string } | Error;
}

const setup: SetupStatus = {
  state: "running",
  stage: "packages",
  index: 1,
  stages: 5,
  rebootNeeded: false,
  reason: undefined,
  bootId: "boot-1",
};
const server: ServerStatus = {
  state: "starting",
  exitCode: undefined,
  downloadedBytes: 0,
  totalBytes: undefined,
  imageDigest: "sha256:ab",
  revision: "c0ffee",
  logBytes: 0,
};

export function scriptedMachine(script: Script): Machine & { readonly asked: string[] } {
  const asked: string[] = [];
  const next = <T extends object>(
    list: readonly (Partial<T> | MachineError)[] | undefined,
    base: T,
  ) => {
    let at = 0;
    return (): Promise<T> => {
      const item = list?.[Math.min(at, list.length - 1)] ?? {};
      at += 1;
      return item instanceof Error ? Promise.reject(item) : Promise.resolve({ ...base, ...item });
    };
  };
  const unused = (): Promise<never> => Promise.reject(new Error("not asked for in this test"));
  return {
    asked,
    lost: new Promise(() => undefined),
    setupStatus: next(script.setup, setup),
    facts: unused,
    inspect: unused,
    setSecret: unused,
    serve: unused,
    serverStatus: next(script.server, server),
    serverLog: (from) => {
      const { log = "" } = script;
      const text = typeof log === "string" ? log : log();
      return Promise.resolve(decodeLogPart(Buffer.from(text).subarray(from, from + 40)));
    },
    stopServer: unused,
    sampleGpus: unused,
    openChannel: () => {
      if (script.http === undefined) return unused();
      return Promise.resolve(httpChannel(script.http, asked));
    },
    close: () => Promise.resolve(),
  };
}

/** The server's end of a channel: answers one request and closes. */
export function httpChannel(answer: NonNullable<Script["http"]>, asked: string[] = []): Duplex {
  let received = "";
  const channel = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      received += chunk.toString();
      const [head = "", body = ""] = received.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (received.includes("\r\n\r\n") && Buffer.byteLength(body) >= length) {
        const line = head.split(" HTTP")[0] ?? "";
        asked.push(line);
        const given = answer(line, body);
        if (given instanceof Error) channel.destroy(given);
        else {
          channel.push(
            `HTTP/1.1 ${String(given.status)} X\r\nContent-Length: ${String(Buffer.byteLength(given.body))}\r\nConnection: close\r\n\r\n${given.body}`,
          );
          channel.push(null);
        }
      }
      done();
    },
  });
  return channel;
}
