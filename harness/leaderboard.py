"""Score cards -> one table.

Unlike measures, references, cases, splits, corpora or tasks never stand in one table. Nobody is ranked by a mean
of which a column is missing, and only the mean of all the task's columns is called Overall. The variant `official` of
a mean may stand beside it, with the difference, and ranks nobody.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.aggregate import mean_over_columns, mean_over_fields, says_official
from harness.errors import HarnessError, LeaderboardError, ScoreError
from harness.score import SHORT
from harness.scorecard import CARD_FILES, read_card
from harness.types import ColumnScore, ScoreCard, Signature, Task

OVERALL = "Overall"
DIFFERENCE = "difference"
MEAN = "mean"
NOT_AVAILABLE = "n/a"

Values = Mapping[str, float | None]


@dataclass(frozen=True)
class Line:
    """The values of one field, or their mean over the fields: columns and means by key, None where n/a."""

    name: str
    n: str
    failed: int
    excluded: int
    values: Values


@dataclass(frozen=True)
class Standing:
    """One row of the board: a card, its lines (one a field, then their mean), and its rank."""

    card: ScoreCard
    fields: tuple[Line, ...]
    mean: Line
    rank: int | None = None

    @property
    def label(self) -> str:
        return self.card.manifest.label

    @property
    def unproven(self) -> int:
        """Cases of which nobody could check that the target is cut out of what the system saw."""
        return self.card.manifest.leak_check.get("unproven", 0)


@dataclass(frozen=True)
class Board:
    """A table ready to be shown: `shown` are the keys of means and columns, in order; None in `ranked_by`
    means that no mean is complete for every row; `notes` are the lines under the table."""

    task: Task
    title: str
    ranked_by: str | None
    shown: tuple[str, ...]
    standings: tuple[Standing, ...]
    notes: tuple[str, ...]


# --------------------------------------------------------------------------- cards -> board


@dataclass(frozen=True)
class Collected:
    """The cards of a folder, and why others of them cannot be read."""

    cards: tuple[ScoreCard, ...]
    refusals: tuple[HarnessError, ...]


def collect(folder: Path) -> Collected:
    """Every score card below the folder, of both variants, partial ones too, in the order of their paths."""
    if not folder.is_dir():
        raise LeaderboardError(f"there is no folder {folder}", todo="name the folder of the scored submissions")
    cards: list[ScoreCard] = []
    refusals: list[HarnessError] = []
    for path in sorted(path for name in CARD_FILES.values() for path in folder.rglob(name)):
        try:
            cards.append(read_card(path))
        except ScoreError as refusal:
            refusals.append(refusal)
    return Collected(tuple(cards), tuple(refusals))


def boards(cards: Sequence[ScoreCard], task_of: Callable[[str], Task]) -> list[Board]:
    """A table for each contest; `task_of` gives the task of a name. Two of one title are told apart by their corpora's
    digests."""
    groups = [(group, task_of(group[0].manifest.task)) for group in contests(cards)]
    titles = Counter(_contest(group[0], task) for group, task in groups)
    return [table(group, task, tell_apart=titles[_contest(group[0], task)] > 1) for group, task in groups]


def contests(cards: Iterable[ScoreCard]) -> list[list[ScoreCard]]:
    """The cards by what they can be compared on: one list for each task, corpus (two may share a name) and split."""
    found: dict[tuple[str, ...], list[ScoreCard]] = {}
    for card in cards:
        of = card.manifest
        found.setdefault((of.task, of.corpus, of.split, of.corpus_digest), []).append(card)
    return [found[key] for key in sorted(found)]


def table(cards: Sequence[ScoreCard], task: Task, *, tell_apart: bool = False) -> Board:
    """Rank the cards of one task, corpus and split. Raises LeaderboardError where two are not comparable.

    Corrected cards rank, with the official ones made from the same statistics beside them; official ones rank where
    there are no others. `tell_apart` puts the corpus's digest into the title."""
    if not cards:
        raise LeaderboardError("there is no score card", todo="score a submission first: harness submit lead")
    first = [card for card in cards if card.variant == "corrected"] or cards
    whole = [card for card in first if not card.manifest.partial]
    ranking = {_identity(card) for card in whole}
    beside = {_identity(card): card for card in cards if card not in first and _identity(card) in ranking}
    _check_comparable(first, task, whole)
    _check_comparable(list(beside.values()), task, list(beside.values()))

    columns = _columns(whole, task)
    standings = [_standing(card, columns, task) for card in whole]
    ranked_by = next((name for name in _means(task) if _complete(standings, name)), None)
    means = [name for name in _means(task) if name == ranked_by or (name == OVERALL and _any(standings, name))]
    if ranked_by and beside:
        standings = [_compared(one, beside.get(_identity(one.card)), ranked_by, columns, task) for one in standings]
        means += [_of_script(ranked_by), DIFFERENCE]
    measured = [column for column in columns if _any(standings, column)]
    partial = [_standing(card, columns, task) for card in first if card.manifest.partial]
    title = _contest(cards[0], task) + (f" ({cards[0].manifest.corpus_digest[:8]})" if tell_apart else "")
    title += ", variant official" if first[0].variant == "official" else ""
    return Board(
        task=task,
        title=f"{title}, {_ranking(standings, ranked_by, task)}",
        ranked_by=ranked_by,
        shown=(*means, *measured),
        standings=_ranked(standings, ranked_by, task),
        notes=(
            *_missing(standings, columns),
            *_partial(partial),
            *_excluded(standings, task),
            *_kinds(measured, task),
            *_script([*beside.values(), *first], task),
            *_short(whole, task),
            *_refusals(whole),
            *_measures(whole, measured),
        ),
    )


