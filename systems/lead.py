"""Leading sentences of the most relevant sections: the floor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness import Candidate, Context, ModelInput, system


@system("lead", needs=("guide",))
@dataclass(frozen=True)
class Lead:
    """The floor: leading sentences of the most relevant sections, up to the length of a usual target.

    Headings of sections are left out."""

    def open(self, context: Context) -> LeadRunner:
        return LeadRunner(context)


@dataclass(frozen=True)
class LeadRunner:
    context: Context

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate]:
        for asked in inputs:
            text = leading_sentences(self._body(asked), self.context.guide.words(asked.field))
            yield Candidate(asked.case, asked.field, text)

    def _body(self, asked: ModelInput) -> str:
        """The texts of the chart's parts without their headings, the most relevant part first."""
        rank = {name: at for at, name in enumerate(self.context.guide.order(asked.field))}
        parts = sorted(asked.chart, key=lambda part: rank.get(part.name, len(rank)))
        return "\n".join(part.text for part in parts)


def leading_sentences(text: str, words: int) -> str:
    """Whole sentences from the start of `text` while they fit in `words`; the first is cut if it alone is too long."""
    taken: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", text.strip()):
        if taken and len(" ".join([*taken, sentence]).split()) > words:
            break
        taken.append(sentence)
    return " ".join(" ".join(taken).split()[:words])
