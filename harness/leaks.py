"""How much of a target is left in a text: runs of equal words, found exactly, with `___` as a wildcard.

Words are compared without case and punctuation and counted as people count them, between white space. `___` on either
side stands for one to five words of the other; it extends a run, but only really equal words count towards its length.
Line breaks and headings do not end a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


def refuse_leaks(leaks: Iterable[Leak]) -> None:
    """Raise one LeakError for all leaks, with case, field and figures, never text."""
    found = [leak for leak in leaks if leak.status == "leak"]
    if not found:
        return
    cases = len({leak.case for leak in found})
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    raise LeakError(
        f"what systems would see still holds targets of {cases} case{'s' if cases > 1 else ''}:\n"
        + "\n".join(f"  {line}" for line in [*map(str, found[:SHOWN]), *more]),
        todo="give --cut-leaks to cut these passages from what systems see, or mend the tables",
    )


# --------------------------------------------------------------------------- words


@dataclass(frozen=True)
class Tokens:
    """The words of several pieces of text, read on from one piece to the next: `words` in lower case (`___` for any
    blank), and for each where it stands: (piece, start, end)."""

    words: tuple[str, ...]
    places: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Target:
    """The words of a target, without `___` at its ends. `counts[k]` is 1 if token k is the first of a word."""

    words: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def length(self) -> int:
        return sum(self.counts)

    @property
    def shown(self) -> int:
        """Words that a copy must show if `___` hides the others: half of them and three, or all of two or fewer."""
        return min(self.length, max(3, (self.length + 1) // 2))


def read_text(pieces: Sequence[str]) -> Tokens:
    found = [(at, token) for at, piece in enumerate(pieces) for token in _TOKEN.finditer(piece)]
    return Tokens(tuple(_word(token[0]) for _, token in found), tuple((at, *token.span()) for at, token in found))


def read_target(text: str) -> Target:
    words: list[str] = []
    counts: list[int] = []
    for word in text.split():
        tokens = [_word(token) for token in _TOKEN.findall(word)]
        real = [token != _WILD for token in tokens]
        words += tokens
        counts += [int(is_real and at == real.index(True)) for at, is_real in enumerate(real)]
    ends = [at for at, word in enumerate(words) if word != _WILD] or [-1]
    return Target(tuple(words[ends[0] : ends[-1] + 1]), tuple(counts[ends[0] : ends[-1] + 1]))


def _word(token: str) -> str:
    return _WILD if token[0] == "_" else token.casefold()


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
    totals, before = _link(a, b, found, own)
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


def _link(a: Any, b: Any, found: _Stretches, own: Any) -> tuple[Any, dict[int, int]]:
    """Link stretches through wildcards: for each the words of the best run that ends with it, and the stretch before.

    A stretch ends where a wildcard stands on either side, so links lead from ends to beginnings only, and always to
    a later row: one pass by row is exact.
    """
    import numpy as np

    rows, columns, lengths = found
    wild_a, wild_b = np.append(a == _IN_TEXT, False), np.append(b == _IN_TARGET, False)
    leaving = np.flatnonzero(wild_a[rows + lengths] | wild_b[columns + lengths])
    entering = np.flatnonzero(wild_a[rows - 1] | wild_b[columns - 1])
    at_cell = {(int(rows[at]), int(columns[at])): int(at) for at in entering}
    hidden_a, hidden_b = wild_a.tolist(), wild_b.tolist()
    totals, before = own.copy(), dict[int, int]()
    for at in leaving.tolist():
        end = (int(rows[at] + lengths[at]), int(columns[at] + lengths[at]))
        for cell in _beyond_wildcards(end, hidden_a, hidden_b):
            after = at_cell.get(cell)
            if after is not None and own[after] + totals[at] > totals[after]:
                totals[after], before[after] = own[after] + totals[at], at
    return totals, before


def _beyond_wildcards(cell: Cell, wild_a: Sequence[bool], wild_b: Sequence[bool]) -> Iterator[Cell]:
    """The cells at which a run can go on after the wildcards that stand at `cell` on either side."""
    waiting, seen = [cell], {cell}
    while waiting:
        row, column = waiting.pop()
        steps: list[Cell] = []
        if row < len(wild_a) and wild_a[row]:
            steps += [(row + 1, column + words) for words in range(1, WILDCARD_WORDS + 1)]
        if column < len(wild_b) and wild_b[column]:
            steps += [(row + words, column + 1) for words in range(1, WILDCARD_WORDS + 1)]
        for step in steps:
            if step not in seen and step[0] < len(wild_a) and step[1] < len(wild_b):
                seen.add(step)
                waiting.append(step)
                yield step


def _linked(last: int, before: Mapping[int, int]) -> list[int]:
    """The stretches of the run that ends with `last`, in order."""
    linked = [last]
    while linked[-1] in before:
        linked.append(before[linked[-1]])
    return linked[::-1]


def _run(linked: Sequence[int], found: _Stretches, words: int, text: Sequence[str], target: Target) -> Run:
    stretches = tuple((int(found.columns[at]), int(found.columns[at] + found.lengths[at])) for at in linked)
    begin, end = int(found.rows[linked[0]]), int(found.rows[linked[-1]] + found.lengths[linked[-1]])
    missing_before, missing_after = stretches[0][0], len(target.words) - stretches[-1][1]
    hidden_before = _wildcards(text[max(0, begin - missing_before) : begin][::-1])
    hidden_after = _wildcards(text[end : end + missing_after])
    is_whole = (
        missing_before <= hidden_before * WILDCARD_WORDS
        and missing_after <= hidden_after * WILDCARD_WORDS
        and words >= target.shown
    )
    if not is_whole:
        return Run(words, begin, end, stretches, whole=False)
    return Run(words, begin - hidden_before, end + hidden_after, stretches, whole=True)


def _wildcards(words: Sequence[str]) -> int:
    """How many wildcards stand at the beginning."""
    return next((at for at, word in enumerate(words) if word != _WILD), len(words))
