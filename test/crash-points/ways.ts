import { DRILL_PLAN, type DrillScenario } from "../../src/drill/drill-case.ts";
import type { EventType } from "../../src/journal/events.ts";

const CARD = "g2-gpu-rtx4000a1-s";
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
const OTHER_MODEL = "Qwen/Qwen2.5-Coder-14B-Instruct-AWQ";
const TOO_LARGE = "Qwen/Qwen2.5-Coder-32B-Instruct";

const plan = (entries: string): string =>
  DRILL_PLAN.replace(/entries:[^]*/, `entries:\n${entries}`);
export const befalls = (what: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${new URL("befall.mjs", import.meta.url).href}`,
  MAIDER_TEST_BEFALLS: what,
});
const machine = (action: string): object => ({ vm: { type: CARD }, action });

const PLAIN: DrillScenario = { plan: DRILL_PLAN };
const CREATED_AT_ONCE: DrillScenario = { ...PLAIN, exempt: ["create"] };
/** The first create request is lost on its way to the API. */
const CREATE_LOST: DrillScenario = {
  ...PLAIN,
  exempt: ["create"],
  scripts: [{ match: { method: "POST", path: "^/linode/instances$" }, action: "drop-before" }],
};
const CREATE_UNHEARD: DrillScenario = {
  ...PLAIN,
  exempt: ["create"],
  scripts: [{ match: { method: "POST", path: "^/linode/instances$" }, action: "commit-then-drop" }],
};
const TWO_MODELS: DrillScenario = {
  plan: plan(`  - { gpu: ${CARD}, models: [${MODEL}, ${OTHER_MODEL}] }\n`),
};
const ONE_TOO_LARGE: DrillScenario = {
  plan: plan(`  - { gpu: [${CARD}], models: [${TOO_LARGE}, ${MODEL}] }\n`),
};
const CAP_FOR_ONE: DrillScenario = {
  plan: plan(
    `  - { gpu: ${CARD}, models: [${MODEL}] }\n  - { gpu: ${CARD}, models: [${OTHER_MODEL}] }\n`,
  ),
  args: ["--max-cost", "1.60"],
};
const NO_STOCK: DrillScenario = { ...PLAIN, scripts: [{ type: CARD, action: "no-stock" }] };
const OUT_OF_MEMORY: DrillScenario = { ...PLAIN, scripts: [machine("out-of-memory")] };
const HELD: DrillScenario = { ...OUT_OF_MEMORY, args: ["--keep-on-failure", "5"] };
const BOOT_HANGS: DrillScenario = { ...PLAIN, scripts: [machine("boot-hangs")] };
const SERVER_STALLS: DrillScenario = { ...PLAIN, scripts: [machine("stalls")] };
/** The first request precedes the run, so it must succeed. */
const API_DOWN: DrillScenario = {
  ...PLAIN,
  scripts: [
    { match: { path: "^/linode/types$" }, nth: 2, count: 60, action: "status", status: 503 },
  ],
};
const STALLED: DrillScenario = { ...PLAIN, env: befalls("stall test.finished") };
const CLOCK_AHEAD: DrillScenario = { ...PLAIN, env: befalls("clock-ahead boot.running") };
const CLOCK_WRONG: DrillScenario = { ...PLAIN, env: befalls("clock-ahead now 6000") };
const INTERRUPTED: DrillScenario = {
  ...PLAIN,
  duringRun: async ({ pid, until }) => {
    await until("boot.running");
    process.kill(pid, "SIGINT");
  },
};
const GUARD_DIES: DrillScenario = {
  ...PLAIN,
  duringRun: async ({ until }) => {
    await until("boot.running");
    const guard = await until("guard.acknowledged");
    if (guard.type === "guard.acknowledged") process.kill(guard.pid, "SIGKILL");
  },
};
const RESUMED: DrillScenario = {
  ...PLAIN,
  secondProgram: {
    firstCrash: "boot.running:after+guard",
    args: (run) => ["run", "--resume", run],
  },
};
const RESUMED_ELSEWHERE: DrillScenario = {
  ...PLAIN,
  secondProgram: {
    firstCrash: "boot.running:after+guard",
    args: (run) => ["run", "--resume", run, "--ssh-cidr", "127.0.0.0/8"],
  },
};
/** `recover` is killed too, after a sweep and its guard were killed. */
export const RECOVERED: DrillScenario = {
  ...PLAIN,
  secondProgram: { firstCrash: "boot.running:after+guard", args: () => ["recover"] },
};
const WORLD_LOST: DrillScenario = {
  ...PLAIN,
  secondProgram: {
    firstCrash: "boot.running:after+guard",
    args: () => ["recover"],
    endWorld: true,
  },
};

/** The scenario in which a run reaches each event. The type requires one for every event type. */
export const WAYS: Readonly<Record<EventType, DrillScenario>> = {
  "run.opened": PLAIN,
  "run.adopted": RESUMED,
  "run.stopping": INTERRUPTED,
  "run.closed": PLAIN,
  "guard.acknowledged": PLAIN,
  "guard.lost": GUARD_DIES,
  "clock.jumped": CLOCK_AHEAD,
  "clock.differs": CLOCK_WRONG,
  "account.read": PLAIN,
  "account.compared": PLAIN,
  "world.ended": WORLD_LOST,
  "firewall.intended": PLAIN,
  "firewall.acknowledged": PLAIN,
  "firewall.updated": RESUMED_ELSEWHERE,
  "firewall.gone": PLAIN,
  "entry.skipped": ONE_TOO_LARGE,
  "entry.waiting": CAP_FOR_ONE,
  "entry.not_started": NO_STOCK,
  "admission.paused": API_DOWN,
  "admission.resumed": API_DOWN,
  "rental.reserved": PLAIN,
  "create.intended": PLAIN,
  "create.sent": PLAIN,
  "create.acknowledged": CREATED_AT_ONCE,
  "create.unknown": CREATE_LOST,
  "create.adopted": CREATE_UNHEARD,
  "create.absent": CREATE_LOST,
  "rental.reused": RESUMED,
  "boot.running": PLAIN,
  "ssh.ready": PLAIN,
  "setup.progressed": PLAIN,
  "machine.ready": PLAIN,
  "rental.held": HELD,
  "rental.failed": BOOT_HANGS,
  "destroy.intended": PLAIN,
  "destroy.sent": PLAIN,
  "destroy.unseen": PLAIN,
  "rental.gone": PLAIN,
  "rental.settled": PLAIN,
  "server.starting": PLAIN,
  "server.progressed": PLAIN,
  "server.ready": PLAIN,
  "server.failed": OUT_OF_MEMORY,
  "server.stopped": TWO_MODELS,
  "warmup.finished": PLAIN,
  "pass.started": PLAIN,
  "test.finished": PLAIN,
  "pass.finished": PLAIN,
  "pass.failed": SERVER_STALLS,
  "pass.void": STALLED,
  "configuration.finished": PLAIN,
};

/** Facts that nothing writes yet; the test fails as soon as something does. */
export const UNWRITTEN: readonly EventType[] = [];
