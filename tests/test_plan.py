"""`harness plan`: what it says before anything is here, and that its terms are what PyTorch holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, MixtralConfig

from harness.cli import main
from harness.engines.loading import load_model, load_tokenizer, numbers
from harness.errors import SettingsError
from harness.tuning.estimate import (
    Held,
    Micro,
    Term,
    checkpoint,
    generation,
    layer_activations,
    total,
    training,
    weights,
)
from harness.tuning.job import LESSONS, Base, Job, read_job, write_job
from harness.tuning.lengths import TOKENS_PER_WORD
from harness.tuning.lessons import Encoded, LessonFile, Taught, write_lessons
from harness.tuning.loop import train
from harness.tuning.plan import LESSON_TOKEN, TEMPLATE_TOKENS
from harness.tuning.rows import plan_steps, split_groups
from harness.tuning.shape import FAMILIES, KNOWN, read_shape, shape_of
from harness.tuning.student import Student, collate
from harness.types import Lesson, Prompt, Tuning
from tests.tiny_models import write_llama3

FP32, BF16 = Held(4, False, True, False), Held(2, False, True, False)
NF4 = replace(BF16, nf4=True)
LLAMA3, SMOLLM = KNOWN["llama-3-8b"], KNOWN["smollm2-135m"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama3(tmp_path_factory.mktemp("plan") / "tiny", width=64, layers=3, inner=96)


def student(model: Path, tuning: Tuning) -> Student:
    return Student(Job(Base(str(model), "tiny", "", True), Taught("", 0, 0, 0), tuning, "cpu", 1, "", "", {}))


# --------------------------------------------------------------------------- shapes


def test_the_published_sizes_of_llama_3() -> None:
    assert LLAMA3.parameters == 8_030_261_248
    assert LLAMA3.in_adapter(16, ("all-linear",)) == 41_943_040
    assert LLAMA3.in_adapter(16, ("q_proj", "v_proj")) == 6_815_744
    assert SMOLLM.parameters == 134_515_008


def test_a_shape_counts_the_parameters_that_the_model_has(model: Path) -> None:
    shape, tuning = read_shape(model), Tuning(quantisation="none", compute_dtype="float32", rank=8)
    assert shape.parameters == sum(one.numel() for one in load_model(model, numbers("float32", "cpu")).parameters())
    learned = sum(one.numel() for one in student(model, tuning).parameters.values())
    assert shape.in_adapter(8, ("all-linear",)) == learned


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_counted_as_transformers_builds_it(tmp_path: Path, family: str) -> None:
    """Of its own default size, without memory; and where its config.json does not say whether the vocabulary is tied,
    as many do not."""
    config = CONFIG_MAPPING[family]()
    with torch.device("meta"):
        built = AutoModelForCausalLM.from_config(config)
    built.tie_weights()
    told = config.to_dict()
    del told["tie_word_embeddings"]
    (tmp_path / "config.json").write_text(json.dumps(told))
    shape = read_shape(tmp_path)
    assert shape.parameters == pytest.approx(sum(one.numel() for one in built.parameters()), rel=1e-4), "biases"
    layer = built.model.layers[0].named_modules()
    linear = {name.split(".")[-1]: one for name, one in layer if isinstance(one, torch.nn.Linear)}
    assert shape.linear == {name: (one.in_features, one.out_features) for name, one in linear.items()}


@pytest.mark.parametrize("family", ["qwen3_moe", "gpt_neox", "phi", "bert"])
def test_a_family_that_is_not_counted_is_refused(tmp_path: Path, family: str) -> None:
    CONFIG_MAPPING[family]().save_pretrained(tmp_path)
    said = (
        f"config.json does not tell the shape of a model of the LLaMA family: its model_type is '{family}'\n"
        "  -> plan for a model of one of these: llama, mistral, mixtral, "
    )
    with pytest.raises(SettingsError, match=re.escape(said)):
        read_shape(tmp_path)


def test_a_model_that_is_neither_here_nor_known(tmp_path: Path) -> None:
    assert shape_of("models/Meta-Llama-3-8B-Instruct") == (LLAMA3, None)
    with pytest.raises(SettingsError, match="the model 'models/of-mine' is not here, and its shape is not known"):
        shape_of("models/of-mine")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2", "n_embd": 768}))
    with pytest.raises(SettingsError, match="does not tell the shape of a model of the LLaMA family"):
        shape_of(str(tmp_path))


# --------------------------------------------------------------------------- terms


@pytest.mark.parametrize(("held", "dropout"), [(FP32, 0.0), (FP32, 0.1), (BF16, 0.0), (BF16, 0.1)])
@pytest.mark.parametrize("modules", [("all-linear",), ("q_proj", "v_proj")])
def test_a_layer_keeps_what_autograd_keeps(model: Path, held: Held, dropout: float, modules: tuple[str, ...]) -> None:
    """The bytes that autograd's saved tensors of the last layer hold, weights apart."""
    dtype = "float32" if held.number == 4 else "bfloat16"
    tuning = Tuning(quantisation="none", compute_dtype=dtype, rank=8, dropout=dropout, target_modules=modules)  # type: ignore[arg-type]
    pupil, kept, length = student(model, tuning), {}, 96
    constant = {one.untyped_storage().data_ptr() for one in pupil.model.parameters()}
    layer, inside = pupil.model.get_base_model().model.layers[-1], [False]
    layer.register_forward_pre_hook(lambda *_: inside.__setitem__(0, True))
    layer.register_forward_hook(lambda *_: inside.__setitem__(0, False))

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if inside[0] and storage.data_ptr() not in constant:
            kept[storage.data_ptr()] = storage  # held, so that no other takes its place
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        pupil.loss(collate([[Encoded(tuple(range(length)), 30)]]))
    found = sum(storage.nbytes() for storage in kept.values())
    planned = layer_activations(read_shape(model), tuning, held) * length
    assert planned == pytest.approx(found, rel=0.12), "cosines and sines of the positions are not counted"


