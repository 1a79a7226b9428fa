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
  byId("contests").replaceChildren(...data.contests.map((one, i) =>
    h("a", { href: `#board-${i}`, "aria-current": i === at ? "page" : null, onclick: () => show(data, i) },
      one.title)));
  const parts = [
    ["board", "Board", () => boardPart(contest)],
    ["ranks", "Ranks", () => ranksPart(contest)],
    ["neighbours", "Comparisons", () => comparisonsPart(contest)],
    ["fields", "Fields", () => fieldsPart(contest)],
    ["lengths", "Lengths", () => lengthsPart(contest)],
    ["selectors", "Selectors", () => selectorsPart(contest)],
    ["notes", "Notes", () => notesPart(contest)],
  ].map(([id, title, draw]) => ({ id, title, part: draw() })).filter(({ part }) => part);
  byId("sections").replaceChildren(
    ...parts.map(({ id, title }) => h("a", { href: `#${id}` }, title)),
    ...(contest.pages ? [h("a", { class: "cases", href: `cases.html#${contest.pages}` }, "Cases")] : []));
  byId("main").replaceChildren(...parts.map(({ id, title, part }) =>
    h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), part)));
}

function subtitle(contest) {
  const subjects = contest.subjects ? ` of ${plural(contest.subjects, "subject")}` : "";
  const said = [contest.corpus, contest.split, `${plural(contest.cases, "case")}${subjects}`,
    plural(contest.systems.length, "system")];
  return said.flatMap((one, at) => [at ? h("span", { class: "dot" }, "·") : "", one]);
}

/* ------------------------------------------------------------------ the table */

function boardPart(contest) {
  const state = { field: TOGETHER, key: contest.ranked_by ? "rank" : "label", down: false, filter: "" };
  const ranking = Math.max(0, contest.columns.findIndex((column) => column.ranks));
  const body = h("tbody");
  const head = h("thead");
  const count = h("p", { class: "count", role: "status" });
  const plotted = () => (typeof state.key === "number" ? state.key : ranking);

  const draw = () => {
    const rows = sorted(contest, state).filter((one) => one.label.toLowerCase().includes(state.filter));
    const scale = scaleOf(contest, state.field, plotted());
    const best = contest.columns.map((column, at) => bestOf(contest, state.field, column, at));
    head.replaceChildren(heading(contest, state, plotted(), scale, sort));
    body.replaceChildren(...rows.map((one, at) =>
      row(contest, one, state, plotted(), scale, best, tieBegins(state, rows, at))));
    count.textContent = rows.length < contest.systems.length ? `${rows.length} of ${contest.systems.length} systems` : "";
  };
  const sort = (key) => {
    const column = contest.columns[key];
    const first = column ? column.higher_is_better : !["rank", "label"].includes(key);
    Object.assign(state, { key, down: state.key === key ? !state.down : first });
    draw();
    head.querySelector(`[data-key="${key}"]`).focus();
  };
  const filter = h("input", { type: "search", id: "filter", placeholder: "Filter systems", "aria-label": "Filter systems",
    oninput: (event) => { state.filter = event.target.value.trim().toLowerCase(); draw(); } });
  const fields = [{ key: TOGETHER, title: "Together" }, ...contest.fields.map(({ name, title }) => ({ key: name, title }))];
  draw();
  return [
    h("div", { class: "tools" },
      choice("Field", fields, state.field, (field) => { state.field = field; draw(); }), filter, count),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Board" },
      h("table", { class: "board", "aria-describedby": "caption" }, head, body)),
    h("p", { class: "caption", id: "caption" }, caption(contest)),
  ];
}

function caption(contest) {
  const bold = "Bold: the best of a column. Bars and the small figures: 95 % intervals over cases. ";
  const rule = contest.systems.some((one) => one.tie) ? "A rule parts tie groups: all above it are better than all below. " : "";
  return `${sentence(contest.ranking)} ${contest.systems.some((one) => one.values[TOGETHER].some(([, low]) => low !== null)) ? bold : "Bold: the best of a column. "}${rule}`;
}
const sentence = (text) => text && text.charAt(0).toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");

const value = (system, field, at) => system.values[field]?.[at]?.[0] ?? null;

