"use strict";

/* The pictures of a board: each function draws a part of the page, or null where there is nothing to draw. */

/* ------------------------------------------------------------------ which ranks the data support */

function ranksPart(contest) {
  const ranked = contest.systems.filter((one) => one.low !== null);
  if (ranked.length < 2) return null;
  const last = contest.systems.length;
  const at = (rank) => percent((rank - 0.5) / last);
  const marks = [
    ...new Set([
      1,
      ...ticks(1, last, Math.min(last, 10)).filter((one) => Number.isInteger(one) && one > 1 && one < last),
      last,
    ]),
  ];
  const grid = marks.map((mark) => h("i", { class: "grid", style: { left: at(mark) } }));
  const rows = ranked.map((one, i) =>
    h(
      "div",
      { class: `lane${i && one.tie !== ranked[i - 1].tie ? " tie" : ""}` },
      h("span", { class: "label", title: one.label }, one.label),
      h(
        "span",
        { class: "track", role: "img", "aria-label": `rank ${one.rank}, supported ${one.low} to ${one.high}` },
        grid.map((line) => line.cloneNode()),
        h("i", { class: "bar", style: { left: percent((one.low - 1) / last), right: percent(1 - one.high / last) } }),
        h("i", { class: "point", style: { left: at(one.rank) } }),
      ),
      h("span", { class: "said" }, one.low === one.high ? `${one.low}` : `${one.low}–${one.high}`),
    ),
  );
  const axis = h(
    "div",
    { class: "lane scale", "aria-hidden": "true" },
    h("span", {}),
    h(
      "span",
      { class: "axis" },
      marks.map((mark) => h("span", { style: { left: at(mark) } }, String(mark))),
    ),
    h("span", {}),
  );
  return h(
    "figure",
    { class: "ranks" },
    h(
      "figcaption",
      {},
      `The point is the rank by ${contest.ranked_by} alone; the bar holds the ranks that the data support (95 %, all bars together).`,
    ),
    h("div", { class: "lanes" }, axis, rows),
  );
}

/* ------------------------------------------------------------------ two at a time */

function comparisonsPart(contest) {
  if (!contest.comparisons.length) return null;
  const bounds = contest.comparisons.flatMap(({ difference }) => difference).filter((one) => one !== null);
  const marks = ticks(Math.min(0, ...bounds), Math.max(0, ...bounds));
  const scale = { marks, at: (one) => percent((one - marks[0]) / (marks.at(-1) - marks[0])) };
  const hidden = contest.comparisons.some(({ reversal }) => reversal !== null);
  const bounded = contest.comparisons.some(({ difference: [, low] }) => low !== null);
  const apart = contest.comparisons.some((one) => one.apart);
  return h(
    "figure",
    { class: "comparisons" },
    h(
      "figcaption",
      {},
      `Differences in ${contest.ranked_by}${bounded ? ", with 95 % intervals" : ""}. p: approximate randomisation by subject; Holm: corrected for all comparisons here.${apart ? " Bold: told apart at 5 %." : ""}`,
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Comparisons" },
      h(
        "table",
        { class: "board" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col", class: "label" }, "First"),
            h("th", { scope: "col", class: "label" }, "Second"),
            h(
              "th",
              { scope: "col", class: "plot" },
              h(
                "span",
                { class: "axis", "aria-hidden": "true" },
                marks.map((mark) => h("span", { style: { left: scale.at(mark) } }, String(mark))),
              ),
            ),
            h("th", { scope: "col" }, "Difference"),
            h("th", { scope: "col" }, "p"),
            h("th", { scope: "col" }, "Holm"),
            hidden
              ? h(
                  "th",
                  { scope: "col", title: "how probably a hidden sample puts the two the other way round" },
                  "Reversed",
                )
              : null,
          ),
        ),
        h(
          "tbody",
          {},
          contest.comparisons.map((one) =>
            h(
              "tr",
              {},
              h("td", { class: "label" }, one.first),
              h("td", { class: "label" }, one.second),
              h("td", { class: "plot" }, interval(one.difference, scale, 0)),
              h("td", {}, number(one.difference[0])),
              h("td", {}, one.p),
              h("td", { class: one.apart ? "best" : null }, one.p_holm),
              hidden ? h("td", {}, one.reversal === null ? "" : `${(100 * one.reversal).toFixed(1)} %`) : null,
            ),
          ),
        ),
      ),
    ),
  );
}

/* ------------------------------------------------------------------ fields by columns */

