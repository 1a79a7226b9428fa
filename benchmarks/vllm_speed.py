"""vLLM beside transformers: the same prompts, one thread each, in one run: new tokens a CPU second by batch size.

    .vllm/bin/python -m benchmarks.vllm_speed [--texts 64] [--tokens 64] [--dtype float32] [--rounds 1] [--adapter]

runs in the environment that `make test-vllm` builds. Prompts are charts of about 250 words under one head of about 60,
greedy, on the embedded model. With a batch size of 1 the first eight prompts alone are written. Loading is not timed:
each engine writes a text first. What is counted is the processor's time: one thread has as much of it as passes on a
machine that does nothing else. Both engines take turns in every round, and turns in who begins; a ratio is the median
of the rounds', and beside it stand the smallest and the largest. How many texts are equal is told too: where they are
not, each engine is judged by the tokens that it wrote.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from benchmarks.texts import Prose
from harness import assets
from harness.engines.transformers import TransformersEngine, open_transformers
from harness.engines.vllm import VllmEngine, installed, open_vllm
from harness.lineup import VllmSettings
from harness.types import Completion, Engine, Prompt, Sampling
from tests.engine_contract import MODEL, shipped_adapter

HEAD = (
    "You write the brief hospital course of a discharge summary. Say why the patient came, what was found, what was "
    "done and how it went, by problem, in full sentences and in the past tense. Write nothing that the chart does not "
    "say, leave out what does not matter to the next physician, and do not repeat yourself. The chart follows.\n\n"
)
ALONE = 8


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=int, default=64)
    options.add_argument("--tokens", type=int, default=64)
    options.add_argument("--dtype", default="float32")
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--adapter", action="store_true", help="with the adapter of the embedded line-up")
    args = options.parse_args()
    prose = Prose(random.Random(0))
    charts = [" ".join(prose.summary(250)) for _ in range(args.texts)]
    prompts = [Prompt(str(at), "course", (("user", HEAD + chart),)) for at, chart in enumerate(charts)]
    adapter = shipped_adapter() if args.adapter else None
    print(f"{platform.machine()}, one thread, {args.dtype}, {_versions()}, adapter: {'yes' if adapter else 'no'}")
    print("| batch | prompts | transformers, tokens/CPU-s | vllm, tokens/CPU-s | ratio | of the rounds | equal texts |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    theirs, ours = _engines(args.dtype, adapter)
    for size in (1, 16, args.texts):
        some = prompts[: ALONE if size == 1 else args.texts]
        both = replace(theirs, batch_size=size), replace(ours, settings=replace(ours.settings, batch_size=size))
        rounds = [_round(both, some, Sampling(args.tokens), first=at % 2) for at in range(args.rounds)]
        pace = [statistics.median(one[at][0] for one in rounds) for at in (0, 1)]
        ratios = [one[1][0] / one[0][0] for one in rounds]
        (_, slow), (_, fast) = rounds[0]
        equal = sum(slow[at][0].text == fast[at][0].text for at in slow)
        spread = f"{statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f}"
        row = f"{size} | {len(some)} | {pace[0]:.1f} | {pace[1]:.1f} | {spread} | {equal} of {len(some)}"
        print(f"| {row} |", flush=True)
    ours.loaded.close()
    return 0


def _engines(dtype: str, adapter: Path | None) -> tuple[TransformersEngine, VllmEngine]:
    folder = assets.path(MODEL)
    theirs = open_transformers(folder, dtype=dtype, threads=1, batch_tokens=10**9)
    ours = open_vllm(folder, VllmSettings(dtype=dtype, threads=1, enforce_eager=True))
    if adapter:
        theirs, ours = theirs.adapted(adapter), ours.adapted(adapter)
    warm = [Prompt("", "course", (("user", HEAD),))]
    for engine in (theirs, ours):
        list(engine.complete(warm, Sampling(4)))
    return theirs, ours


Timed = tuple[float, dict[int, list[Completion]]]
"""(new tokens a CPU second, what was written)"""


def _round(engines: tuple[Engine, Engine], prompts: list[Prompt], sampling: Sampling, first: int) -> list[Timed]:
    """Both engines, the one at `first` before the other; the results in the order of `engines`."""
    found = {at: _timed(engines[at], prompts, sampling) for at in (first, 1 - first)}
    return [found[0], found[1]]


def _timed(engine: Engine, prompts: list[Prompt], sampling: Sampling) -> Timed:
    started = time.process_time()
    found = dict(engine.complete(prompts, sampling))
    passed = time.process_time() - started
    return sum(one.tokens or 0 for [one] in found.values()) / passed, found


def _versions() -> str:
    of_vllm = [f"{name} {one}" for name, one in installed().items()]
    return ", ".join([*of_vllm, *(f"{name} {version(name)}" for name in ("torch", "transformers"))])


if __name__ == "__main__":
    sys.exit(main())