def row(card: ScoreCard, task: Task) -> Board:
    """A board of one card, partial or not, ranked by nobody, with all that there is to say of it."""
    columns = _columns([card], task)
    standing = _standing(card, columns, task)
    best = next((name for name in _means(task) if _complete([standing], name)), None)
    measured = [column for column in columns if _any([standing], column)]
    return Board(
        task=task,
        title=f"{standing.label}: {_contest(card, task)}{', partial' if card.manifest.partial else ''}",
        ranked_by=None,
        shown=(*([best] if best else []), *measured),
        standings=(standing,),
        notes=(
            *_missing([standing], columns),
            *_excluded([standing], task),
            *_kinds(measured, task),
            *_script([card], task),
            *_without_short(card, measured, task),
            *_refusals([card]),
            *_truncation(card, task),
            *_measures([card], measured),
        ),
    )


def _identity(card: ScoreCard) -> tuple[str, str]:
    """What the two variants of one submission's scores have in common."""
    return card.manifest.label, card.cases_digest


def _of_script(mean: str) -> str:
    return f"{mean} (official)"


def _compared(one: Standing, official: ScoreCard | None, mean: str, columns: Sequence[str], task: Task) -> Standing:
    """The row with the official variant of a mean beside the corrected one, and how much more it is."""

    def beside(line: Line, other: Line | None) -> Line:
        ours, theirs = line.values[mean], other.values[mean] if other else None
        difference = None if ours is None or theirs is None else theirs - ours
        return replace(line, values={**line.values, _of_script(mean): theirs, DIFFERENCE: difference})

    if official is None:
        lines = tuple(beside(line, None) for line in one.fields)
        return replace(one, fields=lines, mean=beside(one.mean, None))
    other = _standing(official, columns, task)
    lines = tuple(beside(line, same) for line, same in zip(one.fields, other.fields, strict=True))
    return replace(one, fields=lines, mean=beside(one.mean, other.mean))


def _check_comparable(cards: Sequence[ScoreCard], task: Task, whole: Sequence[ScoreCard]) -> None:
    for card in cards:
        rules = _rules(card)
        if rules != (current := f"{task.name} version {task.version}"):
            raise LeaderboardError(
                f"'{card.manifest.label}' was scored by the rules of {rules}, this table has those of {current}",
                todo="score it again by these rules, or leave it out",
            )
    for first, other in ((whole[0], card) for card in whole[1:]):
        for what, of in _MUST_AGREE.items():
            if of(first) != of(other):
                raise LeaderboardError(
                    f"'{first.manifest.label}' and '{other.manifest.label}' cannot stand in one table, "
                    f"their {what} differ: {of(first)} and {of(other)}",
                    todo="score both on the same cases, or make two tables",
                )
    for column in sorted({column for card in whole for column in card.signatures}):
        _check_measure(column, [card for card in whole if column in card.signatures])


def _rules(card: ScoreCard) -> str:
    return f"{card.manifest.task} version {card.manifest.task_version}"


_MUST_AGREE: Mapping[str, Callable[[ScoreCard], str]] = {
    "corpora": lambda card: f"{card.manifest.corpus} {card.manifest.corpus_digest[:16]}",
    "splits": lambda card: card.manifest.split,
    "scored ids": lambda card: card.ids_digest[:16],
    "references": lambda card: card.reference_digest[:16],
}


