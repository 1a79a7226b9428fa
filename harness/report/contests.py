"""A board -> what the report shows of it. Reads score cards and their statistics; no text is opened."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from harness.board import Board, BoardColumn, Number, Standing
from harness.board.cells import p_value
from harness.report.lengths import bin_width, lengths
from harness.report.view import Column, Comparison, Contest, Estimate, Field, Lengths, System
from harness.scorecard import read_stats

_Samples: TypeAlias = Mapping[str, tuple[list[int], list[int]]]
"""By field: the words of each text that was written, and of each reference."""


def contest(board: Board) -> Contest:
    """What the report shows of a board that has rows."""
    samples = {one.label: _samples(one) for one in board.standings}
    fields = tuple(_field(name, board, samples) for name in (*board.fields, *board.parts))
    statistics = board.statistics
    return Contest(
        title=board.title,
        task=board.task.title,
        corpus=board.corpus,
        split=board.split,
        cases=statistics.cases if statistics else board.standings[0].card.manifest.cases,
        subjects=statistics.subjects if statistics else 0,
        ranked_by=board.ranked_by or "",
        ranking=board.ranking,
        fields=fields,
        columns=tuple(_column(one, board) for one in board.columns),
        systems=tuple(_system(one, board, fields, samples[one.label]) for one in board.standings),
        comparisons=_comparisons(board),
        notes=board.notes,
    )


def _column(one: BoardColumn, board: Board) -> Column:
    return Column(
        key=one.key,
        title=one.title,
        higher_is_better=one.higher_is_better,
        about=str(one.signature) if one.signature else ", ".join(one.members),
        ranks=one.key == board.ranked_by,
    )


def _system(one: Standing, board: Board, fields: Sequence[Field], samples: _Samples) -> System:
    place, usage = one.place, one.usage
    tokens, seconds, energy = usage.per_1000 if usage else (None, None, None)
    pool = "members" in one.card.manifest.settings
    return System(
        label=one.label,
        plugin=one.card.manifest.system,
        rank=place.rank if place else None,
        low=place.low if place else None,
        high=place.high if place else None,
        tie=place.group if place else None,
        n=one.mean.cases,
        failed=one.mean.failed,
        unproven=one.unproven,
        values={
            line.name: tuple(_estimate(line.values.get(key)) for key in board.shown)
            for line in (*one.lines, *one.parts, one.mean)
        },
        grades={name: figures.grade for name, figures in one.texts.items()},
        tokens=tokens,
        seconds=seconds,
        energy=energy,
        lengths=_lengths(samples, fields),
        shares=dict(usage.writers) if usage and pool else {},
    )


def _estimate(number: Number | None) -> Estimate:
    """To six digits: more would only make the page larger."""
    if number is None:
        return None, None, None
    bounds = (number.value, number.low, number.high)
    value, low, high = (None if one is None or not math.isfinite(one) else round(one, 6) for one in bounds)
    return value, low, high


def _comparisons(board: Board) -> tuple[Comparison, ...]:
    if board.statistics is None:
        return ()
    return tuple(
        Comparison(
            first=one.first,
            second=one.second,
            difference=_estimate(Number(one.difference.value, one.difference.low, one.difference.high)),
            p=p_value(one.p, bound=one.by_tail),
            p_holm=p_value(one.p_holm, bound=one.by_tail),
            apart=one.p_holm <= 1 - board.statistics.level,
            reversal=one.reversal,
        )
        for one in board.statistics.comparisons
    )


# --------------------------------------------------------------------------- lengths


def _samples(one: Standing) -> _Samples:
    """Nothing for a row whose statistics are not in a folder."""
    if one.folder is None or not one.folder.is_dir():
        return {}
    stats = read_stats(one.folder, one.card)
    return {
        name: (_counted(stats.words[f, :, 0]), _counted(stats.words[f, :, 1])) for f, name in enumerate(stats.fields)
    }


def _counted(words: Any) -> list[int]:
    """Without the cases that have no text: they have failed, or are out."""
    return [int(one) for one in words if one]


def _field(name: str, board: Board, samples: Mapping[str, _Samples]) -> Field:
    title = board.lines_of(name)[0][1].title
    of_field = [of[name] for of in samples.values() if name in of]
    references = of_field[0][1] if of_field else []
    width = bin_width(references, [own for own, _ in of_field])
    return Field(name, title, width, lengths(references, width))


def _lengths(samples: _Samples, fields: Sequence[Field]) -> dict[str, Lengths]:
    found = {one.name: lengths(samples[one.name][0], one.width) for one in fields if one.name in samples}
    return {name: one for name, one in found.items() if one is not None}
