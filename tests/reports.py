"""Runs for reports to show: a ward, systems of known quality on it, and a pool."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness import Candidate, manifest
from harness.cli import main
from harness.corpora import open_corpus
from harness.corpora.synthetic import synthesize
from harness.files import digest
from harness.hand_in import hand_in
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.plugins import registry
from harness.references import read_references
from harness.run import Generated, claimed, run_folder, store
from harness.scoring import scoring_of
from harness.tasks.discharge_me import discharge_me
from harness.usage import Usage, write_usage

TASK = discharge_me()
FIELDS = tuple(field.name for field in TASK.fields)
SPLIT = TASK.default_split
INVENTED = "Warfarin 7.5 mg was begun on 3/4/2031."
KEPT = {"copyist": 0.95, "careful": 0.74, "patient": 0.7, "hasty": 0.58, "careless": 0.55, "stranger": 0.15}
LABELS = ("chooser", *KEPT)

Rows = Mapping[str, Mapping[str, str]]


def make_runs(data: Path, scorers: tuple[str, ...] = ("bleu", "rouge", "medcon")) -> None:
    """Runs on the corpus at `data`, named in LABELS, below `submissions` in the working directory: references of which
    other shares of the sentences are kept, and a pool that takes the careful text of every second case."""
    corpus = open_corpus(data, TASK, SPLIT)
    references = {one.id: one.values for one in read_references(corpus, TASK, SPLIT)}
    written = {label: blended(references, kept, random.Random(label)) for label, kept in KEPT.items()}
    written["careless"] = {
        id: {**row, FIELDS[0]: f"{row[FIELDS[0]]}\n{INVENTED}"} for id, row in written["careless"].items()
    }
    members = {id: ("careful", "careless")[at % 2] for at, id in enumerate(references)}
    written["chooser"] = {id: written[member][id] for id, member in members.items()}
    lineup = read_lineup(DEFAULT_LINEUP)
    with scoring_of(TASK, corpus, SPLIT, registry(), lineup, scorers, 1) as scoring:
        for label, rows in written.items():
            pool = ("careful", "careless") if label == "chooser" else ()
            made = {
                (id, name): (Candidate(id, name, text, system=members[id] if pool else label, key=digest(text)),)
                for id, row in rows.items()
                for name, text in row.items()
            }
            generated = Generated(made)
            whose = replace(
                manifest.begin(TASK, corpus, SPLIT, list(rows), label),
                settings={"members": pool} if pool else {},
                candidates_digest=manifest.candidates_digest(generated),
            )
            folder = run_folder(Path("submissions"), TASK, corpus, SPLIT, label)
            writers = Counter(one.system for (one,) in made.values())
            found = Usage(
                len(rows), len(made), None, None, 0, 0, writers=writers, candidates_digest=whose.candidates_digest
            )
            with claimed(folder, {"label": label}, data):
                store(folder, generated)
                write_usage(found, folder)
                hand_in(TASK, corpus, scoring, folder, rows, whose)


def blended(references: Rows, kept: float, chance: random.Random) -> Rows:
    """References of which about this share of the sentences is kept; the others are another patient's."""
    others = list(references.values())

    def text(own: str, other: str) -> str:
        spare = other.split(". ")
        return ". ".join(one if chance.random() < kept else chance.choice(spare) for one in own.split(". "))

    return {
        id: {name: text(row[name], chance.choice(others)[name]) for name in FIELDS} for id, row in references.items()
    }


def ward(folder: Path, stays: int = 120) -> Path:
    """A ward, written on first use."""
    if not folder.exists():
        synthesize(folder, stays, 3)
    return folder


def report(out: str, *more: str) -> None:
    assert main(["leaderboard", "--format", "html", "--out", out, "--resamples", "500", *more]) == 0


def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home)
    monkeypatch.setenv("HARNESS_WORKSPACE", str(home / "workspace"))
    return home
