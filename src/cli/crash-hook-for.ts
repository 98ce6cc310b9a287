import { createCrashHook, parseCrashPoint } from "../journal/crash-hook.ts";
import type { CrashHook } from "../journal/crash-hook.ts";
import type { FarSide } from "./far-side.ts";
import { isLoopback } from "./simulated-world.ts";

/** `MAIDER_SWEEP_CRASH`, taken out of the environment so that no child obeys it. */
export function crashHookFor(far: FarSide, env: NodeJS.ProcessEnv): CrashHook | undefined {
  const text = env["MAIDER_SWEEP_CRASH"];
  delete env["MAIDER_SWEEP_CRASH"];
  return createCrashHook({
    point: text === undefined || text === "" ? undefined : parseCrashPoint(text),
    loopback: isLoopback(far.apiUrl),
    pid: process.pid,
    kill: (pid) => {
      process.kill(pid, "SIGKILL");
    },
  });
}
