"""Do a training that was prepared: `python -m harness.tuning FOLDER`, by hand or under `accelerate launch`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli import exit_code


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m harness.tuning", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder that `harness fit --prepare` prints")
    folder = parser.parse_args().folder
    return exit_code(lambda: _train(folder))


def _train(folder: Path) -> int:
    from harness.tuning.adapters import make

    make(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