function sorted(contest, { key, down, field }) {
  const of = typeof key === "number" ? (one) => value(one, field, key) : (one) => EXTRAS[key]?.of(one, field) ?? one[key] ?? null;
  const sign = down ? -1 : 1;
  const compare = (a, b) => {
    const [x, y] = [of(a), of(b)];
    if (x === null || y === null) return (x === null) - (y === null);  // n/a stands last, whichever way
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
    return h("th", { scope: "col", "aria-sort": active ? (state.down ? "descending" : "ascending") : null, ...attributes },
      h("button", { type: "button", "data-key": key, onclick: () => sort(key) }, title,
        h("span", { class: "arrow", "aria-hidden": "true" }, active ? (state.down ? "▾" : "▴") : "")));
  };
  const extra = extras(contest).map(([key, { title, about }]) => cell(key, title, { title: about }));
  return h("tr", {},
    contest.ranked_by ? cell("rank", "Rank") : null,
    cell("label", "System", { class: "label" }),
    h("th", { scope: "col", class: "plot" }, h("span", { class: "of" }, contest.columns[plotted]?.title ?? ""),
      h("span", { class: "axis", "aria-hidden": "true" },
        scale.marks.map((mark) => h("span", { style: { left: scale.at(mark) } }, String(mark))))),
    contest.columns.map((column, at) => cell(at, column.title, { class: at === plotted ? "shown" : null, title: column.about || null })),
    cell("n", "n"), extra);
}

/* What stands behind the scores, where some system has any. */
const EXTRAS = {
  failed: { title: "Failed", about: "texts that were empty, missing or refused by a scorer", of: (one) => one.failed, warn: true, bare: 0 },
  unproven: { title: "Unproven", about: "cases of which nobody could check that the target is cut out of the input", of: (one) => one.unproven, warn: true, bare: 0 },
  words: { title: "Words", about: "median words a text", of: (one, field) => mean(fieldsOf(one.lengths, field).map(({ median }) => median)) },
  grade: { title: "Grade", about: "school year that reads the text with ease", of: (one, field) => mean(fieldsOf(one.grades, field)), digits: 1 },
  tokens: { title: "Tokens", about: "generated a 1,000 stays", of: (one) => one.tokens },
  seconds: { title: "Seconds", about: "of generation a 1,000 stays, on whichever machine", of: (one) => one.seconds },
  energy: { title: "Wh", about: "a 1,000 stays", of: (one) => one.energy, digits: 1 },
};
const fieldsOf = (found, field) => Object.entries(found).filter(([name, one]) => one !== null && [TOGETHER, name].includes(field)).map(([, one]) => one);
const mean = (numbers) => (numbers.length ? sum(numbers) / numbers.length : null);
const extras = (contest) => Object.entries(EXTRAS).filter(([, { of, bare = null }]) =>
  contest.systems.some((one) => of(one, TOGETHER) !== bare && of(one, TOGETHER) !== null));
const brief = (value, digits = 0) => (value === null ? "n/a" : value >= 10000 ? `${whole(value / 1000)}k` : digits ? value.toFixed(digits) : whole(value));

function row(contest, system, { field }, plotted, scale, best, begins) {
  return h("tr", { class: begins ? "tie" : null },
    contest.ranked_by ? h("td", { class: "rank" }, String(system.rank ?? ""),
      system.low !== null && system.low !== system.high
        ? [" ", h("span", { class: "range", title: "ranks that the data support" }, `${system.low}–${system.high}`)] : null) : null,
    h("th", { scope: "row", class: "label", title: system.plugin === system.label ? null : system.plugin }, system.label),
    h("td", { class: "plot" }, interval(system.values[field]?.[plotted] ?? [null, null, null], scale)),
    contest.columns.map((column, at) => figure(system.values[field]?.[at] ?? [null, null, null], best[at], at === plotted)),
    h("td", {}, system.n),
    extras(contest).map(([, { of, warn, digits }]) => {
      const found = of(system, field);
      return h("td", { class: warn && found ? "warn" : found === null ? "none" : null }, brief(found, digits));
    }));
}

function figure([value, low, high], best, shown) {
  const range = low === null || high === null ? null : `${number(low)} to ${number(high)}`;
  const classes = [shown ? "shown" : "", value !== null && value === best ? "best" : "", value === null ? "none" : ""];
  return h("td", { class: classes.join(" ").trim() || null, title: range }, number(value),
    shown && range ? [" ", h("span", { class: "range" }, `${number(low, 3)}–${number(high, 3)}`)] : null);
}

function interval([value, low, high], scale, strong = null) {
  return h("span", { class: "track" },
    scale.marks.map((mark) => h("i", { class: mark === strong ? "grid strong" : "grid", style: { left: scale.at(mark) } })),
    value !== null && low !== null && high !== null
      ? h("i", { class: "whisker", style: { left: scale.at(low), right: `calc(100% - ${scale.at(high)})` } }) : null,
    value === null ? null : h("i", { class: "point", style: { left: scale.at(value) } }));
}

