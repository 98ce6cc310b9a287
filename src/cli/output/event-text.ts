import type { EventOf, EventType, SweepEvent } from "../../journal/events.ts";
import { countText } from "../../support/count-text.ts";
import { serverFailureText } from "../../run-state/run-state.ts";
import { isInterruption } from "../../support/interrupts.ts";
import { formatUsd } from "../../support/money.ts";

export interface EventText {
  readonly text: string;
  /** `detail` is for the live view only, which shows it as a state and not as a line. */
  readonly tone: "note" | "warning" | "detail";
}

/** What an event means to a person; undefined for events that only the program needs. */
export function eventText(event: SweepEvent): EventText | undefined {
  const describe = TEXTS[event.type] as ((event: SweepEvent) => EventText | undefined) | undefined;
  return describe?.(event);
}

type Describe<T extends EventType> = (event: EventOf<T>) => EventText | undefined;

const note = (text: string): EventText => ({ text, tone: "note" });
const warning = (text: string): EventText => ({ text, tone: "warning" });
const detail = (text: string): EventText => ({ text, tone: "detail" });

const TEXTS: { readonly [T in EventType]?: Describe<T> } = {
  "run.opened": (event) =>
    note(
      [
        event.world === null ? "" : "SIMULATED: no account, no money. ",
        `run ${event.run} of ${event.plan}: ${countText(event.rentals, "rental")}, `,
        `${countText(event.configurations, "configuration")}, ${passesText(event)}, `,
        `${event.concurrency} at once; cap ${formatUsd(event.cap_micro_usd)}, `,
        `likely ${formatUsd(event.likely_micro_usd)}, at worst ${formatUsd(event.worst_micro_usd)}`,
      ].join(""),
    ),
  "run.adopted": ({ by, pid }) => note(`taken over by ${by} (process ${pid})`),
  "run.stopping": ({ reason }) =>
    warning(`stopping: ${reason}; every VM is being destroyed and confirmed deleted`),
  "run.closed": ({ state, exit_code }) => note(`run ${state}, exit code ${exit_code}`),
  "guard.lost": ({ pid }) => warning(`the guard (process ${pid}) has died; another one is started`),
  "clock.jumped": ({ milliseconds }) =>
    warning(`the clock jumped by ${seconds(milliseconds / 1000)}: was the machine asleep?`),
  "clock.differs": ({ milliseconds }) =>
    warning(
      `this machine's clock is ${seconds(Math.abs(milliseconds) / 1000)} ${milliseconds > 0 ? "behind" : "ahead of"} Linode's`,
    ),
  "account.compared": ({ grown_micro_usd: grown, spent_micro_usd: spent }) => {
    const figures = `the account's uninvoiced balance grew by ${formatUsd(grown)}, the ledger says ${formatUsd(spent)}`;
    if (Math.abs(grown - spent) < ONE_CENT) return note(figures);
    return grown > spent
      ? warning(
          `${figures}: the rest is from other servers of the account, or Linode counts differently`,
        )
      : note(`${figures}: Linode may count the rest later`);
  },
  "world.ended": ({ world }) => warning(`the simulated world ${world} has ended`),
  "firewall.acknowledged": ({ label }) => detail(`firewall ${label} is up`),
  "firewall.updated": ({ cidrs }) =>
    note(`this machine's public address has changed; the firewall lets in ${cidrs.join(", ")} now`),

  "entry.skipped": ({ model, reason }) => note(`skipped ${model}: ${reason}`),
  "entry.waiting": ({ needed_micro_usd }) =>
    note(`waits for ${formatUsd(needed_micro_usd)} that open reservations may still free`),
  "entry.not_started": ({ models, reason }) =>
    warning(`not started (${models.join(", ")}): ${reason}`),
  "admission.paused": ({ reason }) =>
    warning(`no VM is created for now: ${reason}; running VMs are not affected`),
  "admission.resumed": ({ seconds: took }) => note(`VMs are created again, after ${seconds(took)}`),

  "rental.reserved": ({ region, hours, micro_usd }) =>
    note(`reserved ${formatUsd(micro_usd)} (${countText(hours, "hour")}) for a VM in ${region}`),
  "create.acknowledged": ({ vm_id, ipv4 }) => note(`VM ${vm_id} created at ${ipv4}, booting`),
  "create.unknown": ({ reason }) => warning(`it is not known yet whether the VM exists: ${reason}`),
  "create.adopted": ({ vm_id, gpu, price_micro_usd: price }) =>
    price === undefined
      ? warning(`the VM does exist: ${vm_id}, taken over`)
      : note(`VM ${vm_id} is a ${gpu ?? "VM"} at ${formatUsd(price)} an hour`),
  "create.absent": ({ look, refusal }) =>
    look > 1 ? undefined : warning(`no VM was made: ${refusal}`),
  "rental.reused": ({ minutes_left }) =>
    note(`the VM is still there and is used again, ${countText(minutes_left, "minute")} at most`),
  "boot.running": ({ seconds: took }) => note(`running after ${seconds(took)}`),
  "ssh.ready": ({ seconds: took }) => note(`SSH answers after ${seconds(took)}`),
  "setup.progressed": ({ stage, index, stages }) => detail(`set-up ${index}/${stages}: ${stage}`),
  "machine.ready": ({ seconds: took, gpu_name, driver }) =>
    note(`set up after ${seconds(took)}: ${gpu_name}, driver ${driver}`),
  "rental.held": ({ reason, until }) => warning(`held until ${until}: ${reason}`),
  "rental.failed": ({ stage, reason }) =>
    isInterruption(reason) ? note(`stopped (${stage})`) : warning(`failed (${stage}): ${reason}`),
  "destroy.intended": ({ reason }) => note(`destroying: ${reason}`),
  "rental.gone": () => note("confirmed deleted"),
  "rental.settled": ({ hours, micro_usd }) =>
    note(`billed ${countText(hours, "hour")}, ${formatUsd(micro_usd)}`),

  "server.starting": ({ image }) => note(`starting ${image}`),
  "server.progressed": ({ stage, bytes, total_bytes }) =>
    detail(
      `${stage} ${gigabytes(bytes)}${total_bytes === null ? "" : ` of ${gigabytes(total_bytes)}`}`,
    ),
  "server.ready": ({ seconds: took, vllm_version }) =>
    note(`vLLM ${vllm_version} answers after ${seconds(took)}`),
  "server.failed": ({ during, cause, evidence, remedy, log }) =>
    warning(`${serverFailureText(during)}: ${cause}: ${evidence} (${remedy}; log: ${log})`),
  "pass.started": ({ pass, passes, tests }) =>
    note(`pass ${pass} of ${passes}, ${countText(tests, "test")}`),
  "test.finished": (event) => {
    const name = `test ${event.index}/${event.tests} ${event.test}`;
    if (event.outcome === "measured")
      return detail(
        `${name}: ${rate(event.tokens_per_sec)}, first token ${event.ttft_s?.toFixed(2) ?? "?"} s`,
      );
    const reason = event.reason ?? "no reason given";
    return event.outcome === "failed"
      ? warning(`${name} failed: ${reason}`)
      : note(`${name} does not apply: ${reason}`);
  },
  "pass.finished": ({ pass, record: { summary } }) => {
    const text = `pass ${pass} sound: ${rate(summary.avg_tokens_per_sec)}`;
    const gap = summary.verdict?.gpu_watch;
    return gap === undefined
      ? note(text)
      : warning(`${text}; a throttled GPU may have gone unseen: ${gap}`);
  },
  "pass.failed": ({ pass, reasons }) => warning(`pass ${pass} is not sound: ${reasons.join("; ")}`),
  "pass.void": ({ pass, reason }) =>
    isInterruption(reason)
      ? note(`pass ${pass} was stopped`)
      : warning(`pass ${pass} is void and is run again: ${reason}`),
  "configuration.finished": ({ state, passes, reason }) => {
    const text = `${state.replace("_", " ")}, ${countText(passes, "sound pass", "sound passes")}`;
    if (isInterruption(reason ?? ""))
      return note(`stopped, ${countText(passes, "sound pass", "sound passes")}`);
    return state === "measured" ? note(text) : warning(`${text}: ${reason ?? "no reason given"}`);
  },
};

/** `3 passes each`, or `27 passes` if configurations differ. */
function passesText({
  configurations,
  passes,
  total_passes: total,
}: EventOf<"run.opened">): string {
  return total === undefined || total === configurations * passes
    ? `${countText(passes, "pass", "passes")} each`
    : countText(total, "pass", "passes");
}

/** Micro-dollars; Linode rounds to it. */
const ONE_CENT = 10_000;

function rate(tokensPerSecond: number | null): string {
  return tokensPerSecond === null ? "no speed" : `${tokensPerSecond.toFixed(1)} tokens/s`;
}

function seconds(value: number): string {
  const whole = Math.round(value);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
