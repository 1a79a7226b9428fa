"""How much of a target is left in a text: runs of equal words, found exactly, with `___` as a wildcard.

Words are compared without case and punctuation and counted as people count them, between white space. `___` on either
side stands for up to five words of the other (for none, where it hides a dash); it extends a run, but only really
equal words count towards its length. Line breaks and headings do not end a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from harness.errors import LeakError

RUN = 25
"""A run of this many words of a target is a leak."""

PASSAGE = 10
"""Half of a target is a leak, added up over runs of at least this many words.

The floor is there because a target of 16 words may quote a chief complaint of nine: half of it, and no leak.
Copies of a whole target are cut whatever their length."""

GRAM = 8
WILDCARD_WORDS = 5
SHOWN = 100

_TOKEN = re.compile(r"_{2,}|[^\W_]+")
_SPACE = re.compile(r"\s")
_WILD = "___"
_IN_TEXT, _IN_TARGET, _UNKNOWN = -1, -2, -3

Cell: TypeAlias = tuple[int, int]
Status: TypeAlias = Literal["clean", "unproven", "leak"]


@dataclass(frozen=True)
class Leak:
    """What is left of one target in what a system could see.

    "clean": measured, no leak. "unproven": there is no target to compare with, its section was cut by heading. `words`
    of the target, words of the `longest` run that is left, `share` of the target's 8-grams that are left, `copies`
    that were cut elsewhere than in its own section. `heading` says which of its headings is left, and where.
    """

    case: str
    field: str
    status: Status
    words: int = 0
    longest: int = 0
    share: float = 0.0
    copies: int = 0
    heading: str = ""

    def __str__(self) -> str:
        if self.heading:
            return f"case {self.case}, {self.field}: a heading of its section is left: {self.heading}"
        return (
            f"case {self.case}, {self.field}: the longest run has {self.longest} of its {self.words} words, "
            f"{self.share:.0%} of its {GRAM}-grams are left"
        )


def refuse_leaks(leaks: Iterable[Leak], split: str) -> None:
    """Raise one LeakError for all leaks of a split, with case, field and figures, never text."""
    found = [leak for leak in leaks if leak.status == "leak"]
    if not found:
        return
    cases = len({leak.case for leak in found})
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    raise LeakError(
        f"what systems would see of {split} still holds targets of {cases} case{'s' if cases > 1 else ''}:\n"
        + "\n".join(f"  {line}" for line in [*map(str, found[:SHOWN]), *more]),
        todo="give --cut-leaks to cut these passages from what systems see, or mend the tables",
    )


# --------------------------------------------------------------------------- words


@dataclass(frozen=True)
class Tokens:
    """The words of several pieces of text, read on from one piece to the next, as tokens ("p.o." is p and o).

    `words` in lower case, `___` for any blank; `begins[k]` is 1 if token k is the first of a word; `places` are
    (piece, start, end).
    """

    words: tuple[str, ...]
    begins: tuple[int, ...]
    places: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Target:
    """The tokens of a target, without `___` at its ends; `begins` as in Tokens, `counts` but for `___`."""

    words: tuple[str, ...]
    begins: tuple[int, ...]

    @cached_property
    def counts(self) -> tuple[int, ...]:
        return tuple(begin * (word != _WILD) for begin, word in zip(self.begins, self.words, strict=True))

    @cached_property
    def length(self) -> int:
        return sum(self.counts)

    @property
    def shown(self) -> int:
        """Words that a copy must show if `___` hides the others: half of them and three, or all of two or fewer."""
        return min(self.length, max(3, (self.length + 1) // 2))


def read_text(pieces: Sequence[str]) -> Tokens:
    words: list[str] = []
    begins: list[int] = []
    places: list[tuple[int, int, int]] = []
    for at, piece in enumerate(pieces):
        last = -1
        for token in _TOKEN.finditer(piece):
            start, end = token.span()
            gap = piece[last:start]
            begins.append(int(last < 0 or gap == " " or _SPACE.search(gap) is not None))
            words.append(_WILD if token[0][0] == "_" else token[0].casefold())
            places.append((at, start, end))
            last = end
    return Tokens(tuple(words), tuple(begins), tuple(places))


def read_target(text: str) -> Target:
    tokens = read_text([text])
    shown = [at for at, word in enumerate(tokens.words) if word != _WILD] or [-1]
    return Target(tokens.words[shown[0] : shown[-1] + 1], tokens.begins[shown[0] : shown[-1] + 1])


# --------------------------------------------------------------------------- runs


@dataclass(frozen=True)
class Run:
    """A run of a target's words in a text: `words` really equal, `begin` and `end` in tokens of the text, and the
    `stretches` of the target's tokens that stand there. `whole` if it is a copy of the whole target, some words of
    which may be `___`."""

    words: int
    begin: int
    end: int
    stretches: tuple[tuple[int, int], ...]
    whole: bool


@dataclass(frozen=True)
class Overlap:
    """What a text holds of a target: words of the `longest` run, `share` of its 8-grams, the `passages` (runs of
    `PASSAGE` words or more), the `covered` words of the target that stand in them, and whole `copies` of it."""

    target: Target
    longest: int
    share: float
    passages: tuple[Run, ...]
    covered: int
    copies: tuple[Run, ...]

    @property
    def is_half(self) -> bool:
        return bool(self.passages) and 2 * self.covered >= self.target.length

    @property
    def leaking(self) -> tuple[Run, ...]:
        """The runs that make the text a leak."""
        return self.passages if self.is_half else tuple(run for run in self.passages if run.words >= RUN)


def measure(text: Tokens, target: Target) -> Overlap:
    """How much of the target the text holds. Exact about the longest run."""
    runs, longest = find_runs(text, target, min(PASSAGE, target.shown))
    passages = tuple(run for run in runs if run.words >= PASSAGE)
    places = {at for run in passages for begin, end in run.stretches for at in range(begin, end)}
    covered = sum(target.counts[at] for at in places)
    return Overlap(target, longest, _share(text, target), passages, covered, _copies(runs, text, target))


def _copies(runs: Sequence[Run], text: Tokens, target: Target) -> tuple[Run, ...]:
    """Copies of a whole target of two words or more, each inside one piece of the text."""
    found: list[Run] = []
    for run in sorted(runs, key=lambda run: (run.begin, -run.end)):
        inside = text.places[run.begin][0] == text.places[run.end - 1][0]
        if run.whole and inside and target.length > 1 and (not found or run.begin >= found[-1].end):
            found.append(run)
    return tuple(found)


def _share(text: Tokens, target: Target) -> float:
    grams = list(_grams(target.words))
    left = set(_grams(text.words)).intersection(grams) if grams else set()
    return sum(gram in left for gram in grams) / max(1, len(grams))


def _grams(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(GRAM)), strict=False)


def find_runs(text: Tokens, target: Target, at_least: int) -> tuple[list[Run], int]:
    """The runs of at least so many words, and the words of the longest run of all.

    Exact stretches are found at once, as pairs of equal words on a diagonal; then wildcards link them, each stretch
    taking the best run that leads to it.
    """
    import numpy as np

    a, b = _numbered(text.words, target.words)
    found = _stretches(a, b)
    if not len(found.rows):
        return [], 0
    sums = np.concatenate(([0], np.cumsum(target.counts)))
    own = sums[found.columns + found.lengths] - sums[found.columns]
    totals, before = _link(_side(a == _IN_TEXT, text.begins), _side(b == _IN_TARGET, target.begins), found, own)
    runs = [
        _run(_linked(at, before), found, int(totals[at]), text.words, target)
        for at in np.flatnonzero(totals >= at_least).tolist()
    ]
    return runs, int(totals.max())


class _Stretches(NamedTuple):
    """Stretches of equal words, by row: where they begin in the text (rows) and the target (columns), and lengths."""

    rows: Any
    columns: Any
    lengths: Any


def _numbered(text: Sequence[str], target: Sequence[str]) -> tuple[Any, Any]:
    """The words as numbers. A wildcard equals nothing."""
    import numpy as np

    number = {word: at for at, word in enumerate(dict.fromkeys(target))}
    b = np.array([number[word] if word != _WILD else _IN_TARGET for word in target], dtype=np.int64)
    number[_WILD] = _IN_TEXT
    a = np.array([number.get(word, _UNKNOWN) for word in text], dtype=np.int64)
    return a, b


def _stretches(a: Any, b: Any) -> _Stretches:
    """All maximal stretches of equal numbers."""
    import numpy as np

    order = np.argsort(b, kind="stable")
    first = np.searchsorted(b, a, "left", order)
    count = np.searchsorted(b, a, "right", order) - first
    rows = np.repeat(np.arange(len(a)), count)
    columns = order[np.arange(len(rows)) + np.repeat(first - np.cumsum(count) + count, count)]
    by_diagonal = np.argsort((rows - columns) * (len(a) + 1) + rows)
    rows, columns = rows[by_diagonal], columns[by_diagonal]
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = (np.diff(rows) != 1) | (np.diff(columns) != 1)
    at = np.flatnonzero(begins)
    lengths = np.diff(np.append(at, len(rows)))
    by_row = np.argsort(rows[at], kind="stable")
    return _Stretches(rows[at][by_row], columns[at][by_row], lengths[by_row])


class _Side(NamedTuple):
    """The text or the target, token by token and one beyond: whether it is a wildcard, and how many tokens from here
    a wildcard on the other side can stand for."""

    wild: Any
    reach: Any


def _side(wild: Any, begins: Sequence[int]) -> _Side:
    import numpy as np

    words = np.concatenate(([0], np.cumsum(begins)))
    return _Side(
        np.append(wild, False), np.searchsorted(words, words + WILDCARD_WORDS, "right") - 1 - np.arange(len(words))
    )


def _link(text: _Side, target: _Side, found: _Stretches, own: Any) -> tuple[Any, dict[int, int]]:
    """Link stretches through wildcards: for each the words of the best run that ends with it, and the stretch before
    (of equally good ones the nearest).

    A stretch ends where a wildcard stands on either side, so links lead from ends to beginnings only, and always to
    a later row: one pass by row is exact.
    """
    import numpy as np

    rows, columns, lengths = found
    leaving = np.flatnonzero(text.wild[rows + lengths] | target.wild[columns + lengths])
    entering = np.flatnonzero(text.wild[rows - 1] | target.wild[columns - 1])
    at_cell = dict(zip(_cells(rows[entering], columns[entering]), entering.tolist(), strict=True))
    ends = _cells((rows + lengths)[leaving], (columns + lengths)[leaving])
    sides = _Side(text.wild.tolist(), text.reach.tolist()), _Side(target.wild.tolist(), target.reach.tolist())
    alone = own.tolist()
    totals, before = alone.copy(), dict[int, int]()
    for at, end in zip(leaving.tolist(), ends, strict=True):
        for cell in _beyond_wildcards(end, *sides):
            after = at_cell.get(cell)
            if after is not None and totals[at] and alone[after] + totals[at] >= totals[after]:
                totals[after], before[after] = alone[after] + totals[at], at
    return np.array(totals), before


def _cells(rows: Any, columns: Any) -> Iterator[Cell]:
    return zip(rows.tolist(), columns.tolist(), strict=True)


def _beyond_wildcards(cell: Cell, text: _Side, target: _Side) -> Iterator[Cell]:
    """The cells (some may lie outside) at which a run can go on after the wildcards that stand at `cell`."""
    waiting, seen = [cell], {cell}
    while waiting:
        row, column = waiting.pop()
        steps: list[Cell] = []
        if text.wild[row]:
            steps += [(row + 1, column + tokens) for tokens in range(target.reach[column] + 1)]
        if target.wild[column]:
            steps += [(row + tokens, column + 1) for tokens in range(text.reach[row] + 1)]
        yield from steps
        for step in steps:
            if (text.wild[step[0]] or target.wild[step[1]]) and step not in seen:
                seen.add(step)
                waiting.append(step)


def _linked(last: int, before: Mapping[int, int]) -> list[int]:
    """The stretches of the run that ends with `last`, in order."""
    linked = [last]
    while linked[-1] in before:
        linked.append(before[linked[-1]])
    return linked[::-1]


def _run(linked: Sequence[int], found: _Stretches, words: int, text: Sequence[str], target: Target) -> Run:
    stretches = tuple((int(found.columns[at]), int(found.columns[at] + found.lengths[at])) for at in linked)
    begin, end = int(found.rows[linked[0]]), int(found.rows[linked[-1]] + found.lengths[linked[-1]])
    before, after = target.begins[: stretches[0][0]], target.begins[stretches[-1][1] :]
    hidden_before = _wildcards(text[max(0, begin - len(before)) : begin][::-1])
    hidden_after = _wildcards(text[end : end + len(after)])
    is_whole = _hides(hidden_before, before) and _hides(hidden_after, after) and words >= target.shown
    if not is_whole:
        return Run(words, begin, end, stretches, whole=False)
    return Run(words, begin - hidden_before, end + hidden_after, stretches, whole=True)


def _wildcards(words: Sequence[str]) -> int:
    """How many wildcards stand at the beginning."""
    return next((at for at, word in enumerate(words) if word != _WILD), len(words))


def _hides(wildcards: int, begins: Sequence[int]) -> bool:
    """Whether so many wildcards can stand for these tokens."""
    return not begins or max(1, sum(begins)) <= wildcards * WILDCARD_WORDS
