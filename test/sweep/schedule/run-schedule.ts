import { GPU_TYPES } from "../../../src/catalog/gpu-catalog.ts";
import type { Estimate } from "../../../src/estimate/estimate.ts";
import { saveClientKey } from "../../../src/journal/client-key.ts";
import type { SweepEvent } from "../../../src/journal/events.ts";
import { foldRun } from "../../../src/run-state/fold-run.ts";
import { FencedError, JournalError } from "../../../src/journal/journal-errors.ts";
import { foldLedger } from "../../../src/run-state/ledger.ts";
import { createJournal } from "../../../src/journal/create-journal.ts";
import { createApi } from "../../../src/simulator/api/api.ts";
import { createApiFaults } from "../../../src/simulator/faults/api-faults.ts";
import { createInMemoryCloud } from "../../support/in-memory-cloud.ts";
import { createInMemoryMachines } from "../../support/in-memory-machines.ts";
import { createJumpingClock } from "../../support/jumping-clock.ts";
import { createCoefficients } from "../../../src/simulator/world/coefficients.ts";
import { charge } from "../../../src/simulator/world/invoice.ts";
import type { StockFault } from "../../../src/simulator/faults/fault-scripts.ts";
import { createRandom } from "../../../src/simulator/world/random.ts";
import { createWorld, type World } from "../../../src/simulator/world/world.ts";
import { driveClock } from "../../../src/simulator/world/world-clock.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import { reap } from "../../../src/teardown/reap.ts";
import { RUN, START } from "../../journal/journal-rig.ts";
import { createNetwork } from "../network.ts";
import { cloudOf, journalOf, newLife, type Life } from "./life.ts";
import { memoryMachines, memoryMeasure } from "./memory-machines.ts";
import { estimateOf, FOREIGN, MINUTE, PATIENCE_MS, settingsOf } from "./plan-of-schedule.ts";
import type { Happening, Schedule, Successor } from "./schedule.ts";
import { createWitness, metInJournal, type Met } from "./witness.ts";
import { clientKey, folder, workOf } from "./work-of-owner.ts";

const TOKEN = "t".repeat(64);

export interface Outcome {
  readonly schedule: Schedule;
  /** What took effect, not only what was drawn. */
  readonly met: ReadonlySet<Met>;
  readonly world: World;
  readonly events: readonly SweepEvent[];
  readonly estimate: Estimate;
  readonly capMicroUsd: number;
  readonly ledgerMicroUsd: number;
  /** Without the VMs that are not ours. */
  readonly invoiceMicroUsd: number;
  /** Changes that a process sent after another one had taken over, or the reaper before the expiry. */
  readonly forbidden: readonly string[];
  readonly foreignIds: ReadonlySet<number>;
}

