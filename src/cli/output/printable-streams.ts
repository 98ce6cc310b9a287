import { escapeControls } from "../../support/terminal-text.ts";
import type { Terminal } from "../terminal.ts";

const rawStreams = new WeakMap<NodeJS.WriteStream, NodeJS.WriteStream>();

/** The same terminal with control characters of any text escaped; bytes are written as they are. */
export function printableTerminal(terminal: Terminal): Terminal {
  const { stdout, stderr, colour } = terminal;
  return {
    ...terminal,
    stdout: printableStream(stdout, colour && stdout.isTTY),
    stderr: printableStream(stderr, colour),
  };
}

/** The stream without escaping, for what draws with terminal codes and contains no text of others. */
export function rawStream(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return rawStreams.get(stream) ?? stream;
}

function printableStream(stream: NodeJS.WriteStream, colour: boolean): NodeJS.WriteStream {
  const write = (chunk: string | Uint8Array): boolean =>
    stream.write(typeof chunk === "string" ? escapeControls(chunk, colour) : chunk);
  const shown = new Proxy(stream, {
    get(target, key) {
      if (key === "write") return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  rawStreams.set(shown, stream);
  return shown;
}
