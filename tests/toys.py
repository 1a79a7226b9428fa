"""A small task, the manifest of a run of it, and scorers that are known by heart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness import Column, Field, Pair, PublishedScript, Signature, SubmissionFormat, Task
from harness.panel import OpenScorer, ScorerContext
from harness.scoring import Scoring
from harness.types import Manifest

TASK = Task(
    name="toy",
    title="Toy",
    language="en",
    fields=(Field("course", "Hospital Course"), Field("advice", "Advice")),
    sections=(),
    columns=(Column("bleu", "BLEU-4"), Column("rouge1", "ROUGE-1"), Column("align", "AlignScore")),
    means={"open3": ("bleu", "rouge1", "align[open]"), "overlap2": ("bleu", "rouge1")},
    submission=SubmissionFormat("id", ("id", "course", "advice")),
    scorers=(),
    splits=("test",),
    default_split="test",
    published=PublishedScript("f00", batch=2, last_batch=("rouge1",), batch_means=("align",)),
)
MANIFEST = Manifest(
    task="toy",
    task_version=1,
    corpus="ward",
    corpus_digest="c0ffee",
    restricted=False,
    split="test",
    cases=4,
    partial=False,
    ids_digest="i0",
    system="lead",
    label="lead",
    settings={"words": 3, "nested": {"a": [1, 2.5, None]}},
    seed=0,
    origin="generated",
    model_digests={},
    packages={"numpy": "2"},
    revision="abc",
    hosts=("127.0.0.1",),
    leak_check={"unproven": 0},
    candidates_digest="d0",
    csv_digest="e0",
    external_data=("none",),
)


class Words:
    """How many words a text has, and its share of the reference's."""

    columns = ("words", "share")

    def measure(self, pairs: Sequence[Pair]) -> Any:
        counts = [(len(p.hypothesis.split()), len(p.reference.split())) for p in pairs]
        return np.array([[given, given / wanted] for given, wanted in counts])

    def worst(self, column: str) -> float:
        return {"words": -1.0, "share": 0.0}[column]

    def signature(self, column: str) -> Signature:
        return Signature({"metric": column, "version": "1"}, {"numpy": "2"})


WORDS = OpenScorer("words", Words.columns, Words())


def scoring_with(scorers: Sequence[OpenScorer], folder: Path) -> Scoring:
    """Scorers that are open already, at work; what they measure is kept in the folder."""
    folder.mkdir(exist_ok=True)
    scoring = Scoring((), ScorerContext("en", folder), folder / "kept.sqlite")
    vars(scoring)["scorers"] = tuple(scorers)
    return scoring
