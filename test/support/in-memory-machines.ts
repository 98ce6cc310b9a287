import { duplexPair, type Duplex } from "node:stream";
import type { Clock } from "../../src/support/clock.ts";
import { createGuest, type Guest } from "../../src/simulator/ssh/guest.ts";
import { readUserData } from "../../src/simulator/ssh/guest-setup.ts";
import { runCommand, type CommandResult } from "../../src/simulator/ssh/vm-commands.ts";
import type { Coefficients } from "../../src/simulator/world/coefficients.ts";
import type {
  SshMachines,
  ServedRequest,
  SimulatedVm,
} from "../../src/simulator/world/simulated-vm.ts";
import { createVirtualTimeline } from "./virtual-timeline.ts";

/** Access to a VM after logging in. */
export interface Shell {
  readonly vm: SimulatedVm;
  readonly hostKey: string | undefined;
  readonly authorizedKeys: readonly string[];
  /** False once the SSH server has frozen or the VM is down. */
  alive(): boolean;
  run(line: string, stdin: string): Promise<CommandResult>;
  /** Connects to a port on the VM's loopback interface; undefined if nothing listens there. */
  open(port: number): Duplex | undefined;
}

export interface InMemoryMachines extends SshMachines {
  /** Logs in to the VM at this address if it is up, answers, and its firewall admits `from`. */
  at(ipv4: string, from?: string): Shell | undefined;
}

const VLLM_PORT = 8000;

/** A running VM. */
interface Machine {
  readonly vm: SimulatedVm;
  readonly guest: Guest;
  /** Earlier logins are closed. */
  epoch: number;
  link: "up" | "cut" | "frozen";
  readonly streams: Set<Duplex>;
}

/** The simulated machines without SSH and sockets, which work with a jumping clock. */
export function createInMemoryMachines(options: {
  readonly clock: Clock;
  readonly coefficients: Coefficients;
  readonly seed: number;
}): InMemoryMachines {
  const timeline = createVirtualTimeline(options.clock);
  const guests = new Map<number, Guest>();
  const machines = new Map<string, Machine>();
  const served: ServedRequest[] = [];

  const lose = (machine: Machine): void => {
    machine.epoch += 1;
    for (const stream of machine.streams) stream.destroy();
  };
  const install = (vm: SimulatedVm): Guest => {
    const withMachine = (act: (machine: Machine) => void) => (): void => {
      const machine = machines.get(vm.ipv4);
      if (machine?.vm.id === vm.id) act(machine);
    };
    return createGuest({
      vm,
      setup: readUserData(vm.userData),
      timeline,
      coefficients: options.coefficients,
      seed: options.seed,
      onServed: (request) => served.push(request),
      link: {
        freeze: withMachine((machine) => {
          machine.link = "frozen";
          lose(machine);
        }),
        cut: withMachine((machine) => {
          if (machine.link === "up") machine.link = "cut";
          lose(machine);
        }),
        restore: withMachine((machine) => {
          if (machine.link === "cut") machine.link = "up";
        }),
      },
    });
  };
  const logIn = (machine: Machine): Shell => {
    const { vm, guest, epoch } = machine;
    return {
      vm,
      hostKey: guest.setup.hostKey,
      authorizedKeys: [...vm.authorizedKeys, ...guest.setup.rootKeys],
      alive: () => machines.get(vm.ipv4) === machine && machine.epoch === epoch,
      run: (line, stdin) => runCommand(guest, line, () => Promise.resolve(stdin)),
      open: (port) => {
        const server = port === VLLM_PORT ? guest.vllm() : undefined;
        if (server === undefined) return undefined;
        const [near, target] = duplexPair();
        server.attach(target);
        machine.streams.add(near);
        // Destroying one end of a pair does not close the other.
        near.once("close", () => {
          machine.streams.delete(near);
          target.destroy();
        });
        target.once("close", () => near.destroy());
        return near;
      },
    };
  };

  return {
    at: (ipv4, from = "127.0.0.1") => {
      const machine = machines.get(ipv4);
      const reachable = machine?.link === "up" && machine.vm.admitsSsh(from);
      return reachable ? logIn(machine) : undefined;
    },
    async powerOn(vm, faults) {
      const guest = guests.get(vm.id) ?? install(vm);
      guests.set(vm.id, guest);
      if (!faults.some(({ action }) => action === "boot-hangs"))
        machines.set(vm.ipv4, { vm, guest, epoch: 0, link: "up", streams: new Set() });
      guest.bootUp(faults, vm.bootedMs);
    },
    async powerOff(vm, how) {
      const machine = machines.get(vm.ipv4);
      machines.delete(vm.ipv4);
      guests.get(vm.id)?.shutDown();
      if (machine !== undefined) lose(machine);
      if (how === "gone") guests.delete(vm.id);
    },
    dropForbiddenConnections() {
      for (const machine of machines.values())
        if (!machine.vm.admitsSsh("127.0.0.1")) lose(machine);
    },
    served: () => served,
    connections: () => 0,
    async close() {
      for (const guest of guests.values()) guest.shutDown();
      timeline.close();
    },
  };
}
