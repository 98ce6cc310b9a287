import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Execution } from "../../../src/cli/execution.ts";
import { passesDoneIn, takeUp } from "../../../src/cli/take-up.ts";
import { GPU_TYPES } from "../../../src/catalog/gpu-catalog.ts";
import type { Estimate } from "../../../src/estimate/estimate.ts";
import { estimatePlan } from "../../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../../src/estimate/market.ts";
import { keepClientKey } from "../../../src/journal/client-key.ts";
import type { SweepEvent } from "../../../src/journal/events.ts";
import { foldRun } from "../../../src/journal/fold-run.ts";
import { FencedError, JournalError } from "../../../src/journal/journal-errors.ts";
import { foldLedger } from "../../../src/journal/ledger.ts";
import { journalOver } from "../../../src/journal/journal-over.ts";
import { createApi } from "../../../src/simulator/api.ts";
import { createApiFaults } from "../../../src/simulator/faults.ts";
import { createInMemoryCloud } from "../../../src/simulator/in-memory-cloud.ts";
import { createInMemoryMachines } from "../../../src/simulator/in-memory-machines.ts";
import { createJumpingClock } from "../../../src/simulator/jumping-clock.ts";
import { createCoefficients } from "../../../src/simulator/machine/coefficients.ts";
import { charged } from "../../../src/simulator/invoice.ts";
import { createRandom } from "../../../src/simulator/random.ts";
import { createWorld, type World } from "../../../src/simulator/world.ts";
import { driveWorld } from "../../../src/simulator/world-driver.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import { runSweep } from "../../../src/sweep/run-sweep.ts";
import type { SweepSettings } from "../../../src/sweep/settings.ts";
import { reap } from "../../../src/teardown/reap.ts";
import { recoverRun } from "../../../src/teardown/recover-run.ts";
import { opened, RUN, START } from "../../journal/journal-rig.ts";
import { planWith } from "../../plan/a-plan.ts";
import { cloudOf, journalOf, newLife, type Life } from "./life.ts";
import { keyOf, memoryMachines, memoryMeasure } from "./memory-machines.ts";
import type { Happening, Schedule, Successor } from "./schedule.ts";

const MINUTE = 60_000;
const TOKEN = "t".repeat(64);
const SSH_CIDRS = ["127.0.0.1/32"];
const PATIENCE_MS = 10 * MINUTE;
const TYPES = ["g2-gpu-rtx4000a1-s", "g2-gpu-rtx4000a2-s", "g2-gpu-rtx4000a1-m"];
const clientKey = keyOf("client");
const folder = mkdtempSync(join(tmpdir(), RUN));
const plans = new Map<string, Estimate>();

export interface Outcome {
  readonly world: World;
  readonly events: readonly SweepEvent[];
  readonly estimate: Estimate;
  readonly capMicroUsd: number;
  readonly ledgerMicroUsd: number;
  /** Without the VM that is not ours. */
  readonly invoiceMicroUsd: number;
  readonly passes: number;
  /** Changes that a process sent after another one had taken over. */
  readonly forbidden: readonly string[];
  readonly foreignId: number;
}

