"""Score what lies there: our runs, other people's csv and zip files, a folder of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import manifest as manifests
from harness.contest import read_references, scorers_of
from harness.corpora import open_corpus
from harness.corpora.tables import TablesCorpus
from harness.errors import ScoreError, SubmissionError, UsageError
from harness.files import digest_file
from harness.plugins import Registry
from harness.score import score, write_card
from harness.submission import read_submission
from harness.types import Manifest, ScoreCard, Task
from harness.workspace import salt

_SUFFIXES = (".csv", ".csv.gz", ".zip")


@dataclass(frozen=True)
class Judgement:
    """What to judge by. `data` and `split` may be left out for a run's folder, which knows its own; `ids` limits the
    cases; without `scorers` the task's default ones judge."""

    task: Task
    registry: Registry
    data: Path | None = None
    split: str | None = None
    ids: frozenset[str] | None = None
    scorers: tuple[str, ...] = ()


def score_paths(paths: Sequence[Path], how: Judgement) -> list[ScoreCard]:
    """The cards of everything below `paths`. A run's card is written anew, unless `ids` leaves cases out."""
    found = [item for path in paths for item in _find(path)]
    return [_score_run(item, how) if item.is_dir() else _score_file(item, how) for item in found]


def _find(path: Path) -> Iterator[Path]:
    """Run folders, and files with a submission that lie in none."""
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise SubmissionError(f"there is no {path}", todo="name a run's folder, a csv, a zip, or a folder of these")
    runs = sorted(found.parent for found in path.rglob(manifests.FILE))
    files = sorted(f for f in path.rglob("*") if f.name.endswith(_SUFFIXES) and not any(r in f.parents for r in runs))
    if not runs and not files:
        raise SubmissionError(f"{path} holds no run, csv or zip", todo="name a folder that does")
    yield from [*runs, *files]


def _score_run(folder: Path, how: Judgement) -> ScoreCard:
    manifest = manifests.read(folder)
    corpus = open_corpus(how.data or _data_of(folder), how.task, manifest.split)
    if corpus.digest(manifest.split) != manifest.corpus_digest:
        raise ScoreError(
            f"{folder} was made from another state of {corpus.name} than lies at {corpus.data}",
            todo="give the data that it was made from with --data",
        )
    path = folder / how.task.submission.file_name
    if digest_file(path) != manifest.csv_digest:
        raise ScoreError(f"{path} was changed after it was written", todo="submit again, or import the changed file")
    ids = frozenset(read_submission(path, how.task).rows) if manifest.partial else None
    return _score(path, manifest, corpus, how, ids, folder if how.ids is None else None)


def _score_file(path: Path, how: Judgement) -> ScoreCard:
    if how.data is None:
        raise UsageError(f"{path}: whose cases are these?", todo="give --data DIR and --split S")
    split = how.split or how.task.default_split
    corpus = open_corpus(how.data, how.task, split)
    label = path.name.removesuffix(next(s for s in (*_SUFFIXES, "") if path.name.endswith(s)))
    manifest = manifests.begin(how.task, corpus, split, corpus.ids(split), label)
    return _score(path, manifest, corpus, how, None, None)


def _score(
    path: Path, manifest: Manifest, corpus: TablesCorpus, how: Judgement, ids: Collection[str] | None, home: Path | None
) -> ScoreCard:
    if how.ids is not None:
        unknown = sorted(how.ids - frozenset(corpus.ids(manifest.split)))
        if unknown:
            raise ScoreError(
                f"--ids names {len(unknown)} ids that {manifest.split} does not have, the first {unknown[0]}",
                todo="give one id a line, all of this split",
            )
        ids = how.ids
        manifest = replace(manifest, cases=len(ids))
    names = how.scorers or how.task.scorers
    scorers = scorers_of(how.task, corpus, how.registry, names)
    references = read_references(corpus, how.task, manifest.split, ids)
    card, stats = score(read_submission(path, how.task), references, how.task, scorers, manifest, salt(corpus.root))
    if home is not None:
        write_card(card, stats, home)
    return card


def _data_of(folder: Path) -> Path:
    try:
        return Path(json.loads((folder / "run.json").read_bytes())["data"])
    except (OSError, ValueError, KeyError):
        raise ScoreError(f"{folder} does not say where its data lie", todo="give --data DIR") from None
