import { Duplex } from "node:stream";
import type { Timeline } from "../../src/simulator/vllm/timeline.ts";

/** Delays every byte of a connection by `ms` in each direction. */
export function delayedConnection(inner: Duplex, ms: number, timeline: Timeline): Duplex {
  const later = (task: () => void): void => {
    timeline.at(timeline.now() + ms, task);
  };
  const outer = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      later(() => {
        if (!inner.destroyed) inner.write(chunk);
      });
      done();
    },
    final: (done) => {
      later(() => {
        inner.end();
      });
      done();
    },
    destroy: (error, done) => {
      later(() => {
        inner.destroy();
      });
      done(error);
    },
  });
  inner.on("data", (chunk: Buffer) => {
    later(() => outer.push(chunk));
  });
  inner.on("end", () => {
    later(() => outer.push(null));
  });
  inner.on("error", () => {
    outer.destroy();
  });
  inner.on("close", () => {
    later(() => {
      outer.destroy();
    });
  });
  return outer;
}
