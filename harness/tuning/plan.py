"""What a system's model will need: memory term by term, disk, and time; said before anything is downloaded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from harness.competitor import Competitor
from harness.corpora.instructions import read_instructions
from harness.engines.batches import plan as plan_batches
from harness.errors import SettingsError
from harness.lineup import EngineSettings, Lineup, VllmSettings
from harness.tuning.estimate import Held, Micro, Term, checkpoint, count, generation, gibibytes, total, training
from harness.tuning.lengths import (
    TOKENS_PER_WORD,
    Count,
    Piece,
    Primer,
    Sample,
    by_words,
    counting,
    primer,
    sample,
)
from harness.tuning.rows import plan_steps
from harness.tuning.shape import Shape, shape_of
from harness.types import Corpus, Task, Tuning

TEMPLATE_TOKENS = 100
"""Of the instruction and the chat template: by SmolLM2's tokenizer 83 for discharge-me, 130 for dialogue-note."""
SHORT = 256
"""Tokens of the rows and prompts that a pace is measured with."""
LESSON_TOKEN = 4
"""Bytes of a token in the file of lessons."""
MEASURED = 1_000_000_000
"""Parameters up to which the terms were compared with what a CPU took (benchmarks/plan_accuracy.py)."""


@dataclass(frozen=True)
class Asked:
    """What a plan is made of: the model's shape (its folder, if it is here), the engine and whether it is on a card,
    the system's settings, whether a prompt may show what was written before, and the tokens of a word of a chart."""

    shape: Shape
    folder: Path | None
    engine: EngineSettings
    on_card: bool
    settings: Mapping[str, Any]
    tuning: Tuning | None
    reads_course: bool
    per_word: float = TOKENS_PER_WORD

    def held(self, dtype: str, quantisation: str, double: bool = True) -> Held:
        if dtype == "auto":
            from harness.engines.loading import numbers

            dtype = "bfloat16" if self.on_card else numbers(dtype, "cpu").dtype
        return Held(4 if dtype == "float32" else 2, quantisation == "nf4", double, self.on_card)

    @property
    def writing(self) -> Held:
        return self.held(self.engine.dtype, self.engine.quantisation)

    @property
    def new(self) -> int:
        return int(self.settings.get("max_new_tokens", 512))

    @property
    def adapter_parameters(self) -> int:
        return self.shape.in_adapter(self.tuning.rank, self.tuning.target_modules) if self.tuning else 0

    @property
    def room(self) -> int:
        """Tokens that a prompt may have."""
        return self.shape.context - self.new

    @property
    def shots(self) -> int:
        return int(self.settings.get("shots", 0))

    @property
    def learns(self) -> Tuning | None:
        """How it is trained; None where it is not, or comes with an adapter."""
        return None if self.settings.get("adapter") else self.tuning

    @cached_property
    def weights(self) -> list[Path]:
        """The files of the model's weights, none where it is not here: its shape alone may be."""
        return [file for kind in ("*.safetensors", "*.bin") for file in self.folder.glob(kind)] if self.folder else []

    @property
    def unit(self) -> str:
        return str(self.settings.get("unit", "words"))

    def budget(self, name: str) -> float:
        return float(self.settings.get(name, self.shape.context))

    def course(self, piece: Piece, tokens: float) -> float:
        """Tokens that its prompt shows of so many written before."""
        return tokens if self.reads_course and piece.reads else 0.0

    def prompt_with(self, chart: float, shot: float) -> float:
        """Tokens of a prompt with a chart of so many and, as far as there is room, its shots of so many each."""
        return min(self.room, chart + self.shots * shot + TEMPLATE_TOKENS)

    @property
    def prompt(self) -> int:
        """Tokens of the longest prompt that the budgets allow."""
        a_unit = 1.0 if self.unit == "tokens" else self.per_word
        chart, shot = a_unit * self.budget("budget"), a_unit * self.budget("shot_budget")
        course = self.new if self.reads_course else 0
        return math.ceil(self.prompt_with(chart + course, shot + course + self.new))

    @property
    def texts(self) -> int:
        """Texts of the largest batch that is generated."""
        samples = int(self.settings.get("samples", 1))
        one, most = self.engine.batch_size, self.engine.batch_tokens
        return len(plan_batches([self.prompt] * one, self.new, one, most, samples)[0]) * samples


