"""Board -> text: markdown for people, csv for programs, a short block for one row."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from harness.errors import LeaderboardError
from harness.leaderboard import MEAN, NOT_AVAILABLE, Board, Standing, Values, signature_line
from harness.types import Task


def render(board: Board, format: str) -> str:
    """The board as "md" (aligned, values to four digits) or "csv" (a row for each field and one for the mean,
    values in full)."""
    renderers = {"md": _markdown, "csv": _csv}
    if format not in renderers:
        raise LeaderboardError(f"there is no format '{format}'", todo=f"choose {' or '.join(renderers)}")
    return renderers[format](board)


def row_lines(board: Board) -> str:
    """The one row of a board as a short block of text: its values by field and over all, and what they are."""
    standing, task = board.standings[0], board.task
    rows = [["", "n", *(_heading(key, task) for key in board.shown), "failed"]]
    for line in (*standing.fields, standing.mean):
        name = MEAN if line is standing.mean else task.field(line.name).title
        rows.append([name, line.n, *_cells(line.values, board.shown), str(line.failed)])
    lines = [board.title, *("  ".join(row) for row in _aligned(rows, left=0)), *board.notes]
    return "".join(f"{_printable(line)}\n" for line in lines)


def _markdown(board: Board) -> str:
    unproven = any(one.unproven for one in board.standings)
    rows = [["rank", "label", "n", *(_heading(key, board.task) for key in board.shown), "failed"]]
    rows[0] += ["unproven"] * unproven
    for one in board.standings:
        label = _printable(one.label).replace("|", r"\|")
        values = _cells(one.mean.values, board.shown)
        rows.append([_rank(one), label, one.mean.n, *values, str(one.mean.failed), *[str(one.unproven)] * unproven])
    header, *body = _aligned(rows, left=1)
    rule = [":" + "-" * (len(cell) - 1) if i == 1 else "-" * (len(cell) - 1) + ":" for i, cell in enumerate(header)]
    lines = [f"### {_printable(board.title)}", "", *(f"| {' | '.join(row)} |" for row in (header, rule, *body))]
    if board.notes:
        lines += ["", *(f"- {_printable(note)}" for note in board.notes)]
    return "".join(f"{line}\n" for line in lines).replace("<", "&lt;")


def _csv(board: Board) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["rank", "label", "field", "n", "failed", "excluded", *board.shown, "unproven", "signatures"])
    for one in board.standings:
        measures = one.card.signatures
        signatures = "; ".join(signature_line(key, measures[key]) for key in board.shown if key in measures)
        for line in (*one.fields, one.mean):
            values = [NOT_AVAILABLE if (v := line.values[key]) is None else repr(v) for key in board.shown]
            counts = [line.n, line.failed, line.excluded]
            writer.writerow([_rank(one), one.label, line.name, *counts, *values, one.unproven, signatures])
    return buffer.getvalue()


def _rank(standing: Standing) -> str:
    return NOT_AVAILABLE if standing.rank is None else str(standing.rank)


def _heading(key: str, task: Task) -> str:
    return next((column.title for column in task.columns if column.key == key), key)


def _cells(values: Values, keys: Sequence[str]) -> list[str]:
    """Values to four digits, without a minus before what is 0."""
    return [NOT_AVAILABLE if (value := values[key]) is None else f"{round(value, 4) + 0.0:.4f}" for key in keys]


def _aligned(rows: Sequence[Sequence[str]], left: int) -> list[list[str]]:
    """Cells padded to the width of their column (at least two, for the rule of a markdown table), on the left
    but in the column `left`."""
    widths = [max(2, *map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [
            cell.ljust(width) if i == left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]


def _printable(text: str) -> str:
    """Names come from other people: no line breaks, no terminal codes."""
    return "".join(c if c.isprintable() else " " for c in text)