/* ------------------------------------------------------------------ which ranks the data support */

function ranksPart(contest) {
  const ranked = contest.systems.filter((one) => one.low !== null);
  if (ranked.length < 2) return null;
  const last = contest.systems.length;
  const at = (rank) => percent((rank - 0.5) / last);
  const marks = [...new Set([1, ...ticks(1, last, Math.min(last, 10)).filter((one) => Number.isInteger(one) && one > 1 && one < last), last])];
  const grid = marks.map((mark) => h("i", { class: "grid", style: { left: at(mark) } }));
  const rows = ranked.map((one, i) => h("div", { class: `lane${i && one.tie !== ranked[i - 1].tie ? " tie" : ""}` },
    h("span", { class: "label", title: one.label }, one.label),
    h("span", { class: "track", role: "img", "aria-label": `rank ${one.rank}, supported ${one.low} to ${one.high}` },
      grid.map((line) => line.cloneNode()),
      h("i", { class: "bar", style: { left: percent((one.low - 1) / last), right: percent(1 - one.high / last) } }),
      h("i", { class: "point", style: { left: at(one.rank) } })),
    h("span", { class: "said" }, one.low === one.high ? `${one.low}` : `${one.low}–${one.high}`)));
  const axis = h("div", { class: "lane scale", "aria-hidden": "true" }, h("span", {}),
    h("span", { class: "axis" }, marks.map((mark) => h("span", { style: { left: at(mark) } }, String(mark)))), h("span", {}));
  return h("figure", { class: "ranks" },
    h("figcaption", {}, `The point is the rank by ${contest.ranked_by} alone; the bar holds the ranks that the data support (95 %, all bars together).`),
    h("div", { class: "lanes" }, axis, rows));
}

/* ------------------------------------------------------------------ two at a time */

function comparisonsPart(contest) {
  if (!contest.comparisons.length) return null;
  const bounds = contest.comparisons.flatMap(({ difference }) => difference).filter((one) => one !== null);
  const marks = ticks(Math.min(0, ...bounds), Math.max(0, ...bounds));
  const scale = { marks, at: (one) => percent((one - marks[0]) / (marks.at(-1) - marks[0])) };
  const hidden = contest.comparisons.some(({ reversal }) => reversal !== null);
  const p = (value, byTail) => (value < 0.0001 ? "< 0.0001" : `${byTail ? "≤ " : ""}${value.toFixed(4)}`);
  return h("figure", { class: "comparisons" },
    h("figcaption", {}, `Differences in ${contest.ranked_by}, with 95 % intervals. p: approximate randomisation by subject; Holm: corrected for all comparisons here. Bold: told apart at 5 %.`),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Comparisons" }, h("table", { class: "board" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "label" }, "First"), h("th", { scope: "col", class: "label" }, "Second"),
        h("th", { scope: "col", class: "plot" }, h("span", { class: "axis", "aria-hidden": "true" }, marks.map((mark) => h("span", { style: { left: scale.at(mark) } }, String(mark))))),
        h("th", { scope: "col" }, "Difference"), h("th", { scope: "col" }, "p"), h("th", { scope: "col" }, "Holm"),
        hidden ? h("th", { scope: "col", title: "how probably a hidden sample puts the two the other way round" }, "Reversed") : null)),
      h("tbody", {}, contest.comparisons.map((one) => h("tr", {},
        h("td", { class: "label" }, one.first), h("td", { class: "label" }, one.second), h("td", { class: "plot" }, interval(one.difference, scale, 0)),
        h("td", {}, number(one.difference[0])), h("td", {}, p(one.p, one.by_tail)),
        h("td", { class: one.p_holm <= 0.05 ? "best" : null }, p(one.p_holm, one.by_tail)),
        hidden ? h("td", {}, one.reversal === null ? "" : `${(100 * one.reversal).toFixed(1)} %`) : null))))));
}

/* ------------------------------------------------------------------ fields by columns */

