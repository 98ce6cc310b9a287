import type { Machine } from "./machine.ts";

/** vLLM's lines about its start come long before this. */
const LONGEST_LOG = 1 << 20;

/** The log of the server that was started last, from its beginning. @throws MachineError */
export async function readServerLog(machine: Machine, signal: AbortSignal): Promise<string> {
  let log = "";
  while (log.length < LONGEST_LOG) {
    const part = await machine.serverLog(Buffer.byteLength(log), signal);
    if (part === "") break;
    log += part;
  }
  return log;
}
