// A child process of the tests, which journals the facts of two creates with a crash hook.
import { createCrashHook, parseCrashPoint } from "../../src/journal/crash-hook.ts";
import { openIn, opened, vmLabel } from "./journal-rig.ts";

const crash = createCrashHook({
  point: parseCrashPoint(process.argv[4] ?? ""),
  loopback: true,
  pid: process.pid,
  kill: (pid) => process.kill(pid, "SIGKILL"),
});
const journal = await openIn(process.argv[2] ?? "", 1, { crash });
const facts = [1, 2].flatMap((seq) => [
  {
    type: "create.intended",
    label: vmLabel(seq),
    gpu: "g",
    region: "r",
    price_micro_usd: 1,
  } as const,
  { type: "create.sent", label: vmLabel(seq) } as const,
]);
// All at once: no fact after the crash point may become durable.
await Promise.all([opened, ...facts].map((fact) => journal.append(fact)));
