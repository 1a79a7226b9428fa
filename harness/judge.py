"""Score what lies there: our runs, other people's csv and zip files, a folder of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import manifest as manifests
from harness.contest import read_references, scorers_of
from harness.corpora import open_corpus
from harness.corpora.tables import TablesCorpus
from harness.errors import HarnessError, RunError, ScoreError, SubmissionError, UsageError
from harness.files import digest_file, locked
from harness.lineup import Lineup
from harness.plugins import Registry
from harness.score import score, write_card
from harness.submission import read_submission
from harness.types import Manifest, ScoreCard, Submission, Task
from harness.workspace import salt

_SUFFIXES = (".csv", ".csv.gz", ".zip")


@dataclass(frozen=True)
class Judgement:
    """What to judge by. `data` and `split` may be left out for a run's folder, which knows its own; `ids` limits the
    cases; without `scorers` the task's default ones judge."""

    task: Task
    registry: Registry
    lineup: Lineup
    data: Path | None = None
    split: str | None = None
    ids: frozenset[str] | None = None
    scorers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """The cards of what could be scored, and why the rest was refused."""

    cards: tuple[ScoreCard, ...]
    refusals: tuple[HarnessError, ...]


def score_paths(paths: Sequence[Path], how: Judgement) -> Scored:
    """Score everything below `paths`. A run's card is written anew, unless `ids` leaves cases out."""
    cards: list[ScoreCard] = []
    refusals: list[HarnessError] = []
    for item, label in _labelled(paths, how.task).items():
        try:
            cards.append(_score_run(item, how) if item.is_dir() else _score_file(item, label, how))
        except (SubmissionError, RunError) as refusal:
            refusals.append(refusal)
    return Scored(tuple(cards), tuple(refusals))


def _labelled(paths: Sequence[Path], task: Task) -> dict[Path, str]:
    """What there is to score below `paths`, each with a label of its own: its whole path where two would share one."""
    labels: dict[Path, str] = {}
    for path in paths:
        top = path if path.is_dir() else path.parent
        for item in _find(path):
            labels.setdefault(item, item.name if item.is_dir() else _label(item, top, task))
    shared = Counter(labels.values())
    return {item: str(item) if shared[label] > 1 else label for item, label in labels.items()}


def _label(file: Path, top: Path, task: Task) -> str:
    """Where the file lies below `top`, without suffix. `submission` says nothing: that takes its folder's name."""
    place = file.relative_to(top).parent / _stem(file.name)
    if place.name in {_stem(task.submission.file_name), _stem(task.submission.archive_name)}:
        place = place.parent
    return str(place) if place.name else file.resolve().parent.name


def _stem(name: str) -> str:
    return name.removesuffix(next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), ""))


def _find(path: Path) -> Iterator[Path]:
    """Run folders, and files with a submission that lie in none; of a csv beside its zip, only the zip."""
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise SubmissionError(f"there is no {path}", todo="name a run's folder, a csv, a zip, or a folder of these")
    runs = sorted(found.parent for found in path.rglob(manifests.FILE))
    files = sorted(f for f in path.rglob("*") if f.name.endswith(_SUFFIXES) and not any(r in f.parents for r in runs))
    zips = {file for file in files if file.suffix == ".zip"}
    files = [file for file in files if file in zips or file.with_name(f"{_stem(file.name)}.zip") not in zips]
    if not runs and not files:
        raise SubmissionError(f"{path} holds no run, csv or zip", todo="name a folder that does")
    yield from [*runs, *files]


def _score_run(folder: Path, how: Judgement) -> ScoreCard:
    with locked(folder / "run.lock", f"the run {folder}"):
        return _score_locked_run(folder, how)


def _score_locked_run(folder: Path, how: Judgement) -> ScoreCard:
    manifest = manifests.read(folder)
    for option, wanted, made in (("task", how.task.name, manifest.task), ("split", how.split, manifest.split)):
        if wanted is not None and wanted != made:
            raise SubmissionError(
                f"{folder} is a run of the {option} {made}, not {wanted}", todo=f"score it with --{option} {made}"
            )
    corpus = open_corpus(how.data or _data_of(folder), how.task, manifest.split)
    if corpus.digest(manifest.split) != manifest.corpus_digest:
        raise SubmissionError(
            f"{folder} was made from another state of {corpus.name} than lies at {corpus.data}",
            todo="give the data that it was made from with --data",
        )
    path = folder / how.task.submission.file_name
    if digest_file(path) != manifest.csv_digest:
        raise SubmissionError(
            f"{path} was changed after it was written", todo="submit again, or import the changed file"
        )
    ids = frozenset(_read(path, how.task).rows) if manifest.partial else None
    return _score(path, manifest, corpus, how, ids, folder if how.ids is None else None)


def _score_file(path: Path, label: str, how: Judgement) -> ScoreCard:
    if how.data is None:
        raise UsageError(f"{path}: whose cases are these?", todo="give --data DIR and --split S")
    split = how.split or how.task.default_split
    corpus = open_corpus(how.data, how.task, split)
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
    scorers = scorers_of(how.task, corpus, manifest.split, how.registry, how.lineup, names)
    references = read_references(corpus, how.task, manifest.split, ids)
    card, stats = score(_read(path, how.task), references, how.task, scorers, manifest, salt(corpus.root))
    if home is not None:
        write_card(card, stats, home)
    return card


def _read(path: Path, task: Task) -> Submission:
    """The submission, or its refusal under the file's name: many files are judged at once."""
    try:
        return read_submission(path, task)
    except SubmissionError as refusal:
        raise SubmissionError(f"{path}: {refusal.what}", todo=refusal.todo) from None


def _data_of(folder: Path) -> Path:
    try:
        return Path(json.loads((folder / "run.json").read_bytes())["data"])
    except (OSError, ValueError, KeyError):
        raise SubmissionError(f"{folder} does not say where its data lie", todo="give --data DIR") from None
