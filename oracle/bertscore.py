"""bertscore beside bert_score with the transformers of its time, which knows the empty text; random weights."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from oracle import Answers
from tests.tiny_models import align_pairs, write_distilbert

REQUIREMENTS = ("bert-score==0.3.13", "numpy==1.26.4", "torch==2.13.0", "transformers==4.57.6")
TOLERANCE = {"bertscore": 2e-6}
SEED = 11
EMPTY = [("", "chest pain"), ("chest pain", ""), ("", "")]


def reference() -> Answers:
    """One pair at a time: where all similarities are below 0, bert_score's padding with 0 is the nearest token."""
    with tempfile.TemporaryDirectory() as work:
        scorer = open_package(write_distilbert(Path(work)), layer=4, rescaled=True)
        return Answers({"bertscore": [score(scorer, [pair])[0] for pair in pairs()]})


def ours() -> Answers:
    from harness import Pair
    from scorers.bertscore import BertScore

    asked = [Pair(str(at), "1", "text", *texts) for at, texts in enumerate(pairs())]
    with tempfile.TemporaryDirectory() as work:
        plugin = BertScore(model=str(write_distilbert(Path(work) / "model")), device="cpu", cache_gb=0.0)
        scorer = plugin.open(SimpleNamespace(language="en", work=Path(work) / "kept"))
        return Answers({"bertscore": scorer.measure(asked)[:, 0].tolist()})


def pairs() -> list[tuple[str, str]]:
    """(reference, hypothesis)"""
    return [*align_pairs(SEED), *EMPTY]


def open_package(model: Path, layer: int, *, rescaled: bool) -> Any:
    """bert_score as the published script sets it up, but for where the model lies."""
    import bert_score

    official = "bert_score/rescale_baseline/en/distilbert-base-uncased.tsv"
    return bert_score.BERTScorer(
        model_type=str(model),
        num_layers=layer,
        batch_size=64,
        nthreads=4,
        all_layers=False,
        idf=False,
        device="cpu",
        lang="en",
        rescale_with_baseline=rescaled,
        baseline_path=str(distribution("bert-score").locate_file(official)) if rescaled else None,
    )


def score(scorer: Any, pairs: Sequence[tuple[str, str]]) -> list[float]:
    references, hypotheses = zip(*pairs, strict=True)
    values: list[float] = scorer.score(list(hypotheses), list(references), batch_size=64)[2].tolist()
    return values
