"""Processes of our own, and the Ctrl-C of a terminal, which reaches the whole group: the parent answers it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """A process that is started meanwhile never hears of Ctrl-C, not even while it imports, when it would end with a
    traceback. A Ctrl-C that comes meanwhile is not lost: another thread hears it, or this one does afterwards."""
    resource_tracker.ensure_running()  # its start, which comes with the first process, lets the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _DeafProcess(SpawnProcess):
    def start(self) -> None:
        with deaf_to_ctrl_c():
            super().start()


class DeafContext(SpawnContext):
    """The context of multiprocessing for all our processes: spawned, as one that is forked could inherit a lock that a
    thread of torch holds, and deaf to Ctrl-C."""

    Process = _DeafProcess
