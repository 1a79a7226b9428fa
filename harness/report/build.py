"""Boards -> a report's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import harness
from harness.errors import UsageError
from harness.leaderboard import Board
from harness.report import folder
from harness.report.cases import data_of_board, write_cases
from harness.report.contests import contest
from harness.report.runs import find_runs
from harness.report.view import Report


def write_report(boards: Sequence[Board], runs_below: Path, out: Path, *, private: bool) -> list[str]:
    """Write the report of some boards, whose runs lie below a folder; returns what to tell the user.

    The public build holds no text and no id. The private one has a page for each case."""
    shown = [board for board in boards if board.standings]
    if not shown:
        raise UsageError("there is no whole run to report on", todo="submit without --limit")
    runs = find_runs(runs_below)
    data = [data_of_board(board, runs) for board in shown] if private else []
    with folder.building(out, data, private=private) as new:
        contests = [contest(board, runs) for board in shown]
        if private:
            contests = [replace(one, pages=f"cases-{at}") for at, one in enumerate(contests)]
            for board, one in zip(shown, contests, strict=True):
                write_cases(board, runs, new / one.pages)
        report = Report(tuple(contests), harness.__version__, private)
        folder.write_scripts(new, private=private)
        folder.write_data(new / "data.js", "report.load", report)
        for page in folder.pages(private=private):
            folder.write_page(new, page, {"report": report})
    return [f"{out / 'index.html'}: open it in a browser", *(_where_it_lies(out, data) if private else [])]


def _where_it_lies(out: Path, data: Sequence[Path]) -> list[str]:
    """A word on where the texts are now, and on how they go."""
    return [f"{out} holds texts of {', '.join(map(str, data))}; harness purge --out {out} finds it there"]
