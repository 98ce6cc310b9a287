import type { Duplex } from "node:stream";

/** How a server is reached. */
export interface Connection {
  /**
   * A new connection to its port: an SSH channel or a socket.
   * @throws whatever ends the way there, e.g. a lost SSH link; or the signal's reason.
   */
  open(signal: AbortSignal): Promise<Duplex>;
  /** Path in front of the OpenAI-style routes: usually `/v1`. */
  readonly basePath: string;
  readonly apiKey: string | undefined;
  /** The `Host` header, for proxies that route by it; left out = loopback. */
  readonly host?: string;
}

/** A vLLM that answers, wherever it runs. */
export interface ServerUnderTest extends Connection {
  /** Name under which the model is served. */
  readonly model: string;
  /** The model's repository, where the name says nothing of it; left out = the name is the repository. */
  readonly repository?: string | undefined;
  /** Tokens. */
  readonly maxModelLen: number;
}

/** The server did not answer a request, or refused it; the way to it may be intact. */
export class NoAnswerError extends Error {
  /** Of the HTTP reply; undefined when none came. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.name = "NoAnswerError";
    this.status = status;
  }
}

/** No connection could be opened to the server's address. */
export class UnreachableError extends NoAnswerError {
  /** With its port. */
  readonly host: string;
  readonly reason: string;

  constructor(host: string, reason: string) {
    super(`${host} cannot be reached: ${reason}`);
    this.name = "UnreachableError";
    this.host = host;
    this.reason = reason;
  }
}
