"""Run a command of the harness and kill -9 it at a chosen moment: `python -m tests.killed STAGE SECONDS ARGUMENTS...`.

The clock starts when the stage begins; the process then kills itself as `kill -9` would, whatever it is doing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

STAGES = ("load", "generate", "write", "score")


def main() -> None:
    stage, seconds, arguments = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    begin = _killer(seconds)
    if stage == "load":
        begin()
    else:
        _hook(stage, begin)
    from harness.cli import main as harness

    sys.exit(harness(arguments))


def _killer(seconds: float) -> Callable[[], None]:
    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def begin() -> None:
        if seconds:
            threading.Timer(seconds, kill).start()
        else:
            kill()

    return begin


def _hook(stage: str, begin: Callable[[], None]) -> None:
    """Call `begin` when the stage begins: the engine's first batch, the submission's file, the scoring."""
    import harness.engines.decoding
    import harness.hand_in
    import harness.submission

    module, name = {
        "generate": (harness.engines.decoding, "decode"),
        "write": (harness.submission, "zip_csv"),
        "score": (harness.hand_in, "score"),
    }[stage]
    function = getattr(module, name)

    def hooked(*positional: Any, **named: Any) -> Any:
        begin()
        return function(*positional, **named)

    setattr(module, name, hooked)


if __name__ == "__main__":
    main()
