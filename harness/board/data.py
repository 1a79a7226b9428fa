"""Boards -> text for programs: json with the whole structure, csv with a row for each field and one for the mean."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.board import NOT_AVAILABLE, Board, Line, Standing
from harness.files import finite

SCHEMA = 1


def as_json(boards: Sequence[Board]) -> str:
    """A list of boards; see `plain`."""
    return json.dumps([plain(board) for board in boards], indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def plain(board: Board) -> dict[str, Any]:
    """The board as JSON's own types, numbers unrounded, null where something is n/a. No path and no host is in it."""
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "title": board.title,
        "task": board.task.name,
        "corpus": board.corpus,
        "split": board.split,
        "variant": board.variant,
        "restricted": board.restricted,
        "ranked_by": board.ranked_by,
        "ranking": board.ranking,
        "columns": [asdict(column) for column in board.columns],
        "rows": [_row(standing) for standing in board.standings],
        "statistics": asdict(board.statistics) if board.statistics else None,
        "notes": list(board.notes),
    }
    return finite(found)  # type: ignore[no-any-return]


def as_csv(boards: Sequence[Board]) -> str:
    """Values in full; `low` and `high` bound the interval of the column before them. A cell is empty where the board
    of the row does not have the column."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    shown = list(dict.fromkeys(key for board in boards for key in board.shown))
    header = ["task", "corpus", "split", "variant", "rank", "rank low", "rank high", "group", "label", "field"]
    counts = ["n", "failed", "excluded"]
    numbers = [cell for key in shown for cell in (key, f"{key} low", f"{key} high")]
    texts = ["words", "reference words", "grade"]
    costs = ["tokens per 1000", "seconds per 1000", "watt-hours per 1000"]
    writer.writerow([*header, *counts, *numbers, *texts, *costs, "unproven", "signatures"])
    for board in boards:
        contest = [board.task.name, board.corpus, board.split, board.variant]
        signatures = "; ".join(f"{c.key}: {c.signature}" for c in board.columns if c.signature)
        for one in board.standings:
            for line in (*one.lines, one.mean, *one.parts):
                cells = [cell for key in shown for cell in _numbers(line, key, board)]
                beside = [*_extras(one, line), one.unproven, signatures]
                writer.writerow([*contest, *_places(one), *_counts(line), *cells, *beside])
    return buffer.getvalue()


def _row(one: Standing) -> dict[str, Any]:
    manifest, usage = one.card.manifest, one.usage
    return {
        "label": one.label,
        "system": manifest.system,
        "team": manifest.team,
        "description": manifest.description,
        "origin": manifest.origin,
        "seed": manifest.seed,
        "external_data": list(manifest.external_data),
        "place": asdict(one.place) if one.place else None,
        "lines": [asdict(line) for line in one.lines],
        "mean": asdict(one.mean),
        "parts": [asdict(line) for line in one.parts],
        "texts": {field: asdict(figures) for field, figures in one.texts.items()},
        "usage": usage and {**asdict(usage), **dict(zip(_PER_1000, usage.per_1000, strict=True))},
        "truncation": {c: {f: asdict(one) for f, one in fields.items()} for c, fields in one.card.truncation.items()},
        "refusals": {column: dict(reasons) for column, reasons in one.card.refusals.items()},
        "unproven": one.unproven,
    }


_PER_1000 = ("tokens_per_1000", "seconds_per_1000", "watt_hours_per_1000")


def _places(one: Standing) -> list[Any]:
    place = one.place
    ranks = map(_cell, (place.rank, place.low, place.high, place.group) if place else [None] * 4)
    return [*ranks, _tame(one.label)]


def _tame(label: str) -> str:
    """Labels come from other people, as names of files: a spreadsheet computes what begins like a formula, and csv's
    writer does not quote a carriage return, which ends the row."""
    mark = "'" if label.startswith(("=", "+", "-", "@", "\t", "\r")) else ""
    return mark + label.replace("\r", " ")


def _counts(line: Line) -> list[Any]:
    return [line.name, line.cases, line.failed, line.excluded]


def _numbers(line: Line, key: str, board: Board) -> list[str]:
    if key not in board.shown:
        return [""] * 3
    number = line.values[key]
    return list(map(_cell, (number.value, number.low, number.high) if number else [None] * 3))


def _extras(one: Standing, line: Line) -> list[Any]:
    """What the field's texts are like, and what the run cost: that is not known by field."""
    figures = one.texts.get(line.name)
    texts = (figures.words, figures.reference_words, figures.grade) if figures else [None] * 3
    costs = one.usage.per_1000 if one.usage else [None] * 3
    return list(map(_cell, (*texts, *costs)))


def _cell(value: float | None) -> str:
    return NOT_AVAILABLE if value is None else repr(value)
