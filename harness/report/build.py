"""Boards -> a report's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import harness
from harness.board import Board
from harness.errors import UsageError
from harness.report import folder
from harness.report.cases import corpus_of, write_cases
from harness.report.contests import contest
from harness.report.view import Report


def write_report(boards: Sequence[Board], out: Path, *, private: bool) -> list[str]:
    """Write the report of some boards; returns what to tell the user.

    The public build holds no text and no id, and opens no file that does. The private one has a page for each case.
    Raises UsageError where nothing is whole, or something else lies at `out`."""
    shown = [board for board in boards if board.standings]
    if not shown:
        raise UsageError("there is no whole run to report on", todo="submit without --limit")
    corpora = [corpus_of(board) for board in shown] if private else []
    with folder.building(out, [corpus.data for corpus in corpora], private=private) as new:
        contests = [replace(contest(board), pages=f"cases-{at}" if private else "") for at, board in enumerate(shown)]
        for board, corpus, one in zip(shown, corpora, contests, strict=False):
            write_cases(board, corpus, new / one.pages)
        folder.write_scripts(new, private=private)
        report = Report(tuple(contests), harness.__version__, private)
        folder.write_data(new / "data.js", "report.load", report)
        for page in folder.pages(private=private):
            folder.write_page(new, page, {"report": report})
    found = [f"{out / 'index.html'}: open it in a browser"]
    if private:
        whose = ", ".join(dict.fromkeys(str(corpus.data) for corpus in corpora))
        found.append(f"it holds texts of {whose}: harness purge finds it here with --out {out}")
    return found
