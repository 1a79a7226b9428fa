"""How many tokens there are to read, to learn and to write: of a split's charts and targets, of instruction pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness.corpora.instructions import InstructionCorpus
from harness.engines.loading import load_tokenizer
from harness.prepare import model_input, prepare, reference
from harness.types import Corpus, Task

TOKENS_PER_WORD = 2.0
"""Where the model's tokenizer is not here. SmolLM2's takes 1.7 for the charts of real summaries and 1.4 for their
targets; 2.7 and 1.7 for the ward's, which are full of numbers. LLaMA-3's was not measured."""
SAMPLE = 40
"""Stays, or pairs, that are read to know the lengths of all."""

Count = Callable[[str], float]
"""Tokens of a text."""


def counting(folder: Path) -> Count | None:
    """By the tokenizer of the model in `folder`; None where it is not here."""
    if not (folder / "tokenizer.json").is_file():
        return None
    tokenizer = load_tokenizer(folder)
    return lambda text: float(len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]))


def by_words(text: str) -> float:
    return len(text.split()) * TOKENS_PER_WORD


@dataclass(frozen=True)
class Length:
    """Of a text, in words and in tokens."""

    words: int
    tokens: float

    def within(self, budget: float, unit: str) -> float:
        """Tokens that are left of it by a budget in words or tokens."""
        if unit == "tokens":
            return min(self.tokens, budget)
        return self.tokens * min(1.0, budget / max(1, self.words))


@dataclass(frozen=True)
class Piece:
    """A field of a stay: its chart, and in tokens its target and those of the fields that it may read, 0 where they are
    hidden."""

    field: str
    chart: Length
    target: float
    earlier: float
    reads: bool


@dataclass(frozen=True)
class Sample:
    """Pieces of a few stays of a split of `stays`."""

    stays: int
    pieces: tuple[Piece, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(piece.field for piece in self.pieces))

    @property
    def per_word(self) -> float:
        """Tokens of a word of the charts."""
        return _ratio(piece.chart for piece in self.pieces)


def sample(task: Task, corpus: Corpus, split: str, count: Count) -> Sample | None:
    """None where the split is not there or has no stays."""
    ids = corpus.ids(split) if split in corpus.splits() else ()
    chosen = [ids[at * len(ids) // SAMPLE] for at in range(SAMPLE)] if len(ids) > SAMPLE else list(ids)
    return Sample(len(ids), tuple(_pieces(task, corpus, split, chosen, count))) if chosen else None


def _pieces(task: Task, corpus: Corpus, split: str, ids: list[str], count: Count) -> Iterator[Piece]:
    for stay in corpus.stays(split, ids):
        case, written = prepare(stay, task, cut_leaks=True).case, reference(stay, task)
        targets = {name: count(text) for name, text in (written.values if written else {}).items()}
        for field in task.fields:
            chart = "\n".join(part.text for part in model_input(case, task, field, {}).chart)
            earlier = sum(targets.get(name, 0.0) for name in field.after)
            length = Length(len(chart.split()), count(chart))
            yield Piece(field.name, length, targets.get(field.name, 0.0), earlier, bool(field.after))


@dataclass(frozen=True)
class Primer:
    """An instruction corpus that is trained on before the task: in tokens its pairs, as far as a row has room for them,
    and the longest answer."""

    name: str
    pairs: tuple[float, ...]
    longest: float


def primer(corpus: InstructionCorpus, row: int, count: Count) -> Primer:
    """With rows of so many tokens at most. All pairs are read, and the tokens of the first tell those of a word.
    Raises CorpusError for a corpus that cannot be read."""
    first = (f"{pair.note} {pair.instruction} {pair.answer}" for pair in islice(corpus, SAMPLE))
    per_word = _ratio(Length(len(text.split()), count(text)) for text in first)
    pairs: list[float] = []
    longest = 0.0
    for pair in corpus:
        answer = len(pair.answer.split()) * per_word
        asked = len(pair.note.split()) + len(pair.instruction.split())
        longest = max(longest, answer)
        pairs.append(min(row, asked * per_word + answer))
    return Primer(corpus.path.name, tuple(pairs), longest)


def _ratio(lengths: Iterable[Length]) -> float:
    known = list(lengths)
    words = sum(one.words for one in known)
    return sum(one.tokens for one in known) / words if words else TOKENS_PER_WORD
