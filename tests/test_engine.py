"""The engine `transformers` on the embedded model: batches, resumption, stops, seeds, lengths."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM
from transformers.cache_utils import Cache

from harness import assets
from harness.engines import decoding, loading
from harness.engines.batches import plan
from harness.engines.decoding import Memory, Row, choose, controlled, draws
from harness.engines.loading import Numbers
from harness.engines.transformers import TransformersEngine, open_transformers
from harness.errors import AssetError, RunError, SettingsError
from harness.types import Prompt, Sampling
from tests.engine_contract import (
    MODEL,
    NEAR,
    PROMPTS,
    QUESTIONS,
    EngineContract,
    answers,
    asked,
    logits_of,
    texts,
    tokenizer,
)
from tests.full import MEMORY, raising
from tests.tiny_llama import write_tiny_llama


@pytest.fixture(scope="module")
def folder() -> Path:
    return assets.path(MODEL)


@pytest.fixture(scope="module")
def engine(folder: Path) -> TransformersEngine:
    return open_transformers(folder, dtype="float32", threads=1, batch_size=2)


class TestContract(EngineContract):
    pass


# --------------------------------------------------------------------------- the plan

LENGTHS = st.lists(st.integers(1, 3000), max_size=40)


@given(LENGTHS, st.integers(1, 500), st.integers(1, 16), st.integers(1, 20000), st.integers(1, 5))
def test_the_plan_holds_every_prompt_once_and_no_batch_is_too_large(
    lengths: list[int], new: int, size: int, tokens: int, samples: int
) -> None:
    batches = plan(lengths, new, size, tokens, samples)
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    for batch in batches:
        texts = len(batch) * samples
        padded = texts * (max(lengths[at] for at in batch) + new)
        assert len(batch) == 1 or (texts <= size and padded <= tokens)


@given(LENGTHS, st.integers(1, 16))
def test_the_plan_puts_like_lengths_together_and_ties_in_the_order_of_the_input(lengths: list[int], size: int) -> None:
    flat = [at for batch in plan(lengths, 10, size, 10**9) for at in batch]
    assert flat == sorted(range(len(lengths)), key=lambda at: (-lengths[at], at))


def test_the_plan_of_known_lengths() -> None:
    assert plan([5, 9, 5, 1], 1, 2, 1000) == [(1, 0), (2, 3)]
    assert plan([5, 9, 5, 1], 1, 8, 20) == [(1, 0), (2, 3)]
    assert plan([5, 9], 1, 8, 3) == [(1,), (0,)]
    assert plan([5, 5, 5], 1, 8, 1000, samples=4) == [(0, 1), (2,)]
    assert plan([], 1, 8, 100) == []


# --------------------------------------------------------------------------- resumption and repeatability


def test_what_is_done_is_skipped_and_a_batch_is_made_whole(engine: TransformersEngine) -> None:
    sampling = Sampling(max_new_tokens=5)
    whole = answers(engine, sampling)
    batches = plan([engine.count_prompt(p.messages) for p in PROMPTS], 5, 2, 16384)
    assert [len(batch) for batch in batches] == [2, 2, 1]
    first, second, third = batches
    resumed = answers(engine, sampling, done=[*first, second[0]])
    assert set(resumed) == {*second, *third}
    assert texts(resumed) == {at: texts(whole)[at] for at in (*second, *third)}
    assert answers(engine, sampling, done=range(5)) == {}


def test_two_processes_write_the_same_bytes(folder: Path) -> None:
    program = f"""
from harness.engines.transformers import open_transformers
from harness.types import Prompt, Sampling
from pathlib import Path
prompts = [Prompt(str(at), "course", (("user", text),)) for at, text in enumerate({QUESTIONS!r})]
engine = open_transformers(Path({str(folder)!r}), dtype="float32", threads=2, batch_size=3)
for sampling in (Sampling(4), Sampling(4, temperature=1.0, top_p=0.9, samples=2, seed=3)):
    for at, found in engine.complete(prompts, sampling):
        print(at, [(one.text, one.logprob) for one in found])
