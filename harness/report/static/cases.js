"use strict";

/* The case browser: a list that draws only what is seen, files of cases and of words that load when they are needed. */

const ROW = 46;  // px, as in cases.css
const KEPT_CHUNKS = 24;
const SHORTEST_SPAN = 3;  // words
const KINDS = ["dose", "date", "drug"];

const state = { folder: "", about: null, index: null, field: 0, shown: [], active: 0, order: [], open: null, drawn: null,
  layers: { shared: true, concepts: true, claims: true } };

/* ------------------------------------------------------------------ files */

const chunks = new Map();
const shards = new Map();
const waiting = new Map();

const cases = {
  index: (about, index) => begin(about, index),
  chunk: (at, found) => { chunks.set(at, found); if (chunks.size > KEPT_CHUNKS) chunks.delete(chunks.keys().next().value); },
  words: (prefix, found) => shards.set(prefix, found),
};

/* Load a script once at a time; a page opened from a file may read nothing else. */
function load(name) {
  if (!waiting.has(name)) {
    waiting.set(name, new Promise((resolve, reject) => {
      const script = h("script", { src: `${state.folder}/${name}.js` });
      script.onload = () => { script.remove(); waiting.delete(name); resolve(); };
      script.onerror = () => { waiting.delete(name); reject(new Error(`${name}.js cannot be read`)); };
      document.head.append(script);
    }));
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
    state.index.ids.forEach((id, at) => { if (id.toLowerCase().startsWith(word)) hits.add(at); });
    found = found === null ? hits : new Set([...found].filter((at) => hits.has(at)));
  }
  return found;
}

async function withWord(word) {
  const prefix = [...word].slice(0, 2).map((letter) => letter.codePointAt(0).toString(16)).join("-");
  const hits = new Set();
  if (!state.about.shards.includes(prefix)) return hits;
  if (!shards.has(prefix)) await load(`words-${prefix}`);
  for (const [other, steps] of Object.entries(shards.get(prefix))) {
    if (!other.startsWith(word)) continue;
    let at = 0;
    for (const step of steps) hits.add(at += step);
  }
  return hits;
}

const tool = { search: "", system: 0, sort: "id", from: "", to: "", claims: false };
const scoreOf = (at, system = tool.system) => state.index.scores[at][system];
const known = (at) => state.index.scores[at].filter((one) => one !== null);
const SORTS = {
  id: ["Sort: as in the data", (a, b) => a - b],
  low: ["Sort: lowest score", (a, b) => (scoreOf(a) ?? 9) - (scoreOf(b) ?? 9)],
  high: ["Sort: highest score", (a, b) => (scoreOf(b) ?? -9) - (scoreOf(a) ?? -9)],
  spread: ["Sort: systems differ most", (a, b) => spread(b) - spread(a)],
  claims: ["Sort: most in neither input nor reference", (a, b) => state.index.claims[b][tool.system] - state.index.claims[a][tool.system]],
  words: ["Sort: longest reference", (a, b) => state.index.words[b] - state.index.words[a]],
};
const spread = (at) => { const scores = known(at); return scores.length ? Math.max(...scores) - Math.min(...scores) : 0; };

let asked = 0;
async function find() {
  const mine = ++asked;
  const hits = await matching(tool.search);
  if (mine !== asked) return;  // somebody typed on
  const bound = (text, otherwise) => (text === "" ? otherwise : Number(text));
  const [from, to] = [bound(tool.from, -Infinity), bound(tool.to, Infinity)];
  state.order = state.index.ids.map((_, at) => at).filter((at) =>
    (!hits || hits.has(at)) && (!tool.claims || state.index.claims[at][tool.system] > 0)
    && (from === -Infinity && to === Infinity || scoreOf(at) !== null && scoreOf(at) >= from && scoreOf(at) <= to));
  state.order.sort((a, b) => SORTS[tool.sort][1](a, b) || a - b);
  byId("count").textContent = `${whole(state.order.length)} of ${plural(state.index.ids.length, "case")}`;
  byId("rows").style.height = `${state.order.length * ROW}px`;
  byId("list").scrollTop = 0;
  drawList();
}

