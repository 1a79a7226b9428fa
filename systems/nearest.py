"""The target of the most similar train case: the floor that many forget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness import Candidate, Context, ModelInput, system
from systems._neighbours import nearest


@system("nearest", needs=("guide", "encoder", "examples"))
@dataclass(frozen=True)
class Nearest:
    """The floor that many forget: what was written for the most similar train case, unchanged."""

    def open(self, context: Context) -> NearestRunner:
        return NearestRunner(context)


@dataclass(frozen=True)
class NearestRunner:
    context: Context

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate]:
        field = inputs[0].field
        examples = self.context.examples(field)
        for asked, found in zip(inputs, nearest(self.context, inputs, examples, field, 1), strict=True):
            yield Candidate(asked.case, field, examples[found[0]].target)
