import { GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { estimatePlan } from "../../src/estimate/estimate-plan.ts";
import { builtInMarket } from "../../src/estimate/market.ts";
import { saveClientKey } from "../../src/journal/client-key.ts";
import { createJournal } from "../../src/journal/create-journal.ts";
import type { EventOf, EventType, SweepEvent } from "../../src/journal/events.ts";
import { FencedError } from "../../src/journal/journal-errors.ts";
import { createApi } from "../../src/simulator/api/api.ts";
import { createApiFaults, type ApiFaults } from "../../src/simulator/faults/api-faults.ts";
import type { ApiFault } from "../../src/simulator/faults/fault-scripts.ts";
import { createCoefficients } from "../../src/simulator/world/coefficients.ts";
import { driveClock } from "../../src/simulator/world/world-clock.ts";
import type { MachineFault } from "../../src/simulator/faults/fault-scripts.ts";
import { createWorld } from "../../src/simulator/world/world.ts";
import type { SweepPorts } from "../../src/sweep/ports.ts";
import type { SweepSettings } from "../../src/sweep/settings.ts";
import { RUN, START } from "../journal/journal-rig.ts";
import { planWith } from "../plan/a-plan.ts";
import { createInMemoryCloud } from "../support/in-memory-cloud.ts";
import { createInMemoryMachines } from "../support/in-memory-machines.ts";
import { createJumpingClock } from "../support/jumping-clock.ts";
import { createNetwork } from "./network.ts";
import { cloudOf, journalOf, newLife, type Life } from "./schedule/life.ts";
import { memoryMachines, memoryMeasure } from "./schedule/memory-machines.ts";
import { MINUTE, SSH_CIDRS } from "./schedule/plan-of-schedule.ts";
import { clientKey, folder, workOf } from "./schedule/work-of-owner.ts";

const TOKEN = "t".repeat(64);
const MODEL = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";

export interface SimulatedSweepOptions {
  /** In YAML flow style; left out: one entry of the cheapest type. */
  readonly entries?: string;
  readonly passes?: number;
  /** Settings of every server, in YAML flow style. */
  readonly engine?: string;
  readonly concurrency?: number;
  readonly faults?: readonly ApiFault[];
  readonly machineFaults?: readonly MachineFault[];
  readonly settings?: Partial<SweepSettings>;
  /** The program can find out the network's public address. */
  readonly asksAddress?: boolean;
  /** What the program meets in place of the simulated cloud and machines. */
  readonly change?: (ports: SweepPorts) => Partial<SweepPorts>;
}

export type SimulatedSweep = Awaited<ReturnType<typeof simulatedSweep>>;

/** What one owner of the run does otherwise. */
interface Turn {
  readonly stop?: AbortSignal;
  readonly settings?: Partial<SweepSettings>;
}

/** The sweep of a plan in a simulated cloud in memory, on a clock that jumps: `run` it, cut it off, `resume` it. */
export async function simulatedSweep(options: SimulatedSweepOptions = {}) {
  const {
    engine = "{ max_model_len: 16384 }",
    passes = 2,
    concurrency = 1,
    faults = [],
    machineFaults = [],
    change,
  } = options;
  await saveClientKey(folder, clientKey);
  const entries = options.entries ?? `[{ gpu: g2-gpu-rtx4000a1-s, models: [${MODEL}] }]`;
  const top = `budget: { max_cost: 100 }\nconcurrency: ${String(concurrency)}\npasses: ${String(passes)}\nsuites: [coding]\nengine: ${engine}`;
  const estimate = estimatePlan(planWith(entries, top), builtInMarket());
  const clock = createJumpingClock(START);
  const coefficients = createCoefficients({ seed: 1, delays: 1 });
  const machines = createInMemoryMachines({ clock, coefficients, seed: 1 });
  const problems: unknown[] = [];
  const onProblem = (error: unknown): void => void problems.push(error);
  const world = createWorld({
    id: "sim-memory",
    token: TOKEN,
    seed: 1,
    delays: 1,
    subnet: 7,
    now: () => clock.now(),
    gpuTypes: GPU_TYPES,
    coefficients,
    machines,
    onProblem,
  });
  const driver = driveClock(world, () => clock, onProblem);
  const apiFaults = createApiFaults(world.now);
  apiFaults.add(faults);
  world.addMachineFaults(machineFaults);
  const network = createNetwork();
  const requests: string[] = [];
  const claim: ApiFaults["claim"] = (method, path) => {
    requests.push(`${method} ${path}`);
    return apiFaults.claim(method, path);
  };
  const cloud = createInMemoryCloud(
    { clock: () => clock, world, api: createApi(world), faults: { ...apiFaults, claim } },
    TOKEN,
  );
  const { fingerprint: account } = await cloud.account(new AbortController().signal);
  const listeners: ((event: SweepEvent) => void)[] = [];
  const lives: Life[] = [];
  let events: readonly SweepEvent[] = [];
  let newest = 0;
  let ids = 0;

  const own = async (by: "resume" | undefined, turn: Turn): Promise<void> => {
    const { stop = new AbortController().signal } = turn;
    newest += 1;
    const gen = newest;
    const ownership = {
      gen,
      assertCurrent: (): void => {
        if (newest > gen) throw new FencedError(gen, newest);
      },
    };
    const life = newLife(clock, () => 0);
    lives.push(life);
    const store = { append: () => Promise.resolve(), close: () => Promise.resolve() };
    const journal = createJournal(store, events, { run: RUN, ownership, clock: life.clock });
    journal.subscribe((event) => {
      events = [...journal.events()];
      for (const listener of listeners) listener(event);
    });
    const given: SweepPorts = {
      cloud: cloudOf(life, cloud, ownership, (what) => problems.push(new Error(what))),
      machines: memoryMachines(machines, life.clock, network),
      measure: memoryMeasure,
      journal: journalOf(life, journal, undefined, () => undefined),
      ownership,
      clock: life.clock,
      guard: { ensure: () => Promise.resolve() },
      saveLog: (name) => Promise.resolve(name),
      nonce: () => String((ids += 1)).padStart(4, "0"),
      uuid: () => `id-${String((ids += 1))}`,
      password: () => "Aa1!correct-horse-battery",
      onAlarm: () => undefined,
      random: () => 0.5,
      ...(options.asksAddress === true
        ? { publicCidr: () => Promise.resolve(`${network.address}/32`) }
        : {}),
    };
    const settings: SweepSettings = {
      run: RUN,
      version: "0.0.0",
      cap: 100_000_000,
      monthlyCap: undefined,
      maxCostPerEntry: undefined,
      concurrency,
      world: "sim-memory",
      sshPort: 22,
      sshCidrs: SSH_CIDRS,
      destroyPatienceMs: 10 * MINUTE,
      keepOnFailureMs: 0,
      streamInterval: undefined,
      allowRemoteCode: false,
      hfToken: undefined,
      leaveHeld: false,
      skipFirewallWait: new AbortController().signal,
      ...options.settings,
      ...turn.settings,
    };
    const ports = { ...given, ...change?.(given) };
    const who = by && { by, afterMinutes: 0, death: undefined };
    const work = workOf(who, { estimate, ports, settings, stop, account });
    await Promise.race([work, life.away]);
    if (problems.length > 0) throw new Error("the simulated cloud failed", { cause: problems[0] });
  };
  const ofType = <T extends EventType>(type: T): EventOf<T>[] =>
    events.filter((event): event is EventOf<T> => event.type === type);

  return {
    estimate,
    clock,
    world,
    network,
    faults: apiFaults,
    events: () => events,
    ofType,
    /** Sent to the API, refused ones too: `POST /linode/instances`. */
    requests: (): readonly string[] => requests,
    /** VMs that were ever created. */
    vms: () => world.vms.all(),
    onEvent: (listener: (event: SweepEvent) => void) => void listeners.push(listener),
    /** Calls `act` after the n-th event of a type. */
    after: (type: EventType, nth: number, act: () => void): void => {
      let seen = 0;
      listeners.push((event) => {
        if (event.type !== type) return;
        seen += 1;
        if (seen === nth) act();
      });
    },
    run: (turn: Turn = {}): Promise<void> => own(undefined, turn),
    resume: (turn: Turn = {}): Promise<void> => own("resume", turn),
    /** The program dies, as by kill -9. */
    kill: () => lives.at(-1)?.kill(),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      driver.stop();
      for (const life of lives) life.kill();
      await machines.close();
    },
  };
}
