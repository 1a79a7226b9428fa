"""What it takes to score a split of 10,962 stays: memory, time, what the kept rows cost and what they save.

    python benchmarks/large_board.py [--stays 1000 10962] [--scorers bleu,rouge] [--jobs 1] [--seed 0]

The texts are made here, 400 words on average for the first field and 200 for the second, hypotheses a disturbed
reference. Each line is a process of its own, so that its peak of memory is its own:

    plain     the scorers' `measure` alone, without the harness around it
    first     a system that nobody has scored
    again     the same system once more: every row is kept
    chosen    a system that took half of its texts from the first, and of the other half a tenth is new
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import Pair, Task
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.panel import Choice, ScorerContext, choose, open_scorers
from harness.plugins import registry
from harness.score import score
from harness.scoring import Scoring
from harness.types import Reference, Submission

WORDS = (400, 200)
ENDINGS = ("", "", "", "s", "ed", "ing", "ation", "ments", "ness", "ly", ".", ",")
VOCABULARY = 2_000
KINDS = ("plain", "first", "again", "chosen")


class Texts:
    """The texts of a split, made when they are asked for: the same for the same seed, case and field."""

    def __init__(self, seed: int) -> None:
        random_ = random.Random(seed)
        self._seed = seed
        self._stems = ["".join(random_.choices("etaoinshrdlcum", k=random_.randint(2, 8))) for _ in range(VOCABULARY)]

    def _words(self, random_: random.Random, count: int) -> list[str]:
        picks = (int(VOCABULARY ** random_.random()) - 1 for _ in range(count))
        return [self._stems[pick] + random_.choice(ENDINGS) for pick in picks]

    def reference(self, case: int, field: int) -> str:
        random_ = random.Random(f"{self._seed} {case} {field}")
        return " ".join(self._words(random_, random_.randint(WORDS[field] // 2, WORDS[field] * 3 // 2)))

    def hypothesis(self, case: int, field: int, system: str) -> str:
        random_ = random.Random(f"{self._seed} {case} {field} {system}")
        words = self.reference(case, field).split()
        return " ".join(word if random_.random() < 0.6 else self._words(random_, 1)[0] for word in words)


def system_of(kind: str, case: int) -> str:
    """Who wrote the text: `chosen` takes every second one from the first system, of the rest a tenth from a new one."""
    if kind != "chosen" or case % 2:
        return "first"
    return "new" if case % 20 == 0 else "first"


def chosen_scorers(names: str, task: Task) -> tuple[Choice, ...]:
    return choose(names.split(","), registry(), read_lineup(DEFAULT_LINEUP))


def run(kind: str, stays: int, names: str, jobs: int, seed: int, folder: Path) -> dict[str, Any]:
    task: Task = registry().task("discharge-me")
    texts, fields = Texts(seed), [field.name for field in task.fields]
    rows = {
        str(case): {name: texts.hypothesis(case, f, system_of(kind, case)) for f, name in enumerate(fields)}
        for case in range(stays)
    }
    size = sum(len(text) for row in rows.values() for text in row.values())
    choices, context = chosen_scorers(names, task), ScorerContext(task.language, folder)

    def references() -> Iterator[Reference]:
        for case in range(stays):
            yield Reference(str(case), str(case), {name: texts.reference(case, f) for f, name in enumerate(fields)})

    made = time.perf_counter()
    for _ in references():
        pass
    making = time.perf_counter() - made
    start = time.perf_counter()
    if kind == "plain":
        scorers = [one.scorer for one in open_scorers(choices, context) if one.scorer]
        for one in references():
            pairs = [Pair(one.id, one.id, name, one.values[name], rows[one.id][name]) for name in fields]
            for scorer in scorers:
                scorer.measure(pairs)
    else:
        with Scoring(choices, context, folder / "kept.sqlite", jobs) as scoring:
            score(Submission(task.name, rows), references(), task, scoring, "salt", stays)
    return {
        "seconds": time.perf_counter() - start - making,  # without making the references' texts
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "texts": size / 1e6,
        "kept": (folder / "kept.sqlite").stat().st_size / 1e6 if kind != "plain" else 0.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--stays", type=int, nargs="+", default=[1_000, 10_962])
    parser.add_argument("--scorers", default="bleu,rouge")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)  # a kind and a folder: the process of one line
    settings = parser.parse_args()
    if settings.one:
        kind, folder = settings.one
        done = run(kind, settings.stays[0], settings.scorers, settings.jobs, settings.seed, Path(folder))
        print(json.dumps(done))
        return
    print(f"{settings.scorers}, {settings.jobs} processes, seed {settings.seed}, two texts a stay")
    print(f"{'stays':>7} {'':8} {'seconds':>9} {'peak MB':>9} {'hypotheses MB':>14} {'kept MB':>9}")
    for stays in settings.stays:
        with tempfile.TemporaryDirectory() as folder:
            for kind in KINDS:
                own = ["--stays", str(stays), "--scorers", settings.scorers, "--jobs", str(settings.jobs)]
                command = [sys.executable, __file__, *own, "--seed", str(settings.seed), "--one", kind, folder]
                done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
                figures = f"{done['seconds']:9.2f} {done['peak']:9.0f} {done['texts']:14.1f} {done['kept']:9.1f}"
                print(f"{stays:7} {kind:8} {figures}", flush=True)


if __name__ == "__main__":
    main()