function drawTools() {
  const redo = (key, of) => (event) => { tool[key] = of(event.target); find(); };
  const select = (key, options, label) => h("select", { id: key, "aria-label": label, onchange: redo(key, (one) => (key === "system" ? Number(one.value) : one.value)) },
    options.map(([value, title]) => h("option", { value, selected: String(tool[key]) === String(value) }, title)));
  const bound = (key, label) => h("input", { type: "number", step: "0.05", id: key, placeholder: label, "aria-label": `Score ${label}`, oninput: redo(key, (one) => one.value) });
  byId("tools").replaceChildren(
    h("input", { type: "search", id: "search", placeholder: "Id, or words of the texts", "aria-label": "Search", oninput: redo("search", (one) => one.value) }),
    select("system", state.about.systems.map((label, at) => [at, label]), "System"),
    select("sort", Object.entries(SORTS).map(([key, [title]]) => [key, title]), "Sort"),
    h("div", { class: "bounds" }, h("span", {}, state.about.score), bound("from", "from"), bound("to", "to")),
    h("label", {}, h("input", { type: "checkbox", id: "claims", onchange: redo("claims", (one) => one.checked) }), " in neither input nor reference"));
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
  return h("div", { class: "row", role: "option", id: `row-${at}`, "aria-selected": String(at === state.open), "aria-posinset": place + 1,
    "aria-setsize": state.order.length, style: { top: `${place * ROW}px` }, onclick: () => openCase(at) },
    h("span", { class: "id" }, state.index.ids[at]),
    h("span", { class: "score" }, number(scores[tool.system], 3)),
    h("span", { class: "strip", "aria-hidden": "true" }, scores.map((score, s) =>
      score === null ? null : h("i", { class: s === tool.system ? "own" : null, style: { left: percent(Math.min(1, Math.max(0, score))) } }))),
    h("span", { class: "claims", title: "doses, dates and drugs in neither input nor reference" }, claims ? String(claims) : ""));
}

/* ------------------------------------------------------------------ one case */

async function openCase(at) {
  state.open = at;
  const found = await readCase(at);
  if (state.open !== at) return;
  history.replaceState(null, "", `#${state.folder}/${encodeURIComponent(found.id)}`);
  drawCase(found);
  const place = state.order.indexOf(at);
  const list = byId("list");
  if (place >= 0 && (place * ROW < list.scrollTop || (place + 1) * ROW > list.scrollTop + list.clientHeight)) list.scrollTop = place * ROW - list.clientHeight / 2;
  drawList();
}

function step(by) {
  if (!state.order.length) return;
  const place = state.order.indexOf(state.open);
  openCase(state.order[Math.min(state.order.length - 1, Math.max(0, place < 0 ? 0 : place + by))]);
}