def _check_measure(column: str, cards: Sequence[ScoreCard]) -> None:
    first = cards[0]
    for other in cards[1:]:
        if first.signatures[column].identity != other.signatures[column].identity:
            raise LeaderboardError(
                f"'{first.manifest.label}' and '{other.manifest.label}' cannot share the column '{column}', "
                f"it is not the same measure: {first.signatures[column]} and {other.signatures[column]}",
                todo="score both again with the same version and settings, or make two tables",
            )


def _means(task: Task) -> dict[str, tuple[str, ...]]:
    """The means by which the board may rank, the preferred first, with their columns."""
    return {OVERALL: tuple(c.key for c in task.columns if c.in_overall), **task.means}


def _columns(cards: Sequence[ScoreCard], task: Task) -> list[str]:
    """The task's columns in its order, each followed by its twins, then what else the cards hold."""
    known = [column.key for column in task.columns]
    others = sorted({column for card in cards for column in card.scores} - set(known))
    twins = {key: [other for other in others if _twin_of(other, task) == key] for key in known}
    placed = [column for key in known for column in (key, *twins[key])]
    return [*placed, *(other for other in others if other not in placed)]


def _twin_of(column: str, task: Task) -> str | None:
    """The column of the task that an open twin stands for."""
    base, bracket, _ = column.partition("[")
    return base if bracket and any(base == one.key for one in task.columns) else None


def _standing(card: ScoreCard, columns: Sequence[str], task: Task) -> Standing:
    scores = {column: by_field for column, by_field in card.scores.items() if by_field is not None}
    fields = []
    for name in [field.name for field in task.fields if any(field.name in by_field for by_field in scores.values())]:
        only = {column: {name: by_field[name]} for column, by_field in scores.items()}
        counts = [by_field[name] for by_field in scores.values()]  # unlike where a scorer refuses, or a batch counts
        n, failed, excluded = (max(getattr(one, what) for one in counts) for what in ("n", "failed", "excluded"))
        fields.append(Line(name, str(n), failed, excluded, _values(only, columns, task)))
    numbers = [line.n for line in fields]
    mean = Line(
        MEAN,
        # One number where it is the same for every field.
        "/".join(numbers if len(set(numbers)) > 1 else numbers[:1]) or NOT_AVAILABLE,
        sum(line.failed for line in fields),
        sum(line.excluded for line in fields),
        _values(scores, columns, task),
    )
    return Standing(card, tuple(fields), mean)


def _values(scores: Mapping[str, Mapping[str, ColumnScore]], columns: Sequence[str], task: Task) -> Values:
    values = {column: mean_over_fields(scores.get(column)) for column in columns}
    return {**values, **{name: mean_over_columns(values, members) for name, members in _means(task).items()}}


def _any(standings: Iterable[Standing], key: str) -> bool:
    return any(line.values[key] is not None for one in standings for line in (*one.fields, one.mean))


def _complete(standings: Sequence[Standing], key: str) -> bool:
    return bool(standings) and all(one.mean.values[key] is not None for one in standings)


def _ranked(standings: Sequence[Standing], ranked_by: str | None, task: Task) -> tuple[Standing, ...]:
    """By rank, equals sharing one and standing in the order of their labels; by label where nothing ranks."""
    if ranked_by is None:
        return tuple(sorted(standings, key=lambda one: one.label))
    lower = {column.key for column in task.columns if not column.higher_is_better}
    sign = 1 if lower.issuperset(_means(task)[ranked_by]) else -1
    keys = [sign * (one.mean.values[ranked_by] or 0.0) for one in standings]
    ranked = [replace(one, rank=1 + sum(k < key for k in keys)) for one, key in zip(standings, keys, strict=True)]
    return tuple(sorted(ranked, key=lambda one: (one.rank or 0, one.label)))


# --------------------------------------------------------------------------- what stands above and below


def _contest(card: ScoreCard, task: Task) -> str:
    return f"{task.title}, {card.manifest.corpus}, {card.manifest.split}"


def _ranking(standings: Sequence[Standing], ranked_by: str | None, task: Task) -> str:
    if not standings:
        return "no whole run"
    if ranked_by is None:
        return "unranked: no mean is complete for every row"
    return f"ranked by {ranked_by} (mean of {', '.join(_means(task)[ranked_by])})"


