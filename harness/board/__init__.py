"""The board as data: what every format shows, and nothing that one format alone knows.

    board.columns                      what stands in a row, in order: means first, then metrics
    board.standings                    a row a system, from best to worst
      .place                           its rank, the ranks that the data support, its tie group
      .lines, .mean                    numbers by field, and their mean over the fields, with intervals
      .texts, .usage                   how long and how readable; tokens, seconds, energy, who wrote how many
    board.statistics                   how the intervals were made, neighbours compared, seeds
    board.notes                        the sentences below the table

Nothing here holds a text, nor the id of a case. `harness.leaderboard` builds boards, `harness.board.text` and
`harness.board.data` write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.types import ScoreCard, Signature, Task

if TYPE_CHECKING:
    from harness.stats import Comparison
    from harness.usage import Usage

OVERALL = "Overall"
DIFFERENCE = "difference"
MEAN = "mean"
NOT_AVAILABLE = "n/a"

ColumnKind = Literal["mean", "script", "own", "twin", "besides"]
"""A mean of columns; the official variant of one, or its difference; a column of the task; the open twin of one; any
other metric."""


@dataclass(frozen=True)
class BoardColumn:
    """One number of every row. `members` are the columns that a mean is the mean of; `signature` is what a metric is,
    None for a mean, and for a metric that no row has."""

    key: str
    title: str
    kind: ColumnKind
    higher_is_better: bool = True
    members: tuple[str, ...] = ()
    signature: Signature | None = None


@dataclass(frozen=True)
class Number:
    """A value, and the bounds of its confidence interval over cases where there is one."""

    value: float
    low: float | None = None
    high: float | None = None


Values = Mapping[str, Number | None]
"""By a column's key; None where it is n/a."""


@dataclass(frozen=True)
class Line:
    """The numbers of one field, or their mean over the fields: then `name` is MEAN and `n` has each field's.

    `n` counts the cases that have a reference, `failed` the texts among them that were empty, missing or refused by a
    scorer, `excluded` the cases without a reference."""

    name: str
    title: str
    n: tuple[int, ...]
    failed: int
    excluded: int
    values: Values

    @property
    def cases(self) -> str:
        """`n` as text: one number where it is the same for every field."""
        return "/".join(map(str, self.n if len(set(self.n)) > 1 else self.n[:1])) or NOT_AVAILABLE


@dataclass(frozen=True)
class TextFigures:
    """The texts of one field: words (at white space) on average, those of the references, and the American school
    grade of the texts (Coleman & Liau 1975), None where the language is not English or there is no text."""

    words: float
    reference_words: float
    grade: float | None


@dataclass(frozen=True)
class Place:
    """`rank` is by value alone. The true rank lies from `low` to `high`, and every row of a `group` is better than all
    of the next; all three are None where there are no statistics per case."""

    rank: int
    low: int | None = None
    high: int | None = None
    group: int | None = None


@dataclass(frozen=True)
class Standing:
    """One row. `parts` are the numbers by part of a note, where the task cuts one field into parts; they are in no
    mean. `folder` is where the run lies, or the file that was scored where it lay."""

    card: ScoreCard
    lines: tuple[Line, ...]
    mean: Line
    parts: tuple[Line, ...] = ()
    place: Place | None = None
    texts: Mapping[str, TextFigures] = field(default_factory=dict)
    usage: Usage | None = None
    folder: Path | None = None

    @property
    def label(self) -> str:
        return self.card.manifest.label

    @property
    def rank(self) -> int | None:
        return self.place.rank if self.place else None

    @property
    def unproven(self) -> int:
        """Cases of which nobody could check that the target is cut out of what the system saw."""
        return self.card.manifest.leak_check.get("unproven", 0)


@dataclass(frozen=True)
class Seeds:
    """Runs of one system with the same settings but for seeds (`seeds` says which, as "seed 1" or "training_seed 1", or
    "members.a.settings.training_seed 1" where another member has one too): the mean of their values with its interval
    over cases, and the standard deviation between the runs, which no interval over cases has in it."""

    system: str
    labels: tuple[str, ...]
    seeds: tuple[str, ...]
    mean: Number
    deviation: float


@dataclass(frozen=True)
class Statistics:
    """How the intervals, ranks and tests of a board were made. `comparisons` are by the mean that ranks, of adjacent
    rows or of all pairs; `floor` is the smallest p-value that counting resamples could give; `hidden` is how many
    stays of a test split the organisers of the task scored."""

    level: float
    resamples: int
    seed: int
    floor: float
    cases: int
    subjects: int
    hidden: int
    compared: Literal["adjacent", "all"]
    comparisons: tuple[Comparison, ...]
    seeds: tuple[Seeds, ...]


@dataclass(frozen=True)
class Board:
    """A table ready to be shown; `corpus` is its name, with its digest where another board has one of this name, and
    `ranking` says by what it ranks. None in `ranked_by` means that no mean is complete for every row; then, and where
    there is no row, nobody has a place. `statistics` is None where they cannot be had, which a note explains."""

    task: Task
    title: str
    corpus: str
    split: str
    variant: Literal["corrected", "official"]
    restricted: bool
    ranked_by: str | None
    ranking: str
    columns: tuple[BoardColumn, ...]
    standings: tuple[Standing, ...]
    statistics: Statistics | None
    notes: tuple[str, ...]

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(column.key for column in self.columns)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of which some row has a number. A row of which every column is n/a has no lines."""
        return tuple(dict.fromkeys(line.name for one in self.standings for line in one.lines))

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.name for one in self.standings for line in one.parts))

    def lines_of(self, name: str) -> list[tuple[Standing, Line]]:
        """The rows that have this field or part, with its numbers."""
        return [(one, line) for one in self.standings for line in (*one.lines, *one.parts) if line.name == name]

    def column(self, key: str) -> BoardColumn:
        return next(column for column in self.columns if column.key == key)


def base(column: str) -> str:
    """The column that an open twin stands for (medcon for medcon[open]); any other column itself."""
    return column.partition("[")[0]


def means_of(task: Task) -> dict[str, tuple[str, ...]]:
    """The means by which the board may rank, the preferred first, with their columns."""
    return {OVERALL: tuple(c.key for c in task.columns if c.in_overall), **task.means}
