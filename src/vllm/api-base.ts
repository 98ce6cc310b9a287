import { connect as connectTcp, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ExitCode, SweepError } from "../support/errors.ts";
import { UnreachableError } from "./connection.ts";
import type { Connection } from "./connection.ts";

const CONNECT_MS = 15_000;
/** Characters that `node:http` refuses in a header (RFC 9110, 5.5). */
const INVALID_IN_HEADER = /[^\t\u0020-\u007e\u0080-\u00ff]/;

/**
 * Describes the connection to a server at an OpenAI-style address, such as `http://127.0.0.1:8000/v1`, with or without
 * the path. Its `open` throws `UnreachableError`.
 * @throws SweepError exit 2 for an invalid address, or a key that cannot be sent in a header
 */
export function connectionTo(apiBase: string, apiKey: string | undefined): Connection {
  const url = URL.canParse(apiBase) ? new URL(apiBase) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "")
    throw new SweepError(`${JSON.stringify(apiBase)} is not the address of a server`, {
      exitCode: ExitCode.usage,
      reason: "it must be http:// or https://, without a user name",
      hint: "for example --api-base http://127.0.0.1:8000/v1",
    });
  if (apiKey !== undefined && INVALID_IN_HEADER.test(apiKey))
    throw new SweepError("the API key cannot be sent", {
      exitCode: ExitCode.usage,
      reason:
        "OPENAI_API_KEY contains a line break or another character that is invalid in a header",
      hint: `set it without that character, for example OPENAI_API_KEY="$(tr -d '\\r\\n' < key-file)"`,
    });
  const path = url.pathname.replace(/\/+$/, "");
  return {
    open: (signal) => openSocket(url, signal),
    basePath: path === "" ? "/v1" : path,
    apiKey,
    host: url.host,
  };
}

function openSocket(url: URL, signal: AbortSignal): Promise<Socket> {
  const isSecure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  return new Promise((resolve, reject) => {
    const socket = isSecure
      ? connectTls({
          host,
          port,
          ALPNProtocols: ["http/1.1"],
          // An IP address must not be sent as the server name (RFC 6066, 3).
          ...(isIP(host) === 0 ? { servername: host } : {}),
        })
      : connectTcp(port, host);
    const fail = (error: unknown): void => {
      settle();
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    const settle = (): void => {
      clearTimeout(timeout);
      signal.removeEventListener("abort", onAbort);
      socket.removeAllListeners("error");
    };
    const timeout = setTimeout(
      () => fail(new UnreachableError(url.host, "it does not answer")),
      CONNECT_MS,
    );
    socket.once("error", (error) => fail(new UnreachableError(url.host, reasonOf(error))));
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      settle();
      socket.setNoDelay(true);
      resolve(socket);
    });
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG")
    return "it does not use TLS: use an address that begins with http://";
  return error.message === "" ? "the connection was refused" : error.message;
}
