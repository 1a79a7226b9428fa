"""Processes that never hear of Ctrl-C, from their first moment on."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from harness.processes import deaf_to_ctrl_c


def blocked(_: int = 0) -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def test_each_process_is_deaf_and_the_parent_is_not() -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        with deaf_to_ctrl_c():
            found = pool.map(blocked, range(2))
        assert list(found) == [{signal.SIGINT}] * 2
    assert blocked() == set()


def test_a_ctrl_c_that_comes_meanwhile_is_not_lost() -> None:
    def interrupted() -> None:
        with deaf_to_ctrl_c():
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert blocked() == set()
