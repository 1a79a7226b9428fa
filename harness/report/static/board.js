"use strict";

/* The board's page: a table that sorts, and its pictures. */

const report = {
  load(data) {
    report.data = data;
    show(data, Math.min(Number(location.hash.match(/^#board-(\d+)/)?.[1] ?? 0), data.contests.length - 1));
  },
};

const TOGETHER = "mean";

function show(data, at) {
  const contest = data.contests[at];
  byId("title").textContent = contest.task;
  document.title = contest.title;
  byId("sub").replaceChildren(...subtitle(contest));
  byId("contests").hidden = data.contests.length < 2;
  byId("contests").replaceChildren(
    ...data.contests.map((one, i) =>
      h(
        "a",
        { href: `#board-${i}`, "aria-current": i === at ? "page" : null, onclick: () => show(data, i) },
        one.title,
      ),
    ),
  );
  const parts = [
    ["board", "Board", () => boardPart(contest)],
    ["ranks", "Ranks", () => ranksPart(contest)],
    ["neighbours", "Comparisons", () => comparisonsPart(contest)],
    ["fields", "Fields", () => fieldsPart(contest)],
    ["lengths", "Lengths", () => lengthsPart(contest)],
    ["selectors", "Selectors", () => selectorsPart(contest)],
    ["notes", "Notes", () => notesPart(contest)],
  ]
    .map(([id, title, draw]) => ({ id, title, part: draw() }))
    .filter(({ part }) => part);
  byId("sections").replaceChildren(
    ...parts.map(({ id, title }) => h("a", { href: `#${id}` }, title)),
    ...(contest.pages ? [h("a", { class: "cases", href: `cases.html#${contest.pages}` }, "Cases")] : []),
  );
  byId("main").replaceChildren(
    ...parts.map(({ id, title, part }) =>
      h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), part),
    ),
  );
}

function subtitle(contest) {
  const subjects = contest.subjects ? ` of ${plural(contest.subjects, "subject")}` : "";
  const said = [
    contest.corpus,
    contest.split,
    `${plural(contest.cases, "case")}${subjects}`,
    plural(contest.systems.length, "system"),
  ];
  return said.flatMap((one, at) => [at ? h("span", { class: "dot" }, "·") : "", one]);
}

/* ------------------------------------------------------------------ the table */

function boardPart(contest) {
  const state = { field: TOGETHER, key: contest.ranked_by ? "rank" : "label", down: false, filter: "" };
  const ranking = Math.max(
    0,
    contest.columns.findIndex((column) => column.ranks),
  );
  const body = h("tbody");
  const head = h("thead");
  const count = h("p", { class: "count", role: "status" });
  const below = h("p", { class: "caption", id: "caption" });
  const plotted = () => (typeof state.key === "number" ? state.key : ranking);

  const draw = () => {
    const rows = sorted(contest, state).filter((one) => one.label.toLowerCase().includes(state.filter));
    const scale = scaleOf(contest, state.field, plotted());
    const best = contest.columns.map((column, at) => bestOf(contest, state.field, column, at));
    head.replaceChildren(heading(contest, state, plotted(), scale, sort));
    body.replaceChildren(
      ...rows.map((one, at) => row(contest, one, state, plotted(), scale, best, tieBegins(state, rows, at))),
    );
    below.textContent = caption(contest, state.field, plotted(), best);
    count.textContent =
      rows.length < contest.systems.length ? `${rows.length} of ${contest.systems.length} systems` : "";
  };
  const sort = (key) => {
    const column = contest.columns[key];
    const first = column ? column.higher_is_better : !["rank", "label"].includes(key);
    Object.assign(state, { key, down: state.key === key ? !state.down : first });
    draw();
    head.querySelector(`[data-key="${key}"]`).focus();
  };
  const filter = h("input", {
    type: "search",
    id: "filter",
    placeholder: "Filter systems",
    "aria-label": "Filter systems",
    oninput: (event) => {
      state.filter = event.target.value.trim().toLowerCase();
      draw();
    },
  });
  const fields = [
    { key: TOGETHER, title: "Together" },
    ...contest.fields.map(({ name, title }) => ({ key: name, title })),
  ];
  draw();
  return [
    h(
      "div",
      { class: "tools" },
      choice("Field", fields, state.field, (field) => {
        state.field = field;
        draw();
      }),
      filter,
      count,
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Board" },
      h("table", { class: "board", "aria-describedby": "caption" }, head, body),
    ),
    below,
  ];
}

/* Of what is drawn: a field that too few subjects have has no bars where others have some. */
function caption(contest, field, plotted, best) {
  const bounded = contest.systems.some((one) => (one.values[field]?.[plotted]?.[1] ?? null) !== null);
  const groups = new Set(contest.systems.map((one) => one.tie));
  return [
    sentence(contest.ranking),
    best.some((one) => one !== null) ? "Bold: the best of a column." : "",
    bounded ? "Bars and the small figures: 95 % intervals over cases." : "",
    groups.size > 1 ? "A rule parts tie groups: all above it are better than all below." : "",
  ]
    .filter((said) => said)
    .join(" ");
}
const sentence = (text) => text && text.charAt(0).toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");

const value = (system, field, at) => system.values[field]?.[at]?.[0] ?? null;

function sorted(contest, { key, down, field }) {
  const of =
    typeof key === "number"
      ? (one) => value(one, field, key)
      : (one) => EXTRAS[key]?.of(one, field) ?? one[key] ?? null;
  const sign = down ? -1 : 1;
  const compare = (a, b) => {
    const [x, y] = [of(a), of(b)];
    if (x === null || y === null) return (x === null) - (y === null); // n/a stands last, whichever way
    return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
  };
  return [...contest.systems].sort((a, b) => compare(a, b) || a.label.localeCompare(b.label));
}

const tieBegins = ({ key, down }, rows, at) =>
  key === "rank" && !down && at > 0 && rows[at].tie !== null && rows[at].tie !== rows[at - 1].tie;

function bestOf(contest, field, column, at) {
  const values = contest.systems.map((one) => value(one, field, at)).filter((one) => one !== null);
  return values.length < 2 ? null : Math[column.higher_is_better ? "max" : "min"](...values);
}

function scaleOf(contest, field, at) {
  const bounds = contest.systems.flatMap((one) => one.values[field]?.[at] ?? []).filter((one) => one !== null);
  const marks = ticks(Math.min(...bounds), Math.max(...bounds));
  const [low, high] = [marks[0], marks.at(-1)];
  return { marks, at: (one) => percent((one - low) / (high - low)) };
}

function heading(contest, state, plotted, scale, sort) {
  const cell = (key, title, attributes = {}) => {
    const active = state.key === key;
    return h(
      "th",
      { scope: "col", "aria-sort": active ? (state.down ? "descending" : "ascending") : null, ...attributes },
      h(
        "button",
        { type: "button", "data-key": key, onclick: () => sort(key) },
        title,
        h("span", { class: "arrow", "aria-hidden": "true" }, active ? (state.down ? "▾" : "▴") : ""),
      ),
    );
  };
  const extra = extras(contest).map(([key, { title, about }]) => cell(key, title, { title: about }));
  return h(
    "tr",
    {},
    contest.ranked_by ? cell("rank", "Rank") : null,
    cell("label", "System", { class: "label" }),
    h(
      "th",
      { scope: "col", class: "plot" },
      h("span", { class: "of" }, contest.columns[plotted]?.title ?? ""),
      h(
        "span",
        { class: "axis", "aria-hidden": "true" },
        scale.marks.map((mark) => h("span", { style: { left: scale.at(mark) } }, String(mark))),
      ),
    ),
    contest.columns.map((column, at) =>
      cell(at, column.title, { class: at === plotted ? "shown" : null, title: column.about || null }),
    ),
    cell("n", "n"),
    extra,
  );
}

/* What stands behind the scores, where some system has any. */
const EXTRAS = {
  failed: {
    title: "Failed",
    about: "texts that were empty, missing or refused by a scorer",
    of: (one) => one.failed,
    warn: true,
    bare: 0,
  },
  unproven: {
    title: "Unproven",
    about: "cases of which nobody could check that the target is cut out of the input",
    of: (one) => one.unproven,
    warn: true,
    bare: 0,
  },
  words: {
    title: "Words",
    about: "median words a text",
    of: (one, field) => mean(fieldsOf(one.lengths, field).map(({ median }) => median)),
  },
  grade: {
    title: "Grade",
    about: "school year that reads the text with ease",
    of: (one, field) => mean(fieldsOf(one.grades, field)),
    digits: 1,
  },
  tokens: { title: "Tokens", about: "generated a 1,000 stays", of: (one) => one.tokens },
  seconds: { title: "Seconds", about: "of generation a 1,000 stays, on whichever machine", of: (one) => one.seconds },
  energy: { title: "Wh", about: "a 1,000 stays", of: (one) => one.energy, digits: 1 },
};
const fieldsOf = (found, field) =>
  Object.entries(found)
    .filter(([name, one]) => one !== null && [TOGETHER, name].includes(field))
    .map(([, one]) => one);
const mean = (numbers) => (numbers.length ? sum(numbers) / numbers.length : null);
const extras = (contest) =>
  Object.entries(EXTRAS).filter(([, { of, bare = null }]) =>
    contest.systems.some((one) => of(one, TOGETHER) !== bare && of(one, TOGETHER) !== null),
  );
const brief = (value, digits = 0) =>
  value === null ? "n/a" : value >= 10000 ? `${whole(value / 1000)}k` : digits ? value.toFixed(digits) : whole(value);

function row(contest, system, { field }, plotted, scale, best, begins) {
  return h(
    "tr",
    { class: begins ? "tie" : null },
    contest.ranked_by
      ? h(
          "td",
          { class: "rank" },
          String(system.rank ?? ""),
          system.low !== null && system.low !== system.high
            ? [" ", h("span", { class: "range", title: "ranks that the data support" }, `${system.low}–${system.high}`)]
            : null,
        )
      : null,
    h(
      "th",
      { scope: "row", class: "label", title: system.plugin === system.label ? null : system.plugin },
      system.label,
    ),
    h("td", { class: "plot" }, interval(system.values[field]?.[plotted] ?? [null, null, null], scale)),
    contest.columns.map((column, at) =>
      figure(system.values[field]?.[at] ?? [null, null, null], best[at], at === plotted),
    ),
    h("td", {}, system.n),
    extras(contest).map(([, { of, warn, digits }]) => {
      const found = of(system, field);
      return h("td", { class: warn && found ? "warn" : found === null ? "none" : null }, brief(found, digits));
    }),
  );
}

function figure([value, low, high], best, shown) {
  const range = low === null || high === null ? null : `${number(low)} to ${number(high)}`;
  const classes = [shown ? "shown" : "", value !== null && value === best ? "best" : "", value === null ? "none" : ""];
  return h(
    "td",
    { class: classes.join(" ").trim() || null, title: range },
    number(value),
    shown && range ? [" ", h("span", { class: "range" }, `${number(low, 3)}–${number(high, 3)}`)] : null,
  );
}

function interval([value, low, high], scale, strong = null) {
  return h(
    "span",
    { class: "track" },
    scale.marks.map((mark) =>
      h("i", { class: mark === strong ? "grid strong" : "grid", style: { left: scale.at(mark) } }),
    ),
    value !== null && low !== null && high !== null
      ? h("i", { class: "whisker", style: { left: scale.at(low), right: `calc(100% - ${scale.at(high)})` } })
      : null,
    value === null ? null : h("i", { class: "point", style: { left: scale.at(value) } }),
  );
}

/* ------------------------------------------------------------------ notes */

function notesPart(contest) {
  return h(
    "ul",
    { class: "notes" },
    contest.notes.map((note) => h("li", {}, note)),
  );
}

listen({
  "/": ["filter systems", () => byId("filter")?.focus()],
  Escape: ["leave the filter", () => document.activeElement.blur()],
  "?": ["these keys", help],
});
