"""The engine `vllm` on the embedded model: the contract of all engines, and beside the engine `transformers`."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from harness import assets
from harness.engines.loading import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from harness.engines.prompts import prompt_tokens
from harness.engines.transformers import open_transformers
from harness.engines.vllm import VllmEngine, open_vllm
from harness.errors import AssetError, RunError
from harness.lineup import VllmSettings
from harness.types import Prompt, Sampling
from tests.engine_contract import (
    MODEL,
    NEAR,
    PROMPTS,
    EngineContract,
    answers,
    asked,
    logits_of,
    shipped_adapter,
)

QUICK = {"enforce_eager": True, "threads": 1, "memory_share": 0.05}

COMPLAINTS = (
    "fever and a cough",
    "chest pain",
    "a fall at home",
    "vomiting",
    "a swollen leg",
    "dizziness",
    "a rash after an antibiotic",
    "jaundice",
)
NOTES = asked(
    *(f"Write two sentences for the discharge summary of a patient who came with {one}." for one in COMPLAINTS)
)
"""Prompts that share their head, so that the prefix cache is at work."""


@pytest.fixture(scope="module")
def engine() -> Iterator[VllmEngine]:
    engine = open_vllm(assets.path(MODEL), VllmSettings(dtype="float32", batch_size=2, **QUICK))
    yield engine
    engine.loaded.close()


class TestContract(EngineContract):
    pass


# --------------------------------------------------------------------------- beside the engine `transformers`


def test_sampled_texts_and_controlled_ones_are_those_of_transformers(engine: VllmEngine) -> None:
    """The same draws decide, so even these are equal."""
    other = open_transformers(assets.path(MODEL), dtype="float32", threads=1, batch_size=2)
    for sampling in (
        Sampling(16, repetition_penalty=1.3, no_repeat_ngram=2),
        Sampling(16, temperature=0.9, top_p=0.9, samples=2, repetition_penalty=1.1, no_repeat_ngram=3, seed=4),
        Sampling(24, stop=("good", "2.")),
    ):
        ours, theirs = answers(engine, sampling, NOTES[:3]), answers(other, sampling, NOTES[:3])
        for at in range(3):
            for one, two in zip(ours[at], theirs[at], strict=True):
                assert (one.text, one.finish, one.tokens) == (two.text, two.finish, two.tokens)
                assert one.logprob == pytest.approx(two.logprob, abs=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_greedy_texts_part_from_those_of_transformers_at_near_ties_alone(
    engine: VllmEngine, dtype: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Base and adapter: each token that vLLM writes is the best one of transformers and peft, or nearly."""
    engine.loaded.close()
    ours = open_vllm(assets.path(MODEL), VllmSettings(dtype=dtype, **QUICK))
    theirs = open_transformers(assets.path(MODEL), dtype=dtype, threads=1, batch_size=8)
    for adapter in (None, shipped_adapter()):
        one, other = (ours.adapted(adapter), theirs.adapted(adapter)) if adapter else (ours, theirs)
        written = tokens_of(one, NOTES, 40)
        found = answers(other, Sampling(40), NOTES)
        apart = [at for at, tokens in written.items() if text_of(one, tokens) != found[at][0].text]
        gaps = [gap for at, tokens in written.items() for gap in gaps_of(NOTES[at], tokens, adapter, dtype)]
        with capsys.disabled():
            print(
                f"\n{dtype}, {'adapter' if adapter else 'base'}: {len(apart)} of {len(NOTES)} texts part from those of "
                f"transformers; of {len(gaps)} tokens {sum(gap > 0 for gap in gaps)} are not its first choice, the "
                f"farthest by {max(gaps):.2g} between logits"
            )
        assert max(gaps) <= NEAR[dtype]
    ours.loaded.close()


def tokens_of(engine: VllmEngine, prompts: list[Prompt], new: int) -> dict[int, list[int]]:
    encoded = [prompt_tokens(engine.tokenizer, prompt.messages, chat=True) for prompt in prompts]
    written = engine._written(prompts, encoded, range(len(prompts)), Sampling(new), 1)
    return {at: list(ended.outputs[0].token_ids) for at, _, ended, _ in written}


def text_of(engine: VllmEngine, tokens: list[int]) -> str:
    text: str = engine.tokenizer.decode(tokens, skip_special_tokens=True)
    return text


def gaps_of(prompt: Prompt, written: list[int], adapter: Path | None, dtype: str) -> list[float]:
    """How far each token's logit is below the highest, as transformers computes them along vLLM's text."""
    logits = logits_of(prompt, written, adapter, dtype)
    chosen = logits.gather(-1, torch.tensor(written)[:, None])[:, 0]
    return [float(gap) for gap in logits.max(-1).values - chosen]


