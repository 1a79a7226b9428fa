"""The public names: what a plugin imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.plugins import scorer, system, task
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

if TYPE_CHECKING:
    from harness.prepare import arrange

__version__ = "0.1.0"

__all__ = [
    "Arranged",
    "Candidate",
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
    "scorer",
    "system",
    "task",
]


def __getattr__(name: str) -> Any:
    if name == "arrange":
        from harness.prepare import arrange

        return arrange
    raise AttributeError(f"module 'harness' has no attribute '{name}'")
