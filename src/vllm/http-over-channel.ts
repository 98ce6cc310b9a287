import { request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";
import { errorText } from "../support/errors.ts";
import { MachineError } from "../machine/machine.ts";
import { withTimeout } from "../machine/with-timeout.ts";

export interface ChannelRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface ChannelReply {
  readonly status: number;
  readonly body: string;
}

const LONGEST_BODY = 1 << 20;

/**
 * One small request over a fresh channel, which is used up by it.
 * @param limits `ceilingMs` in real milliseconds
 * @throws MachineError, or the signal's reason
 */
export function requestOverChannel(
  channel: Duplex,
  { method, path, body }: ChannelRequest,
  limits: { readonly ceilingMs: number; readonly signal: AbortSignal },
): Promise<ChannelReply> {
  const work = new Promise<ChannelReply>((resolve, reject) => {
    const fail = (error: unknown): void =>
      reject(new MachineError("unreachable", `${method} ${path}: ${errorText(error)}`));
    const payload = body === undefined ? "" : JSON.stringify(body);
    const request = httpRequest(
      {
        createConnection: () => channel,
        method,
        path,
        headers: {
          host: "127.0.0.1",
          connection: "close",
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
        },
      },
      (reply) => {
        const parts: Buffer[] = [];
        let size = 0;
        reply.on("data", (part: Buffer) => {
          size += part.length;
          if (size <= LONGEST_BODY) {
            parts.push(part);
            return;
          }
          fail(new Error("an answer of more than 1 MiB"));
          request.destroy();
        });
        reply.on("error", fail);
        reply.on("end", () =>
          resolve({ status: reply.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") }),
        );
      },
    );
    request.on("error", fail);
    request.end(payload);
  });
  const abandon = (): void => {
    channel.destroy();
  };
  return withTimeout(work, { ...limits, what: `${method} ${path}` }, abandon).finally(abandon);
}
