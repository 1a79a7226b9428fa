"""The public names: what a plugin imports."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.errors import CannotJudge
    from harness.plugins import scorer, system, task
    from harness.prepare import arrange
    from harness.types import (
        Arranged,
        Candidate,
        Case,
        Column,
        Completion,
        Context,
        Example,
        Failure,
        Field,
        ModelInput,
        Pair,
        Part,
        Pool,
        Prompt,
        Runner,
        Sampling,
        Scorer,
        ScoringContext,
        Section,
        Selector,
        Signature,
        SubmissionFormat,
        Task,
    )

__version__ = "0.1.0"

__all__ = [
    "Arranged",
    "Candidate",
    "CannotJudge",
    "Case",
    "Column",
    "Completion",
    "Context",
    "Example",
    "Failure",
    "Field",
    "ModelInput",
    "Pair",
    "Part",
    "Pool",
    "Prompt",
    "Runner",
    "Sampling",
    "Scorer",
    "ScoringContext",
    "Section",
    "Selector",
    "Signature",
    "SubmissionFormat",
    "Task",
    "arrange",
    "read_facts",
    "scorer",
    "system",
    "task",
]


_ELSEWHERE = {
    "CannotJudge": "harness.errors",
    "arrange": "harness.prepare",
    "read_facts": "harness.corpora.ward.matcher",
    "scorer": "harness.plugins",
    "system": "harness.plugins",
    "task": "harness.plugins",
}


def __getattr__(name: str) -> Any:
    # To make two dozen dataclasses takes a third of `harness --help`: a name is imported when it is first used.
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_ELSEWHERE.get(name, "harness.types")), name)
    return value
