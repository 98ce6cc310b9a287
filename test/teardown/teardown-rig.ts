import { CloudError, type CreateVm } from "../../src/cloud/cloud.ts";
import type { Fact, Journal, Ownership } from "../../src/journal/events.ts";
import { foldRun } from "../../src/run-state/fold-run.ts";
import { volatileJournal } from "../../src/journal/create-journal.ts";
import type { RentalState } from "../../src/run-state/run-state.ts";
import type { Alarm, TeardownPorts } from "../../src/teardown/teardown-ports.ts";
import {
  firewallLabel,
  opened,
  ownerOf,
  reserved,
  RUN,
  START,
  vmLabel,
} from "../journal/journal-rig.ts";
import { memoryCloud, type MemoryCloud } from "./memory-cloud.ts";
import { virtualClock, type VirtualClock } from "./virtual-clock.ts";

export interface Rig {
  readonly clock: VirtualClock;
  readonly cloud: MemoryCloud;
  readonly journal: Journal;
  readonly ports: TeardownPorts;
  readonly alarms: Alarm[];
  append(...facts: readonly Fact[]): Promise<void>;
  rental(label?: string): RentalState;
  /** Opens the run and reserves a rental; `sent` also announces its create. */
  reserve(label: string, sent?: "sent"): Promise<void>;
  /** Reserves and creates as a sweep would; what the create threw is returned. */
  rent(label?: string): Promise<unknown>;
  types(): readonly string[];
}

export const LABEL = vmLabel(1);

export function requestOf(label: string): CreateVm {
  return {
    label,
    type: "g2-gpu-rtx4000a1-s",
    region: "us-ord",
    image: "linode/ubuntu24.04",
    rootPassword: "x",
    authorizedKeys: [],
    userData: "",
    firewallId: 1,
    tags: [],
  };
}

export function newRig(
  options: Parameters<typeof memoryCloud>[1] & {
    readonly ownership?: Ownership;
    readonly past?: Journal;
  } = {},
): Rig {
  const clock = virtualClock(START);
  const cloud = memoryCloud(clock, options);
  const ownership = options.ownership ?? ownerOf(1);
  const journal = volatileJournal(options.past?.events() ?? [], { run: RUN, ownership, clock });
  const alarms: Alarm[] = [];
  const ports: TeardownPorts = {
    cloud,
    journal,
    ownership,
    clock,
    random: () => 0.5,
    onAlarm: (alarm) => alarms.push(alarm),
  };
  const append = async (...facts: readonly Fact[]): Promise<void> => {
    for (const fact of facts) await journal.append(fact);
  };
  const reserve = async (label: string, sent?: "sent"): Promise<void> => {
    if (journal.events().length === 0) await append(opened);
    await append(reserved(label));
    if (sent === undefined) return;
    await append({
      type: "create.intended",
      label,
      gpu: "g2-gpu-rtx4000a1-s",
      region: "us-ord",
      price_micro_usd: 520_000,
    });
    await append({ type: "create.sent", label });
  };
  return {
    clock,
    cloud,
    journal,
    ports,
    alarms,
    append,
    reserve,
    rental: (label = LABEL) => {
      const rental = foldRun(journal.events()).rentals.get(label);
      if (rental === undefined) throw new Error(`no rental ${label}`);
      return rental;
    },
    rent: async (label = LABEL) => {
      await reserve(label, "sent");
      try {
        const vm = await cloud.createVm(requestOf(label));
        await append({ type: "create.acknowledged", label, vm_id: vm.id, ipv4: vm.ipv4 ?? "" });
        return undefined;
      } catch (error) {
        if (!(error instanceof CloudError)) throw error;
        return error;
      }
    },
    types: () => journal.events().map(({ type }) => type),
  };
}

export { firewallLabel, RUN, START };
