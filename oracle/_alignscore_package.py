"""AlignScore's package, unmodified, on random weights. Runs in its own environment, also as a process that answers:

    python -m oracle._alignscore_package FOLDER      a line of JSON (pairs) in, a line (seconds and values) out

FOLDER holds vocab.json, merges.txt and AlignScore-base.ckpt; its name has to say roberta.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from oracle._nltk_data import nltk_data

PACKAGES = ("alignscore-speedofmagic", "nltk", "pytorch-lightning", "torch", "transformers")
BATCH_SIZE = 8  # the published script's


def serve(folder: Path) -> None:
    scorer = open_package(folder, BATCH_SIZE)
    print(json.dumps({one: version(one) for one in PACKAGES}), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        values = score(scorer, json.loads(line))
        print(json.dumps({"seconds": time.perf_counter() - start, "values": values}), flush=True)


def score(scorer: Any, pairs: Sequence[Sequence[str]]) -> list[float]:
    """As the published script asks: line breaks are spaces, the reference is the context."""
    flat = [[text.replace("\n", " ") for text in pair] for pair in pairs]
    return [float(scorer.score(contexts=[context], claims=[claim])[0]) for context, claim in flat]


def open_package(folder: Path, batch_size: int) -> Any:
    import nltk
    import spacy
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    nltk.data.path[:] = [str(nltk_data())]
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
    torch.serialization.add_safe_globals([Namespace])  # for Lightning
    return importlib.import_module("alignscore").AlignScore(
        model=str(folder),
        batch_size=batch_size,
        device="cpu",
        ckpt_path=str(file),
        evaluation_mode="nli_sp",
        verbose=False,
    )


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
