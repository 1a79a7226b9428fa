"""A machine without a network, set up from one folder: the export with all packages, the set-up, and a submission, in
a fresh folder with pip's index switched off and, where this machine allows it, in a network namespace that has the
loopback device alone.

    python -m benchmarks.air_gap [--extras A,B] [--keep FOLDER] [--system few-shot --limit 4]

Ends with 1 where a step fails. The export reads the package index; the rest reads the folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
ALONE = ["unshare", "--user", "--map-root-user", "--net"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extras", default="", metavar="A,B")
    parser.add_argument("--keep", type=Path, help="a folder that is not there, for what is made")
    parser.add_argument("--system", default="few-shot")
    parser.add_argument("--limit", default="4")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        return measure((args.keep or Path(scratch) / "made").absolute(), args)


def measure(made: Path, args: argparse.Namespace) -> int:
    made.mkdir(parents=True)
    carried, there = made / "carried", made / "there"
    extras = ["--extras", args.extras] if args.extras else []
    export = [sys.executable, "-m", "harness.cli", "assets", "export", str(carried), "--wheels", *extras]
    alone = ALONE if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0 else []
    print(f"the other side is {'in a network namespace of its own' if alone else 'NOT cut off: index off, no more'}")
    submit = [str(there / ".venv/bin/harness"), "submit", args.system, "--limit", args.limit]
    fresh = {"PATH": os.environ["PATH"], "HOME": str(made), "PIP_NO_INDEX": "1"}
    steps: Sequence[tuple[str, list[str], Path, dict[str, str]]] = (
        ("export", export, HOUSE, {**os.environ, "PYTHONPATH": str(HOUSE)}),
        ("set-up", [*alone, "sh", str(carried / "set-up.sh"), str(there)], made, fresh),
        ("submit", [*alone, *submit], there, fresh),
        ("submit again", [*alone, *submit], there, fresh),
    )
    for name, command, folder, environment in steps:
        began = time.monotonic()
        done = subprocess.run(command, cwd=folder, env=environment, check=False)
        print(f"== {name}: exit {done.returncode}, {time.monotonic() - began:.0f} s", flush=True)
        if done.returncode:
            return 1
    for what in (carried, there):
        size = sum(one.stat().st_size for one in what.rglob("*") if one.is_file() and not one.is_symlink())
        print(f"{what.name}: {size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
