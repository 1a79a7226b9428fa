"""BLEU as sacrebleu computes it by default: the number that other people's tables show, not the shared task's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from harness import Pair, Signature, scorer

if TYPE_CHECKING:
    from harness import ScoringContext

COLUMNS = ("sacrebleu",)


@scorer("sacrebleu")
@dataclass(frozen=True)
class SacreBleu:
    """sacrebleu's sentence BLEU of each text, as it comes: tokenizer 13a, exponential smoothing, effective order.

    From 0 to 100, as everybody quotes it. sacrebleu does the work, and ours is signed as it signs. A line break
    counts as a space.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def open(self, context: ScoringContext) -> SacreBleuScorer:
        return SacreBleuScorer()


class SacreBleuScorer:
    columns = COLUMNS

    def __init__(self) -> None:
        from sacrebleu.metrics.bleu import BLEU

        self._metric = BLEU(effective_order=True)

    def __reduce__(self) -> tuple[Callable[..., SacreBleuScorer], tuple[()]]:
        return SacreBleuScorer, ()

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        rows = [self._metric.sentence_score(_flat(pair.hypothesis), [_flat(pair.reference)]).score for pair in pairs]
        _forget()
        return np.array(rows, dtype=np.float64).reshape(len(pairs), len(COLUMNS))

    def worst(self, column: str) -> float:
        return 0.0

    def signature(self, column: str) -> Signature:
        theirs = {  # as sacrebleu itself signs it
            "nrefs": "1",
            "case": "lc" if self._metric.lowercase else "mixed",
            "eff": "yes" if self._metric.effective_order else "no",
            "tok": self._metric.tokenizer_signature,
            "smooth": self._metric.smooth_method,
        }
        identity = {"metric": column, "scale": "0-100", **theirs, "version": "1"}
        return Signature(identity, {"sacrebleu": version("sacrebleu")})


def _forget() -> None:
    """sacrebleu's tokenizers keep up to 65,536 texts each, hundreds of megabytes, and patients' texts at that."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

    Tokenizer13a.__call__.cache_clear()
    TokenizerRegexp.__call__.cache_clear()


def _flat(text: str) -> str:
    return text.replace("\n", " ")
