import { createCrashHook, parseCrashPoint } from "../journal/crash-hook.ts";
import type { CrashHook } from "../journal/crash-hook.ts";
import type { CloudTarget } from "./cloud-access/cloud-target.ts";
import { isLoopback } from "../support/loopback.ts";

const hooks = new WeakMap<NodeJS.ProcessEnv, CrashHook>();

/**
 * The crash hook of `MAIDER_SWEEP_CRASH`, which is removed from the environment so that child processes do not inherit
 * it. All journals of a process share the hook, so that it counts the events of all of them.
 */
export function crashHookFor(target: CloudTarget, env: NodeJS.ProcessEnv): CrashHook | undefined {
  const known = hooks.get(env);
  if (known !== undefined) return known;
  const text = env["MAIDER_SWEEP_CRASH"];
  delete env["MAIDER_SWEEP_CRASH"];
  const hook = createCrashHook({
    point: text === undefined || text === "" ? undefined : parseCrashPoint(text),
    loopback: isLoopback(target.apiUrl),
    pid: process.pid,
    kill: (pid) => {
      process.kill(pid, "SIGKILL");
    },
  });
  if (hook !== undefined) hooks.set(env, hook);
  return hook;
}
