"""A board and the runs behind its rows -> what the report shows of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.contest import read_references
from harness.corpora import open_corpus
from harness.errors import HarnessError, LeaderboardError
from harness.leaderboard import OVERALL, Board, Line, Standing
from harness.report.lengths import bin_width, lengths, words
from harness.report.runs import Runs, run_of
from harness.report.view import TOGETHER, Column, Contest, Estimate, Field, Lengths, System
from harness.stats import Measure, Place, Sample, bootstrap, gather, intervals, measures, rank
from harness.types import Submission


@dataclass(frozen=True)
class Uncertainty:
    """What the resamples say: intervals by system, field and column, places by system, and how that was found."""

    said: str
    subjects: int
    intervals: Mapping[tuple[str, str, str], Estimate]
    places: Mapping[str, Place]


def contest(board: Board, runs: Runs) -> Contest:
    """What the report shows of a board."""
    task, manifest = board.task, board.standings[0].card.manifest
    names = [line.name for line in board.standings[0].fields]
    columns = _columns(board)
    known = _uncertainty(board, runs, columns)
    submissions = {one.label: run_of(one.card, runs).submission(task) for one in board.standings}
    samples = {name: _samples(submissions, name) for name in names}
    written = _reference_samples(board, runs, names)
    widths = {name: bin_width(written.get(name, []), list(samples[name].values())) for name in names}
    fields = tuple(
        Field(name, task.field(name).title, widths[name], lengths(written.get(name, []), widths[name]))
        for name in names
    )
    systems = [_system(one, columns, known, runs) for one in board.standings]
    return Contest(
        task=task.title,
        corpus=manifest.corpus,
        split=manifest.split,
        restricted=manifest.restricted,
        cases=manifest.cases,
        subjects=known.subjects,
        ranked_by=board.ranked_by or "",
        fields=fields,
        columns=columns,
        systems=tuple(replace(one, lengths=_lengths(one.label, samples, widths)) for one in systems),
        uncertainty=known.said,
        notes=board.notes,
    )


def ranked_columns(board: Board) -> tuple[str, ...]:
    """The columns that the ranking mean is the mean of; none where nothing ranks."""
    if board.ranked_by == OVERALL:
        return tuple(column.key for column in board.task.columns if column.in_overall)
    return board.task.means[board.ranked_by] if board.ranked_by else ()


def _columns(board: Board) -> tuple[Column, ...]:
    signatures = {key: str(sign) for one in board.standings for key, sign in one.card.signatures.items()}
    own = {column.key: column for column in board.task.columns}
    return tuple(
        Column(
            key=key,
            title=own[key].title if key in own else key,
            higher_is_better=key not in own or own[key].higher_is_better,
            about=signatures.get(key, ""),
            ranks=key == board.ranked_by,
        )
        for key in board.shown
    )


def _system(one: Standing, columns: Sequence[Column], known: Uncertainty, runs: Runs) -> System:
    place = known.places.get(one.label)
    lines = {**{line.name: line for line in one.fields}, TOGETHER: one.mean}
    return System(
        label=one.label,
        plugin=one.card.manifest.system,
        rank=one.rank,
        low=place.low if place else None,
        high=place.high if place else None,
        tie=place.group if place else None,
        n=one.mean.n,
        failed=one.mean.failed,
        unproven=one.unproven,
        values={name: _estimates(one.label, name, line, columns, known) for name, line in lines.items()},
        shares=_shares(one, runs),
    )


def _estimates(
    label: str, field: str, line: Line, columns: Sequence[Column], known: Uncertainty
) -> tuple[Estimate, ...]:
    plain = {column.key: (line.values.get(column.key), None, None) for column in columns}
    return tuple(known.intervals.get((label, field, key), estimate) for key, estimate in plain.items())


def _shares(one: Standing, runs: Runs) -> dict[str, dict[str, int]]:
    by_field: dict[str, Counter[str]] = {}
    for (_, field), system in run_of(one.card, runs).writers(one.card).items():
        by_field.setdefault(field, Counter())[system] += 1
    return {field: dict(counts.most_common()) for field, counts in by_field.items()}


# --------------------------------------------------------------------------- intervals


def _uncertainty(board: Board, runs: Runs, columns: Sequence[Column]) -> Uncertainty:
    """Nothing but the reason where there can be no intervals."""
    try:
        stats = {one.label: run_of(one.card, runs).stats(one.card) for one in board.standings}
        sample = gather(stats, variant=board.standings[0].card.variant)
    except HarnessError as reason:
        return Uncertainty(f"no intervals: {reason.what}", 0, {}, {})
    means = {board.ranked_by: ranked_columns(board)} if board.ranked_by else {}
    found = [one for one in measures(sample, means) if one.name in {column.key for column in columns}]
    resamples = bootstrap(sample)
    estimates = {}
    for field in (TOGETHER, *sample.fields):
        within = {one if field == TOGETHER else one.within(field): one.name for one in found}
        for label, by_measure in intervals(resamples, tuple(within)).items():
            for measure, one in by_measure.items():
                if one is not None:
                    estimates[label, field, within[measure]] = _finite(one.value, one.low, one.high)
    places = _places(sample, next((one for one in found if one.name == board.ranked_by), None))
    return Uncertainty(_said(resamples.how.times, sample), sample.subjects, estimates, places)


def _places(sample: Sample, measure: Measure | None) -> dict[str, Place]:
    try:
        return {place.system: place for place in rank(sample, measure).places} if measure else {}
    except LeaderboardError:
        return {}


def _said(times: int, sample: Sample) -> str:
    return (
        f"95 % intervals of {times:,} bootstrap resamples of {sample.subjects:,} subjects; ranks by approximate "
        "randomisation of every two systems, Holm-corrected. They are about other cases of the same kind: training "
        "seeds are not in them."
    )


def _finite(*numbers: float) -> Estimate:
    value, low, high = (None if math.isinf(number) else number for number in numbers)
    return value, low, high


# --------------------------------------------------------------------------- lengths


def _samples(submissions: Mapping[str, Submission | None], field: str) -> dict[str, list[int]]:
    """Words a text, by system."""
    return {
        label: words([row.get(field, "") for row in submission.rows.values()])
        for label, submission in submissions.items()
        if submission is not None
    }


def _reference_samples(board: Board, runs: Runs, names: Sequence[str]) -> dict[str, list[int]]:
    """Words a reference, by field; nothing where the corpus is not there any more, or another."""
    card = board.standings[0].card
    try:
        corpus = open_corpus(run_of(card, runs).data(), board.task, card.manifest.split)
        if corpus.digest(card.manifest.split) != card.manifest.corpus_digest:
            return {}
        references = list(read_references(corpus, board.task, card.manifest.split))
    except HarnessError:
        return {}
    return {name: words([one.values.get(name, "") for one in references]) for name in names}


def _lengths(
    label: str, samples: Mapping[str, Mapping[str, Sequence[int]]], widths: Mapping[str, int]
) -> dict[str, Lengths]:
    found = {name: lengths(of[label], widths[name]) for name, of in samples.items() if label in of}
    return {name: one for name, one in found.items() if one is not None}
