"""Training an adapter: what is learned from, how it survives, and by what an adapter is known."""

from __future__ import annotations

import codecs
import csv
import ctypes
import errno
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import PeftModel

from harness.competitor import blaming
from harness.corpora.marking import FILE_NAME
from harness.engines.loading import ADAPTER_CONFIG, ADAPTER_WEIGHTS, load_tokenizer
from harness.engines.prompts import end_of_turn, prompt_tokens
from harness.engines.runtime import return_memory
from harness.engines.transformers import open_transformers
from harness.errors import AssetError, CorpusError, SettingsError, TuningError
from harness.files import digest, digest_file, locked, private_folder
from harness.lineup import EngineSettings
from harness.privacy import is_restricted
from harness.tuning import adapters, loop, progress
from harness.tuning.adapters import MERGED, School, adapter, check_given, check_split, prepare, read_manifest, verify
from harness.tuning.job import read_job
from harness.tuning.lessons import Encoded, encode
from harness.tuning.loop import Training, train
from harness.tuning.origin import PUBLIC_PRIMER, RESTRICTED_PRIMER, external, from_restricted
from harness.tuning.progress import CHECKPOINT
from harness.tuning.rows import fill_rows, plan_steps, rate, split_groups
from harness.tuning.student import IGNORED, Student, collate
from harness.types import Lesson, Prompt, Sampling, Tuning
from tests.full import MEMORY, raising
from tests.tiny_llama import write_tiny_llama

HOUSE = Path(__file__).resolve().parent.parent
TUNING = Tuning(
    quantisation="none",
    compute_dtype="float32",
    rank=4,
    alpha=8,
    learning_rate=1e-2,
    epochs=2,
    accumulation=2,
    sequence_length=256,
)
ABOUT = {"corpus": "toy", "restricted": False, "splits": {"train": "7rain"}}


def lesson(at: int, target: str = "") -> Lesson:
    chart = f"Chart of case {at}: the patient was admitted with complaint {at * 7 % 5}."
    prompt = Prompt(str(at), "course", (("system", "Write the course."), ("user", chart)))
    return Lesson(prompt, target or f"Complaint {at * 7 % 5} was treated; case {at} went home.", f"subject {at // 2}")


LESSONS = [lesson(at) for at in range(10)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("base") / "tiny-llama")


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    return load_tokenizer(base)


@pytest.fixture
def school(base: Path, tmp_path: Path) -> School:
    return School(
        EngineSettings(model=str(base), dtype="float32", device="cpu", threads=1), tmp_path, ABOUT, frozenset()
    )


def asked_once(lessons: list[Lesson]) -> Any:
    """Lessons that fail if they are asked for a second time."""
    left = [lessons]
    return lambda: left.pop()


# --------------------------------------------------------------------------- what is learned


def test_the_loss_reads_the_target_and_its_end_token_and_nothing_else(tokenizer: Any) -> None:
    rows = [[encode(one, tokenizer, True)] for one in LESSONS[:3]]
    batch = collate(rows)
    for at, one in enumerate(LESSONS[:3]):
        learned = batch.labels[at][batch.labels[at] != IGNORED]
        assert tokenizer.decode(learned) == f"{one.target}<|im_end|>"
        # each label is the token behind its column
        columns = batch.columns[batch.labels[at] != IGNORED]
        assert torch.equal(batch.tokens[at, columns + 1], learned)


def test_the_prompt_that_trains_is_the_prompt_that_generates(tokenizer: Any) -> None:
    one = LESSONS[0]
    encoded = encode(one, tokenizer, True)
    assert list(encoded.tokens[: -encoded.target]) == prompt_tokens(tokenizer, one.prompt.messages, True)


def test_what_ends_a_text_is_what_the_template_writes_behind_an_answer(tokenizer: Any) -> None:
    assert tokenizer.decode(end_of_turn(tokenizer, chat=True)) == "<|im_end|>"
    assert end_of_turn(tokenizer, chat=False) == tokenizer.eos_token_id


def single_losses(student: Student, lessons: list[Encoded]) -> list[float]:
    return [student.loss(collate([[one]])).item() for one in lessons]


def test_rows_that_are_packed_or_padded_lose_what_their_lessons_lose_alone(school: School, tokenizer: Any) -> None:
    folder = prepare(school, lambda: LESSONS, TUNING, {})
    student = Student(read_job(folder))
    student.model.eval()
    lessons = [encode(one, tokenizer, True) for one in (*LESSONS[:3], lesson(99, "Short."))]
    with torch.no_grad():
        alone = sum(single_losses(student, lessons))
        packed = student.loss(collate([lessons[:2], lessons[2:]])).item()
        padded = student.loss(collate([[one] for one in lessons])).item()
    assert packed == pytest.approx(alone, rel=1e-5)
    assert padded == pytest.approx(alone, rel=1e-5)


