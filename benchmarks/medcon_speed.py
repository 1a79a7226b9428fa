"""How fast medcon with the matcher quickumls is, beside the unmodified package, in one process and one run.

    python -m benchmarks.medcon_speed [--stays 200] [--rounds 5] [--seed 0]

Each stay has two texts, of 400 and of 200 words on average, and two systems wrote what is judged. In every round, and
in turns, the package judges one system as the published scorer calls it; a fresh scorer of ours judges the same with
nothing kept ("cold"); and then the other system, the references being kept ("second"). Opening the index and spaCy's
model is not timed. A ratio is the median of the rounds' ratios. Every value is compared in the same run; a difference
fails. The index is made by the package's installer from the open vocabulary, and all runs in the oracle's environment.

The matcher open is timed on the same texts, and on one of a megabyte.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness import Pair
from oracle._quickumls import REQUIREMENTS, Name, PublishedMatcher, index, prepare, published_f1
from scorers.medcon import Medcon

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1")
HOUSE = Path(__file__).resolve().parent.parent
MEANS = (400, 200)
LARGEST = 10_962  # stays of the task's test_phase_2
KNOWN = 4_000  # names that the texts use
KEPT = 0.6  # of the words of a reference, in what a system makes of it
NAMED = 0.08  # of the words are names
TYPES = {"anatomy": "T023", "chemicals": "T121", "disorders": "T047", "genes": "T028"}
TYPES |= {"phenomena": "T034", "physiology": "T039"}
PLAIN = """
    the of and to a in was with for on he she her his at by as an were had has not no that this it from or which
    after patient day given who up due mg please your you we if any take daily she was he is were to the the of and and
    started continued noted admitted treated discharged home stable improved low high normal well time week days
    hospital clinic doctor follow call return medication tablets twice morning evening tolerated denied reported showed
