"""How long does a split of the real release's size take, and how much memory?

    python benchmarks/large_split.py --out FOLDER [--stays 68785] [--reports 259304] [--seed 0]

Writes a train split of invented words into FOLDER (unsorted .gz tables, notes of about 1,500 words), then measures,
each in a process of its own: building the index, reading every stay, reading 1,000 stays at random.
What is made, the index too, stays in FOLDER: delete it afterwards. The full size needs about 3 GB there.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from harness.corpora.marking import write_marking
from harness.corpora.tables import TablesCorpus, open_tables
from harness.tasks.discharge_me import discharge_me

FIRST_ID = 20_000_000
NOTE = ("note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime", "text")


# --------------------------------------------------------------------------- the load


def generate(out: Path, stays: int, reports: int, seed: int) -> None:
    """Write the six tables, the rows of each in an order of its own."""
    folder = out / "train"
    folder.mkdir(parents=True, exist_ok=True)
    write_marking(out, "large-split", "none: words without meaning")
    prose = _Prose(seed)
    rng = random.Random(seed)
    owners = [*range(stays), *(rng.randrange(stays) for _ in range(reports - stays))][:reports]

    def order() -> list[int]:
        return rng.sample(range(stays), stays)

    _write(folder / "discharge.csv.gz", NOTE, (_note(i, "DS", 1, prose.note()) for i in order()))
    rng.shuffle(owners)
    _write(folder / "radiology.csv.gz", NOTE, (_note(i, "RR", n, prose.text(150)) for n, i in enumerate(owners)))
    fields = tuple(f.name for f in discharge_me().fields)
    targets = ((_id(i), prose.text(350), prose.text(180)) for i in order())
    _write(folder / "discharge_target.csv.gz", ("hadm_id", *fields), targets)
    visits = ((_id(i, 1), _id(i), _id(i, 3), "2150-01-01 00:00:00", "F") for i in order())
    _write(folder / "edstays.csv.gz", ("subject_id", "hadm_id", "stay_id", "intime", "gender"), visits)
    triage = ((_id(i, 1), _id(i, 3), "98.6", prose.text(3)) for i in order())
    _write(folder / "triage.csv.gz", ("subject_id", "stay_id", "temperature", "chiefcomplaint"), triage)
    codes = ((_id(i, 1), _id(i, 3), str(n), "I10", prose.text(4)) for n in (2, 1) for i in order())
    _write(folder / "diagnosis.csv.gz", ("subject_id", "stay_id", "seq_num", "icd_code", "icd_title"), codes)


class _Prose:
    """Text without meaning whose words are as frequent and as long as those of English (Zipf's law)."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        letters = "etaoinshrdlu"
        words = ["".join(self._rng.choices(letters, k=self._rng.randint(2, 9))) for _ in range(20_000)]
        self._words = self._rng.choices(words, weights=[1 / n for n in range(1, len(words) + 1)], k=1_000_000)

    def text(self, words: int) -> str:
        start = self._rng.randrange(len(self._words) - words)
        chosen = self._words[start : start + words]
        lines = (" ".join(chosen[at : at + 11]) for at in range(0, words, 11))
        return ",\n".join(lines) + "."

    def note(self) -> str:
        return self.text(max(300, round(self._rng.gauss(1500, 500))))


def _id(stay: int, kind: int = 2) -> str:
    return str(FIRST_ID * kind + (stay // 2 if kind == 1 else stay))


def _note(stay: int, kind: str, sequence: int, text: str) -> tuple[str, ...]:
    time = f"2150-01-{sequence % 28 + 1:02d} 00:00:00"
    return (f"{_id(stay, 1)}-{kind}-{sequence}", _id(stay, 1), _id(stay), kind, str(sequence), time, time, text)


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with gzip.open(path, "wt", compresslevel=1, encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


# --------------------------------------------------------------------------- the measurement


def build(corpus: TablesCorpus) -> int:
    return len(corpus.ids("train"))


def iterate(corpus: TablesCorpus) -> int:
    return sum(1 for _ in corpus.stays("train"))


def pick(corpus: TablesCorpus) -> int:
    """1,000 stays at random, asked for one by one."""
    rng = random.Random(0)
    ids = corpus.ids("train")
    return sum(1 for id in rng.choices(ids, k=1000) for _ in corpus.stays("train", [id]))


STEPS: dict[str, Callable[[TablesCorpus], int]] = {"build": build, "iterate": iterate, "pick": pick}


def measure(data: Path, step: str) -> None:
    start = time.perf_counter()
    stays = STEPS[step](open_tables(data, discharge_me()))
    print(f"{step}: {stays} stays, {time.perf_counter() - start:.2f} s, peak {peak_memory() / 1e6:.0f} MB")


def peak_memory() -> int:
    """Bytes. Linux lets getrusage inherit the peak of the process that started this one; its VmHWM does not."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _sizes(folder: Path) -> Iterator[str]:
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size > 100_000):
        yield f"{path.relative_to(folder)}: {path.stat().st_size / 1e6:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stays", type=int, default=68_785)
    parser.add_argument("--reports", type=int, default=259_304)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ["HARNESS_WORKSPACE"] = str(args.out / "workspace")
    if args.step:
        measure(args.out, args.step)
        return
    start = time.perf_counter()
    generate(args.out, args.stays, args.reports, args.seed)
    print(f"generate: {args.stays} stays, {args.reports} reports, {time.perf_counter() - start:.1f} s", flush=True)
    for step in STEPS:
        subprocess.run([sys.executable, __file__, "--out", str(args.out), "--step", step], check=True)
    print("\n".join(_sizes(args.out)))


if __name__ == "__main__":
    main()
