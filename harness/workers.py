"""Where batches are measured: in this process, in several that hold the scorers open, or on a cluster."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import active_children, parent_process

from harness.errors import ScoreError
from harness.measure import Rows, measure
from harness.panel import Choice, OpenScorer, ScorerContext, open_scorer
from harness.privacy import is_restricted, restrict
from harness.processes import DeafContext
from harness.types import Pair


@dataclass(frozen=True)
class Batch:
    """Pairs for the scorer number `scorer`; `at` are the pairs' places, for whoever asked."""

    scorer: int
    at: tuple[int, ...]
    pairs: tuple[Pair, ...]


def measure_here(scorers: Sequence[OpenScorer], batches: Sequence[Batch]) -> Iterator[tuple[Batch, Rows]]:
    for batch in batches:
        yield batch, measure(scorers[batch.scorer], batch.pairs)


class Workers:
    """Measures in `jobs` processes, which start with the first batch. A batch is measured whole by one of them, so
    what comes of it does not depend on how many there are: to the last bit where no network runs, or one whose settings
    name its `threads` (else a process takes its share of the processors, another number than one process has)."""

    def __init__(self, choices: Sequence[Choice], context: ScorerContext, jobs: int) -> None:
        self._jobs = jobs
        self._others = set(active_children())
        self._pool = ProcessPoolExecutor(
            jobs, DeafContext(), _begin, (tuple(choices), context, is_restricted(), _threads(jobs))
        )

    def run(self, batches: Sequence[Batch]) -> Iterator[tuple[Batch, Rows]]:
        """Yield what is done as it is done. Raises ScoreError where a scorer fails, or a process ends unasked."""
        try:
            waiting = {self._pool.submit(_measure, batch.scorer, batch.pairs): batch for batch in batches}
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool:
            raise ScoreError(
                f"one of {self._jobs} scoring processes ended unasked: killed, perhaps for want of memory",
                todo="what was measured is kept: give the same command again, with fewer --jobs if memory is short",
            ) from None

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in set(active_children()) - self._others:
            process.terminate()


@dataclass(frozen=True)
class ScorerBench:
    """The scorers of a command, to be opened by a worker of a cluster, each when it is first asked for."""

    choices: tuple[Choice, ...]
    context: ScorerContext
    threads: int = 0
    cards: int = 1

    def open(self) -> Callable[[Batch], Rows]:
        @cache
        def opened(scorer: int) -> OpenScorer:
            return open_scorer(self.choices[scorer], self.context)

        return lambda batch: _measured(opened(batch.scorer), batch.pairs)


def _threads(jobs: int) -> int:
    return max(1, (os.cpu_count() or 1) // jobs)


# --------------------------------------------------------------------------- in a process of its own

_choices: tuple[Choice, ...]
_context: ScorerContext


def _begin(choices: tuple[Choice, ...], context: ScorerContext, restricted: bool, threads: int) -> None:
    global _choices, _context
    if restricted:
        restrict()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = str(threads)
    _choices, _context = choices, context


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@cache
def _opened(scorer: int) -> OpenScorer:
    return open_scorer(_choices[scorer], _context)


def _measure(scorer: int, pairs: Sequence[Pair]) -> Rows:
    return _measured(_opened(scorer), pairs)


def _measured(one: OpenScorer, pairs: Sequence[Pair]) -> Rows:
    if one.scorer is None:
        raise ScoreError(f"the scorer '{one.name}' cannot be opened any more: {one.lack}")
    return measure(one, pairs)
