"""How fast rouge and bleu are, beside rouge_score and sacrebleu, in one process and one run.

    python benchmarks/overlap_speed.py [PAIRS.jsonl[.gz]] [--pairs 400] [--seed 0]

Without a file the texts are made here: words from a Zipf-like vocabulary with English endings, as long as the two
sections of a discharge summary, the hypothesis a disturbed reference. A file has an object with `reference` and
`hypothesis` a line. "cold" is a fresh scorer, "warm" the same scorer on the next system of the same cases.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import random
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness import Pair
from scorers.bleu import Bleu
from scorers.rouge import Rouge

ENDINGS = ("", "", "", "s", "ed", "ing", "ation", "ments", "ness", "ly", ".", ",")
VOCABULARY = 2_000  # with the endings, more different words than real notes of this length have
WORDS = (40, 600)


def made_pairs(count: int, seed: int) -> list[Pair]:
    random_ = random.Random(seed)
    stems = ["".join(random_.choices("etaoinshrdlcum", k=random_.randint(2, 8))) for _ in range(VOCABULARY)]

    def words(n: int) -> list[str]:
        picks = (int(VOCABULARY ** random_.random()) - 1 for _ in range(n))
        return [stems[pick] + random_.choice(ENDINGS) for pick in picks]

    pairs = []
    for case in range(count):
        reference = words(random_.randint(*WORDS))
        hypothesis = [word if random_.random() < 0.6 else words(1)[0] for word in reference]
        pairs.append(Pair(str(case), str(case), "text", " ".join(reference), " ".join(hypothesis)))
    return pairs


def read_pairs(path: Path) -> list[Pair]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Pair(str(i), str(i), "text", row["reference"], row["hypothesis"]) for i, row in enumerate(rows)]


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def compare(name: str, plugin: Any, pairs: list[Pair], package: str, oracle: Callable[[Pair], list[float]]) -> None:
    theirs, expected = seconds(lambda: [oracle(pair) for pair in pairs])
    scorer = plugin.open(SimpleNamespace(language="en"))
    cold, rows = seconds(lambda: scorer.measure(pairs).tolist())
    warm, _ = seconds(lambda: scorer.measure(pairs))
    values = zip(chain(*rows), chain(*expected), strict=True)
    off = max(abs(ours - other) for ours, other in values if other > 0)
    print(f"{package:<12} {theirs:9.3f} s")
    print(f"{name + ', cold':<12} {cold:9.3f} s   x {theirs / cold:.1f}")
    print(f"{name + ', warm':<12} {warm:9.3f} s   x {theirs / warm:.1f}")
    print(f"largest difference where {package} is above 0: {off:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("file", nargs="?", type=Path, metavar="PAIRS", help="json lines, gzipped or not")
    parser.add_argument("--pairs", type=int, default=400, help="how many pairs to make (default 400)")
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args()
    pairs = read_pairs(settings.file) if settings.file else made_pairs(settings.pairs, settings.seed)
    length = sum(len(pair.reference.split()) + len(pair.hypothesis.split()) for pair in pairs) / 2 / len(pairs)
    print(f"{len(pairs)} pairs, {length:.0f} words a text on average")

    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics import BLEU

    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    rouge = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    bleu = BLEU(tokenize="none", smooth_method="none", effective_order=False)

    def rouge_row(pair: Pair) -> list[float]:
        return [score.fmeasure for score in rouge.score(pair.reference, pair.hypothesis).values()]

    def bleu_row(pair: Pair) -> list[float]:
        return [bleu.sentence_score(pair.hypothesis, [pair.reference]).score / 100]

    Rouge().open(SimpleNamespace(language="en")).measure(pairs[:1])  # imports are not part of it
    compare("rouge", Rouge(), pairs, "rouge_score", rouge_row)
    compare("bleu", Bleu(), pairs, "sacrebleu", bleu_row)


if __name__ == "__main__":
    main()
