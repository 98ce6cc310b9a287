import { expect, it } from "vitest";
import { createSetupRun } from "../../../src/simulator/ssh/setup-run.ts";
import type { MachineFault } from "../../../src/simulator/faults/fault-scripts.ts";

const SETUP_MS = 100_000;

function run(action?: MachineFault["action"]) {
  let now = 0;
  const setup = createSetupRun(SETUP_MS, () => now);
  const boot = (): void => setup.bootUp(action === undefined ? [] : [{ vm: {}, action }]);
  boot();
  return { setup, boot, pass: (ms: number) => (now += ms) };
}

it("is done after its duration, without a reboot", () => {
  const { setup, pass } = run();
  pass(SETUP_MS - 1);
  expect(setup.status()).toMatchObject({ state: "running", stage: "check" });
  pass(2);
  expect(setup.status()).toMatchObject({ state: "done", reboot_needed: false });
});

it("asks for a reboot once all stages but the check are done, and continues after it", () => {
  const { setup, boot, pass } = run("needs-reboot");
  pass(SETUP_MS * 3);
  const asking = { state: "waiting", stage: "driver", index: 3, reboot_needed: true };
  expect(setup.status()).toMatchObject(asking);
  setup.shutDown();
  boot();
  expect(setup.status()).toMatchObject({ state: "running", stage: "check", reboot_needed: false });
  pass(SETUP_MS * 0.03);
  expect(setup.status()).toMatchObject({ state: "done", reboot_needed: false });
});

it("asks for a reboot also when the VM was rebooted before the driver was installed", () => {
  const { setup, boot, pass } = run("needs-reboot");
  pass(SETUP_MS / 2);
  setup.shutDown();
  boot();
  pass(SETUP_MS);
  expect(setup.status()).toMatchObject({ reboot_needed: true });
});

it("takes longer for a driver whose modules have to be built", () => {
  const { setup, pass } = run("module-uninstallable");
  pass(SETUP_MS + 1);
  expect(setup.status()).toMatchObject({ state: "running" });
  pass(SETUP_MS * 0.3);
  expect(setup.status()).toMatchObject({ state: "done" });
});
