import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** What tells a process from a later one with the same number, also after a reboot or in another container. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As the system tells it; empty when it did not. */
  readonly started: string;
  readonly boot: string;
  /** Process ids mean something inside one namespace only. */
  readonly namespace: string;
  readonly host: string;
  /** A hash of the machine's id; empty where there is none, missing in what version 0.1 wrote. */
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

/** Is its process id one of ours? Not when it ran on another machine, before a reboot, or in another container. */
export function isVisible(identity: ProcessIdentity): boolean {
  return identity.boot === bootId() && identity.namespace === pidNamespace();
}

/** Does it still run? A process that cannot be seen counts as alive, unless this machine was restarted since. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.boot !== bootId()) return !isOfThisMachine(identity);
  if (!isVisible(identity)) return true;
  const started = startOf(identity.pid);
  return started !== undefined && (identity.started === "" || started === identity.started);
}

/** The host name alone, where a machine id is missing; an image of a container may bring the id of another machine. */
function isOfThisMachine({ host, machine }: ProcessIdentity): boolean {
  const known = machine !== undefined && machine !== "" && machineId() !== "";
  return host === hostname() && (!known || machine === machineId());
}

/** `undefined` when there is no such process, or only its remains that nobody has collected. */
function startOf(pid: number): string | undefined {
  return process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
}

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The name in parentheses may itself hold spaces and parentheses; state is the 3rd field, start time the 22nd.
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
/** machine-id(5) asks not to pass the id itself on. */
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
