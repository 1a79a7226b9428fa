"""What the train split teaches about each field: which parts of a chart matter most, and how long its text is.

The relevance of a kind of part is the mean BERTScore F1 between such parts and the target over a sample of the train
split: so the winning team of "Discharge Me!" ordered its input.
"""

from __future__ import annotations

import json
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.errors import RunError
from harness.files import canonical_json
from harness.types import Example

TokenVectors: TypeAlias = Callable[[Sequence[str]], Sequence[Any]]
"""For each text the contextual vectors of its tokens: an array of shape (tokens, dimensions), rows of unit length."""

SAMPLE = 50
RARE = 0.05


@dataclass(frozen=True)
class LearnedGuide:
    """Names of parts by field, the most relevant first, and median words of the targets by field."""

    orders: Mapping[str, tuple[str, ...]]
    lengths: Mapping[str, int]

    def order(self, field: str) -> tuple[str, ...]:
        return self.orders[field]

    def words(self, field: str) -> int:
        return self.lengths[field]


def learn(examples: Mapping[str, Sequence[Example]], tokens: TokenVectors, seed: int = 0) -> LearnedGuide:
    """Learn from the examples of each field. Raises RunError if a field has none."""
    orders: dict[str, tuple[str, ...]] = {}
    lengths: dict[str, int] = {}
    for field, known in examples.items():
        if not known:
            raise RunError(
                f"the train split has no example of {field} to learn from",
                todo="give a corpus whose train split has targets of two words or more",
            )
        seen: Counter[str] = Counter()
        words: list[int] = []
        for example in known:
            seen.update({part.name for part in example.input.chart})
            words.append(len(example.target.split()))
        sample = random.Random(f"{seed} {field}").sample(range(len(known)), min(SAMPLE, len(known)))
        relevance = _relevance([known[at] for at in sample], tokens)
        orders[field] = _order(seen, len(known), relevance)
        lengths[field] = round(statistics.median(words))
    return LearnedGuide(orders, lengths)


def dump(guide: LearnedGuide) -> str:
    return canonical_json(guide)


def load(text: str) -> LearnedGuide:
    """Raises RunError if the text is not what `dump` wrote."""
    try:
        value = json.loads(text)
        return LearnedGuide({f: tuple(names) for f, names in value["orders"].items()}, dict(value["lengths"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RunError(
            "what was learned of the train split cannot be read",
            todo="delete the folder guide of the corpus's workspace: it is learned anew",
        ) from None


def _relevance(examples: Sequence[Example], tokens: TokenVectors) -> dict[str, float]:
    """Mean F1 of the parts of each name with the target."""
    scores: defaultdict[str, list[float]] = defaultdict(list)
    for example in examples:
        chart = example.input.chart
        target, *parts = tokens([example.target, *(part.text for part in chart)])
        for part, vectors in zip(chart, parts, strict=True):
            scores[part.name].append(bert_f1(vectors, target))
    return {name: statistics.fmean(values) for name, values in scores.items()}


def _order(seen: Mapping[str, int], examples: int, relevance: Mapping[str, float]) -> tuple[str, ...]:
    """Names of parts by relevance, those that few examples have last."""

    def rank(name: str) -> tuple[bool, float, str]:
        return seen[name] < RARE * examples, -relevance.get(name, 0.0), name

    return tuple(sorted(seen, key=rank))


def bert_f1(candidate: Any, reference: Any) -> float:
    """BERTScore F1 of two texts' token vectors (Zhang et al. 2020): each token meets its most similar, no rescaling."""
    if not len(candidate) or not len(reference):
        return 0.0
    similarity = candidate @ reference.T
    precision, recall = float(similarity.max(axis=1).mean()), float(similarity.max(axis=0).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
