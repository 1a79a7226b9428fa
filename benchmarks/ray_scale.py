"""The load of the real training split through `lead`, in one process and over two Ray workers: seconds, what the driver
adds to a stay, and memory while it runs.

    python -m benchmarks.ray_scale --out FOLDER [--stays 68785] [--workers 2]

Writes tables of invented words into FOLDER (see large_split.py) and prepares them, in a process of its own; then each
way opens the contest, writes every text into a run of its own, and hands that in as far as the scoring. A sampler reads
the memory (PSS: what is shared counts once) of the driver and of the workers. Each way has a process of its own.
What is made stays in FOLDER: delete it afterwards. The full size needs about 6 GB there.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import large_split
from benchmarks.large_split import generate as write_tables
from harness.candidates import CANDIDATES, FirstTexts
from harness.cluster import Cluster, Crew
from harness.competitor import find_competitor
from harness.contest import Contest, open_contest
from harness.corpora.tables import open_tables
from harness.files import digest_file, private_folder
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.manifest import candidates_digest
from harness.plugins import registry
from harness.run import Run, generate
from harness.submission import write_submission
from harness.tasks.discharge_me import discharge_me
from harness.usage import usage_of
from tests import clusters

SPLIT, TEACHER = "test_phase_1", "train"
WAYS = ("one-process", "ray")
MB = 1 << 10
"""Kibibytes, in which /proc counts."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stays", type=int, default=68_785)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    os.environ["HARNESS_WORKSPACE"] = str(args.out / "workspace")
    write(args.out, args.stays)
    for _ in range(2):
        alone(prepare, args.out)
    alone(in_one_process, args.out)
    alone(over_ray, args.out, args.workers)
    digests = {digest_file(args.out / way / "submission.csv") for way in WAYS}
    print(f"the submission's csv is {'the same' if len(digests) == 1 else 'ANOTHER'}")
    return len(digests) - 1


def alone(step: Callable[..., None], *arguments: Any) -> None:
    """In a process of its own, so that memory is what this step needs."""
    process = get_context("spawn").Process(target=step, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(process.exitcode)


def write(out: Path, stays: int) -> None:
    if not (out / SPLIT).is_dir():
        with patch.object(large_split, "FIRST_ID", 30_000_000):  # no subject in both: they could teach nothing
            write_tables(out / "small", 6, 20, 1)
        write_tables(out, stays, round(3.77 * stays), 0)
        (out / TEACHER).rename(out / SPLIT)
        (out / "small" / TEACHER).rename(out / TEACHER)


def prepare(out: Path) -> None:
    """Open the contest; the second time nothing is left to prepare."""
    with measured("preparing") as stays:
        stays.append(len(opened(out).ids))


def opened(out: Path) -> Contest:
    task = discharge_me()
    corpus, lineup = open_tables(out, task), read_lineup(DEFAULT_LINEUP)
    return open_contest(task, corpus, SPLIT, lineup, registry(), out / "submissions", cut_leaks=True)


def in_one_process(out: Path) -> None:
    competed(out, WAYS[0])


def over_ray(out: Path, workers: int) -> None:
    with Cluster(workers) as cluster:
        competed(out, WAYS[1], cluster)


def competed(out: Path, way: str, cluster: Cluster | None = None) -> None:
    """All that `harness submit lead` does but validating and scoring: open, generate, hand in, sum up what it took."""
    folder = private_folder(out / way)
    (folder / CANDIDATES).unlink(missing_ok=True)
    held = memory(os.getpid())
    contest = opened(out)
    print(f"{way}: {held} MB before the contest, {memory(os.getpid())} with it", flush=True)
    if cluster:
        contest.resources.crew = Crew(cluster, contest.corpus.root)
    competitor = find_competitor("lead", contest.registry, contest.lineup, contest.task)
    run = Run(folder, competitor, contest.cases, contest.task, contest.seed, contest.resources)
    with measured(f"{way}, generating") as stays:
        generated = generate(run)
        stays.append(len(contest.ids))
    with measured(f"{way}, handing in") as stays:
        candidates_digest(generated)
        write_submission(FirstTexts(generated.candidates, contest.ids, contest.task), contest.task, folder)
        usage_of(len(contest.ids), generated, {folder: generated}, "")
        stays.append(len(contest.ids))


@contextmanager
def measured(what: str) -> Iterator[list[int]]:
    """Say how long it took, and what memory did; the number of stays is told meanwhile."""
    stays: list[int] = []
    began, busy = time.perf_counter(), driver_seconds()
    with sampled() as samples:
        yield stays
    seconds, busy = time.perf_counter() - began, driver_seconds() - busy
    each, own = 1e3 * seconds / stays[0], 1e3 * busy / stays[0]
    print(f"{what}: {seconds:.0f} s, {each:.2f} ms a stay, the driver's processor {own:.2f} ms a stay", flush=True)
    for name, values in samples.items():
        quarters = [values[len(values) * at // 4] for at in range(4)] if values else []
        at_the_end = f"{values[-1]} at the end, at most {max(values)}" if values else "too short to say"
        print(f"  {name}: {', '.join(map(str, quarters))} MB at each quarter of the time, {at_the_end}", flush=True)


def driver_seconds() -> float:
    """Processor time of this process and no other."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def sampled() -> Iterator[dict[str, list[int]]]:
    """The memory of this process and the largest of its workers, in MB, once a second."""
    samples: dict[str, list[int]] = {"driver": []}
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(1):
            samples["driver"].append(memory(os.getpid()))
            if workers := clusters.workers(os.getpid()):
                samples.setdefault("largest worker", []).append(max(map(memory, workers)))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def memory(pid: int) -> int:
    """MB that a process holds; 0 of one that is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) // MB
    return 0


if __name__ == "__main__":
    sys.exit(main())