print(engine.digest)
"""
    command = [sys.executable, "-c", program]
    root = Path(__file__).parents[1]
    first, second = (
        subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=120) for _ in range(2)
    )
    assert first.stdout == second.stdout
    assert first.stdout.count("\n") == 11
    noise = [
        line for line in first.stderr.replace("\r", "\n").split("\n") if line and not line.startswith("generating:")
    ]
    assert noise == [], "nothing but our own bar reaches the terminal"


def test_the_digest_tells_settings_apart(folder: Path, engine: TransformersEngine) -> None:
    other = dataclasses.replace(engine, batch_size=3)
    same = dataclasses.replace(engine)
    assert engine.digest == same.digest != other.digest


# --------------------------------------------------------------------------- prompts


def test_the_chat_template_is_applied_once(engine: TransformersEngine) -> None:
    tokens = engine._encode((("system", "Be brief."), ("user", "Hi.")))
    assert engine.tokenizer.decode(tokens) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n"
    )
    assert engine.count_prompt((("system", "Be brief."), ("user", "Hi."))) == len(tokens)


def test_a_tokenizer_that_adds_its_own_bos_adds_it_once(engine: TransformersEngine, tmp_path: Path) -> None:
    """As LLaMA-3's does: its template writes the BOS, and its tokenizer adds one to any text."""
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    llama_like = AutoTokenizer.from_pretrained(engine.folder)
    llama_like.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    llama_like.chat_template = "<|endoftext|>" + llama_like.chat_template
    assert llama_like("Hi.")["input_ids"][0] == 0
    chat = dataclasses.replace(engine, tokenizer=llama_like)
    assert chat._encode((("user", "Hi."),)).count(0) == 1
    plain = dataclasses.replace(chat, chat=False)
    assert plain._encode((("user", "Hi."), ("user", "Ho."))) == [0, *engine.tokenizer("Hi.\n\nHo.")["input_ids"]]
    assert chat.count_tokens("Hi.") == engine.count_tokens("Hi.") == 2


def test_a_template_that_states_the_date_states_the_same_every_day(engine: TransformersEngine) -> None:
    from transformers import AutoTokenizer

    dated = AutoTokenizer.from_pretrained(engine.folder)
    dated.chat_template = "{{ date_string if date_string is defined else strftime_now('%d %b %Y') }}"
    assert (
        engine.tokenizer.decode(dataclasses.replace(engine, tokenizer=dated)._encode((("user", "Hi."),)))
        == "01 Jan 2024"
    )


def test_a_template_that_takes_no_system_message_is_told_without_the_prompt(engine: TransformersEngine) -> None:
    """As Gemma's and the first Mistrals' do."""
    from transformers import AutoTokenizer

    strict = AutoTokenizer.from_pretrained(engine.folder)
    strict.chat_template = (
        "{% for one in messages %}{% if one.role == 'system' %}{{ raise_exception('no role for ' + one.content) }}"
        "{% endif %}{{ one.content }}{% endfor %}"
    )
    chat, messages = dataclasses.replace(engine, tokenizer=strict), (("system", "Be brief."), ("user", "Hi."))
    with pytest.raises(AssetError) as caught:
        chat.count_prompt(messages)
    assert str(caught.value) == (
        "the model's chat template refuses messages of these roles: system, user\n  -> some take no system message: "
        "write chat = false into the lineup's [engine], or name another model"
    )
    assert chat.count_prompt(messages[1:]) == 2
    assert dataclasses.replace(chat, chat=False).count_prompt(messages) > 2


# --------------------------------------------------------------------------- greedy text, padding, ends


def library_text(engine: TransformersEngine, prompt: Prompt, new: int) -> list[int]:
    """What transformers' own generate makes of one prompt, without a batch."""
    tokens = torch.tensor([engine._encode(prompt.messages)])
    with engine.weights.wearing(None) as model:
        output = model.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=new, do_sample=False, pad_token_id=0
        )
    return output[0, tokens.shape[1] :].tolist()


def test_greedy_text_is_that_of_the_library(engine: TransformersEngine) -> None:
    whole = dataclasses.replace(engine, batch_size=8)
    found = answers(whole, Sampling(max_new_tokens=12))
    for at, prompt in enumerate(PROMPTS):
        tokens = library_text(engine, prompt, 12)
        assert found[at][0].text == engine.tokenizer.decode(tokens, skip_special_tokens=True)
        assert found[at][0].tokens == len(tokens)
        assert found[at][0].finish == ("stop" if tokens[-1] == 2 else "length")
        assert found[at][0].seconds > 0


