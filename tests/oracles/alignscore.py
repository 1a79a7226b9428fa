"""What AlignScore's package says of `align_pairs`, under the random weights of `tiny_models`: written to a golden file.

Runs in an environment of its own (see alignscore.txt; alignscore-speedofmagic==0.1.4 is added with --no-deps, its
ranges are older than what it works with):

    python -m tests.oracles.alignscore tests/goldens/alignscore.json
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.tiny_models import (
    INNER,
    LAYERS,
    POSITIONS,
    WIDTH,
    align_pairs,
    align_weights,
    write_checkpoint,
    write_vocabulary,
)

PACKAGES = ("alignscore-speedofmagic", "nltk", "numpy", "pytorch-lightning", "tokenizers", "torch", "transformers")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        scores = score(Path(name))
    golden = {"versions": {one: version(one) for one in PACKAGES}, "align": scores}
    Path(sys.argv[1]).write_text(json.dumps(golden, indent=1) + "\n")


def score(work: Path) -> list[float]:
    """One pair, one question at a time: the package cuts a premise by what else is in the batch of questions."""
    pairs = [(reference.replace("\n", " "), hypothesis.replace("\n", " ")) for reference, hypothesis in align_pairs()]
    scorer = open_package(work / "roberta-tiny", work / "data", WIDTH, LAYERS, INNER)
    return [float(scorer.score(contexts=[context], claims=[claim])[0]) for context, claim in pairs]


def open_package(folder: Path, data: Path, width: int, layers: int, inner: int, batch_size: int = 1) -> Any:
    """The unmodified package on random weights of this shape. Writes a model's folder and nltk's data."""
    write_punkt(data / "tokenizers" / "punkt_tab" / "english")
    import nltk
    import spacy
    from transformers import RobertaConfig, RobertaForMaskedLM

    nltk.data.path.insert(0, str(data))
    spacy.load = lambda _: None  # the constructor loads a model that nli_sp never uses
    vocabulary = write_vocabulary(folder)
    config = RobertaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        intermediate_size=inner,
        max_position_embeddings=POSITIONS,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    RobertaForMaskedLM(config).save_pretrained(folder)  # the package starts from a model, then reads the checkpoint
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 512, "tokenizer_class": "RobertaTokenizer"}')
    hyper = {"model": str(folder)}
    file = write_checkpoint(
        folder / "tiny.ckpt", align_weights(vocabulary, width, layers, inner), hyper_parameters=hyper
    )
    package = importlib.import_module("alignscore")
    return package.AlignScore(
        model=str(folder),
        batch_size=batch_size,
        device="cpu",
        ckpt_path=str(file),
        evaluation_mode="nli_sp",
        verbose=False,
    )


def write_punkt(folder: Path) -> None:
    """nltk's punkt_tab for English, from the package that holds the same tables as Python literals."""
    tables = importlib.import_module("punkt.data.english")
    folder.mkdir(parents=True, mode=0o700)
    lines = {
        "abbrev_types.txt": sorted(tables.ABBREV_TYPES),
        "sent_starters.txt": sorted(tables.SENT_STARTERS),
        "collocations.tab": ["\t".join(pair) for pair in sorted(tables.COLLOCATIONS)],
        "ortho_context.tab": [f"{word}\t{count}" for word, count in tables.ORTHO_CONTEXT.items()],
    }
    for name, rows in lines.items():
        (folder / name).write_text("\n".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
