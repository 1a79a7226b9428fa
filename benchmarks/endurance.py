"""kill -9 a run of the main job at ten moments, give the same command again each time, and compare the submission with
that of an undisturbed run: six kills in generation, the others in model load, write and score.

    python benchmarks/endurance.py [--seed S]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
MINUTE = 60.0
# Small batches, so that kills meet a run of which something is kept already.
LINEUP = """
[engine]
dtype = "float32"
batch_size = 2

[systems.few-shot]
budget = 600
shot_budget = 300
unit = "tokens"
max_new_tokens = 80
"""
BATCHES = 14


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print(f"seed {args.seed}")
    with tempfile.TemporaryDirectory() as scratch:
        whole, seconds = undisturbed(Path(scratch) / "whole")
        print(f"undisturbed: {seconds:.0f} s, csv {whole[:16]}")
        if seconds < MINUTE:
            print(f"that is under {MINUTE:.0f} s: a longer run is needed")
            return 1
        step = seconds / BATCHES
        kills = [("load", rng.uniform(0.5, 4))] + [("generate", rng.uniform(0.2, 3.5) * step) for _ in range(6)]
        kills += [("load", rng.uniform(0.5, 4)), ("write", 0.0), ("score", 0.0)]
        disturbed = Path(scratch) / "disturbed"
        for number, (stage, moment) in enumerate(kills, 1):
            killed = run(disturbed, stage, moment)
            print(f"kill {number}: {stage}, {moment:.1f} s in: {killed}, {lines(disturbed)} candidates kept")
        run(disturbed)
        again = digest(disturbed)
    print(f"after {len(kills)} kills: csv {again[:16]}: {'the same' if again == whole else 'ANOTHER'}")
    return 0 if again == whole else 1


def undisturbed(folder: Path) -> tuple[str, float]:
    started = time.monotonic()
    run(folder)
    return digest(folder), time.monotonic() - started


def run(folder: Path, stage: str = "", moment: float = 0.0) -> str:
    """Give the command once; with a stage, kill it there. Says how it ended."""
    folder.mkdir(exist_ok=True)
    (folder / "endurance.toml").write_text(LINEUP)
    module = ["-m", "tests.killed", stage, str(moment)] if stage else ["-m", "harness.cli"]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    command = [sys.executable, *module, "submit", "few-shot", "--lineup", "endurance.toml"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(done.stderr.decode())
    return "killed" if done.returncode else "done before that"


def digest(folder: Path) -> str:
    (path,) = folder.rglob("submissions/*/*/*/*/submission.csv")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("candidates.jsonl"))


if __name__ == "__main__":
    sys.exit(main())
