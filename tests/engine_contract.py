"""What every engine that runs a local model keeps, asked of each in the same words.

A test class that inherits from `EngineContract` has a fixture `engine`: the embedded model in float32, two prompts a
batch. What the model itself says is read off transformers and peft, one text at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from harness import assets
from harness.engines.loading import ADAPTER_CONFIG, ADAPTER_WEIGHTS, Weights, load_tokenizer, numbers
from harness.engines.prompts import prompt_tokens
from harness.errors import AssetError, RunError
from harness.tuning.adapters import SHIPPED
from harness.types import Completion, Engine, Prompt, Sampling

MODEL = "smollm2-135m-instruct"
NEAR = {"float32": 1e-3, "bfloat16": 0.25}
"""Between logits: what counts as a tie (two ways to the same sum round differently)."""
QUESTIONS = (
    "Name a fruit.",
    "Why was the patient, a man of 61 with fever, cough and a new infiltrate on his film, admitted to hospital?",
    "Say hello.",
    "What is two plus two? Answer with one word.",
    "List three kinds of pain relief that a nurse may give without asking a physician first, briefly.",
)


def asked(*questions: str) -> list[Prompt]:
    return [Prompt(str(20000 + at), "course", (("user", text),)) for at, text in enumerate(questions)]


PROMPTS = asked(*QUESTIONS)


def shipped_adapter() -> Path:
    return next(path.parent for path in sorted(SHIPPED.glob(f"*/{ADAPTER_CONFIG}")))


def adapter_of_width(folder: Path, width: int) -> Path:
    """One for a model with so many hidden values (the embedded one has 576), otherwise as the one that is shipped."""
    from safetensors.torch import load_file, save_file

    weights = load_file(shipped_adapter() / ADAPTER_WEIGHTS)
    other = {name: values.new_ones(values.shape[0], width) for name, values in weights.items() if "lora_A" in name}
    save_file({**weights, **other}, folder / ADAPTER_WEIGHTS)
    (folder / ADAPTER_CONFIG).write_bytes((shipped_adapter() / ADAPTER_CONFIG).read_bytes())
    return folder


def answers(
    engine: Engine, sampling: Sampling, prompts: Sequence[Prompt] = PROMPTS, done: Sequence[int] = ()
) -> dict[int, list[Completion]]:
    return dict(engine.complete(prompts, sampling, done))


def texts(found: dict[int, list[Completion]]) -> dict[int, list[str]]:
    return {at: [one.text for one in completions] for at, completions in found.items()}


@cache
def tokenizer() -> Any:
    return load_tokenizer(assets.path(MODEL))


@cache
def weights(dtype: str) -> Weights:
    return Weights(assets.path(MODEL), numbers(dtype, "cpu"))


@torch.inference_mode()
def logits_of(prompt: Prompt, written: Sequence[int], adapter: Path | None = None, dtype: str = "float32") -> Any:
    """The model's own logits, shape (tokens, vocabulary), where each token of `written` was chosen."""
    before = prompt_tokens(tokenizer(), prompt.messages, chat=True)
    with weights(dtype).wearing(adapter) as model:
        logits = model(torch.tensor([[*before, *written]])).logits[0, len(before) - 1 : -1]
    return logits.float()


