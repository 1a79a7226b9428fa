"""Run a command of the harness and kill -9 it at a chosen moment: `python -m tests.killed MOMENT N ARGUMENTS...`.

The moments are `load` (N seconds after the start), `generate` (N candidates are written down), and `write` and `score`
(the submission's file, its scoring begins; N is not read). The process kills itself, whatever it is doing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any


def main() -> None:
    moment, number, arguments = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    if moment == "load":
        threading.Timer(number, kill).start()
    elif moment == "generate":
        _after_candidates(int(number))
    else:
        _before(moment)
    from harness.cli import main as harness

    sys.exit(harness(arguments))


def kill(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _after_candidates(count: int) -> None:
    from harness import files

    append: Callable[[Any, Any], int] = files._Appender.append
    left = [count]

    def appended(file: Any, line: Any) -> int:
        place = append(file, line)
        left[0] -= "raw" in line
        if not left[0]:
            kill()
        return place

    files._Appender.append = appended  # type: ignore[method-assign]


def _before(moment: str) -> None:
    import harness.hand_in
    import harness.submission

    module, name = {"write": (harness.submission, "zip_csv"), "score": (harness.hand_in, "score")}[moment]
    setattr(module, name, kill)


if __name__ == "__main__":
    main()
