import { gpuName, modelName } from "../../catalog/short-names.ts";
import { renderTable, type TableStyle } from "../../report/render-table.ts";
import type { ListedVm } from "../../sessions/list-held.ts";
import { durationText } from "../../support/duration-text.ts";
import { isoUtc } from "../../support/clock.ts";
import { usd } from "../../support/money.ts";
import { shellWord } from "../../support/shell-word.ts";

export function heldVmsJson(vms: readonly ListedVm[]): object {
  return {
    vms: vms.map(({ apiBase, name, rental, reservedUsd, run, simulated, spentUsd, ...vm }) => ({
      session: name,
      run,
      label: rental.label,
      gpu: rental.gpu,
      region: rental.region,
      model: rental.models[0] ?? null,
      ip: rental.ipv4 ?? null,
      stage: rental.stage,
      api_base: apiBase ?? null,
      tunnel: vm.tunnelAnswers,
      since: rental.createSentMs === undefined ? null : isoUtc(rental.createSentMs),
      held_until: rental.heldUntilMs === undefined ? null : isoUtc(rental.heldUntilMs),
      expires: isoUtc(rental.expiresMs),
      price_per_hour: usd(rental.priceMicroUsd),
      spent_usd: spentUsd,
      reserved_usd: reservedUsd,
      simulated,
    })),
  };
}

/** A row for each VM, then the address of each one's API. */
export function heldVmsTable(
  vms: readonly ListedVm[],
  style: TableStyle,
  onlySimulated: boolean,
): string {
  if (vms.length === 0) return onlySimulated ? "no simulated VM is up\n" : "no VM is up\n";
  // A name is to be typed, so it is not cut.
  const hasStages = vms.some(({ rental }) => rental.stage !== "held");
  const table = renderTable(
    [
      { head: "Session" },
      { head: "GPU type" },
      { head: "Model", shrinks: true },
      ...(hasStages ? [{ head: "Stage" }] : []),
      { head: "Left", align: "right" },
      { head: "Cost", align: "right" },
    ],
    vms.map(({ name, nowMs, rental, spentUsd }) => [
      name,
      gpuName(rental.gpu),
      modelName(rental.models[0] ?? ""),
      ...(hasStages ? [rental.stage] : []),
      durationText((rental.heldUntilMs ?? rental.deadlineMs) - nowMs),
      `$${spentUsd.toFixed(2)}`,
    ]),
    style,
  );
  return `${[table, ...vms.map(addressLine)].join("\n")}\n`;
}

function addressLine({ apiBase, name, simulated, tunnelAnswers }: ListedVm): string {
  const address = apiBase ?? "no tunnel";
  const down =
    apiBase === undefined || tunnelAnswers
      ? ""
      : ` (its tunnel is down: maider-sweep tunnel ${shellWord(name)} restarts it)`;
  return `${name}: ${address}${down}${simulated ? ", SIMULATED: it costs nothing" : ""}`;
}
