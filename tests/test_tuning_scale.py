"""Training beyond one process and one dtype: NF4, a team, LLaMA-3's traps, merging, and what goes wrong."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import PreTrainedModel

from harness.cli import main
from harness.engines.loading import ADAPTER_WEIGHTS, end_tokens, load_config, load_model, load_tokenizer, numbers
from harness.engines.prompts import end_of_turn, prompt_tokens
from harness.engines.transformers import TransformersEngine, open_transformers
from harness.errors import AssetError, RunError, SettingsError, TuningError
from harness.files import digest_file
from harness.lineup import EngineSettings
from harness.purge import derived
from harness.tuning import loop
from harness.tuning.adapters import MERGED, School, about_merged, check_given, check_split, make, prepare, read_manifest
from harness.tuning.lessons import encode
from harness.tuning.loop import Training
from harness.tuning.merge import merge
from harness.tuning.progress import CHECKPOINT
from harness.tuning.team import Team
from harness.types import Completion, Lesson, Prompt, Sampling, Tuning
from harness.workspace import corpus_root
from tests.tiny_models import LLAMA3_CONTEXT, write_llama3

TUNING = Tuning(
    quantisation="none",
    compute_dtype="float32",
    rank=4,
    alpha=8,
    steps=5,
    batch=2,
    accumulation=3,
    learning_rate=1e-2,
    sequence_length=LLAMA3_CONTEXT,
)
LESSONS = [
    Lesson(
        Prompt(
            str(at), "course", (("user", f"The patient of bed {at} was admitted with pain" + " and fever" * (at % 5)),)
        ),
        f"She improved on day {at}.",
        f"subject {at}",
    )
    for at in range(12)
]
SHORT = Sampling(max_new_tokens=12)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama3(tmp_path_factory.mktemp("base") / "llama3-tiny")


def school(base: Path, root: Path, **about: Any) -> School:
    return School(EngineSettings(model=str(base), device="cpu", threads=1), root, about, frozenset())


def prepared(base: Path, root: Path, tuning: Tuning = TUNING, lessons: list[Lesson] = LESSONS, **about: Any) -> Path:
    return prepare(school(base, root, **about), lambda: lessons, tuning, {})


def losses(folder: Path) -> list[tuple[float, float | None]]:
    with (folder / "loss.csv").open() as file:
        return [(float(row["loss"]), float(row["held_out"] or "nan")) for row in csv.DictReader(file)]


def written(engine: TransformersEngine) -> list[list[Completion]]:
    return [one for _, one in sorted(engine.complete([lesson.prompt for lesson in LESSONS[:3]], SHORT))]


def texts(engine: TransformersEngine) -> list[str]:
    return [one.text for completions in written(engine) for one in completions]


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(prepared(base, tmp_path_factory.mktemp("trained")))


# --------------------------------------------------------------------------- NF4


def test_five_steps_in_nf4_are_saved_and_read_again_and_write_the_same_tokens(base: Path, tmp_path: Path) -> None:
    folder = make(prepared(base, tmp_path, replace(TUNING, quantisation="nf4", held_out=0.2, evaluate_every=2)))
    found = losses(folder)
    assert len(found) == 5
    assert found[-1][0] < found[0][0]
    assert "adapter_model.safetensors" in {path.name for path in folder.iterdir()}

    plain = open_transformers(base, dtype="float32", device="cpu", quantisation="nf4")
    first, again = plain.adapted(folder), open_transformers(base, dtype="float32", device="cpu", quantisation="nf4")
    assert texts(first) == texts(again.adapted(folder))
    assert texts(first) != texts(plain)
    assert type(plain.model.get_submodule("model.layers.0.mlp.up_proj.base_layer")).__name__ == "Linear4bit"


def test_a_4_bit_layer_learns_on_after_an_evaluation(base: Path, tmp_path: Path) -> None:
    """bitsandbytes packs it anew when it is evaluated on a CPU with AVX512-BF16; no gradient came through then."""
    tuning = replace(TUNING, quantisation="nf4", held_out=0.2, dropout=0.0)
    folder = prepared(base, tmp_path, tuning)
    training = Training(folder)
    batch = training._batch([(0,)])

    def gradients() -> list[torch.Tensor]:
        training.optimiser.zero_grad()
        torch.autograd.backward(training.student.loss(batch))
        return [one.grad.clone() for one in training.parameters.values()]

    before = gradients()
    training.student.model.eval()
    with torch.no_grad():
        training.student.loss(batch)
    training.student.model.train()
    for one, other in zip(before, gradients(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


# --------------------------------------------------------------------------- several processes


def test_the_micro_batches_of_a_step_are_shared_and_none_counts_twice() -> None:
    for size in (1, 2, 3, 5):
        for count in range(1, 8):
            shares = [Team(rank, size).share(count) for rank in range(size)]
            assert len({len(share) for share in shares}) == 1, "each process gathers the weights as often"
            assert sorted(at for share in shares for at, weight in share if weight) == list(range(count))


def test_two_processes_go_on_from_a_checkpoint_and_learn_what_one_learns(base: Path, tmp_path: Path) -> None:
    """FSDP2 on gloo, NF4, dropout, checkpointed activations, an odd number of micro-batches, and lessons held out."""
    tuning = replace(TUNING, quantisation="nf4", checkpointing=True, dropout=0.1, held_out=0.2, evaluate_every=2)
    alone, together = prepared(base, tmp_path / "one", tuning), prepared(base, tmp_path / "two", tuning)
    make(alone)
    begun = Training(together)
    begun.step()
    begun.save()

    launch = ["--multi_gpu", "--num_machines=1", "--num_processes=2", "--mixed_precision=no", "--dynamo_backend=no"]
    command = [sys.executable, "-m", "accelerate.commands.launch", *launch, "-m", "harness.tuning", str(together)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]

    assert read_manifest(together).processes == 2
    for (one, held), (other, held_too) in zip(losses(alone), losses(together), strict=True):
        assert other == pytest.approx(one, abs=1e-3)
        assert math.isnan(held) or held_too == pytest.approx(held, abs=1e-3)
    weights, same = (load_file(folder / ADAPTER_WEIGHTS) for folder in (alone, together))
    assert weights.keys() == same.keys()
    for name, one in weights.items():
        torch.testing.assert_close(same[name], one, rtol=0, atol=1e-3)
    engine = open_transformers(base, dtype="float32", device="cpu")
    assert texts(engine.adapted(together)) == texts(engine.adapted(alone))


# --------------------------------------------------------------------------- LLaMA-3's traps


def test_a_prompt_begins_once(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    begin = tokenizer.bos_token_id
    assert tokenizer("text")["input_ids"][0] == begin, "the tokenizer adds one by itself"
    lesson = encode(LESSONS[0], tokenizer, chat=True)
    assert [at for at, token in enumerate(lesson.tokens) if token == begin] == [0]
    assert [
        at for at, token in enumerate(prompt_tokens(tokenizer, LESSONS[0].prompt.messages, False)) if token == begin
    ] == [0]


def test_of_two_ends_the_end_of_the_turn_is_taught_and_both_end_a_text(base: Path) -> None:
    tokenizer, model = load_tokenizer(base), load_model(base, numbers("float32", "cpu"))
    turn, text = tokenizer.convert_tokens_to_ids(["<|eot_id|>", "<|end_of_text|>"])
    assert tokenizer.eos_token_id == text != turn
    assert end_of_turn(tokenizer, chat=True) == turn
    assert encode(LESSONS[0], tokenizer, chat=True).tokens[-1] == turn
    assert end_tokens(tokenizer, model.generation_config, model.config) == {turn, text}


def test_a_model_without_padding_learns_to_end_and_ends(base: Path, tmp_path: Path) -> None:
    """Rows of unlike lengths, no token to pad with: padding is neither learned nor looked at."""
    assert load_tokenizer(base).pad_token_id is None
    lessons = [replace(lesson, target="On day 3.") for lesson in LESSONS]
    tuning = replace(TUNING, rank=16, alpha=32, steps=60, batch=4, accumulation=1, learning_rate=2e-2, dropout=0.0)
    folder = make(prepared(base, tmp_path, tuning, lessons))
    engine = open_transformers(base, dtype="float32", device="cpu", batch_size=3).adapted(folder)
    for one in (completion for completions in written(engine) for completion in completions):
        assert (one.text, one.finish) == ("On day 3.", "stop")


def test_positions_are_scaled_as_the_base_scales_them(base: Path) -> None:
    config = load_config(base)
    assert config.rope_parameters["rope_type"] == "llama3"
    rotary = load_model(base, numbers("float32", "cpu")).model.rotary_emb
    slow = config.rope_parameters["rope_theta"] ** (-torch.arange(0, 16, 2) / 16)
    assert rotary.inv_freq[-1] == pytest.approx(float(slow[-1]) / config.rope_parameters["factor"])
    assert rotary.inv_freq[0] == pytest.approx(1.0)


def test_a_prompt_that_fills_the_context_is_refused_and_the_tokenizer_does_not_know_how_long_it_is(base: Path) -> None:
    engine = open_transformers(base, dtype="float32", device="cpu")
    assert engine.tokenizer.model_max_length > 10**20
    assert engine.context_length == LLAMA3_CONTEXT
    exemplar = "a word " * LLAMA3_CONTEXT
    with pytest.raises(RunError, match=f"the model's {LLAMA3_CONTEXT} have room for {LLAMA3_CONTEXT - 12}"):
        next(engine.complete([Prompt("7", "course", (("user", exemplar),))], SHORT))


# --------------------------------------------------------------------------- merging


def engine_of(base: Path) -> EngineSettings:
    return EngineSettings(model=str(base), device="cpu", threads=1)


def test_a_merged_model_writes_what_base_and_adapter_write(base: Path, trained: Path, tmp_path: Path) -> None:
    told = merge(trained, engine_of(base), tmp_path / "merged", "float32")
    assert told.agreement == {"float32": 1.0}
    assert told.sample == f"the targets of {len(LESSONS)} lessons of the adapter"
    merged = open_transformers(tmp_path / "merged", dtype="float32", device="cpu")
    assert texts(merged) == texts(open_transformers(base, dtype="float32", device="cpu").adapted(trained))
    mark = json.loads((tmp_path / "merged" / MERGED).read_bytes())
    assert (mark["adapter"], mark["root"]) == (read_manifest(trained).weights, trained.resolve().parents[1].name)
    assert (tmp_path / "merged").stat().st_mode & 0o777 == 0o700
    ends = json.loads((tmp_path / "merged" / "generation_config.json").read_bytes())["eos_token_id"]
    assert len(ends) == 2


def test_a_merge_that_stops_half_way_leaves_nothing_and_is_marked_until_then(
    base: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks: list[str] = []

    def stop(*_: object) -> None:
        marks.extend(path.name for path in tmp_path.rglob(MERGED))
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.tuning.merge._write", stop)
    with pytest.raises(KeyboardInterrupt):
        merge(trained, engine_of(base), tmp_path / "merged", "float32")
    assert marks == [MERGED]
    assert list(tmp_path.glob(".*")) == list(tmp_path.glob("merged")) == []


def test_a_merge_on_a_full_disk_asks_for_room_and_leaves_nothing(
    base: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    (tmp_path / "lineup.toml").write_text(f'[engine]\nmodel = "{base}"\ndevice = "cpu"\nthreads = 1\n')
    monkeypatch.setattr(PreTrainedModel, "save_pretrained", full)
    command = ["merge", str(trained), "--lineup", str(tmp_path / "lineup.toml"), "--out", str(tmp_path / "merged")]
    assert main(command) == 1
    assert capsys.readouterr().err == (
        "harness: No space left on device\n  -> make room, or name another folder; the same command goes on from here\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["lineup.toml"]


def test_what_bfloat16_loses_is_said(
    base: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lineup = tmp_path / "lineup.toml"
    lineup.write_text(f'[engine]\nmodel = "{base}"\ndevice = "cpu"\nthreads = 1\n')
    assert main(["merge", str(trained), "--lineup", str(lineup), "--out", str(tmp_path / "merged")]) == 0
    said = capsys.readouterr().out
    told = json.loads((tmp_path / "merged" / MERGED).read_bytes())
    assert 0.5 < told["agreement"]["float32"] <= 1
    assert (
        f"the same token as unmerged (float32) at {told['agreement']['float32']:.2%} of {told['places']} places" in said
    )
    assert load_config(tmp_path / "merged").dtype == torch.bfloat16
    with pytest.raises(SettingsError, match="is there already"):
        merge(trained, engine_of(base), tmp_path / "merged", "bfloat16")


def test_a_merged_model_stays_marked_and_scores_no_split_that_taught_it(base: Path, tmp_path: Path) -> None:
    """In a process of its own: what is restricted stays so until the process ends."""
    folder = make(prepared(base, tmp_path, replace(TUNING, steps=1), splits={"train": "digest of train"}))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["about"]["restricted"] = True
    (folder / "manifest.json").write_text(json.dumps(manifest))
    out = tmp_path / "merged"
    code = (
        "import sys; from pathlib import Path; from harness.lineup import EngineSettings\n"
        "from harness.tuning.merge import merge; from harness.privacy import is_restricted\n"
        "merge(Path(sys.argv[1]), EngineSettings(model=sys.argv[2], device='cpu'), Path(sys.argv[3]), 'float32')\n"
        "assert is_restricted()"
    )
    subprocess.run([sys.executable, "-c", code, str(folder), str(base), str(out)], check=True, timeout=120)
    assert json.loads((out / MERGED).read_bytes())["restricted"] is True
    assert {oct(path.stat().st_mode & 0o077) for path in (out, *out.iterdir())} == {"0o0"}
    assert about_merged(base) == {}
    with pytest.raises(SettingsError, match=r"the model in .* was trained on the split that is scored"):
        check_split(f"the model in {out}", about_merged(out), "digest of train")


def test_a_merged_model_that_is_tuned_further_on_and_merged_again_stays_marked(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path / "workspace"))
    models, tuning = tmp_path / "models", replace(TUNING, steps=1)
    data = {name: tmp_path / name for name in ("hospital", "open")}
    roots = {name: corpus_root(name, folder) for name, folder in data.items()}
    taught = {"restricted": True, "splits": {"train": "digest of train"}}
    merge(make(prepared(base, roots["hospital"], tuning, **taught)), engine_of(base), models / "one", "float32")
    further = make(prepared(models / "one", roots["open"], tuning, restricted=False))
    marks: set[str] = set()

    def stop(*_: object) -> None:
        marks.update(json.loads(path.read_bytes())["root"] for path in tmp_path.rglob(f".*/{MERGED}"))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("harness.tuning.merge._sample", stop)
        with pytest.raises(KeyboardInterrupt):
            merge(further, engine_of(models / "one"), models / "two", "float32")
    assert marks == {roots["open"].name}
    for manifest in (read_manifest(further), replace(read_manifest(further), about={"restricted": False})):
        (further / "manifest.json").write_text(json.dumps(asdict(manifest)))  # then as older ones are
        assert merge(further, engine_of(models / "one"), models / "two", "float32").restricted
        with pytest.raises(SettingsError, match="the model was trained on the split that is scored"):
            check_split("the model", about_merged(models / "two"), "digest of train")
        assert set(derived(data["hospital"], models)) == {roots["hospital"], models / "one", models / "two"}
        assert set(derived(data["open"], models)) == {roots["open"], models / "two"}
        shutil.rmtree(models / "two")


# --------------------------------------------------------------------------- what goes wrong


def test_a_base_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"'.*nowhere' is no model: .* as a path it is not a folder"):
        prepared(tmp_path / "nowhere", tmp_path)


def test_an_adapter_of_another_base(base: Path, trained: Path, tmp_path: Path) -> None:
    other = write_llama3(tmp_path / "other", seed=12)
    with pytest.raises(
        AssetError, match=r"was trained on llama3-tiny, the line-up's model is other \(or another state"
    ):
        check_given(trained, school(other, tmp_path).base, "")
    with pytest.raises(AssetError, match="was trained on llama3-tiny"):
        merge(trained, engine_of(other), tmp_path / "merged", "float32")
    assert not (tmp_path / "merged").exists()
    wide = write_llama3(tmp_path / "wide", width=32)
    with pytest.raises(AssetError, match=r"does not fit the model in .*wide"):
        texts(open_transformers(wide, dtype="float32", device="cpu").adapted(trained))


def test_a_corpus_without_references_teaches_nothing(base: Path, tmp_path: Path) -> None:
    folder = prepared(base, tmp_path, lessons=[])
    with pytest.raises(TuningError, match="there is nothing to learn from: of 0 lessons"):
        make(folder)


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared(base, tmp_path, replace(TUNING, dropout=0.0))
    sound = loop.Student.loss

    def torn(student: Any, batch: Any) -> Any:
        calls.append(1)
        return sound(student, batch) * (float("nan") if len(calls) > 6 else 1)  # 3 micro-batches a step, 2 steps

    calls: list[int] = []
    monkeypatch.setattr(loop.Student, "loss", torn)
    with pytest.raises(TuningError, match="step 3: the loss is no number any more; the checkpoint of step 2 is kept"):
        make(folder)
    assert not (folder / "manifest.json").exists()
    kept = digest_file(folder / CHECKPOINT)
    monkeypatch.setattr(loop.Student, "loss", sound)
    assert digest_file(folder / CHECKPOINT) == kept
    whole = make(prepared(base, tmp_path / "whole", replace(TUNING, dropout=0.0)))
    goes_on = [loss for loss, _ in losses(make(folder))]
    assert goes_on == [loss for loss, _ in losses(whole)], "it goes on to what an undisturbed training comes to"


# --------------------------------------------------------------------------- fit

PUPIL = '''
from dataclasses import dataclass, fields
from typing import Any

from harness import Lesson, Prompt, Tuning, system


@system("pupil", needs=("engine", "guide", "examples"))
@dataclass(frozen=True)
class Pupil(Tuning):
    """Learns one sentence."""

    def open(self, context: Any) -> Any:
        return Runner(Tuning(**{one.name: getattr(self, one.name) for one in fields(Tuning)}), context)


@dataclass(frozen=True)
class Runner:
    tuning: Tuning
    context: Any

    def fit(self, field: str) -> Any:
        lesson = Lesson(Prompt("1", field, (("user", "Why?"),)), "Because.", "nobody")
        return self.context.adapter(lambda: [lesson], self.tuning, {"what": "one sentence"})

    def generate(self, inputs: Any) -> Any:
        return iter(())
'''


def test_fit_prepares_what_accelerate_trains_and_finds_it_again(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path / "workspace"))
    plugin, lineup = tmp_path / "pupil.py", tmp_path / "lineup.toml"
    plugin.write_text(PUPIL)
    lineup.write_text(
        f'[engine]\nmodel = "{base}"\ndevice = "cpu"\nthreads = 1\n'
        '[systems.pupil]\nquantisation = "none"\ncompute_dtype = "float32"\nsteps = 1\n'
    )
    assert main(["data", "synthesize", "--out", str(tmp_path / "ward"), "--stays", "12"]) == 0
    capsys.readouterr()
    asked = ["--plugin", str(plugin), "--lineup", str(lineup), "--data", str(tmp_path / "ward")]

    assert main(["fit", "pupil", *asked, "--prepare"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2, "both fields learn from one adapter"
    folder = Path(said[0].removeprefix("prepared: "))
    assert said[1].startswith("  -> accelerate launch --multi_gpu --num_machines 1 --num_processes 2 ")
    assert said[1].endswith(f"-m harness.tuning {folder}")
    assert not (folder / "manifest.json").exists()

    assert main(["fit", "pupil", *asked]) == 0
    assert capsys.readouterr().out.split() == [str(folder)]
    assert read_manifest(folder).steps == 1
    assert main(["fit", "pupil", *asked, "--prepare"]) == 0
    assert capsys.readouterr().out.split() == [str(folder)]

    assert main(["fit", "lead", *asked]) == 1
    assert "the system 'lead' learns nothing that could be trained apart" in capsys.readouterr().err

    broken = tmp_path / "broken.py"
    broken.write_text(PUPIL.replace("lesson = ", "raise ValueError('no chalk')\n        lesson = "))
    assert main(["fit", "pupil", "--plugin", str(broken), *asked[2:]]) == 1
    error = capsys.readouterr().err
    assert "harness: the system 'pupil' failed to learn: ValueError: no chalk (broken.py, line " in error
