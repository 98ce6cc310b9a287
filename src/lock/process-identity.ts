import { execFileSync } from "node:child_process";
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
}

/** The identity of a process of this machine. */
export function thisProcess(pid: number): ProcessIdentity {
  return {
    pid,
    started: startOf(pid) ?? "",
    boot: bootId(),
    namespace: pidNamespace(),
    host: hostname(),
  };
}

/** Does it still run? A process that we cannot see, on another machine or in another container, counts as alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.boot !== bootId()) return identity.host !== hostname();
  if (identity.namespace !== pidNamespace()) return true;
  const started = startOf(identity.pid);
  return started !== undefined && (identity.started === "" || started === identity.started);
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
  const line = ask("ps", ["-o", "stat=,lstart=", "-p", String(pid)]);
  if (line === "" || line.startsWith("Z")) return undefined;
  return line.replace(/^\S+\s+/, "");
}

let boot: string | undefined;
function bootId(): string {
  boot ??=
    process.platform === "linux"
      ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
      : ask("sysctl", ["-n", "kern.bootsessionuuid"]);
  return boot;
}

function pidNamespace(): string {
  if (process.platform !== "linux") return "";
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function ask(program: string, args: readonly string[]): string {
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