/** A plan's whole sweep through the program's own rooms, in a world in memory, while everything of the schedule happens. */
export async function runSchedule(schedule: Schedule): Promise<Outcome> {
  const { seed, concurrency, passes, capShare } = schedule;
  // Before any clock runs: while a real disk is waited for, virtual time would go on.
  await keepClientKey(folder, clientKey);
  const estimate = estimateOf(schedule.entries, concurrency, passes);
  const capMicroUsd = Math.round(estimate.worst.micros * capShare);
  const clock = createJumpingClock(START);
  const coefficients = createCoefficients({ seed, delays: 1 });
  const machines = createInMemoryMachines({ clock, coefficients, seed });
  const problems: unknown[] = [];
  const world = createWorld({
    id: "sim-memory",
    token: TOKEN,
    seed,
    delays: 1,
    subnet: 7,
    now: () => clock.now(),
    gpuTypes: GPU_TYPES,
    coefficients,
    machines,
    onProblem: (error) => problems.push(error),
  });
  const driver = driveWorld(
    world,
    () => clock,
    (error) => problems.push(error),
  );
  const faults = createApiFaults();
  const cloud = createInMemoryCloud(
    { clock: () => clock, world, api: createApi(world), faults },
    TOKEN,
  );
  const { fingerprint } = await cloud.account(new AbortController().signal);
  const foreign = world.vms.create("simulated", FOREIGN);
  faults.add(schedule.faults);
  world.addMachineFaults(schedule.machineFaults);

  let stepMs = 0;
  let diskFull = false;
  let newest = 0;
  let ids = 0;
  let events: readonly SweepEvent[] = [];
  const jitter = createRandom(seed).named("jitter");
  const owners: Running[] = [];
  const forbidden: string[] = [];

  /** @returns whether the owner came to its end. */
  const own = async (who: Successor | undefined, death: Schedule["death"]): Promise<Owner> => {
    newest += 1;
    const gen = newest;
    const ownership = {
      gen,
      assertCurrent: (): void => {
        if (newest > gen) throw new FencedError(gen, newest);
      },
    };
    const life = newLife(clock, () => stepMs);
    const [stop, hurry] = [new AbortController(), new AbortController()];
    owners.push({ life, stop, hurry });
    const full = () => new JournalError("journal.jsonl", "no space left on device");
    const store = {
      append: () => (diskFull ? Promise.reject(full()) : Promise.resolve()),
      close: () => Promise.resolve(),
    };
    const durable = journalOver(store, events, { run: RUN, ownership, clock: life.clock });
    durable.subscribe(() => {
      if (newest === gen) events = [...durable.events()];
    });
    const ports: SweepPorts = {
      cloud: cloudOf(life, cloud, ownership, (what) => forbidden.push(what)),
      machines: memoryMachines(machines, life.clock),
      measure: memoryMeasure,
      journal: journalOf(life, durable, death),
      ownership,
      clock: life.clock,
      guard: { ensure: () => Promise.resolve() },
      publish: () => undefined,
      keep: (name) => Promise.resolve(name),
      nonce: () => String((ids += 1)).padStart(4, "0"),
      uuid: () => `id-${String((ids += 1))}`,
      password: () => "Aa1!correct-horse-battery",
      onAlarm: () => undefined,
      random: () => jitter.next(),
    };
    const settings = settingsOf(schedule, capMicroUsd, hurry.signal);
    const work = workOf(who, {
      estimate,
      ports,
      settings,
      stop: stop.signal,
      account: fingerprint,
    });
    // What ends a program with an error ends it; the next owner finds what it has left.
    const ended = work.then(
      () => undefined,
      () => undefined,
    );
    await Promise.race([ended, life.away]);
    return { life, ended };
  };

  const happen = async (happening: Happening): Promise<void> => {
    await clock.sleep(happening.atMinutes * MINUTE);
    switch (happening.what) {
      case "kill":
        owners.at(-1)?.life.kill();
        break;
      case "interrupt":
        interrupt(owners.at(-1));
        break;
      case "stopped":
        owners.at(-1)?.life.pause();
        break;
      case "reap":
        await reap({ cloud, clock }, new AbortController().signal).catch(() => undefined);
        break;
      case "asleep":
        clock.jump(happening.minutes * MINUTE);
        world.settle();
        driver.wake();
        break;
      case "clock step":
        stepMs += happening.minutes * MINUTE;
        break;
      case "revoked":
        world.tokens.put({ token: TOKEN, revoked: true });
        await clock.sleep(happening.minutes * MINUTE);
        world.tokens.put({ token: TOKEN, revoked: false });
        break;
      case "disk full":
        diskFull = true;
        await clock.sleep(happening.minutes * MINUTE);
        diskFull = false;
        break;
      case "no stock":
        world.addStockFaults([{ action: "no-stock", region: happening.region }]);
        await clock.sleep(happening.minutes * MINUTE);
        world.clearFaults();
        break;
    }
  };

  const happened = Promise.all(schedule.happenings.map(happen));
  let before = await own(undefined, schedule.death);
  for (const successor of schedule.successors) {
    if (foldRun(events).closed !== undefined) break;
    await clock.sleep(successor.afterMinutes * MINUTE);
    const next = await own(successor, successor.death);
    before.life.resume();
    await Promise.race([before.ended, clock.sleep(24 * 60 * MINUTE)]);
    before = next;
  }
  await happened;
  await clock.sleep(30 * MINUTE);
  faults.clear();
  world.clearFaults();
  for (let tries = 0; foldRun(events).closed === undefined && tries < 5; tries += 1) {
    const last = await own({ by: "recover", afterMinutes: 0, death: undefined }, undefined);
    before.life.resume();
    before = last;
  }
  // Whatever the dead had sent has arrived by now.
  await clock.sleep(120 * MINUTE);
  driver.stop();
  for (const { life, stop, hurry } of owners) {
    life.kill();
    // Node keeps a composed signal, and with it all that the dead have left, as long as one of them listens to it.
    stop.abort();
    hurry.abort();
  }
  await machines.close();
  if (problems.length > 0) throw new Error("the world itself failed", { cause: problems[0] });
  const nowMs = clock.now();
  const ledger = foldLedger(foldRun(events), nowMs);
  const ours = world.vms.all().filter(({ id }) => id !== foreign.id);
  return {
    ledgerMicroUsd: ledger.spentMicroUsd + ledger.reservedMicroUsd,
    invoiceMicroUsd: ours.reduce((sum, vm) => sum + charged(vm, nowMs), 0),
    world,
    events,
    estimate,
    capMicroUsd,
    passes: schedule.passes,
    forbidden,
    foreignId: foreign.id,
  };
}

