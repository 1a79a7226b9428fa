"""The runs behind a board's rows: where a card lies, what was handed in, whose text a pool chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ScoreError
from harness.files import JsonLines
from harness.judge import data_of
from harness.run import CANDIDATES, Place
from harness.score import Stats
from harness.scorecard import CARD_FILES, read_card, read_stats
from harness.submission import read_submission
from harness.types import ScoreCard, Submission, Task


@dataclass(frozen=True)
class Run:
    """The folder of a card."""

    folder: Path

    def stats(self, card: ScoreCard) -> Stats:
        return read_stats(self.folder, card)

    def submission(self, task: Task) -> Submission | None:
        """What was handed in, None where the folder holds the scores alone."""
        path = self.folder / task.submission.file_name
        return read_submission(path, task) if path.exists() else None

    def writers(self, card: ScoreCard) -> dict[Place, str]:
        """Of a pool: whose text it chose, by place."""
        if "members" not in card.manifest.settings:
            return {}
        lines = JsonLines(self.folder / CANDIDATES).read()
        return {(one["case"], one["field"]): one["system"] for one in lines}

    def data(self) -> Path:
        """Where the corpus lies that the run was made on."""
        return data_of(self.folder)


Runs = Mapping[tuple[str, str], Run]


def find_runs(folder: Path) -> dict[tuple[str, str], Run]:
    """The runs below the folder by the label and the statistics of their cards."""
    return {(card.manifest.label, card.cases_digest): Run(path.parent) for path, card in _cards(folder)}


def run_of(card: ScoreCard, runs: Runs) -> Run:
    return runs[card.manifest.label, card.cases_digest]


def _cards(folder: Path) -> Iterator[tuple[Path, ScoreCard]]:
    for path in sorted(path for name in CARD_FILES.values() for path in folder.rglob(name)):
        try:
            yield path, read_card(path)
        except ScoreError:
            continue  # the board has said so
