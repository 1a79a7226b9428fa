"""What a system's model will need: memory term by term, disk, and time; said before anything is downloaded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from harness.competitor import Competitor
from harness.corpora.instructions import InstructionCorpus, read_instructions
from harness.engines.batches import plan as plan_batches
from harness.errors import SettingsError
from harness.lineup import EngineSettings, Lineup, VllmSettings
from harness.prepare import model_input, prepare, reference
from harness.tuning.estimate import Held, Micro, Term, count, generation, gibibytes, total, training
from harness.tuning.shape import Shape, shape_of
from harness.types import Corpus, Task, Tuning

TOKENS_PER_WORD = 1.5
"""Of clinical English, by LLaMA-3's and SmolLM2's tokenizers; rounded up."""
TEMPLATE_TOKENS = 150
"""Of the instruction and the chat template."""
SAMPLE = 40
"""Stays that are read to know the lengths of a split."""
SHORT = 256
"""Tokens of the rows and prompts that a pace is measured with."""
MEASURED = 1_000_000_000
"""Parameters up to which the terms were compared with what a CPU took (benchmarks/plan_accuracy.py)."""


@dataclass(frozen=True)
class Asked:
    """What a plan is made of: the model's shape (its folder, if it is here), the engine and whether it is on a card,
    the system's settings."""

    shape: Shape
    folder: Path | None
    engine: EngineSettings
    on_card: bool
    settings: Mapping[str, Any]
    tuning: Tuning | None

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

    def within(self, budget: str, tokens: float = math.inf) -> float:
        """Tokens of a chart of so many that the setting `budget` leaves."""
        per_unit = TOKENS_PER_WORD if self.settings.get("unit", "words") == "words" else 1
        return min(tokens, float(self.settings.get(budget, self.shape.context)) * per_unit)

    def prompt_with(self, chart: float, shot: float) -> float:
        """Tokens of a prompt with a chart of so many and, as far as there is room, its shots of so many each."""
        return min(self.room, chart + self.shots * shot + TEMPLATE_TOKENS)

    @property
    def prompt(self) -> int:
        """Tokens of the longest prompt that the budgets allow."""
        return math.ceil(self.prompt_with(self.within("budget"), self.within("shot_budget") + self.new))

    @property
    def texts(self) -> int:
        """Texts of the largest batch that is generated."""
        samples = int(self.settings.get("samples", 1))
        one, most = self.engine.batch_size, self.engine.batch_tokens
        return len(plan_batches([self.prompt] * one, self.new, one, most, samples)[0]) * samples


def plan(competitor: Competitor, lineup: Lineup, task: Task, corpus: Corpus, split: str) -> Iterator[str]:
    """What this system needs, in lines. Raises SettingsError if it asks no model that runs here, or on no device."""
    asked = _asked(competitor, lineup)
    name, here = Path(asked.engine.model).name, "here" if asked.folder else "not here"
    yield f"{competitor.name} on {name}: {count(asked.shape.parameters)} parameters ({asked.shape.source}; {here})"
    taught = lengths(asked, task, corpus, "train") if asked.tuning or asked.shots else None
    primers = _primers(asked)
    if tuning := asked.tuning:
        longest = max((one.longest for one in (*primers, taught) if one), default=0.0)
        micro, held = _largest(asked, tuning, longest), _held_to_learn(asked, tuning)
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
    yield from _disk(asked)
    yield from _time(asked, taught, primers, task, corpus, split)


def _asked(competitor: Competitor, lineup: Lineup) -> Asked:
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
    asked = Asked(shape, folder, engine, on_card, settings, tuning)
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


def _disk(asked: Asked) -> Iterator[str]:
    model = f"{asked.shape.parameters * 2 / 1e9:.2f} GB in 2 bytes a parameter"
    if asked.folder:
        model = f"{sum(one.stat().st_size for one in asked.folder.glob('*.safetensors')) / 1e9:.2f} GB (here)"
    adapter = 4 * asked.adapter_parameters / 1e9
    trained = f"; adapter {adapter:.3f} GB, while it is trained up to {5 * adapter:.3f} GB" if adapter else ""
    yield f"disk: model {model}{trained}"


# --------------------------------------------------------------------------- tokens and time


@dataclass(frozen=True)
class Lengths:
    """Of one field's prompt and target, and of the two as a shot shows them, on average over a sample of stays, and of
    the longest target, in tokens; of how many stays it is a sample."""

    prompt: float
    target: float
    shot: float
    longest: float
    stays: int


