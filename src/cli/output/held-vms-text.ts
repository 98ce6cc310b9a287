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
  const table = renderTable(
    [
      { head: "Session", shrinks: true },
      { head: "GPU type" },
      { head: "Model", shrinks: true },
      { head: "Stage" },
      { head: "Left", align: "right" },
      { head: "Cost", align: "right" },
    ],
    vms.map(({ name, nowMs, rental, simulated, spentUsd }) => [
      name,
      gpuName(rental.gpu),
      modelName(rental.models[0] ?? ""),
      rental.stage,
      durationText((rental.heldUntilMs ?? rental.deadlineMs) - nowMs),
      `${simulated ? "SIMULATED " : ""}$${spentUsd.toFixed(2)}`,
    ]),
    style,
  );
  const addresses = vms.flatMap(({ apiBase, name, tunnelAnswers }) =>
    apiBase === undefined ? [] : [`${name}: ${apiBase}${tunnelAnswers ? "" : tunnelHint(name)}`],
  );
  return `${[table, ...addresses].join("\n")}\n`;
}

function tunnelHint(session: string): string {
  return ` (its tunnel is down: maider-sweep tunnel ${shellWord(session)} restarts it)`;
}
