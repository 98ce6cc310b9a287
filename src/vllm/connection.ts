import type { Duplex } from "node:stream";

export interface Connection {
  /**
   * Opens a new connection to the server's port: an SSH channel or a socket.
   * @throws the error of the SSH connection or the socket, or the signal's reason
   */
  open(signal: AbortSignal): Promise<Duplex>;
  /** Prefix of the OpenAI-style routes, usually `/v1`. */
  readonly basePath: string;
  readonly apiKey: string | undefined;
  /** The `Host` header, for proxies that route by it; default loopback. */
  readonly host?: string;
}

/** A running vLLM server. */
export interface ServerUnderTest extends Connection {
  /** Name under which the model is served. */
  readonly model: string;
  /** The model's repository, if it differs from the served name. */
  readonly repository?: string | undefined;
  /** Context window in tokens. */
  readonly maxModelLen: number;
}

/** The server did not answer a request, or refused it. The connection may be intact. */
export class NoAnswerError extends Error {
  /** The HTTP status; undefined without a reply. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.name = "NoAnswerError";
    this.status = status;
  }
}

/** No connection could be opened to the server's address. */
export class UnreachableError extends NoAnswerError {
  /** Host and port. */
  readonly host: string;
  readonly reason: string;

  constructor(host: string, reason: string) {
    super(`${host} cannot be reached: ${reason}`);
    this.name = "UnreachableError";
    this.host = host;
    this.reason = reason;
  }
}
