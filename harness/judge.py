"""Score what lies there: our runs, other people's csv and zip files, a folder of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness import ledger
from harness import manifest as manifests
from harness.aggregate import Variant, check_variant
from harness.cluster import Cluster
from harness.corpora import open_corpus
from harness.entries import Entry, entry
from harness.errors import CorpusError, HarnessError, RunError, ScoreError, SubmissionError, UsageError
from harness.files import digest_bytes, digest_file, locked
from harness.intake import counted
from harness.lineup import Lineup
from harness.plugins import Registry
from harness.references import read_references
from harness.score import Measured, ids_digest, reference_digest, salted_ids, score, signatures, take
from harness.scorecard import CARD_FILES, make_card, read_card, read_part_stats, read_stats, variants_in, write_cards
from harness.scoring import Scoring, scoring_of
from harness.sent import clean, find, labels, may_be_sent
from harness.submission import read_submission, write_csv
from harness.types import Corpus, Manifest, Submission, Task
from harness.usage import read_usage
from harness.validate import id_order
from harness.workspace import salt


@dataclass(frozen=True)
class Judgement:
    """What to judge by. `data` and `split` may be left out for a run's folder, which knows its own; `ids` limits the
    cases; without `scorers` the task's default ones judge; `jobs` processes measure, or the workers of a `cluster`.
    What is measured once gets a card for each of the `variants`."""

    task: Task
    registry: Registry
    lineup: Lineup
    data: Path | None = None
    split: str | None = None
    ids: frozenset[str] | None = None
    scorers: tuple[str, ...] = ()
    jobs: int = 1
    variants: tuple[Variant, ...] = ("corrected",)
    cluster: Cluster | None = None


@dataclass(frozen=True)
class Scored:
    """What could be scored, why the rest was refused, why columns are n/a, which splits were scored often, and what is
    told of single submissions: ids may stand in it."""

    entries: tuple[Entry, ...]
    refusals: tuple[HarnessError, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    told: tuple[str, ...]


def score_paths(paths: Sequence[Path], how: Judgement) -> Scored:
    """Score everything below `paths`. A run's card is written anew, unless `ids` leaves cases out."""
    for variant in how.variants:
        check_variant(how.task, variant)
    entries: list[Entry] = []
    refusals: dict[str, HarnessError] = {}
    unscored: dict[str, tuple[ScoreError, list[Path]]] = {}
    with ExitStack() as closing:
        desk = _Desk(how, closing)
        found = [find(path, how.task, lambda folder: _is_run(folder, desk)) for path in paths]
        desk.told.extend(line for sent in found for line in sent.told)
        items = labels(found, how.task, lambda item: _board_of(item, how))
        strays = [item for item in items if not item.is_dir()] if how.data is None else []
        for item, label in items.items():
            if item in strays:
                continue
            try:
                entries += (_score_run if item.is_dir() else _score_file)(item, label, desk)
            except (SubmissionError, RunError, CorpusError) as refusal:
                refusals.setdefault(str(refusal), refusal)
            except ScoreError as problem:  # which knows nothing of files
                unscored.setdefault(str(problem), (problem, []))[1].append(item)
        named = [ScoreError(f"{_and_more(whose)}: {one.what}", todo=one.todo) for one, whose in unscored.values()]
        refusals |= {str(one): one for one in named}
        if strays:
            asked = UsageError(f"{_and_more(strays)}: whose cases are these?", todo="give --data DIR and --split S")
            refusals[str(asked)] = asked
        missing = dict.fromkeys(line for scoring in desk.opened.values() for line in scoring.missing)
        worn = tuple(line for root, split in desk.opened for line in ledger.warnings(root, split))
    return Scored(tuple(entries), tuple(refusals.values()), tuple(missing), worn, tuple(desk.told))


def _and_more(items: Sequence[Path]) -> str:
    return clean(str(items[0])) + (f" and {len(items) - 1} more" if len(items) > 1 else "")


@dataclass(frozen=True)
class _Desk:
    """What to judge by, the corpora that are open, and the scorers: one set for each corpus and split, and what to tell
    of what was judged."""

    how: Judgement
    closing: ExitStack
    corpora: dict[tuple[Path | None, str], Corpus] = field(default_factory=dict)
    opened: dict[tuple[Path, str], Scoring] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def corpus(self, data: Path | None, split: str) -> Corpus:
        if (data, split) not in self.corpora:
            self.corpora[data, split] = open_corpus(data, self.how.task, split)
        return self.corpora[data, split]

    def scoring(self, corpus: Corpus, split: str) -> Scoring:
        key = corpus.root, split
        if key not in self.opened:
            how = self.how
            scoring = scoring_of(how.task, corpus, split, how.registry, how.lineup, how.scorers, how.jobs, how.cluster)
            self.opened[key] = self.closing.enter_context(scoring)
        return self.opened[key]


