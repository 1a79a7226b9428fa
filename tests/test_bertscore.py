"""bertscore against bert_score itself and the shared goldens; the official model and its twin never share a column."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel

import oracle
from harness import Pair, assets
from harness.errors import AssetError
from harness.nlp.contextual import ContextualEncoder, KeptVectors, open_contextual
from harness.nlp.networks import TO_BE_WHOLE, TO_FIT
from oracle import bertscore as beside_bert_score
from scorers.bertscore import BertScore, BertScorer
from tests.conftest import SHARED, needs_shared
from tests.tiny_models import WORDS, align_pairs, write_deberta, write_distilbert

PAIRS = [Pair(str(at), "1", "f", *texts) for at, texts in enumerate(align_pairs())]
EMPTY = (0 - 0.6014007) / (1 - 0.6014007)


def pair(reference: str, hypothesis: str) -> Pair:
    return Pair("1", "1", "f", reference, hypothesis)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_distilbert(tmp_path_factory.mktemp("official") / "distilbert-base-uncased")


def opened(model: str, work: Path, **chosen: Any) -> BertScorer:
    context = SimpleNamespace(language="en", work=work, asset=assets.path)
    return BertScore(model=model, device="cpu", threads=2, **chosen).open(context)


@pytest.fixture(scope="module")
def official(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> BertScorer:
    return opened(str(folder), tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> BertScorer:
    return opened("minilm-l6", tmp_path_factory.mktemp("kept"))


# --------------------------------------------------------------------------- the values


@needs_shared
def test_the_twin_meets_bert_score_on_all_goldens(twin: BertScorer) -> None:
    with gzip.open(SHARED / "goldens" / "overlap_pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if "bertscore_minilm_l6" in row]
    assert len(rows) == 61  # of the 80, those for which bert_score was run
    values = twin.measure([pair(row["reference"], row["hypothesis"]) for row in rows])[:, 0]
    expected = [row["bertscore_minilm_l6"]["f"] for row in rows]
    np.testing.assert_allclose(values, expected, rtol=0, atol=2e-6)


@pytest.fixture(scope="module")
def package(folder: Path) -> Any:
    """bert_score as the published script sets it up, but for the name of the model."""
    return beside_bert_score.open_package(folder, 4, rescaled=True)


def theirs(package: Any, pairs: list[Pair]) -> list[float]:
    """One pair at a time: where all similarities are below 0, bert_score's padding with 0 is the nearest token."""
    return [float(package.score([one.hypothesis], [one.reference], batch_size=64)[2][0]) for one in pairs]


def test_the_official_one_equals_bert_score_rescaled(official: BertScorer, package: Any) -> None:
    values = official.measure(PAIRS)[:, 0]
    np.testing.assert_allclose(values, theirs(package, PAIRS), rtol=0, atol=2e-6)
    assert np.ptp(values) > 0.1


def test_the_model_of_aci_bench_equals_bert_score_as_evaluate_asks_it(tmp_path: Path) -> None:
    """Layer 40, no baseline, texts stripped."""
    folder = write_deberta(tmp_path / "deberta-xlarge-mnli")
    scorer = opened(str(folder), tmp_path / "kept", official="deberta-xlarge-mnli")
    package = beside_bert_score.open_package(folder, 40, rescaled=False)
    pairs = [replace(one, hypothesis=f"\n {one.hypothesis} ") for one in PAIRS[:3]]
    np.testing.assert_allclose(scorer.measure(pairs)[:, 0], theirs(package, pairs), rtol=0, atol=2e-6)
    assert scorer.columns == ("bertscore",)
    assert scorer.missing == {}
    told = "model:deberta-xlarge-mnli|rescaled:no|layer:40|"
    assert told in str(scorer.signature("bertscore"))


