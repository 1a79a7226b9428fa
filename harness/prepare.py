"""From a stay to what a system may see: targets cut out, leaks measured, parts limited to what is known, arranged."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import accumulate, groupby
from operator import itemgetter

from harness.dates import moment
from harness.leaks import RUN, Leak, Overlap, Status, Target, Tokens, measure, read_target, read_text
from harness.redact import Redaction, Span, merge, redact, widen, without
from harness.sections import OTHER, Heading, find_field_heading, find_headings
from harness.types import Arranged, Case, Field, ModelInput, Part, RawStay, Reference, Row, Task

NOTE = "note"
TRANSCRIPT = "transcript"
_TABLE_HEADINGS = {
    "radiology": "Radiology report",
    "edstays": "Emergency department stay",
    "triage": "Emergency department triage",
    "diagnosis": "Emergency department diagnosis",
}
_SENTENCE_END = re.compile(r"[.!?](?=\s)|(?=\n)")
_WORD_END = re.compile(r"(?<=\S)(?=\s)")


@dataclass(frozen=True)
class Prepared:
    """A stay as a case. `leaks` has one record a field; `dropped` counts rows of dated tables that were left out."""

    case: Case
    leaks: tuple[Leak, ...]
    dropped: Mapping[str, int]


def prepare(stay: RawStay, task: Task, cut_leaks: bool = False) -> Prepared:
    """Cut the targets out of a stay and measure what is left of them in everything that is kept.

    A field without a target (a hidden test, an empty cell) is cut by heading and called unproven. With `cut_leaks`,
    passages that make a leak are cut, too, until there is none. A transcript is left as it is, see `_transcript`.
    """
    values = stay.targets or {}
    targets = {f.name: read_target(values[f.name]) for f in task.fields if (values.get(f.name) or "").strip()}
    if task.document == TRANSCRIPT:
        return _transcript(stay, task, targets, cut_leaks)
    headings = find_headings(stay.document, task)
    redaction = redact(stay.document, headings, task, targets)
    rows, dropped = _rows(stay, task)
    copies = Counter(redaction.copies)
    parts = [*_sections(stay.document, headings, redaction, task), *rows]
    parts, overlaps = _cut_and_measure(parts, targets, cut_leaks, copies)
    leaks: list[Leak] = []
    for field in task.fields:
        if field.name in overlaps:
            leaks.append(_measured(stay.id, field, overlaps[field.name], copies[field.name]))
        else:
            parts, leak = _unproven(stay, field, parts, cut_leaks)
            leaks.append(leak)
    return Prepared(Case(stay.id, stay.group, tuple(parts)), tuple(leaks), dropped)


def reference(stay: RawStay, task: Task) -> Reference | None:
    """The targets of a stay, None where its split has none."""
    if stay.targets is None:
        return None
    return Reference(stay.id, stay.group, {f.name: stay.targets.get(f.name) or "" for f in task.fields})


def model_input(case: Case, task: Task, field: Field, earlier: Mapping[str, str]) -> ModelInput:
    """The case as it is known when `field` is written. Of the fields written `earlier` those that it may read."""
    chart = tuple(part for part in case.parts if _is_known(part, field))
    return ModelInput(case.id, case.group, field.name, chart, {n: earlier[n] for n in field.after if n in earlier})


def _is_known(part: Part, field: Field) -> bool:
    if part.source == NOTE:
        return part.name in field.known and (part.name != OTHER or field.name in part.precedes)
    return part.source == TRANSCRIPT or part.source in field.tables


def _transcript(stay: RawStay, task: Task, targets: Mapping[str, Target], cut_leaks: bool) -> Prepared:
    """What was said, as one part. It was said before any target was written, so no section of one stands in it, and
    what somebody dictated for the note is there to be read, not a leak: nothing is cut. What a target shares with it
    is measured all the same. A copy of a whole target of 25 words or more was put there by mistake: that is a leak."""
    said, (rows, dropped) = stay.document.strip(), _rows(stay, task)
    parts = [*([Part(TRANSCRIPT, TRANSCRIPT, TRANSCRIPT.capitalize(), said)] if said else []), *rows]
    tokens = read_text([piece for part in parts for piece in (part.heading, part.text)])
    overlaps = {name: measure(tokens, target) for name, target in targets.items()}
    copies = {
        name: [(run.begin, run.end) for run in overlap.copies if overlap.target.length >= RUN]
        for name, overlap in overlaps.items()
    }
    leaks: list[Leak] = []
    for field in task.fields:
        if field.name not in overlaps:
            leaks.append(Leak(stay.id, field.name, "unproven"))
            continue
        found = _measured(stay.id, field, overlaps[field.name], len(copies[field.name]))
        leaks.append(replace(found, status="leak" if found.copies and not cut_leaks else "clean"))
    if cut_leaks:
        parts = _cut_tokens(parts, tokens, merge(span for spans in copies.values() for span in spans))
    return Prepared(Case(stay.id, stay.group, tuple(parts)), tuple(leaks), dropped)


# --------------------------------------------------------------------------- parts


def _sections(note: str, headings: Sequence[Heading], redaction: Redaction, task: Task) -> list[Part]:
    """The note's sections less the cuts. A heading that follows another of the same name opens no new part if it has
    text on its line (the header's 'Name: ___', 'Sex: F') or nothing stands between them (a section's first label)."""
    opening = (h for h in headings if not _is_label(h, note, redaction, task))
    kept = [h for h in opening if not any(begin <= h.start < end for begin, end in redaction.cuts)]
    ends = [*(h.start for h in kept), len(note)]
    sections = [(Heading(0, 0, "", OTHER, inline=False), ends[0])]
    for heading, end in zip(kept, ends[1:], strict=True):
        above = sections[-1][0]
        is_label = heading.inline or not note[above.end : heading.start].strip()
        if heading.listed and heading.name == above.name and is_label:
            sections[-1] = (replace(above, text="", end=above.start) if above.inline else above, end)
        else:
            sections.append((heading, end))
    parts: list[Part] = []
    for heading, end in sections:
        precedes = tuple(name for name, begin in redaction.begins.items() if begin > heading.start)
        text = without(note, heading.end, end, redaction.cuts)
        parts.append(Part(NOTE, heading.name, heading.text, text, precedes=precedes))
    return [part for part in parts if part.text]


def _is_label(heading: Heading, note: str, redaction: Redaction, task: Task) -> bool:
    """Whether it stays in the section that it divides. Where that stands after a field whose writer knows it, only the
    line below the section's heading does: what follows may be of later, and is dated as any unlisted heading."""
    section = heading.label_of
    if section is None:
        return False
    late = any(section.name in f.known and redaction.begins[f.name] <= heading.start for f in task.fields)
    return not late or note.count("\n", section.end, heading.start) == 1


