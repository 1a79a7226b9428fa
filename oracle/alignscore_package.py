"""What runs in the environment of AlignScore's package, unmodified, on random weights: see `oracle.alignscore`.

    python -m oracle.alignscore_package NLTK_DATA golden FILE     judge `align_pairs`, write versions and values
    python -m oracle.alignscore_package NLTK_DATA serve FOLDER    answer lines of JSON: pairs -> seconds and values

FOLDER holds vocab.json, merges.txt and AlignScore-base.ckpt; its name has to say roberta.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.tiny_models import align_pairs, write_align

PACKAGES = ("alignscore-speedofmagic", "nltk", "numpy", "pytorch-lightning", "tokenizers", "torch", "transformers")
BATCH_SIZE = 8  # the published script's


def main() -> None:
    nltk_data, task, path = sys.argv[1:]
    importlib.import_module("nltk").data.path.insert(0, nltk_data)
    {"golden": golden, "serve": serve}[task](Path(path))


def golden(file: Path) -> None:
    """One question at a time: the package cuts a premise by what else is in the batch of questions."""
    with tempfile.TemporaryDirectory() as work:
        scorer = open_package(write_align(Path(work) / "roberta-tiny").parent, batch_size=1)
        values = score(scorer, align_pairs())
    versions = {one: version(one) for one in PACKAGES}
    file.write_text(json.dumps({"versions": versions, "align": values}, indent=1) + "\n")


def serve(folder: Path) -> None:
    scorer = open_package(folder, BATCH_SIZE)
    print(json.dumps({"versions": {one: version(one) for one in PACKAGES}}), flush=True)
    for line in sys.stdin:
        pairs = json.loads(line)
        start = time.perf_counter()
        values = score(scorer, pairs)
        print(json.dumps({"seconds": time.perf_counter() - start, "values": values}), flush=True)


def score(scorer: Any, pairs: Sequence[Sequence[str]]) -> list[float]:
    """As the published script asks: line breaks are spaces, the reference is the context, one row at a time."""
    flat = [[text.replace("\n", " ") for text in pair] for pair in pairs]
    return [float(scorer.score(contexts=[context], claims=[claim])[0]) for context, claim in flat]


def open_package(folder: Path, batch_size: int) -> Any:
    import spacy
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    spacy.load = lambda _: None  # the constructor loads a model that nli_sp never uses
    file = folder / "AlignScore-base.ckpt"
    weights = torch.load(file, weights_only=False)["state_dict"]  # written by us
    vocabulary, width = weights["base_model.embeddings.word_embeddings.weight"].shape
    config = RobertaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=len({name.split(".")[3] for name in weights if ".layer." in name}),
        num_attention_heads=width // 64,
        intermediate_size=len(weights["base_model.encoder.layer.0.intermediate.dense.bias"]),
        max_position_embeddings=len(weights["base_model.embeddings.position_embeddings.weight"]),
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    # The package starts from a whole model of the hub's layout, and reads the checkpoint into it.
    RobertaForMaskedLM(config).save_pretrained(folder)
    settings = {"model_max_length": 512, "tokenizer_class": "RobertaTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.serialization.add_safe_globals([importlib.import_module("argparse").Namespace])  # for Lightning
    return importlib.import_module("alignscore").AlignScore(
        model=str(folder),
        batch_size=batch_size,
        device="cpu",
        ckpt_path=str(file),
        evaluation_mode="nli_sp",
        verbose=False,
    )


if __name__ == "__main__":
    main()
