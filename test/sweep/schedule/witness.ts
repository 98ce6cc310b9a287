import type { SweepEvent } from "../../../src/journal/events.ts";
import type { Api } from "../../../src/simulator/api/api.ts";
import type { ApiFaults } from "../../../src/simulator/faults/api-faults.ts";
import type { Reaped } from "../../../src/teardown/reap.ts";

export const MET = [
  "crash at a fact",
  "crash at a moment",
  "reply lost, the request carried out",
  "reply lost, the request carried out late",
  "request lost",
  "slow reply",
  "an error for an answer",
  "another account's answer",
  "list that is behind",
  "second process",
  "sleep of 8 h",
  "shorter sleep",
  "clock step",
  "clock that is wrong from the beginning",
  "token revoked, then restored",
  "full disk",
  "DELETE that fails for longer than the patience",
  "no stock",
  "reaper that found nothing",
  "reaper that destroyed",
  "interrupt",
  "resume on a VM that still ran",
  "link lost in a pass",
  "another address let in",
  "API down while VMs are admitted",
  "set-up that failed",
  "two engine settings of one model",
] as const;
export type Met = (typeof MET)[number];

const OF_ACTION: Readonly<Record<string, Met>> = {
  "commit-then-drop": "reply lost, the request carried out",
  "commit-later": "reply lost, the request carried out late",
  "drop-before": "request lost",
  delay: "slow reply",
  status: "an error for an answer",
  "stale-list": "list that is behind",
  "wrong-account": "another account's answer",
};

/** Looks on while a schedule runs: what was drawn may come when there is nothing left to disturb. */
export interface Witness {
  readonly met: ReadonlySet<Met>;
  saw(met: Met): void;
  sawReaper(reaped: Reaped | undefined): void;
  overApi(api: Api): Api;
  overFaults(faults: ApiFaults): ApiFaults;
}

export function createWitness(): Witness {
  const met = new Set<Met>();
  return {
    met,
    saw: (each) => void met.add(each),
    sawReaper(reaped) {
      if (reaped === undefined) return;
      const some = reaped.destroyed.length + reaped.firewalls.length > 0;
      met.add(some ? "reaper that destroyed" : "reaper that found nothing");
    },
    overApi: (api) => (request, bend) => {
      const reply = api(request, bend);
      if (reply.status === 401) met.add("token revoked, then restored");
      const refusal = reply.status === 200 ? "" : JSON.stringify(reply.body);
      if (refusal.includes("not currently available")) met.add("no stock");
      return reply;
    },
    overFaults: (faults) => ({
      ...faults,
      claim(method, path) {
        const fault = faults.claim(method, path);
        const seen = fault === undefined ? undefined : OF_ACTION[fault.action];
        if (seen !== undefined) met.add(seen);
        return fault;
      },
    }),
  };
}

/** What only the program's own facts tell. */
export function metInJournal(events: readonly SweepEvent[]): readonly Met[] {
  return events.flatMap((event): readonly Met[] => {
    if (event.type === "rental.reused") return ["resume on a VM that still ran"];
    if (event.type === "firewall.updated") return ["another address let in"];
    if (event.type === "admission.paused") return ["API down while VMs are admitted"];
    if (event.type === "pass.void" && event.reason === "SSH was lost")
      return ["link lost in a pass"];
    if (event.type === "rental.failed" && event.reason.startsWith("the set-up failed"))
      return ["set-up that failed"];
    const first = events.find(({ type }) => type === "pass.finished");
    if (event.type === "pass.finished" && first?.type === event.type)
      return event.configuration === first.configuration ||
        event.record.gpu_type !== first.record.gpu_type
        ? []
        : ["two engine settings of one model"];
    const shelf = event.type === "entry.not_started" && event.reason.includes("stock");
    return shelf ? ["no stock"] : [];
  });
}
