"""Score cards -> one board.

Unlike measures, references, cases, splits, corpora or tasks never stand in one table. Nobody is ranked by a mean
of which a column is missing, and only the mean of all the task's columns is called Overall. The variant `official` of
a mean may stand beside it, with the difference, and ranks nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.aggregate import mean_over_columns, mean_over_fields
from harness.board import (
    DIFFERENCE,
    MEAN,
    OVERALL,
    Board,
    BoardColumn,
    ColumnKind,
    Line,
    Number,
    Place,
    Standing,
    Statistics,
    Values,
    base,
    means_of,
    notes,
)
from harness.board.statistics import Resampled, Wanted
from harness.entries import Entry
from harness.errors import LeaderboardError
from harness.parts import of_parts
from harness.stats import check_resamplable
from harness.types import ColumnScore, ScoreCard, Task

DEFAULT = Wanted()


def boards(entries: Sequence[Entry], task_of: Callable[[str], Task], wanted: Wanted = DEFAULT) -> list[Board]:
    """A table for each contest; `task_of` gives the task of a name. Two of one title are told apart by their corpora's
    digests."""
    groups = [(group, task_of(group[0].card.manifest.task)) for group in contests(entries)]
    titles = Counter(_contest(group[0].card, task) for group, task in groups)
    return [table(group, task, wanted, tell_apart=titles[_contest(group[0].card, task)] > 1) for group, task in groups]


def contests(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The entries by what they can be compared on: one list for each task, corpus (two may share a name) and split."""
    found: dict[tuple[str, ...], list[Entry]] = {}
    for one in entries:
        of = one.card.manifest
        found.setdefault((of.task, of.corpus, of.split, of.corpus_digest), []).append(one)
    return [found[key] for key in sorted(found)]


def table(entries: Sequence[Entry], task: Task, wanted: Wanted = DEFAULT, *, tell_apart: bool = False) -> Board:
    """Rank the entries of one task, corpus and split. Raises LeaderboardError where two are not comparable.

    Corrected cards rank, with the official ones made from the same statistics beside them; official ones rank where
    there are no others. `tell_apart` puts the corpus's digest into the title, and after its name."""
    chosen = _choose(entries, task)
    keys = _keys([one.card for one in chosen.whole], task)
    standings = [_standing(one, keys, task) for one in chosen.whole]
    ranked_by = next((name for name in means_of(task) if _complete(standings, name)), None)
    named = [name for name in means_of(task) if name == ranked_by or (name == OVERALL and any_value(standings, name))]
    measured = [key for key in keys if any_value(standings, key)]
    standings, statistics = _with_statistics(chosen.whole, standings, measured, named, ranked_by, task, wanted)
    if ranked_by and chosen.beside:
        standings = [_compared(one, chosen.beside.get(_identity(one.card)), ranked_by, keys, task) for one in standings]
        named += [_of_script(ranked_by), DIFFERENCE]
    first, cards = chosen.first[0].card, [one.card for one in standings]
    board = Board(
        task=task,
        title=_title(first, task, tell_apart),
        corpus=first.manifest.corpus + _digest(first, tell_apart),
        split=first.manifest.split,
        variant=first.variant,
        restricted=any(one.card.manifest.restricted for one in chosen.first),
        ranked_by=ranked_by,
        ranking=_ranking(standings, ranked_by, task),
        columns=tuple(_column(key, cards, task) for key in (*named, *measured)),
        standings=tuple(standings),
        statistics=statistics,
        notes=(),
    )
    partial = [_standing(one, keys, task) for one in chosen.first if one.card.manifest.partial]
    official = [*chosen.beside.values(), *(one.card for one in chosen.first if one.card.variant == "official")]
    return replace(board, notes=notes.of_board(board, keys, partial, official))


@dataclass(frozen=True)
class _Chosen:
    """The entries that the board is of: those of the variant that ranks, the whole runs among them, and the official
    cards beside these."""

    first: Sequence[Entry]
    whole: Sequence[Entry]
    beside: Mapping[tuple[str, str], ScoreCard]


def _choose(entries: Sequence[Entry], task: Task) -> _Chosen:
    if not entries:
        raise LeaderboardError("there is no score card", todo="score a submission first: harness submit lead")
    _check_names(entries)
    first = [one for one in entries if one.card.variant == "corrected"] or list(entries)
    whole = [one for one in first if not one.card.manifest.partial]
    ranking = {_identity(one.card) for one in whole}
    beside = {_identity(one.card): one.card for one in entries if one not in first and _identity(one.card) in ranking}
    _check_comparable([one.card for one in first], task, [one.card for one in whole])
    _check_comparable(list(beside.values()), task, list(beside.values()))
    return _Chosen(first, whole, beside)


