"""align against what AlignScore's package answered (make oracle), and what a checkpoint file may not do."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

import oracle
from harness import CannotJudge, Pair
from harness.errors import AssetError, SettingsError
from harness.lineup import build
from harness.nlp.entailment import FILE, Entailment, divide, open_entailment
from harness.nlp.networks import TO_FIT
from scorers.alignscore import AlignScore, AlignScorer
from tests.tiny_models import align_pairs, align_weights, write_align, write_checkpoint, write_vocabulary

ANSWERED = json.loads((Path(oracle.__file__).parent / "alignscore.json").read_bytes())
PAIRS = [Pair(str(at), "1", "f", *texts) for at, texts in enumerate(align_pairs())]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_align(tmp_path_factory.mktemp("align")).parent


def opened(folder: Path, **settings: Any) -> AlignScorer:
    plugin = AlignScore(checkpoint=str(folder / "AlignScore-base.ckpt"), device="cpu", threads=2, **settings)
    return plugin.open(SimpleNamespace(language="en"))


@pytest.fixture(scope="module")
def scorer(folder: Path) -> AlignScorer:
    return opened(folder)


@pytest.fixture(scope="module")
def model(folder: Path) -> Entailment:
    return open_entailment(str(folder / "AlignScore-base.ckpt"), device="cpu", threads=2)


@pytest.fixture(scope="module")
def values(scorer: AlignScorer) -> Any:
    return scorer.measure(PAIRS)


# --------------------------------------------------------------------------- the values


def test_it_meets_the_package(values: Any) -> None:
    assert ANSWERED["versions"]["alignscore-SpeedOfMagic"] == "0.1.4"
    assert len(ANSWERED["values"]["align"]) == len(PAIRS) == 10
    np.testing.assert_allclose(values[:, 0], ANSWERED["values"]["align"], rtol=0, atol=2e-6)
    assert np.ptp(values) > 0.1  # the weights are random, but the texts make a difference


def test_rows_depend_on_neither_batch_nor_order(scorer: AlignScorer, values: Any) -> None:
    for size in (1, 7, 8):
        batches = [scorer.measure(PAIRS[at : at + size]) for at in range(0, len(PAIRS), size)]
        np.testing.assert_allclose(np.concatenate(batches), values, rtol=0, atol=1e-6)
    order = random.Random(1).sample(range(len(PAIRS)), len(PAIRS))
    np.testing.assert_allclose(scorer.measure([PAIRS[at] for at in order]), values[order], rtol=0, atol=1e-6)
    assert scorer.measure([]).shape == (0, 1)


def test_a_question_is_asked_once_however_often_it_comes(model: Entailment, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    answer = Entailment.probabilities
    monkeypatch.setattr(
        Entailment, "probabilities", lambda self, questions: asked.append(len(questions)) or answer(self, questions)
    )
    model.align([divide("Pain. Fever.", "Pain. Fever. Pain."), divide("Pain. Fever.", "Fever.")])
    assert asked == [2]


def test_a_context_is_cut_into_chunks_of_whole_sentences() -> None:
    ten = " ".join(["One two three."] * 10)
    assert divide(ten, "Yes. No.").chunks == (ten,)
    assert divide(ten, "Yes. No.").sentences == ("Yes.", "No.")
    words = "word " * 99 + "end."
    assert [len(chunk.split()) for chunk in divide(" ".join([words] * 7), "x").chunks] == [200, 200, 200, 100]
    assert len(divide("word " * 2000, "x").chunks) == 1  # there is no sentence to cut at
    assert divide("", "x").chunks == ("",)


@pytest.mark.parametrize(
    ("premise", "claim", "read"),
    [
        (100, 50, (100, 50)),
        (600, 50, (458, 50)),
        (600, 507, (1, 507)),
        (0, 508, (0, 508)),
        (100, 508, (100, 408)),
        (254, 600, (254, 254)),
        (300, 600, (254, 254)),
        (900, 600, (254, 254)),
        (0, 900, (0, 508)),
    ],
)
def test_what_is_too_long_is_cut_as_the_package_cuts_it(
    model: Entailment, premise: int, claim: int, read: tuple[int, int]
) -> None:
    """Equal to the tokenizer's own truncation: only_first, and longest_first where that leaves no premise."""
    assert model.cut(premise, claim) == read
    letters = model.tokenizer.convert_tokens_to_ids(["x", "z"])
    strategy = "only_first" if claim < 508 or premise + claim <= 508 else "longest_first"
    whole = model.tokenizer("x" * premise, "z" * claim, truncation=strategy, max_length=512)["input_ids"]
    assert tuple(whole.count(letter) for letter in letters) == read
    if strategy == "longest_first":
        with pytest.raises(Exception, match="too short"):
            model.tokenizer("x" * premise, "z" * claim, truncation="only_first", max_length=512)


