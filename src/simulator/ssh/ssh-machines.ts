import type { Clock } from "../../support/clock.ts";
import type { Coefficients } from "../world/coefficients.ts";
import type { MachineFault } from "../faults/fault-scripts.ts";
import type { SshMachines, ServedRequest, SimulatedVm } from "../world/simulated-vm.ts";
import { createGuest, type Guest } from "./guest.ts";
import { generateHostKey, readUserData } from "./guest-setup.ts";
import { startSshServer, type SshServer } from "./ssh-server.ts";
import { createTimeline } from "../vllm/timeline.ts";
import { runCommand } from "./vm-commands.ts";

export interface SshMachinesOptions {
  /** Returns the current clock, which is replaced when the speed is set. */
  readonly clock: () => Clock;
  readonly sshPort: number;
  readonly coefficients: Coefficients;
  readonly seed: number;
}

/** A VM that has booted at least once. */
interface Machine {
  vm: SimulatedVm;
  readonly guest: Guest;
  readonly hostKey: string;
  ssh: SshServer | undefined;
}

const VLLM_PORT = 8000;

/** The guests of the simulated cloud's VMs: an SSH server on each VM's loopback address, with a vLLM behind it. */
export function createSshMachines(options: SshMachinesOptions): SshMachines {
  const timeline = createTimeline(options.clock);
  const machines = new Map<number, Machine>();
  const served: ServedRequest[] = [];

  const install = (vm: SimulatedVm): Machine => {
    const setup = readUserData(vm.userData);
    const machine: Machine = {
      vm,
      hostKey: setup.hostKey ?? generateHostKey(),
      ssh: undefined,
      guest: createGuest({
        vm,
        setup,
        timeline,
        coefficients: options.coefficients,
        seed: options.seed,
        onServed: (request) => served.push(request),
        link: {
          freeze: () => machine.ssh?.freeze(),
          cut: () => machine.ssh?.cut(),
          restore: () => machine.ssh?.restore(),
        },
      }),
    };
    return machine;
  };
  const halt = async (machine: Machine): Promise<void> => {
    machine.guest.shutDown();
    const { ssh } = machine;
    machine.ssh = undefined;
    await ssh?.close();
  };

  return {
    powerOn: async (vm: SimulatedVm, faults: readonly MachineFault[]) => {
      const machine = machines.get(vm.id) ?? install(vm);
      machines.set(vm.id, machine);
      machine.vm = vm;
      await machine.ssh?.close();
      machine.ssh = await listen(machine, options.sshPort);
      machine.guest.bootUp(faults, vm.bootedMs);
    },
    powerOff: async (vm, how) => {
      const machine = machines.get(vm.id);
      if (machine === undefined) return;
      if (how === "gone") machines.delete(vm.id);
      await halt(machine);
    },
    dropForbiddenConnections: () => {
      for (const { ssh } of machines.values()) ssh?.dropForbidden();
    },
    served: () => served,
    connections: () =>
      [...machines.values()].reduce((sum, { ssh }) => sum + (ssh?.connections ?? 0), 0),
    close: async () => {
      await Promise.all([...machines.values()].map(halt));
      machines.clear();
      timeline.close();
    },
  };
}

function listen({ vm, guest, hostKey }: Machine, port: number): Promise<SshServer> {
  return startSshServer({
    host: vm.ipv4,
    port,
    hostKey,
    authorizedKeys: () => [...vm.authorizedKeys, ...guest.setup.rootKeys],
    admits: (from) => vm.admitsSsh(from),
    exec: (line, readStdin) => runCommand(guest, line, readStdin),
    forward: (to) => {
      const vllm = to === VLLM_PORT ? guest.vllm() : undefined;
      return (
        vllm &&
        ((connection) => {
          vllm.attach(connection);
        })
      );
    },
  });
}
