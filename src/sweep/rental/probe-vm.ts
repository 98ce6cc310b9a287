import type { ProbeVm } from "../probed-vm.ts";
import { rebootVm } from "./boot-vm.ts";
import type { VmLink } from "./link.ts";
import { measureConfiguration } from "./measure.ts";
import type { RentalScope, RentedVm } from "./rental-scope.ts";
import { serveRequest, startServer } from "./start-server.ts";

/** Lets a probe work on a VM that is set up. @throws what the probe throws */
export async function probeVm(
  probe: ProbeVm,
  vm: RentedVm,
  link: VmLink,
  scope: RentalScope,
): Promise<void> {
  const { label, planned, ports, settings, signal } = scope;
  await probe({
    label,
    gpuId: planned.gpuId,
    configurations: planned.configurations,
    clock: ports.clock,
    signal,
    run: (work) => link.run(work),
    reboot: () => rebootVm(vm, link, scope),
    requestOf: (configuration) => serveRequest(configuration, settings),
    serve: (configuration, change) =>
      link.run((machine, again) => {
        const job = { label, configuration, change, machine, serverMayBeRunning: again };
        return startServer(job, ports, settings, signal);
      }),
    measure: async (configuration) => {
      await measureConfiguration(configuration, false, vm, link, scope);
    },
  });
}
