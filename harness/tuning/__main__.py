"""Do a training that was prepared: `python -m harness.tuning FOLDER`, by hand or under `accelerate launch`."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.errors import HarnessError


def main() -> int:
    from harness.tuning.adapters import make

    try:
        make(Path(sys.argv[1]))
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
