import { findGpuType } from "../catalog/gpu-catalog.ts";
import type { EventOf, EventType, SweepEvent } from "../journal/events.ts";

/** One thing that only an account can show, as one VM has shown it. */
export interface Finding {
  /** Its number in docs/live-checklist.md. */
  readonly item: number;
  readonly what: string;
  /** `not shown`: the VM did not get so far, or the token may not see it. */
  readonly state: "as expected" | "differs" | "not shown";
  readonly detail: string;
}

/** What stands beside the journal: the API's own words. */
export interface LiveFacts {
  /** Null = never, undefined = not readable. */
  readonly tokenExpiryMs: number | null | undefined;
  /** Dollars not yet invoiced, before and after; undefined where the token may not read it. */
  readonly uninvoiced: { readonly beforeUsd: number; readonly afterUsd: number } | undefined;
}

/** Linode's VMs come up and go in these times when all is well, seconds. */
const USUAL = { boot: 240, ssh: 90, setup: 1_200, gone: 300, bytesPerSecond: 50e6 };

/** What the journal of one rental says about the live checklist. */
// oxlint-disable-next-line max-lines-per-function -- a table with one row for each item of the checklist
export function liveFindings(events: readonly SweepEvent[], facts: LiveFacts): readonly Finding[] {
  const find = <T extends EventType>(type: T): EventOf<T> | undefined =>
    events.find((event): event is EventOf<T> => event.type === type);
  const finding = (
    item: number,
    what: string,
    shown: boolean | undefined,
    detail: string,
  ): Finding => ({
    item,
    what,
    state: shown === undefined ? "not shown" : shown ? "as expected" : "differs",
    detail: shown === undefined && detail === "" ? "the VM did not get so far" : detail,
  });
  const [intended, sent, running] = [
    find("create.intended"),
    find("create.sent"),
    find("boot.running"),
  ];
  const [ssh, ready, served] = [find("ssh.ready"), find("machine.ready"), find("server.ready")];
  const [destroyed, gone, settled] = [
    find("destroy.sent"),
    find("rental.gone"),
    find("rental.settled"),
  ];
  const gpu = findGpuType(intended?.gpu ?? "");
  const price = intended?.price_micro_usd;
  const bytes = Math.max(
    0,
    ...events.map((event) => (event.type === "server.progressed" ? event.bytes : 0)),
  );
  const rate =
    served === undefined || served.download_seconds <= 0
      ? undefined
      : bytes / served.download_seconds;
  const goneSeconds = secondsBetween(destroyed, gone);
  const { uninvoiced } = facts;
  const charged = uninvoiced === undefined ? undefined : uninvoiced.afterUsd - uninvoiced.beforeUsd;
  return [
    finding(
      1,
      "the token tells when it ends",
      facts.tokenExpiryMs !== undefined,
      facts.tokenExpiryMs === undefined
        ? "GET /profile/tokens is not open to these scopes"
        : facts.tokenExpiryMs === null
          ? "never"
          : new Date(facts.tokenExpiryMs).toISOString(),
    ),
    finding(
      2,
      "the price is the built-in one",
      price === undefined ? undefined : price === gpu?.hourly,
      price === undefined ? "" : `$${(price / 1e6).toFixed(2)} an hour for ${gpu?.id ?? ""}`,
    ),
    finding(
      3,
      "the create is accepted: user-data of this size, firewall and interface in one request",
      sent === undefined ? undefined : find("create.acknowledged") !== undefined,
      find("create.unknown")?.reason ??
        find("create.absent")?.refusal ??
        `acknowledged after ${told(secondsBetween(sent, find("create.acknowledged")))}`,
    ),
    finding(
      4,
      "it runs in a few minutes",
      running === undefined ? undefined : running.seconds <= USUAL.boot,
      told(running?.seconds),
    ),
    finding(
      5,
      "cloud-init planted our host key: the first login was under the pinned key",
      ssh === undefined ? undefined : ssh.seconds - (running?.seconds ?? 0) <= USUAL.ssh,
      told(ssh === undefined ? undefined : ssh.seconds - (running?.seconds ?? 0)),
    ),
    finding(
      6,
      "the driver loads without a reboot, and the set-up is done",
      ready === undefined ? undefined : ready.seconds - (ssh?.seconds ?? 0) <= USUAL.setup,
      ready === undefined
        ? ""
        : `${told(ready.seconds - (ssh?.seconds ?? 0))}, driver ${ready.driver}, kernel ${ready.kernel}`,
    ),
    finding(
      7,
      "the card is the one that the catalogue says",
      ready === undefined || gpu === undefined
        ? undefined
        : ready.gpu_name.includes(gpu.card.name.replace(/^RTX PRO/, "PRO")),
      ready?.gpu_name ?? "",
    ),
    finding(
      8,
      "weights come at 50 MB a second or more",
      rate === undefined ? undefined : rate >= USUAL.bytesPerSecond,
      rate === undefined ? "" : `${(rate / 1e6).toFixed(0)} MB/s`,
    ),
    finding(
      9,
      "vLLM serves, and a pass is sound",
      served === undefined ? undefined : find("pass.finished") !== undefined,
      served === undefined
        ? ""
        : `vLLM ${served.vllm_version} after ${told(served.seconds)}; ${passText(find("pass.finished"), find("pass.failed"))}`,
    ),
    finding(
      10,
      "it is gone some minutes after the DELETE",
      goneSeconds === undefined ? undefined : goneSeconds <= USUAL.gone,
      told(goneSeconds),
    ),
    finding(
      11,
      "the firewall goes after its VM",
      find("firewall.gone") === undefined ? undefined : true,
      "removed",
    ),
    finding(
      12,
      "the account is charged what the ledger says",
      charged === undefined || settled === undefined
        ? undefined
        : Math.abs(charged - settled.usd) < 0.005,
      charged === undefined || settled === undefined
        ? "needs account:read_only; else see the billing page tomorrow"
        : `$${charged.toFixed(2)} charged, $${settled.usd.toFixed(2)} in the ledger (${String(settled.hours)} h)`,
    ),
  ];
}

function passText(
  sound: EventOf<"pass.finished"> | undefined,
  failed: EventOf<"pass.failed"> | undefined,
): string {
  if (sound !== undefined) return `${sound.record.summary.avg_tokens_per_sec.toFixed(1)} tokens/s`;
  return failed === undefined ? "no pass" : failed.reasons.join("; ");
}

function secondsBetween(
  from: SweepEvent | undefined,
  to: SweepEvent | undefined,
): number | undefined {
  return from === undefined || to === undefined
    ? undefined
    : (Date.parse(to.ts) - Date.parse(from.ts)) / 1000;
}

function told(seconds: number | undefined): string {
  return seconds === undefined ? "" : `${seconds.toFixed(0)} s`;
}
