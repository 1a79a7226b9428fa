"""A chart within a budget, put to a model by the task's own prompt: what few-shot prompting and tuning share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Literal

from harness import (
    Arranged,
    Candidate,
    Completion,
    Context,
    Message,
    ModelInput,
    Prompt,
    Sampling,
    SettingsError,
    Task,
    arrange,
)

PROMPTS = Path(__file__).parent / "prompts"


def prompt_files(task: Task) -> list[Path]:
    """The prompts of all fields. Raises SettingsError for one that is not there, or that is none."""
    return [Template(task, field.name).file for field in task.fields]


@dataclass(frozen=True)
class Generation:
    """How a text is generated: the settings of `Sampling`, but for the seed, which is the run's."""

    max_new_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    samples: int = 1
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1 or self.max_new_tokens < 1:
            raise ValueError("samples and max_new_tokens take 1 or more")
        if not 0 <= self.temperature < math.inf or self.no_repeat_ngram < 0:
            raise ValueError("temperature and no_repeat_ngram take 0 or more")
        if not 0 < self.top_p <= 1:
            raise ValueError("top_p takes a share: more than 0, up to 1 (all tokens)")
        if not 0 < self.repetition_penalty < math.inf:
            raise ValueError("repetition_penalty takes more than 0 (1: none)")
        if self.samples > 1 and self.temperature == 0:
            raise ValueError("samples above 1 need a temperature above 0: without one every sample is the same text")

    def sampling(self, seed: int) -> Sampling:
        return Sampling(seed=seed, **{field.name: getattr(self, field.name) for field in fields(Generation)})


@dataclass(frozen=True)
class Prompting:
    """Charts in the order that the train split teaches, cut to a budget in `unit`. With `reads_course` the discharge
    instructions are shown the hospital course that was written before."""

    context: Context
    unit: Literal["words", "tokens"]
    reads_course: bool

    def arranged(self, asked: ModelInput, budget: int) -> Arranged:
        order = self.context.guide.order(asked.field)
        if self.unit == "tokens":
            return arrange(asked, order, budget, self.context.engine.count_tokens)
        return arrange(asked, order, budget)

    def course(self, asked: ModelInput) -> str:
        return "\n".join(asked.earlier.values()) if self.reads_course else ""


class Template:
    """A prompt file: a block `system`, and a block `user` with the variables `chart` and `course`. Raises SettingsError
    if it is not there, or is none."""

    def __init__(self, task: Task, field: str) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError

        self.file = PROMPTS / task.name / f"{field}.jinja"
        if not self.file.is_file():
            raise SettingsError(
                f"the task '{task.name}' has no prompt for its field '{field}': there is no {self.file}",
                todo="write it: docs/plugins.md says what stands in it; or name a system that needs none, such as lead",
            )
        loader = FileSystemLoader(PROMPTS)
        environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=False, trim_blocks=True)
        try:
            self._template = environment.get_template(str(self.file.relative_to(PROMPTS)))
            self.system = self._block("system")
            self.user("chart", "course")
        except (TemplateError, UnicodeDecodeError, KeyError) as error:
            line, why = "", f"it has no block {error}" if isinstance(error, KeyError) else str(error)
            if isinstance(error, TemplateSyntaxError):
                line, why = f", line {error.lineno}", str(error.message)
            raise SettingsError(
                f"the prompt {self.file}{line}: {why}",
                todo="mend it: it has a block system, and a block user with the variables chart and course",
            ) from None

    def user(self, chart: str, course: str) -> str:
        return self._block("user", chart=chart, course=course)

    def ask(self, chart: str, course: str, shots: Sequence[Message] = ()) -> tuple[Message, ...]:
        """The messages: what the task is, the shots, then the chart in question."""
        return (("system", self.system), *shots, ("user", self.user(chart, course)))

    def _block(self, name: str, **values: str) -> str:
        return "".join(self._template.blocks[name](self._template.new_context(values))).strip()


def candidates(prompt: Prompt, completions: Sequence[Completion], cut: int) -> Iterator[Candidate]:
    shown = sha256(repr(prompt.messages).encode()).hexdigest()
    for index, completion in enumerate(completions):
        yield Candidate(
            case=prompt.case,
            field=prompt.field,
            text=clean(completion.text),
            raw=completion.text,
            index=index,
            shown=shown,
            finish=completion.finish,
            tokens=completion.tokens,
            seconds=completion.seconds,
            logprob=completion.logprob,
            cut=cut,
        )


def clean(raw: str) -> str:
    """The text without a heading that the model put before it, and without white space around it and in surplus."""
    text = re.sub(r"\A\s*(\W*(brief hospital course|discharge instructions)\W*?:?\W*?\n)", "", raw, flags=re.IGNORECASE)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
