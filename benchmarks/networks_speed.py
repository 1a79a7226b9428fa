"""How fast bertscore and align are, beside the packages that they equal, in one run.

    python -m benchmarks.networks_speed [--stays 25] [--rounds 5] [--align-pairs 4] [--align-rounds 5] [--threads 1]

Each stay has two texts, of 400 and of 200 words on average, written here from the words of the encoder's vocabulary,
and two systems wrote what is judged. In every round, and in turns: bert_score judges one system as the published script
calls it (a section's texts in batches of 8 rows), ours judges the same with nothing kept ("cold"); bert_score judges
the other system, and ours does, now that the references are kept on the disk ("second"). A ratio is the median of
the rounds' ratios. Opening a model is not timed. Every value is compared in the same run.

Models that cannot be had without a hub are named as what stands for them: random weights of the official shape, which
take as long as the trained ones. AlignScore's package runs in an environment of its own (`oracle`), by the published
script's settings, on the same number of threads.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness import Pair, assets
from oracle.__main__ import HOUSE, environment
from oracle.alignscore import REQUIREMENTS
from oracle.bertscore import open_package
from scorers.alignscore import AlignScore
from scorers.bertscore import BertScore

TOLERANCE = 2e-5
ROWS = 8  # the published script's batches
MEANS = (400, 200)
LARGEST = 10_962  # stays of the task's test_phase_2
KEPT = 0.6  # of the words of a reference, in what a system makes of it
COMPOUND = 0.12  # words that the vocabulary does not hold whole, as clinical ones

Clocked = tuple[float, list[float]]


# --------------------------------------------------------------------------- texts


class Prose:
    """Sentences of a Zipf-like vocabulary."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        vocabulary = (assets.path("minilm-l6") / "vocab.txt").read_text(encoding="utf-8").split("\n")
        self._words = [word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 1]

    def summary(self, mean: int) -> list[str]:
        """From half to one and a half times as many words as `mean`."""
        return [self._word() for _ in range(self._rng.randint(mean // 2, mean + mean // 2))]

    def rewritten(self, words: Sequence[str]) -> list[str]:
        """What a system might make of it: some of the words, a little shorter or longer."""
        made = [word if self._rng.random() < KEPT else self._word() for word in words]
        return made[: int(len(made) * self._rng.uniform(0.6, 1.0))] + self.summary(len(made) // 5)

    def text(self, words: Sequence[str]) -> str:
        sentences, at = [], 0
        while at < len(words):
            sentence = words[at : at + self._rng.randint(5, 25)]
            at += len(sentence)
            sentences.append(" ".join(sentence).capitalize() + ".")
        return " ".join(sentences)

    def _word(self) -> str:
        pick = [self._words[int(len(self._words) ** self._rng.random()) - 1] for _ in range(2)]
        return "".join(pick) if self._rng.random() < COMPOUND else pick[0]


def written(stays: int, seed: int) -> list[list[Pair]]:
    """For each of two systems its pairs; the mean length is the name of the field."""
    prose = Prose(seed)
    systems: list[list[Pair]] = [[], []]
    for mean in MEANS:
        for stay in map(str, range(stays)):
            words = prose.summary(mean)
            reference = prose.text(words)
            for system in systems:
                system.append(Pair(stay, stay, str(mean), reference, prose.text(prose.rewritten(words))))
    return systems


# --------------------------------------------------------------------------- racing


def clocked(work: Callable[[], Sequence[float]]) -> Clocked:
    start = time.perf_counter()
    values = work()
    return time.perf_counter() - start, [float(value) for value in values]


def first_column(scorer: Any, pairs: Sequence[Pair]) -> Any:
    return scorer.measure(pairs)[:, 0]


def furthest(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return max(abs(one - other) for one, other in zip(ours, theirs, strict=True))


def report(what: str, pairs: int, ours: Sequence[float], theirs: Sequence[float]) -> None:
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    hours = statistics.median(ours) / pairs * 2 * LARGEST / 3600
    print(
        f"  {what:<8} {statistics.median(ours):8.2f} s against {statistics.median(theirs):8.2f} s: "
        f"x {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} rounds); "
        f"at this pace {LARGEST:,} stays take {hours:.1f} h",
        flush=True,
    )


# --------------------------------------------------------------------------- bertscore


def race_bertscore(title: str, plugin: BertScore, theirs: Any, systems: Sequence[list[Pair]], rounds: int) -> float:
    first, second = systems
    print(f"bertscore, {title}: {len(first)} pairs", flush=True)
    times: dict[str, list[float]] = {"cold": [], "second": [], "their first": [], "their second": []}
    differences = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as work:
            scorer = plugin.open(SimpleNamespace(language="en", work=Path(work), asset=assets.path))
            for which, their, pairs in (("cold", "their first", first), ("second", "their second", second)):
                reference = clocked(partial(published_bertscore, theirs, pairs))
                mine = clocked(partial(first_column, scorer, pairs))
                times[which].append(mine[0])
                times[their].append(reference[0])
                differences.append(furthest(mine[1], reference[1]))
            tokens, unseen = scorer.truncated(first).sum(axis=0)
    report("cold", len(first), times["cold"], times["their first"])
    report("second", len(first), times["second"], times["their second"])
    print(f"  largest difference {max(differences):.1e}; {unseen / tokens:.0%} of {tokens:.0f} tokens never seen")
    return max(differences)


def published_bertscore(scorer: Any, pairs: Sequence[Pair]) -> list[float]:
    values: list[float] = []
    for mean in MEANS:
        section = [one for one in pairs if one.field == str(mean)]
        for at in range(0, len(section), ROWS):
            rows = section[at : at + ROWS]
            found = scorer.score([one.hypothesis for one in rows], [one.reference for one in rows], batch_size=64)
            values += found[2].tolist()
    return values


def official_shape(folder: Path) -> Path:
    """distilbert-base-uncased with random weights, and its vocabulary, which is the encoder's too."""
    import torch
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    torch.manual_seed(0)
    AutoTokenizer.from_pretrained(assets.path("minilm-l6")).save_pretrained(folder)
    DistilBertModel(DistilBertConfig()).save_pretrained(folder)
    return folder


def bertscore(systems: Sequence[list[Pair]], rounds: int, threads: int) -> list[float]:
    official = "distilbert-base-uncased"
    with tempfile.TemporaryDirectory() as work:
        folder = official_shape(Path(work) / official)
        minilm = assets.path("minilm-l6")
        settings: dict[str, Any] = {"device": "cpu", "threads": threads}
        plugins = [BertScore(model=str(folder), **settings), BertScore(model="minilm-l6", **settings)]
        titles = [f"random weights of the shape of {official}, layer 4", "all-MiniLM-L6-v2, layer 6"]
        oracles = [open_package(folder, 4, rescaled=True), open_package(minilm, 6, rescaled=False)]
        found = [
            race_bertscore(title, plugin, oracle, systems, rounds)
            for title, plugin, oracle in zip(titles, plugins, oracles, strict=True)
        ]
        half = BertScore(model=str(folder), dtype="bfloat16", **settings)
        race_bertscore(f"{titles[0]}, ours in bfloat16", half, oracles[0], systems, 1)
    return found


# --------------------------------------------------------------------------- align


def official_align(folder: Path, texts: Sequence[str]) -> Path:
    """Random weights of AlignScore-base's shape, and a byte-level BPE of its size learned from the texts."""
    from tokenizers import ByteLevelBPETokenizer

    from tests.tiny_models import align_weights, write_checkpoint

    size = 50_265
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    words = ByteLevelBPETokenizer()
    words.train_from_iterator(texts, vocab_size=size - 1, min_frequency=2, special_tokens=special, show_progress=False)
    folder.mkdir()
    words.save_model(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    fill = (f"madeupword{at:05d}" for at in range(size))
    while len(vocabulary) < size - 1:
        vocabulary.setdefault(next(fill), len(vocabulary))
    vocabulary["<mask>"] = size - 1
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    weights = align_weights(size, width=768, layers=12, inner=3072, scale=0.03)
    return write_checkpoint(folder / "AlignScore-base.ckpt", weights, hyper_parameters={"model": "roberta-base"})


@contextmanager
def packaged(folder: Path, threads: int) -> Iterator[Callable[[Sequence[Pair]], Clocked]]:
    """AlignScore's package at work in its own environment; it clocks itself."""
    here = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    python = str(environment("alignscore", REQUIREMENTS))
    with subprocess.Popen(
        [python, "-m", "oracle._alignscore_package", str(folder)],
        cwd=HOUSE,
        env=here,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        asked, answered = process.stdin, process.stdout
        assert asked is not None
        assert answered is not None
        print("  versions:", json.loads(answered.readline()))

        def judge(pairs: Sequence[Pair]) -> Clocked:
            asked.write(json.dumps([[one.reference, one.hypothesis] for one in pairs]) + "\n")
            asked.flush()
            answer = json.loads(answered.readline())
            return answer["seconds"], answer["values"]

        yield judge
        asked.close()


def align(pairs: Sequence[Pair], rounds: int, threads: int) -> float:
    import torch

    print(f"align, random weights of the shape of AlignScore-base: {len(pairs)} pairs", flush=True)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "roberta-random"
        file = official_align(folder, [text for one in pairs for text in (one.reference, one.hypothesis)])
        settings: dict[str, Any] = {"checkpoint": str(file), "device": "cpu", "threads": threads}
        nowhere = SimpleNamespace(language="en")
        scorer, half = AlignScore(**settings).open(nowhere), AlignScore(dtype="bfloat16", **settings).open(nowhere)
        ours, theirs, differences = [], [], []
        with packaged(folder, torch.get_num_threads()) as judge:
            for _ in range(rounds):
                reference = judge(pairs)
                mine = clocked(partial(first_column, scorer, pairs))
                ours.append(mine[0])
                theirs.append(reference[0])
                differences.append(furthest(mine[1], reference[1]))
        report("float32", len(pairs), ours, theirs)
        print(f"  largest difference {max(differences):.1e}")
        seconds, values = clocked(partial(first_column, half, pairs))
        print(f"  bfloat16 {seconds:8.2f} s: x {statistics.median(theirs) / seconds:.2f} (1 round), ", end="")
        print(f"{furthest(values, mine[1]):.1e} off", flush=True)
    return max(differences)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--stays", type=int, default=25, help="for bertscore, two texts each (default 25)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--align-pairs", type=int, default=4, help="0 leaves align out (default 4)")
    parser.add_argument("--align-rounds", type=int, default=5, help="a round takes minutes (default 5)")
    parser.add_argument("--threads", type=int, default=1, help="of both sides; 0 is torch's own number (default 1)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    from harness.engines.runtime import prepare_torch

    prepare_torch(asked.threads)
    import torch

    print(f"seed {asked.seed}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    differences = bertscore(written(asked.stays, asked.seed), asked.rounds, asked.threads) if asked.rounds else []
    if asked.align_pairs:
        pairs = written(asked.align_pairs // 2, asked.seed)[0]
        differences.append(align(pairs, asked.align_rounds, asked.threads))
    if max(differences) > TOLERANCE:
        print(f"values differ by more than {TOLERANCE:g}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
