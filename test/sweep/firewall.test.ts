import { expect, test } from "vitest";
import { START } from "../journal/journal-rig.ts";
import { simulatedSweep } from "./simulated-sweep.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

test("a stop while the firewall is being opened is obeyed at once, and nothing more is created", async () => {
  const [stop, skipFirewallWait] = [new AbortController(), new AbortController()];
  await using sweep = await simulatedSweep({
    faults: [
      { match: { method: "POST", path: "firewalls" }, count: -1, action: "drop-before" },
      { match: { method: "GET", path: "firewalls" }, count: -1, action: "delay", seconds: 300 },
    ],
    settings: { skipFirewallWait: skipFirewallWait.signal },
  });
  void sweep.clock.sleep(10 * SECOND).then(() => stop.abort(new Error("Ctrl-C")));
  void sweep.clock.sleep(20 * SECOND).then(() => skipFirewallWait.abort());
  await sweep.run({ stop: stop.signal });
  expect(sweep.clock.now() - START).toBe(20 * SECOND);
  expect(sweep.ofType("firewall.intended")).toHaveLength(1);
  expect(sweep.ofType("entry.not_started")).toMatchObject([{ reason: "Ctrl-C" }]);
  expect(sweep.vms()).toEqual([]);
});

test("a firewall whose create is answered after the stop is removed as soon as it is known", async () => {
  const stop = new AbortController();
  await using sweep = await simulatedSweep({
    faults: [{ match: { method: "POST", path: "firewalls" }, action: "delay", seconds: 90 }],
  });
  void sweep.clock.sleep(10 * SECOND).then(() => stop.abort(new Error("Ctrl-C")));
  await sweep.run({ stop: stop.signal });
  expect(sweep.ofType("firewall.gone")).toHaveLength(1);
  expect(sweep.clock.now() - START).toBeLessThan(3 * MINUTE);
  expect(sweep.world.firewalls.all().every(({ deletedMs }) => deletedMs !== undefined)).toBe(true);
});
