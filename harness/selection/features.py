"""Features of a candidate: what can be said of a text without knowing the reference.

Each is a small function `(Seen) -> float`; its docstring says what it means, its tag the unit, the source, and which
asset it needs. A feature that depends on the other candidates is `among`: it is kept with the pool and not with the
candidate. What differs in the last bit between processes (log-probabilities, cosines) is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.errors import SettingsError, unknown
from harness.nlp.claims import Kind, unsupported
from harness.selection.reading import Seen, f1, matches, share
from harness.types import Pool

Asset: TypeAlias = Literal["concepts", "encoder"]
Compute: TypeAlias = Callable[[Seen], float]

MEMBER = "member:"
"""Prefix of the features that say who wrote a candidate: 1 for its writer, absent for the others."""
COPIED_NGRAM = 4
DECIMALS = 4
VERSION = 3
"""Raised by hand when a feature changes: what is kept is computed anew."""


@dataclass(frozen=True)
class Feature:
    """`means` is one line; `source` names the paper, package or place that the feature is taken from."""

    name: str
    unit: str
    source: str
    compute: Compute
    needs: Asset | None = None
    among: bool = False

    @property
    def means(self) -> str:
        return (self.compute.__doc__ or "").strip().splitlines()[0]


FEATURES: dict[str, Feature] = {}


def feature(unit: str, source: str, needs: Asset | None = None, among: bool = False) -> Callable[[Compute], Compute]:
    """Register a function as the feature of its name."""

    def register(compute: Compute) -> Compute:
        FEATURES[compute.__name__] = Feature(compute.__name__, unit, source, compute, needs, among)
        return compute

    return register


def find_features(names: Iterable[str], where: str) -> tuple[Feature, ...]:
    """The features of these names, each once, without those that say who wrote a candidate.

    Raises SettingsError with the nearest name for one that does not exist."""
    found: dict[str, Feature] = {}
    for name in names:
        if name.startswith(MEMBER):
            continue
        if name not in FEATURES:
            near = unknown("feature", name, sorted(FEATURES))
            raise SettingsError(f"{where}: {near.what}", todo=near.todo)
        found[name] = FEATURES[name]
    return tuple(found.values())


def check_reads(pool: Pool, where: str) -> None:
    """Raises SettingsError with the nearest name where the selector reads a feature that does not exist, or
    `member:NAME` of somebody who is no member."""
    find_features(pool.selector.reads, where)
    for member in (name.removeprefix(MEMBER) for name in pool.selector.reads if name.startswith(MEMBER)):
        if member not in pool.members:
            near = unknown("member", member, sorted(pool.members))
            raise SettingsError(f"{where}: {near.what}", todo=near.todo)


# --------------------------------------------------------------------------- length and form


@feature("words", "WisPerMed's length analysis; QUB's length target")
def words(seen: Seen) -> float:
    """Words of the text."""
    return float(len(seen.text.text.split()))


@feature("ratio", "QUB, Discharge Me! 2024: length as a target")
def length_ratio(seen: Seen) -> float:
    """Words of the text over the median words of the field's targets in the train split."""
    return words(seen) / max(1, seen.usual_words)


@feature("natural log of a ratio", "QUB, Discharge Me! 2024: length as a target")
def length_distance(seen: Seen) -> float:
    """How far the length is from the usual one, in either direction: 0 is the usual length."""
    return abs(math.log(max(length_ratio(seen), 0.01)))


