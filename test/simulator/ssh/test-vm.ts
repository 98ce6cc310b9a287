import { findGpuType } from "../../../src/catalog/gpu-catalog.ts";
import { generateSshKey, type SshKey } from "../../../src/machine/keys.ts";
import type { ServeJson } from "../../../src/machine/agent-protocol.ts";
import type { SimulatedVm } from "../../../src/simulator/world/simulated-vm.ts";
import { linearClock, type Clock } from "../../../src/support/clock.ts";

export const CODER_7B = "Qwen/Qwen2.5-Coder-7B-Instruct-AWQ";

export function clockAt(speed: number): Clock {
  return linearClock({ v0: Date.UTC(2026, 10, 24), w0: Date.now(), speed });
}

function goodUserData(hostKey: SshKey): string {
  return `#cloud-config\n${JSON.stringify({
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicLine },
    write_files: [
      { path: "/opt/maider-sweep/setup", permissions: "0755", content: "#!/bin/bash\n" },
      { path: "/opt/maider-sweep/agent", permissions: "0755", content: "#!/usr/bin/python3\n" },
    ],
    runcmd: [["/opt/maider-sweep/setup", "start"]],
  })}\n`;
}

let nextId = 1;

export function testVm(
  clock: Clock,
  changes: Partial<SimulatedVm> & { readonly typeId?: string } = {},
): SimulatedVm & { readonly hostKey: SshKey; readonly clientKey: SshKey } {
  const type = findGpuType(changes.typeId ?? "g2-gpu-rtx4000a1-s");
  if (type === undefined) throw new Error("no such type");
  const hostKey = generateSshKey("host");
  const clientKey = generateSshKey("client");
  const id = nextId++;
  return {
    id,
    label: `mds-test-${String(id)}`,
    type,
    region: "us-ord",
    ipv4: `127.64.9.${String(id)}`,
    userData: goodUserData(hostKey),
    authorizedKeys: [clientKey.publicLine],
    admitsSsh: () => true,
    bootedMs: clock.now(),
    hostKey,
    clientKey,
    ...changes,
  };
}

export function serveJson(changes: Partial<ServeJson> = {}): ServeJson {
  return {
    image: "vllm/vllm-openai:v0.27.1",
    model: CODER_7B,
    revision: null,
    tensor_parallel_size: 1,
    pipeline_parallel_size: 1,
    max_model_len: 16_384,
    gpu_memory_utilization: 0.9,
    dtype: "auto",
    quantization: null,
    attention_backend: null,
    kv_cache_dtype: null,
    enforce_eager: false,
    max_num_seqs: null,
    trust_remote_code: false,
    stream_interval: null,
    ...changes,
  };
}