def plan(competitor: Competitor, lineup: Lineup, task: Task, corpus: Corpus, split: str) -> Iterator[str]:
    """What this system needs, in lines. Raises SettingsError if it asks no model that runs here, or on no device."""
    asked = _asked(competitor, lineup, task)
    name, here = Path(asked.engine.model).name, "here" if asked.weights else "not here"
    yield f"{competitor.name} on {name}: {count(asked.shape.parameters)} parameters ({asked.shape.source}; {here})"
    tokens = counting(asked.folder) if asked.folder else None
    if tokens is None:
        yield f"its tokenizer is not here: {TOKENS_PER_WORD:g} tokens a word are reckoned with"
        tokens = by_words
    scored = sample(task, corpus, split, tokens)
    train = sample(task, corpus, "train", tokens) if asked.learns or asked.shots else None
    if known := scored or train:
        asked = replace(asked, per_word=known.per_word)
    primers = _primers(asked, tokens)
    if tuning := asked.learns:
        targets = [piece.target for piece in train.pieces] if train else []
        micro = _largest(asked, tuning, max([*targets, *(one.longest for one in primers)], default=0.0))
        held = _held_to_learn(asked, tuning)
        yield from _table(_training(tuning, micro), training(asked.shape, tuning, held, micro))
    texts, prompt = asked.texts, asked.prompt
    terms = generation(asked.shape, asked.writing, texts, prompt, asked.new, asked.adapter_parameters)
    yield from _table(f"generation: {texts} texts, prompts of up to {prompt} tokens, {asked.new} new ones", terms)
    kept = (
        "about 1 GiB of CUDA"
        if asked.on_card
        else "blocks that glibc keeps back for some steps (0.2 to 3 GiB was seen in training)"
    )
    yield f"beyond that: torch itself, and {kept}"
    if asked.shape.parameters > MEASURED or asked.on_card:
        yield "not measured: these terms were compared with what was taken on CPUs, up to 360M parameters"
    trainings = list(_trainings(asked, train, primers))
    yield from _disk(asked, trainings)
    yield from _time(asked, trainings, scored, _shot(asked, train), split)


def _asked(competitor: Competitor, lineup: Lineup, task: Task) -> Asked:
    engine = lineup.engine
    if isinstance(engine, VllmSettings):
        raise SettingsError(
            "the engine 'vllm' takes its memory_share of the device, whatever it is asked",
            todo='plan with a lineup of [engine] kind = "transformers", which also trains',
        )
    if not isinstance(engine, EngineSettings) or "engine" not in competitor.tag.needs:
        raise SettingsError(
            f"there is nothing to plan for: '{competitor.name}' asks no model that runs on this machine",
            todo="name a system that uses a local [engine]" + (", such as a member" if competitor.is_pool else ""),
        )
    from harness.engines.loading import kind_of_device

    on_card = kind_of_device(engine.device) == "cuda"
    shape, folder = shape_of(engine.model)
    settings, tuning = competitor.settings, None
    if isinstance(competitor.system, Tuning):
        tuning = Tuning(**{one.name: settings[one.name] for one in fields(Tuning)})
    course = bool(settings.get("reads_course")) and any(field.after for field in task.fields)
    asked = Asked(shape, folder, engine, on_card, settings, tuning, course)
    if tuning and shape.experts:
        raise SettingsError(
            f"{Path(engine.model).name} is a mixture of experts: what an adapter on it takes is not known here",
            todo="plan a system that writes without one, such as few-shot, or set another [engine] model",
        )
    if asked.room < 1:
        raise SettingsError(
            f"with {asked.new} new tokens there is no room for a prompt: the model reads {shape.context} in all",
            todo="lower max_new_tokens",
        )
    return asked