def _board_of(item: Path, how: Judgement) -> tuple[str, ...]:
    """What tells apart the boards on which things come to stand; whatever is judged by named data is of these."""
    try:
        of = manifests.read(item)
    except SubmissionError:
        return (_split(how),)
    return (str(of.split),) if how.data else (str(of.split), str(of.corpus), str(of.corpus_digest))


def _split(how: Judgement) -> str:
    """Whose cases a file is judged on."""
    return how.split or how.task.default_split


def _is_run(folder: Path, desk: _Desk) -> bool:
    """Whether the manifest there is of a run, even if it is torn: other people's zips may lie beside one of theirs. A
    run that was sent is none: what it hands in is a file like any other."""
    if _was_sent(folder, desk):
        return False
    try:
        manifests.read(folder)
    except SubmissionError:
        return (folder / "run.json").exists()
    return True


def _was_sent(folder: Path, desk: _Desk) -> bool:
    """Whether the run there, which hands something in, was made from another state of the data than is to be judged by:
    whoever sent it has, for one, no hidden targets."""
    how = desk.how
    if how.data is None or not any(map(may_be_sent, folder.iterdir())):
        return False
    try:
        of = manifests.read(folder)
        if (of.task, of.split) != (how.task.name, _split(how)):
            return False
        return desk.corpus(how.data, of.split).digest(of.split) != of.corpus_digest
    except (SubmissionError, CorpusError):  # which is told when it is scored
        return False


def _score_run(folder: Path, label: str, desk: _Desk) -> list[Entry]:
    with locked(folder / "run.lock", f"the run {folder}"):
        return _score_locked_run(folder, label, desk)


def _score_locked_run(folder: Path, label: str, desk: _Desk) -> list[Entry]:
    how, manifest = desk.how, manifests.read(folder)
    for option, wanted, made in (("task", how.task.name, manifest.task), ("split", how.split, manifest.split)):
        if wanted is not None and wanted != made:
            raise SubmissionError(
                f"{folder} is a run of the {option} {made}, not {wanted}", todo=f"score it with --{option} {made}"
            )
    path = folder / how.task.submission.file_name
    if not path.exists():
        raise SubmissionError(f"{folder} holds no {path.name}", todo="submit or import again")
    corpus = desk.corpus(how.data or data_of(folder), manifest.split)
    if corpus.digest(manifest.split) != manifest.corpus_digest:
        raise SubmissionError(
            f"{folder} was made from another state of {corpus.name} than lies at {corpus.data}",
            todo=f"score it as a file that was sent, with --split {manifest.split}"
            if how.data
            else "give the data that it was made from with --data",
        )
    need_references(folder, how.task, corpus, manifest.split)
    if digest_file(path) != manifest.csv_digest:
        raise SubmissionError(
            f"{path} was changed after it was written", todo="submit again, or import the changed file"
        )
    kept = _kept(folder, manifest, corpus, desk)
    if kept is None:
        submission = _read(path, how.task)
        ids = frozenset(submission.rows) if manifest.partial else None
        kept = _measure(submission, label, manifest.split, corpus, desk, ids)
    usage = read_usage(folder, manifest.candidates_digest)
    if how.ids is not None:
        manifest = replace(manifest, cases=len(how.ids))
    variants = how.variants if how.ids is not None else dict.fromkeys([*variants_in(folder), *how.variants])
    cards = {variant: make_card(kept, manifest, how.task, variant) for variant in variants}
    if how.ids is None:
        write_cards(list(cards.values()), kept.stats, folder, kept.parts)
    ledger.record(corpus.root, cards[how.variants[0]], manifest.csv_digest)
    lies = folder if how.ids is None else path  # the statistics in the folder are of all cases
    shown = {one: replace(card, manifest=replace(manifest, label=label)) for one, card in cards.items()}
    return [replace(entry(shown[one], kept.stats), usage=usage, folder=lies) for one in how.variants]


