"""The pace of a run: what its engine read and wrote, and where the time went."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from harness import pace
from harness.errors import GenerationError, RunError
from harness.pace import FILE, Pace, lines, noted, noting
from harness.resources import ResumingEngine
from harness.run import Generated
from harness.types import Completion, Prompt, Sampling
from harness.usage import usage_of

WRITTEN = Completion("text", "stop", 10, 0.1, prompt_tokens=100, cached_tokens=40, padding=15)


class Engine:
    """Yields what it is given, after a while."""

    def __init__(self, completions: Sequence[Completion], *, fails: bool = False) -> None:
        self.completions, self.fails = completions, fails

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        for at, completion in enumerate(self.completions):
            time.sleep(0.02)
            yield at, [completion]
        if self.fails:
            raise GenerationError({len(self.completions): "no answer"})

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody asks for {name}")


def resuming(engine: Engine, counted: Pace) -> ResumingEngine:
    prompts: Any = engine
    return ResumingEngine(prompts, (), {}, counted)


def test_the_time_until_a_text_is_the_engines_and_the_time_until_the_next_is_asked_for_is_not() -> None:
    counted, started = Pace(), time.monotonic()
    for _ in resuming(Engine([WRITTEN, WRITTEN]), counted).complete([], Sampling(10)):
        time.sleep(0.1)
    assert 0.04 <= counted.engine_seconds <= time.monotonic() - started - 0.2
    assert (counted.texts, counted.prompt_tokens, counted.cached_tokens) == (2, 200, 80)
    assert (counted.tokens, counted.padding) == (20, 30)


def test_what_an_engine_does_not_tell_is_not_known_of_the_sum() -> None:
    counted = Pace()
    silent = replace(WRITTEN, cached_tokens=None, padding=None)
    list(resuming(Engine([WRITTEN, silent, WRITTEN]), counted).complete([], Sampling(10)))
    assert (counted.texts, counted.prompt_tokens, counted.cached_tokens, counted.padding) == (3, 300, None, None)


def test_an_engine_that_fails_at_the_end_has_worked_all_the_same() -> None:
    counted, prompts = Pace(), [Prompt("1", "course", ()), Prompt("2", "course", ())]
    engine = resuming(Engine([WRITTEN], fails=True), counted)
    assert [at for at, _ in engine.complete(prompts, Sampling(10))] == [0]
    assert (counted.texts, engine.failed) == (1, {("2", "course"): "no answer"})


def interrupted(folder: Path) -> None:
    with noting(folder) as now:
        now.count(WRITTEN)
        raise KeyboardInterrupt


def test_what_was_made_is_noted_however_it_ends_and_adds_up(tmp_path: Path) -> None:
    with noting(tmp_path) as now:
        now.count(WRITTEN)
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path)
    with noting(tmp_path):
        pass  # nothing was made
    assert (tmp_path / FILE).read_bytes().count(b"\n") == 2
    total = noted([tmp_path, tmp_path / "none"])
    assert total is not None
    assert (total.texts, total.prompt_tokens, total.padding) == (2, 200, 30)
    assert total.seconds > 0
    assert noted([tmp_path / "none"]) is None


def test_the_usage_has_the_pace_and_no_pace_where_no_engine_was(tmp_path: Path) -> None:
    with noting(tmp_path) as now:
        now.count(WRITTEN)
    found = usage_of(1, Generated(), {tmp_path: Generated(), tmp_path / "none": Generated()}, "d0")
    assert found.pace == {**asdict(now)}
    assert usage_of(1, Generated(), {tmp_path / "none": Generated()}, "d0").pace == {}


def test_an_edited_reading_says_so(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"text": 1}\n')
    with pytest.raises(RunError, match=r"pace.jsonl holds a line that is no reading"):
        pace.noted([tmp_path])


def test_the_lines() -> None:
    whole = Pace(18, 20_000, 5_000, 4_000, 1_000, seconds=100.0, engine_seconds=80.0, training_seconds=15.0)
    assert lines(whole) == [
        "engine: 18 texts, 20,000 tokens read (250/s), 4,000 tokens written (50/s), 25.0% of those read found in the "
        "prefix cache, 5.0% of what it computed was padding",
        "time: 80.0 s in the engine, 15.0 s for the adapter, 5.0 s outside it (5.0%)",
    ]
    silent = replace(whole, prompt_tokens=None, cached_tokens=None, padding=None, training_seconds=0.2)
    assert lines(silent) == [
        "engine: 18 texts, 4,000 tokens written (50/s)",
        "time: 80.0 s in the engine, 19.8 s outside it (19.8%)",
    ]
    assert lines(Pace()) == []
