import type { ClientChannel } from "ssh2";
import { MachineError } from "./machine.ts";
import { plainText } from "./remote-text.ts";

export interface OutputOptions {
  readonly stdin?: string | undefined;
  /** Limit of stdout in bytes; more is an error. */
  readonly maxBytes?: number;
}

const MAX_OUTPUT_BYTES = 1 << 20;
const MAX_ERROR_BYTES = 8 << 10;

/**
 * Reads stdout of a remote command until it exits with code 0. If the connection breaks, the channel closes without an
 * exit code after partial output, which must not be taken for success.
 * @throws MachineError of kind `command` for another exit code, `link_lost` if there is no exit code
 */
export function readOutput(
  channel: ClientChannel,
  options: OutputOptions & { readonly what: string },
  linkLost: () => MachineError,
): Promise<Buffer> {
  const { what, maxBytes = MAX_OUTPUT_BYTES } = options;
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    let size = 0;
    let errorOutput = Buffer.alloc(0);
    let code: number | null | undefined;
    channel.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        output.push(chunk);
        return;
      }
      channel.close();
      reject(new MachineError("command", `${what}: more than ${String(maxBytes)} bytes of output`));
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      errorOutput = Buffer.concat([errorOutput, chunk]).subarray(-MAX_ERROR_BYTES);
    });
    channel.on("error", () => undefined);
    channel.on("exit", (exitCode: number | null) => {
      code = exitCode;
    });
    channel.on("close", () => {
      if (code === 0) {
        resolve(Buffer.concat(output));
      } else if (typeof code === "number") {
        const reason = plainText(errorOutput).trim();
        const exit = `exited with ${String(code)}${reason === "" ? "" : `: ${reason}`}`;
        reject(new MachineError("command", `${what} ${exit}`, code));
      } else {
        reject(linkLost());
      }
    });
    channel.end(options.stdin ?? "");
  });
}
