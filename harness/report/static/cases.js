"use strict";

/* The case browser: one case with the texts of its systems, and the keys. */

const KINDS = ["dose", "date", "drug"];

/* ------------------------------------------------------------------ one case */

async function openCase(at) {
  state.open = at;
  const found = await readCase(at);
  if (state.open !== at) return;
  history.replaceState(null, "", `#${state.folder}/${encodeURIComponent(found.id)}`);
  drawCase(found);
  const place = state.order.indexOf(at);
  const list = byId("list");
  if (place >= 0 && (place * ROW < list.scrollTop || (place + 1) * ROW > list.scrollTop + list.clientHeight))
    list.scrollTop = place * ROW - list.clientHeight / 2;
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
  const layers = [
    ["shared", "Shared spans"],
    ["concepts", "Concepts"],
    ["claims", "Not in the input"],
  ];
  byId("case").replaceChildren(
    h(
      "header",
      { class: "of-case" },
      h(
        "div",
        {},
        h("h2", {}, "Case ", h("span", { class: "id" }, found.id)),
        h("p", { class: "soft" }, `${plural(reference.length, "word")} in the reference`),
      ),
      h(
        "div",
        { class: "steps" },
        h("button", { type: "button", onclick: () => step(-1) }, "‹ Previous"),
        h("button", { type: "button", onclick: () => step(1) }, "Next ›"),
      ),
    ),
    h(
      "div",
      { class: "tools" },
      state.about.fields.length > 1
        ? choice(
            "Field",
            state.about.fields.map((title, key) => ({ key, title })),
            state.field,
            (key) => {
              state.field = key;
              again();
            },
          )
        : null,
      h(
        "div",
        { class: "layers", role: "group", "aria-label": "Marks" },
        layers.map(([key, title]) =>
          h(
            "label",
            { class: key },
            h("input", {
              type: "checkbox",
              id: `layer-${key}`,
              checked: state.layers[key],
              onchange: (event) => {
                state.layers[key] = event.target.checked;
                again();
              },
            }),
            h("span", {}, title),
          ),
        ),
      ),
    ),
    scoreTable(field, again),
    h(
      "div",
      { class: "texts", style: { "--columns": state.shown.length + 1 } },
      referenceColumn(field, shared.get(state.active)),
      state.shown.map((s) => systemColumn(field, s, shared.get(s))),
    ),
    legend(),
    inputOf(found),
  );
  if (focused) byId(focused)?.focus();
}

function scoreTable(field, again) {
  const best = state.about.columns.map((_, c) => Math.max(...field.systems.map((one) => one.scores[c] ?? -Infinity)));
  const toggle = (s) => {
    state.shown = state.shown.includes(s)
      ? state.shown.filter((one) => one !== s)
      : [...state.shown, s].sort((a, b) => a - b);
    again();
  };
  return h(
    "div",
    { class: "scroll scores", tabindex: "0", role: "region", "aria-label": "Scores of this case" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col", class: "label" }, "Scores of this case"),
          state.about.columns.map((key) => h("th", { scope: "col" }, key)),
          h("th", { scope: "col" }, "words"),
        ),
      ),
      h(
        "tbody",
        {},
        field.systems.map((one, s) =>
          h(
            "tr",
            { class: state.shown.includes(s) ? "on" : null },
            h(
              "th",
              { scope: "row", class: "label" },
              h(
                "label",
                {},
                h("input", {
                  type: "checkbox",
                  id: `show-${s}`,
                  checked: state.shown.includes(s),
                  onchange: () => toggle(s),
                }),
                ` ${state.about.systems[s]}`,
                one.by ? h("span", { class: "by" }, ` from ${one.by}`) : null,
              ),
            ),
            one.scores.map((score, c) =>
              h("td", { class: score !== null && score === best[c] ? "best" : null }, number(score, 3)),
            ),
            h("td", {}, whole(words(one.text).length)),
          ),
        ),
      ),
    ),
  );
}

function referenceColumn(field, shared) {
  const marks = [];
  if (state.layers.shared && shared)
    shared.forEach(({ reference: [start, end] }, at) => marks.push({ start, end, name: "shared", span: at }));
  const found = field.systems[state.active]?.concepts;
  if (state.layers.concepts && field.concepts && found) {
    const matched = new Set(found[0]);
    field.concepts.forEach((term, at) =>
      marks.push(...termMarks(term, field.reference, matched.has(at) ? "matched" : "missed")),
    );
  }
  return h(
    "article",
    { class: "text of-reference" },
    h(
      "h3",
      {},
      "Reference",
      state.shown.length ? h("span", { class: "soft" }, ` beside ${state.about.systems[state.active]}`) : "",
    ),
    h("p", { class: "body" }, marked(field.reference, marks)),
  );
}

