"""The sentences under a board: what is missing, what the numbers are, and what they cannot say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

from harness.aggregate import says_official
from harness.board import NOT_AVAILABLE, OVERALL, Board, Standing, Statistics
from harness.board.cells import percent
from harness.errors import LeaderboardError
from harness.score import SHORT
from harness.stats import FEWEST, POWER, check_resamplable
from harness.types import ScoreCard, Signature, Task


def of_board(
    board: Board, keys: Sequence[str], partial: Sequence[Standing], official: Sequence[ScoreCard]
) -> tuple[str, ...]:
    """The notes of a board; `keys` are the columns that its rows might have, `partial` the runs that are not ranked,
    `official` the cards of the official variant."""
    cards, task = [one.card for one in board.standings], board.task
    measured = [column.key for column in board.columns if column.signature]
    return (
        *_support(board),
        *_intervals(board),
        *_seeds(board),
        *_missing(board, keys),
        *_partial(partial),
        *_excluded(board),
        *_kinds(board),
        *_script(official, board),
        *_short(cards[:1], task),
        *_refusals(cards),
        *_costs(board),
        *_measures(cards, measured),
    )


def of_row(board: Board, keys: Sequence[str]) -> tuple[str, ...]:
    """The notes of a board of one entry."""
    (standing,) = board.standings
    card, task = standing.card, board.task
    measured = [column.key for column in board.columns if column.signature]
    return (
        *_intervals(board),
        *_missing(board, keys),
        *_excluded(board),
        *_kinds(board),
        *_script([card] if card.variant == "official" else [], board),
        *_without_short(card, measured, task),
        *_refusals([card]),
        *_truncation(card, task),
        *_measures([card], measured),
    )


# --------------------------------------------------------------------------- what the ranks say


def _support(board: Board) -> list[str]:
    """What the tests say of the order, and what they could have said."""
    statistics = board.statistics
    if statistics is None or board.ranked_by is None or len(board.standings) < 2:
        return []
    level = percent(statistics.level)
    if all(_place(one) == (1, len(board.standings)) for one in board.standings):
        first = f"these data put no row above another: every rank is possible at {level}"
    else:
        first = (
            f"a tie group ends where every row above is better than all below at {level}; within a group some may be "
            "better than others: ranks is where the true rank may lie"
        )
    tests = len(board.standings) * (len(board.standings) - 1) // 2
    how = (
        f"{first} (approximate randomisation by subject, all {tests} pairs, Holm; counting {statistics.resamples:,} "
        f"resamples gives no p-value below {statistics.floor:.1g}: smaller ones are bounds of the tail)"
    )
    return [how, *_power(statistics, board.ranked_by)]


def _place(one: Standing) -> tuple[int | None, int | None]:
    return (one.place.low, one.place.high) if one.place else (None, None)


def _power(statistics: Statistics, mean: str) -> list[str]:
    smallest = [one.smallest for one in statistics.comparisons if math.isfinite(one.smallest)]
    if not smallest:
        return []
    difference = f"a true difference in {mean} of about {median(smallest):.4f}"
    return [
        f"with n = {statistics.cases} {difference} is found {percent(POWER)} of the time, a smaller one less often "
        "(median of the pairs, before the correction for many tests)"
    ]


def _intervals(board: Board) -> list[str]:
    statistics = board.statistics
    if statistics is None:
        return _no_intervals(board)
    bounded = _has_interval(board)
    if not any(bounded):
        return [f"no intervals: too few subjects (fewer than {FEWEST} have a reference)"]
    cases = f"{statistics.cases} cases" + (
        f" of {statistics.subjects} subjects" if statistics.subjects < statistics.cases else ""
    )
    how = f"{statistics.resamples:,} resamples, seed {statistics.seed}"
    said = f"{percent(statistics.level)} intervals: bias-corrected accelerated bootstrap, {cases}, {how}"
    if not all(bounded):
        said += f"; none where fewer than {FEWEST} subjects have a reference"
    about = "they are about other cases of this kind"
    training = "another training seed would change a system too, and that is in no interval here"
    return [f"{said}; {about}; {training}"] if not statistics.seeds else [f"{said}; {about}"]


def _has_interval(board: Board) -> list[bool]:
    """Of each number that is a statistic of the cases."""
    keys = [column.key for column in board.columns if column.kind != "script"]
    lines = [line for one in board.standings for line in (*one.lines, one.mean)]
    return [number.low is not None for line in lines for key in keys if (number := line.values[key])]


def _no_intervals(board: Board) -> list[str]:
    if not board.standings:
        return []
    try:
        check_resamplable(board.variant)
    except LeaderboardError as reason:
        return [f"no intervals: {reason.what}"]
    return ["no intervals: the statistics per case are not at hand for every row"]


def _seeds(board: Board) -> list[str]:
    if board.statistics is None:
        return []
    said = []
    for one in board.statistics.seeds:
        runs = ", ".join(f"{label} ({seed})" for label, seed in zip(one.labels, one.seeds, strict=True))
        bounds = "" if one.mean.low is None else f", {one.mean.low:.4f} to {one.mean.high:.4f} over cases"
        said.append(
            f"{one.system} ran with {len(one.labels)} seeds: {runs}: {board.ranked_by} is {one.mean.value:.4f} on "
            f"average{bounds}, and has a standard deviation of {one.deviation:.4f} between seeds; the interval of a "
            "row is that of its own run, over cases alone"
        )
    return said


# --------------------------------------------------------------------------- what is missing


def _missing(board: Board, keys: Sequence[str]) -> list[str]:
    missing = [key for key in (OVERALL, *keys) if not any(_has(one, key) for one in board.standings)]
    return [f"{NOT_AVAILABLE}: {', '.join(missing)}"] if missing else []


def _has(one: Standing, key: str) -> bool:
    return any(line.values.get(key) is not None for line in (*one.lines, one.mean))


def _partial(standings: Sequence[Standing]) -> list[str]:
    partial = sorted(f"{one.label} (n = {one.mean.cases})" for one in standings)
    return [f"partial runs, not ranked: {', '.join(partial)}"] if partial else []


def _excluded(board: Board) -> list[str]:
    """All rows have the same references, so the first speaks for all."""
    lines = board.standings[0].lines if board.standings else ()
    out = [f"{line.excluded} without {line.title}" for line in lines if line.excluded]
    return [f"cases that have no reference are out for every system: {', '.join(out)}"] if out else []


def _refusals(cards: Sequence[ScoreCard]) -> list[str]:
    return [
        f"{card.manifest.label}: {column} could not judge {count} texts, which count as failed: {reason}"
        for card in cards
        for column, reasons in card.refusals.items()
        for reason, count in reasons.items()
    ]


# --------------------------------------------------------------------------- what the numbers are


def _kinds(board: Board) -> list[str]:
    """Which columns are the task's own, where others stand beside them."""
    kinds = ("own", "twin", "besides")
    own, twins, others = ([column.key for column in board.columns if column.kind == kind] for kind in kinds)
    said = [f"open twins, no official columns: {', '.join(twins)}"] if twins else []
    said += [f"besides: {', '.join(others)}"] if others else []
    return ["; ".join([f"official columns: {', '.join(own) or 'none'}", *said])] if said else []


