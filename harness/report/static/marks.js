"use strict";

/* Words of a text, spans that two texts share, and marks upon a text. */

const SHORTEST_SPAN = 3; // words

const words = (text) =>
  [...text.matchAll(/[\p{L}\p{N}_]+(?:['’.-][\p{L}\p{N}]+)*/gu)].map((found) => ({
    word: found[0].toLowerCase(),
    start: found.index,
    end: found.index + found[0].length,
  }));

/* Runs of words that both texts have, taken from the left, each as long as it gets. */
function sharedSpans(own, reference) {
  const key = (list, at) =>
    list
      .slice(at, at + SHORTEST_SPAN)
      .map(({ word }) => word)
      .join(" ");
  const places = new Map();
  for (let at = 0; at + SHORTEST_SPAN <= reference.length; at += 1) {
    const found = places.get(key(reference, at));
    if (found) found.push(at);
    else places.set(key(reference, at), [at]);
  }
  const spans = [];
  for (let at = 0; at + SHORTEST_SPAN <= own.length;) {
    let [best, from] = [0, 0];
    for (const start of places.get(key(own, at)) ?? []) {
      let length = SHORTEST_SPAN;
      while (own[at + length] && own[at + length].word === reference[start + length]?.word) length += 1;
      if (length > best) [best, from] = [length, start];
    }
    if (best)
      spans.push({
        words: best,
        own: [own[at].start, own[at + best - 1].end],
        reference: [reference[from].start, reference[from + best - 1].end],
      });
    at += best || 1;
  }
  return spans;
}

function termMarks(term, text, name) {
  const pattern = term
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("\\s+")
    .replaceAll("'", "['’]");
  return [...text.matchAll(new RegExp(`(?<![\\p{L}\\p{N}_])${pattern}(?![\\p{L}\\p{N}_])`, "giu"))].map((found) => ({
    start: found.index,
    end: found.index + found[0].length,
    name,
    title: `${name}: ${term}`,
  }));
}

/* The text in pieces, each with the marks that cover it. */
function marked(text, marks) {
  const cuts = [...new Set([0, text.length, ...marks.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  return cuts.slice(0, -1).flatMap((start, at) => {
    const end = cuts[at + 1];
    const over = marks.filter((mark) => mark.start <= start && mark.end >= end);
    if (!over.length) return text.slice(start, end);
    const span = over.find((mark) => mark.span !== undefined)?.span;
    const light = (on) => () =>
      document
        .querySelectorAll(`.active [data-span="${span}"], .of-reference [data-span="${span}"]`)
        .forEach((one) => one.classList.toggle("lit", on));
    const mark = (piece) =>
      h(
        "mark",
        {
          class: [...new Set(over.map(({ name }) => name))].join(" "),
          title: over.find(({ title }) => title)?.title,
          "data-span": span,
          onmouseenter: span === undefined ? null : light(true),
          onmouseleave: span === undefined ? null : light(false),
        },
        piece,
      );
    return text
      .slice(start, end)
      .split(/(\s*\n\s*)/)
      .map((piece, i) => (i % 2 || !piece ? piece : mark(piece))); // no marks on line breaks
  });
}