interface Running {
  readonly life: Life;
  readonly stop: AbortController;
  readonly hurry: AbortController;
}

/** The first asks for the end, the second leaves what can wait to others. */
function interrupt(owner: Running | undefined): void {
  const pressed = owner?.stop.signal.aborted === true ? owner.hurry : owner?.stop;
  pressed?.abort(new Error("Ctrl-C"));
}

interface Owner {
  readonly life: Life;
  readonly ended: Promise<void>;
}

interface Work {
  readonly estimate: Estimate;
  readonly ports: SweepPorts;
  readonly settings: SweepSettings;
  readonly stop: AbortSignal;
  readonly account: string;
}

async function workOf(who: Successor | undefined, work: Work): Promise<void> {
  const { estimate, ports, settings, stop } = work;
  const { journal } = ports;
  const sweep = async (reusable: Awaited<ReturnType<typeof takeUp>>): Promise<void> => {
    if (reusable === undefined) return;
    const passesDone = passesDoneIn(foldRun(journal.events()));
    try {
      await runSweep({ estimate, passesDone, clientKey, reusable }, ports, settings, stop);
    } finally {
      const state = foldRun(journal.events());
      const open = [...state.rentals.values()].some(({ settled }) => settled === undefined);
      if (!open && state.firewall?.gone !== false)
        await journal.append({ type: "run.closed", exit_code: 0, state: "finished" });
    }
  };
  if (who === undefined || journal.events().length === 0) {
    await journal.append({ ...opened, cap_micro_usd: settings.cap, account: work.account });
    await sweep([]);
    return;
  }
  if (who.by === "resume") {
    await journal.append({ type: "run.adopted", by: "resume", pid: 1 });
    const call = { terminal: { signals: { stop } } };
    const facts = { estimate, folder, sshCidrs: SSH_CIDRS, call, worldGone: false };
    await sweep(await takeUp(facts as unknown as Execution, ports, PATIENCE_MS));
    return;
  }
  await recoverRun({
    ...ports,
    folder,
    by: who.by,
    pid: 1,
    spareHeld: true,
    patienceMs: who.by === "guard" ? undefined : PATIENCE_MS,
  });
}

function settingsOf(schedule: Schedule, cap: number, hurry: AbortSignal): SweepSettings {
  return {
    run: RUN,
    version: "0.0.0",
    timeZoneOffsetMinutes: 0,
    cap,
    monthlyCap: undefined,
    maxCostPerEntry: undefined,
    concurrency: schedule.concurrency,
    world: "sim-memory",
    sshPort: 22,
    sshCidrs: SSH_CIDRS,
    destroyPatienceMs: PATIENCE_MS,
    keepOnFailureMs: 0,
    streamInterval: undefined,
    allowRemoteCode: false,
    hfToken: undefined,
    monthSpentElsewhere: 0,
    leaveHeld: false,
    hurry,
  };
}

function estimateOf(entries: number, concurrency: number, passes: number): Estimate {
  const key = [entries, concurrency, passes].join();
  const known = plans.get(key);
  if (known !== undefined) return known;
  const model = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";
  const list = TYPES.slice(0, entries).map((gpu) => `{ gpu: ${gpu}, models: [${model}] }`);
  const top = `budget: { max_cost: 100 }\nconcurrency: ${String(concurrency)}\npasses: ${String(passes)}\nsuites: [coding]\nengine: { max_model_len: 16384 }`;
  const estimate = estimatePlan(planWith(`[${list.join(", ")}]`, top), builtInMarket());
  plans.set(key, estimate);
  return estimate;
}

const FOREIGN = {
  type: "g2-gpu-rtx4000a1-s",
  region: "us-ord",
  image: "linode/ubuntu24.04",
  label: "mds-lookalike-001-abcd-xyz",
  root_pass: "Correct-horse-7-battery",
  interface_generation: "legacy_config",
  tags: ["maider-sweep"],
};
