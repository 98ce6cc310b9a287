import {
  type Cloud,
  CloudError,
  type CloudErrorKind,
  type CloudFirewall,
  type CloudVm,
} from "../../src/cloud/cloud.ts";
import { parseLabel, tagsOf } from "../../src/journal/label.ts";
import type { Clock } from "../../src/support/clock.ts";
import { billedHours } from "../../src/support/money.ts";

type Call =
  | "createVm"
  | "deleteVm"
  | "getVm"
  | "listVms"
  | "account"
  | "createFirewall"
  | "deleteFirewall"
  | "listFirewalls";

export type Action =
  /** The request never arrives. */
  | { readonly do: "drop-before" }
  /** It is done, the answer is lost. */
  | { readonly do: "commit-then-drop" }
  /** It is done so much later, the answer is lost. */
  | { readonly do: "commit-later"; readonly ms: number }
  | {
      readonly do: "refuse";
      readonly kind: CloudErrorKind;
      readonly retryAfterMs?: number;
      readonly sent?: boolean;
    }
  /** The list as it was so long ago. */
  | { readonly do: "stale-list"; readonly ms: number }
  /** Answers as to the token of somebody else, who has nothing. */
  | { readonly do: "wrong-account" };

export interface Fault {
  readonly on: readonly Call[];
  /** Skips so many calls first. */
  readonly skip?: number;
  /** How many calls it hits; Infinity is for ever. */
  readonly count?: number;
  readonly action: Action;
}

export interface MemoryVm extends CloudVm {
  readonly price: number;
  deletingMs: number | undefined;
  deletedMs: number | undefined;
}

export interface MemoryCloud extends Cloud {
  readonly vms: MemoryVm[];
  readonly firewalls: (CloudFirewall & { deletedMs: number | undefined })[];
  /** Every call that arrived or not, in order. */
  readonly calls: {
    readonly call: Call;
    readonly atMs: number;
    readonly target: string | number;
  }[];
  readonly faults: Fault[];
  /** Micro-dollars, by a meter of its own. */
  invoice(): number;
  invoiceOf(label: string): number;
  living(): readonly MemoryVm[];
  /** Puts a VM there that nobody here created, as a run makes them, unless told otherwise. */
  plant(label: string, more?: Partial<CloudVm>): MemoryVm;
  plantFirewall(label: string): void;
}