def _score_file(path: Path, label: str, desk: _Desk) -> list[Entry]:
    how = desk.how
    split = _split(how)
    corpus = desk.corpus(how.data, split)
    need_references(path, how.task, corpus, split)
    manifest = manifests.begin(how.task, corpus, split, corpus.ids(split), label)
    if how.ids is not None:
        manifest = replace(manifest, cases=len(how.ids))
    submission = _read(path, how.task)
    if not submission.rows.keys() & {*corpus.ids(split)}:
        raise SubmissionError(
            f"{path}: none of its {len(submission.rows)} ids is one of {split}",
            todo="look whether --split is right, and with `harness validate` at how its ids are written",
        )
    measured = _measure(submission, label, split, corpus, desk, None)
    cards = [make_card(measured, manifest, how.task, variant) for variant in how.variants]
    ledger.record(corpus.root, cards[0], digest_bytes(write_csv(submission.rows, how.task)))
    form = how.task.submission
    if path.name in (form.file_name, form.archive_name) and _was_sent(path.parent, desk):
        desk.told.append(
            f"{clean(str(path))} was made from another state of {corpus.name} than lies at {corpus.data}: it is "
            "judged as a file that was sent, and the manifest beside it is not believed"
        )
    return [replace(entry(card, measured.stats), folder=path) for card in cards]


def _measure(
    submission: Submission, label: str, split: str, corpus: Corpus, desk: _Desk, ids: Collection[str] | None
) -> Measured:
    how = desk.how
    ids = known_ids(how, corpus, split) if how.ids is not None else ids
    references = read_references(corpus, how.task, split, ids)
    cases = corpus.ids(split) if ids is None else ids
    measured = score(submission, references, how.task, desk.scoring(corpus, split), salt(corpus.root), len(cases))
    if lacking := sorted({*cases} - submission.rows.keys(), key=id_order):
        desk.told.append(f"{label}: ids that are missing{counted(lacking, len(lacking))}; they count as failed")
    if strange := len(submission.rows.keys() - {*corpus.ids(split)}):
        where = "`harness validate` says where they stand"
        desk.told.append(f"{label}: ids that no case has ({strange:,}); they count for nothing, and {where}")
    return measured


def need_references(path: Path, task: Task, corpus: Corpus, split: str) -> None:
    """Raises SubmissionError for what lies at `path` if nobody can score it here: the split is hidden."""
    if not corpus.has_targets(split):
        raise SubmissionError(
            f"{path} is of {split}, which has no references here", todo=f"it is for {task.submission.judge} to score"
        )


def known_ids(how: Judgement, corpus: Corpus, split: str) -> frozenset[str]:
    """The ids that are to be scored. Raises ScoreError for those that the split does not have."""
    known = frozenset(corpus.ids(split))
    wanted = known if how.ids is None else how.ids
    unknown = sorted(wanted - known)
    if unknown:
        raise ScoreError(
            f"--ids names {len(unknown)} ids that {split} does not have, the first {unknown[0]}",
            todo="give one id a line, all of this split",
        )
    return wanted


def _kept(folder: Path, manifest: Manifest, corpus: Corpus, desk: _Desk) -> Measured | None:
    """What the statistics in the run's folder say of the cases, if they are of this text and these measures, and were
    made here: their ids are salted by this workspace, and what somebody sent with a run was not."""
    how, scoring = desk.how, desk.scoring(corpus, manifest.split)
    try:
        card = read_card(folder / CARD_FILES["corrected"])
        stats, parts = read_stats(folder, card), read_part_stats(folder, card)
    except ScoreError:
        return None
    if (card.manifest, card.measures) != (manifest, scoring.measures):
        return None
    if {*card.scores} != {*scoring.measures, *scoring.absent}:
        return None
    measured = signatures(scoring), card.measures, scoring.absent, parts, scoring.sources
    if not {*stats.ids} <= {*salted_ids(salt(corpus.root), corpus.ids(manifest.split))}:
        return None
    kept = Measured(stats, card.reference_digest, card.ids_digest, *measured)
    if how.ids is None:
        return kept
    places = {id: at for at, id in enumerate(stats.ids)}
    wanted = known_ids(how, corpus, manifest.split)
    chosen = sorted(places[id] for id in salted_ids(salt(corpus.root), wanted) if id in places)
    references = list(read_references(corpus, how.task, manifest.split, wanted))
    if len(chosen) != len(references):
        return None
    return replace(
        kept,
        stats=take(stats, chosen),
        parts=take(parts, chosen) if parts else None,
        reference_digest=reference_digest(references, how.task),
        ids_digest=ids_digest(one.id for one in references),
    )


def _read(path: Path, task: Task) -> Submission:
    """The submission, or its refusal under the file's name: many files are judged at once."""
    try:
        return read_submission(path, task)
    except SubmissionError as refusal:
        raise SubmissionError(f"{path}: {refusal.what}", todo=refusal.todo) from None


def data_of(folder: Path) -> Path:
    """Where the corpus lies that the run in the folder was made on."""
    try:
        return Path(json.loads((folder / "run.json").read_bytes())["data"])
    except (OSError, ValueError, KeyError, TypeError):
        raise SubmissionError(f"{folder} does not say where its data lie", todo="give --data DIR") from None