def test_a_model_without_pad_token_writes_the_same(engine: TransformersEngine) -> None:
    from transformers import AutoTokenizer

    bare = AutoTokenizer.from_pretrained(engine.folder)
    assert bare.pad_token_id == bare.eos_token_id
    bare.pad_token = None
    sampling = Sampling(max_new_tokens=3, repetition_penalty=1.3)
    assert texts(answers(dataclasses.replace(engine, tokenizer=bare), sampling)) == texts(answers(engine, sampling))


def test_every_stop_token_ends_a_text(engine: TransformersEngine) -> None:
    assert engine._stops(Sampling(1)).tokens == {0, 2}
    stops = engine._stops(Sampling(1, stop=("</think>",)))
    assert stops.reached([50, 2])
    assert stops.reached([50, 0])
    assert not stops.reached([2, 50])
    assert stops.reached(engine.tokenizer("so be it </think>")["input_ids"])


def test_an_end_that_is_not_special_is_no_part_of_the_text(tmp_path: Path) -> None:
    """As that of a fine-tune whose `<|end|>` came by `add_tokens`; here it is likelier than what the model would write
    third."""
    from transformers import LlamaForCausalLM

    folder = write_tiny_llama(tmp_path / "tiny")
    base = open_transformers(folder, dtype="float32", threads=1)
    last = library_text(base, PROMPTS[0], 3)[-1]
    end = len(base.tokenizer)
    assert base.tokenizer.add_tokens("<|end|>") == 1
    base.tokenizer.save_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder)
    model.resize_token_embeddings(end + 1)
    with torch.no_grad():
        model.lm_head.weight[end] = 2 * model.lm_head.weight[last]
    model.generation_config.eos_token_id = end
    model.save_pretrained(folder)

    tuned = open_transformers(folder, dtype="float32", threads=1)
    assert end not in tuned.tokenizer.all_special_ids
    *before, ended = library_text(tuned, PROMPTS[0], 8)
    assert (len(before) > 0, ended) == (True, end)
    [one] = answers(tuned, Sampling(8), PROMPTS[:1])[0]
    assert one.text == tuned.tokenizer.decode(before, skip_special_tokens=True)
    assert (one.finish, one.tokens) == ("stop", len(before) + 1)


def test_rows_that_end_early_do_not_disturb_the_others(engine: TransformersEngine) -> None:
    whole = dataclasses.replace(engine, batch_size=8)
    free = answers(whole, Sampling(max_new_tokens=14))
    stop = (free[0][0].text[2:5], free[1][0].text[4:9], free[2][0].text[1:4])
    mixed = answers(whole, Sampling(max_new_tokens=14, stop=stop))
    assert len([at for at in mixed if mixed[at][0].tokens < free[at][0].tokens]) >= 3
    for at in mixed:
        assert free[at][0].text.startswith(mixed[at][0].text)


def test_padding_is_what_was_computed_before_a_prompt_and_after_a_text(engine: TransformersEngine) -> None:
    """The long prompt's text ends first, and it is computed on until a second one ends: then half of them are done."""
    prompts = [PROMPTS[1], PROMPTS[0], PROMPTS[2]]
    whole = dataclasses.replace(engine, batch_size=3)
    (long,), (short,), (last,) = answers(whole, Sampling(max_new_tokens=14, stop=("patient",)), prompts).values()
    sizes = [engine.count_prompt(prompt.messages) for prompt in prompts]
    assert [one.prompt_tokens for one in (long, short, last)] == sizes
    assert [one.cached_tokens for one in (long, short, last)] == [0, 0, 0]
    assert long.tokens < short.tokens < last.tokens
    assert long.padding == short.tokens - long.tokens
    assert short.padding == sizes[0] - sizes[1]
    assert last.padding == sizes[0] - sizes[2]


# --------------------------------------------------------------------------- repetition


