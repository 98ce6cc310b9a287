import { ExitCode } from "../../support/errors.ts";
import type { Reaped } from "../../teardown/reap.ts";
import { jsonText } from "../output/json.ts";
import { cloudRequest } from "../requests.ts";
import {
  cloudOptions,
  jsonOption,
  minutesOrZero,
  option,
  outputOptions,
  stateOption,
} from "../options.ts";
import { defineVerb } from "../verb.ts";

export const verb = defineVerb({
  name: "reap",
  group: "upkeep",
  summary: "Destroy expired VMs of ours, from any machine with a token",
  about: [
    "The last resort when the machine of a run is lost: the label of each VM carries its expiry, so any machine that has a token can destroy what is overdue. It touches nothing whose label is not ours. Run it from a timer on another machine, every ten minutes.",
  ],
  related: ["recover", "guard"],
  options: [
    option("--dry-run", "only list what would be destroyed"),
    option("--grace <minutes>", "how long after the expiry (default 10)").argParser(minutesOrZero),
    ...cloudOptions,
    stateOption,
    jsonOption,
    ...outputOptions,
  ],
  examples: ["maider-sweep reap --dry-run", "maider-sweep reap --grace 30"],
  handler: async (call) => {
    const { options, terminal } = call;
    const { reapExpired } = await import("../../run/recovery/reap-expired.ts");
    const dryRun = options.dryRun === true;
    const graceMs = options.grace === undefined ? undefined : options.grace * 60_000;
    const request = { cloud: cloudRequest(call), heartbeatUrl: undefined, graceMs, dryRun };
    const reaped = await reapExpired(request, terminal);
    terminal.stdout.write(options.json ? jsonText(reaped) : reapedText(reaped, dryRun));
    return reaped.failed.length > 0 ? ExitCode.stillBilled : ExitCode.done;
  },
});

function reapedText(reaped: Reaped, dryRun: boolean): string {
  const lines = [
    `${String(reaped.alive.length)} of ours alive, ${String(reaped.foreign)} not ours, ${String(reaped.expired.length)} expired`,
    ...(dryRun ? reaped.expired.map((label) => `would destroy ${label}`) : []),
    ...reaped.destroyed.map((label) => `destroyed ${label}`),
    ...reaped.spared.map((label) => `left alone ${label}: it has changed since it was listed`),
    ...reaped.failed.map(({ label, reason }) => `NOT destroyed ${label}: ${reason}`),
    ...reaped.left.map((label) => `next time ${label}`),
    ...reaped.firewalls.map((label) => `${dryRun ? "would remove" : "removed"} firewall ${label}`),
  ];
  return `${lines.join("\n")}\n`;
}
