import { runPass } from "../benchmark/run-pass.ts";
import { sizeSuite } from "../benchmark/size-suite.ts";
import { warmUp } from "../benchmark/warm-up.ts";
import type { Cloud } from "../cloud/cloud.ts";
import { createLinodeCloud } from "../cloud/linode-cloud.ts";
import { standardSuite } from "../evidence/standard-suite.ts";
import { generateSshKey } from "../machine/keys.ts";
import { createSshConnector } from "../machine/ssh-machine.ts";
import { buildUserData } from "../machine/user-data.ts";
import { waitForServer } from "../vllm/wait-for-server.ts";
import { waitForSetup } from "../machine/wait-for-setup.ts";
import type { Machines, Measure } from "../sweep/ports.ts";
import type { CloudTarget } from "./cloud-target.ts";

/** The account that a command may change. Dry runs never come here. */
export function connectCloud(target: CloudTarget, patienceMs?: number): Cloud {
  const { apiUrl, token = "", clock } = target;
  return createLinodeCloud({ apiUrl, token, clock, patienceMs });
}

export function connectMachines(target: CloudTarget): Machines {
  return {
    ...createSshConnector({ clock: target.clock }),
    newKey: generateSshKey,
    userData: buildUserData,
    waitForSetup,
    waitForServer,
  };
}

export const measure: Measure = {
  runPass,
  warmUp,
  suiteFor: (categories, server, clock, signal) =>
    sizeSuite(server, standardSuite(categories), clock, signal),
};