def _missing(standings: Sequence[Standing], columns: Sequence[str]) -> list[str]:
    missing = [key for key in (OVERALL, *columns) if not _any(standings, key)]
    return [f"{NOT_AVAILABLE}: {', '.join(missing)}"] if missing else []


def _partial(standings: Sequence[Standing]) -> list[str]:
    partial = sorted(f"{one.label} (n = {one.mean.n})" for one in standings)
    return [f"partial runs, not ranked: {', '.join(partial)}"] if partial else []


def _excluded(standings: Sequence[Standing], task: Task) -> list[str]:
    """All rows have the same references, so the first speaks for all."""
    fields = standings[0].fields if standings else ()
    out = [f"{line.excluded} without {task.field(line.name).title}" for line in fields if line.excluded]
    return [f"cases that have no reference are out for every system: {', '.join(out)}"] if out else []


def _kinds(columns: Sequence[str], task: Task) -> list[str]:
    """Which columns are the task's own, where others stand beside them."""
    own = [column for column in columns if any(column == one.key for one in task.columns)]
    twins = [column for column in columns if _twin_of(column, task)]
    others = [column for column in columns if column not in {*own, *twins}]
    said = [f"open twins, no official columns: {', '.join(twins)}"] if twins else []
    said += [f"besides: {', '.join(others)}"] if others else []
    return ["; ".join([f"official columns: {', '.join(own) or 'none'}", *said])] if said else []


def _script(cards: Sequence[ScoreCard], task: Task) -> list[str]:
    official = next((card for card in cards if card.variant == "official"), None)
    return [says_official(task, official.scores)] if official and task.published else []


def _short(cards: Sequence[ScoreCard], task: Task) -> list[str]:
    """All rows have the same references, so the first speaks for all."""
    counts = [f"{one.n} in {task.field(field).title}" for field, one in cards[0].short.items()] if cards else []
    said = "a metric says little of so short a text; the score cards have the means without them"
    return [f"references under {SHORT} tokens: {', '.join(counts)} ({said})"] if counts else []


def _refusals(cards: Sequence[ScoreCard]) -> list[str]:
    return [
        f"{card.manifest.label}: {column} could not judge {count} texts, which count as failed: {reason}"
        for card in cards
        for column, reasons in card.refusals.items()
        for reason, count in reasons.items()
    ]


def _without_short(card: ScoreCard, shown: Sequence[str], task: Task) -> list[str]:
    said = []
    for field, one in card.short.items():
        values = [f"{c} {one.without[c]:.4f}" for c in shown if not math.isnan(one.without.get(c, math.nan))]
        without = f"; without them: {', '.join(values)}" if values else ""
        said.append(f"{task.field(field).title}: {one.n} references under {SHORT} tokens{without}")
    return said


def _truncation(card: ScoreCard, task: Task) -> list[str]:
    """What share of the tokens each metric never saw, where it is any."""
    said = []
    for column, by_field in card.truncation.items():
        shares = [
            f"{one.unseen / one.tokens:.1%} of {task.field(field).title} (cut in {one.cut} cases)"
            for field, one in by_field.items()
            if one.unseen
        ]
        said += [f"tokens that {column} never saw: {', '.join(shares)}"] if shares else []
    return said


def _measures(cards: Sequence[ScoreCard], shown: Sequence[str]) -> list[str]:
    """What each column is, and a warning where its library versions are not the same for all rows."""
    signatures: list[str] = []
    warnings: dict[str, list[str]] = {}
    for column in shown:
        by_version: dict[str, list[str]] = {}
        for card in cards:
            if column in card.signatures:
                by_version.setdefault(_environment(card.signatures[column]), []).append(card.manifest.label)
        if by_version:
            signature = next(card.signatures[column] for card in cards if column in card.signatures)
            signatures.append(signature_line(column, signature))
        if len(by_version) > 1:
            unlike = "; ".join(f"{versions} for {', '.join(labels)}" for versions, labels in by_version.items())
            warnings.setdefault(unlike, []).append(column)
    return [*(f"warning, unlike versions in {', '.join(c)}: {text}" for text, c in warnings.items()), *signatures]


def _environment(signature: Signature) -> str:
    return ", ".join(f"{package} {version}" for package, version in signature.environment.items()) or "none"


def signature_line(column: str, signature: Signature) -> str:
    return f"{column}: {signature}" + (f" ({_environment(signature)})" if signature.environment else "")
