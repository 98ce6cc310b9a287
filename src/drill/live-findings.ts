import type { SweepEvent } from "../journal/events.ts";
import type { Finding } from "./finding.ts";
import { judgeDriver, judgeFirstLogin, judgeReboot } from "./judge-host.ts";
import { judgeDurations, judgeKilledDownload } from "./judge-downloads.ts";
import { judgePeerToPeer } from "./judge-peer-to-peer.ts";
import { judgeMemory, judgePass, judgeReplies } from "./judge-serving.ts";
import { judgeDeletion } from "./judge-teardown.ts";
import type { LiveEvidence } from "./live-evidence.ts";

/**
 * Judges what a live drill has seen, in the order of value of docs/live-checklist.md.
 * @param twoGpus undefined if no VM with two GPUs was asked for.
 */
export function liveFindings(
  events: readonly SweepEvent[],
  oneGpu: LiveEvidence,
  twoGpus: LiveEvidence | undefined,
): readonly Finding[] {
  const run = { evidence: oneGpu, events };
  return [
    judgeDriver(run),
    judgeReboot(run),
    judgeFirstLogin(run),
    judgeMemory(run),
    judgeReplies(run),
    judgeDurations(run),
    judgeKilledDownload(run),
    judgePass(run),
    judgeDeletion(run),
    ...(twoGpus === undefined ? [] : [judgePeerToPeer({ evidence: twoGpus, events })]),
  ];
}
