"""The synthetic ward: do its texts and its ledger agree, how fast is it written, and in how much memory.

python benchmarks/ward_writing.py [--stays 10000] [--agreement 1000]
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from harness.corpora.synthetic import synthesize
from harness.corpora.ward.course import draw_course, draw_patient
from harness.corpora.ward.matcher import read_facts
from harness.corpora.ward.stay import tell


def disagreements(stays: int, split: str) -> tuple[int, int, int]:
    """(facts that are stated, of these not found, found where they are not said to stand) over all places."""
    test = split.startswith("test")
    stated = missed = unsaid = 0
    for number in range(stays):
        course = draw_course(0, number, draw_patient(0, number, 1, test), 0, test)
        told = tell(0, course, split, {})
        for place, text in told.texts.items():
            said = {*told.keys[place]} & course.facts.keys()
            found = read_facts(f"Allergies:\n{text}" if place == "allergies" else text) & course.facts.keys()
            stated, missed, unsaid = stated + len(said), missed + len(said - found), unsaid + len(found - said)
    return stated, missed, unsaid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stays", type=int, default=10_000)
    parser.add_argument("--agreement", type=int, default=1_000)
    asked = parser.parse_args()
    for split in ("train", "test_phase_1"):
        stated, missed, unsaid = disagreements(asked.agreement, split)
        print(f"{split}: {asked.agreement} stays state {stated} facts; {missed} not found, {unsaid} found elsewhere")
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        synthesize(Path(folder) / "ward", asked.stays, seed=0)
        seconds = time.perf_counter() - begin
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.gz")) / 1e6
    memory = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(
        f"{asked.stays} stays in {seconds:.0f} s on {os.cpu_count()} cores: {asked.stays / seconds:.0f} a second, "
        f"{size:.0f} MB of .gz, at most {memory:.0f} MB of memory in a process"
    )


if __name__ == "__main__":
    main()
