import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import { text } from "node:stream/consumers";

/** How a server's event streams differ from vLLM's. */
export interface StreamChanges {
  /** Size of the HTTP chunks, bytes. Small chunks split `data:` and characters. */
  readonly chunkBytes?: number;
  /** Sends a comment line before every event. */
  readonly comments?: boolean;
  /** How many tokens at the beginning are `reasoning` deltas. */
  readonly reasoningTokens?: number;
  /** Ignores `continuous_usage_stats`. */
  readonly omitContinuousUsage?: boolean;
  /** Sends no usage, although it was requested. */
  readonly omitUsage?: boolean;
  readonly omitDone?: boolean;
  /** Rejects every completion request with this reply. */
  readonly refuse?: { readonly status: number; readonly message: string };
}

export function changesStream(changes: StreamChanges): boolean {
  return (
    [changes.chunkBytes, changes.reasoningTokens, changes.refuse].some(
      (value) => value !== undefined,
    ) ||
    [changes.comments, changes.omitContinuousUsage, changes.omitUsage, changes.omitDone].includes(
      true,
    )
  );
}

/** A proxy that forwards requests to a server and changes the replies that it streams. */
export function createStreamAlterer(
  changes: StreamChanges,
  attach: (connection: Duplex) => void,
): Server {
  return createServer((asked, res) => {
    const { refuse } = changes;
    if (refuse !== undefined && asked.url?.endsWith("/completions") === true) {
      const { status, message } = refuse;
      const error = { message, type: "BadRequestError", param: null, code: status };
      res.writeHead(status, { "content-type": "application/json" });
      res.end(JSON.stringify({ error }));
      return;
    }
    const [near, far] = duplexPair();
    near.once("close", () => far.destroy());
    attach(far);
    const { url, method, headers } = asked;
    const forwarded = request({
      path: url,
      method,
      headers: { ...headers, connection: "close" },
      createConnection: () => near,
    });
    forwarded.on("error", () => res.destroy());
    forwarded.once("response", (reply) => {
      res.writeHead(reply.statusCode ?? 500, reply.headers);
      const isStream = reply.headers["content-type"]?.startsWith("text/event-stream") === true;
      const sent = isStream ? alterStream(reply, changes, (part) => res.write(part)) : text(reply);
      sent.then(
        (rest) => res.end(rest),
        () => res.destroy(),
      );
    });
    res.once("close", () => forwarded.destroy());
    asked.pipe(forwarded);
  });
}

async function alterStream(
  reply: IncomingMessage,
  changes: StreamChanges,
  write: (part: string | Buffer) => void,
): Promise<undefined> {
  const alter = eventAlterer(changes);
  let rest = "";
  reply.setEncoding("utf8");
  for await (const part of reply as AsyncIterable<string>) {
    const events = (rest + part).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events.flatMap(alter)) writeInParts(`${event}\n\n`, changes, write);
  }
  return undefined;
}

function writeInParts(
  event: string,
  { chunkBytes }: StreamChanges,
  write: (part: string | Buffer) => void,
): void {
  if (chunkBytes === undefined) {
    write(event);
    return;
  }
  const bytes = Buffer.from(event);
  for (let start = 0; start < bytes.length; start += chunkBytes)
    write(bytes.subarray(start, start + chunkBytes));
}

const USAGE = /,"usage":\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\}/;

/** Replaces an event by any number of events. */
function eventAlterer(changes: StreamChanges): (event: string) => readonly string[] {
  let tokens = 0;
  return (event) => {
    const done = event === "data: [DONE]";
    const last = event.includes('"choices":[]');
    if (done && changes.omitDone === true) return [];
    if (last && changes.omitUsage === true) return [];
    let altered = event;
    if (changes.omitUsage === true || (!last && changes.omitContinuousUsage === true))
      altered = altered.replace(USAGE, "");
    if (event.includes('"delta":{"content":')) {
      tokens += 1;
      if (tokens <= (changes.reasoningTokens ?? 0))
        altered = altered.replace('"delta":{"content":', '"delta":{"reasoning":');
    }
    return changes.comments === true ? [": ok", altered] : [altered];
  };
}
