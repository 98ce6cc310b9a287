import { GPU_TYPES } from "../../../src/catalog/gpu-catalog.ts";
import { volatileJournal } from "../../../src/journal/create-journal.ts";
import type { Machine, MachineTarget } from "../../../src/machine/machine.ts";
import { createApi } from "../../../src/simulator/api/api.ts";
import { createApiFaults } from "../../../src/simulator/faults/api-faults.ts";
import { createCoefficients } from "../../../src/simulator/world/coefficients.ts";
import { driveClock } from "../../../src/simulator/world/world-clock.ts";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";
import { createWorld } from "../../../src/simulator/world/world.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import type { SweepSettings } from "../../../src/sweep/settings.ts";
import { bringUp } from "../../../src/sweep/rental/boot.ts";
import type { RentedVm } from "../../../src/sweep/rental/rented-vm.ts";
import { ownerOf, RUN, START, vmLabel } from "../../journal/journal-rig.ts";
import { createInMemoryCloud } from "../../support/in-memory-cloud.ts";
import { createInMemoryMachines } from "../../support/in-memory-machines.ts";
import { createJumpingClock } from "../../support/jumping-clock.ts";
import { keyOf, memoryMachines, memoryMeasure } from "../schedule/memory-machines.ts";

/** Settings of a sweep that nobody has changed. */
export function rentalSettings(changes: Partial<SweepSettings> = {}): SweepSettings {
  return {
    run: RUN,
    version: "0.0.0",
    timeZoneOffsetMinutes: 0,
    cap: 100_000_000,
    monthlyCap: undefined,
    maxCostPerEntry: undefined,
    concurrency: 1,
    world: "sim-memory",
    sshPort: 22,
    sshCidrs: ["127.0.0.1/32"],
    destroyPatienceMs: 600_000,
    keepOnFailureMs: 0,
    leaveHeld: false,
    streamInterval: undefined,
    allowRemoteCode: false,
    hfToken: undefined,
    skipFirewallWait: new AbortController().signal,
    ...changes,
  };
}

const TOKEN = "t".repeat(64);
const IMAGE = "vllm/vllm-openai:v0.27.1";

/** A VM that has just been created in a simulated cloud in memory, whose clock jumps, and the ports to use it. */
export async function simulatedRental(
  options: {
    readonly gpu?: string;
    readonly faults?: readonly MachineFault[];
    /** What the program meets in place of the simulated machines or cloud. */
    readonly change?: (ports: SweepPorts) => Partial<SweepPorts>;
  } = {},
) {
  const { gpu = "g2-gpu-rtx4000a1-s", faults = [], change } = options;
  const clock = createJumpingClock(START);
  const coefficients = createCoefficients({ seed: 1, delays: 1 });
  const machines = createInMemoryMachines({ clock, coefficients, seed: 1 });
  const onProblem = (error: unknown): void => {
    throw error;
  };
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
  const memory = createInMemoryCloud(
    { clock: () => clock, world, api: createApi(world), faults: createApiFaults(world.now) },
    TOKEN,
  );
  let reboots = 0;
  const cloud = {
    ...memory,
    rebootVm: async (id: number) => {
      await memory.rebootVm(id);
      reboots += 1;
    },
  };
  world.addMachineFaults(faults);
  const label = vmLabel(1);
  const clientKey = keyOf("client");
  const hostKey = keyOf(label);
  const ownership = ownerOf(1);
  const own: SweepPorts = {
    cloud,
    machines: memoryMachines(machines, clock),
    measure: memoryMeasure,
    journal: volatileJournal([], { run: RUN, ownership, clock }),
    ownership,
    clock,
    guard: { ensure: () => Promise.resolve() },
    publish: () => undefined,
    saveLog: (name) => Promise.resolve(name),
    nonce: () => "n0nc",
    uuid: () => "id-1",
    password: () => "Aa1!correct-horse-battery",
    onAlarm: () => undefined,
  };
  const ports = { ...own, ...change?.(own) };
  const created = await cloud.createVm({
    label,
    type: gpu,
    region: "us-ord",
    image: "linode/ubuntu24.04",
    rootPassword: own.password(),
    authorizedKeys: [clientKey.publicLine],
    userData: own.machines.userData({ hostKey, image: IMAGE }),
    firewallId: (
      await cloud.createFirewall({ label: "firewall", tags: [], sshCidrs: ["127.0.0.1/32"] })
    ).id,
    tags: [],
  });
  const vm: RentedVm = {
    label,
    vmId: created.id,
    ipv4: created.ipv4 ?? "",
    region: created.region,
    priceMicroUsd: 520_000,
    hostKey: hostKey.publicWire,
    serverMayRun: false,
  };
  const target: MachineTarget = {
    label,
    host: vm.ipv4,
    port: 22,
    hostKey: vm.hostKey,
    clientKey: clientKey.privateKey,
  };
  return {
    ports,
    vm,
    target,
    clock,
    /** Requested from the API. */
    reboots: () => reboots,
    bringUp: (signal = new AbortController().signal): Promise<Machine> =>
      bringUp(vm, target, gpu, ports, signal),
    events: () => ports.journal.events(),
    types: () => ports.journal.events().map(({ type }) => type),
    [Symbol.asyncDispose]: async () => {
      driver.stop();
      await machines.close();
    },
  };
}
