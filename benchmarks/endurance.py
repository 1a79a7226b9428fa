"""kill -9 a run of the main job at ten moments, give the same command again each time, and compare the submission with
that of an undisturbed run: six kills in generation, the others in model load, write and score.

    python benchmarks/endurance.py [--seed S] [--dtype float32] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Candidates = dict[tuple[str, str], dict[str, Any]]

HOUSE = Path(__file__).resolve().parent.parent
MINUTE = 60.0
# Small batches, so that kills meet a run of which something is kept already.
LINEUP = """
[engine]
dtype = "{dtype}"
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
    parser.add_argument("--dtype", default="float32", help="what the engine computes in")
    parser.add_argument("--keep", type=Path, help="an empty folder for the two runs, kept for a look at them")
    args = parser.parse_args()
    print(f"seed {args.seed}, {args.dtype}")
    with tempfile.TemporaryDirectory() as scratch:
        return compare(args.keep or Path(scratch), random.Random(args.seed), args.dtype)


def compare(scratch: Path, rng: random.Random, dtype: str) -> int:
    whole, disturbed = scratch / "whole", scratch / "disturbed"
    started = time.monotonic()
    run(whole, dtype)
    seconds = time.monotonic() - started
    print(f"undisturbed: {seconds:.0f} s, csv {digest(whole)[:16]}", flush=True)
    if seconds < MINUTE:
        print(f"that is under {MINUTE:.0f} s: a longer run is needed")
        return 1
    step = seconds / BATCHES
    kills = [("load", rng.uniform(0.5, 4))] + [("generate", rng.uniform(0.2, 3.5) * step) for _ in range(6)]
    kills += [("load", rng.uniform(0.5, 4)), ("write", 0.0), ("score", 0.0)]
    for number, (stage, moment) in enumerate(kills, 1):
        killed = run(disturbed, dtype, stage, moment)
        kept = len(candidates(disturbed))
        print(f"kill {number}: {stage}, {moment:.1f} s in: {killed}, {kept} candidates kept", flush=True)
    run(disturbed, dtype)
    same = digest(disturbed) == digest(whole)
    print(f"after {len(kills)} kills: csv {digest(disturbed)[:16]}: {'the same' if same else 'ANOTHER'}")
    for line in differences(candidates(whole), candidates(disturbed)):
        print(line)
    return 0 if same else 1


def differences(ours: Candidates, theirs: Candidates) -> Iterator[str]:
    """Which candidates differ, and in what: what was shown to the model, its text, or only the log-probability."""
    for case in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(case, {}), theirs.get(case, {})
        fields = [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
        if unlike := [name for name in fields if name != "seconds"]:
            yield f"  {' '.join(case)}: {', '.join(unlike)}"


def run(folder: Path, dtype: str, stage: str = "", moment: float = 0.0) -> str:
    """Give the command once; with a stage, kill it there. Says how it ended."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "endurance.toml").write_text(LINEUP.format(dtype=dtype))
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


def candidates(folder: Path) -> Candidates:
    """What is kept of each case and field; a line torn by a kill is not kept."""
    kept: Candidates = {}
    for path in folder.rglob("candidates.jsonl"):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                row = json.loads(line)
                kept[row["case"], row["field"]] = row
    return kept


if __name__ == "__main__":
    sys.exit(main())
