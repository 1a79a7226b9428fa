"""A training to be done: what stands in its folder, and what makes two trainings the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import TuningError
from harness.files import canonical_json, digest, write_atomic
from harness.tuning.lessons import Taught
from harness.tuning.origin import BASE, Origin, says_who_may_read_its_primer
from harness.types import Tuning

RECIPE = 1
"""Raised by hand when training itself changes, so that older adapters are not taken for what it would make now."""

JOB = "job.json"
LESSONS = "lessons.arrow"


@dataclass(frozen=True)
class Base:
    """The model that is tuned: its folder here, its name and digest, and whether it is asked by its chat template."""

    folder: str
    name: str
    digest: str
    chat: bool


@dataclass(frozen=True)
class Job:
    """`start` is the folder of the adapter that training begins with, `start_digest` that of its weights, both empty
    where there is none. `about` says where the lessons come from: corpus, split, licences; those learned before too."""

    base: Base
    taught: Taught
    tuning: Tuning
    device: str
    threads: int
    start: str
    start_digest: str
    about: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """Digest of what determines the adapter: recipe, base, lessons, settings, the adapter begun with."""
        base = self.base.digest, self.base.chat
        return digest([recipe(self.about), *base, self.taught.digest, self.tuning, self.start_digest])


def recipe(about: Origin) -> object:
    """By what older adapters are told apart: those that did not say what their base had learned, or who may read their
    primer, too."""
    said = ["says what its base learned"] * (BASE in about)
    said += ["says who may read its primer"] * says_who_may_read_its_primer(about)
    return [RECIPE, *said] if said else RECIPE


def write_job(job: Job, folder: Path) -> None:
    write_atomic(folder / JOB, canonical_json(job).encode())


def read_job(folder: Path) -> Job:
    """Raises TuningError if the folder holds none."""
    try:
        values = json.loads((folder / JOB).read_bytes())
        tuning = {**values["tuning"], "target_modules": tuple(values["tuning"]["target_modules"])}
        parts = {"base": Base(**values["base"]), "taught": Taught(**values["taught"]), "tuning": Tuning(**tuning)}
        return Job(**{**values, **parts})
    except (OSError, ValueError, KeyError, TypeError):
        raise TuningError(
            f"{folder} holds no training to be done", todo="prepare one with `harness fit SYSTEM --prepare`"
        ) from None
