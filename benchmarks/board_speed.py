"""How long does a board take, from the score cards on disk to the table in every format, and how much memory?

    python benchmarks/board_speed.py [--systems 200] [--cases 10962] [--resamples 10000] [--compare adjacent] [--seed 0]

The cards are of the task discharge-me with all eight columns and both fields; scores are random, a subject a case, one
case in fifty without a reference. Writing the cards is not counted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.stats_speed import timed
from harness import Task
from harness.board.statistics import Wanted
from harness.board.text import FORMATS, render
from harness.entries import collect
from harness.leaderboard import boards
from harness.plugins import registry
from harness.score import Measured, Stats
from harness.scorecard import make_card, write_cards
from harness.types import Manifest, Signature

T = TypeVar("T")


def manifest(label: str, cases: int) -> Manifest:
    return Manifest(
        task="discharge-me",
        task_version=1,
        corpus="made",
        corpus_digest="c0ffee",
        restricted=False,
        split="test_phase_2",
        cases=cases,
        partial=False,
        ids_digest="1d",
        system=label,
        label=label,
        settings={},
        seed=0,
        origin="imported",
        model_digests={},
        packages={},
        revision="",
        hosts=(),
        leak_check={},
        candidates_digest="",
        csv_digest="",
    )


def write_system(folder: Path, at: int, cases: int, level: np.ndarray, task: Task) -> None:
    random = np.random.default_rng([1, at])
    columns = tuple(column.key for column in task.columns)
    shape = (len(task.fields), cases, len(columns))
    values = np.clip(level + random.normal(at / 2_000, 0.1, shape), 0, 1)
    flags = np.zeros(shape[:2], np.bool_)
    stats = Stats(
        fields=tuple(field.name for field in task.fields),
        columns=columns,
        ids=tuple(f"{case:016x}" for case in range(cases)),
        groups=tuple(f"{case:016x}" for case in range(cases)),
        values=values,
        failed=flags,
        short=flags,
        refused=np.zeros(shape, np.uint16),
        reasons=(),
        ledger=("bertscore",),
        seen=np.ones((*shape[:2], 1, 2)),
        words=random.integers(1, 500, (*shape[:2], 2), dtype=np.uint32),
        grade=random.normal(10, 2, shape[:2]),
    )
    folder.mkdir()
    measured = Measured(stats, "4ef", "1d5", {column: Signature({"metric": column}, {}) for column in columns}, {}, ())
    write_cards([make_card(measured, manifest(folder.name, cases), task, "corrected")], stats, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--systems", type=int, default=200)
    parser.add_argument("--cases", type=int, default=10_962)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--compare", choices=["adjacent", "all"], default="adjacent")
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args()
    task: Task = registry().task("discharge-me")
    level = np.random.default_rng(settings.seed).beta(2, 5, (2, settings.cases, 1))
    level[np.random.default_rng([settings.seed, 1]).random(level.shape) < 0.02] = np.nan
    with tempfile.TemporaryDirectory() as name:
        for at in range(settings.systems):
            write_system(Path(name) / f"system{at:03}", at, settings.cases, level, task)
        start = time.perf_counter()
        entries = timed("cards and statistics read", lambda: collect(Path(name))).entries
        wanted = Wanted(settings.resamples, settings.seed, settings.compare)
        found = timed("board built", lambda: boards(entries, lambda _: task, wanted))
        for form in FORMATS:
            size = len(timed(f"as {form}", partial(render, found, form)))
            print(f"{'':44} {size / 1e6:7.2f} MB")
        seconds = time.perf_counter() - start
    groups = {one.place.group for one in found[0].standings if one.place}
    print(
        f"{settings.systems} systems x {settings.cases} cases, {settings.resamples} resamples: {seconds:.1f} s; "
        f"{len(groups)} tie groups"
    )


if __name__ == "__main__":
    main()
