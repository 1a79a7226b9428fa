"""What the task's server would do with a zip: its folders, its rules for the zip, its scores.json.

    <root of the corpus>/dry-run/<split>/<name of the file>-<its digest>/
      input/ref/   the references, under the name that the published script reads
      input/res/   the zip, unpacked
      output/      scores.json with the keys that the published script writes

The folder is what the server's own container sees as /app: the published script can be run on it as it is. All rows of
the split must be handed in; the ids of the hidden sample that is scored are the organisers' (--ids), else it is all.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.aggregate import mean_over_columns, mean_over_fields
from harness.corpora import open_corpus
from harness.errors import ScoreError
from harness.files import digest_file, private_folder, write_atomic
from harness.judge import Judgement, known_ids, need_references, score_paths
from harness.references import read_references
from harness.submission import write_csv
from harness.types import ScoreCard, Task
from harness.validate import Problem, validate, will_accept

SCORES = "scores.json"


@dataclass(frozen=True)
class DryRun:
    """The server's folder, and what the published script answers (`official`) beside the documented intent
    (`corrected`), by its keys, None for what cannot be had here; `missing` says why, `warnings` that the split was
    scored often. Of a file that the server refuses there are `problems` alone."""

    problems: tuple[Problem, ...]
    folder: Path | None = None
    official: Mapping[str, float | None] | None = None
    corrected: Mapping[str, float | None] | None = None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def dry_run(path: Path, how: Judgement) -> DryRun:
    """Do as the server does. Raises ScoreError for a task of which no published script is known, and for ids that the
    split does not have, and where a scorer fails; SubmissionError for a split without references."""
    if how.task.published is None:
        what = f"{how.task.name} names no published script for a dry run to follow"
        raise ScoreError(what, todo=f"`harness score {path}` scores it, with the same options")
    split = how.split or how.task.default_split
    corpus = open_corpus(how.data, how.task, split)
    ids = known_ids(how, corpus, split)
    problems = tuple(validate(path, how.task, frozenset(corpus.ids(split))))
    if not will_accept(problems):
        return DryRun(problems)
    need_references(path, how.task, corpus, split)
    folder = corpus.root / "dry-run" / split / f"{path.name}-{digest_file(path)[:8]}"
    shutil.rmtree(folder, ignore_errors=True)
    inputs, results, output = (private_folder(folder / name) for name in ("input/ref", "input/res", "output"))
    names = [field.name for field in how.task.fields]
    references = {
        one.id: {name: one.values.get(name, "") for name in names}
        for one in read_references(corpus, how.task, split, ids)
    }
    write_atomic(inputs / how.task.published.reference_file, write_csv(references, how.task))
    with zipfile.ZipFile(path) as archive:  # `validate` has seen to it that its size is bounded
        write_atomic(results / how.task.submission.file_name, archive.read(how.task.submission.file_name))
    scored = score_paths([path], replace(how, data=corpus.data, split=split, variants=("official", "corrected")))
    for refusal in scored.refusals:
        raise refusal
    official, corrected = (_scores(one.card, how.task) for one in scored.entries)
    write_atomic(output / SCORES, json.dumps(official).encode())
    return DryRun(problems, folder, official, corrected, scored.missing, scored.warnings)


def _scores(card: ScoreCard, task: Task) -> dict[str, float | None]:
    """The script's keys in its order, the mean of all last; None where a column is n/a here."""
    assert task.published is not None
    columns = [column.key for column in task.columns if column.in_overall]
    values = {key: mean_over_fields(card.scores.get(key)) for key in columns}
    return {**values, task.published.overall: mean_over_columns(values, columns)}