def test_nf4_takes_what_bitsandbytes_allocates(model: Path) -> None:
    pupil = student(model, Tuning(quantisation="nf4", compute_dtype="bfloat16", double_quantisation=False))
    layers = [
        one for one in pupil.model.modules() if type(one).__name__ == "Linear4bit" and hasattr(one, "quant_state")
    ]
    held = sum(one.weight.untyped_storage().nbytes() + one.weight.quant_state.absmax.nbytes for one in layers)
    terms = {one.name: one.bytes for one in weights(read_shape(model), replace(NF4, double_quantisation=False))}
    assert terms["weights, NF4"] == held
    doubled = weights(LLAMA3, NF4)[0].bytes * 8 / LLAMA3.in_layers
    assert doubled == pytest.approx(4.127, abs=1e-3), "the QLoRA paper: 0.127 bits more a parameter"


def together(**changes: Any) -> float:
    return total(training(LLAMA3, replace(Tuning(checkpointing=True), **changes), replace(NF4, on_card=True), ROW))


ROW = Micro(1, 4096, 1025)


def test_what_costs_more_is_said_to_cost_more() -> None:
    assert together() < 24 * 2**30, "4,096 tokens on a card of 24 GB, as planned"
    assert together(checkpointing=False) > 2 * together()
    assert together(rank=64) - together() == pytest.approx(16 * 48 * LLAMA3.in_adapter(1, ("all-linear",)), rel=0.05)
    whole, halved = (total(generation(LLAMA3, NF4, texts, 3000, 1000)) for texts in (8, 4))
    assert whole > halved
    cache = Term("cache", 8 * 4256 * 131072.0, "8 texts x 4256 tokens x 131072 bytes")
    assert cache in generation(LLAMA3, replace(NF4, on_card=True), 8, 3000, 1000)
    wide = Term("cache", 8 * 4256 * 262144.0, "8 texts x 4256 tokens x 262144 bytes")
    assert wide in generation(LLAMA3, NF4, 8, 3000, 1000), "a processor keeps it in float32"


