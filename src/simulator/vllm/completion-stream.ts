import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { ENGINE_DEAD, HARMONY_ERROR } from "./openai-error.ts";
import { writeChunks } from "./chunk-writer.ts";
import type { CompletionRequest } from "./completion-request.ts";
import type { FinishReason } from "./engine-metrics.ts";
import type { Engine } from "./engine.ts";
import type { Checkpoint, EngineRequest } from "./engine-request.ts";
import { createReplyText, naturalLength } from "./reply-text.ts";
import { streamEvents, wholeReply, type Reply } from "./stream-events.ts";

/** A finished completion; times in monotonic milliseconds, taken after the write. */
export interface ServedCompletion {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly receivedMs: number;
  readonly firstWriteMs: number;
  readonly lastWriteMs: number;
}

export interface Completion {
  readonly engine: Engine;
  readonly request: CompletionRequest;
  readonly reply: Omit<Reply, "id">;
  readonly receivedMs: number;
  /** Writes a complete reply with its headers. */
  readonly respond: (status: number, body: string) => void;
  /** Writes the headers of a stream. */
  readonly startStream: () => void;
  checkpoint(maxTokens: number): Checkpoint | undefined;
  onServed(served: ServedCompletion): void;
}

/** Writes the engine's tokens to a reply. */
interface Writer {
  onOutputs(counts: readonly number[]): void;
  onEnd(reason: FinishReason): void;
}

/** Runs one completion through the engine and writes its reply. */
export function runCompletion(completion: Completion, res: ServerResponse): void {
  const { engine, request, receivedMs } = completion;
  let reported = false;
  const report = (): void => {
    if (reported || running.produced === 0) return;
    reported = true;
    completion.onServed({
      promptTokens: request.tokens.length,
      completionTokens: running.produced,
      receivedMs,
      firstWriteMs: request.stream ? running.firstMs : running.lastMs,
      lastWriteMs: running.lastMs,
    });
  };
  const id = `${request.chat ? "chatcmpl" : "cmpl"}-${randomBytes(8).toString("hex")}`;
  const reply: Reply = { ...completion.reply, id };
  const writer: Writer = request.stream
    ? streamWriter(completion, reply, res, () => running)
    : wholeWriter(completion, reply, () => running);
  const running = engine.submit({
    tokens: request.tokens,
    salt: request.salt,
    maxTokens: request.maxTokens,
    naturalTokens: Math.min(
      request.breaksAfter,
      request.ignoreEos ? Infinity : naturalLength(request.tokens, request.minTokens),
    ),
    checkpoint: completion.checkpoint(request.maxTokens),
    arrivedMs: receivedMs,
    onOutputs: (counts) => {
      writer.onOutputs(counts);
    },
    onEnd: (reason) => {
      writer.onEnd(reason);
      report();
    },
  });
  res.once("close", () => {
    if (res.writableFinished) return;
    running.abort();
    report();
  });
}

function streamWriter(
  { request, startStream }: Completion,
  reply: Reply,
  res: ServerResponse,
  running: () => EngineRequest,
): Writer {
  const text = createReplyText(request.tokens);
  const events = streamEvents(reply, request);
  let sent = 0;
  const send = (parts: readonly (string | undefined)[], ends = false): void => {
    writeChunks(
      res,
      parts.filter((part) => part !== undefined),
      ends,
    );
  };
  const closing = (): (string | undefined)[] => [
    events.usage(sent, running().cachedTokens),
    events.done,
  ];
  const breaks = (): boolean => sent >= request.breaksAfter;
  const tokenEvent = (count: number): string => {
    const from = sent;
    sent = count;
    const { totalTokens, endsBy } = running();
    return events.token({
      text: text.between(from, count),
      count,
      finishReason: count >= totalTokens && !breaks() ? endsBy : null,
    });
  };
  startStream();
  return {
    onOutputs: (counts) => {
      const role = sent === 0 ? events.role() : undefined;
      const tokens = counts.map(tokenEvent);
      // The end is written together with the last token, so that the reply does not take longer than its tokens.
      if (breaks()) send([role, ...tokens, `data: ${HARMONY_ERROR.body}\n\n`, events.done], true);
      else if (sent >= running().totalTokens) send([role, ...tokens, ...closing()], true);
      else send([role, ...tokens]);
    },
    onEnd: (reason) => {
      if (res.writableEnded) return;
      if (reason === "error") send([`data: ${ENGINE_DEAD.body}\n\n`, events.done], true);
      // A stream of a server that is stopped ends in the same way as a complete one.
      else
        send([events.token({ text: "", count: sent, finishReason: "abort" }), ...closing()], true);
    },
  };
}

function wholeWriter(
  { request, respond }: Completion,
  reply: Reply,
  running: () => EngineRequest,
): Writer {
  return {
    onOutputs: () => undefined,
    onEnd: (reason) => {
      if (reason === "error") {
        respond(ENGINE_DEAD.status, ENGINE_DEAD.body);
        return;
      }
      const { produced, cachedTokens } = running();
      if (produced >= request.breaksAfter) {
        respond(HARMONY_ERROR.status, HARMONY_ERROR.body);
        return;
      }
      const text = createReplyText(request.tokens).between(0, produced);
      respond(
        200,
        wholeReply(reply, request, { text, count: produced, cached: cachedTokens, reason }),
      );
    },
  };
}
