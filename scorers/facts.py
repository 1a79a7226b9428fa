"""Facts of the synthetic ward: which of a stay's facts a text states, and which it states that are not the stay's.

Only a corpus that keeps a ledger of facts beside its tables can be scored; for any other the columns are n/a.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import Pair, Signature, scorer

if TYPE_CHECKING:
    from harness import ScoringContext

LEDGER = "facts.jsonl.gz"
RECALL, CRITICAL, PRECISION, OWN = "fact_recall", "fact_critical", "fact_precision", "fact_own"
COLUMNS = (RECALL, CRITICAL, PRECISION, OWN)
_NONE: frozenset[str] = frozenset()


@scorer("facts")
@dataclass(frozen=True)
class Facts:
    """What a text says of the stay, by the ward's ledger. All columns are shares between 0 and 1, and more is better.

    `fact_recall`: of the facts that belong into the field, those that the text states. `fact_critical`: the same of
    the critical ones (allergy, dose, stopped drug, pending result, follow-up); 1 where none belongs.
    `fact_precision`: of the facts that the text states, those that the stay's ledger holds; the rest is unsupported.
    `fact_own`: of the facts that the text states, those that are not another patient's: some other stay of the split
    has them, and this one has not. Where nothing belongs (a target such as 'NA') the recalls are 1; a text that states
    nothing gets 1 in the other two there, and 0 elsewhere.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def open(self, context: ScoringContext) -> FactsScorer:
        return FactsScorer(context.beside(LEDGER))


@dataclass(frozen=True)
class Stay:
    """The keys of a stay's facts: all, those that belong into each field, and the critical ones of these."""

    held: frozenset[str]
    belong: Mapping[str, frozenset[str]]
    critical: Mapping[str, frozenset[str]]


class FactsScorer:
    columns = COLUMNS

    def __init__(self, ledger: Path) -> None:
        self._digest = sha256(ledger.read_bytes()).hexdigest()[:16]
        with gzip.open(ledger, "rt", encoding="utf-8") as lines:
            self._stays = {row["hadm_id"]: _stay(row["facts"]) for row in map(json.loads, lines)}
        self._anybodys = frozenset().union(*(stay.held for stay in self._stays.values()))

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        return np.array([self._row(pair) for pair in pairs], dtype=np.float64).reshape(len(pairs), len(COLUMNS))

    def worst(self, column: str) -> float:
        return 0.0

    def signature(self, column: str) -> Signature:
        return Signature({"metric": column, "ledger": self._digest, "version": "1"}, {})

    def _row(self, pair: Pair) -> tuple[float, float, float, float]:
        from harness import AssetError, read_facts

        if pair.case not in self._stays:
            raise AssetError(f"the ledger has no stay {pair.case}", todo="it is of another ward: write the ward anew")
        stay, stated = self._stays[pair.case], read_facts(pair.hypothesis)
        foreign = (stated - stay.held) & self._anybodys
        wanted = stay.belong.get(pair.field, _NONE)
        silent = 0.0 if wanted else 1.0
        return (
            _share(stated, wanted, of_none=1.0),
            _share(stated, stay.critical.get(pair.field, _NONE), of_none=1.0),
            _share(stay.held, stated, of_none=silent),
            _share(stated - foreign, stated, of_none=silent),
        )


def _stay(facts: Sequence[Mapping[str, Any]]) -> Stay:
    fields = {field for fact in facts for field in fact["belongs"]}
    belong = {field: frozenset(fact["key"] for fact in facts if field in fact["belongs"]) for field in fields}
    critical = {fact["key"] for fact in facts if fact["critical"]}
    held = frozenset(fact["key"] for fact in facts)
    return Stay(held, belong, {field: keys & critical for field, keys in belong.items()})


def _share(found: frozenset[str], wanted: frozenset[str], *, of_none: float) -> float:
    return len(found & wanted) / len(wanted) if wanted else of_none
