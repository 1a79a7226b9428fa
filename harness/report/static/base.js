"use strict";

/* What both pages share: making elements, numbers as text, keys, the help dialog. */

const make =
  (space) =>
  (name, attributes = {}, ...children) => {
    const element = space ? document.createElementNS(space, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "style") for (const [property, to] of Object.entries(value)) element.style.setProperty(property, to);
      else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return element;
  };
const h = make("");
const svg = make("http://www.w3.org/2000/svg");

const byId = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(3)}%`;
const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
const number = (value, digits = 4) => (value === null ? "n/a" : (value === 0 ? 0 : value).toFixed(digits));
const whole = (value) => Math.round(value).toLocaleString("en");
const plural = (count, what) => `${whole(count)} ${what}${count === 1 ? "" : "s"}`;

/* Round numbers that cover low to high, about `count` of them. */
function ticks(low, high, count = 4) {
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((one) => one * power >= rough);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/* Buttons of which one is pressed. */
function choice(label, options, chosen, choose) {
  const buttons = options.map(({ key, title }) =>
    h(
      "button",
      { type: "button", id: `${label}-${key}`, "aria-pressed": String(key === chosen), onclick: () => pick(key) },
      title,
    ),
  );
  const pick = (key) => {
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(options[at].key === key)));
    choose(key);
  };
  return h("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}

/* Keys by what they do; not while somebody writes into a field. */
function listen(keys) {
  const rows = Object.entries(keys).map(([key, [what]]) => [
    h(
      "dt",
      {},
      key.split(" ").map((one) => h("kbd", {}, one)),
    ),
    h("dd", {}, what),
  ]);
  byId("help-keys").replaceChildren(...rows.flat());
  const actions = new Map(
    Object.entries(keys).flatMap(([names, [, act]]) => names.split(" ").map((key) => [key, act])),
  );
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const writing = event.target.matches("input:not([type=checkbox]), select, textarea");
    if (writing && event.key !== "Escape") return;
    const act = actions.get(event.key);
    if (act && act(event) !== false) event.preventDefault();
  });
}
const help = () => byId("help").showModal();
