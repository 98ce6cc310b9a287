import { expect, it } from "vitest";
import { holdFailed } from "../../../src/sweep/rental/hold-failed.ts";
import type { SweepPorts } from "../../../src/sweep/ports.ts";
import type { SweepSettings } from "../../../src/sweep/settings.ts";

const KEY = { publicLine: "ssh-ed25519 AAAA", publicWire: "AAAA", privateKey: "the private key" };

async function hold(keepOnFailureMs: number, deadlineMs: number, signal?: AbortSignal) {
  const events: Record<string, unknown>[] = [];
  const files: Record<string, string> = {};
  const slept: number[] = [];
  const ports = {
    clock: {
      now: () => 0,
      sleep: (ms: number) => {
        slept.push(ms);
        return Promise.reject(new Error("Ctrl-C"));
      },
    },
    journal: {
      append: (event: Record<string, unknown>) => {
        events.push(event);
        return Promise.resolve();
      },
    },
    writePrivateFile: (name: string, text: string) => {
      files[name] = text;
      return Promise.resolve(`/run/${name}`);
    },
  } as unknown as SweepPorts;
  const vm = {
    label: "vm",
    vmId: 1,
    ipv4: "192.0.2.1",
    region: "r",
    priceMicroUsd: 1,
    hostKey: KEY.publicWire,
    serverMayRun: false,
  };
  const settings = { keepOnFailureMs, sshPort: 22 } as unknown as SweepSettings;
  const until = signal ?? new AbortController().signal;
  await holdFailed(vm, "no memory", deadlineMs, KEY, ports, settings, until);
  return { events, files, slept };
}

it("a failed VM is held with the way in, whose key stands in a file and not in the journal", async () => {
  const { events, files, slept } = await hold(60_000, 90_000);
  expect(slept).toEqual([60_000]);
  expect(events).toMatchObject([
    { type: "rental.held", label: "vm", until: "1970-01-01T00:01:00.000Z" },
  ]);
  expect(events[0]?.["reason"]).toContain("ssh -i /run/vm.key");
  expect(JSON.stringify(events)).not.toContain(KEY.privateKey);
  expect(files["vm.key"]).toBe(KEY.privateKey);
});

it("never beyond the rental's deadline", async () => {
  expect((await hold(60_000, 30_000)).slept).toEqual([30_000]);
});

it.each([
  ["it was not asked for", 0, 90_000, undefined],
  ["the deadline has passed", 60_000, 0, undefined],
  ["the sweep is stopping", 60_000, 90_000, AbortSignal.abort()],
])("not at all when %s", async (_, keep, deadline, signal) => {
  expect(await hold(keep, deadline, signal)).toEqual({ events: [], files: {}, slept: [] });
});