def _with_statistics(
    whole: Sequence[Entry],
    standings: Sequence[Standing],
    measured: Sequence[str],
    means: Sequence[str],
    ranked_by: str | None,
    task: Task,
    wanted: Wanted,
) -> tuple[list[Standing], Statistics | None]:
    """The rows in their order, with intervals and places, and what is said of all of them."""
    resampled = _resampled(whole, measured, means, task, wanted)
    higher = ranked_by is None or _higher_is_better(ranked_by, task)
    if resampled is None:
        return _ranked(standings, ranked_by, higher), None
    bounded = resampled.with_intervals(standings)
    if ranked_by is None:
        placed = _ranked(bounded, None, higher)
    else:
        placed = resampled.ranked(bounded, ranked_by, higher_is_better=higher)
    return placed, resampled.statistics(placed, ranked_by, higher_is_better=higher)


def row(one: Entry, task: Task, wanted: Wanted = DEFAULT) -> Board:
    """A board of one entry, partial or not, ranked by nobody, with all that there is to say of it."""
    card = one.card
    keys = _keys([card], task)
    standing = _standing(one, keys, task)
    best = [name for name in means_of(task) if _complete([standing], name)][:1]
    measured = [key for key in keys if any_value([standing], key)]
    resampled = _resampled([one], measured, best, task, wanted)
    standings = resampled.with_intervals([standing]) if resampled else [standing]
    board = Board(
        task=task,
        title=f"{standing.label}: {_contest(card, task)}{', partial' if card.manifest.partial else ''}",
        corpus=card.manifest.corpus,
        split=card.manifest.split,
        variant=card.variant,
        restricted=card.manifest.restricted,
        ranked_by=None,
        ranking="",
        columns=tuple(_column(key, [card], task) for key in (*best, *measured)),
        standings=tuple(standings),
        statistics=resampled.statistics(standings, None, higher_is_better=True) if resampled else None,
        notes=(),
    )
    return replace(board, notes=notes.of_row(board, keys))


def _resampled(
    entries: Sequence[Entry], measured: Sequence[str], means: Sequence[str], task: Task, wanted: Wanted
) -> Resampled | None:
    """None where there is nothing to resample: no row, the official variant, or a row without its cases."""
    if not entries or not all(one.cases for one in entries):
        return None
    try:
        check_resamplable(entries[0].card.variant)
    except LeaderboardError:
        return None
    return Resampled.of(entries, measured, {name: means_of(task)[name] for name in means}, wanted)


# --------------------------------------------------------------------------- what may stand in one table


def _check_names(entries: Sequence[Entry]) -> None:
    seen: dict[tuple[str, str], Entry] = {}
    for one in entries:
        name = one.card.variant, one.card.manifest.label
        if (other := seen.setdefault(name, one)) is not one:
            places = [str(each.folder or "a file scored just now") for each in (other, one)]
            raise LeaderboardError(
                f"two score cards are named '{one.card.manifest.label}': {places[0]} and {places[1]}",
                todo="give one of them another label (submit or import it with --as), or leave it out",
            )


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
        codes = [card.sources.get(column, "")[:16] or "not told" for card in (first, other)]
        if codes[0] != codes[1]:
            raise LeaderboardError(
                f"'{first.manifest.label}' and '{other.manifest.label}' cannot share the column '{column}', "
                f"the code that measured it is not the same: {' and '.join(codes)}",
                todo="score both again with the same code (harness score FOLDER), or make two tables",
            )


# --------------------------------------------------------------------------- columns


def _keys(cards: Sequence[ScoreCard], task: Task) -> list[str]:
    """The task's columns in its order, each followed by its twins, then what else the cards hold."""
    known = [column.key for column in task.columns]
    others = sorted({column for card in cards for column in card.scores} - set(known))
    twins = {key: [other for other in others if _twin_of(other, task) == key] for key in known}
    placed = [column for key in known for column in (key, *twins[key])]
    return [*placed, *(other for other in others if other not in placed)]


def _twin_of(column: str, task: Task) -> str | None:
    """The column of the task that an open twin stands for."""
    stood_for = base(column)
    return stood_for if stood_for != column and any(stood_for == one.key for one in task.columns) else None


def _column(key: str, cards: Sequence[ScoreCard], task: Task) -> BoardColumn:
    if key in means_of(task):
        return BoardColumn(key, key, "mean", _higher_is_better(key, task), means_of(task)[key])
    kind: ColumnKind = "script" if key in {DIFFERENCE, *map(_of_script, means_of(task))} else "besides"
    own = next((column for column in task.columns if column.key == key), None)
    twin = next((column for column in task.columns if column.key == _twin_of(key, task)), None)
    return BoardColumn(
        key,
        own.title if own else key,
        "own" if own else "twin" if twin else kind,
        all(column.higher_is_better for column in (own, twin) if column),
        signature=next((card.signatures[key] for card in cards if key in card.signatures), None),
    )


def _higher_is_better(mean: str, task: Task) -> bool:
    lower = {column.key for column in task.columns if not column.higher_is_better}
    return not lower.issuperset(means_of(task)[mean])


