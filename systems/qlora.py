"""Instruction tuning: a low-rank adapter on the line-up's model, taught by the train split to write the sections."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from harness import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    Arranged,
    Candidate,
    Context,
    Failure,
    Lesson,
    Message,
    ModelInput,
    Prompt,
    Task,
    Tuning,
    read_instructions,
    system,
)
from systems._prompting import Generation, Prompting, Template, candidates, prompt_files


@system("qlora", needs=("engine", "guide", "examples"))
@dataclass(frozen=True)
class QLoRA(Tuning, Generation):
    """A language model with an adapter that learned the task on the train split, asked as few-shot asks, without shots.

    The settings of `Tuning` say how it is trained: `harness plan` says what that takes. `budget` limits the chart, in
    `unit`; where a row has no room for chart and target, the chart is cut further, the target never. `adapters` is one
    for all fields, or one for each. `train_limit` is the number of stays to learn from (0: all). `prime_on` names
    instruction corpora (jsonl, or csv with the columns note, question and answer) that it is trained on before, for
    `prime_epochs` or `prime_steps`. `adapter` names the folder of an adapter to use instead of training one.
    With `shuffled` each case is taught another case's target: what is left to learn is the style (a control).
    """

    budget: int = 2000
    unit: Literal["words", "tokens"] = "words"
    reads_course: bool = False
    adapters: Literal["one", "each"] = "one"
    adapter: str = ""
    train_limit: int = 0
    shuffled: bool = False
    prime_on: tuple[str, ...] = ()
    prime_epochs: int = 1
    prime_steps: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = ("rank", "alpha", "batch", "accumulation", "sequence_length", "evaluate_every", "budget")
        for name in (*sizes, "epochs", "prime_epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} takes 1 or more")
        for name in ("steps", "max_minutes", "patience", "train_limit", "prime_steps"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} takes 0 or more")
        if self.learning_rate <= 0:
            raise ValueError("learning_rate takes more than 0")
        if not -(2**63) <= self.training_seed < 2**64:
            raise ValueError("training_seed takes -2**63 to 2**64 - 1")
        if not self.target_modules or ("all-linear" in self.target_modules and len(self.target_modules) > 1):
            raise ValueError('target_modules takes names of linear layers, or "all-linear" by itself')
        if not 0 <= self.held_out < 1 or not 0 <= self.warmup < 1 or not 0 <= self.dropout < 1:
            raise ValueError("held_out, warmup and dropout take a share: from 0 to less than 1")
        if self.patience and not self.held_out:
            raise ValueError("patience needs held_out: without lessons held out nobody knows when to stop")

    def open(self, context: Context) -> QLoRARunner:
        return QLoRARunner(self, context)

    def sources(self, task: Task) -> list[Path]:
        if self.adapter:
            given = [Path(self.adapter) / name for name in (ADAPTER_WEIGHTS, ADAPTER_CONFIG)]
        else:
            primers = (path for path in map(Path, self.prime_on) if path.is_file())
            given = [file for path in primers for file in read_instructions(path).sources]
        return [*prompt_files(task), *(path for path in given if path.is_file())]

    @property
    def tuning(self) -> Tuning:
        return Tuning(**{field.name: getattr(self, field.name) for field in fields(Tuning)})


@dataclass(frozen=True)
class QLoRARunner:
    settings: QLoRA
    context: Context

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
        chosen, field = self.settings, inputs[0].field
        room = self.context.engine.context_length - chosen.max_new_tokens
        prompts, cut = [], []
        for asked in inputs:
            messages, chart, fits = self._asking(asked, room)
            if not fits:
                yield Failure(asked.case, field, f"even without a chart the prompt has more than {room} tokens")
                continue
            prompts.append(Prompt(asked.case, field, messages))
            cut.append(sum(lost for _, lost in chart.cut))
        engine = self.context.engine.adapted(self.fit(field))
        for at, completions in engine.complete(prompts, chosen.sampling(self.context.seed)):
            yield from candidates(prompts[at], completions, cut[at])

    # ---------------------------------------------------------------- what is asked

    def _asking(self, asked: ModelInput, room: int) -> tuple[tuple[Message, ...], Arranged, bool]:
        """The prompt, the chart in it, and whether it keeps to `room` tokens: the chart is cut until it does, or is
        empty."""
        prompting, template, budget = self._prompting, self._template(asked.field), self.settings.budget
        while True:
            chart = prompting.arranged(asked, budget)
            messages = template.ask(chart.text, prompting.course(asked))
            tokens = self.context.engine.count_prompt(messages)
            if tokens <= room or budget == 0:
                return messages, chart, tokens <= room
            budget = max(0, min(budget - 1, chart.units * room // tokens))

    @cached_property
    def _prompting(self) -> Prompting:
        return Prompting(self.context, self.settings.unit, self.settings.reads_course)

    @cached_property
    def _template(self) -> Any:
        return cache(partial(Template, self.context.task))

    # ---------------------------------------------------------------- what is learned

    def fit(self, field: str) -> Path:
        """The adapter that writes this field: the one that is given, else found or trained."""
        chosen = self.settings
        if chosen.adapter:
            return self.context.given_adapter(Path(chosen.adapter))
        names = (field,) if chosen.adapters == "each" else tuple(f.name for f in self.context.task.fields)
        known_by = {
            "fields": names,
            "code": _digest(
                Path(__file__), Path(__file__).with_name("_prompting.py"), *prompt_files(self.context.task)
            ),
            **{name: getattr(chosen, name) for name in ("budget", "unit", "reads_course", "train_limit", "shuffled")},
        }
        return self.context.adapter(partial(self.lessons, names), chosen.tuning, known_by, start=self._primed())

    def lessons(self, names: Sequence[str]) -> Iterator[Lesson]:
        """Each stay of the train split, for each of these fields, with what was written for it. Where a row has no room
        for the target, the chart is empty: whoever writes the lessons down leaves it out, and counts it."""
        for name, stays in self._drawn(names).items():
            examples = self.context.examples(name)
            taught = _next_of_a_shuffle(stays) if self.settings.shuffled else dict(zip(stays, stays, strict=True))
            for at in stays:
                asked, target = examples[at].input, examples[taught[at]].target.strip()
                room = self.settings.sequence_length - self.context.engine.count_tokens(target) - 1
                messages, _, _ = self._asking(asked, room)
                yield Lesson(Prompt(asked.case, name, messages), target, asked.group)

    def _drawn(self, names: Sequence[str]) -> dict[str, list[int]]:
        """By field the positions of the examples to learn from: all, or those of `train_limit` stays. The ids of the
        stays decide which: they are the same for every training seed, and for fields that not every stay has."""
        limit, examples = self.settings.train_limit, self.context.examples
        if not limit:
            return {name: list(range(len(examples(name)))) for name in names}
        cases = {field.name: [one.input.case for one in examples(field.name)] for field in self.context.task.fields}
        there = {case for found in cases.values() for case in found}
        drawn = set(sorted(there, key=lambda case: sha256(case.encode()).digest())[:limit])
        return {name: [at for at, case in enumerate(cases[name]) if case in drawn] for name in names}

    def _primed(self) -> Path | None:
        """The adapter that was trained on each corpus of `prime_on`, one after the other."""
        chosen, primed = self.settings, None
        tuning = replace(chosen.tuning, epochs=chosen.prime_epochs, steps=chosen.prime_steps)
        for name in chosen.prime_on:
            corpus = read_instructions(Path(name))
            known_by = {"code": _digest(Path(__file__)), "corpus": corpus.digest}
            primed = self.context.adapter(
                partial(self._priming, corpus),
                tuning,
                known_by,
                start=primed,
                external=str(corpus),
                public=not corpus.restricted,
            )
        return primed

    def _priming(self, corpus: Any) -> Iterator[Lesson]:
        """Each pair of an instruction corpus; a note is cut at its end until the pair fits into a row, or is empty."""
        for pair in corpus:
            room = self.settings.sequence_length - self.context.engine.count_tokens(pair.answer) - 1
            words = pair.note.split(" ")
            while True:
                messages = (("user", f"{' '.join(words)}\n\n{pair.instruction}"),)
                tokens = self.context.engine.count_prompt(messages)
                if tokens <= room or not words:
                    break
                words = words[: max(0, min(len(words) - 1, len(words) * room // tokens))]
            yield Lesson(Prompt(pair.id, pair.task, messages), pair.answer)


def _next_of_a_shuffle(positions: Sequence[int]) -> dict[int, int]:
    """For each position another one: the next in a shuffled ring."""
    ring = list(positions)
    random.Random(0).shuffle(ring)
    return {at: ring[(place + 1) % len(ring)] for place, at in enumerate(ring)}


def _digest(*files: Path) -> str:
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
