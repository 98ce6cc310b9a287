import { reapExpired } from "../../run/reap-expired.ts";
import { ExitCode } from "../../support/errors.ts";
import type { Reaped } from "../../teardown/reap.ts";
import type { Handler } from "../command.ts";
import { cloudRequest } from "../requests.ts";

export const reap: Handler = async (call) => {
  const { options, terminal } = call;
  const grace = options["grace"] as number | undefined;
  const dryRun = options["dryRun"] === true;
  const reaped = await reapExpired(
    {
      cloud: cloudRequest(call),
      heartbeatUrl: undefined,
      graceMs: grace === undefined ? undefined : grace * 60_000,
      dryRun,
    },
    terminal,
  );
  terminal.stdout.write(
    options["json"] === true
      ? `${JSON.stringify(reaped, undefined, 2)}\n`
      : describe(reaped, dryRun),
  );
  return reaped.failed.length > 0 ? ExitCode.stillBilled : ExitCode.done;
};

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