@settings(max_examples=60)
@given(
    st.lists(st.integers(2, 100), min_size=1, max_size=60),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 3),
    st.booleans(),
)
def test_each_lesson_is_learned_once_an_epoch_in_rows_that_fit(
    lengths: list[int], batch: int, accumulation: int, epochs: int, packing: bool
) -> None:
    tuning = Tuning(batch=batch, accumulation=accumulation, epochs=epochs, packing=packing, sequence_length=100)
    steps = plan_steps(range(len(lengths)), lengths, tuning)
    rows = [row for step in steps for rows in step for row in rows]
    assert Counter(at for row in rows for at in row) == dict.fromkeys(range(len(lengths)), epochs)
    assert all(sum(lengths[at] for at in row) <= 100 for row in rows)
    assert all(len(rows) <= batch and len(step) <= accumulation for step in steps for rows in step)
    assert packing or all(len(row) == 1 for row in rows)
    assert (
        plan_steps(range(len(lengths)), lengths, replace(tuning, steps=3, epochs=1))
        == plan_steps(range(len(lengths)), lengths, replace(tuning, steps=5, epochs=1))[:3]
    )


def test_packing_leaves_little_room() -> None:
    assert fill_rows(range(6), [60, 50, 40, 30, 20, 70], 100) == [(0, 2), (1, 3, 4), (5,)]


