"""All that derives from a corpus, to be listed and deleted: its root in the workspace, its runs, private reports, and
models that learned from it for good."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.corpora import default_wards
from harness.errors import CorpusError
from harness.files import half_of, locked, read_object, remove
from harness.report import folder as report
from harness.tuning.adapters import MERGED
from harness.tuning.origin import lineage
from harness.workspace import MARK_FILE, corpus_roots, is_root_of, workspace_folder

_RUN = "run.json"
_MARKS = (MARK_FILE, _RUN, report.MARK, MERGED)
"""What a folder is known by: by the last of these that stands in it."""


def derived(data: Path | None, submissions: Path) -> list[Path]:
    """The folders that derive from the corpus at `data`, or from any corpus; these with the default wards.

    Only what we made. Raises CorpusError if `data` is not there and nothing derives from it."""
    roots = [*corpus_roots(), *default_wards()] if data is None else corpus_roots(data)
    runs = sorted(run.parent for run in submissions.rglob(_RUN) if _derives(run, data))
    found = _outermost([*roots, *runs, *_reports(submissions, data), *_merged(submissions, data)])
    if data is not None and not data.exists() and not found:
        raise CorpusError(
            f"{data}: there is no such folder, and nothing in {workspace_folder()} or {submissions} derives from it",
            todo="name the folder that was given to submit with --data, and with --out where its runs are",
        )
    return found


def _reports(submissions: Path, data: Path | None) -> list[Path]:
    """Folders of reports that hold texts of the corpus, half written ones too."""
    found = {folder: report.read_mark(folder) for folder in _marked(report.MARK, submissions)}
    wanted = None if data is None else str(data.resolve())
    return [
        folder
        for folder, mark in found.items()
        if mark and mark["private"] and (wanted is None or wanted in mark["data"])
    ]


def _merged(submissions: Path, data: Path | None) -> list[Path]:
    """Restricted models that an adapter of the corpus was put into for good, or into what they were tuned from, half
    written ones too."""
    found = {folder: read_object(folder / MERGED) for folder in _marked(MERGED, submissions)}
    return [
        folder
        for folder, mark in found.items()
        if mark.get("restricted") and (data is None or any(is_root_of(root, data) for root in _roots(mark)))
    ]


def _roots(mark: Mapping[str, Any]) -> list[str]:
    """The names of the roots in which the adapters lay that a merged model learned from."""
    about = mark.get("about")
    return [str(one.get("root")) for one in (mark, *lineage(about if isinstance(about, dict) else {}))]


def _marked(name: str, submissions: Path) -> list[Path]:
    """The folders with a mark of this name, below that of the runs, what was to take its place, and the workspace."""
    tops = (submissions, half_of(submissions), workspace_folder())
    return sorted({mark.parent for top in tops for mark in top.rglob(name)})


def _outermost(folders: list[Path]) -> list[Path]:
    """Each of the folders once, and none that lies in another."""
    places = {folder.resolve(): folder for folder in folders}
    return [folder for place, folder in places.items() if places.keys().isdisjoint(place.parents)]


def _derives(run: Path, data: Path | None) -> bool:
    held = read_object(run)
    return held.keys() >= {"identity", "data"} and (data is None or held["data"] == str(data.resolve()))


def size(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def delete(folders: list[Path], submissions: Path) -> None:
    """Delete each folder, and the folders of `submissions` that it leaves empty.

    Raises RunError, and deletes nothing, while a process is at work in one of them: it would write on there."""
    _refuse_at_work(folders)
    kept = {workspace_folder().resolve(), submissions.resolve()}
    for folder in folders:
        _delete(folder)
        if folder.resolve() in kept:
            continue
        for above in folder.resolve().parents:
            if above in kept or any(above.iterdir()):
                break
            above.rmdir()


def _refuse_at_work(folders: list[Path]) -> None:
    """Whoever works in a folder holds a lock there. A run is named before what it may hold in the corpus's root."""
    locks = {lock for folder in folders for lock in folder.rglob("*lock") if lock.is_file()}
    for lock in sorted(locks, key=lambda lock: (lock.name != "run.lock", lock)):
        with locked(lock, f"nothing was deleted: {lock.parent}"):
            pass


def _delete(folder: Path) -> None:
    """The marks last: by them a purge that comes after one that was stopped finds the rest."""
    remove(*sorted(folder.iterdir(), key=lambda one: _MARKS.index(one.name) if one.name in _MARKS else -1))
    folder.rmdir()
