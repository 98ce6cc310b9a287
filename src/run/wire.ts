import { fileURLToPath } from "node:url";
import type { Cloud, CloudReader } from "../cloud/cloud.ts";
import { allowsLegacyInterfaces } from "../cloud/interface-setting.ts";
import { createLinodeCloud, createLinodeReader } from "../cloud/linode-cloud.ts";
import { readTokenExpiry } from "../cloud/token-expiry.ts";
import type { MachineConnector } from "../machine/machine.ts";
import type { Clock } from "../support/clock.ts";
import type { Machines, Measure } from "../sweep/ports.ts";

// The one file that joins ports and adapters. SSH and the benchmark are loaded only when a VM is used: the guard, the
// reaper and a dry run start without them.

/** How to reach an account. */
export interface CloudAccess {
  readonly apiUrl: string;
  /** Undefined when none was given; only reads of public facts work then. */
  readonly token: string | undefined;
  readonly clock: Clock;
}

/** @param patienceMs how long a request is tried again; undefined means as long as a destroy deserves. */
export function connectCloud(
  { apiUrl, token = "", clock }: CloudAccess,
  patienceMs?: number,
): Cloud {
  return createLinodeCloud({ apiUrl, token, clock, patienceMs });
}

/** For dry runs and checks: it can create nothing. */
export function connectReader(
  { apiUrl, token, clock }: CloudAccess,
  patienceMs?: number,
): CloudReader {
  return createLinodeReader({ apiUrl, token, clock, patienceMs });
}

/**
 * When the token expires, milliseconds since the epoch: `null` = never, `undefined` = it may not be read.
 * @throws CloudError
 */
export async function tokenExpiry(
  { apiUrl, token = "", clock }: CloudAccess,
  patienceMs: number,
  signal: AbortSignal,
): Promise<number | null | undefined> {
  return readTokenExpiry({ apiUrl, token, clock, patienceMs }, signal);
}

/** Whether VMs may have the interfaces that ours are created with; `undefined` = it may not be read. @throws CloudError */
export async function legacyInterfacesAllowed(
  { apiUrl, token = "", clock }: CloudAccess,
  patienceMs: number,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  return allowsLegacyInterfaces({ apiUrl, token, clock, patienceMs }, signal);
}

export async function connectMachine(clock: Clock): Promise<MachineConnector> {
  const { createSshConnector } = await import("../machine/ssh-machine.ts");
  return createSshConnector({ clock });
}

export async function connectMachines(clock: Clock): Promise<Machines> {
  const [connector, keys, userData, setup, server] = await Promise.all([
    connectMachine(clock),
    import("../machine/keys.ts"),
    import("../machine/user-data.ts"),
    import("../machine/wait-for-setup.ts"),
    import("../vllm/wait-for-server.ts"),
  ]);
  return {
    ...connector,
    newKey: keys.generateSshKey,
    userData: userData.buildUserData,
    waitForSetup: setup.waitForSetup,
    waitForServer: server.waitForServer,
  };
}

export async function connectMeasure(): Promise<Measure> {
  const [{ runPass }, { sizeSuite }, { warmUp }, { standardSuite }] = await Promise.all([
    import("../benchmark/run-pass.ts"),
    import("../benchmark/size-suite.ts"),
    import("../benchmark/warm-up.ts"),
    import("../evidence/standard-suite.ts"),
  ]);
  return {
    runPass,
    warmUp,
    suiteFor: (categories, server, clock, signal) =>
      sizeSuite(server, standardSuite(categories), clock, signal),
  };
}

/** What Node runs as the guard of a run. */
export const GUARD_PROGRAM = fileURLToPath(
  new URL(
    `./recovery/guard-main.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
    import.meta.url,
  ),
);
