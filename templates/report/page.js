// The report's own script: theme, choice by speed, details under the pointer, sorting, filtering. Foreign texts are
// only ever set as text.
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const themes = { system: "as the system", light: "light", dark: "dark" };
const theme = find("#theme");
const showTheme = (name) => {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.value = name;
  theme.textContent = `Theme: ${themes[name]}`;
};
showTheme("system");
theme.hidden = false;
theme.addEventListener("click", () => {
  const names = Object.keys(themes);
  showTheme(names[(names.indexOf(theme.value) + 1) % names.length]);
});

// One's own rows, and below them those that were imported.
const bodies = all("#table tbody:not(.apart)");
const rowsOf = () => bodies.flatMap((body) => [...body.rows]);
let choose = () => undefined;

const slider = find("#speed");
if (slider !== null) {
  const shownDots = () => all(".chart:not([hidden]) .dots a");
  choose = () => {
    const least = Number(slider.value);
    find("#speed-shown").textContent = slider.value;
    const fitting = shownDots()
      .filter(({ dataset }) => Number(dataset.speed) >= least)
      .filter(({ dataset }) => dataset.unstable === undefined && dataset.out === undefined)
      .sort((a, b) => a.dataset.cost - b.dataset.cost)
      .slice(0, 3);
    const items = fitting.map((dot) => {
      const [name, ...figures] = dot.getAttribute("aria-label").split("; ");
      const link = document.createElement("a");
      link.href = dot.getAttribute("href");
      link.textContent = name;
      const item = document.createElement("li");
      item.append(link, `: ${figures.join("; ")}`);
      return item;
    });
    if (items.length === 0) {
      const none = document.createElement("li");
      none.textContent = "nothing that is shown is so fast";
      items.push(none);
    }
    find("#chosen").replaceChildren(...items);
  };
  slider.addEventListener("input", choose);
  for (const radio of all("input[name=view]")) {
    radio.addEventListener("change", () => {
      for (const chart of all(".chart")) chart.hidden = chart.dataset.view !== radio.value;
      choose();
    });
  }
  find("#choice").hidden = false;
  choose();

  const tip = find("#tip");
  const show = (dot) => {
    tip.textContent = dot.getAttribute("aria-label").split("; ").join("\n");
    tip.hidden = false;
    const at = dot.getBoundingClientRect();
    const left = Math.min(at.right + 8, innerWidth - tip.offsetWidth - 8);
    const below = at.bottom + 8;
    const top = below + tip.offsetHeight > innerHeight ? at.top - tip.offsetHeight - 8 : below;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${top}px`;
  };
  const hide = () => {
    tip.hidden = true;
  };
  for (const chart of all(".chart")) {
    const dots = all(".dots a", chart).sort((a, b) => a.dataset.cost - b.dataset.cost);
    // One stop for the tab key; the arrows go on from there.
    for (const [index, dot] of dots.entries()) {
      dot.setAttribute("tabindex", index === 0 ? "0" : "-1");
      dot.addEventListener("pointerenter", () => show(dot));
      dot.addEventListener("pointerleave", hide);
      dot.addEventListener("focus", () => show(dot));
      dot.addEventListener("blur", hide);
      dot.addEventListener("keydown", (event) => {
        if (event.key === "Escape") hide();
        const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
        const next = dots[index + step];
        if (next === undefined) return;
        event.preventDefault();
        dot.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      });
    }
  }
}

const valueOf = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
};
for (const [column, head] of all("#table thead th").entries()) {
  const numeric = head.classList.contains("n");
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const was = head.getAttribute("aria-sort");
    const rising = was === null ? !numeric : was === "descending";
    for (const other of all("#table th[aria-sort]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const sorted = rowsOf().sort((a, b) => {
      const [one, two] = [valueOf(a, column), valueOf(b, column)];
      // What has no figure comes last in either direction.
      if (numeric && typeof one !== typeof two) return typeof one === "number" ? -1 : 1;
      const order =
        numeric && typeof one === "number" ? one - two : String(one).localeCompare(String(two));
      return rising ? order : -order;
    });
    for (const body of bodies) body.append(...sorted.filter((row) => row.parentNode === body));
  });
}

const words = find("#words");
const filter = () => {
  const wanted = words.value.toLowerCase().split(/\s+/);
  for (const row of rowsOf()) {
    const text = `${row.textContent} ${all("[title]", row)
      .map(({ title }) => title)
      .join(" ")}`.toLowerCase();
    row.hidden = !wanted.every((word) => text.includes(word));
  }
  const shown = rowsOf().filter((row) => !row.hidden).length;
  find("#shown").textContent = `${shown} of ${rowsOf().length}`;
  for (const chart of all(".chart")) {
    const intervals = all(".intervals path", chart);
    for (const [index, dot] of all(".dots a", chart).entries()) {
      const out = find(dot.getAttribute("href"))?.hidden === true;
      dot.toggleAttribute("data-out", out);
      intervals[index]?.toggleAttribute("data-out", out);
    }
  }
  choose();
};
if (words !== null) {
  words.addEventListener("input", filter);
  find("#filter").hidden = false;
  filter();
}

addEventListener("beforeprint", () => {
  for (const part of all("details")) part.open = true;
  for (const chart of all(".chart")) chart.hidden = false;
});
addEventListener("afterprint", () => {
  const view = find("input[name=view]:checked");
  for (const chart of all(".chart")) chart.hidden = chart.dataset.view !== view?.value;
});
