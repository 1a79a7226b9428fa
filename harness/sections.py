"""Where the sections of a note begin: its headings, named by the Task."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from harness.types import Field, Section, Task

OTHER = "other"
_LONGEST_HEADING = 8
_LINE = re.compile(r"[^\r\n]+")
_HEAD = re.compile(r"[^:]{1,100}?(?=\s*:)")
_PROSE_ENDS = ".,;!?"
_BLANKS = re.compile(r"_{2,}|\s+")


@dataclass(frozen=True)
class Heading:
    """A heading in a text: `start` of its words, `end` where its body begins, `text` without the colon,
    `name` of the Section or Field that lists it, or "other". `inline` if text follows on its line. A label
    divides the section of the heading `label_of`."""

    start: int
    end: int
    text: str
    name: str
    inline: bool
    label_of: Heading | None = None

    @property
    def listed(self) -> bool:
        return self.name != OTHER

    @property
    def key(self) -> str:
        return normalise(self.text)


def normalise(heading: str) -> str:
    """Lower-cased, white space collapsed, without `___` and the marks that decorate headings."""
    return _BLANKS.sub(" ", heading).strip(" *=:").lower()


def find_headings(text: str, task: Task) -> tuple[Heading, ...]:
    """The headings of a note, in its order.

    A line is headed by what stands before its first colon, if the Task lists that or nothing follows on the line. A
    line in capitals needs no colon. Notes hold look-alikes (labels inside reports, headings of sub-sections), so an
    unlisted heading, or a listed one with text on its line, must be in the style of most listed headings of this note:
    capitals or not. A Field's heading always counts.
    """
    fields = frozenset(field.name for field in task.fields)
    found: list[Heading] = []
    for line in _LINE.finditer(text):
        below_heading = bool(found) and not text[found[-1].end : line.start()].strip()
        heading = _heading_of(line, task, below_heading)
        if heading:
            found.append(heading)
    capitals = _style(found)
    in_style = (
        h
        for h in found
        if h.name in fields or (h.listed and not h.inline) or capitals is None or h.text.isupper() == capitals
    )
    return tuple(_labelled(text, in_style))


def find_field_heading(text: str, field: Field) -> tuple[int, str] | None:
    """Where a heading of the field's section stands in a text, and the pattern that matches it.

    Looks at the beginning of every line, and for the field's title with a colon anywhere.
    """
    for line in _LINE.finditer(text):
        head, colon, _ = line[0].partition(":")
        if len(head.split()) <= _LONGEST_HEADING and (colon or head.rstrip()[-1:] not in _PROSE_ENDS):
            pattern = next((p for p in field.headings if re.fullmatch(p, normalise(head))), None)
            if pattern:
                return line.start(), pattern
    title = re.search(r"\s+".join(map(re.escape, field.title.split())) + r"\s*:", text, re.IGNORECASE)
    return (title.start(), field.title) if title else None


def _heading_of(line: re.Match[str], task: Task, below_heading: bool) -> Heading | None:
    whole = line[0].rstrip()
    start = line.start() + len(whole) - len(whole.lstrip())
    head = _HEAD.match(whole)
    if head and head[0].strip() and len(head[0].split()) <= _LONGEST_HEADING:
        words, end = head[0].strip(), whole.index(":", head.end()) + 1
        name = _name(words, task)
        inline = bool(whole[end:].strip())
        if name or (not inline and words[0].isupper()):
            return Heading(start, line.start() + end, words, name or OTHER, inline)
    words = whole.strip()
    if words and ":" not in words and len(words.split()) <= _LONGEST_HEADING and words[-1] not in _PROSE_ENDS:
        name = _name(words, task)
        is_field = any(field.name == name for field in task.fields)
        if is_field or (words.isupper() and words[0].isalpha() and (name or not below_heading)):
            return Heading(start, line.end(), words, name or OTHER, False)
    return None


def _labelled(text: str, headings: Iterable[Heading]) -> Iterator[Heading]:
    """A section that begins with an unlisted heading ('Discharge Diagnosis:', then 'Primary:') is divided by labels,
    up to the next listed heading."""
    above = section = None
    for heading in headings:
        if heading.listed:
            section = None
        elif above and above.listed and not text[above.end : heading.start].strip():
            section = above
        yield replace(heading, label_of=section)
        above = heading


def _style(found: Sequence[Heading]) -> bool | None:
    """True if two thirds of the listed headings are in capitals, False if two thirds are not, else None."""
    listed = [h.text.isupper() for h in found if h.listed]
    capitals = sum(listed)
    if 3 * capitals >= 2 * len(listed):
        return True if listed else None
    return False if 3 * (len(listed) - capitals) >= 2 * len(listed) else None


def _name(heading: str, task: Task) -> str | None:
    pattern, names = _grammar(task.fields, task.sections)
    match = pattern.fullmatch(normalise(heading))
    return names[str(match.lastgroup)] if match else None


@lru_cache(maxsize=8)
def _grammar(fields: tuple[Field, ...], sections: tuple[Section, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """One expression for all listed headings, and the name behind each of its groups. Fields come first."""
    listed: tuple[Field | Section, ...] = (*fields, *sections)
    kinds = {f"n{number}": kind for number, kind in enumerate(listed) if kind.headings}
    groups = (f"(?P<{group}>{'|'.join(f'(?:{p})' for p in kind.headings)})" for group, kind in kinds.items())
    return re.compile("|".join(groups)), {group: kind.name for group, kind in kinds.items()}