function drawCase(found) {
  const again = () => drawCase(found);
  const field = found.fields[state.field];
  if (!state.shown.includes(state.active)) state.active = state.shown[0] ?? 0;
  const reference = words(field.reference);
  const shared = new Map(state.shown.map((s) => [s, sharedSpans(words(field.systems[s].text), reference)]));
  state.drawn = { field, shared };
  const focused = document.activeElement?.id;
  const layers = [["shared", "Shared spans"], ["concepts", "Concepts"], ["claims", "Not in the input"]];
  byId("case").replaceChildren(
    h("header", { class: "of-case" },
      h("div", {}, h("h2", {}, "Case ", h("span", { class: "id" }, found.id)), h("p", { class: "soft" }, `${plural(reference.length, "word")} in the reference`)),
      h("div", { class: "steps" }, h("button", { type: "button", onclick: () => step(-1) }, "‹ Previous"), h("button", { type: "button", onclick: () => step(1) }, "Next ›"))),
    h("div", { class: "tools" },
      state.about.fields.length > 1
        ? choice("Field", state.about.fields.map((title, key) => ({ key, title })), state.field, (key) => { state.field = key; again(); }) : null,
      h("div", { class: "layers", role: "group", "aria-label": "Marks" }, layers.map(([key, title]) =>
        h("label", { class: key }, h("input", { type: "checkbox", id: `layer-${key}`, checked: state.layers[key], onchange: (event) => { state.layers[key] = event.target.checked; again(); } }), h("span", {}, title))))),
    scoreTable(field, again),
    h("div", { class: "texts", style: { "--columns": state.shown.length + 1 } },
      referenceColumn(field, shared.get(state.active)),
      state.shown.map((s) => systemColumn(field, s, shared.get(s)))),
    legend(),
    inputOf(found));
  if (focused) byId(focused)?.focus();
}

function scoreTable(field, again) {
  const best = state.about.columns.map((_, c) => Math.max(...field.systems.map((one) => one.scores[c] ?? -Infinity)));
  const toggle = (s) => {
    state.shown = state.shown.includes(s) ? state.shown.filter((one) => one !== s) : [...state.shown, s].sort((a, b) => a - b);
    again();
  };
  return h("div", { class: "scroll scores", tabindex: "0", role: "region", "aria-label": "Scores of this case" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "label" }, "Scores of this case"), state.about.columns.map((key) => h("th", { scope: "col" }, key)), h("th", { scope: "col" }, "words"))),
    h("tbody", {}, field.systems.map((one, s) => h("tr", { class: state.shown.includes(s) ? "on" : null },
      h("th", { scope: "row", class: "label" }, h("label", {}, h("input", { type: "checkbox", id: `show-${s}`, checked: state.shown.includes(s), onchange: () => toggle(s) }),
        ` ${state.about.systems[s]}`, one.by ? h("span", { class: "by" }, ` from ${one.by}`) : null)),
      one.scores.map((score, c) => h("td", { class: score !== null && score === best[c] ? "best" : null }, number(score, 3))),
      h("td", {}, whole(words(one.text).length)))))));
}

function referenceColumn(field, shared) {
  const marks = [];
  if (state.layers.shared && shared) shared.forEach(({ reference: [start, end] }, at) => marks.push({ start, end, name: "shared", span: at }));
  const found = field.systems[state.active]?.concepts;
  if (state.layers.concepts && field.concepts && found) {
    const matched = new Set(found[0]);
    field.concepts.forEach((term, at) => marks.push(...termMarks(term, field.reference, matched.has(at) ? "matched" : "missed")));
  }
  return h("article", { class: "text of-reference" },
    h("h3", {}, "Reference", state.shown.length ? h("span", { class: "soft" }, ` beside ${state.about.systems[state.active]}`) : ""),
    h("p", { class: "body" }, marked(field.reference, marks)));
}

function systemColumn(field, s, shared) {
  const one = field.systems[s];
  const marks = [];
  if (state.layers.shared) shared.forEach(({ own: [start, end] }, at) => marks.push({ start, end, name: "shared", span: at }));
  if (state.layers.claims) one.claims.forEach(([start, end, kind, wanted]) => marks.push({ start, end, name: wanted ? "claim wanted" : "claim", title: claimTitle(kind, wanted) }));
  if (state.layers.concepts && one.concepts) {
    one.concepts[0].forEach((at) => marks.push(...termMarks(field.concepts[at], one.text, "matched")));
  }
  const covered = sum(shared.map(({ words: count }) => count));
  const total = words(one.text).length;
  return h("article", { class: `text${s === state.active ? " active" : ""}`, "data-system": s, onmouseenter: () => activate(s), onfocusin: () => activate(s) },
    h("h3", {}, h("button", { type: "button", onclick: () => activate(s), "aria-pressed": String(s === state.active) }, state.about.systems[s]), one.by ? h("span", { class: "soft" }, ` from ${one.by}`) : ""),
    h("p", { class: "body" }, one.text ? marked(one.text, marks) : h("em", { class: "soft" }, "Nothing was written.")),
    h("p", { class: "soft" }, total ? `${Math.round(100 * covered / total)} % of its words stand in the reference in runs of ${SHORTEST_SPAN} or more.` : ""),
    claimList(one), conceptList(field, one));
}

