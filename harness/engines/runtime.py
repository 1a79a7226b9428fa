"""torch and transformers, imported so that they behave on a user's machine."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from harness.errors import AssetError, HarnessError

_FULL = ("can't allocate memory", os.strerror(errno.ENOMEM))


def prepare_torch(threads: int) -> None:
    """Import torch with so many threads (0 leaves the number to torch).

    Idle threads sleep after a moment. By default they would spin, and a batch takes five times as long where something
    else runs on the same cores; if they slept at once, a training would take a quarter longer where nothing does. Only
    the first import of torch in a process can decide it.
    """
    set_switches()
    import torch

    if threads > 0:
        torch.set_num_threads(threads)


def set_switches() -> None:
    """Of torch's libraries, before they are imported; what the user set stays."""
    if "torch" in sys.modules:
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    # MKL's own switch for the same bits in every run on one machine; off by default.
    os.environ.setdefault("MKL_CBWR", "AUTO")
    os.environ.setdefault("MKL_DYNAMIC", "FALSE")


def out_of_memory(error: BaseException) -> bool:
    """Whether the memory of the card, or of the machine, is full: of the latter torch says so in words alone, its own
    or the machine's."""
    if isinstance(error, MemoryError) or any(words in str(error) for words in _FULL):
        return True
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, torch.OutOfMemoryError)


@contextmanager
def told_if_out_of_memory(told: HarnessError) -> Iterator[None]:
    """Raises `told`, if the memory is full."""
    try:
        yield
    except Exception as error:
        if not out_of_memory(error):
            raise
        raise told from None


def named_if_out_of_memory(what: str, todo: str) -> AbstractContextManager[None]:
    """Raises AssetError naming `what`, if there is no room for it."""
    return told_if_out_of_memory(AssetError(f"{what} has no room in memory", todo=todo))


def return_memory() -> None:
    """Give the system back what was freed. glibc keeps blocks under 32 MiB, and where their sizes change from one batch
    to the next it keeps more and more of them; other C libraries are left alone."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the bars and the advice of transformers and bitsandbytes off the user's terminal while they load."""
    import logging as standard

    from transformers.utils import logging

    standard.getLogger("bitsandbytes").setLevel(standard.ERROR)
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