@pytest.mark.parametrize("held_out", [0.0, 0.5])
def test_a_training_takes_the_disk_that_was_planned(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, held_out: float
) -> None:
    tuning = Tuning(
        quantisation="none",
        compute_dtype="float32",
        rank=64,
        accumulation=1,
        steps=2,
        evaluate_every=1,
        held_out=held_out,
    )
    tokenizer = load_tokenizer(model)
    lessons = [Lesson(Prompt(str(at), "note", (("user", "a note " * 200),)), "its end") for at in range(20)]
    taught = write_lessons(tmp_path / LESSONS, lessons, tokenizer, True, 2048, frozenset())
    job = Job(Base(str(model), "tiny", "", True), taught, tuning, "cpu", 1, "", "", {})
    write_job(job, tmp_path)
    peak, replace_file = 0, Path.replace

    def measured(self: Path, target: Path) -> Path:
        nonlocal peak
        peak = max(peak, sum(one.stat().st_size for one in tmp_path.iterdir()))
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", measured)
    train(tmp_path, checkpoint_seconds=0)
    adapter = 4 * read_shape(model).in_adapter(64, tuning.target_modules)
    tokens = sum(LessonFile(tmp_path / LESSONS).lengths)
    assert (tmp_path / LESSONS).stat().st_size == pytest.approx(LESSON_TOKEN * tokens, rel=0.05)
    assert peak == pytest.approx(2 * checkpoint(adapter, tuning) + LESSON_TOKEN * tokens, rel=0.03)


# --------------------------------------------------------------------------- the command


def plan(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = main(["plan", *argv])
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it, on which nothing may be fetched."""
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    return tmp_path


def test_a_plan_of_8b_needs_nothing_but_the_line_up(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = plan(capsys, "qlora", "--lineup", "llama3-8b")
    assert code == 0
    assert said.startswith("qlora on Meta-Llama-3-8B-Instruct: 8.03 B parameters (Dubey et al. 2024")
    assert "\nits tokenizer is not here: 2 tokens a word are reckoned with\n" in said
    assert "training: 1 row of 4096 tokens at a time, up to 1025 of them targets, checkpointed" in said
    assert "not measured: these terms were compared with what was taken on CPUs, up to 360M parameters" in said
    assert "time to train: " in said
    assert said.count("not measured: the model is not here") == 2
    files = re.search(r"disk: model 16.06 GB in 2 bytes a parameter; (.+), kept\n", said)
    assert files
    files, _, lessons = files.group(1).rpartition(" lessons ")
    assert files == "adapter 0.168 GB, while one is trained two checkpoints of 0.671 GB in its place;"
    tokens = re.search(r"time to train: ([\d.]+) k tokens", said)
    assert tokens
    assert float(lessons[:-3]) * 1e6 == pytest.approx(4 * float(tokens.group(1)), abs=500), "an epoch, 4 bytes a token"
    assert not (bare / "assets").exists()


def test_the_model_that_is_here_is_timed(bare: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lineup = bare / "lineup.toml"
    lineup.write_text(
        f'[engine]\nmodel = "{model}"\ndevice = "cpu"\nthreads = 1\ndtype = "float32"\n'
        '[systems.small]\nplugin = "qlora"\nquantisation = "none"\ncompute_dtype = "float32"\nsequence_length = 512\n'
        "max_new_tokens = 32\n"
    )
    code, said = plan(capsys, "small", "--lineup", str(lineup))
    assert code == 0
    assert "GB (here)" in said
    assert "time to write test_phase_1: 18 texts of 32 tokens; about " in said
    paces = [float(pace) for pace in re.search(r"reading (\d+) tokens/s, writing (\d+)", said).groups()]  # type: ignore[union-attr]
    assert all(1 < pace < 1e6 for pace in paces)
    targets = int(re.search(r"of 512 tokens at a time, up to (\d+) of them targets", said).group(1))  # type: ignore[union-attr]
    assert 33 < targets <= 512, "a target is learned whole, however little is written"


def test_there_is_nothing_to_plan_for_a_system_without_a_model(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = plan(capsys, "lead")
    assert code == 1
    assert "there is nothing to plan for: 'lead' asks no model that runs on this machine" in said
    assert plan(capsys, "des")[1].endswith("such as a member\n")


def test_a_model_of_which_the_shape_alone_is_here_is_planned_to_the_end(
    bare: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = bare / "mine"
    mine.mkdir()
    (mine / "config.json").write_bytes((model / "config.json").read_bytes())
    (bare / "lineup.toml").write_text(f'[engine]\nmodel = "{mine}"\n')
    code, said = plan(capsys, "few-shot", "--lineup", str(bare / "lineup.toml"), "--set", "max_new_tokens=100")
    assert code == 0
    assert "(config.json; not here)\nits tokenizer is not here" in said
    assert "GB in 2 bytes a parameter" in said
    assert said.endswith("not measured: the model is not here\n")


def tokens_learned(folder: Path) -> int:
    lessons, tuning = LessonFile(folder / LESSONS), read_job(folder).tuning
    learned, _ = split_groups(lessons.groups, tuning)
    steps = plan_steps(learned, lessons.lengths, tuning)
    return sum(lessons.lengths[at] for step in steps for micro in step for row in micro for at in row)


@pytest.mark.parametrize(
    "settings",
    [
        ("budget=300", "unit=tokens", "epochs=1"),
        ("budget=120", "unit=words", "reads_course=true", "adapters=each", "epochs=1"),
        ("budget=60", "unit=words", "packing=true", "steps=8", "accumulation=2"),
    ],
)
def test_the_tokens_to_learn_are_those_of_the_lessons(
    ward: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """By a real model's tokenizer, of all adapters that are trained, and over all their steps."""
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path))
    chosen = [f"--set={one}" for one in ("quantisation=none", "held_out=0", *settings)]

    def asked(device: str) -> list[str]:
        lineup = tmp_path / f"{device}.toml"
        lineup.write_text(f'[engine]\nmodel = "smollm2-135m-instruct"\ndevice = "{device}"\n')
        return ["qlora", "--lineup", str(lineup), "--data", str(ward), *chosen]

    assert main(["fit", *asked("cpu"), "--prepare"]) == 0
    folders = re.findall(r"prepared: (.+)", capsys.readouterr().out)
    learned = [tokens_learned(Path(folder)) for folder in folders]
    code, said = plan(capsys, *asked("cuda:64"))
    assert code == 0
    told = [1000 * float(kilo) for kilo in re.findall(r"time to train.*: ([\d.]+) k tokens", said)]
    assert len(told) == len(learned) == (2 if "adapters=each" in settings else 1)
    assert told == pytest.approx(learned, rel=0.05)


