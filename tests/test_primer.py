"""The primer: pairs about notes that are no ward's, and its twin with shuffled answers."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.ward.facts import BHC, DI
from harness.corpora.ward.primer import KINDS, SCRIBES, draw_instructions, shuffled, write_primer
from harness.corpora.ward.primer_reasons import PRIMER_REASONS
from harness.corpora.ward.reasons import REASONS
from harness.corpora.ward.styles import STYLES
from harness.errors import UsageError
from harness.sections import find_headings
from harness.tasks.discharge_me import discharge_me

STAYS = 40
PAIRS = list(draw_instructions(STAYS, 5))


def test_reasons_and_scribes_are_no_wards() -> None:
    assert not {reason.name for reason in PRIMER_REASONS} & {reason.name for reason in REASONS}
    assert not {scribe.name for scribe in SCRIBES} & {style.name for style in STYLES}


def test_every_kind_is_asked() -> None:
    counts = Counter(pair.task for pair in PAIRS)
    assert counts.keys() == KINDS.keys()
    assert min(counts.values()) > STAYS / 2
    assert len({pair.id for pair in PAIRS}) == len(PAIRS)


def test_notes_hold_no_target() -> None:
    task = discharge_me()
    for note in {pair.note for pair in PAIRS}:
        targets = [heading for heading in find_headings(note, task) if heading.name in (BHC, DI)]
        assert targets == []


def test_answers_are_true_of_their_notes() -> None:
    for pair in PAIRS:
        if pair.task == "abbreviations":
            assert all(line.split(":")[0] in pair.note for line in pair.answer.splitlines())
        if pair.task == "medications" and pair.answer != "nothing changed":
            drugs = [line.split(": ")[1].split(" ")[0].split(",")[0] for line in pair.answer.splitlines()]
            assert all(drug in pair.note.lower() for drug in drugs)
        if pair.task == "value":
            assert pair.answer in pair.note


def test_the_twin_has_the_same_answers_elsewhere() -> None:
    twin = list(shuffled(iter(PAIRS), 5))
    assert [(pair.id, pair.note, pair.instruction) for pair in twin] == [(p.id, p.note, p.instruction) for p in PAIRS]
    for task in KINDS:
        assert Counter(p.answer for p in twin if p.task == task) == Counter(p.answer for p in PAIRS if p.task == task)
    same = sum(one.answer == other.answer for one, other in zip(PAIRS, twin, strict=True))
    assert same < len(PAIRS) / 5  # two stays may have the same answer


@pytest.mark.parametrize("name", ["primer.jsonl", "primer.jsonl.gz"])
def test_the_file_is_the_same_every_time(name: str, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        assert write_primer(tmp_path / folder / name, 4, 1) == len(list(draw_instructions(4, 1)))
    data = (tmp_path / "one" / name).read_bytes()
    assert data == (tmp_path / "two" / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    first: dict[str, Any] = json.loads(text.splitlines()[0])
    assert first.keys() == {"id", "task", "note", "instruction", "answer", "licence"}


def test_too_few_stays(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 stays are too few for a primer"):
        write_primer(tmp_path / "primer.jsonl", 1, 0)