def _rows(stay: RawStay, task: Task) -> tuple[list[Part], dict[str, int]]:
    """The other tables' rows, dated ones by time, and how many of those were left out."""
    parts: list[Part] = []
    dropped: Counter[str] = Counter()
    stored = _end_of_moment(stay.time)
    for table in dict.fromkeys(table for field in task.fields for table in field.tables):
        rows = stay.tables.get(table, ())
        column = task.times.get(table)
        if column is None:
            parts += [_row_part(table, row) for row in rows]
            continue
        dated = [(moment(row.get(column, "")), row) for row in rows]
        known = [(when, row) for when, row in dated if when and stored and when <= stored]
        parts += [_row_part(table, row, row[column]) for _, row in sorted(known, key=lambda dated: dated[0])]
        undated = sum(when is None or stored is None for when, _ in dated)
        dropped += Counter({f"{table}, undated": undated, f"{table}, later": len(rows) - len(known) - undated})
    return [part for part in parts if part.text], dict(dropped)


def _row_part(table: str, row: Row, when: str = "") -> Part:
    cells = (f"{key.replace('_', ' ')}: {value}" for key, value in row.items() if value and not key.endswith("_id"))
    text = row["text"].strip() if "text" in row else "\n".join(cells)
    return Part(table, table, _TABLE_HEADINGS.get(table, table), text, when)


def _end_of_moment(text: str) -> datetime | None:
    """The end of the day for a day without a time (midnight is how tables write that)."""
    found = moment(text)
    return datetime.combine(found, time.max) if found and found.time() == time.min else found


# --------------------------------------------------------------------------- what is left of the targets


def _cut_and_measure(
    parts: list[Part], targets: Mapping[str, Target], cut_leaks: bool, copies: Counter[str]
) -> tuple[list[Part], dict[str, Overlap]]:
    """Cut copies of whole targets (and what makes a leak, if wished) until there are none, and count them."""
    while True:
        tokens = read_text([piece for part in parts for piece in (part.heading, part.text)])
        overlaps = {name: measure(tokens, target) for name, target in targets.items()}
        cuts: list[Span] = []
        for name, overlap in overlaps.items():
            runs = [*overlap.copies, *(overlap.leaking if cut_leaks else ())]
            found = merge((run.begin, run.end) for run in runs)
            copies[name] += len(found)
            cuts += found
        if not cuts:
            return parts, overlaps
        parts = _cut_tokens(parts, tokens, merge(cuts))