/** A cloud in memory, on a virtual clock, with answers that get lost by script. */
export function memoryCloud(
  clock: Clock,
  options: {
    readonly price?: number;
    readonly latencyMs?: number;
    readonly deleteMs?: number;
    readonly offsetMs?: number;
  } = {},
): MemoryCloud {
  const { price = 520_000, latencyMs = 200, deleteMs = 5_000, offsetMs = 0 } = options;
  const vms: MemoryVm[] = [];
  const firewalls: MemoryCloud["firewalls"] = [];
  const calls: MemoryCloud["calls"] = [];
  const faults: Fault[] = [];
  const hits = new Map<Fault, number>();
  let nextId = 100;

  const faultOf = (call: Call): Action | undefined => {
    for (const fault of faults) {
      if (!fault.on.includes(call)) continue;
      const hit = hits.get(fault) ?? 0;
      hits.set(fault, hit + 1);
      const { skip = 0, count = 1 } = fault;
      if (hit >= skip && hit < skip + count) return fault.action;
    }
    return undefined;
  };
  const lost = (): CloudError => new CloudError("transient", "socket hang up", { sent: true });

  /** One call: what it does when it arrives, and what a stranger would see. */
  const serve = async <T>(
    call: Call,
    target: string | number,
    act: (action: Action | undefined) => T,
    stranger: T,
    signal?: AbortSignal,
  ): Promise<T> => {
    calls.push({ call, atMs: clock.now(), target });
    const action = faultOf(call);
    await clock.sleep(latencyMs, signal);
    if (action?.do === "drop-before") throw lost();
    if (action?.do === "refuse") {
      const { kind, retryAfterMs, sent = true } = action;
      throw new CloudError(kind, `refused: ${kind}`, { sent, retryAfterMs });
    }
    if (action?.do === "wrong-account") return stranger;
    if (action?.do === "commit-later") {
      void clock
        .sleep(action.ms)
        .then(() => act(undefined))
        .catch(() => undefined);
      throw lost();
    }
    const result = act(action);
    await clock.sleep(latencyMs, signal);
    if (action?.do === "commit-then-drop") throw lost();
    return result;
  };

  const exists = (vm: MemoryVm, atMs = clock.now()): boolean =>
    vm.createdMs <= atMs && (vm.deletedMs === undefined || vm.deletedMs > atMs);
  const bill = (vm: MemoryVm): number =>
    vm.price * billedHours(vm.createdMs, vm.deletedMs ?? Math.max(vm.createdMs, clock.now()));
  const add = (vm: Omit<MemoryVm, "id" | "price" | "deletedMs" | "deletingMs">): MemoryVm => {
    const made = { ...vm, id: (nextId += 1), price, deletingMs: undefined, deletedMs: undefined };
    vms.push(made);
    return made;
  };
  const seen = (vm: MemoryVm): CloudVm => ({
    ...vm,
    status: vm.deletingMs === undefined ? vm.status : "deleting",
  });

  return {
    vms,
    firewalls,
    calls,
    faults,
    invoice: () => vms.reduce((sum, vm) => sum + bill(vm), 0),
    invoiceOf: (label) =>
      vms.filter((vm) => vm.label === label).reduce((sum, vm) => sum + bill(vm), 0),
    living: () => vms.filter((vm) => exists(vm)),
    plant: (label, more = {}) =>
      add({
        label,
        type: "g2-gpu-rtx4000a1-s",
        region: "us-ord",
        status: "running",
        ipv4: "192.0.2.1",
        createdMs: clock.now(),
        tags: tagsOf(parseLabel(label)?.run ?? "nobody"),
        ...more,
      }),
    plantFirewall: (label) => {
      firewalls.push({ id: (nextId += 1), label, createdMs: clock.now(), deletedMs: undefined });
    },
    createVm: (request) =>
      serve(
        "createVm",
        request.label,
        () => {
          if (vms.some((vm) => exists(vm) && vm.label === request.label)) {
            throw new CloudError("label_taken", "Label must be unique", {
              sent: true,
              status: 400,
            });
          }
          const { label, type, region, tags } = request;
          return seen(
            add({
              label,
              type,
              region,
              status: "provisioning",
              ipv4: "192.0.2.1",
              createdMs: clock.now(),
              tags,
            }),
          );
        },
        undefined as unknown as CloudVm,
      ),
    deleteVm: (id) =>
      serve(
        "deleteVm",
        id,
        () => {
          const vm = vms.find((one) => one.id === id && exists(one));
          if (vm === undefined || vm.deletingMs !== undefined) return;
          vm.deletingMs = clock.now();
          vm.deletedMs = clock.now() + deleteMs;
        },
        undefined,
      ),
    getVm: (id, signal) =>
      serve(
        "getVm",
        id,
        () => {
          const vm = vms.find((one) => one.id === id && exists(one));
          return vm === undefined ? undefined : seen(vm);
        },
        undefined,
        signal,
      ),
    listVms: ({ label }, signal) =>
      serve(
        "listVms",
        label ?? "*",
        (action) => {
          const atMs = clock.now() - (action?.do === "stale-list" ? action.ms : 0);
          return vms
            .filter((vm) => exists(vm, atMs) && (label === undefined || vm.label === label))
            .map(seen);
        },
        [],
        signal,
      ),
    account: (signal) =>
      serve(
        "account",
        "",
        () => ({ username: "me", fingerprint: "acc", scopes: ["*"], balanceUninvoiced: undefined }),
        { username: "other", fingerprint: "other", scopes: ["*"], balanceUninvoiced: undefined },
        signal,
      ),
    createFirewall: ({ label }) =>
      serve(
        "createFirewall",
        label,
        () => {
          const made = { id: (nextId += 1), label, createdMs: clock.now(), deletedMs: undefined };
          firewalls.push(made);
          return made;
        },
        undefined as unknown as CloudFirewall,
      ),
    // Nothing that is torn down gets other rules.
    updateFirewall: () => Promise.resolve(),
    deleteFirewall: (id) =>
      serve(
        "deleteFirewall",
        id,
        () => {
          const firewall = firewalls.find((one) => one.id === id);
          if (firewall !== undefined) firewall.deletedMs ??= clock.now();
        },
        undefined,
      ),
    listFirewalls: ({ label }, signal) =>
      serve(
        "listFirewalls",
        label ?? "*",
        () =>
          firewalls.filter(
            (one) => one.deletedMs === undefined && (label === undefined || one.label === label),
          ),
        [],
        signal,
      ),
    prices: () =>
      Promise.resolve([{ id: "g2-gpu-rtx4000a1-s", hourly: price, byRegion: new Map() }]),
    availability: () => Promise.resolve([]),
    rebootVm: () => Promise.resolve(),
    bootVm: () => Promise.resolve(),
    clockOffsetMs: () => (offsetMs === 0 ? undefined : offsetMs),
  };
}
