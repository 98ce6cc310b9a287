import type { ApiFault } from "./fault-scripts.ts";

/** The faults of API requests, each with its own count of matching requests. */
export interface ApiFaults {
  add(faults: readonly ApiFault[]): void;
  clear(): void;
  /** Counts the request for every fault that it matches. @returns the first fault that applies to it */
  claim(method: string, path: string): ApiFault | undefined;
}

interface Script {
  readonly fault: ApiFault;
  readonly path: RegExp;
  readonly addedMs: number;
  seen: number;
  /** Start of an outage. */
  downSinceMs: number | undefined;
}

const OUTAGE_SECONDS = 60;

/** @param now virtual milliseconds */
export function createApiFaults(now: () => number): ApiFaults {
  let scripts: Script[] = [];
  return {
    add(faults) {
      for (const fault of faults) {
        const path = new RegExp(fault.match.path ?? "");
        scripts.push({ fault, path, addedMs: now(), seen: 0, downSinceMs: undefined });
      }
    },
    clear() {
      scripts = [];
    },
    claim(method, path) {
      const nowMs = now();
      let claimed: ApiFault | undefined;
      for (const script of scripts) {
        const { match } = script.fault;
        if ((match.method ?? method).toUpperCase() !== method || !script.path.test(path)) continue;
        script.seen += 1;
        const applies = script.fault.action === "down" ? isDown(script, nowMs) : isNext(script);
        if (applies) claimed ??= script.fault;
      }
      return claimed;
    },
  };
}

function isNext({ fault: { nth = 1, count = 1 }, seen }: Script): boolean {
  return seen >= nth && (count === -1 || seen < nth + count);
}

function isDown(script: Script, nowMs: number): boolean {
  const { nth = 1, after_seconds: after, seconds = OUTAGE_SECONDS } = script.fault;
  if (after !== undefined) script.downSinceMs = script.addedMs + after * 1_000;
  else if (script.seen >= nth) script.downSinceMs ??= nowMs;
  const { downSinceMs = Infinity } = script;
  return nowMs >= downSinceMs && nowMs < downSinceMs + seconds * 1_000;
}