def test_tokens_that_no_question_shows_are_counted(scorer: AlignScorer) -> None:
    assert scorer.truncated([]).shape == (0, 2)
    letters = [Pair("1", "1", "f", "x" * 600, "z" * 50), Pair("2", "1", "f", "x" * 20, "z" * 30)]
    assert scorer.truncated(letters).tolist() == [[650, 142], [50, 0]]
    # The shortest sentence leaves a chunk the most room.
    two = [Pair("1", "1", "f", "x" * 600, f"{'z' * 49}. Zz.")]
    assert scorer.truncated(two).tolist() == [[653, 600 - 505]]


def test_a_line_break_counts_as_a_space(scorer: AlignScorer) -> None:
    broken = Pair("1", "1", "f", "Chest\npain.\nNo fever.", "No\nfever.\nPain.")
    flat = replace(broken, reference=broken.reference.replace("\n", " "), hypothesis="No fever. Pain.")
    assert scorer.measure([broken]).tolist() == scorer.measure([flat]).tolist()


@pytest.mark.parametrize("text", ["NA", "...", "😀", "\ud800 half a pair", "\u200b", "</s><s>", "日本語。退院"])
def test_odd_texts_have_a_value(scorer: AlignScorer, text: str) -> None:
    for pair in (Pair("1", "1", "f", text, "She left."), Pair("1", "1", "f", "She left.", text)):
        assert 0 <= scorer.measure([pair])[0, 0] <= 1


def test_a_claim_without_a_sentence_is_worth_what_a_failed_one_is(scorer: AlignScorer) -> None:
    assert scorer.measure([Pair("1", "1", "f", "She left.", " ")])[0, 0] == scorer.worst("align") == 0.0


# --------------------------------------------------------------------------- very long texts


def test_a_megabyte_is_judged_or_refused_in_seconds(scorer: AlignScorer) -> None:
    start = time.monotonic()
    words = "word " * 200_000
    assert 0 <= scorer.measure([Pair("1", "1", "f", "She left.", words)])[0, 0] <= 1
    many = " ".join(f"Day {at} passed quietly." for at in range(40_000))
    with pytest.raises(CannotJudge) as refusal:
        scorer.measure([PAIRS[0], Pair("1", "1", "f", "She left.", many)])
    assert refusal.value.at == 1
    assert str(refusal.value) == "it takes more than 4,000 questions (sentences x chunks)"
    assert time.monotonic() - start < 20


# --------------------------------------------------------------------------- what it is


def test_the_signature_says_what_the_number_is(scorer: AlignScorer, folder: Path, tmp_path: Path) -> None:
    signature = scorer.signature("align")
    assert dict(signature.identity) == {
        "metric": "align",
        "mode": "nli_sp",
        "context": "reference",
        "chunk_words": "350",
        "sentences": signature.identity["sentences"],
        "weights": signature.identity["weights"],
        "dtype": "float32",
        "tokenizer": "RobertaTokenizer",
        "vocabulary": signature.identity["vocabulary"],
        "max_length": "512",
        "version": "1",
    }
    assert set(signature.environment) == {"device", "nltk", "tokenizers", "torch", "transformers"}
    assert str(folder) not in f"{signature.identity}{signature.environment}"

    weights = align_weights(write_vocabulary(tmp_path))
    weights["tri_layer.bias"] += 1
    write_checkpoint(tmp_path / "AlignScore-base.ckpt", weights)
    assert opened(tmp_path).signature("align").identity["weights"] != signature.identity["weights"]
    half = opened(folder, dtype="bfloat16").signature("align").identity
    assert half == {**signature.identity, "dtype": "bfloat16"}


def test_half_precision_is_another_number_and_near(folder: Path, values: Any) -> None:
    half = opened(folder, dtype="bfloat16").measure(PAIRS)
    assert 0 < np.abs(half - values).max() < 0.05


def test_the_settings_are_checked() -> None:
    assert build(AlignScore, {"checkpoint": "x.ckpt", "dtype": "bfloat16"}, "here").dtype == "bfloat16"
    with pytest.raises(SettingsError, match="takes one of 'float32', 'bfloat16', not 'int8'"):
        build(AlignScore, {"dtype": "int8"}, "here")
    assert AlignScore().columns == ("align",)


FRESH = """
import json, sys, socket
from harness import privacy
privacy.restrict()
from types import SimpleNamespace
from harness import Pair
from harness.nlp.networks import TO_FIT
from scorers.alignscore import AlignScore
from tests.tiny_models import align_pairs
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith("socket.") else None)
scorer = AlignScore(checkpoint=sys.argv[1], device="cpu", threads=2).open(SimpleNamespace(language="en"))
values = scorer.measure([Pair("1", "1", "f", *texts) for texts in align_pairs()[:4]])
print(json.dumps([values[:, 0].tolist(), seen]))
"""


