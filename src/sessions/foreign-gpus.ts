import { isIP } from "node:net";
import { execa } from "execa";
import type { MachineFacts } from "../machine/machine.ts";
import { gpuProvenance } from "../sweep/rental/to-record.ts";
import type { Session } from "./session.ts";

/** The GPUs of the VM of a foreign session, or why they could not be read. */
export type ForeignGpus =
  | {
      readonly gpus: MachineFacts["gpus"];
      /** As a record's summary has it. */
      readonly provenance: Readonly<Record<string, unknown>>;
    }
  | { readonly unread: string };

const FIELDS = "name,memory.total,driver_version,compute_cap,power.limit,clocks.max.sm";
/** Fixed words: nothing of a session gets into a shell. */
const ASK = `nvidia-smi --query-gpu=${FIELDS} --format=csv,noheader,nounits && nvidia-smi`;
const LONGEST_MS = 20_000;

/**
 * Asks by the `ssh` of this machine, as the tunnel does: it alone has the key with which the Python tool made the VM.
 * @throws only when `signal` ends it
 */
export async function foreignGpus({ ip }: Session, signal: AbortSignal): Promise<ForeignGpus> {
  if (isIP(ip) === 0) return { unread: `${JSON.stringify(ip)} is no address` };
  const options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"];
  const answer = await execa("ssh", [...options, `root@${ip}`, ASK], {
    stdin: "ignore",
    reject: false,
    timeout: LONGEST_MS,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (answer.failed) {
    const last = answer.stderr.trim().split("\n").at(-1) ?? "";
    return { unread: last === "" ? (answer.shortMessage ?? "ssh failed") : last };
  }
  const gpus = gpusIn(answer.stdout);
  if (gpus.length === 0) return { unread: "nvidia-smi answered with something else" };
  const cuda = /CUDA (?:UMD )?Version\s*:\s*([\d.]+)/.exec(answer.stdout)?.[1];
  return {
    gpus,
    provenance: { ...gpuProvenance(gpus), ...(cuda === undefined ? {} : { cuda }) },
  };
}

/** The lines before nvidia-smi's table, one for each GPU. */
function gpusIn(text: string): MachineFacts["gpus"] {
  const rows = text.split("\n").map((line) => line.split(",").map((cell) => cell.trim()));
  const end = rows.findIndex((cells) => cells.length !== FIELDS.split(",").length);
  return rows
    .slice(0, end < 0 ? rows.length : end)
    .map(([name = "", memory, driver = "", capability = "", power, clock]) => ({
      name,
      memoryMib: number(memory),
      driver,
      computeCapability: capability,
      powerLimitW: number(power),
      maxClockMhz: number(clock),
    }));
}

/** 0 for `[N/A]`. */
function number(cell = ""): number {
  return /^[\d.]+$/.test(cell) ? Number(cell) : 0;
}