/* Compare the reference with this system: the reference alone is drawn anew. */
function activate(s) {
  if (state.active === s) return;
  state.active = s;
  const old = document.querySelector(".of-reference");
  const fresh = referenceColumn(state.drawn.field, state.drawn.shared.get(s));
  const scroll = old.scrollTop;
  old.replaceWith(fresh);
  fresh.scrollTop = scroll;
  document.querySelectorAll("article[data-system]").forEach((one) => {
    const on = Number(one.dataset.system) === s;
    one.classList.toggle("active", on);
    one.querySelector("h3 button").setAttribute("aria-pressed", String(on));
  });
}

const claimTitle = (kind, wanted) => `${KINDS[kind]}: not in the input${wanted ? ", but in the reference" : ""}`;

function claimList(one) {
  if (!one.claims.length) return one.text ? h("p", { class: "soft" }, "All its doses, dates and drugs stand in the input.") : null;
  return h("section", { class: "found" }, h("h4", {}, "Not in the input"),
    h("ul", { class: "chips" }, one.claims.map(([start, end, kind, wanted]) =>
      h("li", { class: wanted ? "claim wanted" : "claim", title: claimTitle(kind, wanted) }, h("small", {}, KINDS[kind]), one.text.slice(start, end)))));
}

function conceptList(field, one) {
  if (!field.concepts || !one.concepts) return null;
  const matched = new Set(one.concepts[0]);
  const terms = field.concepts.map((term, at) => [term, matched.has(at)]);
  const group = (title, name, found) => (found.length ? [h("h4", {}, `${title} ${found.length}`), h("ul", { class: "chips" }, found.map((term) => h("li", { class: name }, term)))] : []);
  return h("section", { class: "found" },
    group("Concepts matched", "matched", terms.filter(([, is]) => is).map(([term]) => term)),
    group("Concepts missed", "missed", terms.filter(([, is]) => !is).map(([term]) => term)),
    group("Other concepts", "added", one.concepts[1]));
}

function legend() {
  const drugs = state.about.drugs ? "Doses, dates and drugs" : "Doses and dates (drugs are not checked: harness assets fetch open-vocabulary)";
  const concepts = state.about.concepts ? `Concepts as ${state.about.concepts} counted them.` : "No concepts were kept for these texts.";
  return h("p", { class: "soft legend-line" }, `${drugs} count as in the input where the chart that the field may be written from has them anywhere. ${concepts} Shared spans are runs of ${SHORTEST_SPAN} words or more.`);
}

function inputOf(found) {
  const parts = found.parts.filter(([, , fields]) => fields.includes(state.field));
  return h("details", { class: "input" }, h("summary", {}, `The input: ${plural(parts.length, "part")} of the chart`),
    parts.map(([heading, text]) => h("section", {}, h("h4", {}, heading), h("p", { class: "body" }, text))));
}

/* ------------------------------------------------------------------ words, spans, marks */

