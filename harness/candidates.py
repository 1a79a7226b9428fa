"""A run's candidates.jsonl. Where each candidate stands in it is held; what it says is read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.errors import RunError
from harness.files import JsonLines
from harness.lazy import Lazy
from harness.types import Candidate, Task

CANDIDATES = "candidates.jsonl"

Place: TypeAlias = tuple[str, str]
"""(case id, field)"""

Lines: TypeAlias = tuple[tuple[int, int], ...]
"""(index, offset of its line) of each candidate of a place, in the order of their index."""


@dataclass(frozen=True)
class StoredCandidates(Mapping[Place, Sequence[Candidate]]):
    """The candidates that a file has of these places."""

    file: JsonLines
    lines: dict[Place, Lines]

    def __getitem__(self, place: Place) -> Sequence[Candidate]:
        return _Stored(self.file, self.lines[place])

    def __contains__(self, place: object) -> bool:
        return place in self.lines

    def __iter__(self) -> Iterator[Place]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)


@dataclass(frozen=True)
class _Stored(Lazy[Candidate]):
    file: JsonLines
    lines: Lines

    def __len__(self) -> int:
        return len(self.lines)

    def make(self, at: int) -> Candidate:
        return Candidate(**self.file.at(self.lines[at][1]))


class FirstTexts(Mapping[str, Mapping[str, str]]):
    """What a system hands in: the text of the first candidate of every case and field, "" where there is none."""

    def __init__(self, candidates: Mapping[Place, Sequence[Candidate]], ids: Iterable[str], task: Task) -> None:
        self._candidates, self._ids = candidates, dict.fromkeys(ids)
        self._fields = [field.name for field in task.fields]

    def __getitem__(self, id: str) -> Mapping[str, str]:
        if id not in self._ids:
            raise KeyError(id)
        found = {name: self._candidates.get((id, name)) for name in self._fields}
        return {name: candidates[0].text if candidates else "" for name, candidates in found.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def lines_by_key(file: JsonLines) -> dict[str, Lines]:
    """Where the candidates of each key stand. Of two with the same key and index the later one counts."""
    found: dict[str, Lines] = {}
    for offset, one in _located(file):
        found[one.key] = with_line(found.get(one.key, ()), one.index, offset)
    return found


def stored(file: JsonLines) -> StoredCandidates:
    """All candidates of a file, in its order, whatever their keys."""
    found: dict[Place, list[int]] = {}
    for offset, one in _located(file):
        found.setdefault((one.case, one.field), []).append(offset)
    return StoredCandidates(file, {place: tuple(enumerate(offsets)) for place, offsets in found.items()})


def with_line(lines: Lines, index: int, offset: int) -> Lines:
    return tuple(sorted({**dict(lines), index: offset}.items()))


def _located(file: JsonLines) -> Iterator[tuple[int, Candidate]]:
    for offset, record in file.located():
        try:
            yield offset, Candidate(**record)
        except TypeError:
            raise RunError(
                f"{file.path} holds a line that is no candidate", todo="it was edited: delete that line, or the file"
            ) from None