"""


# --------------------------------------------------------------------------- texts and index


def rows(table: Path) -> Iterator[tuple[str, str, list[str]]]:
    """(concept, semantic group, names) of the open vocabulary."""
    with table.open(encoding="utf-8") as lines:
        for line in lines:
            concept, group, _, names = line.rstrip("\n").split("\t")
            yield concept, group, names.split("|")


def umls(table: Path) -> Iterator[Name]:
    for concept, group, names in rows(table):
        for at, name in enumerate(names):
            yield Name(concept, name, [TYPES[group]], at == 0)


class Prose:
    """Sentences of everyday words and of names, a few of them often."""

    def __init__(self, table: Path, seed: int) -> None:
        self._rng = random.Random(seed)
        names = [name for _, group, own in rows(table) if group in ("anatomy", "disorders") for name in own]
        self._names = self._rng.sample([name for name in names if name.count(" ") < 3], KNOWN)
        self._plain = PLAIN.split()

    def words(self, mean: int) -> list[str]:
        """Words and names, from half to one and a half times as many as `mean`."""
        return [self._word() for _ in range(self._rng.randint(mean // 2, mean + mean // 2))]

    def rewritten(self, words: Sequence[str]) -> list[str]:
        made = [word if self._rng.random() < KEPT else self._word() for word in words]
        return made[: int(len(made) * self._rng.uniform(0.6, 1.0))] + self.words(len(made) // 5)

    def text(self, words: Sequence[str]) -> str:
        sentences, at = [], 0
        while at < len(words):
            sentence = " ".join(words[at : at + self._rng.randint(5, 25)])
            at += len(sentence.split())
            sentences.append(sentence[:1].upper() + sentence[1:] + self._rng.choice((".", ".", ".", ";", " -")))
        return " ".join(sentences)

    def _word(self) -> str:
        if self._rng.random() < NAMED:
            return self._names[int(KNOWN ** self._rng.random()) - 1]
        return self._rng.choice(self._plain) if self._rng.random() < 0.9 else str(self._rng.randint(1, 200))


def systems(table: Path, stays: int, seed: int) -> list[list[Pair]]:
    """The pairs of two systems on the same references."""
    prose = Prose(table, seed)
    references = [prose.words(mean) for _ in range(stays) for mean in MEANS]
    written = [prose.text(words) for words in references]
    return [
        [
            Pair(str(at), str(at), "text", written[at], prose.text(prose.rewritten(words)))
            for at, words in enumerate(references)
        ]
        for _ in range(2)
    ]


# --------------------------------------------------------------------------- the contest


def seconds(work: Callable[..., Any], *of: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work(*of)
    return time.perf_counter() - start, result


def scorer(plugin: Medcon, folder: str, table: Path) -> Any:
    opened = plugin.open(SimpleNamespace(language="en", work=Path(folder), asset=lambda _: table.parent))
    opened.measure([Pair("", "", "", "warm up", "with a fever")])
    return opened


def published_values(published: PublishedMatcher, pairs: Sequence[Pair]) -> list[float]:
    return [published_f1(*map(published.concepts, (pair.reference, pair.hypothesis))) for pair in pairs]


def differing(values: Any, expected: Sequence[float]) -> int:
    return sum(one != other for one, other in zip(values[:, 0].tolist(), expected, strict=True))


def race(table: Path, both: Sequence[Sequence[Pair]], rounds: int) -> int:
    """Time and compare; returns how many values differ."""
    folder = index("open vocabulary", umls(table), "-L")
    published = PublishedMatcher(folder)
    published.concepts("warm up with a fever")
    times: list[tuple[float, float, float]] = []
    expected: dict[int, list[float]] = {}
    wrong = 0
    for number in range(rounds):
        first, second = both[number % 2], both[1 - number % 2]
        theirs, expected[number % 2] = seconds(published_values, published, first)
        with tempfile.TemporaryDirectory() as work:
            ours = scorer(Medcon(matcher="quickumls", index=str(folder)), work, table)
            cold, values = seconds(ours.measure, first)
            warm, others = seconds(ours.measure, second)
        wrong += differing(values, expected[number % 2])
        if 1 - number % 2 in expected:
            wrong += differing(others, expected[1 - number % 2])
        times.append((theirs, cold, warm))
    theirs, cold, warm = (statistics.median(column) for column in zip(*times, strict=True))
    ratios = [statistics.median(row[0] / row[at] for row in times) for at in (1, 2)]
    n = len(both[0])
    print(
        f"medcon {n} pairs, median of {rounds}: quickumls {theirs:.1f} s, ours {cold:.2f} s cold (x {ratios[0]:.1f}), "
        f"{warm:.2f} s second system (x {ratios[1]:.1f}); {wrong} values differ"
    )
    print(f"medcon {LARGEST} stays: ours {cold / n * LARGEST * 2 / 60:.0f} min cold")
    return wrong


def open_matcher(table: Path, both: Sequence[Sequence[Pair]], rounds: int) -> None:
    times = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as work:
            ours = scorer(Medcon(), work, table)
            times.append([seconds(ours.measure, pairs)[0] for pairs in both])
    cold, warm = (statistics.median(column) for column in zip(*times, strict=True))
    n = len(both[0])
    print(f"medcon[open] {n} pairs, median of {rounds}: {cold:.2f} s cold, {warm:.2f} s second system; ", end="")
    print(f"{LARGEST} stays: {cold / n * LARGEST * 2 / 60:.1f} min cold")


def a_megabyte(table: Path, both: Sequence[Sequence[Pair]]) -> None:
    text = " ".join(pair.reference for pair in both[0])
    long = Pair("", "", "", "fever", (text * (1_000_000 // len(text) + 1))[:1_000_000])
    folder = index("open vocabulary", umls(table), "-L")
    for plugin in (Medcon(), Medcon(matcher="quickumls", index=str(folder))):
        with tempfile.TemporaryDirectory() as work:
            ours = scorer(plugin, work, table)
            print(f"{plugin.columns[0]} a hypothesis of 1 MB: {seconds(ours.measure, [long])[0]:.1f} s")


def there(asked: argparse.Namespace) -> int:
    prepare()
    both = systems(asked.table, asked.stays, asked.seed)
    words = sum(len(pair.reference.split()) for pair in both[0]) / len(both[0])
    print(f"seed {asked.seed}, {asked.stays} stays, {len(both[0])} references of {words:.0f} words on average")
    wrong = race(asked.table, both, asked.rounds)
    open_matcher(asked.table, both, asked.rounds)
    a_megabyte(asked.table, both)
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--stays", type=int, default=200, help="two texts each (default 200)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)  # given where the package is
    asked = parser.parse_args()
    if asked.table:
        return there(asked)

    from harness import assets
    from oracle.__main__ import WORK, environment

    WORK.mkdir(exist_ok=True)
    table = assets.path("open-vocabulary") / "concepts.tsv"
    command = [str(environment("medcon", REQUIREMENTS)), "-m", "benchmarks.medcon_speed", *sys.argv[1:]]
    command += ["--table", str(table)]
    return subprocess.run(command, cwd=HOUSE, env={**os.environ, **ONE_THREAD}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
