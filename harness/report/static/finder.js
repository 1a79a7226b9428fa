"use strict";

/* Finding cases: files that load when they are needed, and a list that draws only what is seen. */

const ROW = 46; // px, as in cases.css
const KEPT_CHUNKS = 24;

const state = {
  folder: "",
  about: null,
  index: null,
  field: 0,
  shown: [],
  active: 0,
  order: [],
  open: null,
  drawn: null,
  layers: { shared: true, concepts: true, claims: true },
};

/* ------------------------------------------------------------------ files */

const chunks = new Map();
const shards = new Map();
const waiting = new Map();

const cases = {
  index: (about, index) => begin(about, index),
  chunk: (at, found) => {
    chunks.set(at, found);
    if (chunks.size > KEPT_CHUNKS) chunks.delete(chunks.keys().next().value);
  },
  words: (prefix, found) => shards.set(prefix, found),
};

/* Load a script once at a time; a page opened from a file may read nothing else. */
function load(name) {
  if (!waiting.has(name)) {
    waiting.set(
      name,
      new Promise((resolve, reject) => {
        const script = h("script", { src: `${state.folder}/${name}.js` });
        script.onload = () => {
          script.remove();
          waiting.delete(name);
          resolve();
        };
        script.onerror = () => {
          waiting.delete(name);
          reject(new Error(`${name}.js cannot be read`));
        };
        document.head.append(script);
      }),
    );
  }
  return waiting.get(name);
}

async function readCase(at) {
  const starts = state.index.chunks;
  let chunk = starts.length - 1;
  while (starts[chunk] > at) chunk -= 1;
  if (!chunks.has(chunk)) await load(`chunk-${chunk}`);
  return chunks.get(chunk)[at - starts[chunk]];
}

/* ------------------------------------------------------------------ finding */

/* The cases with every one of the words (or words that begin so), or with an id that begins so; null for all. */
async function matching(text) {
  const wanted = text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  if (!wanted.length) return null;
  let found = null;
  for (const word of wanted) {
    const hits = await withWord(word);
    state.index.ids.forEach((id, at) => {
      if (id.toLowerCase().startsWith(word)) hits.add(at);
    });
    found = found === null ? hits : new Set([...found].filter((at) => hits.has(at)));
  }
  return found;
}

async function withWord(word) {
  const prefix = [...word]
    .slice(0, 2)
    .map((letter) => letter.codePointAt(0).toString(16))
    .join("-");
  const hits = new Set();
  if (!state.about.shards.includes(prefix)) return hits;
  if (!shards.has(prefix)) await load(`words-${prefix}`);
  for (const [other, steps] of Object.entries(shards.get(prefix))) {
    if (!other.startsWith(word)) continue;
    let at = 0;
    for (const step of steps) hits.add((at += step));
  }
  return hits;
}

const tool = { search: "", system: 0, sort: "id", from: "", to: "", claims: false };
const scoreOf = (at, system = tool.system) => state.index.scores[at][system];
const known = (at) => state.index.scores[at].filter((one) => one !== null);
/* By what the list is sorted: a number for each case, the smallest first. */
const SORTS = {
  id: ["Sort: as in the data", (at) => at],
  low: ["Sort: lowest score", (at) => scoreOf(at) ?? Infinity],
  high: ["Sort: highest score", (at) => -(scoreOf(at) ?? -Infinity)],
  spread: ["Sort: systems differ most", (at) => -spread(at)],
  claims: ["Sort: most in neither input nor reference", (at) => -state.index.claims[at][tool.system]],
  words: ["Sort: longest reference", (at) => -state.index.words[at]],
};
const spread = (at) => {
  const scores = known(at);
  return scores.length ? Math.max(...scores) - Math.min(...scores) : 0;
};

let asked = 0;
async function find() {
  const mine = ++asked;
  const hits = await matching(tool.search);
  if (mine !== asked) return; // somebody typed on
  const bound = (text, otherwise) => (text === "" ? otherwise : Number(text));
  const [from, to] = [bound(tool.from, -Infinity), bound(tool.to, Infinity)];
  state.order = state.index.ids
    .map((_, at) => at)
    .filter(
      (at) =>
        (!hits || hits.has(at)) &&
        (!tool.claims || state.index.claims[at][tool.system] > 0) &&
        ((from === -Infinity && to === Infinity) || (scoreOf(at) !== null && scoreOf(at) >= from && scoreOf(at) <= to)),
    );
  const keys = new Map(state.order.map((at) => [at, SORTS[tool.sort][1](at)]));
  const compare = (x, y) => (x < y ? -1 : Number(x > y)); // infinite ones are equal
  state.order.sort((a, b) => compare(keys.get(a), keys.get(b)) || a - b);
  byId("count").textContent = `${whole(state.order.length)} of ${plural(state.index.ids.length, "case")}`;
  byId("rows").style.height = `${state.order.length * ROW}px`;
  byId("list").scrollTop = 0;
  drawList();
}

function drawTools() {
  const redo = (key, of) => (event) => {
    tool[key] = of(event.target);
    find();
  };
  const select = (key, options, label) =>
    h(
      "select",
      {
        id: key,
        "aria-label": label,
        onchange: redo(key, (one) => (key === "system" ? Number(one.value) : one.value)),
      },
      options.map(([value, title]) => h("option", { value, selected: String(tool[key]) === String(value) }, title)),
    );
  const bound = (key, label) =>
    h("input", {
      type: "number",
      step: "0.05",
      id: key,
      placeholder: label,
      "aria-label": `Score ${label}`,
      oninput: redo(key, (one) => one.value),
    });
  byId("tools").replaceChildren(
    h("input", {
      type: "search",
      id: "search",
      placeholder: "Id, or words of the texts",
      "aria-label": "Search",
      oninput: redo("search", (one) => one.value),
    }),
    select(
      "system",
      state.about.systems.map((label, at) => [at, label]),
      "System",
    ),
    select(
      "sort",
      Object.entries(SORTS).map(([key, [title]]) => [key, title]),
      "Sort",
    ),
    h("div", { class: "bounds" }, h("span", {}, state.about.score), bound("from", "from"), bound("to", "to")),
    h(
      "label",
      {},
      h("input", { type: "checkbox", id: "claims", onchange: redo("claims", (one) => one.checked) }),
      " in neither input nor reference",
    ),
  );
}

function drawList() {
  const list = byId("list");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 6);
  const last = Math.min(state.order.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 6);
  byId("rows").replaceChildren(...state.order.slice(first, last).map((at, i) => listRow(at, first + i)));
  list.setAttribute("aria-activedescendant", state.open === null ? "" : `row-${state.open}`);
}

function listRow(at, place) {
  const scores = state.index.scores[at];
  const claims = state.index.claims[at][tool.system];
  return h(
    "div",
    {
      class: "row",
      role: "option",
      id: `row-${at}`,
      "aria-selected": String(at === state.open),
      "aria-posinset": place + 1,
      "aria-setsize": state.order.length,
      style: { top: `${place * ROW}px` },
      onclick: () => openCase(at),
    },
    h("span", { class: "id" }, state.index.ids[at]),
    h("span", { class: "score" }, number(scores[tool.system], 3)),
    h(
      "span",
      { class: "strip", "aria-hidden": "true" },
      scores.map((score, s) =>
        score === null
          ? null
          : h("i", {
              class: s === tool.system ? "own" : null,
              style: { left: percent(Math.min(1, Math.max(0, score))) },
            }),
      ),
    ),
    h(
      "span",
      { class: "claims", title: "doses, dates and drugs in neither input nor reference" },
      claims ? String(claims) : "",
    ),
  );
}
