"""Prepared stays of the train and valid splits, with what a clinician wrote: an Arrow file under the
corpus's root, memory-mapped, so that 68,785 stays are as easy to hold as 60."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

from harness import corpora, dates, leaks, prepare, redact, sections
from harness.files import digest, digest_file, locked, private_folder
from harness.progress import bar
from harness.types import Case, Corpus, Example, Part, Task

SOURCES = (
    *(Path(str(module.__file__)) for module in (prepare, dates, leaks, redact, sections)),
    *sorted(Path(str(corpora.__file__)).parent.glob("*.py")),
    Path(__file__),
)
"""The code of ours that reads and prepares."""


class ExampleStore:
    """All stays of one split that have references. What is left of a target in a chart is cut out, as `cut_leaks` does
    it: a stay that was dropped for it would be missing from what teaches, and such stays are not like the others."""

    def __init__(self, path: Path, task: Task) -> None:
        from datasets import Dataset

        self._rows: Any = Dataset.from_file(str(path))
        self._task = task
        self.ids: list[str] = self._rows["id"][:]
        self.groups: list[str] = self._rows["group"][:]

    def case(self, row: int) -> Case:
        record = self._rows[row]
        parts = (Part(**{**part, "precedes": tuple(part["precedes"])}) for part in json.loads(record["parts"]))
        return Case(record["id"], record["group"], tuple(parts))

    def targets(self, row: int) -> dict[str, str]:
        values: dict[str, str] = json.loads(self._rows[row]["values"])
        return values

    def field(self, name: str, without: Collection[str]) -> FieldExamples:
        """The examples of one field, of groups that are not in `without`, whose target can teach."""
        rows = [row for row in self._usable[name] if self.groups[row] not in without]
        return FieldExamples(self, self._task, name, rows)

    @cached_property
    def _usable(self) -> dict[str, list[int]]:
        """By field the rows whose target can teach: a text of more than one word ("NA" is none), any label or list."""
        usable: dict[str, list[int]] = {f.name: [] for f in self._task.fields}
        least = {f.name: 2 if f.kind == "text" else 1 for f in self._task.fields}
        for row, values in enumerate(bar(self._rows["values"], "reading targets", len(self.ids), "stay")):
            for name, target in json.loads(values).items():
                if len(target.split()) >= least[name]:
                    usable[name].append(row)
        return usable


class FieldExamples(Sequence[Example]):
    """Examples of one field in the order of their ids; each is read when it is asked for."""

    def __init__(self, store: ExampleStore, task: Task, field: str, rows: Sequence[int]) -> None:
        self._store, self._task, self._field, self._rows = store, task, field, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Example: ...
    @overload
    def __getitem__(self, at: slice) -> FieldExamples: ...
    def __getitem__(self, at: int | slice) -> Example | FieldExamples:
        if isinstance(at, slice):
            return FieldExamples(self._store, self._task, self._field, self._rows[at])
        row = self._rows[at]
        targets = self._store.targets(row)
        asked = prepare.model_input(self._store.case(row), self._task, self._task.field(self._field), targets)
        return Example(asked, targets[self._field])

    def __iter__(self) -> Iterator[Example]:
        examples = (self[at] for at in range(len(self)))
        return bar(examples, f"reading examples of {self._field}", len(self), "stay")


def store_key(corpus: Corpus, task: Task, split: str) -> str:
    """Digest of all that determines the store of a split: its tables, the rules and code of the task, what reads and
    prepares."""
    reader = Path(inspect.getfile(type(corpus)))
    sources = [digest_file(path) for path in (*SOURCES, reader)]
    return digest([corpus.digest(split), replace(task, split=None, corpus=None), sources])


def open_examples(corpus: Corpus, task: Task, split: str) -> ExampleStore:
    """The store of a split, prepared on first use; who comes meanwhile waits. A crash leaves nothing half-made."""
    folder = private_folder(corpus.root / "examples")
    path = folder / f"{split}-{store_key(corpus, task, split)[:16]}.arrow"
    if not path.exists():
        with locked(folder / f"{split}.lock", f"the preparation of the {split} split", wait=True):
            if not path.exists():
                _write(path, corpus, task, split)
    return ExampleStore(path, task)


def _write(path: Path, corpus: Corpus, task: Task, split: str) -> None:
    from datasets import Features, Value
    from datasets.arrow_writer import ArrowWriter

    features = Features({name: Value("string") for name in ("id", "group", "parts", "values")})
    temporary = path.with_suffix(".tmp")
    with ArrowWriter(features=features, path=str(temporary)) as writer:
        for row in _rows(corpus, task, split):
            writer.write(row)
        writer.finalize()
    temporary.chmod(0o600)
    temporary.replace(path)


def _rows(corpus: Corpus, task: Task, split: str) -> Iterator[dict[str, str]]:
    for stay in bar(corpus.stays(split), f"preparing {split}", total=len(corpus.ids(split)), unit="stay"):
        reference = prepare.reference(stay, task)
        if reference:
            case = prepare.prepare(stay, task, cut_leaks=True).case
            yield {
                "id": stay.id,
                "group": stay.group,
                "parts": json.dumps([asdict(part) for part in case.parts], ensure_ascii=False),
                "values": json.dumps(dict(reference.values), ensure_ascii=False),
            }
