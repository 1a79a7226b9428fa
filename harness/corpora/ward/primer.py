"""The ward's primer: instruction pairs about notes, for whoever trains a model on notes before the task itself.

The notes are of stays that no ward has, for reasons that no ward admits, by clinicians who write in none, and
without their targets; no answer is anything like a hospital course or discharge instructions. The twin with shuffled
answers has the same notes and the same answers, each under another question of its kind: what a model gains from the
twin, it gained from the form alone. One pair a line:

    {"id": "primer-12-medications", "task": "medications", "note": "...", "instruction": "...", "answer": "...",
     "licence": "CC0-1.0"}
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import TypeAlias

from harness.corpora.instructions import Instruction
from harness.corpora.ward.chart import Chart
from harness.corpora.ward.course import Course, draw_course, draw_patient
from harness.corpora.ward.dice import Dice
from harness.corpora.ward.facts import BHC, DI
from harness.corpora.ward.hand import Hand
from harness.corpora.ward.lexicon import concepts
from harness.corpora.ward.primer_reasons import PRIMER_REASONS
from harness.corpora.ward.stay import HEADINGS, header, note_text
from harness.corpora.ward.styles import HOUSES, STYLES, Style
from harness.errors import UsageError
from harness.files import write_atomic
from harness.progress import bar

SCRIBES: tuple[Style, ...] = tuple(
    replace(STYLES[0], name=name, voice="terse", short=short, twist=twist, joined=0.0)
    for name, short, twist in (("grebe", 0.45, 101), ("dotterel", 0.6, 103))
)
"""They abbreviate more than any ward's, or there would be little to expand."""
LONGEST_LIST = 12
LICENCE = "CC0-1.0"


Question: TypeAlias = "tuple[str, str] | None"
"""(instruction, answer); None where there is nothing to ask for."""


def draw_instructions(stays: int, seed: int) -> Iterator[Instruction]:
    """The pairs of so many stays, at most one of each kind for a stay."""
    for number in range(stays):
        dice = Dice(f"primer/{seed}/{number}")
        course, note, stated = _draw_note(dice, seed, number)
        for task, ask in KINDS.items():
            if question := ask(dice, course, note, stated):
                yield Instruction(f"primer-{number}-{task}", task, note, *question)


def shuffled(pairs: Iterator[Instruction], seed: int) -> Iterator[Instruction]:
    """The same pairs with each answer moved to another stay's pair of the same kind, in the same order."""
    held = list(pairs)
    places: dict[str, list[int]] = defaultdict(list)
    for at, pair in enumerate(held):
        places[pair.task].append(at)
    answers: dict[int, str] = {}
    for task, those in places.items():
        mixed = Dice(f"primer/{seed}/shuffled/{task}").shuffled(those)
        # One step around a circle: nobody keeps an answer.
        answers |= {at: held[other].answer for at, other in zip(mixed, (*mixed[1:], mixed[0]), strict=True)}
    for at, pair in enumerate(held):
        yield replace(pair, answer=answers[at])


def write_primer(out: Path, stays: int, seed: int, shuffle: bool = False) -> int:
    """Write the pairs as JSON lines, gzipped where `out` ends in .gz. Returns how many there are; the same arguments
    give the same bytes. Raises UsageError for fewer than two stays."""
    if stays < 2:
        raise UsageError(f"{stays} stays are too few for a primer", todo="ask for at least 2")
    drawn = bar(draw_instructions(stays, seed), "writing the primer", unit="pair")
    lines = [
        json.dumps({**asdict(pair), "licence": LICENCE}, ensure_ascii=False) + "\n"
        for pair in (shuffled(drawn, seed) if shuffle else drawn)
    ]
    data = "".join(lines).encode()
    write_atomic(out, _packed(data) if out.suffix == ".gz" else data)
    return len(lines)


def _packed(data: bytes) -> bytes:
    """Gzipped without time and name, so that equal lines are equal bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, buffer, mtime=0) as packed:
        packed.write(data)
    return buffer.getvalue()


def _draw_note(dice: Dice, seed: int, number: int) -> tuple[Course, str, frozenset[str]]:
    """(course, note without its targets, keys of the facts that the note states)."""
    world = f"primer/{seed}"
    patient = draw_patient(world, number, 1, test=False, reasons=PRIMER_REASONS)
    course = draw_course(world, number, patient, 0, test=False)
    chart = Chart(Hand(dice, dice.pick(SCRIBES), course), dice.roll() * dice.roll())
    told = {name: chart.section(name) for name in HEADINGS if name not in (BHC, DI)}
    texts = {name: text for name, (text, _) in told.items()} | {BHC: "", DI: "", "header": header(course)}
    stated = frozenset(key for _, keys in told.values() for key in keys)
    return course, note_text(dice, dice.pick(HOUSES), texts), stated


# --------------------------------------------------------------------------- the questions


def _ask_diagnoses(dice: Dice, course: Course, note: str, stated: frozenset[str]) -> Question:
    found = [fact.concept for fact in course.all("dx") if fact.key in stated and not fact.sign]
    wording = dice.pick(("List the diagnoses of this note, one a line.", "Which diagnoses does the note name?"))
    return (wording, "\n".join(found)) if found else None


def _ask_abbreviations(dice: Dice, course: Course, note: str, stated: frozenset[str]) -> Question:
    found = dict.fromkeys(_abbreviations().findall(note))
    lines = [f"{short}: {_meanings()[short]}" for short in list(found)[:LONGEST_LIST]]
    wording = dice.pick(("Expand the abbreviations of this note.", "What do the abbreviations in this note stand for?"))
    return (wording, "\n".join(lines)) if lines else None


def _ask_medications(dice: Dice, course: Course, note: str, stated: frozenset[str]) -> Question:
    home, leaving = dict(course.home), dict(course.discharge_drugs)
    lines = [f"new: {drug} {dose}" for drug, dose in leaving.items() if drug not in home]
    lines += [f"stopped: {drug}" for drug in home if drug not in leaving]
    lines += [
        f"changed: {drug}, {home[drug]} to {dose}"
        for drug, dose in leaving.items()
        if drug in home and home[drug] != dose
    ]
    wording = dice.pick(
        ("List the medications that changed between admission and discharge.", "What changed in the medication lists?")
    )
    return wording, "\n".join(lines) or "nothing changed"


def _ask_value(dice: Dice, course: Course, note: str, stated: frozenset[str]) -> Question:
    options = [(name, values[0]) for name, values in course.labs if values and f"lab:{name}:{values[0]}" in stated]
    if not options:
        return None
    name, value = dice.pick(options)
    return f"What was the first {name} of this stay?", value


KINDS: Mapping[str, Callable[[Dice, Course, str, frozenset[str]], Question]] = {
    "diagnoses": _ask_diagnoses,
    "abbreviations": _ask_abbreviations,
    "medications": _ask_medications,
    "value": _ask_value,
}


@cache
def _meanings() -> Mapping[str, str]:
    """Abbreviation -> what it stands for; one that stands for two things is left out."""
    found: dict[str, set[str]] = defaultdict(set)
    for concept in concepts().values():
        for short in concept.short:
            if short.isupper() and len(short) > 1 and short != concept.full[0]:
                found[short].add(concept.full[0])
    return {short: next(iter(names)) for short, names in found.items() if len(names) == 1}


@cache
def _abbreviations() -> re.Pattern[str]:
    longest_first = sorted(_meanings(), key=lambda short: (-len(short), short))
    return re.compile(rf"(?<![\w/])(?:{'|'.join(map(re.escape, longest_first))})(?![\w/])")
