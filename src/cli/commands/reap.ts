import { existsSync } from "node:fs";
import { CloudError } from "../../cloud/cloud.ts";
import { explainCloudError } from "../../cloud/account-check.ts";
import { parseLabel } from "../../journal/label.ts";
import { runFolder } from "../../journal/state-folder.ts";
import { ExitCode } from "../../support/errors.ts";
import { reap as reapExpired } from "../../teardown/reap.ts";
import type { Reaped } from "../../teardown/reap.ts";
import type { Handler } from "../command.ts";
import { openCloudTarget } from "../../run/cloud-target.ts";
import type { CloudTarget } from "../../run/cloud-target.ts";
import { heartbeatUrl, tell, reportGone } from "../../guard/heartbeat.ts";
import { recordReaperRun } from "../../guard/reaper-sign.ts";
import { connectCloud } from "../../run/wire.ts";

/** Somebody waits, or the next pass comes in minutes: a list that cannot be read is told soon. */
const READ_PATIENCE_MS = 45_000;

export const reap: Handler = async ({ options, terminal }) => {
  const target = await openCloudTarget(options, terminal, true);
  const grace = options["grace"] as number | undefined;
  let reaped: Reaped;
  try {
    reaped = await reapExpired(
      {
        cloud: connectCloud(target, READ_PATIENCE_MS),
        clock: target.clock,
        graceMs: grace === undefined ? undefined : grace * 60_000,
        dryRun: options["dryRun"] === true,
      },
      terminal.signals.stop,
    );
    if (options["dryRun"] !== true) {
      await recordReaperRun(target.stateDir, target.clock.now());
      await tellOfEnds(reaped, target, heartbeatUrl(options, terminal.env, target));
    }
  } catch (error) {
    throw error instanceof CloudError
      ? explainCloudError(error, "list the VMs of the account")
      : error;
  } finally {
    target.simulated?.release();
  }
  terminal.stdout.write(
    options["json"] === true
      ? `${JSON.stringify(reaped, undefined, 2)}\n`
      : describe(reaped, options["dryRun"] === true),
  );
  return reaped.failed.length > 0 ? ExitCode.stillBilled : ExitCode.done;
};

/** A run of this machine has left a note where to; for others only our own environment can tell. */
async function tellOfEnds(
  { alive, destroyed, failed, left }: Reaped,
  { stateDir }: CloudTarget,
  url: string | undefined,
): Promise<void> {
  const runOf = (label: string): string => parseLabel(label)?.run ?? "";
  const alsoOpen = new Set([...alive, ...failed.map(({ label }) => label), ...left].map(runOf));
  const ended = [...new Set(destroyed.map(runOf))].filter((run) => !alsoOpen.has(run));
  const folders = ended.map((run) => runFolder(stateDir, run));
  for (const folder of folders) await reportGone(folder);
  if (url !== undefined && folders.some((folder) => !existsSync(folder))) await tell(url, "gone");
}

function describe(reaped: Reaped, dryRun: boolean): string {
  const lines = [
    `${String(reaped.alive.length)} of ours alive, ${String(reaped.foreign)} not ours, ${String(reaped.expired.length)} expired`,
    ...(dryRun ? reaped.expired.map((label) => `would destroy ${label}`) : []),
    ...reaped.destroyed.map((label) => `destroyed ${label}`),
    ...reaped.spared.map((label) => `left alone ${label}: not as the list had said`),
    ...reaped.failed.map(({ label, reason }) => `NOT destroyed ${label}: ${reason}`),
    ...reaped.left.map((label) => `next time ${label}`),
    ...reaped.firewalls.map((label) => `${dryRun ? "would remove" : "removed"} firewall ${label}`),
  ];
  return `${lines.join("\n")}\n`;
}
