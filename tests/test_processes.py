"""Processes that never hear of Ctrl-C, from their first moment on."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

from harness.processes import DeafContext, deaf_to_ctrl_c


def blocked(_: int = 0) -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def test_each_process_is_deaf_and_the_parent_is_not() -> None:
    with ProcessPoolExecutor(2, DeafContext()) as pool:
        assert list(pool.map(blocked, range(2))) == [{signal.SIGINT}] * 2
    assert blocked() == set()


def test_a_ctrl_c_that_comes_meanwhile_to_this_thread_is_answered_afterwards() -> None:
    seen = []

    def interrupted() -> None:
        with deaf_to_ctrl_c():
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)  # another thread would hear it at once
            seen.append("still here")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen == ["still here"]
    assert blocked() == set()
