"""Train what a system learns, without letting it write: on this machine now, or prepared for several processes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.competitor import Competitor, blaming, find_competitor
from harness.errors import SettingsError
from harness.files import private_folder
from harness.lineup import Lineup
from harness.plugins import Registry
from harness.resources import Resources, SystemContext
from harness.tuning.adapters import Untrained
from harness.types import Corpus, Learner, Task


@dataclass(frozen=True)
class Fitted:
    """The folder of an adapter, or of a training that is prepared and yet to be done."""

    folder: Path
    trained: bool

    @property
    def command(self) -> str:
        """What trains it on two cards."""
        launch = "accelerate launch --multi_gpu --num_machines 1 --num_processes 2 --mixed_precision no"
        return f"{launch} --dynamo_backend no -m harness.tuning {shlex.quote(str(self.folder))}"


def fit(
    name: str,
    task: Task,
    corpus: Corpus,
    split: str,
    lineup: Lineup,
    registry: Registry,
    overrides: Mapping[str, Any],
    *,
    prepare: bool = False,
) -> list[Fitted]:
    """What this system learns when `split` is scored: found, trained, or with `prepare` made ready to be trained.

    Of trainings that begin with one another (a primer before the task) the first that is missing is prepared.
    Raises SettingsError if the system learns nothing."""
    competitor = find_competitor(name, registry, lineup, task, overrides)
    resources = Resources(task, corpus, split, lineup, set(corpus.groups(split).values()))
    resources.trains = not prepare
    learner = _learner(competitor, resources)
    found: dict[Path, Fitted] = {}
    for field in task.fields:
        try:
            with blaming(competitor.name, "to learn"):
                fitted = Fitted(learner.fit(field.name), trained=True)
        except Untrained as waiting:
            fitted = Fitted(waiting.folder, trained=False)
        found[fitted.folder] = fitted
    return list(found.values())


def _learner(competitor: Competitor, resources: Resources) -> Learner:
    runner = None
    if not competitor.is_pool:
        work = private_folder(resources.corpus.root / "systems" / competitor.plugin)
        needs = competitor.tag.needs
        context = SystemContext(resources.task, 0, work, needs, resources, frozenset(), competitor.name)
        with blaming(competitor.name, "to open"):
            runner = competitor.open(context)
    if not isinstance(runner, Learner):
        raise SettingsError(
            f"the system '{competitor.name}' learns nothing that could be trained apart",
            todo="name a system whose runner has fit(field)"
            + (", such as one of the pool's members" if competitor.is_pool else ""),
        )
    return runner