function fieldsPart(contest) {
  const columns = contest.columns.map((column, at) => ({ ...column, at }))
    .filter(({ at }) => contest.systems.some((one) => contest.fields.some(({ name }) => value(one, name, at) !== null)));
  if (!columns.length) return null;
  const shades = new Map(contest.fields.flatMap(({ name }) => columns.map((column) => [`${name} ${column.at}`, shade(contest, name, column)])));
  const cells = (system, name) => columns.map(({ at, key }, i) => {
    const found = value(system, name, at);
    const share = found === null ? 0 : shades.get(`${name} ${at}`)(found);
    return h("td", { class: i ? null : "first", title: `${system.label}, ${key}`, style: { "--share": percent(share) } }, number(found, 3));
  });
  return h("figure", { class: "heat" },
    h("figcaption", {}, "The stronger the colour, the nearer to the best of the column; each column has a scale of its own."),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Fields by columns" }, h("table", {},
      h("thead", {},
        h("tr", {}, h("td", {}), contest.fields.map(({ title }) => h("th", { scope: "colgroup", colspan: columns.length, class: "first" }, title))),
        h("tr", {}, h("td", {}), contest.fields.map(() => columns.map(({ title }, i) => h("th", { scope: "col", class: i ? null : "first" }, h("span", {}, title)))))),
      h("tbody", {}, contest.systems.map((system) => h("tr", {}, h("th", { scope: "row", class: "label" }, system.label),
        contest.fields.map(({ name }) => cells(system, name))))))));
}

function shade(contest, field, { at, higher_is_better }) {
  const values = contest.systems.map((one) => value(one, field, at)).filter((one) => one !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return (one) => (high === low ? 0.5 : higher_is_better ? (one - low) / (high - low) : (high - one) / (high - low));
}

/* ------------------------------------------------------------------ lengths */

function lengthsPart(contest) {
  const drawn = contest.fields.filter(({ name }) => contest.systems.some((one) => one.lengths[name]));
  if (!drawn.length) return null;
  return drawn.map((field) => h("figure", { class: "lengths" },
    h("figcaption", {}, h("strong", {}, field.title), " Words a text",
      field.reference ? [", beside the references ", h("span", { class: "key" }), ` (median ${whole(field.reference.median)})`] : "", "."),
    h("div", { class: "cards" }, contest.systems.filter((one) => one.lengths[field.name]).map((one) => lengthCard(one, field)))));
}

function lengthCard(system, field) {
  const own = system.lengths[field.name];
  const shares = (lengths) => lengths.counts.map((count) => count / sum(lengths.counts));
  const top = Math.max(...shares(own), ...(field.reference ? shares(field.reference) : []));
  const bins = own.counts.length;
  const outline = (lengths) => shares(lengths)
    .flatMap((share, at) => [`L${at} ${(100 - 96 * share / top).toFixed(1)}`, `H${at + 1}`]).join("");
  const said = `median ${whole(own.median)}, nine of ten ${whole(own.low)} to ${whole(own.high)} words`;
  return h("div", { class: "card" },
    h("p", { class: "label", title: system.label }, system.label),
    svg("svg", { viewBox: `0 0 ${bins} 100`, preserveAspectRatio: "none", role: "img", "aria-label": said },
      svg("path", { class: "own", d: `M0 100${outline(own)}V100Z` }),
      field.reference ? svg("path", { class: "reference", d: `M0 100${outline(field.reference)}V100` }) : null),
    h("p", { class: "axis", "aria-hidden": "true" }, h("span", {}, "0"), h("span", {}, `${whole(field.width * (bins - 1))}+`)),
    h("p", { class: "said" }, h("strong", {}, whole(own.median)), ` median; ${whole(own.low)}–${whole(own.high)}`));
}

/* ------------------------------------------------------------------ selectors */

function selectorsPart(contest) {
  const pools = contest.systems.filter((one) => Object.keys(one.shares).length);
  if (!pools.length) return null;
  const members = [...new Set(pools.flatMap((pool) => Object.keys(pool.shares)))].sort();
  const hue = (member) => `var(--hue-${members.indexOf(member) % 8})`;
  const lane = ({ label, shares }) => {
    const total = sum(Object.values(shares));
    return h("div", { class: "lane" }, h("span", { class: "label", title: label }, label),
      h("span", { class: "stack" }, members.filter((one) => shares[one]).map((one) =>
        h("span", { style: { width: percent(shares[one] / total), background: hue(one) }, title: `${one}: ${plural(shares[one], "text")}` },
          shares[one] / total > 0.08 ? `${Math.round(100 * shares[one] / total)} %` : ""))),
      h("span", { class: "said" }, plural(total, "text")));
  };
  return h("figure", { class: "shares" },
    h("figcaption", {}, "Whose texts a pool handed in."),
    h("div", { class: "lanes" }, pools.map(lane)),
    h("ul", { class: "legend" }, members.map((one) => h("li", {}, h("i", { style: { background: hue(one) } }), one))));
}

/* ------------------------------------------------------------------ notes */

function notesPart(contest) {
  return h("ul", { class: "notes" }, contest.notes.map((note) => h("li", {}, note)));
}

listen({
  "/": ["filter systems", () => byId("filter")?.focus()],
  "Escape": ["leave the filter", () => document.activeElement.blur()],
  "?": ["these keys", help],
});
