"""All that derives from a corpus, to be listed and deleted: its root in the workspace, its runs, private reports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from harness.corpora import default_wards
from harness.errors import CorpusError
from harness.report import folder as report
from harness.workspace import corpus_roots, workspace_folder


def derived(data: Path | None, submissions: Path) -> list[Path]:
    """The folders that derive from the corpus at `data`, or from any corpus; these with the default wards.

    Only what we made. Raises CorpusError if `data` is not there and nothing derives from it."""
    roots = [*corpus_roots(), *default_wards()] if data is None else corpus_roots(data)
    runs = sorted(run.parent for run in submissions.rglob("run.json") if _derives(run, data))
    reports = [one for one in _reports(submissions, data) if not _lies_in(one, [*roots, *runs])]
    if data is not None and not data.exists() and not [*roots, *runs, *reports]:
        raise CorpusError(
            f"{data}: there is no such folder, and nothing in {workspace_folder()} or {submissions} derives from it",
            todo="name the folder that was given to submit with --data, and with --out where its runs are",
        )
    return [*roots, *runs, *reports]


def _reports(submissions: Path, data: Path | None) -> list[Path]:
    """Folders of reports that hold texts of the corpus, below the folder of the runs or the workspace."""
    marks = {mark.parent for top in (submissions, workspace_folder()) for mark in top.rglob(report.MARK)}
    found = {folder: report.read_mark(folder) for folder in sorted(marks)}
    wanted = None if data is None else str(data.resolve())
    return [
        folder
        for folder, mark in found.items()
        if mark and mark["private"] and (wanted is None or wanted in mark["data"])
    ]


def _lies_in(folder: Path, others: list[Path]) -> bool:
    return any(other.resolve() in folder.resolve().parents for other in others)


def _derives(run: Path, data: Path | None) -> bool:
    try:
        held = json.loads(run.read_bytes())
    except ValueError:
        return False
    ours = isinstance(held, dict) and held.keys() >= {"identity", "data"}
    return ours and (data is None or held["data"] == str(data.resolve()))


def size(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def delete(folders: list[Path], submissions: Path) -> None:
    """Delete each folder, and the folders of `submissions` that it leaves empty."""
    kept = {workspace_folder().resolve(), submissions.resolve()}
    for folder in folders:
        shutil.rmtree(folder)
        if folder.resolve() in kept:
            continue
        for above in folder.resolve().parents:
            if above in kept or any(above.iterdir()):
                break
            above.rmdir()
