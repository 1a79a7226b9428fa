"""What a pool has to choose from: the candidates of each place, in an order that has nothing to do with members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.errors import RunError
from harness.files import digest_bytes
from harness.prepare import model_input
from harness.run import Generated, Place
from harness.types import Candidate, Case, Task

SHOWN = 5


@dataclass(frozen=True)
class Stall:
    """The candidates of one case and field. `source` is all that their writers were allowed to read of the chart;
    `members` says, for each candidate, which member of the pool offers it."""

    case: str
    field: str
    group: str
    source: str
    candidates: tuple[Candidate, ...]
    members: tuple[str, ...]

    @property
    def place(self) -> Place:
        return self.case, self.field

    @cached_property
    def source_digest(self) -> str:
        return digest_bytes(_bytes(self.source))


def set_out(cases: Sequence[Case], task: Task, members: Mapping[str, Generated], pool: str) -> list[Stall]:
    """A stall for every case and field. A member that failed on a case, or wrote nothing, has no candidate there.

    Raises RunError, naming cases, if nobody has a candidate for them: nothing is written then."""
    stalls: list[Stall] = []
    bare: list[Stall] = []
    for case in cases:
        for field in task.fields:
            offered = sorted(_offered(members, (case.id, field.name)))
            source = "\n".join(part.text for part in model_input(case, task, field, {}).chart)
            stall = Stall(
                case.id,
                field.name,
                case.group,
                source,
                tuple(members[name].candidates[case.id, field.name][at] for _, name, at in offered),
                tuple(name for _, name, _ in offered),
            )
            (stalls if offered else bare).append(stall)
    if bare:
        named = ", ".join(f"case {stall.case}, {stall.field}" for stall in bare[:SHOWN])
        more = f" and {len(bare) - SHOWN} more" if len(bare) > SHOWN else ""
        raise RunError(
            f"no member of the pool '{pool}' has a candidate for {named}{more}",
            todo=f"let its members write: harness submit {pool}; or add one that always writes, such as lead",
        )
    return stalls


def _offered(members: Mapping[str, Generated], place: Place) -> list[tuple[str, str, int]]:
    """(digest of the text, member, its how manieth) of every candidate that is not empty."""
    return [
        (digest_bytes(_bytes(one.text)), name, at)
        for name, member in members.items()
        for at, one in enumerate(member.candidates.get(place, ()))
        if one.text.strip()
    ]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
