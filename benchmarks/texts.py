"""Texts for benchmarks and oracles, written here from a seed: long ones like summaries, and short odd ones.

The words are WordNet's, so that stems and synonyms have something to find; the texts say nothing. Only the standard
library is needed, so that a reference package's own environment can make the same texts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "scorers" / "tables" / "wordnet-3.0.tsv"
WORDS = 6_000
KEPT = 0.6  # of the words of a reference, in what a system makes of it

FREQUENT = (
    "the of and to a in is was with for on he she her his at by as an be were had has not no that this it from or "
    "are which after patient pain day blood given who up due mg please your you we if any take daily"
)
ENDINGS = ("",) * 6 + ("s", "s", "ed", "ing")
ABBREVIATIONS = ("Dr.", "q.d.", "b.i.d.", "p.o.", "Mr.", "e.g.", "vs.", "St.", "a.m.", "No.", "U.S.", "J.")
FIGURES = ("98.6", "120/80", "5", "1,000", "2.5mg", "81", "___", "12:30", "0.9%", "50-60", "x3", "(3.2)")
PHRASES = ("don't", "patient's", "cannot", "non-tender", "well-known", '"stable"', "(improved)", "follow-up", "--")

ODD_WORDS = """The dr. Dr. he He However, no. No. J. I _ ___ ___. 5. 98.6. 1,000 a.m. p.m. U.S. etc. e.g. b.i.d.
cannot wanna gonna d'ye more'n 'tis 'Twas don't patients' patient's rock'n'roll 'em 's 'll n't " '' `` ` ' ( ) [ ] { } <
> -- --- - ... .. .... ? ! ?! : ; , @ # $ % & * “ ” ‘ ’ « » – — • é İ ß Übelkeit ﬁ ½ ٣ ΑΣ 日本語 😀 walked walking walks
dying skies news heart attack hearts help aid assist NA N/A foo Bar baz. mg IV. i.v. / \\ | ~ ^ + = heart_attack"""
ODD_SPACES = ("\t", "\n", "\r\n", "\u00a0", "\u2028", "\x1c", "\x85", "\u200b")
ODD_LETTERS = "abesing AB .,?!'\"`()[]:;-$%&*_12"

Texts = tuple[list[str], list[str], list[str]]


class Prose:
    """Sentences of a Zipf-like vocabulary."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._frequent = FREQUENT.split()
        known = {line.split("\t")[1] for line in TABLE.read_text(encoding="utf-8").splitlines() if "!\t" not in line}
        self._words = rng.sample(sorted(word for word in known if word.isascii() and word.isalpha()), WORDS)

    def summary(self, mean: int) -> list[str]:
        """About `mean` words, from half to one and a half times as many."""
        return [self.word() for _ in range(self._rng.randint(mean // 2, mean + mean // 2))]

    def rewritten(self, words: Sequence[str]) -> list[str]:
        """What a system might make of it: some of the words, a little shorter or longer."""
        made = [word if self._rng.random() < KEPT else self.word() for word in words]
        return made[: int(len(made) * self._rng.uniform(0.6, 1.0))] + self.summary(len(made) // 5)

    def word(self) -> str:
        kind = self._rng.random()
        if kind < 0.45:
            return self._rng.choice(self._frequent)
        if kind < 0.92:
            return self._words[int(WORDS ** self._rng.random()) - 1] + self._rng.choice(ENDINGS)
        return self._rng.choice(self._rng.choice((ABBREVIATIONS, FIGURES, PHRASES)))

    def text(self, words: Sequence[str]) -> str:
        """The words as sentences and lines."""
        sentences = []
        at = 0
        while at < len(words):
            sentence = list(words[at : at + self._rng.randint(5, 25)])
            at += len(sentence)
            for comma in range(6, len(sentence) - 1, 7):
                sentence[comma] += ","
            mark = self._rng.choice((".", ".", ".", ".", ".", "?", ":", ".)"))
            sentences.append(" ".join(sentence)[:1].upper() + " ".join(sentence)[1:] + mark)
        return "".join(sentence + self._rng.choice(("\n", " ", " ", " ")) for sentence in sentences).strip()


def summaries(stays: int, seed: int, means: Sequence[int] = (400, 200)) -> Texts:
    """References, and what two systems made of them: for each stay texts of these many words on average."""
    prose = Prose(random.Random(seed))
    references = [prose.summary(mean) for _ in range(stays) for mean in means]
    systems = [[prose.rewritten(words) for words in references] for _ in range(2)]
    texts = [[prose.text(words) for words in side] for side in (references, *systems)]
    return texts[0], texts[1], texts[2]


def odd_pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Pairs of short texts that try the rules: marks, quotations, contractions, odd spaces, other scripts."""
    rng = random.Random(seed)
    return [_odd_pair(rng) for _ in range(count)]


def _odd_pair(rng: random.Random) -> tuple[str, str]:
    makers: tuple[Callable[[random.Random], str], ...] = (_odd_text, _odd_text, _letters)
    first = rng.choice(makers)(rng)
    if rng.random() < 0.4:
        return first, rng.choice(makers)(rng)
    words = first.split(" ")
    return first, " ".join(word for word in rng.sample(words, len(words)) if rng.random() < 0.8)


def _odd_text(rng: random.Random) -> str:
    parts = []
    for _ in range(rng.randint(0, 30)):
        parts += rng.choices(ODD_WORDS.split(), k=rng.choice((1, 1, 1, 2, 3)))
        parts.append(rng.choice((" ",) * 8 + ("  ", "")))
        if rng.random() < 0.01:
            parts.append(rng.choice(ODD_SPACES))
    return "".join(parts)


def _letters(rng: random.Random) -> str:
    return "".join(rng.choices(ODD_LETTERS, k=rng.randint(0, 60)))
