"""BERTScore F1 as shared tasks compute it, with the task's own model where it is there, else with an open twin."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness import AssetError, KeptVectors, Pair, Signature, open_contextual, place, scorer

if TYPE_CHECKING:
    from harness import ContextualEncoder, ScoringContext

TWIN = "minilm-l6"
GROUP = 32
"""Pairs whose vectors are held at a time: 100 MB of distilbert-base-uncased's."""


@dataclass(frozen=True)
class Network:
    """`layer` is the one whose vectors are compared; `hub` is where the model is had, "" for one that comes with the
    harness; `files` are those of it that are read."""

    family: str
    layer: int
    rescaled: bool = False
    hub: str = ""
    files: str = ""


NETWORKS = {
    # As the published scorer of "Discharge Me!" has it: not the layer that bert_score would take.
    "distilbert-base-uncased": Network(
        "distilbert",
        4,
        rescaled=True,
        hub="distilbert/distilbert-base-uncased",
        files="config.json model.safetensors tokenizer.json tokenizer_config.json vocab.txt",
    ),
    # As the published scorer of ACI-Bench has it: bert_score's own layer and no baseline.
    "deberta-xlarge-mnli": Network(
        "deberta",
        40,
        hub="microsoft/deberta-xlarge-mnli",
        files="config.json pytorch_model.bin tokenizer_config.json vocab.json merges.txt",
    ),
    TWIN: Network("bert", 6),
}


@scorer("bertscore", exact=False, batch=GROUP)
@dataclass(frozen=True)
class BertScore:
    """F1 of greedily matched token vectors (Zhang et al. 2020), without idf, as bert_score computes it.

    `official` is the task's own network: distilbert-base-uncased (layer 4, rescaled with the baseline that bert_score
    ships) or deberta-xlarge-mnli (layer 40, not rescaled). `model` of "auto" is that network where a folder of its
    name lies in the assets folder, and the column is `bertscore`. Else it is the embedded encoder: layer 6,
    not rescaled, the column `bertscore[minilm-l6]`, which "minilm-l6" asks for in any case. Anything else is the path
    of a folder with the task's network. bfloat16 is faster and up to 1e-3 off.

    Vectors of references are kept under the corpus's root, `cache_gb` at most (0 keeps none): 3 KB a token of
    distilbert-base-uncased, half of that for the twin, so 1.6 or 0.8 MB a reference of 512 tokens.

    A text without a token, such as one of control characters, gets a raw F1 of 0 as in bert_score, which is about -1.5
    rescaled; it is also what a failed text gets, and no raw F1 counts as less.
    """

    official: Literal["distilbert-base-uncased", "deberta-xlarge-mnli"] = "distilbert-base-uncased"
    model: str = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 0
    cache_gb: float = 16.0

    @property
    def columns(self) -> tuple[str, ...]:
        return ("bertscore",) if self._name == self.official else (f"bertscore[{TWIN}]",)

    def open(self, context: ScoringContext) -> BertScorer:
        network = NETWORKS[self._name]
        encoder = open_contextual(
            self._folder(context),
            family=network.family,
            layer=network.layer,
            dtype=self.dtype,
            device=self.device,
            threads=self.threads,
        )
        references = KeptVectors(context.work, encoder, limit=int(self.cache_gb * 1e9))
        missing = {} if self._name == self.official else {"bertscore": str(self._absent(place(self.official)))}
        return BertScorer(self.columns[0], self._name, encoder, references, missing)

    @property
    def _name(self) -> str:
        is_twin = self.model == TWIN or (self.model == "auto" and not place(self.official).is_dir())
        return TWIN if is_twin else self.official

    def _folder(self, context: ScoringContext) -> Path:
        if self._name == TWIN:
            return context.asset(TWIN)
        folder = place(self.official) if self.model in ("auto", self.official) else Path(self.model).expanduser()
        if not folder.is_dir():
            raise self._absent(folder)
        return folder

    def _absent(self, folder: Path) -> AssetError:
        network = NETWORKS[self.official]
        return AssetError(
            f"there is no model in {folder}",
            todo=f"where there is a network: `hf download {network.hub} {network.files} --local-dir "
            f'{place(self.official)}`; or name yours: [scorers.bertscore] model = "FOLDER"',
        )


class BertScorer:
    def __init__(
        self,
        column: str,
        name: str,
        encoder: ContextualEncoder,
        references: KeptVectors,
        missing: Mapping[str, str],
    ) -> None:
        self.columns, self.missing = (column,), missing
        self._name, self._encoder, self._references = name, encoder, references
        self._baseline = _baseline(name) if NETWORKS[name].rescaled else 0.0

    def measure(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        wanted = self._encoder.tokens([pair.reference.strip() for pair in pairs])
        given = self._encoder.tokens([pair.hypothesis.strip() for pair in pairs])
        order = sorted(range(len(pairs)), key=lambda at: len(given[at]))
        raw = np.zeros((len(pairs), 1), dtype=np.float64)
        for start in range(0, len(order), GROUP):
            group = order[start : start + GROUP]
            references = self._references.vectors([wanted[at] for at in group])
            hypotheses = self._encoder.vectors([given[at] for at in group])
            for at, reference, hypothesis in zip(group, references, hypotheses, strict=True):
                raw[at] = _f1(reference, self._counted(wanted[at]), hypothesis, self._counted(given[at]))
        return self._rescaled(raw)

    def truncated(self, pairs: Sequence[Pair]) -> Any:
        import numpy as np

        room = self._encoder.max_length - 2
        texts = [text.strip() for pair in pairs for text in (pair.reference, pair.hypothesis)]
        lengths = np.array(self._encoder.lengths(texts), dtype=np.float64).reshape(-1, 2)
        return np.stack([lengths.sum(axis=1), np.maximum(lengths - room, 0).sum(axis=1)], axis=1)

    def worst(self, column: str) -> float:
        return float(self._rescaled(0.0))

    def signature(self, column: str) -> Signature:
        rescaled = f"{self._baseline} (bert_score {version('bert-score')}, en)" if self._baseline else "no"
        identity = {
            "metric": column,
            "measure": "f1",
            "idf": "no",
            "model": self._name,
            "rescaled": rescaled,
            **self._encoder.identity,
            "version": "1",
        }
        return Signature(identity, self._encoder.environment)

    def _counted(self, tokens: Sequence[int]) -> list[int]:
        """Places of the tokens that count: special tokens are there to be matched, and weigh nothing."""
        return [at for at, token in enumerate(tokens) if not self._encoder.is_special(token)]

    def _rescaled(self, raw: Any) -> Any:
        return (raw - self._baseline) / (1 - self._baseline)


def _f1(reference: Any, of_reference: list[int], hypothesis: Any, of_hypothesis: list[int]) -> float:
    """Raw F1 of unit rows; the lists say which rows count. 0 where nothing counts, and never less."""
    if not of_reference or not of_hypothesis:
        return 0.0
    similarity = hypothesis @ reference.T
    precision = float(similarity.amax(1)[of_hypothesis].mean())
    recall = float(similarity.amax(0)[of_reference].mean())
    return 2 * precision * recall / (precision + recall) if min(precision, recall) > 0 else 0.0


def _baseline(name: str) -> float:
    """F of the baseline for English that bert_score ships; read without importing it, which takes seconds."""
    path = distribution("bert-score").locate_file(f"bert_score/rescale_baseline/en/{name}.tsv")
    with Path(str(path)).open(newline="", encoding="utf-8") as file:
        return next(float(row["F"]) for row in csv.DictReader(file) if row["LAYER"] == str(NETWORKS[name].layer))
