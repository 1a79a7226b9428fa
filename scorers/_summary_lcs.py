"""The matches of ROUGE-Lsum (Lin 2004, 3.2): for each line of the reference the union of its longest common
subsequences with all lines of the hypothesis.

Which of several longest subsequences is taken decides what the union holds. This takes the one of rouge_score: traced
from the ends of both lines, a word of the hypothesis is passed over before one of the reference only where the table
of lengths says that this loses less. Rows of that table are bits of an integer here (Hyyrö 2004), so a line of any
length costs a few operations a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

Line = Sequence[int]


def summary_matches(reference: Sequence[Line], hypothesis: Sequence[Line]) -> int:
    """How many words of the lines match, none more often than it stands in the hypothesis."""
    places = [_places(line) for line in hypothesis]
    given = Counter(word for line in hypothesis for word in line)
    wanted: Counter[int] = Counter()
    for line in reference:
        words = set(line)
        union = {at for where in places if not words.isdisjoint(where) for at in _longest(line, where)}
        wanted.update(line[at] for at in union)
    return sum(min(count, given[word]) for word, count in wanted.items())


def _places(line: Line) -> dict[int, int]:
    """For each word the bits of the places at which it stands."""
    found: dict[int, int] = {}
    for at, word in enumerate(line):
        found[word] = found.get(word, 0) | 1 << at
    return found


def _longest(line: Line, where: Mapping[int, int]) -> Iterator[int]:
    """The places in `line`, from its end, of a longest common subsequence with the line that `where` has the places of.

    In the integer of a row a bit is 0 where the subsequence up to this word of the hypothesis is longer than the one
    up to the word before."""
    rows = [(at, where[word]) for at, word in enumerate(line) if word in where]
    left = max(matches.bit_length() for matches in where.values())
    table = [(1 << left) - 1]
    for _, matches in rows:
        above = table[-1]
        table.append((above + (above & matches) | above & ~matches) & table[0])
    for row, (at, matches) in zip(range(len(rows), 0, -1), reversed(rows), strict=True):
        until = (1 << left) - 1
        longer = (table[row] & until).bit_count() < (table[row - 1] & until).bit_count()
        if longer or matches >> (left - 1) & 1:
            left = (matches & until).bit_length() - 1
            yield at
            if not left:
                return
