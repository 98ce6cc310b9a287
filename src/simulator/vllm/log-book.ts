import { stampLog } from "./log-passages.ts";

/** A log file whose passages can be scheduled in advance. Times in milliseconds. */
export interface LogBook {
  /** Schedules a passage; calls must be in order of time. */
  plan(atMs: number, text: string): void;
  /** Appends text after the passages that are due. */
  append(nowMs: number, text: string): void;
  bytes(nowMs: number): Buffer;
}

/** @param epoch converts a time to milliseconds since the epoch, for the timestamps */
export function createLogBook(epoch: (atMs: number) => number): LogBook {
  let written = Buffer.alloc(0);
  let planned: { readonly atMs: number; readonly text: string }[] = [];
  const write = (atMs: number, text: string): void => {
    written = Buffer.concat([written, Buffer.from(stampLog(text, epoch(atMs)))]);
  };
  const flush = (nowMs: number): void => {
    const due = planned.filter(({ atMs }) => atMs <= nowMs);
    planned = planned.filter(({ atMs }) => atMs > nowMs);
    for (const { atMs, text } of due) write(atMs, text);
  };
  return {
    plan: (atMs, text) => {
      planned.push({ atMs, text });
    },
    append: (nowMs, text) => {
      flush(nowMs);
      write(nowMs, text);
    },
    bytes: (nowMs) => {
      flush(nowMs);
      return written;
    },
  };
}
