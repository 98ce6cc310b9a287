import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateSshKey } from "../../src/machine/keys.ts";
import type { SweepRun } from "../simulated/sweep-run.ts";
import { startRecordedServer } from "./start-recorded-server.ts";
import {
  changedText,
  recordedRuns,
  requestBody,
  restoreRun,
  type RecordedEvent,
  type Recording,
} from "./restore-run.ts";

export interface LiveRun {
  readonly run: string;
  /** Of its VM, or of the reservation whose VM was never ordered. */
  readonly label: string;
  readonly folder: string;
}

interface Made {
  readonly id: number;
  readonly ipv4?: readonly string[];
}

/**
 * Restores the only run of a recording into a simulated cloud that runs: its last event is now, and its firewall and
 * its VM are created by the requests that version 0.1 sent, with new keys.
 * @param server whether vLLM runs on the VM again; left out, the VM is as after its first boot.
 */
export async function restoreLiveRun(
  rig: SweepRun,
  recording: Recording,
  { server = false } = {},
): Promise<LiveRun> {
  const [recorded] = recordedRuns(recording);
  if (recorded === undefined) throw new Error(`nothing is recorded in ${recording}`);
  const { run, events, lines } = recorded;
  const { world, ssh_port: sshPort } = await rig.ask<{ world: string; ssh_port: number }>("world");
  const shiftSeconds = await secondsSince(rig, events);
  const moved = (text: unknown): string => changedText(String(text), { shiftSeconds });
  const reserved = find(events, "rental.reserved");
  const label = moved(reserved?.["label"]);
  const clientKey = generateSshKey(`maider-sweep-${run}`);
  const hostKey = generateSshKey(label);
  const replace = new Map([[String(reserved?.["host_key"]), hostKey.publicWire]]);

  const firewall = await create(
    rig,
    "networking/firewalls",
    requestBody("create-firewall.json", {
      LABEL: moved(find(events, "firewall.intended")?.["label"]),
      "RUN-TAG": `mds-run-${run}`,
    }),
  );
  const firewallId = find(events, "firewall.acknowledged")?.["firewall_id"];
  replace.set(`"firewall_id":${String(firewallId)}`, `"firewall_id":${String(firewall.id)}`);

  if (lines.some((line) => line.includes('"create.sent"'))) {
    const body = requestBody("create-vm.json", {
      LABEL: label,
      "RUN-TAG": `mds-run-${run}`,
      PASSWORD: "Aa1!simulated-and-thrown-away",
      "CLIENT-KEY": clientKey.publicLine,
      // Inside a string of the user-data's own JSON.
      "HOST-KEY": JSON.stringify(hostKey.privateKey).slice(1, -1),
      "HOST-KEY-PUBLIC": hostKey.publicLine,
    });
    const { user_data: userData } = body["metadata"] as { user_data: string };
    const vm = await create(rig, "linode/instances", {
      ...body,
      type: reserved?.["gpu"],
      region: reserved?.["region"],
      firewall_id: firewall.id,
      metadata: { user_data: Buffer.from(userData).toString("base64") },
    });
    const [host = ""] = vm.ipv4 ?? [];
    if (server)
      await startRecordedServer({ host, port: sshPort, privateKey: clientKey.privateKey });
    const acknowledged = find(events, "create.acknowledged");
    if (acknowledged !== undefined) {
      replace.set(String(acknowledged["vm_id"]), String(vm.id));
      replace.set(String(acknowledged["ipv4"]), host);
    }
  }
  restoreRun(recording, rig.env.HOME, { shiftSeconds, world: { url: rig.url, world }, replace });
  const folder = join(rig.stateDir, "simulated", "runs", run);
  for (const name of ["client-key", `${label}.key`])
    writeFileSync(join(folder, name), clientKey.privateKey, { mode: 0o600 });
  writeFileSync(join(folder, "client-key.pub"), `${clientKey.publicLine}\n`, { mode: 0o600 });
  return { run, label, folder };
}

/** Whole seconds from the last of these events to now, on the world's clock. */
export async function secondsSince(
  rig: SweepRun,
  events: readonly RecordedEvent[],
): Promise<number> {
  const { now } = await rig.ask<{ now: string }>("state");
  return Math.floor((Date.parse(now) - Date.parse(events.at(-1)?.ts ?? "")) / 1_000);
}

function find(events: readonly RecordedEvent[], type: string): RecordedEvent | undefined {
  return events.find((event) => event.type === type);
}

async function create(rig: SweepRun, path: string, body: object): Promise<Made> {
  const reply = await fetch(`${rig.url}/v4/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${rig.token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${path} is refused: ${await reply.text()}`);
  return (await reply.json()) as Made;
}