function fieldsPart(contest) {
  const columns = contest.columns
    .map((column, at) => ({ ...column, at }))
    .filter(({ at }) =>
      contest.systems.some((one) => contest.fields.some(({ name }) => value(one, name, at) !== null)),
    );
  if (!columns.length) return null;
  const shades = new Map(
    contest.fields.flatMap(({ name }) =>
      columns.map((column) => [`${name} ${column.at}`, shade(contest, name, column)]),
    ),
  );
  const cells = (system, name) =>
    columns.map(({ at, key }, i) => {
      const found = value(system, name, at);
      const share = found === null ? 0 : shades.get(`${name} ${at}`)(found);
      return h(
        "td",
        { class: i ? null : "first", title: `${system.label}, ${key}`, style: { "--share": percent(share) } },
        number(found, 3),
      );
    });
  return h(
    "figure",
    { class: "heat" },
    h(
      "figcaption",
      {},
      "The stronger the colour, the nearer to the best of the column; each column has a scale of its own.",
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Fields by columns" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td", {}),
            contest.fields.map(({ title }) =>
              h("th", { scope: "colgroup", colspan: columns.length, class: "first" }, title),
            ),
          ),
          h(
            "tr",
            {},
            h("td", {}),
            contest.fields.map(() =>
              columns.map(({ title }, i) => h("th", { scope: "col", class: i ? null : "first" }, h("span", {}, title))),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          contest.systems.map((system) =>
            h(
              "tr",
              {},
              h("th", { scope: "row", class: "label" }, system.label),
              contest.fields.map(({ name }) => cells(system, name)),
            ),
          ),
        ),
      ),
    ),
  );
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
  return drawn.map((field) =>
    h(
      "figure",
      { class: "lengths" },
      h(
        "figcaption",
        {},
        h("strong", {}, field.title),
        " Words a text",
        field.reference
          ? [", beside the references ", h("span", { class: "key" }), ` (median ${whole(field.reference.median)})`]
          : "",
        ".",
      ),
      h(
        "div",
        { class: "cards" },
        contest.systems.filter((one) => one.lengths[field.name]).map((one) => lengthCard(one, field)),
      ),
    ),
  );
}

function lengthCard(system, field) {
  const own = system.lengths[field.name];
  const shares = (lengths) => lengths.counts.map((count) => count / sum(lengths.counts));
  const top = Math.max(...shares(own), ...(field.reference ? shares(field.reference) : []));
  const bins = own.counts.length;
  const outline = (lengths) =>
    shares(lengths)
      .flatMap((share, at) => [`L${at} ${(100 - (96 * share) / top).toFixed(1)}`, `H${at + 1}`])
      .join("");
  const said = `median ${whole(own.median)}, nine of ten ${whole(own.low)} to ${whole(own.high)} words`;
  return h(
    "div",
    { class: "card" },
    h("p", { class: "label", title: system.label }, system.label),
    svg(
      "svg",
      { viewBox: `0 0 ${bins} 100`, preserveAspectRatio: "none", role: "img", "aria-label": said },
      svg("path", { class: "own", d: `M0 100${outline(own)}V100Z` }),
      field.reference ? svg("path", { class: "reference", d: `M0 100${outline(field.reference)}V100` }) : null,
    ),
    h(
      "p",
      { class: "axis", "aria-hidden": "true" },
      h("span", {}, "0"),
      h("span", {}, `${whole(field.width * (bins - 1))}+`),
    ),
    h("p", { class: "said" }, h("strong", {}, whole(own.median)), ` median; ${whole(own.low)}–${whole(own.high)}`),
  );
}

/* ------------------------------------------------------------------ selectors */

function selectorsPart(contest) {
  const pools = contest.systems.filter((one) => Object.keys(one.shares).length);
  if (!pools.length) return null;
  const members = [...new Set(pools.flatMap((pool) => Object.keys(pool.shares)))].sort();
  const hue = (member) => `var(--hue-${members.indexOf(member) % 8})`;
  const lane = ({ label, shares }) => {
    const total = sum(Object.values(shares));
    const slices = members
      .filter((one) => shares[one])
      .map((name) => ({ name, share: shares[name] / total, said: wholePercent(shares[name] / total) }));
    return h(
      "div",
      { class: "lane" },
      h("span", { class: "label", title: label }, label),
      h(
        "span",
        { class: "stack", role: "img", "aria-label": slices.map(({ name, said }) => `${name} ${said}`).join(", ") },
        slices.map(({ name, share, said }) =>
          h("span", { style: { width: percent(share), background: hue(name) } }, share > 0.08 ? said : ""),
        ),
      ),
      h("span", { class: "said" }, plural(total, "text")),
      h(
        "ul",
        { class: "legend" },
        slices.map(({ name, said }) => h("li", {}, h("i", { style: { background: hue(name) } }), `${name} ${said}`)),
      ),
    );
  };
  return h(
    "figure",
    { class: "shares" },
    h("figcaption", {}, "Whose texts a pool handed in; the slices stand in the order of the names."),
    h("div", { class: "lanes" }, pools.map(lane)),
  );
}

const wholePercent = (share) => (share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`);
