"""A LLaMA-3-8B-shaped model with random weights through the recipe of lineups/llama3-8b.toml, beside `harness plan`.

    python -m benchmarks.llama3_shape [--lengths 2048,4096,8192] [--steps 3] [--folder DIR]
    python -m benchmarks.llama3_shape --tiny                      # shows on a CPU that it runs, and no more

On a card of 24 GB or more: for each sequence length a process of its own takes a few steps of batch 1, with activations
computed again (checkpointing), and prints the card's peak memory and the tokens a second of the last steps. A quarter
of each row, and 1,024 tokens at most, is target. Writing the weights needs 16 GB of disk and of memory. The figures of
8B were not measured when this was written: there was no card.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

from benchmarks.plan_accuracy import write_model
from harness.lineup import build, find_lineup, read_lineup
from harness.tuning.estimate import Held, Micro, gibibytes, total, training
from harness.tuning.shape import KNOWN, Shape, read_shape
from harness.types import Tuning

TINY = Shape("made up", 512, 64, 128, 2, 4, 2, 16, 8192, False)
TARGETS = 1024


def recipe(length: int) -> Tuning:
    """The line-up's settings, one row of this length at a time."""
    given = read_lineup(find_lineup("llama3-8b")).entrants["qlora"].settings
    known = {one.name for one in fields(Tuning)}
    chosen = {name: value for name, value in given.items() if name in known}
    one_row = {"sequence_length": length, "batch": 1, "checkpointing": True}
    return build(Tuning, {**chosen, **one_row}, "llama3-8b [systems.qlora]")


def targets(length: int) -> int:
    return min(TARGETS, length // 4)


def work(folder: Path, length: int, steps: int, device: str) -> dict[str, float]:
    """Peak bytes and tokens a second of a few steps; the first warms up and is not timed."""
    import torch

    from harness.tuning.job import Base, Job
    from harness.tuning.lessons import Encoded, Taught
    from harness.tuning.loop import peak_bytes
    from harness.tuning.student import Student, collate

    base = Base(str(folder), folder.name, "", False)
    student = Student(Job(base, Taught("", 0, 0, 0), recipe(length), device, 0, "", "", {}))
    optimiser = torch.optim.AdamW(student.parameters.values())
    tokens = tuple(at % read_shape(folder).vocabulary for at in range(length))
    batch = collate([[Encoded(tokens, targets(length))]])
    started = 0.0
    for step in range(steps):
        if step == 1:
            started = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        loss = student.loss(batch)
        torch.autograd.backward(loss)
        optimiser.step()
        loss.item()  # waits for the card
    seconds = time.perf_counter() - started
    return {"peak": peak_bytes(student.device), "pace": length * (steps - 1) / seconds}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lengths", default="")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the random weights lie, or are to lie")
    parser.add_argument("--tiny", action="store_true", help="a model of a few thousand parameters, on the CPU")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    device = "cpu" if args.tiny else "cuda"
    if args.one:
        print(json.dumps(work(args.folder, args.one, args.steps, device)))
        return 0
    lengths = [int(length) for length in (args.lengths or ("64,128" if args.tiny else "2048,4096,8192")).split(",")]
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch) / "random"
        if not (folder / "config.json").exists():
            write_model(folder, TINY if args.tiny else KNOWN["llama-3-8b"])
        table(folder, lengths, args.steps, tiny=args.tiny)
    return 0


def table(folder: Path, lengths: list[int], steps: int, *, tiny: bool) -> None:
    shape = read_shape(folder)
    print(f"{'tokens':>6} {'planned':>10} {'measured':>10} {'tokens/s':>9}")
    for length in lengths:
        tuning = recipe(length)
        held = Held(2, tuning.quantisation == "nf4", tuning.double_quantisation, on_card=not tiny)
        planned = total(training(shape, tuning, held, Micro(1, length, targets(length))))
        command = [sys.executable, "-m", "benchmarks.llama3_shape", "--folder", str(folder), "--one", str(length)]
        command += ["--steps", str(steps), *(["--tiny"] if tiny else [])]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        print(f"{length:6} {gibibytes(planned):>10} {gibibytes(found['peak']):>10} {found['pace']:9.0f}", flush=True)
    if tiny:
        print("a tiny shape on the CPU, where the measure is the whole process; the 8B figures were not measured")


if __name__ == "__main__":
    sys.exit(main())