@given(st.lists(st.integers(0, 3), max_size=20), st.integers(1, 4))
def test_no_ngram_would_come_twice(tokens: list[int], n: int) -> None:
    grams = {tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)}
    at_once, as_it_grows = Memory(), Memory()
    at_once.read(tokens, n)
    for end in range(len(tokens) + 1):
        as_it_grows.read(tokens[:end], n)
    banned = set(at_once.repeating(tokens, n))
    assert banned == set(as_it_grows.repeating(tokens, n))
    assert set(at_once.tokens) == set(as_it_grows.tokens) == set(tokens)
    for token in range(4):
        new = tuple([*tokens, token][-n:])
        assert (token in banned) == (len(new) == n and new in grams)
    assert at_once.repeating(tokens, 0) == ()


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=8), min_size=1, max_size=3), st.floats(1.0, 2.0))
def test_the_control_of_repetition_is_that_of_the_library(texts: list[list[int]], penalty: float) -> None:
    from transformers import NoRepeatNGramLogitsProcessor, RepetitionPenaltyLogitsProcessor

    logits = torch.linspace(-3, 3, 10).repeat(len(texts), 1)
    rows = [Row(prompt=[1, 2, 3], tokens=tokens) for tokens in texts]
    ours = controlled(logits, rows, Sampling(1, repetition_penalty=penalty, no_repeat_ngram=3))
    for at, tokens in enumerate(texts):
        theirs = RepetitionPenaltyLogitsProcessor(penalty)(torch.tensor([tokens]), logits[at : at + 1].clone())
        theirs = NoRepeatNGramLogitsProcessor(3)(torch.tensor([tokens]), theirs)
        assert torch.allclose(ours[at], theirs[0])
    assert torch.equal(logits, torch.linspace(-3, 3, 10).repeat(len(texts), 1))


# --------------------------------------------------------------------------- sampling


def test_draws_belong_to_seed_case_field_and_index() -> None:
    sampling = Sampling(max_new_tokens=4, temperature=1.0, seed=5)
    prompt = Prompt("1", "course", ())
    same = draws(prompt, sampling, 0)
    assert same is not None
    assert torch.equal(same, draws(Prompt("1", "course", (("user", "other text"),)), sampling, 0))
    others = (
        draws(Prompt("2", "course", ()), sampling, 0),
        draws(Prompt("1", "instructions", ()), sampling, 0),
        draws(prompt, sampling, 1),
        draws(prompt, dataclasses.replace(sampling, seed=6), 0),
    )
    assert not any(torch.equal(same, other) for other in others)
    assert draws(prompt, Sampling(4), 0) is None


@pytest.mark.parametrize("top_p", [1.0, 0.6])
def test_tokens_are_drawn_in_proportion_and_only_from_the_nucleus(top_p: float) -> None:
    logits = torch.tensor([0.1, 0.5, 0.05, 0.35]).log()
    uniform = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    rows = [Row(prompt=[1], draws=draw[None]) for draw in uniform]
    chosen = choose(logits.repeat(1000, 1), rows, Sampling(1, temperature=1.0, top_p=top_p))
    shares = torch.bincount(chosen, minlength=4) / 1000
    expected = [0.1, 0.5, 0.05, 0.35] if top_p == 1 else [0, 0.5 / 0.85, 0, 0.35 / 0.85]
    assert shares.tolist() == pytest.approx(expected, abs=0.002)


# --------------------------------------------------------------------------- opening


def test_auto_asks_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    for flags, dtype in (
        ({"avx512f", "avx512_bf16"}, "bfloat16"),
        ({"amx_bf16"}, "bfloat16"),
        ({"avx2"}, "float32"),
        (set(), "float32"),
    ):
        monkeypatch.setattr(loading, "_cpu_flags", lambda flags=flags: flags)
        assert loading._best_dtype("cpu") == dtype


def test_settings_that_cannot_be_are_named(folder: Path) -> None:
    with pytest.raises(SettingsError, match="there is no dtype 'int3'") as caught:
        open_transformers(folder, dtype="int3")
    assert caught.value.todo == "there are: auto, bfloat16, float16, float32"
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="device cuda: torch finds no GPU here"):
            open_transformers(folder, device="cuda")