def test_the_rate_warms_up_and_falls() -> None:
    tuning = Tuning(learning_rate=1.0, warmup=0.2, schedule="linear")
    assert [rate(step, 10, tuning) for step in range(10)] == pytest.approx(
        [0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
    )
    assert rate(9, 10, replace(tuning, schedule="constant")) == 1.0
    assert rate(6, 10, replace(tuning, schedule="cosine")) == pytest.approx(0.5)


def test_what_is_held_out_shares_no_subject_with_what_is_learned() -> None:
    groups = [one.group for one in LESSONS]
    learned, held = split_groups(groups, replace(TUNING, held_out=0.3))
    assert sorted([*learned, *held]) == list(range(10))
    assert len(held) == 4
    assert not {groups[at] for at in learned} & {groups[at] for at in held}
    # Adapters are known by their settings: which subjects a seed holds out may not change.
    assert {groups[at] for at in held} == {"subject 2", "subject 3"}


def test_a_lesson_without_a_subject_is_its_own() -> None:
    learned, held = split_groups(["", "one", "", "one", *[""] * 6], replace(TUNING, held_out=0.3))
    assert sorted([*learned, *held]) == list(range(10))
    assert len(learned) == 7
    assert {1, 3} <= set(learned) or {1, 3} <= set(held)


# --------------------------------------------------------------------------- the training


def test_it_learns_and_leaves_its_curve(school: School, tokenizer: Any) -> None:
    folder = adapter(school, lambda: LESSONS, replace(TUNING, epochs=12, learning_rate=0.05), {})
    manifest = read_manifest(folder)
    assert manifest.lessons == 10
    assert manifest.steps == 60
    assert manifest.stopped == "its end"
    with (folder / "loss.csv").open() as file:
        points = list(csv.DictReader(file))
    assert len(points) == 60
    assert float(points[-1]["loss"]) < float(points[0]["loss"]) - 2
    assert int(points[-1]["tokens"]) == 12 * sum(len(encode(one, tokenizer, True).tokens) for one in LESSONS)
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert not list(folder.glob("*.bin")) + list(folder.glob("*.pt")) + list(folder.glob("*.pkl"))
    assert folder.stat().st_mode & 0o777 == 0o700


def steps_of(folder: Path) -> list[tuple[float, float, int]]:
    with (folder / "loss.csv").open() as file:
        return [(float(p["loss"]), float(p["rate"]), int(p["tokens"])) for p in csv.DictReader(file)]


KILLED = """
import os, signal, sys
from pathlib import Path
from harness.tuning import loop

taken = loop.Training.step
def step(self):
    taken(self)
    if self.progress.steps == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
loop.Training.step = step
loop.CHECKPOINT_SECONDS = 0
loop.train(Path(sys.argv[1]), 0.0)
"""


def test_a_training_that_was_killed_ends_as_one_that_was_not(school: School, tmp_path: Path) -> None:
    tuning = replace(TUNING, held_out=0.2, evaluate_every=3, dropout=0.1)
    whole = prepare(school, lambda: LESSONS, tuning, {})
    killed = tmp_path / "killed"
    shutil.copytree(whole, killed)
    adapters.make(whole)
    for at in (2, 5):
        done = subprocess.run([sys.executable, "-c", KILLED, str(killed), str(at)], cwd=HOUSE, check=False)
        assert done.returncode == -signal.SIGKILL
    adapters.make(killed)
    assert steps_of(whole) == steps_of(killed)
    assert digest_file(whole / ADAPTER_WEIGHTS) == digest_file(killed / ADAPTER_WEIGHTS)


def test_a_full_disk_keeps_the_checkpoint_before_and_is_told_as_one(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(prepare(school, lambda: LESSONS, TUNING, {}))
    training.save()
    before = sorted((path, path.stat().st_ino) for path in training.folder.iterdir())

    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space"), blaming("qlora", "to learn"):
        training.save()
    with pytest.raises(OSError, match="No space"), blaming("qlora", "to learn"):
        training.student.save(training.folder, "base", training.student.state())
    assert sorted((path, path.stat().st_ino) for path in training.folder.iterdir()) == before


def test_what_a_killed_training_left_of_a_checkpoint_is_cleared_away(school: School) -> None:
    folder = prepare(school, lambda: LESSONS, TUNING, {})
    torn = folder / f".{CHECKPOINT}.0dd.tmp"
    torn.write_bytes(b"half")
    adapters.make(folder)
    assert not torn.exists()


def test_the_adapter_that_is_kept_is_the_best_on_what_is_held_out(school: School) -> None:
    tuning = replace(TUNING, epochs=20, held_out=0.3, evaluate_every=2, patience=2, learning_rate=0.05)
    folder = prepare(school, lambda: LESSONS, tuning, {})
    training, trained = train(folder)
    measured = {point.step: point.held_out for point in trained.progress.points if point.held_out is not None}
    assert trained.stopped.startswith("no better loss on what is held out since step ")
    assert trained.progress.best == min(measured.values())
    assert trained.progress.steps == trained.progress.best_step + 4
    training.evaluate()
    assert training.progress.points[-1].held_out == pytest.approx(trained.progress.best, abs=1e-6)


def test_the_clock_stops_it(school: School) -> None:
    folder = adapter(school, lambda: LESSONS, replace(TUNING, epochs=1000, max_minutes=0.01), {})
    manifest = read_manifest(folder)
    assert manifest.stopped == "the clock: 0.01 minutes"
    assert 0 < manifest.steps < 5000


def test_the_clock_counts_what_is_held_out_and_a_kill_after_it_loses_nothing(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Student.loss

    def loss(self: Student, batch: Any) -> Any:
        time.sleep(0.0 if self.model.training else 0.2)
        return taken(self, batch)

    monkeypatch.setattr(Student, "loss", loss)
    tuning = replace(TUNING, epochs=1000, held_out=0.3, evaluate_every=1, max_minutes=0.01)
    folder = prepare(school, lambda: LESSONS, tuning, {})
    _, trained = train(folder, checkpoint_seconds=0.2)
    points = trained.progress.points
    assert trained.stopped == "the clock: 0.01 minutes"
    assert len(points) <= 3, "each held out loss takes 0.2 seconds or more"
    assert all(after.seconds - before.seconds >= 0.2 for before, after in pairwise(points))
    assert points[0].seconds >= 0.2

    begun = prepare(school, lambda: LESSONS, replace(tuning, max_minutes=0.0), {})
    monkeypatch.setattr(Training, "step", stopping_after(1, Training.step))
    with pytest.raises(KeyboardInterrupt):
        train(begun, checkpoint_seconds=0.2)
    kept = progress.load(begun)
    assert kept is not None
    assert [point.held_out is not None for point in kept.progress.points] == [True]


def stopping_after(steps: int, step: Any) -> Any:
    def stopping(self: Training) -> None:
        if self.progress.steps == steps:
            raise KeyboardInterrupt
        step(self)

    return stopping


def test_a_loss_that_is_no_number_stops_and_keeps_the_step_before(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepare(school, lambda: LESSONS, TUNING, {})
    taken = Student.loss

    def loss(self: Student, batch: Any) -> Any:
        found = taken(self, batch)
        return found * float("nan") if training.progress.steps == 2 else found

    monkeypatch.setattr(Student, "loss", loss)
    training = Training(folder)
    training.step()
    training.step()
    kept = {name: one.clone() for name, one in training.student.state().items()}
    with pytest.raises(TuningError, match=r"step 3: the loss is no number any more; the checkpoint of step 2 is kept"):
        training.step()
    again = Training(folder)
    assert again.progress.steps == 2
    assert all(torch.equal(one, kept[name]) for name, one in again.student.state().items())


def test_out_of_memory_says_what_to_lower(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = prepare(school, lambda: LESSONS, TUNING, {})

    def loss(self: Student, batch: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Student, "loss", loss)
    with pytest.raises(TuningError, match=r"out of memory in a micro-batch of 1 rows of up to \d+ tokens") as caught:
        Training(folder).step()
    assert caught.value.todo.startswith("set batch = 1 and raise accumulation as much, then checkpointing = true")


LESS_TO_LEARN = (
    "make room (`nvidia-smi` says who is on a card), lower rank, or name fewer layers in target_modules; "
    "`harness plan` says what each costs"
)
TWO_MOMENTS = "out of memory in the optimiser, which keeps two moments of each weight that is learned"


@pytest.mark.parametrize("error", MEMORY)
def test_an_optimiser_without_room_in_memory_says_what_to_lower(
    error: Exception, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(prepare(school, lambda: LESSONS, TUNING, {}))
    with monkeypatch.context() as full:
        full.setattr(training.optimiser, "step", raising(error))
        with pytest.raises(TuningError) as caught:
            training.step()
    assert str(caught.value) == f"{TWO_MOMENTS}\n  -> {LESS_TO_LEARN}"
    training.step()
    training.save()
    monkeypatch.setattr(loop, "like", raising(error))
    with pytest.raises(TuningError) as caught:
        Training(training.folder)
    assert str(caught.value) == f"{TWO_MOMENTS}\n  -> {LESS_TO_LEARN}"


@pytest.mark.parametrize("error", MEMORY)
def test_out_of_memory_on_what_is_held_out_says_what_to_lower(
    error: Exception, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(prepare(school, lambda: LESSONS, replace(TUNING, held_out=0.3), {}))
    monkeypatch.setattr(Student, "loss", raising(error))
    with pytest.raises(TuningError) as caught:
        training.evaluate()
    assert str(caught.value) == (
        f"out of memory on what is held out, in 1 rows of up to {training.lessons.lengths[training.held[0]]} tokens\n"
        "  -> make room (`nvidia-smi` says who is on a card), or lower sequence_length"
    )


@pytest.mark.parametrize("error", MEMORY)
def test_an_adapter_that_is_to_be_learned_without_room_in_memory_says_what_to_lower(
    error: Exception, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peft, "get_peft_model", raising(error))
    with pytest.raises(AssetError) as caught:
        Training(prepare(school, lambda: LESSONS, TUNING, {}))
    assert str(caught.value) == f"an adapter on tiny-llama has no room in memory\n  -> {LESS_TO_LEARN}"


# --------------------------------------------------------------------------- by what it is known


def test_an_adapter_is_found_and_not_trained_again(school: School) -> None:
    first = adapter(school, asked_once(LESSONS), TUNING, {"prompt": 1})
    before = digest_file(first / ADAPTER_WEIGHTS)
    assert adapter(school, lambda: pytest.fail("asked again"), TUNING, {"prompt": 1}) == first
    # Other code that leads to the same lessons leads to the same adapter; other lessons, settings or starts do not.
    assert adapter(school, asked_once(LESSONS), TUNING, {"prompt": 2}) == first
    assert digest_file(first / ADAPTER_WEIGHTS) == before
    others = [
        prepare(school, lambda: LESSONS[:-1], TUNING, {"prompt": 3}),
        prepare(school, lambda: LESSONS, replace(TUNING, rank=2), {"prompt": 1}),
        prepare(school, lambda: LESSONS, TUNING, {"prompt": 1}, first),
    ]
    assert len({first, *others}) == 4


def test_one_that_is_shipped_is_used(school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = adapter(school, lambda: LESSONS, TUNING, {})
    monkeypatch.setattr(adapters, "SHIPPED", tmp_path / "shipped")
    shutil.copytree(made, tmp_path / "shipped" / made.name)
    elsewhere = replace(school, root=private_folder(tmp_path / "another"))
    assert adapter(elsewhere, asked_once(LESSONS), TUNING, {}) == tmp_path / "shipped" / made.name


def test_a_training_that_was_begun_goes_on_as_the_line_up_says_now(school: School, base: Path, tmp_path: Path) -> None:
    tuning = replace(TUNING, steps=1)
    first = adapter(school, lambda: LESSONS[:4], tuning, {})
    begun = prepare(school, lambda: LESSONS, tuning, {}, first)
    moved = shutil.copytree(base, tmp_path / "moved")
    now = replace(school, engine=replace(school.engine, model=str(moved), threads=2), about={**ABOUT, "corpus": "now"})
    start = shutil.copytree(first, tmp_path / "start")
    before = read_job(begun)
    with locked(begun / "train.lock", "this training"):
        assert prepare(now, asked_once(LESSONS), tuning, {}, start) == begun
        assert read_job(begun) == before
    wanted = replace(before, base=now.base, threads=2, start=str(start), about=now.about)
    for school_now, known_by, job in ((now, {}, wanted), (school, {"code": 2}, before), (now, {"code": 2}, wanted)):
        there = start if job is wanted else first
        assert prepare(school_now, lambda: LESSONS, tuning, known_by, there) == begun
        assert read_job(begun) == job
    shutil.rmtree(first)
    assert adapter(now, lambda: LESSONS, tuning, {}, start) == begun
    assert read_manifest(begun).base == "moved"
    assert prepare(school, lambda: LESSONS, tuning, {}, start) == begun
    assert read_job(begun) == wanted, "what is done stays as it was done"


def test_lessons_of_subjects_of_other_splits_are_left_out(school: School) -> None:
    folder = prepare(replace(school, elsewhere=frozenset({"subject 0", "subject 3"})), lambda: LESSONS, TUNING, {})
    taught = read_job(folder).taught
    assert (taught.lessons, taught.elsewhere) == (6, 4)
    everybody = replace(school, elsewhere=frozenset(one.group for one in LESSONS))
    with pytest.raises(TuningError, match="all 10 lessons are of subjects that another split has"):
        adapter(everybody, lambda: LESSONS, TUNING, {"everybody": 1})


def test_a_lesson_without_room_is_counted_and_nothing_to_learn_is_an_error(school: School) -> None:
    folder = prepare(school, lambda: [*LESSONS, lesson(77, "word " * 300)], TUNING, {})
    assert (read_job(folder).taught.lessons, read_job(folder).taught.too_long) == (10, 1)
    with pytest.raises(TuningError, match="there is nothing to learn from: of 0 lessons, 0 more had no room in 256"):
        adapter(school, list, TUNING, {"nothing": 1})


def test_all_lessons_held_out_is_told_as_that(school: School) -> None:
    with pytest.raises(TuningError) as caught:
        adapter(school, lambda: LESSONS, replace(TUNING, held_out=0.9), {})
    assert str(caught.value) == (
        "there is nothing to learn from: held_out = 0.9 keeps all 10 lessons apart\n"
        "  -> lower held_out, or give more subjects to learn from"
    )


def test_a_torn_adapter_is_refused(school: School) -> None:
    folder = adapter(school, lambda: LESSONS, TUNING, {})
    with (folder / ADAPTER_WEIGHTS).open("r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"abc")
    with pytest.raises(AssetError, match="is not what its manifest says") as caught:
        adapter(school, lambda: LESSONS, TUNING, {})
    assert caught.value.todo == "copy the adapter again, or delete its folder: it is trained anew"


@pytest.mark.parametrize("older", [False, True])
def test_an_adapter_that_would_be_applied_otherwise_is_refused(older: bool, school: School) -> None:
    """Its weights alone are its digest to the engine: texts of another scale would be taken for those of this one."""
    folder = adapter(school, lambda: LESSONS, replace(TUNING, steps=1), {})
    config, manifest = folder / ADAPTER_CONFIG, folder / "manifest.json"
    if older:
        told = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({name: value for name, value in told.items() if name != "config"}))
    whole = config.read_text()
    assert verify(folder).config == ("" if older else digest_file(config))
    changes = {
        "lora_alpha": (64, "lora_alpha is not 8"),
        "r": (2, "r is not 4"),
        "use_rslora": (True, "use_rslora is set"),
    }
    for name, (value, why) in changes.items():
        config.write_text(json.dumps({**json.loads(whole), name: value}))
        said = why if older else "its checksum differs"
        with pytest.raises(AssetError) as caught:
            check_given(folder, school.base, "0ther")
        assert str(caught.value) == (
            f"{config} is not what its manifest says ({said})\n"
            "  -> copy the adapter again, or delete its folder: it is trained anew"
        )
    config.unlink()
    with pytest.raises(AssetError, match=r"adapter_config\.json is not there, and its manifest speaks of it\n"):
        adapter(school, lambda: LESSONS, replace(TUNING, steps=1), {})


def test_the_shipped_adapters_are_what_their_manifests_say() -> None:
    shipped = [verify(file.parent) for file in adapters.SHIPPED.glob("*/manifest.json")]
    assert shipped
    for one in shipped:
        assert (adapters.SHIPPED / one.identity[:16]).is_dir()


def test_an_adapter_from_elsewhere_has_to_fit(school: School, tmp_path: Path) -> None:
    folder = adapter(school, lambda: LESSONS, TUNING, {})
    assert check_given(folder, school.base, "0ther").about == ABOUT
    with pytest.raises(SettingsError, match="was trained on the split that is scored"):
        check_given(folder, school.base, "7rain")
    with pytest.raises(AssetError, match="was trained on tiny-llama, the line-up's model is other"):
        check_given(folder, replace(school.base, name="other", digest="0"), "0ther")
    with pytest.raises(AssetError, match=r"holds no manifest\.json: it is no adapter that this harness trained"):
        check_given(tmp_path, school.base, "0ther")
    (folder / "manifest.json").write_text("{")
    with pytest.raises(AssetError, match=r"manifest\.json cannot be read"):
        check_given(folder, school.base, "0ther")


def test_what_training_began_with_counts_as_much(school: School) -> None:
    primer = {"corpus": "toy", "restricted": True, "external": "primer.csv (CC BY)", "splits": {"valid": "va11d"}}
    origin = {**ABOUT, "begun_with": primer}
    assert from_restricted(origin)
    assert not from_restricted(ABOUT)
    assert external(origin) == ["primer.csv (CC BY)"]
    folder = adapter(replace(school, about=origin), lambda: LESSONS, TUNING, {})
    with pytest.raises(SettingsError, match="was trained on the split that is scored"):
        check_given(folder, school.base, "va11d")


def test_what_its_base_learned_counts_as_much_whatever_it_began_with(
    school: School, base: Path, tmp_path: Path
) -> None:
    hospital = {"corpus": "hospital", "restricted": True, "splits": {"train": "h05p1tal"}}
    model = shutil.copytree(base, tmp_path / "taught")
    (model / MERGED).write_text(json.dumps({"about": hospital, "root": "hospital-0123abcd"}))
    further = replace(school, engine=replace(school.engine, model=str(model)))
    primer = {"corpus": "toy", "restricted": False, "external": "primer.csv (CC BY)"}
    primed = adapter(replace(further, about=primer), lambda: LESSONS[:2], replace(TUNING, steps=1), {})
    assert is_restricted()
    # The adapter begun with may be of the time when it did not say what its base had learned.
    about = {**ABOUT, "begun_with": primer}
    folder = prepare(replace(further, about=about), lambda: LESSONS, TUNING, {}, primed)
    for origin in (read_manifest(primed).about, read_job(folder).about):
        assert from_restricted(origin)
        assert external(origin) == ["primer.csv (CC BY)"]
        with pytest.raises(SettingsError, match="the adapter was trained on the split that is scored"):
            check_split("the adapter", origin, "h05p1tal")
    with pytest.raises(SettingsError, match=r"the adapter in .* was trained on the split that is scored"):
        check_given(primed, further.base, "h05p1tal")


def test_an_adapter_that_did_not_say_what_its_base_learned_is_made_anew(
    school: School, base: Path, tmp_path: Path
) -> None:
    model = shutil.copytree(base, tmp_path / "taught")
    (model / MERGED).write_text(json.dumps({"about": {"restricted": True}, "root": "hospital-0123abcd"}))
    further = replace(school, engine=replace(school.engine, model=str(model)))
    job = read_job(prepare(further, lambda: LESSONS, TUNING, {}))
    plain = [1, job.base.digest, job.base.chat, job.taught.digest, job.tuning, job.start_digest]
    assert job.identity != digest(plain)
    assert replace(job, about=ABOUT).identity == digest(plain)


def test_an_adapter_that_did_not_say_that_its_primer_is_restricted_is_made_anew(school: School) -> None:
    job = read_job(prepare(school, lambda: LESSONS, TUNING, {}))
    open_primer = {**ABOUT, "begun_with": {"restricted": False, "external": "primer.jsonl (CC0-1.0)"}}
    assert replace(job, about=open_primer).identity == job.identity
    assert not from_restricted(open_primer)
    closed = {**ABOUT, "begun_with": {**open_primer["begun_with"], **RESTRICTED_PRIMER}}
    assert replace(job, about=closed).identity != job.identity
    assert from_restricted(closed)
    for licence in ("licence not stated", "St Mary's hospital, internal use only, sha-256 0123456789ab"):
        older = {**ABOUT, "begun_with": {"restricted": False, "external": f"qa.jsonl ({licence})"}}
        assert from_restricted(older)
        marked = {**ABOUT, "begun_with": {**older["begun_with"], **PUBLIC_PRIMER}}
        assert replace(job, about=marked).identity != replace(job, about=older).identity
        assert not from_restricted(marked)


def test_what_is_written_holds_no_text_no_id_and_no_path(school: School, base: Path) -> None:
    folder = adapter(school, lambda: LESSONS, TUNING, {})
    for name in ("manifest.json", ADAPTER_CONFIG, "loss.csv"):
        text = (folder / name).read_text()
        assert str(base.parent) not in text
        assert "complaint" not in text
        assert "subject" not in text
    assert json.loads((folder / ADAPTER_CONFIG).read_text())["base_model_name_or_path"] == "tiny-llama"


# --------------------------------------------------------------------------- the engine that wears it


def greedy(model: Any, tokens: list[int], new: int) -> list[int]:
    found = list(tokens)
    for _ in range(new):
        with torch.no_grad():
            found.append(int(model(input_ids=torch.tensor([found])).logits[0, -1].argmax()))
    return found[len(tokens) :]


def test_the_engine_writes_with_an_adapter_what_peft_writes_and_without_it_what_it_wrote(
    school: School, base: Path
) -> None:
    from transformers import AutoModelForCausalLM

    folder = adapter(school, lambda: LESSONS, replace(TUNING, epochs=12), {})
    other = adapter(school, lambda: LESSONS, replace(TUNING, epochs=6), {})
    engine = open_transformers(base, dtype="float32", threads=1, batch_size=2)
    prompts = [one.prompt for one in LESSONS[:3]]

    def texts(one: Any) -> list[str]:
        found = dict(one.complete(prompts, Sampling(12)))
        return [found[at][0].text for at in range(len(prompts))]

    plain = texts(engine)
    adapted, second = texts(engine.adapted(folder)), texts(engine.adapted(other))
    assert adapted != plain
    assert second != adapted
    assert texts(engine) == plain
    assert texts(engine.adapted(folder)) == adapted
    assert len({engine.digest, engine.adapted(folder).digest, engine.adapted(other).digest}) == 3

    reference = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), folder)
    reference.eval()
    ends = {engine.tokenizer.eos_token_id, end_of_turn(engine.tokenizer, True)}
    for prompt, text in zip(prompts, adapted, strict=True):
        tokens = greedy(reference, prompt_tokens(engine.tokenizer, prompt.messages, True), 12)
        stop = next((at for at, token in enumerate(tokens) if token in ends), len(tokens))
        assert engine.tokenizer.decode(tokens[:stop], skip_special_tokens=True) == text


def test_an_adapter_of_another_shape_is_refused(school: School, base: Path, tmp_path: Path) -> None:
    folder = adapter(school, lambda: LESSONS, TUNING, {})
    torn = tmp_path / "torn"
    shutil.copytree(folder, torn)
    config = json.loads((torn / ADAPTER_CONFIG).read_text())
    (torn / ADAPTER_CONFIG).write_text(json.dumps({**config, "r": 2}))
    engine = open_transformers(base, dtype="float32", threads=1).adapted(torn)
    with pytest.raises(AssetError, match="does not fit the model"):
        list(engine.complete([LESSONS[0].prompt], Sampling(2)))


def test_an_adapter_without_room_in_memory_is_not_called_another_models(
    school: School, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = adapter(school, lambda: LESSONS, TUNING, {})
    monkeypatch.setattr(PeftModel, "from_pretrained", raising(MEMORY[0]))
    engine = open_transformers(base, dtype="float32", threads=1).adapted(folder)
    with pytest.raises(AssetError) as caught:
        list(engine.complete([LESSONS[0].prompt], Sampling(2)))
    assert str(caught.value) == (
        f"the adapter in {folder} has no room in memory\n  -> make room (`nvidia-smi` says who is on a card), "
        'set quantisation = "nf4", or use a smaller model'
    )


# --------------------------------------------------------------------------- instruction corpora


PAIR = b'{"note": "n", "question": "why?", "answer": "so."}\n'


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "primer"
    folder.mkdir()
    return folder


def test_both_layouts_are_read(pairs: Path) -> None:
    from harness.corpora.instructions import Instruction, read_instructions

    (pairs / "a.csv").write_text('patient_id,note,question,answer,task\n1,"a\nnote",why?,so.,QA\n')
    found = read_instructions(pairs / "a.csv")
    assert list(found) == [Instruction("1", "QA", "a\nnote", "why?", "so.")]
    assert found.licence == "licence not stated"
    (pairs / "LICENSE").write_text("CC BY-NC-SA 4.0\nmore\n")
    assert read_instructions(pairs / "a.csv").licence == "CC BY-NC-SA 4.0"
    line = {"id": "x", "note": "n", "instruction": "i", "answer": "a", "licence": "CC0-1.0"}
    (pairs / "b.jsonl").write_text(json.dumps(line) + "\n")
    found = read_instructions(pairs / "b.jsonl")
    assert list(found) == [Instruction("x", "", "n", "i", "a")]
    assert str(found).startswith("b.jsonl (CC0-1.0, sha-256 ")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "note,question,answer\nn,q,\n", "record 1: there is no answer"),
        ("a.csv", "text,question,answer\nn,q,a\n", "record 1: there is no note"),
        ("a.jsonl", '{"note": "n", "question": "q", "answer": "a"}\nsecret\n', "line 2: this is no JSON object"),
        (
            "a.csv",
            "id,note,question,answer,task\n1,n,q,so.,QA\nn1,q1,Take aspirin, 81 mg, daily,med\n",
            r"a\.csv: line 3: the row has 6 cells, the header has 5\n  -> put quotes around a cell that holds a comma",
        ),
        ("a.csv", 'note,question,answer\nn,q,"a\nn,q,secret\n', "line 2: a quote in this row is left open"),
        ("a.csv", "", r"a\.csv holds no pairs\n  -> each pair has note, instruction \(or question\), answer; give one"),
        ("a.csv", "note,question,answer\n", r"a\.csv holds no pairs\n"),
        ("a.jsonl", "", r"a\.jsonl holds no pairs\n"),
        ("a.txt", "", r"is neither \.csv nor \.jsonl"),
    ],
)
def test_a_broken_instruction_corpus_is_named(pairs: Path, name: str, text: str, message: str) -> None:
    from harness.corpora.instructions import read_instructions

    (pairs / name).write_text(text)
    with pytest.raises(CorpusError, match=message) as caught:
        list(read_instructions(pairs / name))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"note,question,answer\nn,q,\xe4\n", r"a\.csv: line 2, byte 5 of the line: this is not UTF-8\n"),
        ("a.jsonl", PAIR + PAIR.replace(b"so.", b"\xe4"), r"a\.jsonl: line 2, byte 46 of the line: this is not"),
        ("a.jsonl.gz", gzip.compress(PAIR * 9, mtime=0)[:-8], r"the file breaks off; it can be read as far as about"),
        ("a.jsonl.gz", PAIR, r"the gzip data are broken; .* about line 1\n  -> .* never packed, name it \.jsonl"),
        ("a.csv.gz", PAIR, r"the gzip data are broken; .* about line 1\n  -> .* never packed, name it \.csv"),
    ],
)
def test_a_damaged_instruction_corpus_is_named(pairs: Path, name: str, data: bytes, message: str) -> None:
    from harness.corpora.instructions import read_instructions

    (pairs / name).write_bytes(data)
    with pytest.raises(CorpusError, match=message):
        list(read_instructions(pairs / name))


@pytest.mark.parametrize(
    ("licences", "beside", "restricted"),
    [
        (["CC0-1.0", "CC BY-NC-SA 4.0"], {}, False),
        (["CC0-1.0", ""], {}, True),
        (["", ""], {}, True),
        (["", ""], {"LICENSE": "Creative Commons Attribution 4.0\n"}, False),
        (["", ""], {"LICENSE.md": "\ufeff# License: Creative Commons Legal Code\n"}, False),
        (["https://creativecommons.org/licenses/by/4.0/", "Open Database License (ODbL) v1.0"], {}, False),
        (["ODC-BY-1.0", "Attribution-ShareAlike 4.0 International"], {}, False),
        (["CC BY for the questions; notes under the PhysioNet Credentialed Health Data License"] * 2, {}, True),
        (
            ["", ""],
            {"LICENSE": "Attribution and any use outside St Mary's need the consent of the data office\n"},
            True,
        ),
        (["Public domain? no"] * 2, {}, True),
        (["", ""], {"LICENSE": "  Apache License\n"}, True),
        (["", ""], {"LICENSE.txt": "The PhysioNet Credentialed Health Data License\n"}, True),
        (["CC0-1.0", "PhysioNet Credentialed Health Data License 1.5.0"], {}, True),
        (["", ""], {FILE_NAME: 'name = "pairs"\npublic = true\nlicence = "ours"\n'}, False),
        (["CC0-1.0", "CC0-1.0"], {FILE_NAME: "public = false\n"}, True),
    ],
)
def test_instructions_are_restricted_unless_somebody_says_that_they_are_public(
    licences: list[str], beside: dict[str, str], restricted: bool, pairs: Path
) -> None:
    from harness.corpora.instructions import read_instructions

    lines = [json.dumps({**json.loads(PAIR), "licence": one}) for one in licences]
    (pairs / "a.jsonl").write_text("\n".join(lines))
    for name, text in beside.items():
        (pairs / name).write_text(text)
    found = read_instructions(pairs / "a.jsonl")
    assert (found.restricted, is_restricted()) == (restricted, restricted)
    assert found.sources == (pairs / "a.jsonl", *(pairs / name for name in beside))


def test_every_licence_of_the_pairs_is_told(pairs: Path) -> None:
    from harness.corpora.instructions import read_instructions

    lines = [json.dumps({**json.loads(PAIR), "licence": one}) for one in ("CC0-1.0", "CC BY 4.0", "CC0-1.0")]
    (pairs / "a.jsonl").write_text("\n".join(lines))
    assert read_instructions(pairs / "a.jsonl").licence == "CC0-1.0, CC BY 4.0"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_byte_order_mark_is_no_part_of_an_instruction_corpus(pairs: Path, name: str) -> None:
    from harness.corpora.instructions import Instruction, read_instructions

    text = {"a.csv": b"note,question,answer\nn,why?,so.\n", "a.jsonl": PAIR}[name]
    (pairs / name).write_bytes(codecs.BOM_UTF8 + text)
    assert list(read_instructions(pairs / name)) == [Instruction("1", "", "n", "why?", "so.")]


def test_an_instruction_corpus_that_is_not_there_is_named(pairs: Path) -> None:
    from harness.corpora.instructions import read_instructions

    with pytest.raises(CorpusError, match="there is no instruction corpus"):
        read_instructions(pairs / "none.csv")


# --------------------------------------------------------------------------- the machine's memory


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps nothing back")
def test_freed_memory_goes_back_to_the_system() -> None:
    blocks = [b"x" * 100_000 for _ in range(2000)]
    del blocks[::2]
    kept = resident()
    return_memory()
    assert resident() < kept - 60e6
    assert len(blocks) == 1000


def test_a_training_gives_it_back_every_eighth_step(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here 4 x 5 steps. After each of them it took a sixth of the pace."""
    given: list[None] = []
    monkeypatch.setattr(loop, "return_memory", lambda: given.append(None))
    assert read_manifest(adapter(school, lambda: LESSONS, replace(TUNING, epochs=4), {})).steps == 20
    assert len(given) == 2


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
