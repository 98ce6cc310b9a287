import { apiNow } from "../teardown/api-time.ts";
import { CloudError, REFUSED_KINDS } from "../cloud/cloud.ts";
import type { CloudFirewall } from "../cloud/cloud.ts";
import { foldRun } from "../run-state/fold-run.ts";
import { makeFirewallLabel, parseLabel, tagsOf } from "../journal/label.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { destroyFirewall } from "../teardown/destroy-firewall.ts";
import { raceAbort } from "../support/race-abort.ts";
import type { Patience } from "../teardown/patience.ts";
import type { SweepPorts } from "./ports.ts";
import type { SweepSettings } from "./settings.ts";

const TRIES = 5;
const BETWEEN_TRIES_MS = 10_000;

/**
 * The run's own firewall: TCP 22 from the caller, nothing else. It exists before the first VM, so that no VM is
 * ever open. Its label is unique in the account, which makes a repeated create harmless.
 * @throws CloudError, or the signal's reason
 */
export async function openFirewall(
  estimate: Estimate,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<number> {
  const { cloud, clock, journal, ownership } = ports;
  const hours = estimate.rentals.reduce((sum, { reservedHours }) => sum + reservedHours, 0);
  const expiresMs = apiNow(ports) + hours * 3_600_000;
  const cidrs = [...settings.sshCidrs];
  const standing = await firewallOfBefore(cidrs, expiresMs, ports, signal);
  if (standing !== undefined) return standing;
  const label = makeFirewallLabel({ run: settings.run, expiresMs });
  const acknowledge = ({ id }: CloudFirewall): Promise<unknown> =>
    journal.append({ type: "firewall.acknowledged", label, firewall_id: id });
  for (let attempt = 1; ; attempt += 1) {
    let firewall: CloudFirewall | undefined;
    signal.throwIfAborted();
    // Each time: whoever removes it must know that more than one may arrive.
    await journal.append({ type: "firewall.intended", label, cidrs });
    ownership.assertCurrent();
    const tags = tagsOf(settings.run);
    const create = cloud.createFirewall({ label, sshCidrs: cidrs, tags });
    try {
      firewall = await raceAbort(create, signal);
    } catch (error) {
      // An answer that comes after all spares the removal the wait for one that may still arrive.
      if (signal.aborted) create.then(acknowledge).catch(() => undefined);
      signal.throwIfAborted();
      if (!(error instanceof CloudError)) throw error;
      const passing = error.sent && error.kind !== "validation" && !REFUSED_KINDS.has(error.kind);
      [firewall] = passing ? await cloud.listFirewalls({ label }, signal).catch(() => []) : [];
      if (firewall === undefined && (!passing || attempt >= TRIES)) throw error;
    }
    if (firewall !== undefined) {
      await acknowledge(firewall);
      return firewall.id;
    }
    await clock.sleep(BETWEEN_TRIES_MS, signal);
  }
}

/** The one that a former owner of the run has made, when it opens the same door for long enough. */
async function firewallOfBefore(
  cidrs: readonly string[],
  untilMs: number,
  { cloud, journal }: SweepPorts,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { firewall } = foldRun(journal.events());
  if (firewall?.id === undefined || firewall.gone) return undefined;
  const intended = journal
    .events()
    .find((event) => event.type === "firewall.intended" && event.label === firewall.label);
  const same = intended?.type === "firewall.intended" && cidrs.join() === intended.cidrs.join();
  if (!same || (parseLabel(firewall.label)?.expiresMs ?? 0) < untilMs) return undefined;
  const { label } = firewall;
  const listed = await cloud.listFirewalls({ label }, signal).catch(() => []);
  return listed.find(({ id }) => id === firewall.id)?.id;
}

/** @returns when it is gone, or patience ended, the program's or the user's: then the fold still shows it open. */
export async function closeFirewall(
  ports: SweepPorts,
  settings: SweepSettings,
  patience: Patience,
): Promise<void> {
  const { cloud, journal, ownership, clock, onAlarm } = ports;
  patience.start();
  await destroyFirewall({
    cloud,
    journal,
    ownership,
    clock,
    onAlarm,
    random: ports.random,
    run: settings.run,
    patience: patience.over(),
    skipFirewallWait: settings.skipFirewallWait,
  });
}
