"""The parts of a note, which are scored beside it: what a task's `split` cuts out of the one field that holds all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.types import Reference, Submission, Task


def of_parts(task: Task) -> Task:
    """The task with its parts as fields: their scores are read by the same rules as any others."""
    return replace(task, title=f"{task.title}, by part", fields=task.parts, parts=(), split=None)


def divided_references(references: Sequence[Reference], task: Task) -> list[Reference]:
    """A part that a reference does not have is empty: its case is out for that part, for every system."""
    return [replace(one, values=_divided(one.values, task)) for one in references]


def divided_submission(submission: Submission, references: Sequence[Reference], task: Task) -> Submission:
    """The parts of the texts for these cases. One that a text does not have is empty: it failed."""
    rows = {one.id: submission.rows.get(one.id, {}) for one in references}
    return replace(submission, rows={id: _divided(values, task) for id, values in rows.items()})


def _divided(values: Mapping[str, str], task: Task) -> dict[str, str]:
    assert task.split is not None
    whole = values.get(task.fields[0].name, "")
    found = task.split(whole) if whole.strip() else {}
    return {part.name: found.get(part.name, "") for part in task.parts}
