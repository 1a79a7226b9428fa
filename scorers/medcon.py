"""MEDCON: the overlap of the medical concepts that two texts mention.

The concepts are found by QuickUMLS on a user's UMLS index (the official column `medcon`), by a user's MedCAT model
pack, or in the open vocabulary that the harness compiles. Each fills a column of its own name.
Source: Yim et al., ACI-BENCH (Scientific Data 2023), and the scorer of the shared task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness import AssetError, CannotJudge, Pair, Signature, compare_concepts, open_matcher, scorer

if TYPE_CHECKING:
    from harness import ScoringContext


_GET = str(
    AssetError(
        "it takes a QuickUMLS index of your UMLS licence",
        todo='install the extra [quickumls] and write [scorers.medcon] matcher = "quickumls", index = "FOLDER"',
    )
)


@scorer("medcon")
@dataclass(frozen=True)
class Medcon:
    """F1 of the medical concepts that the two texts mention, as a `matcher` finds them (Yim et al. 2023).

    "open" needs nothing, "quickumls" the folder of a QuickUMLS `index`, "medcat" a MedCAT model `pack`. A line break
    separates words as a blank does."""

    matcher: Literal["open", "quickumls", "medcat"] = "open"
    index: str = ""
    pack: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return ("medcon" if self.matcher == "quickumls" else f"medcon[{self.matcher}]",)

    def open(self, context: ScoringContext) -> MedconScorer:
        finder = open_matcher(self.matcher, context.asset, context.work, index=self.index, pack=self.pack)
        return MedconScorer(self.columns, self.matcher, finder)


class MedconScorer:
    def __init__(self, columns: tuple[str, ...], matcher: str, finder: Any) -> None:
        self.columns = columns
        self.missing = {} if "medcon" in columns else {"medcon": _GET}
        self._matcher = matcher
        self._finder = finder

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        self._refuse_too_long(pairs)
        found = self._finder.concepts([text for pair in pairs for text in (pair.reference, pair.hypothesis)])
        rows = [[f1(*two)] for two in zip(found[::2], found[1::2], strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(pairs), 1)

    def _refuse_too_long(self, pairs: Sequence[Pair]) -> None:
        longest = self._finder.matcher.longest
        for at, pair in enumerate(pairs):
            if longest is not None and max(len(pair.reference), len(pair.hypothesis)) > longest:
                raise CannotJudge(f"a text has more than {longest:,} characters", at=at)

    def worst(self, column: str) -> float:
        return 0.0

    def signature(self, column: str) -> Signature:
        own = self._finder.matcher
        identity = {"metric": "medcon", "measure": "f1", "matcher": self._matcher, "version": "1"}
        return Signature({**identity, **own.identity}, dict(own.environment))


def f1(reference: Mapping[str, tuple[str, ...]], hypothesis: Mapping[str, tuple[str, ...]]) -> float:
    """Of the terms of two texts, each with its concepts. Precision and recall both count terms of the reference that
    share a concept with the hypothesis, so the value can exceed 1; it is 0 where nothing is shared."""
    shared = len(compare_concepts(reference, hypothesis).matched) if hypothesis else 0
    if not shared:
        return 0.0
    precision, recall = shared / len(hypothesis), shared / len(reference)
    return 2 * (precision * recall) / (precision + recall)
