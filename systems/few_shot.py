"""Few-shot prompting: a handful of examples in the prompt, then the case."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from harness import Arranged, Candidate, Context, Example, Failure, Message, ModelInput, Prompt, Task, system
from systems._neighbours import nearest
from systems._prompting import Generation, Prompting, Template, candidates, prompt_files


@system("few-shot", needs=("engine", "encoder", "guide", "examples"))
@dataclass(frozen=True)
class FewShot(Generation):
    """A language model, shown a few examples of the train split (`shots`, random or nearest to the case).

    `budget` limits the chart that is asked about and `shot_budget` the chart of each example, both in `unit`;
    targets are never cut. Where the engine has no room for the whole prompt, shots are left out, the first first.
    `reads_course` shows the discharge instructions the hospital course that this run wrote.
    """

    shots: int = 1
    examples: Literal["nearest", "random"] = "nearest"
    budget: int = 2000
    shot_budget: int = 500
    unit: Literal["words", "tokens"] = "words"
    reads_course: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.budget < 1:
            raise ValueError("budget takes 1 or more")
        if self.shots < 0 or self.shot_budget < 0:
            raise ValueError("shots and shot_budget take 0 or more")

    def open(self, context: Context) -> FewShotRunner:
        return FewShotRunner(self, context)

    def sources(self, task: Task) -> list[Path]:
        return prompt_files(task)


@dataclass(frozen=True)
class FewShotRunner:
    settings: FewShot
    context: Context

    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
        charts = self.charts(inputs)
        cut = {asked.case: sum(lost for _, lost in chart.cut) for asked, chart in zip(inputs, charts, strict=True)}
        prompts = []
        for prompt in self.prompts(list(inputs), charts):
            fitting = self._fit(prompt)
            if isinstance(fitting, Failure):
                yield fitting
            else:
                prompts.append(fitting)
        for at, completions in self.context.engine.complete(prompts, self.settings.sampling(self.context.seed)):
            yield from candidates(prompts[at], completions, cut[prompts[at].case])

    @cached_property
    def prompting(self) -> Prompting:
        return Prompting(self.context, self.settings.unit, self.settings.reads_course)

    def charts(self, inputs: Sequence[ModelInput]) -> list[Arranged]:
        """What each input is asked about, within the budget."""
        return [self.prompting.arranged(asked, self.settings.budget) for asked in inputs]

    def prompts(self, inputs: Sequence[ModelInput], charts: Sequence[Arranged]) -> list[Prompt]:
        """What the model is asked about each chart, with all of its shots."""
        field = inputs[0].field
        template = Template(self.context.task, field)
        examples = self.context.examples(field) if self.settings.shots else ()
        made = []
        for asked, chart, chosen in zip(inputs, charts, self._shots(inputs, examples, field), strict=True):
            shots = [message for at in chosen for message in self._shot(template, examples[at])]
            made.append(Prompt(asked.case, field, template.ask(chart.text, self.prompting.course(asked), shots)))
        return made

    def _shot(self, template: Template, example: Example) -> tuple[Message, Message]:
        shown = self.prompting.arranged(example.input, self.settings.shot_budget)
        return ("user", template.user(shown.text, self.prompting.course(example.input))), ("assistant", example.target)

    def _fit(self, prompt: Prompt) -> Prompt | Failure:
        """The prompt less as many shots, from the front, as the engine has no room for."""
        engine, new = self.context.engine, self.settings.max_new_tokens
        room = engine.context_length - new
        messages = prompt.messages
        while (tokens := engine.count_prompt(messages)) > room and len(messages) > 2:
            messages = (messages[0], *messages[3:])
        if tokens > room:
            reason = (
                f"without any shot the prompt has {tokens} tokens; with {new} new ones the engine's "
                f"{engine.context_length} have room for {max(room, 0)}"
            )
            return Failure(prompt.case, prompt.field, reason)
        return replace(prompt, messages=messages)

    def _shots(self, inputs: Sequence[ModelInput], examples: Sequence[Example], field: str) -> list[list[int]]:
        count = min(self.settings.shots, len(examples))
        if not count:
            return [[] for _ in inputs]
        if self.settings.examples == "nearest":
            # The nearest stands last, next to the case.
            return [found[::-1] for found in nearest(self.context, inputs, examples, field, count)]
        draw = (random.Random(f"{self.context.seed}:{asked.case}:{field}") for asked in inputs)
        return [rng.sample(range(len(examples)), count) for rng in draw]