class EngineContract:
    # ----------------------------------------------------------------- what is asked, what is left out

    def test_every_prompt_is_answered_once(self, engine: Engine) -> None:
        found = list(engine.complete(PROMPTS, Sampling(max_new_tokens=4)))
        assert sorted(at for at, _ in found) == list(range(len(PROMPTS)))
        assert {len(completions) for _, completions in found} == {1}
        assert list(engine.complete([], Sampling(max_new_tokens=4))) == []

    def test_who_goes_on_writes_what_would_have_been_written(self, engine: Engine) -> None:
        sampling = Sampling(max_new_tokens=4)
        whole = texts(answers(engine, sampling))
        for missing in ({0}, {3}, {1, 4}):
            resumed = texts(answers(engine, sampling, done=[at for at in range(len(PROMPTS)) if at not in missing]))
            assert missing <= set(resumed) < set(whole)
            assert resumed == {at: whole[at] for at in resumed}
        assert answers(engine, sampling, done=range(len(PROMPTS))) == {}

    def test_who_stops_early_can_ask_again(self, engine: Engine) -> None:
        found = engine.complete(PROMPTS, Sampling(max_new_tokens=3))
        first, _ = next(iter(found))
        del found
        assert first in range(len(PROMPTS))
        assert set(answers(engine, Sampling(max_new_tokens=2))) == set(range(len(PROMPTS)))

    def test_a_prompt_that_is_too_long_stops_before_anything_is_generated(self, engine: Engine) -> None:
        assert engine.context_length == 8192
        long = Prompt("20042", "instructions", (("user", "pain " * 8200),))
        count = engine.count_prompt(long.messages)
        with pytest.raises(RunError) as caught:
            engine.complete([*PROMPTS, long], Sampling(max_new_tokens=100))
        assert str(caught.value) == (
            f"case 20042, instructions: the prompt has {count} tokens; with 100 new ones the model's 8192 have room "
            "for 8092\n  -> give the system a smaller input budget, or fewer max_new_tokens"
        )
        with pytest.raises(RunError, match=r"\(2 prompts are too long\)"):
            engine.complete([long, *PROMPTS, long], Sampling(max_new_tokens=100))

    def test_tokens_are_counted_with_and_without_the_template(self, engine: Engine) -> None:
        assert engine.count_tokens("Hi.") == 2
        assert engine.count_prompt((("system", "Be brief."), ("user", "Hi."))) == len(
            tokenizer()(
                "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n"
            )["input_ids"]
        )

    # ----------------------------------------------------------------- a text and its end

    def test_a_greedy_text_is_the_models_and_so_is_its_log_probability(self, engine: Engine) -> None:
        found = answers(engine, Sampling(max_new_tokens=12))
        for at, [one] in found.items():
            written = list(tokenizer()(one.text)["input_ids"]) + [2] * (one.finish == "stop")
            assert len(written) == one.tokens
            logits = logits_of(PROMPTS[at], written)
            assert logits.argmax(-1).tolist() == written
            assert one.logprob == pytest.approx(_mean(logits, written), abs=1e-4)
            assert one.seconds > 0
        assert {one.finish for [one] in found.values()} == {"stop", "length"}

    def test_a_stop_string_ends_a_text_and_is_no_part_of_it(self, engine: Engine) -> None:
        [free] = answers(engine, Sampling(max_new_tokens=12), PROMPTS[:1])[0]
        string = free.text[6:9]
        [stopped] = answers(engine, Sampling(max_new_tokens=12, stop=("@@@", string)), PROMPTS[:1])[0]
        assert stopped.text == free.text[: free.text.index(string)]
        assert stopped.finish == "stop"
        assert stopped.tokens is not None
        assert free.tokens is not None
        assert stopped.tokens < free.tokens

    # ----------------------------------------------------------------- repetition

    def test_a_loop_is_broken(self, engine: Engine) -> None:
        prompt = asked("Repeat: no no no no no no no no no no no no no no no no no no no no")
        [looping] = answers(engine, Sampling(max_new_tokens=24), prompt)[0]
        [broken] = answers(engine, Sampling(max_new_tokens=24, no_repeat_ngram=2), prompt)[0]

        def pairs(text: str) -> list[tuple[int, ...]]:
            return list(pairwise(tokenizer()(text)["input_ids"]))

        assert len(set(pairs(looping.text))) < len(pairs(looping.text))
        assert len(set(pairs(broken.text))) == len(pairs(broken.text))

    def test_a_penalty_counts_what_was_written_and_leaves_the_log_probability_the_models(self, engine: Engine) -> None:
        """Each token is the best one once those that were written are made less likely, and none of the prompt is."""
        sampling = Sampling(max_new_tokens=12, repetition_penalty=1.4)
        [one] = answers(engine, sampling, PROMPTS[1:2])[0]
        written = tokenizer()(one.text)["input_ids"]
        assert len(written) == one.tokens == 12
        logits = logits_of(PROMPTS[1], written)
        for at, token in enumerate(written):
            scores, seen = logits[at].clone(), sorted(set(written[:at]))
            scores[seen] = torch.where(scores[seen] < 0, scores[seen] * 1.4, scores[seen] / 1.4)
            assert int(scores.argmax()) == token
        assert one.logprob == pytest.approx(_mean(logits, written), abs=1e-4)

    # ----------------------------------------------------------------- sampling

    def test_a_sampled_text_is_its_own_whatever_shares_its_batch(self, engine: Engine) -> None:
        sampling = Sampling(max_new_tokens=8, temperature=1.0, top_p=0.95, seed=11)
        assert texts(answers(engine, sampling, PROMPTS[1:2]))[0] == texts(answers(engine, sampling))[1]

    def test_samples_differ_and_seeds_differ_and_repeat(self, engine: Engine) -> None:
        sampling = Sampling(max_new_tokens=4, temperature=1.5, samples=3, seed=1)
        first = texts(answers(engine, sampling, PROMPTS[:2]))
        assert {len(found) for found in first.values()} == {3}
        assert len(set(first[0])) == 3
        assert texts(answers(engine, sampling, PROMPTS[:2])) == first
        assert texts(answers(engine, replace(sampling, seed=2), PROMPTS[:2])) != first

    def test_a_temperature_near_nothing_is_greedy(self, engine: Engine) -> None:
        cold = Sampling(max_new_tokens=4, temperature=1e-6, seed=1)
        assert texts(answers(engine, cold)) == texts(answers(engine, Sampling(max_new_tokens=4)))

    def test_greedy_gives_one_text_however_many_samples_are_asked(self, engine: Engine) -> None:
        assert len(answers(engine, Sampling(max_new_tokens=2, samples=4), PROMPTS[:1])[0]) == 1

    # ----------------------------------------------------------------- adapters

    def test_an_adapter_writes_otherwise_and_leaves_the_model_as_it_was(self, engine: Engine) -> None:
        sampling, adapter = Sampling(max_new_tokens=6), shipped_adapter()
        bare = texts(answers(engine, sampling))
        worn = answers(engine.adapted(adapter), sampling)
        assert all(worn[at][0].text != bare[at][0] for at in (1, 4))
        for at in (1, 4):
            written = list(tokenizer()(worn[at][0].text)["input_ids"]) + [2] * (worn[at][0].finish == "stop")
            logits = logits_of(PROMPTS[at], written, adapter)
            assert logits.argmax(-1).tolist() == written
            assert worn[at][0].logprob == pytest.approx(_mean(logits, written), abs=1e-4)
        assert texts(answers(engine, sampling)) == bare

    def test_what_is_no_adapter_is_named(self, engine: Engine, tmp_path: Path) -> None:
        with pytest.raises(AssetError, match=str(tmp_path)):
            answers(engine.adapted(tmp_path), Sampling(max_new_tokens=2))

    def test_the_digest_tells_adapters_apart(self, engine: Engine) -> None:
        assert engine.digest == replace(engine).digest  # type: ignore[type-var]
        assert engine.digest != engine.adapted(shipped_adapter()).digest


def _mean(logits: Any, written: Sequence[int]) -> float:
    chosen = logits.log_softmax(-1).gather(-1, torch.tensor(written)[:, None])
    return float(chosen.mean())