def _cut_tokens(parts: Sequence[Part], tokens: Tokens, cuts: Iterable[Span]) -> list[Part]:
    """The parts less these tokens of their headings and texts (which were read in turn)."""
    spans: dict[int, list[Span]] = {}
    for begin, end in cuts:
        for piece, group in groupby(tokens.places[begin:end], key=itemgetter(0)):
            places = list(group)
            spans.setdefault(piece, []).append((places[0][1], places[-1][2]))

    def less(text: str, piece: int) -> str:
        return without(text, 0, len(text), merge(widen(text, *span) for span in spans.get(piece, ())))

    left = (
        replace(part, heading=less(part.heading, 2 * at), text=less(part.text, 2 * at + 1))
        for at, part in enumerate(parts)
    )
    return [part for part in left if part.text]


def _measured(case: str, field: Field, overlap: Overlap, copies: int) -> Leak:
    status: Status = "leak" if overlap.leaking else "clean"
    return Leak(case, field.name, status, overlap.target.length, overlap.longest, overlap.share, copies)


def _unproven(stay: RawStay, field: Field, parts: list[Part], cut_leaks: bool) -> tuple[list[Part], Leak]:
    """Look for headings of the field's section that are left: in a table, or in the middle of a line."""
    cut = 0
    for at, part in enumerate(parts):
        found = find_field_heading(part.text, field)
        if found and not cut_leaks:
            where = _where(stay.document, parts, at, part.text[found[0] :])
            return parts, Leak(stay.id, field.name, "leak", heading=f"'{found[1]}' in {where}")
        if found:
            cut += 1
            parts = [*parts[:at], replace(part, text=part.text[: found[0]].strip()), *parts[at + 1 :]]
    return [part for part in parts if part.text], Leak(stay.id, field.name, "unproven", copies=cut)


def _where(note: str, parts: Sequence[Part], at: int, text: str) -> str:
    source = parts[at].source
    if source == NOTE:
        line = text.partition("\n")[0]
        return f"line {note.count(chr(10), 0, max(0, note.find(line))) + 1} of the note"
    return f"row {sum(part.source == source for part in parts[: at + 1])} of {source}"


# --------------------------------------------------------------------------- arranged


def words(text: str) -> int:
    """Words between white space."""
    return len(text.split())


def arrange(input: ModelInput, order: Sequence[str], budget: int, count: Callable[[str], int] = words) -> Arranged:
    """One text of the chart's parts: by `order` (names of parts; others follow in the chart's order), each under its
    heading, cut at the budget, at the end of a sentence if one fits.

    `budget` and the units of the result are in units of `count`: words, or an engine's tokens. What `count` says of
    the text never exceeds the budget. `cut` names what was shortened or dropped: everything from the first part
    that does not fit.
    """
    rank = {name: at for at, name in enumerate(order)}
    parts = sorted(input.chart, key=lambda part: rank.get(part.name, len(rank)))
    blocks = [_block(part) for part in parts]
    units = [count(block) for block in blocks]
    guess = bisect_right(list(accumulate(units)), budget)
    whole = _most(len(blocks), guess, lambda n: count(_join(blocks[:n])) <= budget)
    kept, lost = blocks[:whole], units[whole:]
    if lost:
        body = len(blocks[whole]) - len(parts[whole].text)
        share = (budget - sum(units[:whole])) / max(1, lost[0])
        beginning = _beginning(blocks[whole], body, share, lambda text: count(_join([*kept, text])) <= budget)
        if beginning:
            kept.append(beginning)
            lost[0] -= count(beginning)
    text = _join(kept)
    cut = tuple((part.heading, less) for part, less in zip(parts[whole:], lost, strict=True))
    return Arranged(text, count(text) if text else 0, cut)


def _block(part: Part) -> str:
    return f"{part.heading}:\n{part.text}" if part.heading else part.text


def _join(blocks: Sequence[str]) -> str:
    return "\n\n".join(blocks)


def _beginning(block: str, body: int, share: float, fits: Callable[[str], bool]) -> str:
    """As much of a block as fits (by guess that `share`), cut after a sentence of its body, else after a word; "" if
    not one word fits."""
    for cut in (_SENTENCE_END, _WORD_END):
        kept = _up_to(block, [match.end() for match in cut.finditer(block, body)], share, fits)
        if kept:
            return kept
    return ""


def _up_to(block: str, ends: Sequence[int], share: float, fits: Callable[[str], bool]) -> str:
    kept = _most(len(ends), bisect_right(ends, share * len(block)), lambda n: fits(block[: ends[n - 1]]))
    return block[: ends[kept - 1]] if kept else ""


def _most(most: int, guess: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `most` that fits, if what fits gets never less by taking less; 0 is taken to fit.

    Looked for around `guess`, in steps that double: to count tokens is most of what a prompt costs."""
    low, high, step, at = 0, most + 1, 1, guess
    while high - low > 1:
        at = min(max(at, low + 1), high - 1)
        low, high = (at, high) if fits(at) else (low, at)
        if low > 0 and high <= most:
            at = (low + high) // 2
        else:
            at = low + step if low else high - step
            step *= 2
    return low