/** A plan's whole sweep through the program's own rooms, in a world in memory, while everything of the schedule happens. */
export async function runSchedule(schedule: Schedule): Promise<Outcome> {
  const { seed, capShare } = schedule;
  // Before any clock runs: while a real disk is waited for, virtual time would go on.
  await saveClientKey(folder, clientKey);
  const estimate = estimateOf(schedule);
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
  const driver = driveClock(
    world,
    () => clock,
    (error) => problems.push(error),
  );
  const witness = createWitness();
  const faults = createApiFaults(world.now);
  const network = createNetwork();
  let isApiDown = false;
  let deletesFail: "briefly" | "for long" | undefined;
  const cloud = createInMemoryCloud(
    {
      clock: () => clock,
      world,
      api: witness.overApi(createApi(world)),
      faults: witness.overFaults({
        ...faults,
        claim(method, path) {
          if (isApiDown) return { match: {}, action: "status", status: 503 };
          const fails = method === "DELETE" && path.includes("instances") && deletesFail;
          if (!fails) return faults.claim(method, path);
          if (deletesFail === "for long")
            witness.saw("DELETE that fails for longer than the patience");
          return { match: {}, action: "status", status: 503 };
        },
      }),
    },
    TOKEN,
  );
  const { fingerprint } = await cloud.account(new AbortController().signal);
  const foreignIds = new Set(FOREIGN.map((order) => world.vms.create("simulated", order).id));
  faults.add(schedule.faults);
  world.addMachineFaults(schedule.machineFaults);

  let stepMs = schedule.clockAheadMinutes * MINUTE;
  if (stepMs !== 0) witness.saw("clock that is wrong from the beginning");
  let diskFull = false;
  const emptyShelves = new Set<StockFault>();
  let newest = 0;
  let ids = 0;
  let events: readonly SweepEvent[] = [];
  const jitter = createRandom(seed).named("jitter");
  const owners: Running[] = [];
  const forbidden: string[] = [];
  const reservedUntilMs = new Map<string, number>();

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
    const former = owners.at(-1);
    if (former?.isRunning() === true) witness.saw("second process");
    const life = newLife(clock, () => stepMs);
    const [stop, skipFirewallWait] = [new AbortController(), new AbortController()];
    let isOver = false;
    owners.push({ life, stop, skipFirewallWait, isRunning: () => !isOver && !life.isDead() });
    const full = () => new JournalError("journal.jsonl", "no space left on device");
    const store = {
      append: () => {
        if (!diskFull) return Promise.resolve();
        witness.saw("full disk");
        return Promise.reject(full());
      },
      close: () => Promise.resolve(),
    };
    const durable = createJournal(store, events, { run: RUN, ownership, clock: life.clock });
    durable.subscribe((event) => {
      if (event.type === "rental.reserved")
        reservedUntilMs.set(event.label, clock.now() + event.hours * 60 * MINUTE);
      if (newest === gen) events = [...durable.events()];
    });
    const ports: SweepPorts = {
      cloud: cloudOf(life, cloud, ownership, (what) => forbidden.push(what)),
      machines: memoryMachines(machines, life.clock, network),
      publicCidr: () => Promise.resolve(`${network.address}/32`),
      measure: memoryMeasure,
      journal: journalOf(life, durable, death, () => witness.saw("crash at a fact")),
      ownership,
      clock: life.clock,
      guard: { ensure: () => Promise.resolve() },
      saveLog: (name) => Promise.resolve(name),
      nonce: () => String((ids += 1)).padStart(4, "0"),
      uuid: () => `id-${String((ids += 1))}`,
      password: () => "Aa1!correct-horse-battery",
      onAlarm: () => undefined,
      random: () => jitter.next(),
    };
    const settings = {
      ...settingsOf(schedule, capMicroUsd, skipFirewallWait.signal),
      sshCidrs: [`${network.address}/32`],
    };
    const work = workOf(who, {
      estimate,
      ports,
      settings,
      stop: stop.signal,
      account: fingerprint,
    });
    // What ends a program with an error ends it; the next owner finds what it has left.
    const end = (): void => {
      isOver = true;
    };
    const ended = work.then(end, end);
    await Promise.race([ended, life.away]);
    return { life, ended };
  };

  /** To whoever owns the run just then, and is still at it. */
  const toOwner = (met: Met | undefined, act: (owner: Running) => void): void => {
    const owner = owners.at(-1);
    if (owner?.isRunning() !== true) return;
    if (met !== undefined) witness.saw(met);
    act(owner);
  };
  const happen = async (happening: Happening): Promise<void> => {
    await clock.sleep(happening.atMinutes * MINUTE);
    switch (happening.what) {
      case "kill":
        toOwner("crash at a moment", ({ life }) => life.kill());
        break;
      case "interrupt":
        toOwner("interrupt", interrupt);
        break;
      case "stopped":
        toOwner(undefined, ({ life }) => life.pause());
        break;
      case "second process":
        await own({ by: happening.by, afterMinutes: 0, death: undefined }, undefined);
        break;
      case "reap": {
        const never = new AbortController().signal;
        const reaped = await reap({ cloud, clock }, never).catch(() => undefined);
        witness.sawReaper(reaped);
        for (const label of reaped?.destroyed ?? []) {
          if (clock.now() < (reservedUntilMs.get(label) ?? 0))
            forbidden.push(`reap destroyed ${label} before its expiry`);
        }
        break;
      }
      case "asleep":
        toOwner(happening.minutes >= 480 ? "sleep of 8 h" : "shorter sleep", () => undefined);
        clock.jump(happening.minutes * MINUTE);
        world.settle();
        driver.wake();
        break;
      case "clock step":
        toOwner("clock step", () => undefined);
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
      case "link breaks":
        network.cut();
        await clock.sleep(happening.minutes * MINUTE);
        network.heal();
        break;
      case "another address":
        network.move(`198.51.100.${String(1 + (happening.atMinutes % 250))}`);
        break;
      case "API down":
        isApiDown = true;
        await clock.sleep(happening.minutes * MINUTE);
        isApiDown = false;
        break;
      case "deletes fail":
        deletesFail = happening.minutes * MINUTE > PATIENCE_MS ? "for long" : "briefly";
        await clock.sleep(happening.minutes * MINUTE);
        deletesFail = undefined;
        break;
      case "no stock": {
        const { region, advertised } = happening;
        const shelf: StockFault = { action: "no-stock", region, advertised };
        emptyShelves.add(shelf);
        restock();
        await clock.sleep(happening.minutes * MINUTE);
        emptyShelves.delete(shelf);
        restock();
        break;
      }
    }
  };
  const restock = (): void => {
    world.clearFaults();
    world.addMachineFaults(schedule.machineFaults);
    world.addStockFaults([...emptyShelves]);
  };

  const happened = Promise.all(schedule.happenings.map(happen));
  let before = await own(undefined, schedule.death);
  for (const successor of schedule.successors) {
    if (foldRun(events).closed !== undefined) break;
    await clock.sleep(successor.afterMinutes * MINUTE);
    const next = await own(successor, successor.death);
    before.life.resume();
    // The dead never come to an end.
    if (!before.life.isDead()) await Promise.race([before.ended, clock.sleep(24 * 60 * MINUTE)]);
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
  for (const { life, stop, skipFirewallWait } of owners) {
    life.kill();
    // Node keeps a composed signal, and with it all that the dead have left, as long as one of them listens to it.
    stop.abort();
    skipFirewallWait.abort();
  }
  await machines.close();
  if (problems.length > 0) throw new Error("the world itself failed", { cause: problems[0] });
  const nowMs = clock.now();
  const ledger = foldLedger(foldRun(events), nowMs);
  const ours = world.vms.all().filter(({ id }) => !foreignIds.has(id));
  for (const each of metInJournal(events)) witness.saw(each);
  return {
    schedule,
    met: witness.met,
    ledgerMicroUsd: ledger.spentMicroUsd + ledger.reservedMicroUsd,
    invoiceMicroUsd: ours.reduce((sum, vm) => sum + charge(vm, nowMs), 0),
    world,
    events,
    estimate,
    capMicroUsd,
    forbidden,
    foreignIds,
  };
}

interface Running {
  readonly life: Life;
  readonly stop: AbortController;
  readonly skipFirewallWait: AbortController;
  /** Not at its end, not killed; perhaps stopped. */
  isRunning(): boolean;
}

/** The first asks for the end, the second leaves what can wait to others. */
function interrupt({ stop, skipFirewallWait }: Running): void {
  const pressed = stop.signal.aborted ? skipFirewallWait : stop;
  pressed.abort(new Error("Ctrl-C"));
}

interface Owner {
  readonly life: Life;
  readonly ended: Promise<void>;
}
