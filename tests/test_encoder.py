"""The encoder: unit rows in the order asked, whatever shares a batch, as its makers' configuration says."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from harness import assets
from harness.errors import AssetError
from harness.nlp.encoder import TextEncoder, open_encoder
from harness.nlp.networks import TO_BE_WHOLE
from tests.full import MEMORY, raising

TEXTS = [
    "The patient was admitted with chest pain.",
    "",
    "He came to hospital because his chest hurt.",
    "The train to Lyon leaves at nine.",
    "NA",
    "ünder Übelkeit, 38.5 °C ___ " * 30,
    "word " * 1000,
    "\n",
]


@pytest.fixture(scope="module")
def folder() -> Path:
    return assets.path("minilm-l6")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TextEncoder:
    return open_encoder(folder, threads=2)


def test_rows_have_unit_length_and_the_order_of_the_texts(encoder: TextEncoder) -> None:
    rows = encoder.encode(TEXTS)
    assert rows.shape == (len(TEXTS), 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert np.abs(rows - alone).max() < 1e-5


def test_no_text_gives_no_row(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.tokens([]) == []


def test_order_and_batches_do_not_matter(encoder: TextEncoder) -> None:
    rows = encoder.encode(TEXTS * 3)
    order = random.Random(1).sample(range(len(rows)), len(rows))
    shuffled = encoder.encode([(TEXTS * 3)[at] for at in order])
    assert np.abs(shuffled - rows[order]).max() < 1e-5


def test_it_is_the_mean_over_tokens_of_the_model_itself(encoder: TextEncoder, folder: Path) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    for text in TEXTS[:6]:
        with torch.inference_mode():
            inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)
            states = model(**inputs).last_hidden_state[0]
        mean = torch.nn.functional.normalize(states.mean(0), dim=0).numpy()
        assert np.abs(encoder.encode([text])[0] - mean).max() < 1e-5
        tokens = torch.nn.functional.normalize(states[1:-1], dim=-1).numpy()
        [found] = encoder.tokens([text])
        assert found.shape == tokens.shape
        assert tokens.size == 0 or np.abs(found - tokens).max() < 1e-5


def test_like_means_near(encoder: TextEncoder) -> None:
    pain, _, hurt, train, *_ = encoder.encode(TEXTS)
    assert pain @ hurt > 0.6 > 0.3 > pain @ train


def test_tokens_are_those_of_the_text_and_unit_rows(encoder: TextEncoder) -> None:
    found = encoder.tokens(TEXTS)
    assert [len(one) for one in found][:5] == [8, 0, 9, 8, 1]
    assert found[1].shape == (0, 384)
    for one in found:
        assert one.dtype == np.float32
        assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)


def test_a_long_text_is_cut_at_256_word_pieces(encoder: TextEncoder) -> None:
    assert encoder.max_length == 256
    assert len(encoder.tokens(["word " * 1000])[0]) == 254
    assert np.array_equal(encoder.encode(["word " * 1000]), encoder.encode(["word " * 300]))


def test_the_digest_is_of_model_and_length(encoder: TextEncoder, folder: Path) -> None:
    assert encoder.digest == open_encoder(folder).digest
    assert encoder.digest != TextEncoder(folder, encoder.model, encoder.tokenizer, 128).digest


def test_a_folder_that_is_no_mean_pooling_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=f"the encoder in {tmp_path} cannot be loaded"):
        open_encoder(tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": false}')
    with pytest.raises(AssetError, match="does not pool by the mean"):
        open_encoder(tmp_path)


@pytest.mark.parametrize("name", ["1_Pooling/config.json", "sentence_bert_config.json", "model.safetensors"])
def test_a_folder_that_holds_something_torn_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    """As after a clone without git-lfs: its pointer, where the file should be."""
    copy = shutil.copytree(folder, tmp_path / "copy", copy_function=os.symlink)
    (copy / name).unlink()
    (copy / name).write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(AssetError) as torn:
        open_encoder(copy)
    what = f"{copy}/{name}" if name.endswith("json") else f"the encoder in {copy}"
    assert torn.value.what.startswith(f"{what} cannot be loaded: ")
    assert torn.value.todo == TO_BE_WHOLE


@pytest.mark.parametrize("error", MEMORY)
def test_an_encoder_without_room_in_memory_is_not_called_torn(
    error: Exception, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AutoModel, "from_pretrained", raising(error))
    with pytest.raises(AssetError) as caught:
        open_encoder(folder)
    assert str(caught.value) == (
        f"the encoder in {folder} has no room in memory\n"
        "  -> make room, lower --jobs, or name a smaller encoder under [encoder] in the lineup"
    )
