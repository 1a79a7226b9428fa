"""What a system is asked for one field, case by case; each input is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.cases import KeptCases
from harness.lazy import Lazy
from harness.prepare import model_input
from harness.types import Case, Field, ModelInput, Task


@dataclass(frozen=True)
class Inputs(Lazy[ModelInput]):
    """The inputs of the cases at these `places`. `earlier` has what was written before for a case, by field."""

    cases: Sequence[Case]
    places: Sequence[int]
    task: Task
    field: Field
    earlier: Callable[[str], Mapping[str, str]]

    def __len__(self) -> int:
        return len(self.places)

    def make(self, at: int) -> ModelInput:
        case = self.cases[self.places[at]]
        return model_input(case, self.task, self.field, self.earlier(case.id))

    @property
    def ids(self) -> list[str]:
        """The case of each, without making any."""
        known = self.cases.ids if isinstance(self.cases, KeptCases) else [case.id for case in self.cases]
        return [known[at] for at in self.places]
