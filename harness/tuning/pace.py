"""How fast this machine trains and writes with a model: a step and a batch, after one to warm up."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from harness.lineup import EngineSettings
from harness.types import Sampling, Tuning

NEW = 8


def learning_pace(folder: Path, tuning: Tuning, engine: EngineSettings, length: int) -> float:
    """Tokens a second of a micro-batch of full rows, forward and backward."""
    import torch

    from harness.engines.runtime import prepare_torch
    from harness.tuning.job import Base, Job
    from harness.tuning.lessons import Encoded, Taught
    from harness.tuning.student import Student, collate

    prepare_torch(engine.threads)
    base = Base(str(folder), folder.name, "", engine.chat)
    student = Student(Job(base, Taught("", 0, 0, 0), tuning, engine.device, engine.threads, "", "", {}))
    row = [Encoded(tuple(range(length)), length // 4)]
    batch = collate([row] * tuning.batch)
    return length * tuning.batch / _seconds(lambda: torch.autograd.backward(student.loss(batch)))


def writing_paces(folder: Path, engine: EngineSettings, texts: int, prompt: int) -> tuple[float, float]:
    """(tokens a second of prompts that are read, of texts that are written), `texts` at a time."""
    from harness.engines.decoding import Row, Stops, decode
    from harness.engines.loading import load_model, numbers
    from harness.engines.runtime import prepare_torch

    prepare_torch(engine.threads)
    model = load_model(folder, numbers(engine.dtype, engine.device, engine.quantisation))
    endless = Stops(frozenset(), (), str)

    def write() -> list[float]:
        """When the prompts were read, and when each further token stood there, in seconds from the beginning."""
        rows, started, stamps = [Row(list(range(prompt))) for _ in range(texts)], time.perf_counter(), list[float]()
        decode(model, rows, Sampling(1 + NEW), endless, 0, lambda _: stamps.append(time.perf_counter() - started))
        return stamps

    write()
    read, *_, last = write()
    return texts * prompt / read, texts * NEW / (last - read)


def _seconds(work: Callable[[], object]) -> float:
    work()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
