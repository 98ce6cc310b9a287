import { stampLog } from "./log-passages.ts";

/** A log file whose later passages are known beforehand and appear when their time has come. Times: milliseconds. */
export interface LogBook {
  /** In order of time. */
  plan(atMs: number, text: string): void;
  /** Writes now, after what is due. */
  append(nowMs: number, text: string): void;
  bytes(nowMs: number): Buffer;
}

/** `epoch` turns the times into milliseconds since the epoch, for the stamps. */
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
