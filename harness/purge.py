"""All that derives from a corpus, to be listed and deleted: its root in the workspace, and its runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.corpora.marking import read_marking
from harness.workspace import root_path, workspace_folder


def derived(data: Path | None, submissions: Path) -> list[Path]:
    """The folders that derive from the corpus at `data`, or from any corpus."""
    roots = _all_roots() if data is None else [root_path(read_marking(data).name, data)]
    runs = (path.parent for path in submissions.rglob("run.json"))
    mine = (run for run in runs if data is None or _data(run) == str(data.resolve()))
    return [path for path in [*roots, *sorted(mine)] if path.exists()]


def _all_roots() -> list[Path]:
    folder = workspace_folder()
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _data(run: Path) -> str:
    try:
        return str(json.loads((run / "run.json").read_bytes())["data"])
    except (ValueError, KeyError):
        return ""


def size(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def delete(folders: list[Path]) -> Iterator[Path]:
    """Delete each folder, and the folders above it that it leaves empty; yields what is gone."""
    for folder in folders:
        shutil.rmtree(folder)
        for above in folder.parents:
            if not above.is_dir() or any(above.iterdir()) or above == Path.cwd():
                break
            above.rmdir()
        yield folder