def lengths(asked: Asked, task: Task, corpus: Corpus, split: str, shot: float = 0.0) -> Lengths | None:
    """With shots of so many tokens in the prompts. None where the split is not there or has no stays."""
    ids = corpus.ids(split) if split in corpus.splits() else ()
    sample = [ids[at * len(ids) // SAMPLE] for at in range(SAMPLE)] if len(ids) > SAMPLE else list(ids)
    prompts, shown, targets = [], [], []
    for stay in corpus.stays(split, sample) if sample else ():
        written = reference(stay, task)
        case = prepare(stay, task, cut_leaks=True).case
        for field in task.fields:
            chart = sum(map(_tokens, (part.text for part in model_input(case, task, field, {}).chart)))
            prompts.append(asked.prompt_with(asked.within("budget", chart), shot))
            shown.append(asked.within("shot_budget", chart))
            if written and (text := written.values.get(field.name, "")):
                targets.append(_tokens(text))
    if not prompts:
        return None
    target = sum(targets) / max(1, len(targets))
    return Lengths(fmean(prompts), target, fmean(shown) + target, max(targets, default=0.0), len(ids))


def _tokens(text: str) -> float:
    return len(text.split()) * TOKENS_PER_WORD


@dataclass(frozen=True)
class Primer:
    """An instruction corpus that is trained on before the task: its pairs, and in tokens all of their rows, and the
    longest answer."""

    name: str
    pairs: int
    tokens: float
    longest: float


def _primers(asked: Asked) -> list[Primer]:
    """Raises CorpusError for one that is not there or cannot be read, as training would."""
    if not asked.tuning:
        return []
    corpora = [read_instructions(Path(name)) for name in asked.settings.get("prime_on", ())]
    return [_primer(one, asked.tuning.sequence_length) for one in corpora]


def _primer(corpus: InstructionCorpus, length: int) -> Primer:
    pairs, tokens, longest = 0, 0.0, 0.0
    for pair in corpus:
        answer = _tokens(pair.answer)
        pairs, longest = pairs + 1, max(longest, answer)
        tokens += min(length, _tokens(pair.note) + _tokens(pair.instruction) + answer)
    return Primer(corpus.path.name, pairs, tokens, longest)


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

    if asked.folder is None or not device_is_here(asked.engine.device):
        return None
    engine, prompt = asked.engine, min(SHORT, asked.prompt)
    learn = 0.0
    if tuning := asked.tuning:
        learn = learning_pace(asked.folder, tuning, engine, min(SHORT, tuning.sequence_length))
    return Paces(learn, *writing_paces(asked.folder, engine, asked.texts, prompt))


def _time(
    asked: Asked, taught: Lengths | None, primers: Sequence[Primer], task: Task, corpus: Corpus, split: str
) -> Iterator[str]:
    paces = _measure(asked)
    unknown = "not measured: the model is not here" if not asked.folder else "not measured: its device is not here"
    for what, rows, a_row in _trainings(asked, taught, primers, task):
        tokens = rows * a_row
        took = f"about {_duration(tokens / paces.learn)} at {paces.learn:.0f} tokens/s" if paces else unknown
        yield f"time to {what}: {count(tokens)} tokens ({rows:.0f} rows of {a_row:.0f}); {took}"
    if shown := lengths(asked, task, corpus, split, taught.shot if taught else 0.0):
        texts = shown.stays * len(task.fields) * int(asked.settings.get("samples", 1))
        new = min(shown.target or asked.new, asked.new)
        took = unknown
        if paces:
            seconds = texts * shown.prompt / paces.read + texts * new / paces.write
            took = f"about {_duration(seconds)}, reading {paces.read:.0f} tokens/s, writing {paces.write:.0f}"
        shots = f", with {asked.shots} shot{'s' * (asked.shots > 1)}" if asked.shots else ""
        yield f"prompts of {split}: {shown.prompt:.0f} tokens on average{shots}"
        yield f"time to write {split}: {texts} texts of {new:.0f} tokens; {took}"


def _trainings(
    asked: Asked, taught: Lengths | None, primers: Sequence[Primer], task: Task
) -> Iterator[tuple[str, float, float]]:
    """One after the other: what is trained, in how many rows, of how many tokens on average."""
    if tuning := asked.tuning:
        chosen = asked.settings
        priming = replace(tuning, epochs=chosen.get("prime_epochs", 1), steps=chosen.get("prime_steps", 0))
        for one in primers:
            yield f"prime on {one.name}", _rows(priming, one.pairs), one.tokens / max(1, one.pairs)
        if taught:
            stays = min(taught.stays, chosen.get("train_limit") or taught.stays)
            a_row = min(taught.prompt + taught.target, tuning.sequence_length)
            yield "train", _rows(tuning, stays * len(task.fields)), a_row


def _rows(tuning: Tuning, lessons: int) -> float:
    if tuning.steps:
        return tuning.steps * tuning.batch * tuning.accumulation
    return lessons * (1 - tuning.held_out) * tuning.epochs


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
