import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { ENGINE_DEAD } from "./openai-error.ts";
import { writeChunks } from "./chunk-writer.ts";
import type { CompletionRequest } from "./completion-request.ts";
import type { FinishReason } from "./engine-metrics.ts";
import type { Engine, EngineRequest } from "./engine.ts";
import type { ServerFaults } from "../faults/server-faults.ts";
import { createReplyText, naturalLength } from "./reply-text.ts";
import { streamEvents, wholeReply, type Reply } from "./stream-events.ts";

/** What a completion did; monotonic milliseconds, stamped after the write. */
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
  readonly oddities: ServerFaults;
  /** Writes a whole reply with its headers. */
  respond(status: number, body: string): void;
  /** Writes the headers of a stream. */
  startStream(): void;
  /** After every write, with the share of the tokens that are out. */
  onProgress(request: EngineRequest, share: number): void;
  onServed(served: ServedCompletion): void;
}

/** Runs one completion through the engine and writes its reply. */
export function runCompletion(completion: Completion, res: ServerResponse): void {
  const { engine, request, oddities } = completion;
  const text = createReplyText(request.tokens);
  const usage = oddities.omitUsage === true ? "none" : request.usage;
  const shown = {
    ...request,
    usage: usage === "continuous" && oddities.omitContinuousUsage === true ? "end" : usage,
  } as const;
  const id = `${request.chat ? "chatcmpl" : "cmpl"}-${randomBytes(8).toString("hex")}`;
  const reply: Reply = { ...completion.reply, id };
  const events = streamEvents(reply, shown);
  const naturalTokens = Math.min(
    oddities.endAfterTokens ?? Infinity,
    request.ignoreEos ? Infinity : naturalLength(request.tokens, request.minTokens),
  );
  const total = Math.min(request.maxTokens, naturalTokens);
  const breakAfter = Math.min(
    oddities.stallAfterTokens ?? Infinity,
    oddities.errorAfterTokens ?? Infinity,
    oddities.cutAfterTokens ?? Infinity,
  );
  const atTotal = naturalTokens < request.maxTokens ? "stop" : "length";
  const send = (parts: readonly (string | undefined)[], ends = false): void => {
    const list = parts.filter((part) => part !== undefined);
    const all = oddities.comments === true ? list.flatMap((part) => [": ok\n\n", part]) : list;
    writeChunks(res, all, { bytes: oddities.chunkBytes, ends });
  };
  const closing = (): (string | undefined)[] => [
    events.usage(sent, running.cachedTokens),
    oddities.omitDone === true ? undefined : events.done,
  ];

  let sent = 0;
  const tokenEvents = (counts: readonly number[]): string[] =>
    counts.map((count) => {
      const from = sent;
      sent = count;
      return events.token({
        text: text.between(from, count),
        reasoning: count <= (oddities.reasoningTokens ?? 0),
        count,
        finishReason: count >= total ? atTotal : null,
      });
    });
  const onOutputs = (counts: readonly number[]): void => {
    if (!request.stream) {
      sent = counts.at(-1) ?? sent;
      return;
    }
    const role = sent === 0 ? events.role() : undefined;
    const tokens = tokenEvents(counts);
    // The end comes with the last token, in one write, so that the reply is not longer than its tokens.
    if (sent >= total) send([role, ...tokens, ...closing()], true);
    else send([role, ...tokens]);
  };
  const onEnd = (reason: FinishReason): void => {
    if (request.stream) {
      if (!res.writableEnded) breakOff(reason === "error" ? "error" : "abort");
    } else if (reason === "error") completion.respond(ENGINE_DEAD.status, ENGINE_DEAD.body);
    else
      completion.respond(
        200,
        wholeReply(reply, request, {
          text: text.between(0, sent),
          count: sent,
          cached: running.cachedTokens,
          reason,
        }),
      );
    report();
  };
  const breakOff = (reason: "error" | "abort"): void => {
    const last = oddities.omitDone === true ? undefined : events.done;
    if (reason === "error") send([`data: ${ENGINE_DEAD.body}\n\n`, last], true);
    // A server that is stopped in mid-stream ends as cleanly as one that is done.
    else
      send(
        [
          events.token({ text: "", reasoning: false, count: sent, finishReason: "abort" }),
          ...closing(),
        ],
        true,
      );
  };
  let reported = false;
  const report = (): void => {
    if (reported || running.produced === 0) return;
    reported = true;
    const streamed = request.stream;
    completion.onServed({
      promptTokens: request.tokens.length,
      completionTokens: running.produced,
      receivedMs: completion.receivedMs,
      firstWriteMs: streamed ? running.firstMs : running.lastMs,
      lastWriteMs: running.lastMs,
    });
  };

  if (request.stream) completion.startStream();
  const running = engine.submit({
    tokens: request.tokens,
    salt: oddities.ignoreSalt === true ? undefined : request.salt,
    maxTokens: request.maxTokens,
    naturalTokens,
    breakAfter,
    arrivedMs: completion.receivedMs,
    onOutputs: (counts) => {
      onOutputs(counts);
    },
    onWritten: (produced) => {
      misbehave(produced);
      completion.onProgress(running, produced / total);
    },
    onEnd,
  });
  const misbehave = (produced: number): void => {
    if (produced < breakAfter || produced >= total) return;
    if (breakAfter === oddities.stallAfterTokens) return;
    running.abort();
    if (breakAfter === oddities.cutAfterTokens) res.socket?.destroy();
    else breakOff("error");
    report();
  };
  res.once("close", () => {
    if (res.writableFinished) return;
    running.abort();
    report();
  });
}
