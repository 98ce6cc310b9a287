import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { installSignals } from "../../src/cli/signals.ts";

it("tells listeners each time the process is continued, until they leave", () => {
  const target = Object.assign(new EventEmitter(), {
    exit: (code: number): never => {
      throw new Error(`exit ${String(code)}`);
    },
    stderr: { write: () => true },
  });
  const signals = installSignals(target);
  let continued = 0;
  const leave = signals.onContinue(() => (continued += 1));
  target.emit("SIGCONT");
  target.emit("SIGCONT");
  leave();
  target.emit("SIGCONT");
  expect(continued).toBe(2);
  expect(signals.stop.aborted).toBe(false);
});
