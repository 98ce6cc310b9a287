import { renderLine, type LogLine } from "./vllm-log.ts";

/** A log file whose later lines are known beforehand and appear when their time has come. Times: milliseconds. */
export interface LogBook {
  /** In order of time. */
  plan(atMs: number, lines: readonly LogLine[]): void;
  /** Now, after what was due; whatever was planned for later never comes. */
  cut(nowMs: number, lines: readonly LogLine[]): void;
  append(nowMs: number, lines: readonly LogLine[]): void;
  bytes(nowMs: number): Buffer;
}

/** `epoch` turns the times into milliseconds since the epoch, for the stamps. */
export function createLogBook(epoch: (atMs: number) => number): LogBook {
  let written = Buffer.alloc(0);
  let planned: { readonly atMs: number; readonly lines: readonly LogLine[] }[] = [];
  const write = (atMs: number, lines: readonly LogLine[]): void => {
    const text = lines.map((line) => `${renderLine(line, epoch(atMs))}\n`).join("");
    written = Buffer.concat([written, Buffer.from(text)]);
  };
  const flush = (nowMs: number): void => {
    const due = planned.filter(({ atMs }) => atMs <= nowMs);
    planned = planned.filter(({ atMs }) => atMs > nowMs);
    for (const { atMs, lines } of due) write(atMs, lines);
  };
  return {
    plan: (atMs, lines) => {
      planned.push({ atMs, lines });
    },
    append: (nowMs, lines) => {
      flush(nowMs);
      write(nowMs, lines);
    },
    cut: (nowMs, lines) => {
      flush(nowMs);
      planned = [];
      write(nowMs, lines);
    },
    bytes: (nowMs) => {
      flush(nowMs);
      return written;
    },
  };
}
