import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Distinguishes a process from another one with the same id, even after a reboot or in another container. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The start time in the system's format; empty if it is not known. */
  readonly started: string;
  readonly boot: string;
  /** Process ids are unique only within a namespace. */
  readonly namespace: string;
  readonly host: string;
  /** A hash of the machine's id; empty if there is none, undefined in files of version 0.1. */
  readonly machine?: string | undefined;
}

/** The identity of a process of this machine. */
export function thisProcess(pid: number): ProcessIdentity {
  return {
    pid,
    started: startOf(pid) ?? "",
    boot: bootId(),
    namespace: pidNamespace(),
    host: hostname(),
    machine: machineId(),
  };
}

/** Whether the process can be seen from here: it ran on this machine, since its last boot, in this container. */
export function isVisible(identity: ProcessIdentity): boolean {
  return identity.boot === bootId() && identity.namespace === pidNamespace();
}

/** Whether a process is running. One that cannot be seen counts as running, unless this machine has rebooted since. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.boot !== bootId()) return !isOfThisMachine(identity);
  if (!isVisible(identity)) return true;
  const started = startOf(identity.pid);
  return started !== undefined && (identity.started === "" || started === identity.started);
}

/** Compares the host name, and the machine id if there is one; container images can contain another machine's id. */
function isOfThisMachine({ host, machine }: ProcessIdentity): boolean {
  const hasIds = machine !== undefined && machine !== "" && machineId() !== "";
  return host === hostname() && (!hasIds || machine === machineId());
}

/** `undefined` if there is no such process, or it is a zombie. */
function startOf(pid: number): string | undefined {
  return process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
}

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The name in parentheses may contain spaces and parentheses. The state is the 3rd field, the start time the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : (fields[19] ?? "");
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  const line = outputOf("ps", ["-o", "stat=,lstart=", "-p", String(pid)]);
  if (line === "" || line.startsWith("Z")) return undefined;
  return line.replace(/^\S+\s+/, "");
}

let boot: string | undefined;
function bootId(): string {
  boot ??=
    process.platform === "linux"
      ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
      : outputOf("sysctl", ["-n", "kern.bootsessionuuid"]);
  return boot;
}

let machine: string | undefined;
/** Hashed, because machine-id(5) says that the id itself must not be exposed. */
function machineId(): string {
  machine ??= hashed(readIfThere("/etc/machine-id"));
  return machine;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function hashed(id: string): string {
  if (id === "") return "";
  return createHash("sha256").update(`maider-sweep ${id}`).digest("hex").slice(0, 16);
}

function pidNamespace(): string {
  if (process.platform !== "linux") return "";
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function outputOf(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, {
      encoding: "utf8",
      timeout: 5_000,
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" },
    }).trim();
  } catch {
    return "";
  }
}
