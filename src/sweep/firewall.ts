import { CloudError, REFUSED_KINDS } from "../cloud/cloud.ts";
import type { CloudFirewall } from "../cloud/cloud.ts";
import { foldRun } from "../run-state/fold-run.ts";
import type { SweepEvent } from "../journal/events.ts";
import { makeFirewallLabel, parseLabel, tagsOf } from "../journal/label.ts";
import type { Estimate } from "../estimate/estimate.ts";
import { apiNow } from "../teardown/api-time.ts";
import { destroyFirewall } from "../teardown/destroy-firewall.ts";
import { raceAbort } from "../support/race-abort.ts";
import type { Patience } from "../teardown/patience.ts";
import type { SweepPorts } from "./ports.ts";
import type { SweepSettings } from "./settings.ts";

const TRIES = 5;
const BETWEEN_TRIES_MS = 10_000;
/** Rentals often lose their link at the same time, so the address is looked up once for all of them. */
const ADDRESS_VALID_MS = 60_000;

/** The run's firewall: it allows TCP 22 from the caller and nothing else. */
export interface Firewall {
  readonly id: number;
  /**
   * Looks up the caller's public address and allows it if it has changed. If the address cannot be found out, or the API
   * does not answer, nothing changes. @throws FencedError
   */
  followCaller(signal: AbortSignal): Promise<void>;
}

/**
 * Creates the firewall before the first VM, so that no VM is ever unprotected, or reuses the firewall of a former owner
 * of the run. Its label is unique in the account, so it is safe to repeat the create.
 * @throws CloudError, or the signal's reason
 */
export async function openFirewall(
  estimate: Estimate,
  ports: SweepPorts,
  settings: SweepSettings,
  signal: AbortSignal,
): Promise<Firewall> {
  const hours = estimate.rentals.reduce((sum, { reservedHours }) => sum + reservedHours, 0);
  // The reaper compares expiries with the API's clock.
  const expiresMs = apiNow(ports) + hours * 3_600_000;
  const found = await reuseFirewall(settings.sshCidrs, expiresMs, ports, signal);
  if (found !== undefined) return firewallOf(found.id, found.label, settings.sshCidrs, ports);
  const label = makeFirewallLabel({ run: settings.run, expiresMs });
  const id = await create(label, ports, settings, signal);
  return firewallOf(id, label, settings.sshCidrs, ports);
}

/** The address ranges that a firewall allows, according to the journal. */
function cidrsOf(events: readonly SweepEvent[], label: string): readonly string[] {
  const last = events.findLast(
    (event) =>
      (event.type === "firewall.intended" || event.type === "firewall.updated") &&
      event.label === label,
  );
  return last !== undefined && "cidrs" in last ? last.cidrs : [];
}

function firewallOf(
  id: number,
  label: string,
  sshCidrs: readonly string[],
  ports: SweepPorts,
): Firewall {
  let cidrs = sshCidrs;
  let askedMs = -Infinity;
  return {
    id,
    async followCaller(signal) {
      const { clock, publicCidr } = ports;
      if (publicCidr === undefined || clock.monotonic() - askedMs < ADDRESS_VALID_MS) return;
      askedMs = clock.monotonic();
      const cidr = await publicCidr(signal).catch(() => undefined);
      if (cidr === undefined || cidrs.includes(cidr)) return;
      try {
        await allow([cidr], { id, label }, ports);
        cidrs = [cidr];
      } catch (error) {
        if (!(error instanceof CloudError)) throw error;
      }
    },
  };
}

/** Journaled after the update: if the event is missing, a resume updates the rules again. */
async function allow(
  cidrs: readonly string[],
  { id, label }: { readonly id: number; readonly label: string },
  { cloud, journal, ownership }: SweepPorts,
): Promise<void> {
  ownership.assertCurrent();
  await cloud.updateFirewall(id, cidrs);
  await journal.append({ type: "firewall.updated", label, cidrs: [...cidrs] });
}

/** Updates the firewall of a former owner of the run. @returns it, unless it expires before `untilMs` */
async function reuseFirewall(
  cidrs: readonly string[],
  untilMs: number,
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<CloudFirewall | undefined> {
  const { cloud, journal } = ports;
  const { firewall } = foldRun(journal.events());
  if (firewall?.id === undefined || firewall.gone) return undefined;
  const { label } = firewall;
  const listed = await cloud.listFirewalls({ label }, signal).catch(() => []);
  signal.throwIfAborted();
  const found = listed.find(({ id }) => id === firewall.id);
  if (found !== undefined && cidrs.join() !== cidrsOf(journal.events(), label).join())
    await allow(cidrs, found, ports);
  return (parseLabel(label)?.expiresMs ?? 0) < untilMs ? undefined : found;
}

async function create(
  label: string,
  { cloud, clock, journal, ownership }: SweepPorts,
  { run, sshCidrs }: SweepSettings,
  signal: AbortSignal,
): Promise<number> {
  const acknowledge = async ({ id }: CloudFirewall): Promise<number> => {
    await journal.append({ type: "firewall.acknowledged", label, firewall_id: id });
    return id;
  };
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    // Before each create: the teardown must know that more than one firewall may appear.
    await journal.append({ type: "firewall.intended", label, cidrs: [...sshCidrs] });
    ownership.assertCurrent();
    const creating = cloud.createFirewall({ label, sshCidrs, tags: tagsOf(run) });
    try {
      return await acknowledge(await raceAbort(creating, signal));
    } catch (error) {
      // If the answer arrives after all, the teardown need not wait for a late firewall.
      if (signal.aborted) creating.then(acknowledge).catch(() => undefined);
      signal.throwIfAborted();
      if (!(error instanceof CloudError)) throw error;
      const passing = error.sent && error.kind !== "validation" && !REFUSED_KINDS.has(error.kind);
      const [found] = passing ? await cloud.listFirewalls({ label }, signal).catch(() => []) : [];
      if (found !== undefined) return acknowledge(found);
      if (!passing || attempt >= TRIES) throw error;
    }
    await clock.sleep(BETWEEN_TRIES_MS, signal);
  }
}

/** Deletes the firewall. If patience ends first, or the user skips the wait, the journal still shows it as open. */
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
    patience: patience.expired(),
    skipFirewallWait: settings.skipFirewallWait,
  });
}
