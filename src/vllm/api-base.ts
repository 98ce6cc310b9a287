import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Connection } from "./connection.ts";
import { ExitCode, SweepError } from "../support/errors.ts";

const CONNECT_MS = 15_000;

/**
 * The way to a server of OpenAI's kind: `http://127.0.0.1:8000/v1`, with or without its last part.
 * @throws SweepError (usage) for anything that is no such address.
 */
export function connectionTo(apiBase: string, apiKey: string | undefined): Connection {
  const url = URL.canParse(apiBase) ? new URL(apiBase) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "")
    throw new SweepError(`${JSON.stringify(apiBase)} is no address of a server`, {
      exitCode: ExitCode.usage,
      reason: "it must be http:// or https://, without a user's name",
      hint: "for example --api-base http://127.0.0.1:8000/v1",
    });
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const path = url.pathname.replace(/\/+$/, "");
  const open = (signal: AbortSignal): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = secure
        ? connectTls({ host, port, servername: host, ALPNProtocols: ["http/1.1"] })
        : connectTcp(port, host);
      const fail = (error: unknown): void => {
        settle();
        socket.on("error", () => undefined);
        socket.destroy();
        reject(error);
      };
      const onAbort = (): void => fail(signal.reason);
      const settle = (): void => {
        clearTimeout(ceiling);
        signal.removeEventListener("abort", onAbort);
        socket.removeAllListeners("error");
      };
      const ceiling = setTimeout(
        () => fail(unreachable(url.host, "it does not answer")),
        CONNECT_MS,
      );
      socket.once("error", (error) => fail(unreachable(url.host, error.message)));
      socket.once(secure ? "secureConnect" : "connect", () => {
        settle();
        socket.setNoDelay(true);
        resolve(socket);
      });
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  return { open, basePath: path === "" ? "/v1" : path, apiKey, host: url.host };
}

function unreachable(host: string, reason: string): SweepError {
  return new SweepError(`${host} cannot be reached`, {
    exitCode: ExitCode.provider,
    reason: reason === "" ? "the connection was refused" : reason,
    hint: "check that the server runs and that --api-base names its address and port",
  });
}