def _held_to_learn(asked: Asked, tuning: Tuning) -> Held:
    return asked.held(tuning.compute_dtype, tuning.quantisation, tuning.double_quantisation)


def _largest(asked: Asked, tuning: Tuning, longest: float) -> Micro:
    """The largest micro-batch of a training: its rows are full, their targets as long as what is ever written,
    or as the longest that was looked at."""
    length = tuning.sequence_length
    packed = length // 2 if tuning.packing else 0
    return Micro(tuning.batch, length, min(length, max(asked.new + 1, math.ceil(longest) + 1, packed)))


def _training(tuning: Tuning, micro: Micro) -> str:
    return (
        f"training: {micro.rows} row{'s' * (micro.rows > 1)} of {micro.tokens} tokens at a time, up to "
        f"{micro.targets} of them targets" + (", checkpointed" if tuning.checkpointing else "")
    )


def _table(title: str, terms: Sequence[Term]) -> Iterator[str]:
    yield title
    for term in (*terms, Term("together", total(terms), "")):
        yield f"  {term.name:32} {gibibytes(term.bytes):>10}  {term.why}".rstrip()


def _disk(asked: Asked, trainings: Sequence[Learned]) -> Iterator[str]:
    model = f"{asked.shape.parameters * 2 / 1e9:.2f} GB in 2 bytes a parameter"
    if files := asked.weights:
        model = f"{sum(file.stat().st_size for file in files) / 1e9:.2f} GB (here)"
    yield f"disk: model {model}{_trained_files(asked, trainings)}"


def _trained_files(asked: Asked, trainings: Sequence[Learned]) -> str:
    """The adapter, and of its training what it goes on from and what it learns."""
    if not (adapter := 4 * asked.adapter_parameters):
        return ""
    many = len(trainings)
    kept = f"{many} adapters of {_gigabytes(adapter)}" if many > 1 else f"adapter {_gigabytes(adapter)}"
    if not (tuning := asked.learns):
        return f"; {kept}"
    going = f"two checkpoints of {_gigabytes(checkpoint(adapter, tuning))} in its place"
    lessons = f"; lessons {_gigabytes(LESSON_TOKEN * sum(one.lessons for one in trainings))}, kept" if many else ""
    return f"; {kept}, while one is trained {going}{lessons}"


def _gigabytes(number: float) -> str:
    return f"{number / 1e9:.3f} GB"


# --------------------------------------------------------------------------- tokens and time


def _primers(asked: Asked, tokens: Count) -> list[Primer]:
    """Raises CorpusError for one that is not there or cannot be read, as training would."""
    if not asked.learns:
        return []
    corpora = [read_instructions(Path(name)) for name in asked.settings.get("prime_on", ())]
    return [primer(one, asked.learns.sequence_length, tokens) for one in corpora]


def _shot(asked: Asked, train: Sample | None) -> float:
    """Tokens of a shot on average: its chart is cut, its target never."""
    if not asked.shots or not train:
        return 0.0
    budget = asked.budget("shot_budget")
    return fmean(
        piece.chart.within(budget, asked.unit) + piece.target + asked.course(piece, piece.earlier)
        for piece in train.pieces
    )


def _prompt(asked: Asked, piece: Piece, course: float, shot: float = 0.0) -> float:
    """Tokens of what is asked about this chart, with what was written before it of so many."""
    chart = piece.chart.within(asked.budget("budget"), asked.unit)
    return asked.prompt_with(chart + asked.course(piece, course), shot)


@dataclass(frozen=True)
class Paces:
    """Tokens a second: learned from, read as a prompt, written."""

    learn: float
    read: float
    write: float


