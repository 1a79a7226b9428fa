"""What a private report reads in the folder of a run: its texts, whose they are, and where the corpus lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.board import Standing
from harness.candidates import CANDIDATES, Place
from harness.errors import LeaderboardError
from harness.files import JsonLines
from harness.judge import data_of
from harness.score import Stats
from harness.scorecard import read_stats
from harness.submission import read_submission
from harness.types import Submission, Task


@dataclass(frozen=True)
class Run:
    """What one system handed in, and how each case scored; `writers` says of a pool whose text it chose."""

    label: str
    submission: Submission
    stats: Stats
    writers: Mapping[Place, str]


def read_run(one: Standing, task: Task) -> Run:
    """Raises LeaderboardError for a row that is no run with its texts."""
    folder = folder_of(one)
    path = folder / task.submission.file_name
    if not path.exists():
        raise LeaderboardError(f"the texts of '{one.label}' are not in {folder}", todo="leave out --private")
    return Run(one.label, read_submission(path, task), read_stats(folder, one.card), _writers(one, folder))


def folder_of(one: Standing) -> Path:
    if one.folder is None or not one.folder.is_dir():
        raise LeaderboardError(f"'{one.label}' has no folder with its texts", todo="import the file: harness import")
    return one.folder


def data_of_run(one: Standing) -> Path:
    return data_of(folder_of(one))


def _writers(one: Standing, folder: Path) -> dict[Place, str]:
    if "members" not in one.card.manifest.settings:
        return {}
    return {(line["case"], line["field"]): line["system"] for line in JsonLines(folder / CANDIDATES).read()}
