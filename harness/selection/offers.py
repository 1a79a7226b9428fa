"""What a pool has to choose from: the candidates of each place, in an order that has nothing to do with members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.candidates import Place
from harness.errors import RunError
from harness.files import digest_bytes
from harness.prepare import model_input
from harness.run import Generated
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
            offered = _offered(members, (case.id, field.name))
            source = "\n".join(part.text for part in model_input(case, task, field, {}).chart)
            stall = Stall(
                case.id,
                field.name,
                case.group,
                source,
                tuple(candidate for _, candidate in offered),
                tuple(name for name, _ in offered),
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


def _offered(members: Mapping[str, Generated], place: Place) -> list[tuple[str, Candidate]]:
    """(member, candidate) for every candidate that is not empty, in the order of the digests of their texts."""
    written = ((name, one) for name, member in members.items() for one in member.candidates.get(place, ()))
    return sorted(
        ((name, one) for name, one in written if one.text.strip()),
        key=lambda offered: (digest_bytes(_bytes(offered[1].text)), offered[0]),
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
