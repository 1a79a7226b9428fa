"""The opening words of those sections that come nearest to what clinicians write: the floor."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import Any

from harness import Candidate, Context, Example, ModelInput, SettingsError, system

SAMPLE = 100
"""Train cases that are learned from."""
SHARE = 0.5
"""Of the text, the most that one section opens with: a chart's longest section would fill it alone."""


@system("lead", needs=("examples",))
@dataclass(frozen=True)
class Lead:
    """The floor: opening words of the most useful sections, as many as a target has on average.

    Which sections these are is learned from the train split, for each field: that one first whose words and pairs of
    words overlap most with the targets, then each time the one that adds most to it. Headings are left out."""

    def open(self, context: Context) -> LeadRunner:
        return LeadRunner(context)


@dataclass(frozen=True)
class Habit:
    """What the train split teaches about a field: sections in their order of use, and the mean number of words."""

    sections: tuple[str, ...]
    words: int


@dataclass(frozen=True)
class LeadRunner:
    context: Context
    habits: dict[str, Habit] = field(default_factory=dict)

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate]:
        for asked in inputs:
            habit = self._habit(asked.field)
            text = " ".join(opening(chart_words(asked), habit.sections, habit.words))
            yield Candidate(asked.case, asked.field, text)

    def _habit(self, name: str) -> Habit:
        if name not in self.habits:
            self.habits[name] = learn(self.context.examples(name), name)
        return self.habits[name]


def chart_words(asked: ModelInput) -> dict[str, list[str]]:
    """The words of each section by its name, sections in the chart's order."""
    words: dict[str, list[str]] = {}
    for part in asked.chart:
        words.setdefault(part.name, []).extend(part.text.split())
    return words


def opening(chart: Mapping[str, Sequence[str]], sections: Sequence[str], words: int) -> list[str]:
    """The first words of each of the sections, up to SHARE of the text from one; where these do not fill it, what
    follows in them, then the chart's other sections."""
    most = round(words * SHARE)
    named = [chart[name] for name in sections if name in chart]
    first = [word for section in named for word in section[:most]]
    then = [word for section in named for word in section[most:]]
    rest = [word for name, section in chart.items() if name not in sections for word in section]
    return [*first, *then, *rest][:words]


def learn(examples: Sequence[Example], name: str) -> Habit:
    """Greedy: the section is added that brings the openings of the train cases nearest to their targets, until none
    does. Raises SettingsError where there is nothing to learn from."""
    if not examples:
        raise SettingsError(
            f"the train split has no example of {name} to learn from",
            todo="give a corpus whose train split has targets of two words or more",
        )
    step = max(1, len(examples) // SAMPLE)
    sample = [examples[at] for at in range(0, len(examples), step)][:SAMPLE]
    charts = [chart_words(example.input) for example in sample]
    targets = [_counts(example.target.split()) for example in sample]
    words = round(fmean(len(example.target.split()) for example in sample))

    def nearness(sections: Sequence[str]) -> float:
        shown = ({section: chart[section] for section in sections if section in chart} for chart in charts)
        pairs = zip(shown, targets, strict=True)
        return fmean(_overlap(_counts(opening(chart, sections, words)), target) for chart, target in pairs)

    chosen: tuple[str, ...] = ()
    left = {section for chart in charts for section in chart}
    best = 0.0
    while left:
        found = {(*chosen, section): nearness((*chosen, section)) for section in sorted(left)}
        longer = max(found, key=lambda sections: found[sections])
        if found[longer] <= best:
            break
        chosen, best = longer, found[longer]
        left.remove(longer[-1])
    return Habit(chosen, words)


def _counts(words: Sequence[str]) -> tuple[Counter[Any], Counter[Any]]:
    """How often each word and each pair of words stands there, whatever its case and marks."""
    plain = re.findall(r"\w+", " ".join(words).lower())
    return Counter(plain), Counter(pairwise(plain))


def _overlap(given: tuple[Counter[Any], ...], wanted: tuple[Counter[Any], ...]) -> float:
    """Mean F1 of the words and of the pairs of words that two texts share."""
    pairs = zip(given, wanted, strict=True)
    return fmean(2 * (a & b).total() / (a.total() + b.total()) if a and b else 0.0 for a, b in pairs)