def _script(cards: Sequence[ScoreCard], board: Board) -> list[str]:
    if not cards or not board.task.published:
        return []
    beside = "; it has no interval, because a mean over the last batch is no statistic of the sample"
    return [says_official(board.task, cards[0].scores) + (beside if board.variant == "corrected" else "")]


def _short(cards: Iterable[ScoreCard], task: Task) -> list[str]:
    """All rows have the same references, so the first speaks for all."""
    counts = [f"{one.n} in {task.field(field).title}" for card in cards for field, one in card.short.items()]
    said = "a metric says little of so short a text; the score cards have the means without them"
    return [f"references under {SHORT} tokens: {', '.join(counts)} ({said})"] if counts else []


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


def _costs(board: Board) -> list[str]:
    if not any(one.usage for one in board.standings):
        return []
    return [
        "costs are a 1,000 stays, of a pool those of all candidates that it chose among; seconds are wall time on "
        "whichever machine made the run; grade is the school year that reads the text with ease (Coleman & Liau 1975)"
    ]


def _measures(cards: Sequence[ScoreCard], shown: Sequence[str]) -> list[str]:
    """What each column is, and a warning where its library versions are not the same for all rows."""
    signatures: list[str] = []
    warnings: dict[str, list[str]] = {}
    for column in shown:
        by_version: dict[str, list[str]] = {}
        for card in cards:
            if column in card.signatures:
                by_version.setdefault(environment(card.signatures[column]), []).append(card.manifest.label)
        if by_version:
            signature = next(card.signatures[column] for card in cards if column in card.signatures)
            signatures.append(signature_line(column, signature))
        if len(by_version) > 1:
            unlike = "; ".join(f"{versions} for {', '.join(labels)}" for versions, labels in by_version.items())
            warnings.setdefault(unlike, []).append(column)
    return [*(f"warning, unlike versions in {', '.join(c)}: {text}" for text, c in warnings.items()), *signatures]


def environment(signature: Signature) -> str:
    return ", ".join(f"{package} {version}" for package, version in signature.environment.items()) or "none"


def signature_line(column: str, signature: Signature) -> str:
    return f"{column}: {signature}" + (f" ({environment(signature)})" if signature.environment else "")