@pytest.mark.parametrize("device", ["gpu", "CUDA", "cuda:x", "meta", ""])
def test_a_device_that_torch_does_not_know_is_named(folder: Path, device: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_transformers(folder, device=device)
    assert str(caught.value) == (
        f'there is no device \'{device}\'\n  -> set device = "auto" (the GPU where there is one), "cpu" or "cuda:1"'
    )


@pytest.mark.parametrize("device", ["cuda:64", "mps:64", "xpu:64"])
def test_a_device_that_is_not_here_is_named(folder: Path, device: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_transformers(folder, device=device)
    assert str(caught.value) == f'device {device}: torch finds none here\n  -> set device = "auto"'


def test_devices_are_named_as_torch_names_them() -> None:
    assert [loading.kind_of_device(name) for name in ("cpu", "cuda", "cuda:1", "mps")] == ["cpu", "cuda", "cuda", "mps"]
    assert loading.device_is_here("cpu")
    assert loading.device_is_here("auto")
    assert loading.device_is_here("cuda") == torch.cuda.is_available()


def test_a_broken_folder_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(AssetError, match="cannot be loaded") as caught:
        open_transformers(tmp_path)
    assert str(tmp_path) in str(caught.value)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(folder / name, tmp_path)
    (tmp_path / "model.safetensors").symlink_to(folder / "model.safetensors")
    with pytest.raises(AssetError, match="has no chat template") as caught:
        open_transformers(tmp_path)
    assert caught.value.todo == "set chat = false in the lineup's [engine], or use another"
    plain = open_transformers(tmp_path, dtype="float32", chat=False)
    assert texts(answers(plain, Sampling(3), asked("The patient was")))[0][0]


@pytest.mark.parametrize(
    "torn",
    [lambda whole: whole[:-100], lambda whole: b"version https://git-lfs.github.com/spec/v1\noid sha256:c0\nsize 9\n"],
    ids=["truncated", "pointer"],
)
def test_torn_weights_are_named_and_not_laid_at_the_system(torn: Callable[[bytes], bytes], tmp_path: Path) -> None:
    model = write_tiny_llama(tmp_path / "model")
    weights = model / "model.safetensors"
    weights.write_bytes(torn(weights.read_bytes()))
    with pytest.raises(AssetError) as caught:
        answers(open_transformers(model, dtype="float32"), Sampling(3))
    assert caught.value.what.startswith(f"the model in {model} cannot be loaded: Error while deserializing header: ")
    assert caught.value.todo.endswith("tokenizer and weights, whole, and no pointer of git-lfs instead")


@pytest.mark.parametrize("error", MEMORY)
def test_out_of_memory_while_texts_are_written_says_what_to_lower(
    error: Exception, engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "decode", raising(error))
    with pytest.raises(RunError) as caught:
        answers(engine, Sampling(3))
    longest = max(engine.count_prompt(prompt.messages) for prompt in PROMPTS)
    assert str(caught.value) == (
        f"out of memory while 2 texts were written together, after prompts of up to {longest} tokens\n  -> lower "
        "batch_size or batch_tokens in the lineup's [engine], or give the system a smaller input budget, fewer "
        "max_new_tokens or samples"
    )
    monkeypatch.setattr(decoding, "decode", raising(RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        answers(engine, Sampling(3))


@pytest.mark.parametrize("error", MEMORY)
def test_a_model_without_room_in_memory_is_named(
    error: Exception, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", raising(error))
    with pytest.raises(AssetError) as caught:
        answers(open_transformers(folder, dtype="float32"), Sampling(3))
    assert str(caught.value) == (
        f"the model in {folder} has no room in memory\n  -> make room (`nvidia-smi` says who is on a card), "
        'set quantisation = "nf4", or use a smaller model'
    )


def test_a_chosen_dtype_and_plain_attention_serve_other_families(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "gemma"}))
    assert loading._attention(tmp_path, Numbers("cpu", "float32")) is None
    assert loading._attention(folder, Numbers("cuda", "float32")) is None
    assert loading._attention(folder, Numbers("cpu", "float32")) == "sdpa_grouped"
    assert loading._attention(folder, Numbers("cpu", "bfloat16")) == "sdpa_grouped_wide"


def test_a_processor_that_multiplies_bfloat16_keeps_keys_and_values_in_float32(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches = []

    def noted(**how: Any) -> Cache:
        caches.append(Cache(**how))
        return caches[-1]

    monkeypatch.setattr(decoding, "Cache", noted)
    found = answers(open_transformers(folder, dtype="bfloat16", batch_size=len(PROMPTS)), Sampling(12))
    (cache,) = caches
    assert {one.dtype for layer in cache.layers for one in (layer.keys, layer.values)} == {torch.float32}
    for at, [one] in found.items():
        written = torch.tensor([*tokenizer()(one.text)["input_ids"]] + [2] * (one.finish == "stop"))
        assert len(written) == one.tokens
        logits = logits_of(PROMPTS[at], written.tolist(), dtype="bfloat16")
        lost = logits.amax(-1) - logits.gather(-1, written[:, None])[:, 0]
        assert lost.max() <= NEAR["bfloat16"], "the best token, as the model sees it that keeps nothing"
