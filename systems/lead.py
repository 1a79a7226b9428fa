"""Leading sentences of the most relevant sections: the floor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness import Candidate, Context, ModelInput, arrange, system


@system("lead", needs=("guide",))
@dataclass(frozen=True)
class Lead:
    """The floor: leading sentences of the most relevant sections, up to the length of a usual target."""

    def open(self, context: Context) -> LeadRunner:
        return LeadRunner(context)


@dataclass(frozen=True)
class LeadRunner:
    context: Context

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate]:
        for asked in inputs:
            guide = self.context.guide
            budget = guide.words(asked.field)
            # Twice the budget leaves whole sentences to choose from after headings are gone.
            parts = arrange(asked, guide.order(asked.field), budget=2 * budget).text
            text = leading_sentences(parts, budget)
            yield Candidate(asked.case, asked.field, text)


def leading_sentences(text: str, words: int) -> str:
    """Whole sentences from the start of `text` while they fit in `words`; the first is cut if it alone is too long."""
    taken: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", text):
        if taken and len(" ".join([*taken, sentence]).split()) > words:
            break
        taken.append(sentence)
    return " ".join(" ".join(taken).split()[:words])