def test_a_fresh_process_without_a_network_gives_the_same_numbers(folder: Path, scorer: AlignScorer) -> None:
    command = [sys.executable, "-c", FRESH, str(folder / "AlignScore-base.ckpt")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    numbers, seen = json.loads(done.stdout.splitlines()[-1])
    assert seen == []
    assert numbers == scorer.measure(PAIRS[:4])[:, 0].tolist()


# --------------------------------------------------------------------------- what is missing or broken


def test_without_a_checkpoint_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path))
    with pytest.raises(AssetError) as missing:
        AlignScore().open(SimpleNamespace(language="en"))
    place = tmp_path / "alignscore-base"
    assert str(missing.value).splitlines() == [
        f"there is no checkpoint of AlignScore at {place}/AlignScore-base.ckpt",
        f"  -> where there is a network: `hf download yzha/AlignScore AlignScore-base.ckpt --local-dir {place}` and "
        f"`hf download FacebookAI/roberta-base config.json vocab.json merges.txt --local-dir {place}`; "
        'or name yours: [scorers.alignscore] checkpoint = "FILE", tokenizer = "FOLDER"',
    ]


def test_the_assets_folder_is_where_it_looks_first(folder: Path, tmp_path: Path, monkeypatch: Any, values: Any) -> None:
    (tmp_path / "alignscore-base").symlink_to(folder)
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path))
    found = AlignScore(device="cpu", threads=2).open(SimpleNamespace(language="en")).measure(PAIRS[:1])
    np.testing.assert_allclose(found, values[:1], atol=1e-6)


def test_a_vocabulary_of_another_size_is_refused(folder: Path, tmp_path: Path) -> None:
    write_vocabulary(tmp_path)
    words = json.loads((tmp_path / "vocab.json").read_text())
    (tmp_path / "vocab.json").write_text(json.dumps({**words, "extra": len(words)}))
    with pytest.raises(AssetError, match=r"the vocabulary in .* has 276 tokens, the checkpoint 275"):
        opened(folder, tokenizer=str(tmp_path))


def test_a_folder_without_vocabulary_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="there is no vocabulary of roberta-base in"):
        opened(folder, tokenizer=str(tmp_path))


def test_a_torn_vocabulary_is_named(folder: Path, tmp_path: Path) -> None:
    write_vocabulary(tmp_path)
    (tmp_path / "vocab.json").write_text('{"<s>": 0, ')
    with pytest.raises(AssetError, match=r"the vocabulary of roberta-base in .* cannot be loaded: Error while"):
        opened(folder, tokenizer=str(tmp_path))


def test_missing_weights_are_named(tmp_path: Path) -> None:
    whole = align_weights(write_vocabulary(tmp_path))
    for name, said in {
        "tri_layer.weight": "has no weights tri_layer.weight: it is no AlignScore",
        "base_model.encoder.layer.1.output.dense.bias": 'Missing key.*"encoder.layer.1.output.dense.bias"',
    }.items():
        write_checkpoint(tmp_path / "AlignScore-base.ckpt", {k: v for k, v in whole.items() if k != name})
        with pytest.raises(AssetError, match=said):
            opened(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 torn"])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    write_vocabulary(tmp_path)
    (tmp_path / "AlignScore-base.ckpt").write_bytes(content)
    with pytest.raises(AssetError, match=r"AlignScore-base.ckpt is not a whole checkpoint"):
        opened(tmp_path)


def test_a_model_without_room_in_memory_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(PreTrainedModel, "to", full)
    with pytest.raises(AssetError) as caught:
        opened(folder)
    assert str(caught.value) == f"the model in {folder / FILE} has no room in memory\n  -> {TO_FIT}"


# --------------------------------------------------------------------------- what a checkpoint may not do


class Harmful:
    """Runs a function of any module when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("function", [os.system, eval, subprocess.getoutput, Path.touch], ids=lambda one: one.__name__)
def test_no_code_of_a_checkpoint_runs(tmp_path: Path, function: Any, values: Any) -> None:
    mark = tmp_path / "mark"
    argument = {"eval": f"open({str(mark)!r}, 'w')", "touch": mark}.get(function.__name__, f"touch {mark}")
    weights = align_weights(write_vocabulary(tmp_path))
    file = write_checkpoint(tmp_path / "AlignScore-base.ckpt", weights, callbacks={"x": Harmful(function, argument)})
    if function in (os.system, Path.touch):  # of a module that torch refuses; found by running getattr
        with pytest.raises(AssetError, match="cannot be read without running code in it"):
            opened(tmp_path)
    else:
        assert opened(tmp_path).measure(PAIRS[:1]) == pytest.approx(values[:1], abs=1e-6)
    assert not mark.exists()
    torch.load(file, weights_only=False)  # the trap was set
    assert mark.exists()


def test_objects_of_a_training_run_are_passed_over(tmp_path: Path, values: Any) -> None:
    """Lightning stores callbacks and settings of classes that need not be installed here."""
    weights = align_weights(write_vocabulary(tmp_path))
    write_checkpoint(
        tmp_path / "AlignScore-base.ckpt",
        weights,
        callbacks={Path: {"best": Namespace(score=1)}},
        hyper_parameters=Namespace(path=Path("x"), random=random.Random(1)),
    )
    assert opened(tmp_path).measure(PAIRS[:1]) == pytest.approx(values[:1], abs=1e-6)
