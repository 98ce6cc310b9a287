import { failuresOf } from "./failures.ts";
import { html, type Html } from "./html.ts";
import type { ReportedRun } from "./report-facts.ts";

const MOST_FAILURES = 200;
const LONGEST_REASON = 400;

/** Everything that failed according to the journals, and why, newest run first. */
export function failuresSection(runs: readonly ReportedRun[]): Html {
  const all = runs
    .toReversed()
    .flatMap(({ state }) => failuresOf(state).map((failure) => ({ run: state.run, ...failure })));
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
                  ({ run, gpu, subject, kind, reason }) =>
                    html`<tr>
                      <td>${run}</td>
                      <td>${gpu}</td>
                      <td>${subject}</td>
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

/** A server's log may be long; maider-sweep logs shows all of it. */
function brief(reason: string): string {
  return reason.length <= LONGEST_REASON ? reason : `${reason.slice(0, LONGEST_REASON)} …`;
}
