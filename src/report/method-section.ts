import type { BenchmarkRecord } from "../evidence/record.ts";
import { html, type Html } from "./html.ts";

/** How the figures came about, and which versions stand behind those that are shown. */
export function methodSection(records: readonly BenchmarkRecord[]): Html {
  const seen = (name: string, of: (record: BenchmarkRecord) => string | undefined): Html => {
    const values = [...new Set(records.map((record) => of(record) ?? "unknown"))].toSorted();
    return html`<div>
      <dt>${name}</dt>
      <dd>${values.length === 0 ? "none" : values.join(", ")}</dd>
    </div>`;
  };
  return html`<section aria-labelledby="method">
    <h2 id="method">How it was measured</h2>
    <ul>
      <li>
        One pass is the tests of the chosen suites, streamed one after the other on a warm server;
        each sound pass is one run. A pass with a failed test, or one whose token counts or times do
        not agree with the server's own metrics, does not count.
      </li>
      <li>
        Tokens a second: completion tokens over the whole request, mean over the tests of a pass,
        median over the passes.
      </li>
      <li>
        95 %: Student's t on the logarithms of the passes. One pass gives no interval. More than 10
        % spread is unstable and wins nothing.
      </li>
      <li>
        TTFT: from the writing of the request to the first token, median over tests, then over
        passes.
      </li>
      <li>
        Dollars for 1M tokens: price of an hour / (tokens a second × 3600) × 1,000,000, while the
        server is busy; start-up and idle time come on top, as the money page shows.
      </li>
      <li>
        No difference shown: the interval of the ratio holds 1, or the difference is below 5 %.
      </li>
    </ul>
    <dl class="facts">
      ${[
        seen("Suites", ({ summary }) => summary.suite),
        seen("Methods", ({ summary }) => summary.method),
        seen("vLLM", ({ vllm_config: engine }) => engine.vllm_version),
      ]}
    </dl>
  </section>`;
}
