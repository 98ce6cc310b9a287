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

/** What a program that is logged in to a VM can do there. */
export interface Shell {
  readonly vm: SimulatedVm;
  readonly hostKey: string | undefined;
  readonly authorizedKeys: readonly string[];
  /** False from the moment on at which its SSH server froze or the VM went down. */
  alive(): boolean;
  run(line: string, stdin: string): Promise<CommandResult>;
  /** A connection to this port of the VM's loopback; undefined when nobody listens. */
  open(port: number): Duplex | undefined;
}

export interface InMemoryMachines extends SshMachines {
  /** The VM at this address, as long as it is up and answers. */
  at(ipv4: string): Shell | undefined;
}

const VLLM_PORT = 8000;

/** The machines' other face: the same guests without SSH and sockets, for clocks that jump. */
export function createInMemoryMachines(options: {
  readonly clock: Clock;
  readonly coefficients: Coefficients;
  readonly seed: number;
}): InMemoryMachines {
  const timeline = createVirtualTimeline(options.clock);
  const guests = new Map<number, Guest>();
  const shells = new Map<string, Shell>();
  const served: ServedRequest[] = [];

  const install = (vm: SimulatedVm): Guest =>
    createGuest({
      vm,
      setup: readUserData(vm.userData),
      timeline,
      coefficients: options.coefficients,
      seed: options.seed,
      onServed: (request) => served.push(request),
      onFreeze: () => shells.delete(vm.ipv4),
    });
  const shellOf = (vm: SimulatedVm, guest: Guest): Shell => {
    const shell: Shell = {
      vm,
      hostKey: guest.setup.hostKey,
      authorizedKeys: [...vm.authorizedKeys, ...guest.setup.rootKeys],
      alive: () => shells.get(vm.ipv4) === shell,
      run: (line, stdin) => runCommand(guest, line, () => Promise.resolve(stdin)),
      open: (port) => {
        const server = port === VLLM_PORT ? guest.vllm() : undefined;
        if (server === undefined) return undefined;
        const [near, target] = duplexPair();
        server.attach(target);
        // A pair's end does not notice that the other one is destroyed.
        near.once("close", () => target.destroy());
        target.once("close", () => near.destroy());
        return near;
      },
    };
    return shell;
  };

  return {
    at: (ipv4) => shells.get(ipv4),
    async powerOn(vm, faults) {
      const guest = guests.get(vm.id) ?? install(vm);
      guests.set(vm.id, guest);
      guest.bootUp(faults, vm.bootedMs);
      if (faults.some(({ action }) => action === "boot-hangs")) return;
      shells.set(vm.ipv4, shellOf(vm, guest));
    },
    async powerOff(vm, how) {
      shells.delete(vm.ipv4);
      guests.get(vm.id)?.shutDown();
      if (how === "gone") guests.delete(vm.id);
    },
    served: () => served,
    connections: () => 0,
    async close() {
      for (const guest of guests.values()) guest.shutDown();
      timeline.close();
    },
  };
}