# --------------------------------------------------------------------------- batches, and what is refused


def test_a_batch_with_anything_missing_is_made_whole(engine: VllmEngine) -> None:
    assert set(answers(engine, Sampling(4), done=[0, 1, 2])) == {2, 3, 4}
    assert set(answers(engine, Sampling(4), done=[0, 1, 2, 3])) == {4}


def test_the_seconds_of_all_texts_are_those_that_passed(engine: VllmEngine) -> None:
    import time

    started = time.monotonic()
    found = answers(engine, Sampling(6), PROMPTS[:2])
    passed = time.monotonic() - started
    assert sum(one.seconds for completions in found.values() for one in completions) == pytest.approx(passed, rel=0.2)


def test_two_stages_at_a_time_are_refused(engine: VllmEngine) -> None:
    together = dataclasses.replace(engine, settings=dataclasses.replace(engine.settings, batch_size=5))
    first = together.complete(PROMPTS, Sampling(max_new_tokens=12))
    next(first)
    with pytest.raises(RunError) as caught:
        answers(engine, Sampling(max_new_tokens=4))
    assert str(caught.value) == (
        "the engine 'vllm' was asked for texts while it is at work on others\n"
        "  -> let the system take all texts of one complete() before it asks for the next"
    )
    assert len(list(first)) == len(PROMPTS) - 1


def test_what_vllm_cannot_open_is_told_in_a_line(engine: VllmEngine) -> None:
    engine.loaded.close()
    halved = open_vllm(assets.path(MODEL), VllmSettings(dtype="float32", tensor_parallel=2, **QUICK))
    with pytest.raises(AssetError, match=r"vLLM cannot open the model in .*smollm2-135m-instruct: .*attention heads"):
        answers(halved, Sampling(2))


def test_an_adapter_that_vllm_cannot_apply_is_refused(engine: VllmEngine, tmp_path: Path) -> None:
    source = shipped_adapter()
    (tmp_path / ADAPTER_WEIGHTS).write_bytes((source / ADAPTER_WEIGHTS).read_bytes())
    config = json.loads((source / ADAPTER_CONFIG).read_text()) | {"use_dora": True}
    (tmp_path / ADAPTER_CONFIG).write_text(json.dumps(config))
    with pytest.raises(AssetError, match=r"the adapter in .* does not fit the model in .*: .*DoRA"):
        answers(engine.adapted(tmp_path), Sampling(2))


# --------------------------------------------------------------------------- a process of its own

PROGRAM = """
import json, os, sys
from harness import privacy
if sys.argv[1] == "restricted":
    privacy.restrict()
reached = []

def record(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(args[-1], tuple):
        reached.append(str(args[-1][0]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        reached.append(str(args[0]))

sys.addaudithook(record)
from harness import assets
from harness.engines.vllm import open_vllm
from harness.lineup import VllmSettings
from harness.types import Prompt, Sampling
preloaded = os.environ.get("LD_PRELOAD")
prompts = [Prompt(case, field, tuple(map(tuple, messages))) for case, field, messages in json.loads(sys.argv[3])]
engine = open_vllm(assets.path(sys.argv[2]), VllmSettings(dtype="float32", batch_size=2, **json.loads(sys.argv[4])))
found = [[at, [vars(one) | {"seconds": 0} for one in texts]] for at, texts in engine.complete(prompts, Sampling(6))]
engine.loaded.close()
import torch
torch.set_num_threads(1)  # vLLM puts a lock on it
assert os.environ.get("LD_PRELOAD") == preloaded
print(json.dumps([found, sorted({*reached} - {"127.0.0.1", "::1", "localhost"})]))
"""


@pytest.mark.parametrize("corpus", ["open", "restricted"])
def test_another_process_writes_the_same_bytes_reaches_nobody_and_says_nothing(engine: VllmEngine, corpus: str) -> None:
    here = [[at, [vars(one) | {"seconds": 0} for one in found]] for at, found in engine.complete(PROMPTS, Sampling(6))]
    prompts = json.dumps([[one.case, one.field, one.messages] for one in PROMPTS])
    silent = {name: value for name, value in os.environ.items() if not name.startswith(("VLLM_", "HF_", "DO_NOT"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, corpus, MODEL, prompts, json.dumps(QUICK)],
        env={**silent, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    found, reached = json.loads(done.stdout)
    assert found == json.loads(json.dumps(here))
    assert reached == []
    said = [one for one in done.stderr.replace("\r", "\n").split("\n") if one and not one.startswith("generating:")]
    assert said == []
