"""AlignScore-base as the shared task computes it, without its package: every question once, in full batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from harness import CannotJudge, Pair, Signature, divide, open_entailment, scorer

if TYPE_CHECKING:
    from harness import Division, Entailment, ScoringContext

COLUMNS = ("align",)
MOST_QUESTIONS = 4_000
"""A reference of 1,000 words is three chunks, which leaves a hypothesis 1,333 sentences."""


@scorer("alignscore", exact=False, batch=8)
@dataclass(frozen=True)
class AlignScore:
    """AlignScore (nli_sp): how far the reference (context) entails what was written (claim), sentence by sentence.

    `checkpoint` is the file AlignScore-base.ckpt, `tokenizer` a folder with the vocabulary of roberta-base; both are
    looked for in the assets folder, under alignscore-base, where they are not named. bfloat16 is faster, and another
    number. A line break counts as a space, as in the published script.
    """

    checkpoint: str = ""
    tokenizer: str = ""
    dtype: Literal["float32", "bfloat16"] = "float32"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def open(self, context: ScoringContext) -> AlignScorer:
        return AlignScorer(
            open_entailment(self.checkpoint, self.tokenizer, dtype=self.dtype, device=self.device, threads=self.threads)
        )


class AlignScorer:
    columns = COLUMNS

    def __init__(self, model: Entailment) -> None:
        self._model = model

    def measure(self, pairs: Sequence[Pair]) -> Any:
        """Raises CannotJudge for a pair that takes more than `MOST_QUESTIONS` questions."""
        import numpy as np

        asked = [_divided(pair) for pair in pairs]
        for at, one in enumerate(asked):
            if len(one.chunks) * len(one.sentences) > MOST_QUESTIONS:
                raise CannotJudge(f"it takes more than {MOST_QUESTIONS:,} questions (sentences x chunks)", at=at)
        return np.array(self._model.align(asked), dtype=np.float64).reshape(len(pairs), 1)

    def truncated(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        return np.array([self._model.unseen(_divided(pair)) for pair in pairs], dtype=np.float64).reshape(-1, 2)

    def worst(self, column: str) -> float:
        return 0.0

    def signature(self, column: str) -> Signature:
        identity = {
            "metric": column,
            "mode": "nli_sp",
            "context": "reference",
            **self._model.identity,
            "version": "1",
        }
        return Signature(identity, {**self._model.environment, "nltk": version("nltk")})


def _divided(pair: Pair) -> Division:
    return divide(pair.reference.replace("\n", " "), pair.hypothesis.replace("\n", " "))
