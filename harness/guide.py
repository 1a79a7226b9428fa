"""What the train split teaches about each field: which parts of a chart matter most, and how long its text is.

The relevance of a kind of part is the mean BERTScore F1 between such parts and the target over a sample of the train
split: so the winning team of "Discharge Me!" ordered its input.
"""

from __future__ import annotations

import itertools
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.errors import RunError
from harness.files import canonical_json, digest
from harness.progress import bar
from harness.types import Example

TokenVectors: TypeAlias = Callable[[Sequence[str]], Sequence[Any]]
"""For each text the contextual vectors of its tokens: an array of shape (tokens, dimensions), rows of unit length."""

SAMPLE = 24
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
    seen: dict[str, Counter[str]] = {}
    lengths: dict[str, int] = {}
    samples: dict[str, list[Example]] = {}
    for field, known in examples.items():
        if not known:
            raise RunError(
                f"the train split has no example of {field} to learn from",
                todo="give a corpus whose train split has targets of two words or more",
            )
        seen[field] = Counter()
        words: list[int] = []
        cases: list[str] = []
        for example in known:
            cases.append(example.input.case)
            seen[field].update({part.name for part in example.input.chart})
            words.append(len(example.target.split()))
        lengths[field] = round(statistics.median(words))
        samples[field] = [known[at] for at in _sample(cases, seed)]
    relevance = _relevance(samples, tokens)
    orders = {field: _order(seen[field], len(known), relevance[field]) for field, known in examples.items()}
    return LearnedGuide(orders, lengths)


def _sample(cases: Sequence[str], seed: int) -> list[int]:
    """Positions of at most SAMPLE cases. The seed and the id decide, so that all fields draw the same cases."""
    return sorted(range(len(cases)), key=lambda at: digest([seed, cases[at]]))[:SAMPLE]


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


def _relevance(samples: Mapping[str, Sequence[Example]], tokens: TokenVectors) -> dict[str, dict[str, float]]:
    """By field, the mean F1 of the parts of each name with the target. What fields share of a chart is read once."""
    by_case: defaultdict[str, list[Example]] = defaultdict(list)
    for example in itertools.chain.from_iterable(samples.values()):
        by_case[example.input.case].append(example)
    scores: dict[str, defaultdict[str, list[float]]] = {field: defaultdict(list) for field in samples}
    for asked in bar(by_case.values(), "learning what matters", total=len(by_case), unit="case"):
        texts = list(dict.fromkeys(text for one in asked for text in (one.target, *_texts(one))))
        vectors = dict(zip(texts, tokens(texts), strict=True))
        for one in asked:
            for part in one.input.chart:
                scores[one.input.field][part.name].append(bert_f1(vectors[part.text], vectors[one.target]))
    return {field: {name: statistics.fmean(f1) for name, f1 in found.items()} for field, found in scores.items()}


def _texts(example: Example) -> list[str]:
    return [part.text for part in example.input.chart]


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