def test_nothing_is_trained_where_an_adapter_is_given(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = plan(capsys, "qlora", "--lineup", "llama3-8b", "--set", "adapter=mine")
    assert code == 0
    assert "train" not in said.replace("while it is trained", "")
    assert "generation: " in said


def test_a_device_that_there_is_not_is_refused_and_one_elsewhere_is_not_timed(
    bare: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lineup = bare / "lineup.toml"
    lineup.write_text(f'[engine]\nmodel = "{model}"\ndevice = "gpu"\n')
    assert plan(capsys, "few-shot", "--lineup", str(lineup)) == (
        1,
        "harness: there is no device 'gpu'\n"
        '  -> set device = "auto" (the GPU where there is one), "cpu" or "cuda:1"\n',
    )
    lineup.write_text(f'[engine]\nmodel = "{model}"\ndevice = "cuda:64"\n')
    code, said = plan(capsys, "few-shot", "--lineup", str(lineup), "--set", "max_new_tokens=100")
    assert code == 0
    assert "not measured: its device is not here" in said


def mean_prompt(said: str) -> int:
    return int(re.search(r"prompts of test_phase_1: (\d+) tokens on average", said).group(1))  # type: ignore[union-attr]


def test_shots_are_in_the_mean_prompt_as_far_as_there_is_room(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def of(*settings: str) -> int:
        code, said = plan(capsys, "few-shot", "--lineup", "llama3-8b", *(f"--set={one}" for one in settings))
        assert code == 0
        return mean_prompt(said)

    none, one, three = (of(f"shots={shots}", "budget=500") for shots in (0, 1, 3))
    shot = one - none
    assert three == pytest.approx(none + 3 * shot, abs=2)
    word, around = TOKENS_PER_WORD, TEMPLATE_TOKENS
    target = of("shot_budget=100", "budget=500") - none - 100 * word
    assert target + 400 * word < shot <= target + 500 * word, "a shot's chart is cut to 500 words, its target never"
    assert of("budget=100") == pytest.approx(100 * word + around + shot, abs=2), "the budget is the chart's alone"
    assert of("shot_budget=100", "budget=100", "unit=tokens") == pytest.approx(100 + around + 100 + target, abs=2)
    assert of("shots=50") == 8192 - 1024


@pytest.fixture
def primer(bare: Path) -> Path:
    """Two pairs, of 20 + 2 + 6 and of 2,000 + 2 + 1,400 words."""
    pairs = [("note " * 20, "word " * 6), ("note " * 2000, "word " * 1400)]
    path = bare / "primer.jsonl"
    lines = [json.dumps({"note": note, "instruction": "Sum up.", "answer": answer}) for note, answer in pairs]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_priming_is_told_before_the_training(primer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*settings: str) -> str:
        code, said = plan(capsys, "qlora", "--lineup", "llama3-8b", *(f"--set={one}" for one in settings))
        assert code == 0
        return said

    chosen = f'prime_on=["{primer}", "{primer}"]', "held_out=0.5"
    plain, primed = said("held_out=0.5"), said(*chosen, "prime_epochs=3")
    row = (TOKENS_PER_WORD * 28 + 4096) / 2
    line = (
        f"time to prime on primer.jsonl: {3 * row / 1000:.2f} k tokens (3 rows of {row:.0f}); not measured: the model"
    )
    assert primed.count(line) == 2
    assert primed.index(line) < primed.index("time to train: ")
    assert "time to prime" not in plain
    lines = primed.splitlines()
    assert [one for one in lines if one.startswith("time to train")] == [
        one for one in plain.splitlines() if one.startswith("time to train")
    ]
    assert "up to 2801 of them targets" in primed, "an answer of 1,400 words is learned whole"
    assert f"(4 rows of {row:.0f})" in said(*chosen, "prime_steps=4"), "an epoch has one lesson, and so has each step"


def test_a_primer_that_is_not_there_or_is_broken_is_refused(primer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = primer.with_name("asclepius.csv")
    code, said = plan(capsys, "qlora", "--lineup", "llama3-8b", "--set", f'prime_on=["{missing}"]')
    assert (code, said.splitlines()[2:]) == (
        1,
        [f"harness: there is no instruction corpus {missing}", "  -> name a .csv or .jsonl file, .gz or not"],
    )
    primer.write_text('{"note": "A note."}', encoding="utf-8")
    code, said = plan(capsys, "qlora", "--lineup", "llama3-8b", "--set", f'prime_on=["{primer}"]')
    assert code == 1
    assert f"harness: {primer}, record 1: there is no instruction or question\n" in said
    primer.write_text("", encoding="utf-8")
    code, said = plan(capsys, "qlora", "--lineup", "llama3-8b", "--set", f'prime_on=["{primer}"]')
    assert code == 1
    assert f"harness: {primer} holds no pairs\n" in said


def test_all_experts_are_held_and_in_4_bits_none(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wizard = bare / "WizardLM-2-8x22B"
    sizes = {"hidden_size": 6144, "intermediate_size": 16384, "num_hidden_layers": 56, "num_attention_heads": 48}
    MixtralConfig(**sizes, num_key_value_heads=8, max_position_embeddings=65536).save_pretrained(wizard)
    lineup = bare / "lineup.toml"
    lineup.write_text(f'[engine]\nmodel = "{wizard}"\ndevice = "cuda:64"\nquantisation = "nf4"\ndtype = "bfloat16"\n')
    code, said = plan(capsys, "few-shot", "--lineup", str(lineup))
    assert code == 0
    assert said.startswith("few-shot on WizardLM-2-8x22B: 140.62 B parameters (config.json; not here)")
    assert "  4.93 B parameters in 4 bits, " in said
    assert "  135.69 B parameters of experts, vocabulary and norms, 2 bytes each" in said
    assert plan(capsys, "qlora", "--lineup", str(lineup)) == (
        1,
        "harness: WizardLM-2-8x22B is a mixture of experts: what an adapter on it takes is not known here\n"
        "  -> plan a system that writes without one, such as few-shot, or set another [engine] model\n",
    )


def test_a_prompt_without_room_is_refused(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(capsys, "few-shot", "--lineup", "llama3-8b", "--set", "max_new_tokens=8192") == (
        1,
        "harness: with 8192 new tokens there is no room for a prompt: the model reads 8192 in all\n"
        "  -> lower max_new_tokens\n",
    )
