import { MachineError } from "../../machine/machine.ts";
import type { Machine, MachineTarget } from "../../machine/machine.ts";
import type { PlannedRental } from "../../estimate/estimate.ts";
import { foldRun } from "../../run-state/fold-run.ts";
import { errorText } from "../../support/errors.ts";
import { bringUp } from "./boot.ts";
import { TIMEOUTS } from "../timeouts.ts";
import { connectWhenReady } from "./connect.ts";
import { isFatal } from "./create-vm.ts";
import { failRental, giveUp } from "./give-up.ts";
import type { SshKey, SweepPorts } from "../ports.ts";
import type { RentedVm } from "./rented-vm.ts";
import { runConfiguration } from "./run-configuration.ts";
import type { SweepSettings } from "../settings.ts";

const RECONNECTS = 3;

/** A VM that was created and did not come up. */
export class NotReady extends Error {
  /** `booting`, `connecting`, `setup at driver` ... */
  readonly stage: string;

  constructor(stage: string, cause: unknown) {
    super(errorText(cause), { cause });
    this.name = "NotReady";
    this.stage = stage;
  }
}

/**
 * What is done on a VM between its creation and its destruction: boot, set-up, every model in turn. Failures of a
 * model are journaled and the next one goes on. Returns the models that failed.
 * @throws what ended the rental itself, after the journal has it; `NotReady` when the VM did not come up.
 */
export async function useVm(
  vm: RentedVm,
  planned: PlannedRental,
  clientKey: SshKey,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const target: MachineTarget = {
    label: vm.label,
    host: vm.ipv4,
    port: settings.sshPort,
    hostKey: vm.hostKey,
    clientKey: clientKey.privateKey,
  };
  let machine: Machine | undefined;
  const todo = [...planned.configurations];
  const failed: string[] = [];
  try {
    try {
      machine = await bringUp(vm, target, planned.gpuId, ports, signal);
    } catch (error) {
      if (signal.aborted || isFatal(error)) throw error;
      throw new NotReady(stageOf(vm.label, ports), error);
    }
    let reconnects = 0;
    let { serverMayRun } = vm;
    while (todo[0] !== undefined) {
      const configuration = todo[0];
      try {
        const end = await runConfiguration(
          {
            label: vm.label,
            region: vm.region,
            priceMicroUsd: vm.priceMicroUsd,
            configuration,
            machine,
            serverMayRun,
          },
          ports,
          settings,
          signal,
        );
        if (end === "failed") failed.push(configuration.model.id);
        todo.shift();
        serverMayRun = false;
      } catch (error) {
        signal.throwIfAborted();
        const lost =
          error instanceof MachineError && (error.kind === "link_lost" || error.kind === "timeout");
        reconnects += 1;
        if (!lost || reconnects > RECONNECTS) throw error;
        void machine.close().catch(() => undefined);
        machine = await reconnect(vm, target, ports, signal);
        serverMayRun = true;
        continue;
      }
      // After the last model the VM goes at once: its server needs no farewell.
      if (todo.length > 0) {
        await machine.stopServer(signal);
        await ports.journal.append({
          type: "server.stopped",
          label: vm.label,
          model: configuration.model.id,
        });
      }
    }
    return failed;
  } catch (error) {
    const reason = errorText(signal.aborted ? signal.reason : error);
    if (error instanceof NotReady) await failRental(vm.label, reason, ports);
    else await giveUp(vm.label, planned, todo, reason, ports);
    throw error;
  } finally {
    void machine?.close().catch(() => undefined);
  }
}

function stageOf(label: string, { journal }: SweepPorts): string {
  const rental = foldRun(journal.events()).rentals.get(label);
  const { stage = "booting", setup } = rental ?? {};
  return stage === "setup" && setup !== undefined ? `setup at ${setup.stage}` : stage;
}

async function reconnect(
  vm: RentedVm,
  target: MachineTarget,
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<Machine> {
  const { cloud, clock, machines } = ports;
  try {
    return await connectWhenReady(
      target,
      { connector: machines, clock, ceilingMs: TIMEOUTS.reconnectMs },
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    const seen = await cloud.getVm(vm.vmId, signal).catch(() => undefined);
    const state = seen === undefined ? "" : ` (the API says: ${seen.status})`;
    throw new MachineError(
      "link_lost",
      `SSH was lost and did not come back: ${errorText(error)}${state}`,
    );
  }
}
