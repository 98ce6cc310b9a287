import { GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { createApi } from "../../src/simulator/api/api.ts";
import type { MachineFault } from "../../src/simulator/faults/fault-scripts.ts";
import type { SshMachines, SimulatedVm } from "../../src/simulator/world/simulated-vm.ts";
import { createWorld } from "../../src/simulator/world/world.ts";

export const START_MS = Date.UTC(2026, 10, 24, 12);
export const TOKEN = "t".repeat(64);
export const KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKd1zkuQuiUFe0JPL/JLGr3ldAmmD4a/POm7jLWJivov me";

/** A machine side that only records how it is called. */
export function recordingMachines(): SshMachines & {
  readonly calls: string[];
  readonly faults: Map<string, readonly MachineFault[]>;
  readonly on: Map<string, SimulatedVm>;
} {
  const calls: string[] = [];
  const faults = new Map<string, readonly MachineFault[]>();
  const on = new Map<string, SimulatedVm>();
  return {
    calls,
    faults,
    on,
    async powerOn(vm, scripts) {
      calls.push(`on ${vm.label}`);
      faults.set(vm.label, scripts);
      on.set(vm.label, vm);
    },
    async powerOff(vm, how) {
      calls.push(`${how} ${vm.label}`);
      on.delete(vm.label);
    },
    dropForbiddenConnections: () => {
      calls.push("drop");
    },
    served: () => [],
    connections: () => 0,
    close: async () => undefined,
  };
}

/** A world whose clock moves with `pass` only. */
export function testWorld(
  options: {
    seed?: number;
    machines?: ReturnType<typeof recordingMachines>;
    now?: () => number;
  } = {},
) {
  let nowMs = START_MS;
  const problems: unknown[] = [];
  const machines = options.machines ?? recordingMachines();
  const world = createWorld({
    id: "sim-test",
    token: TOKEN,
    seed: options.seed ?? 1,
    delays: 1,
    subnet: 7,
    now: options.now ?? (() => nowMs),
    gpuTypes: GPU_TYPES,
    coefficients: {
      speed: () => 1,
      bootSeconds: () => 100,
      setupSeconds: () => 1,
      downloadSeconds: () => 1,
      loadSeconds: () => 1,
    },
    machines,
    onProblem: (error) => problems.push(error),
  });
  const api = createApi(world);
  return {
    world,
    api,
    machines,
    problems,
    pass: async (seconds: number) => {
      nowMs += seconds * 1_000;
      world.settle();
      // The machine side is called in turn.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
    /** A request with the world's own token. */
    ask: (
      method: string,
      path: string,
      body?: unknown,
      more: { filter?: unknown; token?: string } = {},
    ) => {
      const url = new URL(path, "http://x");
      const { token = TOKEN } = more;
      const reply = api({
        method,
        path: url.pathname,
        query: url.searchParams,
        authorization: token === "" ? undefined : `Bearer ${token}`,
        filter: more.filter === undefined ? undefined : JSON.stringify(more.filter),
        body: body === undefined ? "" : JSON.stringify(body),
        from: "127.0.0.1",
      });
      return { ...reply, body: JSON.parse(JSON.stringify(reply.body)) };
    },
  };
}

/** A create request that Linode would accept. */
export function order(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    type: "g2-gpu-rtx4000a1-s",
    region: "us-sea",
    image: "linode/ubuntu24.04",
    label: "bench-1",
    root_pass: "Correct-horse-7-battery",
    authorized_keys: [KEY],
    interface_generation: "legacy_config",
    tags: ["maider-sweep"],
    ...changes,
  };
}
