"""A clinician's hand: words facts in templates, one sentence at a time, and keeps a record of what was stated."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

from harness.corpora.ward import phrases
from harness.corpora.ward.course import Course
from harness.corpora.ward.dice import Dice
from harness.corpora.ward.facts import Fact
from harness.corpora.ward.lexicon import Concept, concepts
from harness.corpora.ward.matcher import SHORTEST
from harness.corpora.ward.styles import Style

Slot: TypeAlias = str | Callable[[], str]
Node: TypeAlias = "tuple[str | _Slot | _Choice, ...]"
"""A compiled template: text, slots and choices in turn."""


class _Slot(NamedTuple):
    name: str


class _Choice(NamedTuple):
    options: tuple[Node, ...]


CLASSES: Mapping[str, tuple[int, int]] = {
    "train": (0, 6),
    "valid": (6, 8),
    "test_phase_1": (8, 10),
    "test_phase_2": (10, 12),
}
"""Every sentence of a target belongs to one split, by its hash modulo 12: no split can hold another's."""

_TRIES = 40
_WORD = re.compile(r"[a-z0-9]+")
_PIECE = re.compile(r"[\[\]|{}]|[^\[\]|{}]+")


def sentence_class(sentence: str) -> int:
    return zlib.crc32(" ".join(_WORD.findall(sentence.lower())).encode()) % 12


@cache
def compiled(template: str) -> Node:
    pieces = _PIECE.findall(template)
    node, at = _compile(pieces, 0)
    assert at == len(pieces), template
    return node


def _compile(pieces: list[str], at: int) -> tuple[Node, int]:
    parts: list[str | _Slot | _Choice] = []
    while at < len(pieces) and pieces[at] not in "|]":
        if pieces[at] == "[":
            options, at = _options(pieces, at + 1)
            parts.append(_Choice(tuple(options)))
        elif pieces[at] == "{":
            parts.append(_Slot(pieces[at + 1]))
            at += 3
        else:
            parts.append(pieces[at])
            at += 1
    return tuple(parts), at


def _options(pieces: list[str], at: int) -> tuple[list[Node], int]:
    options: list[Node] = []
    while True:
        node, at = _compile(pieces, at)
        options.append(node)
        at += 1
        if pieces[at - 1] == "]":
            return options, at


_PRONOUNS = {
    "F": {"Mr": "Ms.", "he": "she", "He": "She", "his": "her", "him": "her", "His": "Her", "man": "woman", "MF": "F"},
    "M": {"Mr": "Mr.", "he": "he", "He": "He", "his": "his", "him": "him", "His": "His", "man": "man", "MF": "M"},
}


class Hand:
    """Writes one text. `stated` collects the keys of what it says; `split` binds its sentences to a split."""

    def __init__(self, dice: Dice, style: Style, course: Course, split: str = "") -> None:
        self.dice, self.style, self.course = dice, style, course
        self.stated: dict[str, None] = {}
        self._range = CLASSES.get(split, (0, 12))
        age = str(course.age)
        article = "an" if age[0] == "8" or age in ("11", "18") else "a"
        self.base: dict[str, Slot] = {
            **_PRONOUNS[course.patient.sex],
            "age": age,
            "an": article,
            "An": article.capitalize(),
            "Pt": self._patient,
        }

    def _patient(self) -> str:
        name = self.dice.pick(self.style.names)
        return name.format_map(_PRONOUNS[self.course.patient.sex]) if "{" in name else name

    # ---- words

    def choose(self, count: int) -> int:
        """Which of so many wordings: this clinician's habit most of the time."""
        roll = self.dice.roll()
        return (int(count * roll * roll**0.5) + self.style.twist) % count

    def render(self, node: Node, slots: Mapping[str, Slot]) -> str:
        out = []
        for part in node:
            if isinstance(part, str):
                out.append(part)
            elif isinstance(part, _Choice):
                out.append(self.render(part.options[self.choose(len(part.options))], slots))
            else:
                out.append(self._filled(part.name, slots))
        return "".join(out)

    def _filled(self, name: str, slots: Mapping[str, Slot]) -> str:
        """A slot's text; a name with a capital is the same slot where a sentence begins."""
        slot = slots.get(name) or self.base.get(name)
        if slot is not None:
            return slot() if callable(slot) else slot
        slot = slots.get(name[0].lower() + name[1:], "")
        text = slot() if callable(slot) else slot
        return capital(text)

    def phrase(self, templates: Sequence[str], slots: Mapping[str, Slot]) -> str:
        return self.render(compiled(templates[self.choose(len(templates))]), slots)

    def name(self, fact: Fact, lay: bool = False) -> str:
        """One of the names of what a fact is about."""
        return self.word(_FAMILY.get(fact.kind, fact.kind), fact.concept, lay)

    def word(self, family: str, id: str, lay: bool = False) -> str:
        concept = _concept(family, id)
        roll = self.dice.roll()
        if lay:
            names = concept.lay or concept.full
        elif concept.short and roll < self.style.short:
            names = concept.short
        else:
            names = concept.full
        return names[0] if self.dice.roll() < 0.72 else self.dice.pick(names)

    def listed(self, items: Sequence[str], last: str = "and") -> str:
        if self.style.voice == "terse" and last == "and" and len(items) > 1:
            return ", ".join(items)
        return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"

    # ---- sentences

    def sentence(
        self, templates: Sequence[str], slots: Mapping[str, Slot], facts: Iterable[Fact], head: str = ""
    ) -> str:
        """A sentence that states the facts, worded until it is one of this split's; "" if it cannot be."""
        low, high = self._range
        for attempt in range(_TRIES):
            text = capital(head + self.phrase(templates, slots).replace("  ", " "))
            if attempt >= _TRIES // 2 and text[-1] not in ".:!?":
                text += self.dice.pick(phrases.TAILS)
            if low <= sentence_class(text) < high or len(text.split()) < SHORTEST:
                self.stated |= dict.fromkeys(fact.key for fact in facts)
                return text if text[-1] in ".:!?" else f"{text}."
        return ""


_FAMILY = {
    "warning": "symptom",
    "given": "drug", "start": "drug", "stop": "drug", "hold": "drug", "continue": "drug", "change": "drug",
    "dose": "drug", "days": "drug",
    "consult": "clinic", "followup": "clinic", "pending": "test", "recheck": "lab",
}  # fmt: skip


def _concept(family: str, id: str) -> Concept:
    known = concepts()
    return known.get((family, id)) or known["drug" if family == "allergy" and ("drug", id) in known else "allergen", id]


def capital(text: str) -> str:
    """As a sentence begins; but pH stays pH."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def fill(text: str, width: int = 78) -> str:
    """The text in lines of at most `width`, never broken before what would look like a list's entry or a label."""
    if not width or len(text) <= width:
        return text
    lines, line, at = [], "", 0
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width and line[-1] != ":" and not _CLINGS.match(text, at):
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        at += len(word) + 1
    return "\n".join((*lines, line))


_CLINGS = re.compile(r"[-*•#:]|\d{1,2}[.)](?:\s|$)|[A-Z_][\w/() -]{0,40}:")