const words = (text) => [...text.matchAll(/[\p{L}\p{N}_]+(?:['’.-][\p{L}\p{N}]+)*/gu)].map((found) =>
  ({ word: found[0].toLowerCase(), start: found.index, end: found.index + found[0].length }));

/* Runs of words that both texts have, taken from the left, each as long as it gets. */
function sharedSpans(own, reference) {
  const key = (list, at) => list.slice(at, at + SHORTEST_SPAN).map(({ word }) => word).join(" ");
  const places = new Map();
  for (let at = 0; at + SHORTEST_SPAN <= reference.length; at += 1) {
    const found = places.get(key(reference, at));
    if (found) found.push(at); else places.set(key(reference, at), [at]);
  }
  const spans = [];
  for (let at = 0; at + SHORTEST_SPAN <= own.length;) {
    let [best, from] = [0, 0];
    for (const start of places.get(key(own, at)) ?? []) {
      let length = SHORTEST_SPAN;
      while (own[at + length] && own[at + length].word === reference[start + length]?.word) length += 1;
      if (length > best) [best, from] = [length, start];
    }
    if (best) spans.push({ words: best, own: [own[at].start, own[at + best - 1].end], reference: [reference[from].start, reference[from + best - 1].end] });
    at += best || 1;
  }
  return spans;
}

function termMarks(term, text, name) {
  const pattern = term.trim().split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+");
  return [...text.matchAll(new RegExp(`(?<![\\p{L}\\p{N}_])${pattern}(?![\\p{L}\\p{N}_])`, "giu"))].map((found) =>
    ({ start: found.index, end: found.index + found[0].length, name, title: `${name}: ${term}` }));
}

/* The text in pieces, each with the marks that cover it. */
function marked(text, marks) {
  const cuts = [...new Set([0, text.length, ...marks.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  return cuts.slice(0, -1).flatMap((start, at) => {
    const end = cuts[at + 1];
    const over = marks.filter((mark) => mark.start <= start && mark.end >= end);
    if (!over.length) return text.slice(start, end);
    const span = over.find((mark) => mark.span !== undefined)?.span;
    const light = (on) => () => document.querySelectorAll(`.active [data-span="${span}"], .of-reference [data-span="${span}"]`).forEach((one) => one.classList.toggle("lit", on));
    const mark = (piece) => h("mark", { class: [...new Set(over.map(({ name }) => name))].join(" "), title: over.find(({ title }) => title)?.title, "data-span": span,
      onmouseenter: span === undefined ? null : light(true), onmouseleave: span === undefined ? null : light(false) }, piece);
    return text.slice(start, end).split(/(\s*\n\s*)/).map((piece, i) => (i % 2 || !piece ? piece : mark(piece)));  // no marks on line breaks
  });
}

/* ------------------------------------------------------------------ start */

function begin(about, index) {
  Object.assign(state, { about, index, shown: about.systems.map((_, at) => at).slice(0, 2) });
  document.title = `${about.task}: cases`;
  byId("title").textContent = "Cases";
  byId("sub").textContent = `${about.task}, ${about.corpus}, ${about.split}`;
  drawTools();
  const id = decodeURIComponent(location.hash.slice(1).split("/")[1] ?? "");
  const at = index.ids.indexOf(id);
  find().then(() => openCase(at >= 0 ? at : 0));
}

const inList = () => document.activeElement === byId("list");
byId("list").addEventListener("scroll", () => requestAnimationFrame(drawList));
window.addEventListener("resize", () => state.index && drawList());
listen({
  "n j": ["next case", () => step(1)],
  "p k": ["previous case", () => step(-1)],
  "ArrowDown ArrowUp": ["in the list: next, previous case", (event) => inList() && step(event.key === "ArrowDown" ? 1 : -1)],
  "f": ["next field", () => { state.field = (state.field + 1) % state.about.fields.length; openCase(state.open); }],
  "a": ["next system beside the reference", () => activate(state.shown[(state.shown.indexOf(state.active) + 1) % state.shown.length])],
  "/": ["search", () => byId("search").focus()],
  "b": ["back to the board", () => location.assign("index.html")],
  "Escape": ["leave the search", () => document.activeElement.blur()],
  "?": ["these keys", help],
});
state.folder = location.hash.slice(1).split("/")[0].match(/^cases-\d+$/)?.[0] ?? "cases-0";
load("index");