function systemColumn(field, s, shared) {
  const one = field.systems[s];
  const marks = [];
  if (state.layers.shared)
    shared.forEach(({ own: [start, end] }, at) => marks.push({ start, end, name: "shared", span: at }));
  if (state.layers.claims)
    one.claims.forEach(([start, end, kind, wanted]) =>
      marks.push({ start, end, name: wanted ? "claim wanted" : "claim", title: claimTitle(kind, wanted) }),
    );
  if (state.layers.concepts && one.concepts) {
    one.concepts[0].forEach((at) => marks.push(...termMarks(field.concepts[at], one.text, "matched")));
  }
  const covered = sum(shared.map(({ words: count }) => count));
  const total = words(one.text).length;
  return h(
    "article",
    {
      class: `text${s === state.active ? " active" : ""}`,
      "data-system": s,
      onmouseenter: () => activate(s),
      onfocusin: () => activate(s),
    },
    h(
      "h3",
      {},
      h(
        "button",
        { type: "button", onclick: () => activate(s), "aria-pressed": String(s === state.active) },
        state.about.systems[s],
      ),
      one.by ? h("span", { class: "soft" }, ` from ${one.by}`) : "",
    ),
    h("p", { class: "body" }, one.text ? marked(one.text, marks) : h("em", { class: "soft" }, "Nothing was written.")),
    h(
      "p",
      { class: "soft" },
      total
        ? `${Math.round((100 * covered) / total)} % of its words stand in the reference in runs of ${SHORTEST_SPAN} or more.`
        : "",
    ),
    claimList(one),
    conceptList(field, one),
  );
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
  if (!one.claims.length)
    return one.text ? h("p", { class: "soft" }, "All its doses, dates and drugs stand in the input.") : null;
  return h(
    "section",
    { class: "found" },
    h("h4", {}, "Not in the input"),
    h(
      "ul",
      { class: "chips" },
      one.claims.map(([start, end, kind, wanted]) =>
        h(
          "li",
          { class: wanted ? "claim wanted" : "claim", title: claimTitle(kind, wanted) },
          h("small", {}, KINDS[kind]),
          one.text.slice(start, end),
        ),
      ),
    ),
  );
}

function conceptList(field, one) {
  if (!field.concepts || !one.concepts) return null;
  const matched = new Set(one.concepts[0]);
  const terms = field.concepts.map((term, at) => [term, matched.has(at)]);
  const group = (title, name, found) =>
    found.length
      ? [
          h("h4", {}, `${title} ${found.length}`),
          h(
            "ul",
            { class: "chips" },
            found.map((term) => h("li", { class: name }, term)),
          ),
        ]
      : [];
  return h(
    "section",
    { class: "found" },
    group(
      "Concepts matched",
      "matched",
      terms.filter(([, is]) => is).map(([term]) => term),
    ),
    group(
      "Concepts missed",
      "missed",
      terms.filter(([, is]) => !is).map(([term]) => term),
    ),
    group("Other concepts", "added", one.concepts[1]),
  );
}

function legend() {
  const drugs = state.about.drugs
    ? "Doses, dates and drugs"
    : "Doses and dates (drugs are not checked: harness assets fetch open-vocabulary)";
  const concepts = state.about.concepts
    ? `Concepts as ${state.about.concepts} counted them.`
    : "No concepts were kept for these texts.";
  return h(
    "p",
    { class: "soft legend-line" },
    `${drugs} count as in the input where the chart that the field may be written from has them anywhere. ${concepts} Shared spans are runs of ${SHORTEST_SPAN} words or more.`,
  );
}

function inputOf(found) {
  const parts = found.parts.filter(([, , fields]) => fields.includes(state.field));
  return h(
    "details",
    { class: "input" },
    h("summary", {}, `The input: ${plural(parts.length, "part")} of the chart`),
    parts.map(([heading, text]) => h("section", {}, h("h4", {}, heading), h("p", { class: "body" }, text))),
  );
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
  "ArrowDown ArrowUp": [
    "in the list: next, previous case",
    (event) => inList() && step(event.key === "ArrowDown" ? 1 : -1),
  ],
  f: [
    "next field",
    () => {
      state.field = (state.field + 1) % state.about.fields.length;
      openCase(state.open);
    },
  ],
  a: [
    "next system beside the reference",
    () => activate(state.shown[(state.shown.indexOf(state.active) + 1) % state.shown.length]),
  ],
  "/": ["search", () => byId("search").focus()],
  b: ["back to the board", () => location.assign("index.html")],
  Escape: ["leave the search", () => document.activeElement.blur()],
  "?": ["these keys", help],
});
state.folder =
  location.hash
    .slice(1)
    .split("/")[0]
    .match(/^cases-\d+$/)?.[0] ?? "cases-0";
load("index");
