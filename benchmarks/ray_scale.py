"""The load of the real training split through `lead`, in one process and over two Ray workers: seconds, what the driver
adds to a stay, and memory while it runs.

    python -m benchmarks.ray_scale --out FOLDER [--stays 68785] [--workers 2]

Writes tables of invented words into FOLDER (see large_split.py) and prepares them once; then each way writes every text
into a run of its own. A sampler reads the memory (PSS: what is shared counts once) of the driver and of the workers.
What is made stays in FOLDER: delete it afterwards. The full size needs about 4 GB there.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

from benchmarks import large_split
from benchmarks.large_split import generate as write_tables
from harness.cluster import Cluster, Crew
from harness.competitor import find_competitor
from harness.contest import Contest, open_contest
from harness.corpora.tables import open_tables
from harness.files import digest_bytes, private_folder
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.plugins import registry
from harness.resources import Resources
from harness.run import Generated, Run, generate
from harness.submission import write_csv
from harness.tasks.discharge_me import discharge_me
from tests import clusters

SPLIT, TEACHER = "train", "valid"
MB = 1 << 10
"""Kibibytes, in which /proc counts."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stays", type=int, default=68_785)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    os.environ["HARNESS_WORKSPACE"] = str(args.out / "workspace")
    before = memory(os.getpid())
    contest = prepared(args.out, args.stays)
    print(f"{args.stays} stays prepared: {before} MB before, {memory(os.getpid())} with them", flush=True)
    alone = timed(contest, args.out / "alone", "one process")
    with Cluster(args.workers) as cluster:
        crew = Crew(cluster, contest.corpus.root)
        contest.resources.crew = crew
        shared = timed(contest, args.out / "shared", f"{args.workers} Ray workers")
    same = alone == shared
    print(f"the submission's csv is {'the same' if same else 'ANOTHER'}")
    return 0 if same else 1


def prepared(out: Path, stays: int) -> Contest:
    if not (out / SPLIT).is_dir():
        with patch.object(large_split, "FIRST_ID", 30_000_000):  # no subject in both: they could teach nothing
            write_tables(out / "small", 6, 20, 1)
        write_tables(out, stays, round(3.77 * stays), 0)
        (out / "small" / SPLIT).rename(out / TEACHER)
    learning = get_context("spawn").Process(target=learn, args=(out,))  # what torch holds would hide what we hold
    learning.start()
    learning.join()
    task = discharge_me()
    corpus, lineup = open_tables(out, task), read_lineup(DEFAULT_LINEUP)
    return open_contest(task, corpus, SPLIT, lineup, registry(), out / "submissions", cut_leaks=True)


def learn(out: Path) -> None:
    """What `lead` reads of the other split, to be found by this process and by the workers."""
    task = discharge_me()
    _ = Resources(task, open_tables(out, task), SPLIT, read_lineup(DEFAULT_LINEUP), ()).guide


def timed(contest: Contest, folder: Path, what: str) -> str:
    """Generate into a new run; say how long it took and what memory did. The digest of what it would hand in."""
    competitor = find_competitor("lead", contest.registry, contest.lineup, contest.task)
    run = Run(private_folder(folder), competitor, contest.cases, contest.task, contest.seed, contest.resources)
    run.candidates_file.path.unlink(missing_ok=True)
    began, busy = time.perf_counter(), driver_seconds()
    with sampled() as samples:
        generated = generate(run)
    seconds, busy, stays = time.perf_counter() - began, driver_seconds() - busy, len(contest.cases)
    each, own = 1e3 * seconds / stays, 1e3 * busy / stays
    print(
        f"{what}: {seconds:.0f} s, {each:.2f} ms a stay; processor time of the driver {own:.2f} ms a stay", flush=True
    )
    for name, values in samples.items():
        quarters = [values[len(values) * at // 4] for at in range(4)]
        print(f"  {name}: {', '.join(map(str, quarters))} MB at each quarter of the time, {values[-1]} at the end")
    return digest_bytes(write_csv(rows(contest, generated), contest.task))


def rows(contest: Contest, generated: Generated) -> dict[str, dict[str, str]]:
    names = [field.name for field in contest.task.fields]
    return {i: {name: generated.candidates[i, name][0].text for name in names} for i in contest.ids}


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
