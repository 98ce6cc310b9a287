import { html, type Html } from "./html.ts";
import { serverFailureText } from "../run-state/server-failure-text.ts";
import type { ReportedRun } from "./report-facts.ts";

interface Failure {
  readonly run: string;
  readonly gpu: string;
  readonly what: string;
  readonly kind: string;
  readonly reason: string;
}

const MOST_FAILURES = 200;
const LONGEST_REASON = 400;

/** What the journals say did not come to a result, and why; the newest run first. */
export function failuresSection(runs: readonly ReportedRun[]): Html {
  const all = runs.toReversed().flatMap(failuresOf);
  const more = all.length - MOST_FAILURES;
  return html`<section aria-labelledby="failures">
    <h2 id="failures">Failures</h2>
    ${
      all.length === 0
        ? html`<p>The journals know of none.</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-labelledby="failures">
            <table>
              <thead>
                <tr>
                  <th scope="col">Run</th>
                  <th scope="col">GPU type</th>
                  <th scope="col">Of</th>
                  <th scope="col">What</th>
                  <th scope="col">Reason</th>
                </tr>
              </thead>
              <tbody>
                ${all.slice(0, MOST_FAILURES).map(
                  ({ run, gpu, what, kind, reason }) =>
                    html`<tr>
                      <td>${run}</td>
                      <td>${gpu}</td>
                      <td>${what}</td>
                      <td>${kind}</td>
                      <td class="long">${brief(reason)}</td>
                    </tr> `,
                )}
              </tbody>
            </table>
          </div>`
    }
    ${more > 0 ? html`<p>${more} older ones are left out; maider-sweep logs RUN shows them.</p>` : undefined}
  </section>`;
}

/** A server's log may be long; maider-sweep logs shows it whole. */
function brief(reason: string): string {
  return reason.length <= LONGEST_REASON ? reason : `${reason.slice(0, LONGEST_REASON)} …`;
}

function failuresOf({ state }: ReportedRun): Failure[] {
  const { run } = state;
  const gpuOf = (label: string): string => state.rentals.get(label)?.gpu ?? "";
  return [
    ...state.failures.map((event) =>
      event.type === "server.failed"
        ? {
            run,
            gpu: gpuOf(event.label),
            what: event.model,
            kind: serverFailureText(event.during),
            reason: `${event.cause}: ${event.evidence}; ${event.remedy}`,
          }
        : {
            run,
            gpu: gpuOf(event.label),
            what: event.label,
            kind: `VM, in ${event.stage}`,
            reason: event.reason,
          },
    ),
    ...state.passes.flatMap((event) => {
      if (event.type === "pass.finished") return [];
      const isVoid = event.type === "pass.void";
      return {
        run,
        gpu: gpuOf(event.label),
        what: `${event.model}, pass ${event.pass}`,
        kind: isVoid ? "void" : "failed",
        reason: isVoid ? event.reason : event.reasons.join("; "),
      };
    }),
    ...state.notStarted.map(({ gpu, models, reason }) => ({
      run,
      gpu,
      what: models.join(", "),
      kind: "not started",
      reason,
    })),
    ...state.skipped.map(({ gpu, model, reason }) => ({
      run,
      gpu,
      what: model,
      kind: "skipped",
      reason,
    })),
  ];
}
