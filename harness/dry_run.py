"""What the task's server would do with a zip: its folders, its rules for the zip, its scores.json.

    <root of the corpus>/dry-run/<split>/<name of the file>/
      input/ref/   the references, under the name that the published script reads
      input/res/   the zip, unpacked
      output/      scores.json with the keys that the published script writes

The folder is what the server's own container sees as /app: the published script can be run on it as it is. The ids of
the hidden sample are the organisers' (--ids); without them all cases are scored.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.aggregate import check_variant, mean_over_columns, mean_over_fields
from harness.corpora import open_corpus
from harness.errors import SubmissionError
from harness.files import private_folder, write_atomic
from harness.judge import Judgement, score_paths
from harness.references import read_references
from harness.submission import write_csv
from harness.types import ScoreCard, SubmissionFormat, Task
from harness.validate import Problem, validate

SCORES = "scores.json"


@dataclass(frozen=True)
class DryRun:
    """The server's folder, and what the published script answers (`official`) beside the documented intent
    (`corrected`), by its keys, None for what cannot be had here; `missing` says why. Of a file that the server refuses
    there are `problems` alone."""

    problems: tuple[Problem, ...]
    folder: Path | None = None
    official: Mapping[str, float | None] | None = None
    corrected: Mapping[str, float | None] | None = None
    missing: tuple[str, ...] = ()


def dry_run(path: Path, how: Judgement) -> DryRun:
    """Do as the server does. Raises ScoreError for a task of which no published script is known, SubmissionError for
    a file that the server cannot open."""
    check_variant(how.task, "official")
    split = how.split or how.task.default_split
    corpus = open_corpus(how.data, how.task, split)
    ids = how.ids if how.ids is not None else frozenset(corpus.ids(split))
    problems = tuple(validate(path, how.task, ids))
    if any(problem.level == "refused" for problem in problems):
        return DryRun(problems)
    csv = _unpacked(path, how.task.submission)
    folder = corpus.root / "dry-run" / split / path.name
    shutil.rmtree(folder, ignore_errors=True)
    inputs, results, output = (private_folder(folder / name) for name in ("input/ref", "input/res", "output"))
    names = [field.name for field in how.task.fields]
    references = {
        one.id: {name: one.values.get(name, "") for name in names}
        for one in read_references(corpus, how.task, split, ids)
    }
    assert how.task.published is not None
    write_atomic(inputs / how.task.published.reference_file, write_csv(references, how.task))
    write_atomic(results / how.task.submission.file_name, csv)
    here = replace(how, data=corpus.data, split=split)
    official, corrected = (score_paths([path], replace(here, variant=v)) for v in ("official", "corrected"))
    found = {name: _scores(of.entries[0].card, how.task) for name, of in (("o", official), ("c", corrected))}
    write_atomic(output / SCORES, json.dumps(found["o"]).encode())
    return DryRun(problems, folder, found["o"], found["c"], official.missing)


def _unpacked(path: Path, form: SubmissionFormat) -> bytes:
    """The csv, as the published script finds it: by its exact name, at the root of a zip. `validate` has seen to it
    that its size is bounded."""
    todo = f"pack {form.file_name} into {form.archive_name}, at its root"
    if not zipfile.is_zipfile(path):
        raise SubmissionError(f"{path} is no zip: the server has nothing to unpack", todo=todo)
    with zipfile.ZipFile(path) as archive:
        if form.file_name not in archive.namelist():
            raise SubmissionError(f"{path} has no {form.file_name} at its root: the script cannot open it", todo=todo)
        return archive.read(form.file_name)


def _scores(card: ScoreCard, task: Task) -> dict[str, float | None]:
    """The script's keys in its order, the mean of all last; None where a column is n/a here."""
    assert task.published is not None
    columns = [column.key for column in task.columns if column.in_overall]
    values = {key: mean_over_fields(card.scores.get(key)) for key in columns}
    return {**values, task.published.overall: mean_over_columns(values, columns)}