def test_a_twin_says_how_the_column_that_it_stands_for_is_had(tmp_path: Path) -> None:
    scorer = opened("minilm-l6", tmp_path, official="deberta-xlarge-mnli")
    assert scorer.columns == ("bertscore[minilm-l6]",)
    folder = assets.assets_folder() / "deberta-xlarge-mnli"
    assert scorer.missing == {
        "bertscore": f"there is no model in {folder}\n  -> where there is a network: `hf download "
        "microsoft/deberta-xlarge-mnli config.json pytorch_model.bin tokenizer_config.json vocab.json merges.txt "
        f'--local-dir {folder}`; or name yours: [scorers.bertscore] model = "FOLDER"'
    }


def test_it_meets_what_bert_score_answered_with_the_libraries_of_its_time() -> None:
    answered = json.loads((Path(oracle.__file__).parent / "bertscore.json").read_bytes())
    assert answered["versions"]["bert-score"] == "0.3.13"
    assert answered["versions"]["transformers"].startswith("4.")
    expected = answered["values"]["bertscore"]
    np.testing.assert_allclose(beside_bert_score.ours().values["bertscore"], expected, rtol=0, atol=2e-6)
    assert expected[-3:] == [pytest.approx(EMPTY, abs=1e-6)] * 3  # of nothing, and beside nothing


