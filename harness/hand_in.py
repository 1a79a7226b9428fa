"""Hand in what was written, or what somebody sent: csv, zip and manifest, validated, and scored where that can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness import ledger
from harness import manifest as manifests
from harness.errors import SubmissionError
from harness.files import digest
from harness.lineup import TeamSettings
from harness.references import read_references
from harness.run import Generated, claimed, imported_identity, run_folder, store
from harness.score import score
from harness.scorecard import make_card, retire_cards, variants_in, write_cards
from harness.scoring import Scoring
from harness.submission import read_submission, write_submission
from harness.types import Candidate, Corpus, Manifest, ScoreCard, Task
from harness.validate import Problem, summary, validate
from harness.workspace import salt


@dataclass(frozen=True)
class HandedIn:
    """A submission as it lies in its folder. `card` is None where the split has no references; `missing` says why a
    scorer's columns are n/a, `warnings` that a split was scored often, and what was left out of an imported file."""

    folder: Path
    problems: tuple[Problem, ...]
    card: ScoreCard | None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def hand_in(
    task: Task,
    corpus: Corpus,
    scoring: Scoring,
    folder: Path,
    rows: Mapping[str, Mapping[str, str]],
    manifest: Manifest,
) -> HandedIn:
    """Write csv, zip and manifest, validate what was written, and score it where the split has references."""
    retire_cards(folder)  # a crash from here on leaves no scores of another text
    manifest = replace(manifest, csv_digest=write_submission(rows, task, folder))
    manifests.write(manifest, folder)
    archive = folder / task.submission.archive_name
    problems = validate(archive, task, frozenset(corpus.ids(manifest.split)))
    if not corpus.has_targets(manifest.split):
        return HandedIn(folder, tuple(problems), None)
    references = read_references(corpus, task, manifest.split, rows)
    submission = read_submission(archive, task)
    measured = score(submission, references, task, scoring, salt(corpus.root), cases=len(rows))
    cards = [make_card(measured, manifest, task, variant) for variant in variants_in(folder)]
    write_cards(cards, measured.stats, folder, measured.parts)
    ledger.record(corpus.root, cards[0], manifest.csv_digest)
    warnings = ledger.warnings(corpus.root, manifest.split)
    return HandedIn(folder, tuple(problems), cards[0], scoring.missing, warnings)


def import_submission(
    path: Path,
    label: str,
    task: Task,
    corpus: Corpus,
    split: str,
    scoring: Scoring,
    root: Path,
    team: TeamSettings,
) -> HandedIn:
    """Make a run of somebody's csv or zip: its texts become candidates, and it is scored like our own.

    Raises SubmissionError if the task's server would refuse the file."""
    folder = run_folder(root, task, corpus, split, label)
    ids = corpus.ids(split)
    problems = validate(path, task, frozenset(ids))
    if any(problem.level == "refused" for problem in problems):
        raise SubmissionError(
            f"{path} is no submission for {task.name}:\n{summary(problems, task.submission.judge)}",
            todo="mend the file",
        )
    submitted = read_submission(path, task)
    rows = {i: submitted.rows[i] for i in ids}
    generated = Generated(
        {
            (i, name): (Candidate(i, name, text, raw=text, system=label, key=digest(text)),)
            for i, row in rows.items()
            for name, text in row.items()
            if text.strip()
        }
    )
    manifest = replace(
        manifests.signed(manifests.begin(task, corpus, split, ids, label), team),
        candidates_digest=manifests.candidates_digest(generated),
    )
    with claimed(folder, imported_identity(manifest), corpus.data):
        store(folder, generated)
        handed_in = hand_in(task, corpus, scoring, folder, rows, manifest)
    left = {problem.check for problem in handed_in.problems}
    mended = [problem for problem in problems if problem.level == "accepted" and problem.check not in left]
    told = tuple(f"{problem.message}: not so in what was made of it" for problem in mended)
    return replace(handed_in, warnings=(*told, *handed_in.warnings))
