import { html, type Html } from "./html.ts";
import { FAMILY_CLASSES, speedCostChart, type ChartPoint } from "./speed-cost-chart.ts";

export interface ChartView {
  readonly id: string;
  readonly title: string;
  readonly points: readonly ChartPoint[];
}

const SIGNS = ["●", "■", "▲", "◆", "★"] as const;

/** Choice by speed, and speed against cost; both for the tests that are chosen above them. */
export function chartSection(views: readonly ChartView[], simulated: boolean): Html {
  const families = [
    ...new Set(views.flatMap(({ points }) => points.map(({ family }) => family))),
  ].toSorted();
  const filled = views.filter(({ points }) => points.length > 0);
  const speeds = filled.flatMap(({ points }) => points.map(({ speed }) => speed));
  if (speeds.length === 0)
    return html`<section aria-labelledby="chart">
      <h2 id="chart">Speed against cost</h2>
      <p>No sound results yet.</p>
    </section>`;
  const most = Math.ceil(Math.max(...speeds));
  return html`<section aria-labelledby="chart">
    <h2 id="chart">Speed against cost</h2>
    <div class="controls">
      <fieldset class="views">
        <legend>Tests</legend>
        ${filled.map(
          ({ id, title }, index) =>
            html`<label
              ><input
                type="radio"
                name="view"
                value="${id}"
                ${index === 0 ? html` checked` : undefined}
              />
              ${title}</label
            >`,
        )}
      </fieldset>
      <p class="filter" id="filter" hidden>
        <label for="words">Only rows with these words (chart and table)</label>
        <input id="words" type="search" autocomplete="off" placeholder="rtx4000 7b high" />
        <span id="shown" role="status"></span>
      </p>
    </div>
    <div class="choice" id="choice" hidden>
      <label for="speed"
        >At least <output id="speed-shown" for="speed"></output> tokens a second:</label
      >
      <input
        id="speed"
        type="range"
        min="0"
        max="${most}"
        step="1"
        value="${Math.round(most / 3)}"
      />
      <ol id="chosen" aria-live="polite"></ol>
    </div>
    <p class="legend">
      ${families.map(
        (family, index) =>
          html`<span class="${FAMILY_CLASSES[Math.min(index, FAMILY_CLASSES.length - 1)]}"
            ><span aria-hidden="true">${SIGNS[Math.min(index, SIGNS.length - 1)]}</span>
            ${family}</span
          > `,
      )}<span>line: nothing is both faster and cheaper (Pareto front)</span>
      <span>bar: 95 % interval</span>
    </p>
    ${filled.map(({ id, title, points }, index) => {
      const name = `${simulated ? "SIMULATED. " : ""}${title}: speed against cost of ${points.length} configurations. The table below has the same figures.`;
      return html`<figure
        class="chart"
        data-view="${id}"
        ${index === 0 ? undefined : html` hidden`}
      >
        <div class="scroll" tabindex="0" role="group" aria-label="${name}">
          ${speedCostChart(points, families)}
        </div>
        <figcaption>
          ${simulated ? "SIMULATED. " : ""}${title}. Dots lead to their rows; arrow keys move
          between them.
        </figcaption>
      </figure>`;
    })}
    <div id="tip" role="status" hidden></div>
  </section>`;
}