words = st.lists(st.sampled_from([*WORDS, "[SEP]", "[CLS]", "\u00dcbelkeit", "x\u0301", "\u65e5\u672c", "...", "___"]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words.filter(bool).map(" ".join), words.filter(bool).map(" ".join))
def test_whatever_is_written_it_equals_bert_score(
    official: BertScorer, package: Any, reference: str, hypothesis: str
) -> None:
    expected = theirs(package, [pair(reference, hypothesis)])[0]
    # What has no word but special tokens is 0 / 0 for bert_score, and 0 here as there.
    assert official.measure([pair(reference, hypothesis)])[0, 0] == pytest.approx(max(expected, EMPTY), abs=2e-6)


def test_rows_depend_on_neither_batch_nor_order(official: BertScorer, folder: Path, tmp_path: Path) -> None:
    expected = official.measure(PAIRS)
    for size in (1, 7, 8):
        scorer = opened(str(folder), tmp_path / str(size))
        batches = [scorer.measure(PAIRS[at : at + size]) for at in range(0, len(PAIRS), size)]
        np.testing.assert_allclose(np.concatenate(batches), expected, rtol=0, atol=1e-6)
    order = random.Random(1).sample(range(len(PAIRS)), len(PAIRS))
    shuffled = opened(str(folder), tmp_path / "order").measure([PAIRS[at] for at in order])
    np.testing.assert_allclose(shuffled, expected[order], rtol=0, atol=1e-6)
    assert official.measure([]).shape == (0, 1)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\x00", "[SEP]"])
def test_a_text_without_a_token_is_worth_what_a_failed_one_is(
    official: BertScorer, twin: BertScorer, text: str
) -> None:
    """bert_score's raw 0: -1.5 once it is rescaled."""
    assert official.worst("bertscore") == pytest.approx(EMPTY) == pytest.approx(-1.50878, abs=1e-5)
    for one in (pair(text, "fever"), pair("fever", text), pair(text, text)):
        assert official.measure([one])[0, 0] == official.worst("bertscore")
        assert twin.measure([one])[0, 0] == twin.worst("bertscore[minilm-l6]") == 0.0


@pytest.mark.parametrize("text", ["NA", "...", "😀", "\ud800 half a pair", "日本語 יציאה", "x" * 10_000])
def test_odd_texts_have_a_value(official: BertScorer, text: str) -> None:
    for one in (pair(text, "fever"), pair("fever", text)):
        assert official.worst("bertscore") <= official.measure([one])[0, 0] <= 1
    assert official.measure([pair(text, text)])[0, 0] == pytest.approx(1, abs=1e-6)


# --------------------------------------------------------------------------- long texts


def test_five_thousand_words_are_cut_at_what_the_model_reads(official: BertScorer, package: Any) -> None:
    endless = " ".join(random.Random(2).choices([word for word in WORDS if word.isalpha()], k=5000))
    long, start = pair(endless, f"fever {endless}"), " ".join(endless.split()[:505])
    value = official.measure([long])[0, 0]
    assert value == pytest.approx(theirs(package, [long])[0], abs=2e-6)
    assert value != pytest.approx(official.measure([pair(start, f"fever {start}")])[0, 0], abs=1e-9)
    tokens, unseen = official.truncated([long])[0]
    assert tokens > 10_000
    assert unseen == tokens - 2 * 510


def test_truncation_is_counted_a_text(official: BertScorer) -> None:
    pairs = [pair("pain " * 600, "pain " * 20), pair("pain " * 510, "pain " * 511), pair("", "pain")]
    assert official.truncated(pairs).tolist() == [[620, 90], [1021, 1], [1, 0]]
    assert official.truncated([]).shape == (0, 2)


def test_a_folder_without_a_maximum_length_is_cut_at_the_positions_of_its_model(
    official: BertScorer, tmp_path: Path
) -> None:
    folder = write_distilbert(tmp_path / "model", model_max_length=int(1e30))
    scorer = opened(str(folder), tmp_path / "kept")
    long = pair("pain " * 2000, "fever " * 2000)
    assert scorer.truncated([long]).tolist() == official.truncated([long]).tolist()
    assert scorer.measure([long]).tolist() == official.measure([long]).tolist()


def test_a_megabyte_takes_seconds(official: BertScorer) -> None:
    start = time.monotonic()
    for text in ("x" * 10**6, "pain " * 200_000, "a. " * 333_333):
        assert np.isfinite(official.measure([pair("She left.", text)])).all()
    assert time.monotonic() - start < 20


# --------------------------------------------------------------------------- vectors that are kept


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each pass through the network had."""
    passes: list[int] = []
    vectors = ContextualEncoder.vectors

    def watched(self: ContextualEncoder, texts: Any) -> Any:
        passes.append(len(texts))
        return vectors(self, texts)

    monkeypatch.setattr(ContextualEncoder, "vectors", watched)
    return passes


def test_references_are_encoded_once_for_all_systems(folder: Path, tmp_path: Path, encoded: list[int]) -> None:
    first = opened(str(folder), tmp_path).measure(PAIRS)
    assert encoded == [len(PAIRS), len(PAIRS)]
    encoded.clear()
    again = opened(str(folder), tmp_path)  # as the next system's process does
    assert again.measure(PAIRS).tolist() == first.tolist()
    assert encoded == [0, len(PAIRS)]
    changed = [pair(one.reference, "She left.") for one in PAIRS]
    fresh = opened(str(folder), tmp_path / "fresh").measure(changed)
    assert again.measure(changed).tolist() == fresh.tolist()


def test_kept_vectors_are_private_and_as_large_as_stated(folder: Path, tmp_path: Path) -> None:
    scorer = opened(str(folder), tmp_path)
    scorer.measure(PAIRS)
    [kept] = tmp_path.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o700
    files = sorted(kept.iterdir())
    assert len(files) == len(PAIRS)
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    tokens = sum(map(len, scorer._encoder.tokens([one.reference for one in PAIRS])))
    assert sum(file.stat().st_size for file in files) == 4 * 64 * tokens + 128 * len(files)


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", None])
def test_a_torn_file_is_made_anew(folder: Path, tmp_path: Path, damage: bytes | None) -> None:
    first = opened(str(folder), tmp_path).measure(PAIRS)
    files = sorted(tmp_path.rglob("*.npy"))
    whole = [file.read_bytes() for file in files]
    for file, content in zip(files, whole, strict=True):
        file.write_bytes(content[: len(content) // 2] if damage is None else damage)
    np.testing.assert_allclose(opened(str(folder), tmp_path).measure(PAIRS), first, rtol=0, atol=1e-6)
    assert [len(file.read_bytes()) for file in files] == list(map(len, whole))


def test_vectors_of_another_number_of_tokens_are_not_taken(folder: Path, tmp_path: Path) -> None:
    expected = opened(str(folder), tmp_path).measure(PAIRS)
    shortest, *_, longest = sorted(tmp_path.rglob("*.npy"), key=lambda file: file.stat().st_size)
    shortest.write_bytes(longest.read_bytes())
    np.testing.assert_allclose(opened(str(folder), tmp_path).measure(PAIRS), expected, rtol=0, atol=1e-6)


def test_what_is_kept_has_a_limit(folder: Path, tmp_path: Path) -> None:
    for limit, least, most in ((0.0, 0, 0), (2e-4, 1, 200_000)):
        work = tmp_path / str(limit)
        scorer = opened(str(folder), work, cache_gb=limit)
        expected = scorer.measure(PAIRS)
        assert least <= sum(file.stat().st_size for file in work.rglob("*.npy")) <= most
        np.testing.assert_allclose(opened(str(folder), work, cache_gb=limit).measure(PAIRS), expected, atol=1e-6)


def test_other_settings_share_no_vectors(folder: Path, tmp_path: Path) -> None:
    for dtype in ("float32", "bfloat16"):
        opened(str(folder), tmp_path, dtype=dtype).measure(PAIRS[:2])
    assert [len(list(kept.iterdir())) for kept in tmp_path.iterdir()] == [2, 2]


# --------------------------------------------------------------------------- which column it is


def test_the_column_follows_from_the_model_that_is_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path))
    assert BertScore().columns == ("bertscore[minilm-l6]",)
    (tmp_path / "distilbert-base-uncased").symlink_to(folder)
    assert BertScore().columns == ("bertscore",)
    assert BertScore(model="minilm-l6").columns == ("bertscore[minilm-l6]",)
    assert BertScore(model="/anywhere").columns == ("bertscore",)
    for model in ("auto", "distilbert-base-uncased"):
        assert opened(model, tmp_path / "work").columns == BertScore(model=model).columns == ("bertscore",)


def test_a_missing_model_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path))
    for model in ("distilbert-base-uncased", str(tmp_path / "nowhere")):
        with pytest.raises(AssetError, match="there is no model in") as missing:
            opened(model, tmp_path / "work")
        assert missing.value.todo == (
            "where there is a network: `hf download distilbert/distilbert-base-uncased config.json model.safetensors "
            f"tokenizer.json tokenizer_config.json vocab.txt --local-dir {tmp_path}/distilbert-base-uncased`; "
            'or name yours: [scorers.bertscore] model = "FOLDER"'
        )


def test_another_model_is_not_called_official(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="is a bert of 6 layers, where a distilbert of 4 or more is wanted"):
        opened(str(assets.path("minilm-l6")), tmp_path)


def test_a_model_without_some_of_its_weights_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = write_distilbert(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    del weights["transformer.layer.2.ffn.lin1.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(AssetError, match=r"has no weights for transformer\.layer\.2\.ffn\.lin1\.weight"):
        opened(str(folder), tmp_path / "work")


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 267954768\n" % (b"5e" * 32)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.safetensors", POINTER, "Error while deserializing header: header too large"),
        ("model.safetensors", b"", "Error while deserializing header: header too small"),
        ("pytorch_model.bin", POINTER, "Weights only load failed"),
        ("pytorch_model.bin", b"", "EOFError"),
        ("tokenizer_config.json", b"[]", "'list' object has no attribute 'get'"),
    ],
)
def test_a_model_that_is_torn_is_named_as_what_is_missing(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """A pointer that git-lfs never replaced, or a copy that was broken off."""
    folder = write_distilbert(tmp_path / "model")
    if name.endswith(".bin"):
        (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(content)
    with pytest.raises(AssetError) as torn:
        opened(str(folder), tmp_path / "work")
    assert torn.value.what.startswith(f"the model in {folder} cannot be loaded: {said}")
    assert torn.value.todo == TO_BE_WHOLE


def test_a_model_without_room_in_memory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    folder = write_distilbert(tmp_path / "model")
    monkeypatch.setattr(PreTrainedModel, "to", full)
    with pytest.raises(AssetError) as caught:
        opened(str(folder), tmp_path / "work")
    assert str(caught.value) == f"the model in {folder} has no room in memory\n  -> {TO_FIT}"


def test_half_a_file_of_weights_is_no_model(tmp_path: Path) -> None:
    folder = write_distilbert(tmp_path / "model")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(AssetError, match=r"cannot be loaded: Error while deserializing header: incomplete metadata"):
        opened(str(folder), tmp_path / "work")


# --------------------------------------------------------------------------- what it is


def test_the_signature_says_what_the_number_is(
    official: BertScorer, twin: BertScorer, folder: Path, tmp_path: Path
) -> None:
    signature = official.signature("bertscore")
    digests = {name: signature.identity[name] for name in ("weights", "vocabulary")}
    assert dict(signature.identity) == {
        "metric": "bertscore",
        "measure": "f1",
        "idf": "no",
        "model": "distilbert-base-uncased",
        "rescaled": "0.6014007 (bert_score 0.3.13, en)",
        **digests,
        "layer": "4",
        "dtype": "float32",
        "tokenizer": "DistilBertTokenizer",
        "max_length": "512",
        "version": "1",
    }
    assert set(signature.environment) == {"device", "tokenizers", "torch", "transformers"}
    other = twin.signature("bertscore[minilm-l6]").identity
    assert (other["model"], other["layer"], other["rescaled"]) == ("minilm-l6", "6", "no")
    assert opened(str(folder), tmp_path, dtype="bfloat16").signature("bertscore").identity == {
        **signature.identity,
        "dtype": "bfloat16",
    }


def test_the_digest_is_of_the_weights_in_use_not_of_their_file(folder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    whole = load_file(folder / "model.safetensors")
    digests = []
    for name in ("transformer.layer.5.ffn.lin1.weight", "transformer.layer.3.ffn.lin1.weight"):
        changed = write_distilbert(tmp_path / name)
        save_file({**whole, name: whole[name] + 1}, changed / "model.safetensors", {"format": "pt"})
        digests.append(open_contextual(changed, family="distilbert", layer=4, device="cpu").weights)
    own = open_contextual(folder, family="distilbert", layer=4, device="cpu").weights
    assert digests[0] == own  # the fifth layer is not read
    assert digests[1] != own


def test_half_precision_is_another_number_and_near(twin: BertScorer, tmp_path: Path) -> None:
    half = opened("minilm-l6", tmp_path, dtype="bfloat16").measure(PAIRS[:4])
    assert 0 < np.abs(half - twin.measure(PAIRS[:4])).max() < 0.02


def test_kept_vectors_are_those_of_the_encoder(folder: Path, tmp_path: Path) -> None:
    encoder = open_contextual(folder, family="distilbert", layer=4, device="cpu")
    texts = encoder.tokens(["chest pain", "fever", "chest pain"])
    kept = KeptVectors(tmp_path, encoder, limit=10**6)
    for _ in range(2):
        assert all((mine == own).all() for mine, own in zip(kept.vectors(texts), encoder.vectors(texts), strict=True))


FRESH = """
import json, sys
from pathlib import Path
from harness import privacy
privacy.restrict()
from types import SimpleNamespace
from harness import Pair
from scorers.bertscore import BertScore
from tests.tiny_models import align_pairs
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith("socket.") else None)
context = SimpleNamespace(language="en", work=Path(sys.argv[2]))
scorer = BertScore(model=sys.argv[1], device="cpu", threads=2).open(context)
values = scorer.measure([Pair("1", "1", "f", *texts) for texts in align_pairs()[:4]])
print(json.dumps([values[:, 0].tolist(), seen]))
"""


def test_a_fresh_process_without_a_network_gives_the_same_numbers(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FRESH, str(folder), str(tmp_path / "there")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    numbers, seen = json.loads(done.stdout.splitlines()[-1])
    assert seen == []
    assert numbers == opened(str(folder), tmp_path / "here").measure(PAIRS[:4])[:, 0].tolist()
