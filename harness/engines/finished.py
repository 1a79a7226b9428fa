"""The same work on many items, a few at a time, each result as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

from harness.engines.client import Fault

T = TypeVar("T")


def as_they_finish(do: Callable[[int], T], items: Sequence[int], workers: int) -> Iterator[tuple[int, T | Fault]]:
    """Yield (item, what `do` makes of it, or the Fault that it raised). Any other exception is raised here.

    The threads are daemons: who stops (Ctrl-C) does not wait for the requests that are under way."""
    left: SimpleQueue[int] = SimpleQueue()
    results: SimpleQueue[tuple[int, T | BaseException]] = SimpleQueue()
    stopped = Event()
    for item in items:
        left.put(item)

    def work() -> None:
        while not stopped.is_set():
            try:
                item = left.get_nowait()
            except Empty:
                return
            try:
                results.put((item, do(item)))
            except BaseException as error:
                results.put((item, error))

    for _ in range(min(workers, len(items))):
        Thread(target=work, daemon=True).start()
    try:
        for _ in items:
            item, result = results.get()
            if isinstance(result, BaseException) and not isinstance(result, Fault):
                raise result
            yield item, result
    finally:
        stopped.set()
