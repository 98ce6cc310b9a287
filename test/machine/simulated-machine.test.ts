import { afterEach, describe, expect, it } from "vitest";
import { findGpuType } from "../../src/catalog/gpu-catalog.ts";
import { generateSshKey } from "../../src/machine/keys.ts";
import type { Machine, ServeRequest } from "../../src/machine/machine.ts";
import { createSshConnector } from "../../src/machine/ssh-machine.ts";
import { buildUserData } from "../../src/machine/user-data.ts";
import type { ServerFailure, ServerProgress, ServerReady } from "../../src/vllm/server-start.ts";
import { waitForServer } from "../../src/vllm/wait-for-server.ts";
import { waitForSetup } from "../../src/machine/wait-for-setup.ts";
import { createCoefficients } from "../../src/simulator/world/coefficients.ts";
import { createSshMachines } from "../../src/simulator/ssh/ssh-machines.ts";
import type { MachineFault } from "../../src/simulator/faults/fault-scripts.ts";
import type { SshMachines } from "../../src/simulator/world/simulated-vm.ts";
import { linearClock } from "../../src/support/clock.ts";

const PORT = 22_077;
const image = "vllm/vllm-openai:v0.27.1";
const never = new AbortController().signal;
const request: ServeRequest = {
  image,
  model: "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ",
  revision: undefined,
  tensorParallel: 1,
  pipelineParallel: 1,
  maxModelLen: 16_384,
  gpuMemoryUtilization: 0.9,
  dtype: "auto",
  quantization: undefined,
  attentionBackend: undefined,
  kvCacheDtype: undefined,
  enforceEager: false,
  maxNumSeqs: undefined,
  trustRemoteCode: false,
  streamInterval: undefined,
  disableXet: false,
  disableP2p: false,
};

let face: SshMachines;
let machine: Machine | undefined;
let ids = 0;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
  await face.close();
});

/** Our user-data, keys and connector with the simulated cloud's VM, by default at 600 times real speed. */
async function rent(
  faults: readonly MachineFault[] = [],
  { admitted = true, speed = 600 }: { admitted?: boolean; speed?: number | undefined } = {},
) {
  const clock = linearClock({ v0: 0, w0: Date.now(), speed });
  const coefficients = createCoefficients({ seed: 1, delays: 0.2 });
  face = createSshMachines({ clock: () => clock, sshPort: PORT, coefficients, seed: 1 });
  const hostKey = generateSshKey("host");
  const clientKey = generateSshKey("client");
  const type = findGpuType("g2-gpu-rtx4000a1-s");
  if (type === undefined) throw new Error("no such type");
  ids += 1;
  const vm = {
    id: ids,
    label: `mds-test-${String(ids)}`,
    type,
    region: "us-ord",
    ipv4: `127.64.77.${String(ids)}`,
    userData: buildUserData({ hostKey, image }),
    authorizedKeys: admitted ? [clientKey.publicLine] : [],
    admitsSsh: () => true,
    bootedMs: clock.now(),
  };
  await face.powerOn(vm, faults);
  const target = {
    label: vm.label,
    host: vm.ipv4,
    port: PORT,
    hostKey: hostKey.publicWire,
    clientKey: clientKey.privateKey,
  };
  return { clock, target, connect: () => createSshConnector({ clock }).connect(target, never) };
}

async function setUp(faults: readonly MachineFault[], speed?: number) {
  const { clock, connect } = await rent(faults, { speed });
  machine = await connect();
  const status = await waitForSetup(
    machine,
    { clock, ceilingMs: 3_600_000, onProgress: () => undefined },
    never,
  );
  expect(status.state).toBe("done");
  return { clock, machine };
}

async function served(
  faults: readonly MachineFault[],
  changes: Partial<ServeRequest> = {},
): Promise<{ outcome: ServerReady | ServerFailure; progress: ServerProgress[] }> {
  const { clock, machine } = await setUp(faults);
  await machine.serve({ ...request, ...changes }, never);
  const progress: ServerProgress[] = [];
  const outcome = await waitForServer(
    machine,
    {
      model: changes.model ?? request.model,
      clock,
      ceilingMs: 3_600_000,
      stallMs: 600_000,
      onProgress: (now) => progress.push(now),
    },
    never,
  );
  return { outcome, progress };
}

describe("a VM of the simulated cloud", () => {
  it("is set up by our user-data and serves a model", async () => {
    const { outcome, progress } = await served([]);
    expect(outcome).toMatchObject({
      ready: true,
      vllmVersion: "0.27.1",
      maxModelLen: 16_384,
      imageDigest: expect.stringMatching(/^sha256:/) as string,
      revision: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
    });
    expect((outcome as ServerReady).engine.dtype).toBe("bfloat16");
    expect(progress.some((now) => now.stage === "load")).toBe(true);
    expect((await machine?.facts(never))?.gpus).toHaveLength(1);
    expect(await machine?.sampleGpus(never)).toHaveLength(1);
    await machine?.stopServer(never);
    expect((await machine?.serverStatus(never))?.state).toBe("absent");
    await expect(machine?.openChannel(never)).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("is inspected like a VM whose set-up went as planned", async () => {
    await served([]);
    expect(await machine?.inspect(never)).toMatchObject({
      uid: 0,
      cloudInit: "done",
      moduleInstallable: true,
      nouveauLoaded: false,
      rebootRequested: false,
      incompleteFiles: 0,
    });
  });

  it.each([
    [undefined, 0],
    ["parts-remain", 1],
  ] as const)(
    "keeps the incomplete file of a killed download until the next start: fault %s",
    async (action, left) => {
      // Large enough to be stopped while it is downloaded.
      const large = { ...request, model: "Qwen/Qwen2.5-Coder-32B-Instruct" };
      const { machine } = await setUp(action === undefined ? [] : [{ vm: {}, action }], 40);
      const incomplete = async (): Promise<number> =>
        (await machine.inspect(never)).incompleteFiles;
      await machine.serve(large, never);
      while ((await machine.serverStatus(never)).state !== "downloading");
      await machine.stopServer(never);
      expect(await incomplete()).toBe(1);
      // Refused before it downloads anything.
      await machine.serve({ ...large, maxModelLen: 65_536 }, never);
      while ((await machine.serverStatus(never)).state !== "exited");
      expect(await incomplete()).toBe(left);
    },
  );

  it.each([
    ["out-of-memory", {}, "out of GPU memory"],
    ["gated", {}, "gated"],
    [undefined, { maxModelLen: 65_536 }, "longer than the model's own"],
    [undefined, { tensorParallel: 3 }, "heads cannot be divided"],
    [undefined, { tensorParallel: 2 }, "fewer GPUs"],
    [undefined, { quantization: "gptq" }, "not the checkpoint's"],
  ] as const)("reports why a server does not start: %s %j", async (action, changes, cause) => {
    const faults = action === undefined ? [] : [{ vm: {}, action }];
    const { outcome } = await served(faults, changes);
    expect(outcome).toMatchObject({ ready: false, retry: false });
    expect((outcome as ServerFailure).cause).toContain(cause);
  });

  it("is refused if its host key differs, and refuses an unknown client key", async () => {
    const { target, clock } = await rent([], { admitted: false });
    const connector = createSshConnector({ clock });
    await expect(connector.connect(target, never)).rejects.toMatchObject({
      kind: "authentication",
    });
    const hostKey = generateSshKey("other").publicWire;
    await expect(connector.connect({ ...target, hostKey }, never)).rejects.toMatchObject({
      kind: "host_key",
    });
  });
});
