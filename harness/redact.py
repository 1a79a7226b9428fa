"""Where the targets stand in a note: the spans and headed sections that nobody may see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.leaks import Overlap, Target, Tokens, measure, read_text
from harness.sections import Heading
from harness.types import Field, Task

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Redaction:
    """`cuts` are the spans of the note to be cut, in order and apart. `begins` says for each field where its own
    section begins (or would, where it was not found), `copies` how many more copies of the target were found."""

    cuts: tuple[Span, ...]
    begins: Mapping[str, int]
    copies: Mapping[str, int]


def redact(note: str, headings: Sequence[Heading], task: Task, targets: Mapping[str, Target]) -> Redaction:
    """Find what to cut for every field of the task.

    With a target: every copy of it, and the section headed as the field's, up to the next listed heading outside
    the targets (targets hold lines that look like headings, so copies are found first). If no such section
    holds a copy, the section of whatever heading stands directly above one. Without a target, or with one of a single
    word: the headed section alone; without one, it ends where `Field.until` says.
    """
    tokens = read_text([note])
    copies = {name: _copies(note, tokens, target) for name, target in targets.items()}
    inside = merge(span for spans in copies.values() for span in spans)
    outside = [h for h in headings if not h.label_of and not _within(h.start, inside)]
    cuts, begins = list(inside), dict[str, int]()
    for field in task.fields:
        spans = copies.get(field.name, [])
        if field.name in targets:
            sections = _sections_with(spans, field, outside, note)
        else:
            sections = [(h.start, _until(h, field, outside, task, len(note))) for h in outside if h.name == field.name]
        cuts += sections
        begins[field.name] = _begin(field, spans, sections, outside, len(note))
    more = {name: max(0, len(spans) - 1) for name, spans in copies.items()}
    return Redaction(merge(cuts), begins, more)


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same places as spans in order that neither touch nor overlap."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged)


def without(text: str, begin: int, end: int, cuts: Iterable[Span]) -> str:
    """`text[begin:end]` less the cuts, which leave a line break behind."""
    kept: list[str] = []
    for cut_begin, cut_end in cuts:
        if cut_begin < end and cut_end > begin:
            kept.append(text[begin : max(begin, cut_begin)])
            begin = cut_end
    kept.append(text[begin:end])
    return "\n".join(kept).strip()


def widen(text: str, begin: int, end: int) -> Span:
    """The span with the punctuation that clings to it."""
    while begin > 0 and not text[begin - 1].isspace() and not text[begin - 1].isalnum():
        begin -= 1
    while end < len(text) and not text[end].isspace() and not text[end].isalnum():
        end += 1
    return begin, end


def _within(at: int, spans: Iterable[Span]) -> bool:
    return any(begin <= at < end for begin, end in spans)


def _copies(note: str, tokens: Tokens, target: Target) -> list[Span]:
    overlap = measure(tokens, target)
    found = [(run.begin, run.end) for run in overlap.copies] or _nearly(overlap)
    return [widen(note, tokens.places[begin][1], tokens.places[end - 1][2]) for begin, end in found]


def _nearly(overlap: Overlap) -> list[Span]:
    """A copy with other words in it: the first to the last passage near the longest, if they are half of the target."""
    if not overlap.is_half:
        return []
    best = max(overlap.passages, key=lambda run: run.words)
    length = len(overlap.target.words)
    begin, slack = best.begin - best.stretches[0][0], length // 4
    near = [run for run in overlap.passages if begin - slack <= run.begin and run.end <= begin + length + slack]
    near.append(best)
    return [(min(run.begin for run in near), max(run.end for run in near))]


def _sections_with(spans: Sequence[Span], field: Field, headings: Sequence[Heading], note: str) -> list[Span]:
    """The sections under the field's headings; if none holds a span, also the section that a span begins."""
    sections = [(h.start, _end(h, spans, headings, note)) for h in headings if h.name == field.name]
    if any(_within(begin, sections) for begin, _ in spans):
        return sections
    for begin, _ in spans:
        above = [h for h in headings if h.end <= begin]
        if above and not note[above[-1].end : begin].strip():
            return [*sections, (above[-1].start, _end(above[-1], spans, headings, note))]
    return sections


def _end(heading: Heading, spans: Sequence[Span], headings: Sequence[Heading], note: str) -> int:
    """The next listed heading, or an unlisted one that follows directly upon a copy of the target."""
    for after in headings:
        if after.start > heading.start:
            follows = any(begin >= heading.end and not note[end : after.start].strip() for begin, end in spans)
            if after.listed or follows:
                return after.start
    return len(note)


def _until(heading: Heading, field: Field, headings: Sequence[Heading], task: Task, length: int) -> int:
    """The organisers' rule: the first pattern of `until` that matches a heading on its own line after this one, of
    several such headings the last. Where none matches, the next heading of another field, or the end of the note."""
    after = [h for h in headings if h.start > heading.start]
    for pattern in field.until:
        ends = [h.start for h in after if not h.inline and re.fullmatch(pattern, h.key)]
        if ends:
            return ends[-1]
    others = {other.name for other in task.fields} - {field.name}
    return next((h.start for h in after if h.name in others), length)


def _begin(
    field: Field, spans: Sequence[Span], sections: Sequence[Span], headings: Sequence[Heading], length: int
) -> int:
    """Where the field's section begins: the first section with a copy, or the first, or the first copy; where there is
    none of these, the first section that is not known when the field is written."""
    holding = [section for section in sections if any(_within(begin, [section]) for begin, _ in spans)]
    found = holding or sections or spans
    if found:
        return min(found)[0]
    known = {*field.known, *field.after}
    return next((h.start for h in headings if h.listed and h.name not in known), length)
