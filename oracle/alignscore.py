"""align beside AlignScore's package, which wants another transformers than ours; random weights, since the checkpoint
cannot be had without a hub."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace

from oracle import Answers
from tests.tiny_models import align_pairs, write_align

REQUIREMENTS = (
    "alignscore-speedofmagic==0.1.4",
    "nltk==3.10.4",
    "pytorch-lightning==2.6.6",
    "torch==2.13.0",
    "transformers==4.57.6",
)
TOLERANCE = {"align": 2e-6}
SEED = 7


def reference() -> Answers:
    """One question at a time: the package cuts a premise by what else is in the batch of questions."""
    from oracle._alignscore_package import open_package, score

    with tempfile.TemporaryDirectory() as work:
        scorer = open_package(write_align(Path(work) / "roberta-tiny").parent, batch_size=1)
        return Answers({"align": score(scorer, align_pairs(SEED))})


def ours() -> Answers:
    from harness import Pair
    from scorers.alignscore import AlignScore

    pairs = [Pair(str(at), "1", "text", *texts) for at, texts in enumerate(align_pairs(SEED))]
    with tempfile.TemporaryDirectory() as work:
        plugin = AlignScore(checkpoint=str(write_align(Path(work))), device="cpu")
        return Answers({"align": plugin.open(SimpleNamespace(language="en")).measure(pairs)[:, 0].tolist()})
