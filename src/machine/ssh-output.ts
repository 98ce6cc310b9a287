import type { ClientChannel } from "ssh2";
import { MachineError } from "./machine.ts";
import { plainText } from "./remote-text.ts";

export interface OutputOptions {
  readonly stdin?: string | undefined;
  /** Bytes of standard output; more is an error. */
  readonly longest?: number;
}

const LONGEST_OUTPUT = 1 << 20;
const LONGEST_COMPLAINT = 8 << 10;

/**
 * Standard output of a remote command that ended with 0. When the link breaks, the channel closes without an exit
 * code and with whatever came so far: that is a lost link, never a success.
 * @throws MachineError
 */
export function outputOf(
  channel: ClientChannel,
  options: OutputOptions & { readonly what: string },
  linkLost: () => MachineError,
): Promise<Buffer> {
  const { what, longest = LONGEST_OUTPUT } = options;
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    let size = 0;
    let complaint = Buffer.alloc(0);
    let code: number | null | undefined;
    channel.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= longest) {
        output.push(chunk);
        return;
      }
      channel.close();
      reject(new MachineError("command", `${what}: more than ${String(longest)} bytes of output`));
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      complaint = Buffer.concat([complaint, chunk]).subarray(-LONGEST_COMPLAINT);
    });
    channel.on("error", () => undefined);
    channel.on("exit", (given: number | null) => {
      code = given;
    });
    channel.on("close", () => {
      if (code === 0) {
        resolve(Buffer.concat(output));
      } else if (typeof code === "number") {
        const said = plainText(complaint).trim();
        const ending = `ended with ${String(code)}${said === "" ? "" : `: ${said}`}`;
        reject(new MachineError("command", `${what} ${ending}`, code));
      } else {
        reject(linkLost());
      }
    });
    channel.end(options.stdin ?? "");
  });
}
