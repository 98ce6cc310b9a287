import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { RunContext } from "../../src/run/run-context.ts";
import { DESTROY_PATIENCE_MS, type RunRequest } from "../../src/run/run-request.ts";
import { startRun } from "../../src/run/start-run.ts";
import { Interrupted } from "../../src/support/interrupts.ts";
import { newStateDir } from "../journal/journal-rig.ts";
import { planRequest } from "./a-request.ts";

const PLAN = `version: 1
budget: { max_cost: 5 }
entries: [{ gpu: g2-gpu-rtx4000a1-s, models: [Qwen/Qwen2.5-Coder-7B-Instruct-AWQ] }]
`;

/** Accepts connections, and never answers. */
let silent: Server;
let silentUrl: string;
beforeEach(async () => {
  silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  silentUrl = `http://127.0.0.1:${String((silent.address() as AddressInfo).port)}`;
});
afterEach(() => silent.close());

function requestTo(apiUrl: string, ceilings = 1): RunRequest {
  return {
    ...planRequest(newStateDir(), { apiUrl, ceilings }),
    subject: { kind: "plan", source: { text: PLAN, name: "plan.yaml" } },
    holdMs: 0,
    keepOnFailureMs: 0,
    destroyPatienceMs: DESTROY_PATIENCE_MS,
    heartbeatUrl: undefined,
    notifyUrl: undefined,
    detach: undefined,
  };
}

function contextWith(stop: AbortSignal): RunContext & { readonly waits: string[] } {
  const waits: string[] = [];
  const ignore = (): undefined => undefined;
  return {
    waits,
    env: { LINODE_TOKEN: "a-token", HOME: newStateDir() },
    signals: {
      stop,
      count: () => 0,
      onRepeat: () => ignore,
      onUncaught: () => ignore,
      onContinue: () => ignore,
    },
    reporter: {
      warn: ignore,
      alarm: ignore,
      note: ignore,
      waiting: (text) => waits.push(text),
      showProgress: () => Promise.reject(new Error("nothing began")),
    },
  };
}

it("says what it waits for while the API does not answer, and ends at a signal", async () => {
  const stop = new AbortController();
  const context = contextWith(stop.signal);
  const outcome = startRun(requestTo(silentUrl), context);
  await vi.waitFor(
    () => {
      expect(context.waits).toEqual(["connecting to the Linode API ..."]);
    },
    { timeout: 10_000 },
  );
  stop.abort(new Interrupted("SIGINT"));
  expect(await outcome).toEqual({
    kind: "not started",
    exitCode: 130,
    message: "stopped by SIGINT; nothing was created",
  });
});

// Were it as patient as with a destroy, these would wait for minutes.
it("gives up soon on an API that never answers", async () => {
  const { signal } = new AbortController();
  const run = startRun(requestTo(silentUrl, 0.05), contextWith(signal));
  await expect(run).rejects.toMatchObject({ name: "SweepError", exitCode: 4 });
});

it("gives up soon on an API that cannot be reached", async () => {
  const { signal } = new AbortController();
  const run = startRun(requestTo("http://127.0.0.1:9", 0.05), contextWith(signal));
  await expect(run).rejects.toMatchObject({ name: "SweepError", exitCode: 4 });
});
