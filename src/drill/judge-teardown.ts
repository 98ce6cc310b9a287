import { formatUsd } from "../support/money.ts";
import { eventsOfVm, findEvent, finding, secondsBetween, secondsText } from "./finding.ts";
import type { Finding, RunEvidence } from "./finding.ts";

/** Deletions are usually done in a minute, seconds. */
const USUAL_DELETION = 300;
const HALF_A_CENT = 5_000;

/** Check 9: the deletion, and what the account is charged. */
export function judgeDeletion(run: RunEvidence): Finding {
  const events = eventsOfVm(run);
  const deletion = secondsBetween(
    findEvent(events, "destroy.sent"),
    findEvent(events, "destroy.unseen") ?? findEvent(events, "rental.gone"),
  );
  const compared = findEvent(run.events, "account.compared");
  return finding(
    {
      number: 9,
      check: "deletion and charges",
      expected: `404 within ${secondsText(USUAL_DELETION)} of the DELETE; the account is charged no more than the ledger says`,
    },
    [
      {
        holds: deletion === undefined ? undefined : deletion <= USUAL_DELETION,
        seen: `404 after ${secondsText(deletion ?? 0)}`,
        change:
          "Raise DESTROY_PATIENCE_MS in src/run/run-request.ts, and deleteSeconds in src/simulator/world/coefficients.ts.",
      },
      compared === undefined
        ? {
            holds: true,
            seen: "charges not read, which needs a token with account:read_only",
            change: "",
          }
        : {
            holds: compared.grown_micro_usd <= compared.spent_micro_usd + HALF_A_CENT,
            seen: `uninvoiced balance ${formatUsd(compared.grown_micro_usd)} higher, ledger ${formatUsd(compared.spent_micro_usd)}`,
            change:
              "The bill is higher than the ledger: correct billedHours in src/support/money.ts before any longer run.",
          },
    ],
    run,
  );
}
