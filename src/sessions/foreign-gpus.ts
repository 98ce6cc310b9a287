import { isIP } from "node:net";
import { execa } from "execa";
import type { MachineFacts } from "../machine/machine.ts";
import { gpuProvenance } from "../sweep/rental/to-record.ts";
import type { Session } from "./session.ts";

/** The GPUs of a VM that the Python tool created, or the reason why they could not be read. */
export type ForeignGpus =
  | {
      readonly gpus: MachineFacts["gpus"];
      /** As stored in a record's summary. */
      readonly provenance: Readonly<Record<string, unknown>>;
    }
  | { readonly failure: string };

const FIELDS = "name,memory.total,driver_version,compute_cap,power.limit,clocks.max.sm";
/** A fixed text, since the VM's shell runs it: no part of a session is inserted. */
const COMMAND = `nvidia-smi --query-gpu=${FIELDS} --format=csv,noheader,nounits && nvidia-smi`;
const TIMEOUT_MS = 20_000;

/**
 * Runs nvidia-smi through the local `ssh` program, which has the key that the Python tool created the VM with.
 * @throws only if `signal` is aborted
 */
export async function foreignGpus({ ip }: Session, signal: AbortSignal): Promise<ForeignGpus> {
  if (isIP(ip) === 0) return { failure: `${JSON.stringify(ip)} is not an IP address` };
  const options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"];
  const result = await execa("ssh", [...options, `root@${ip}`, COMMAND], {
    stdin: "ignore",
    reject: false,
    timeout: TIMEOUT_MS,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (result.failed) {
    const lastLine = result.stderr.trim().split("\n").at(-1) ?? "";
    return { failure: lastLine === "" ? (result.shortMessage ?? "ssh failed") : lastLine };
  }
  const gpus = parseGpus(result.stdout);
  if (gpus.length === 0) return { failure: "nvidia-smi printed no list of GPUs" };
  const cuda = /CUDA (?:UMD )?Version\s*:\s*([\d.]+)/.exec(result.stdout)?.[1];
  return {
    gpus,
    provenance: { ...gpuProvenance(gpus), ...(cuda === undefined ? {} : { cuda }) },
  };
}

/** Parses the CSV lines above nvidia-smi's table: one for each GPU. */
function parseGpus(text: string): MachineFacts["gpus"] {
  const rows = text.split("\n").map((line) => line.split(",").map((cell) => cell.trim()));
  const end = rows.findIndex((cells) => cells.length !== FIELDS.split(",").length);
  return rows
    .slice(0, end < 0 ? rows.length : end)
    .map(([name = "", memory, driver = "", capability = "", power, clock]) => ({
      name,
      memoryMib: parseNumber(memory),
      driver,
      computeCapability: capability,
      powerLimitW: parseNumber(power),
      maxClockMhz: parseNumber(clock),
    }));
}

/** @returns 0 for `[N/A]` */
function parseNumber(cell = ""): number {
  return /^[\d.]+$/.test(cell) ? Number(cell) : 0;
}