@feature("natural log of a ratio", "minimum Bayes risk by length alone", among=True)
def length_apart(seen: Seen) -> float:
    """How far the length is from the median length of all candidates: 0 is the median."""
    lengths = sorted(len(one.words) for one in (seen.text, *seen.others))
    middle = (lengths[(len(lengths) - 1) // 2] + lengths[len(lengths) // 2]) / 2
    return abs(math.log(max(len(seen.text.words), 1) / max(middle, 1)))


@feature("share", "distinct-n turned round: Li et al. 2016")
def repeated(seen: Seen) -> float:
    """Share of its runs of four words that occurred before in it: 1 - distinct-4."""
    grams = seen.text.grams(COPIED_NGRAM)
    total = sum(grams.values())
    return 1 - len(grams) / total if total else 0.0


@feature("0 or 1", "the engine's finish reason")
def cut_off(seen: Seen) -> float:
    """1 if generation stopped at its limit of length."""
    return float(seen.finish == "length")


@feature("0 or 1", "punctuation")
def unfinished(seen: Seen) -> float:
    """1 if the last character is a letter, a comma or an opening bracket, as in a text that was cut."""
    last = seen.text.text.rstrip()[-1:]
    return float(last.isalpha() or last in ",;(-")


@feature("words", "the layout of notes")
def line_words(seen: Seen) -> float:
    """Words a line that is not empty: few in lists and notes with headings, many in prose."""
    lines = [line for line in seen.text.text.splitlines() if line.strip()]
    return share(words(seen), len(lines))


@feature("share of words", "form of address in patient instructions")
def second_person(seen: Seen) -> float:
    """Share of the words you, your, yours."""
    return share(sum(word in ("you", "your", "yours") for word in seen.text.words), len(seen.text.words))


@feature("nats a token", "the engine")
def logprob(seen: Seen) -> float:
    """Mean log-probability of a token where the engine tells it, else 0; rounded to 3 decimals."""
    return round(seen.logprob or 0.0, 3)


# --------------------------------------------------------------------------- readability


@feature("school grade", "Kincaid et al. 1975, by textstat")
def flesch_kincaid(seen: Seen) -> float:
    """School grade by words a sentence and syllables a word."""
    import textstat

    return round(float(textstat.flesch_kincaid_grade(seen.text.text)), DECIMALS)


@feature("grade score", "Dale and Chall 1948, by textstat")
def dale_chall(seen: Seen) -> float:
    """Grade score by words outside a list of 3,000 easy ones, and words a sentence."""
    import textstat

    return round(float(textstat.dale_chall_readability_score(seen.text.text)), DECIMALS)


@feature("school grade", "Coleman and Liau 1975, by textstat")
def coleman_liau(seen: Seen) -> float:
    """School grade by letters a word and sentences a word."""
    import textstat

    return round(float(textstat.coleman_liau_index(seen.text.text)), DECIMALS)


# --------------------------------------------------------------------------- candidate and input


@feature("share", "coverage and density: Grusky et al. 2018")
def copied(seen: Seen) -> float:
    """Share of its runs of four words that stand in the input."""
    grams = seen.text.grams(COPIED_NGRAM)
    return share(sum(n for gram, n in grams.items() if gram in seen.source.grams(COPIED_NGRAM)), sum(grams.values()))


@feature("share", "coverage: Grusky et al. 2018")
def word_support(seen: Seen) -> float:
    """Share of its different words that stand in the input."""
    return share(len(seen.text.vocabulary & seen.source.vocabulary), len(seen.text.vocabulary))


@feature("share", "recall of the input's words")
def word_coverage(seen: Seen) -> float:
    """Share of the input's different words that stand in it."""
    return share(len(seen.text.vocabulary & seen.source.vocabulary), len(seen.source.vocabulary))


@feature("a hundred words", "numbers without support: factual consistency of numbers, Zhao et al. 2020")
def unsupported_numbers(seen: Seen) -> float:
    """Different numbers that the input does not contain, a hundred words."""
    return 100 * share(len(seen.text.numbers - seen.source.numbers), len(seen.text.words))


@feature("a hundred words", "number and unit, however they are written")
def unsupported_doses(seen: Seen) -> float:
    """Different doses (number and unit) that the input does not contain, a hundred words."""
    return _unsupported("dose", seen)


@feature("a hundred words", "day and month, however they are written")
def unsupported_dates(seen: Seen) -> float:
    """Different dates that the input does not contain, a hundred words."""
    return _unsupported("date", seen)


def _unsupported(kind: Kind, seen: Seen) -> float:
    new = {claim.key for claim in unsupported(seen.text.claims, seen.source.known) if claim.kind == kind}
    return 100 * share(len(new), len(seen.text.words))


@feature("a hundred words", "FDA substance names of the open vocabulary", needs="concepts")
def unsupported_drugs(seen: Seen) -> float:
    """Different substances by name that the input does not mention, a hundred words."""
    new = _concepts(seen.text) - _concepts(seen.source)
    return 100 * share(sum(one.startswith("UNII:") for one in new), len(seen.text.words))


@feature("share", "MEDCON's matcher", needs="concepts")
def concept_support(seen: Seen) -> float:
    """Share of its concepts that the input mentions."""
    return share(len(_concepts(seen.text) & _concepts(seen.source)), len(_concepts(seen.text)))


@feature("share", "MEDCON's matcher", needs="concepts")
def concept_coverage(seen: Seen) -> float:
    """Share of the input's concepts that it mentions."""
    return share(len(_concepts(seen.text) & _concepts(seen.source)), len(_concepts(seen.source)))


def _concepts(text: object) -> frozenset[str]:
    return getattr(text, "concepts", None) or frozenset()


@feature("cosine", "sentence encoder, passages of 100 words", needs="encoder")
def source_similarity(seen: Seen) -> float:
    """Mean over its passages of the cosine with the nearest passage of the input. No entailment: that is `align`."""
    if seen.text.vectors is None or not len(seen.text.vectors) or not len(seen.source.vectors):
        return 0.0
    return round(float((seen.text.vectors @ seen.source.vectors.T).max(axis=1).mean()), DECIMALS)


# --------------------------------------------------------------------------- candidate and the other candidates


@feature("F1", "minimum Bayes risk: Kumar and Byrne 2004; utility ROUGE-L", among=True)
def agreement(seen: Seen) -> float:
    """Mean over the other candidates of the F1 of the longest common subsequence of words; 0 where there are none."""
    from rapidfuzz.distance import LCSseq

    own, others = seen.text.words, [one.words for one in seen.others]
    found = (f1(LCSseq.similarity(own, other), len(own), len(other)) for other in others)
    return share(math.fsum(found), len(others))


@feature("F1", "minimum Bayes risk: Kumar and Byrne 2004; utility ROUGE-1", among=True)
def agreement_words(seen: Seen) -> float:
    """Mean over the other candidates of the F1 of words."""
    return _agreement(seen, 1)


@feature("F1", "minimum Bayes risk: Kumar and Byrne 2004; utility ROUGE-2", among=True)
def agreement_bigrams(seen: Seen) -> float:
    """Mean over the other candidates of the F1 of pairs of words."""
    return _agreement(seen, 2)


def _agreement(seen: Seen, order: int) -> float:
    own = seen.text.grams(order)
    found = (f1(matches(own, one.grams(order)), own.total(), one.grams(order).total()) for one in seen.others)
    return share(math.fsum(found), len(seen.others))


@feature("cosine", "minimum Bayes risk with a sentence encoder", needs="encoder", among=True)
def agreement_meaning(seen: Seen) -> float:
    """Mean over the other candidates of the cosine of the texts' mean vectors."""
    import numpy as np

    if not seen.others or seen.text.vectors is None:
        return 0.0
    own, *others = (one.vectors.mean(axis=0) for one in (seen.text, *seen.others))
    cosines = [float(own @ other / max(float(np.linalg.norm(own) * np.linalg.norm(other)), 1e-9)) for other in others]
    return round(math.fsum(cosines) / len(cosines), DECIMALS)
