"""How fast a run was made: what its engine read and wrote, and the time in the engine beside the time around it.

Counted while texts are made, and noted in a file of its own beside the run, a line for each time that it was worked on:
seconds differ each time, and no digest has them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from harness import energy
from harness.errors import RunError
from harness.files import JsonLines
from harness.types import Completion

T = TypeVar("T")

FILE = "pace.jsonl"

Number = TypeVar("Number", int, float)


@dataclass
class Pace:
    """Sums over the texts that an engine wrote. `seconds` is wall time from the first case to the last candidate: that
    in the engine (loading the model and cutting prompts into tokens included), that in finding or training an
    adapter, and what is left, the harness's own. The counts are those of `Completion`; None where for some text nobody
    knows. `training_joules` is what the machine took while an adapter was found or trained, None where no meter can be
    read."""

    texts: int = 0
    prompt_tokens: int | None = 0
    cached_tokens: int | None = 0
    tokens: int | None = 0
    padding: int | None = 0
    seconds: float = 0.0
    engine_seconds: float = 0.0
    training_seconds: float = 0.0
    training_joules: float | None = 0.0

    @property
    def outside_seconds(self) -> float:
        return self.seconds - self.engine_seconds - self.training_seconds

    def count(self, completion: Completion) -> None:
        self.texts += 1
        self.prompt_tokens = _sum(self.prompt_tokens, completion.prompt_tokens)
        self.cached_tokens = _sum(self.cached_tokens, completion.cached_tokens)
        self.tokens = _sum(self.tokens, completion.tokens)
        self.padding = _sum(self.padding, completion.padding)

    @contextmanager
    def in_engine(self) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.engine_seconds += time.perf_counter() - started

    @contextmanager
    def in_training(self) -> Iterator[None]:
        started, began = time.perf_counter(), energy.snapshot()
        try:
            yield
        finally:
            self.training_seconds += time.perf_counter() - started
            self.training_joules = _sum(self.training_joules, energy.joules(began, energy.snapshot()))

    def following(self, completed: Iterable[tuple[int, list[Completion]]]) -> Iterator[tuple[int, list[Completion]]]:
        """What an engine yields, counted; the time until each of them is the engine's."""
        results = iter(completed)
        while True:
            with self.in_engine():
                found = next(results, None)
            if found is None:
                return
            for completion in found[1]:
                self.count(completion)
            yield found


def waited(answers: Iterable[T]) -> Iterator[tuple[T, float]]:
    """Each answer and the seconds waited for it: together no more than passed, however many are made at once."""
    started = time.perf_counter()
    for answer in answers:
        yield answer, time.perf_counter() - started
        started = time.perf_counter()


@contextmanager
def noting(folder: Path) -> Iterator[Pace]:
    """Count what is made meanwhile, and write it down in the run's folder, however it ends."""
    pace, started = Pace(), time.perf_counter()
    try:
        yield pace
    finally:
        pace.seconds = time.perf_counter() - started
        if pace.texts:
            with JsonLines(folder / FILE).appending() as file:
                file.append(asdict(pace))


def noted(folders: Iterable[Path]) -> Pace | None:
    """The sum over all times that the runs in these folders were worked on; None where no engine wrote any text."""
    paces = [pace for folder in folders for pace in _read(folder / FILE)]
    sums: dict[str, Any] = {}
    for name in (one.name for one in fields(Pace)):
        values = [getattr(pace, name) for pace in paces]
        sums[name] = None if None in values else sum(values)
    return Pace(**sums) if paces else None


def _read(path: Path) -> list[Pace]:
    try:
        return [Pace(**line) for line in JsonLines(path).read()]
    except TypeError:
        raise RunError(f"{path} holds a line that is no reading", todo="delete the file") from None


def _sum(total: Number | None, value: Number | None) -> Number | None:
    return None if total is None or value is None else total + value


# --------------------------------------------------------------------------- for the terminal


def lines(pace: Pace) -> list[str]:
    """One line on the engine's pace, one on where the time went; none where no engine was at work."""
    if not pace.texts:
        return []
    said = [f"engine: {pace.texts} texts", *_read_and_written(pace)]
    if pace.padding is not None and pace.prompt_tokens is not None and pace.tokens is not None:
        computed = pace.prompt_tokens - (pace.cached_tokens or 0) + pace.tokens + pace.padding
        said.append(f"{pace.padding / max(computed, 1):.1%} of what it computed was padding")
    where = [f"{pace.engine_seconds:.1f} s in the engine"]
    if pace.training_seconds >= 1:
        where.append(f"{pace.training_seconds:.1f} s for the adapter")
    where.append(f"{pace.outside_seconds:.1f} s outside it ({pace.outside_seconds / pace.seconds:.1%})")
    return [", ".join(said), f"time: {', '.join(where)}"]


def _read_and_written(pace: Pace) -> Iterator[str]:
    """Tokens, and how many of them a second of all the engine's time."""
    for what, tokens in (("read", pace.prompt_tokens), ("written", pace.tokens)):
        if tokens is not None:
            yield f"{tokens:,} tokens {what} ({tokens / pace.engine_seconds:,.0f}/s)"
    if pace.cached_tokens and pace.prompt_tokens:
        yield f"{pace.cached_tokens / pace.prompt_tokens:.1%} of those read found in the prefix cache"
