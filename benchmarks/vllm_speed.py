"""vLLM beside transformers: the same prompts, one thread each, in one run: new tokens a CPU second by batch size.

    .vllm/bin/python -m benchmarks.vllm_speed [--texts 64] [--tokens 64] [--dtype float32] [--rounds 1] [--adapter]

runs in the environment that `make test-vllm` builds. Prompts are charts of about 250 words under one head of about 60,
greedy, on the embedded model. With a batch size of 1 the first eight prompts alone are written. Loading is not timed:
each engine writes two texts first. What is counted is the processor's time: one thread has as much of it as passes on a
machine that does nothing else. Both engines take turns in every round; a ratio is the median of the rounds'. How many
texts are equal stands beside it: where they are not, each engine is judged by the tokens that it wrote.
"""

from __future__ import annotations

import argparse
import gc
import platform
import random
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.texts import Prose
from harness import assets
from harness.engines.transformers import open_transformers
from harness.engines.vllm import installed, open_vllm
from harness.lineup import VllmSettings
from harness.tuning.adapters import SHIPPED
from harness.types import Completion, Engine, Prompt, Sampling

MODEL = "smollm2-135m-instruct"
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
    adapter = next(path.parent for path in sorted(SHIPPED.glob("*/adapter_config.json"))) if args.adapter else None
    print(f"{platform.machine()}, one thread, {args.dtype}, {_versions()}, adapter: {'yes' if adapter else 'no'}")
    print("| batch | prompts | transformers, tokens/CPU-s | vllm, tokens/CPU-s | ratio | equal texts |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for size in (1, 16, args.texts):
        some = prompts[: ALONE if size == 1 else args.texts]
        rounds = [_round(some, size, args.dtype, Sampling(args.tokens), adapter) for _ in range(args.rounds)]
        theirs, ours = (statistics.median(one[at] for one in rounds) for at in (0, 1))
        ratio, equal = statistics.median(one[1] / one[0] for one in rounds), rounds[0][2]
        print(
            f"| {size} | {len(some)} | {theirs:.1f} | {ours:.1f} | {ratio:.2f} | {equal} of {len(some)} |", flush=True
        )
    return 0


def _round(
    prompts: list[Prompt], size: int, dtype: str, sampling: Sampling, adapter: Path | None
) -> tuple[float, float, int]:
    """(tokens a CPU second of transformers, of vLLM, how many of their texts are equal)."""
    folder = assets.path(MODEL)
    theirs = open_transformers(folder, dtype=dtype, threads=1, batch_size=size, batch_tokens=10**9)
    slow, first = _timed(theirs.adapted(adapter) if adapter else theirs, prompts, sampling)
    del theirs
    gc.collect()
    ours = open_vllm(folder, VllmSettings(dtype=dtype, threads=1, batch_size=size, enforce_eager=True))
    fast, second = _timed(ours.adapted(adapter) if adapter else ours, prompts, sampling)
    ours.loaded.close()
    return slow, fast, sum(first[at][0].text == second[at][0].text for at in first)


def _timed(engine: Engine, prompts: list[Prompt], sampling: Sampling) -> tuple[float, dict[int, list[Completion]]]:
    list(engine.complete(prompts[:2], Sampling(4)))
    started = time.process_time()
    found = dict(engine.complete(prompts, sampling))
    passed = time.process_time() - started
    return sum(one.tokens or 0 for [one] in found.values()) / passed, found


def _versions() -> str:
    of_vllm = [f"{name} {one}" for name, one in installed().items()]
    return ", ".join([*of_vllm, *(f"{name} {version(name)}" for name in ("torch", "transformers"))])


if __name__ == "__main__":
    sys.exit(main())