def _measure(asked: Asked) -> Paces | None:
    """On this machine, with the model itself; None where it or its device is not here."""
    from harness.engines.loading import device_is_here
    from harness.tuning.pace import learning_pace, writing_paces

    if not asked.folder or not asked.weights or not device_is_here(asked.engine.device):
        return None
    engine, prompt = asked.engine, min(SHORT, asked.prompt)
    learn = 0.0
    if tuning := asked.learns:
        learn = learning_pace(asked.folder, tuning, engine, min(SHORT, tuning.sequence_length))
    return Paces(learn, *writing_paces(asked.folder, engine, asked.texts, prompt))


def _time(asked: Asked, trainings: Sequence[Learned], scored: Sample | None, shot: float, split: str) -> Iterator[str]:
    paces = _measure(asked)
    unknown = f"not measured: {'its device' if asked.weights else 'the model'} is not here"
    for one in trainings:
        took = f"about {_duration(one.tokens / paces.learn)} at {paces.learn:.0f} tokens/s" if paces else unknown
        a_row = one.tokens / max(1, one.rows)
        yield f"time to {one.what}: {count(one.tokens)} tokens ({one.rows} rows of {a_row:.0f}); {took}"
    if not scored:
        return
    texts, prompt, new = _texts(asked, scored, shot)
    took = unknown
    if paces:
        seconds = texts * prompt / paces.read + texts * new / paces.write
        took = f"about {_duration(seconds)}, reading {paces.read:.0f} tokens/s, writing {paces.write:.0f}"
    shots = f", with {asked.shots} shot{'s' * (asked.shots > 1)}" if asked.shots else ""
    yield f"prompts of {split}: {prompt:.0f} tokens on average{shots}"
    yield f"time to write {split}: {texts} texts of {new:.0f} tokens; {took}"


def _texts(asked: Asked, scored: Sample, shot: float) -> tuple[int, float, float]:
    """How many texts of the split are written, and on average the tokens of their prompts and their own: those of the
    targets, or of the longest text where they are hidden."""
    pieces = scored.pieces
    prompt = fmean(_prompt(asked, one, min(asked.new, one.earlier or asked.new), shot) for one in pieces)
    targets = [one.target for one in pieces if one.target]
    new = min(asked.new, fmean(targets)) if targets else asked.new
    return scored.stays * len(scored.fields) * int(asked.settings.get("samples", 1)), prompt, new


@dataclass(frozen=True)
class Learned:
    """What is trained, the tokens of all its lessons, and over all its steps the rows and their tokens."""

    what: str
    lessons: float
    rows: int
    tokens: float


def _trainings(asked: Asked, train: Sample | None, primers: Sequence[Primer]) -> Iterator[Learned]:
    """One after the other."""
    if not (tuning := asked.learns):
        return
    chosen = asked.settings
    priming = replace(tuning, epochs=chosen.get("prime_epochs", 1), steps=chosen.get("prime_steps", 0))
    for one in primers:
        yield _learned(f"prime on {one.name}", priming, len(one.pairs), one.pairs)
    if not train:
        return
    stays = min(train.stays, chosen.get("train_limit") or train.stays)
    for names in [(name,) for name in train.fields] if chosen.get("adapters") == "each" else [train.fields]:
        taught = [piece for piece in train.pieces if piece.field in names]
        lengths = [min(tuning.sequence_length, _prompt(asked, one, one.earlier) + one.target) for one in taught]
        what = "train" if names == train.fields else f"train on {names[0]}"
        yield _learned(what, tuning, stays, lengths, len(names))


def _learned(what: str, tuning: Tuning, subjects: int, lengths: Sequence[float], each: int = 1) -> Learned:
    """The steps as training plans them, of as many lessons as those subjects have with `each` so many: their lengths go
    round among these."""
    lessons = range(each * (subjects - math.ceil(tuning.held_out * subjects)))
    mean = fmean(lengths) if lengths else 0.0
    whole = [math.ceil(length) for length in lengths]
    rows = [
        row
        for step in plan_steps(lessons, [whole[at % len(whole)] for at in lessons], tuning)
        for micro in step
        for row in micro
    ]
    return Learned(what, each * subjects * mean, len(rows), sum(map(len, rows)) * mean)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
