// Loaded into the program under test (NODE_OPTIONS): what befalls a machine and cannot be asked for from outside.
// MAIDER_TEST_BEFALLS is what, and after which fact or at once: "clock-ahead boot.running", "stall test.finished",
// "clock-ahead now 60000" (milliseconds).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [what, fact, milliseconds] = (process.env.MAIDER_TEST_BEFALLS ?? "").split(" ");
const runs = join(process.env.MAIDER_SWEEP_STATE ?? "", "simulated", "runs");
const AHEAD_MS = Number(milliseconds ?? 5_500);
const STALL_MS = 1_300;
const LOOK_EVERY_MS = 3;

function hasHappened() {
  try {
    return readdirSync(runs).some((run) =>
      readFileSync(join(runs, run, "journal.jsonl"), "utf8").includes(`"type":"${fact}"`),
    );
  } catch {
    return false;
  }
}

function befall() {
  if (what === "stall") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
  if (what !== "clock-ahead") return;
  const { now } = Date;
  Date.now = () => now() + AHEAD_MS;
}

if (fact === "now") befall();
else if (fact !== undefined) {
  const look = setInterval(() => {
    if (!hasHappened()) return;
    clearInterval(look);
    befall();
  }, LOOK_EVERY_MS);
  look.unref();
}
