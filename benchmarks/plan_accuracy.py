"""`harness plan`'s memory beside what the same work takes, on three sizes of random LLaMA-shaped models on this CPU.

    python -m benchmarks.plan_accuracy [--size 30M] [--case nf4]

Each line is a fresh process: it loads the libraries and lets a toy model take a step and write, which gives the
baseline (resident memory); then it loads the model, resets the kernel's high-water mark, does two steps of training or
fills a batch and writes, and reads the mark (VmHWM of /proc/self/status). Planned is what `harness plan` adds up.

Of blocks that are freed glibc keeps those under 32 MiB for later, which the mark counts: what a plan adds up is what
is in use. So the line is measured with glibc told to give back at once (MALLOC_MMAP_THRESHOLD_), and a second time as
it comes ("default"). Pages of a mapped file count too, wanted or not: the files hold float16, which is converted when
it is loaded. An 8B model is not measured here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.tuning.estimate import Held, Micro, generation, total, training
from harness.tuning.shape import KNOWN, Shape, read_shape
from harness.types import Tuning

SIZES = {
    "30M": Shape("made up", 32_000, 384, 1024, 10, 6, 2, 64, 4096, True),
    "135M": KNOWN["smollm2-135m"],
    "360M": Shape("SmolLM2-360M's config.json", 49_152, 960, 2560, 32, 15, 5, 64, 8192, True),
}
TRAIN = Micro(rows=1, tokens=512, targets=200)
TEXTS, PROMPT, NEW = 4, 512, 8
AIM = 0.2


@dataclass(frozen=True)
class Case:
    """What is done with a model: a step of training with these settings, or writing if there are none."""

    tuning: Tuning | None
    dtype: str = "float32"


_LORA = Tuning(quantisation="none", compute_dtype="float32", dropout=0.05)
CASES = {
    "lora": Case(_LORA),
    "checkpointed": Case(replace(_LORA, checkpointing=True)),
    "nf4": Case(replace(_LORA, quantisation="nf4", checkpointing=True)),
    "bf16": Case(replace(_LORA, compute_dtype="bfloat16"), "bfloat16"),
    "writing": Case(None),
    "writing, bf16": Case(None, "bfloat16"),
}


def planned(shape: Shape, case: Case) -> float:
    nf4 = case.tuning is not None and case.tuning.quantisation == "nf4"
    held = Held(2 if case.dtype == "bfloat16" else 4, nf4, double_quantisation=True, on_card=False)
    if case.tuning:
        return total(training(shape, case.tuning, held, TRAIN))
    return total(generation(shape, held, TEXTS, PROMPT, NEW))


# --------------------------------------------------------------------------- the fresh process


def write_model(folder: Path, shape: Shape) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        head_dim=shape.head,
        max_position_embeddings=shape.context,
        tie_word_embeddings=shape.tied,
    )
    LlamaForCausalLM(config).half().save_pretrained(folder)
    return folder


def measure(folder: Path, case: Case) -> int:
    """Bytes at the height of the work, beyond the baseline."""
    from harness.engines.runtime import prepare_torch

    prepare_torch(1)
    with tempfile.TemporaryDirectory() as scratch:
        toy = Shape("toy", 128, 64, 128, 1, 2, 1, 32, 512, True)
        work(write_model(Path(scratch), toy), case, toy, Micro(1, 32, 8), (2, 32))
    baseline = status("VmRSS")
    shape = read_shape(folder)
    return work(folder, case, shape, TRAIN, (TEXTS, PROMPT)) - baseline


def work(folder: Path, case: Case, shape: Shape, micro: Micro, prompts: tuple[int, int]) -> int:
    return train(folder, case.tuning, shape, micro) if case.tuning else write(folder, case.dtype, shape, *prompts)


def train(folder: Path, tuning: Tuning, shape: Shape, micro: Micro) -> int:
    import torch

    from harness.tuning.job import Base, Job
    from harness.tuning.lessons import Encoded, Taught
    from harness.tuning.student import Student, collate

    base = Base(str(folder), folder.name, "", False)
    student = Student(Job(base, Taught("", 0, 0, 0), tuning, "cpu", 1, "", "", {}))
    optimiser = torch.optim.AdamW(student.parameters.values())
    tokens = tuple(at % shape.vocabulary for at in range(micro.tokens))
    batch = collate([[Encoded(tokens, micro.targets)] for _ in range(micro.rows)])
    reset()
    for _ in range(2):
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(student.loss(batch))
        optimiser.step()
    return status("VmHWM")


def write(folder: Path, dtype: str, shape: Shape, texts: int, prompt: int) -> int:
    from harness.engines.decoding import Row, Stops, decode
    from harness.engines.loading import load_model, numbers
    from harness.types import Sampling

    model = load_model(folder, numbers(dtype, "cpu"))
    rows = [Row([at % shape.vocabulary for at in range(prompt)]) for _ in range(texts)]
    reset()
    decode(model, rows, Sampling(NEW), Stops(frozenset(), (), str), 0, lambda _: None)
    return status("VmHWM")


def reset() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def status(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


# --------------------------------------------------------------------------- the table


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=SIZES)
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.folder:
        print(json.dumps(measure(args.folder, CASES[args.case])))
        return 0
    print(f"{'model':6} {'case':13} {'planned':>9} {'measured':>9} {'off':>7} {'default':>9}")
    worst = max(abs(off) for off in rows(args.size, args.case))
    print(f"8B     {'':13} {'':9} not measured\nthe worst is {worst:.0%} off; the aim is {AIM:.0%}")
    return int(worst > AIM)


def rows(only_size: str | None, only_case: str | None) -> Any:
    for size in [only_size] if only_size else SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = write_model(Path(scratch), SIZES[size])
            for case in [only_case] if only_case else CASES:
                plan, took = planned(SIZES[size], CASES[case]), fresh(folder, case, {"MALLOC_MMAP_THRESHOLD_": "65536"})
                figures = [f"{one / 2**20:7.0f} M" for one in (plan, took, fresh(folder, case, {}))]
                off = plan / took - 1
                print(f"{size:6} {case:13} {figures[0]} {figures[1]} {off:+7.1%} {figures[2]}", flush=True)
                yield off


def fresh(folder: Path, case: str, environment: dict[str, str]) -> int:
    """The measured bytes of a case in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.plan_accuracy", "--folder", str(folder), "--case", case]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return int(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
