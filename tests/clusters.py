"""Commands that run on Ray workers, and their processes: who they are, and `kill -9` at a chosen moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
# A shard of two cases, so that a small split is shared, and a guide learned of two stays.
HARNESS = """
import sys, harness.guide, harness.shards
harness.guide.SAMPLE = harness.shards.SHARD = 2
from harness.cli import main
sys.exit(main())
"""


def begin(
    arguments: Sequence[str], cwd: Path, output: Path, python: Sequence[str] = (sys.executable,)
) -> subprocess.Popen[bytes]:
    """Start a command of the harness in a session of its own; what it prints goes to the file `output`."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    with output.open("wb") as file:
        return subprocess.Popen(
            [*python, "-c", HARNESS, *arguments],
            cwd=cwd,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def processes() -> dict[int, tuple[int, str]]:
    """By the id of a process, that of its parent, and its command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found[int(folder.name)] = parent, line.strip()
    return found


def below(pid: int) -> dict[int, str]:
    """The command lines of all processes that descend from this one, by their ids."""
    known, found, left = processes(), dict[int, str](), [pid]
    while left:
        above = left.pop()
        children = {child: line for child, (parent, line) in known.items() if parent == above}
        found |= children
        left += children
    return found


def workers(pid: int) -> list[int]:
    """The workers of the cluster that this process, or one below it, started."""
    return sorted(child for child, line in below(pid).items() if line.startswith("ray::_Worker"))


def kept(folder: Path) -> int:
    """How many candidates the runs in this folder hold."""
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("candidates.jsonl"))


def wait_for(candidates: int, folder: Path, command: subprocess.Popen[bytes]) -> bool:
    """Whether the command has come so far before its end."""
    while kept(folder) < candidates:
        if command.poll() is not None:
            return False
        time.sleep(0.05)
    return command.poll() is None


def kill(pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