# --------------------------------------------------------------------------- rows


def _standing(one: Entry, keys: Sequence[str], task: Task) -> Standing:
    scores = {column: by_field for column, by_field in one.card.scores.items() if by_field is not None}
    lines = _lines(scores, keys, task)
    mean = Line(
        MEAN,
        MEAN,
        tuple(n for line in lines for n in line.n),
        sum(line.failed for line in lines),
        sum(line.excluded for line in lines),
        _values(scores, keys, task),
    )
    parts = _lines(one.card.parts, keys, of_parts(task)) if one.card.parts else []
    return Standing(one.card, tuple(lines), mean, tuple(parts), texts=one.texts, usage=one.usage, folder=one.folder)


def _lines(scores: Mapping[str, Mapping[str, ColumnScore]], keys: Sequence[str], task: Task) -> list[Line]:
    """A line a field that has a number."""
    lines = []
    for field in [field for field in task.fields if any(field.name in by_field for by_field in scores.values())]:
        only = {column: {field.name: by_field[field.name]} for column, by_field in scores.items()}
        counts = [by_field[field.name] for by_field in scores.values()]  # unlike where a scorer refuses some
        n, failed, excluded = (max(getattr(each, what) for each in counts) for what in ("n", "failed", "excluded"))
        lines.append(Line(field.name, field.title, (n,), failed, excluded, _values(only, keys, task)))
    return lines


def _values(scores: Mapping[str, Mapping[str, ColumnScore]], keys: Sequence[str], task: Task) -> Values:
    columns = {key: mean_over_fields(scores.get(key)) for key in keys}
    values = {**columns, **{name: mean_over_columns(columns, members) for name, members in means_of(task).items()}}
    return {key: None if value is None else Number(value) for key, value in values.items()}


def any_value(standings: Iterable[Standing], key: str) -> bool:
    return any(line.values[key] is not None for one in standings for line in (*one.lines, one.mean))


def _complete(standings: Sequence[Standing], key: str) -> bool:
    return bool(standings) and all(one.mean.values[key] is not None for one in standings)


def _ranked(standings: Sequence[Standing], ranked_by: str | None, higher_is_better: bool) -> list[Standing]:
    """By rank, equals sharing one and standing in the order of their labels; by label where nothing ranks."""
    if ranked_by is None:
        return sorted(standings, key=lambda one: one.label)
    values = {one.label: number.value for one in standings if (number := one.mean.values[ranked_by])}
    keys = {label: -value if higher_is_better else value for label, value in values.items()}
    ranks = {label: 1 + sum(other < key for other in keys.values()) for label, key in keys.items()}
    placed = [replace(one, place=Place(ranks[one.label])) for one in standings]
    return sorted(placed, key=lambda one: (ranks[one.label], one.label))


# --------------------------------------------------------------------------- the official variant beside it


def _identity(card: ScoreCard) -> tuple[str, str]:
    """What the two variants of one submission's scores have in common."""
    return card.manifest.label, card.cases_digest


def _of_script(mean: str) -> str:
    return f"{mean} (official)"


def _compared(one: Standing, official: ScoreCard | None, mean: str, keys: Sequence[str], task: Task) -> Standing:
    """The row with the official variant of a mean beside the corrected one, and how much more it is."""
    script = _standing(Entry(official), keys, task) if official else None
    same = {line.name: line for line in (*script.lines, *script.parts)} if script else {}

    def beside(line: Line, other: Line | None) -> Line:
        ours, theirs = line.values[mean], other.values[mean] if other else None
        difference = Number(theirs.value - ours.value) if ours and theirs else None
        return replace(line, values={**line.values, _of_script(mean): theirs, DIFFERENCE: difference})

    return replace(
        one,
        lines=tuple(beside(line, same.get(line.name)) for line in one.lines),
        mean=beside(one.mean, script.mean if script else None),
        parts=tuple(beside(line, same.get(line.name)) for line in one.parts),
    )


# --------------------------------------------------------------------------- names


def _contest(card: ScoreCard, task: Task) -> str:
    return f"{task.title}, {card.manifest.corpus}, {card.manifest.split}"


def _title(card: ScoreCard, task: Task, tell_apart: bool) -> str:
    variant = ", variant official" if card.variant == "official" else ""
    return _contest(card, task) + _digest(card, tell_apart) + variant


def _digest(card: ScoreCard, tell_apart: bool) -> str:
    return f" ({card.manifest.corpus_digest[:8]})" if tell_apart else ""


def _ranking(standings: Sequence[Standing], ranked_by: str | None, task: Task) -> str:
    if not standings:
        return "no whole run"
    if ranked_by is None:
        return "unranked: no mean is complete for every row"
    return f"ranked by {ranked_by}, the mean of {', '.join(means_of(task)[ranked_by])}"
