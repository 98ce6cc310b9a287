import { fileURLToPath } from "node:url";
import type { Cloud, CloudReader } from "../cloud/cloud.ts";
import { allowsLegacyInterfaces } from "../cloud/interface-setting.ts";
import { createLinodeCloud, createLinodeReader } from "../cloud/linode-cloud.ts";
import { readTokenExpiry } from "../cloud/token-expiry.ts";
import type { MachineConnector } from "../machine/machine.ts";
import type { Clock } from "../support/clock.ts";
import type { Machines, Measure } from "../sweep/ports.ts";

// Connects ports to adapters; no other file does. SSH and the benchmark are imported only when a VM is used, so that the
// guard, the reaper and a dry run start quickly.

/** How to reach an account. */
export interface CloudAccess {
  readonly apiUrl: string;
  /** If undefined, only public information can be read. */
  readonly token: string | undefined;
  readonly clock: Clock;
}

/** @param patienceMs how long to retry a request; undefined means as long as for deleting a VM */
export function connectCloud(
  { apiUrl, token = "", clock }: CloudAccess,
  patienceMs?: number,
): Cloud {
  return createLinodeCloud({ apiUrl, token, clock, patienceMs });
}

/** A read-only client for dry runs and checks. */
export function connectReader(
  { apiUrl, token, clock }: CloudAccess,
  patienceMs?: number,
): CloudReader {
  return createLinodeReader({ apiUrl, token, clock, patienceMs });
}

/**
 * When the token expires, in milliseconds since the epoch; `null` means never, `undefined` that it may not be read.
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

/** The program that Node runs as the guard. */
export const GUARD_PROGRAM = fileURLToPath(
  new URL(
    `./recovery/guard-main.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
    import.meta.url,
  ),
);
