"""The main job: load -> prepare -> generate -> select -> write -> validate -> score, for one split of a corpus.

Each stage leaves files in the run's folder; a crash anywhere loses at most the batch in flight.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness import energy, ledger
from harness import manifest as manifests
from harness.cluster import Cluster, Crew
from harness.competitor import Competitor, find_competitor
from harness.errors import RunError, SettingsError, SubmissionError
from harness.files import canonical_json, digest, digest_bytes, locked, private_folder, remove_torn, write_atomic
from harness.leaks import refuse_leaks
from harness.lineup import Lineup, TeamSettings
from harness.pace import Pace, lines, noting
from harness.panel import ScorerContext, choose
from harness.plugins import Registry
from harness.prepare import Prepared, prepare, reference
from harness.privacy import is_here
from harness.progress import bar
from harness.resources import Resources
from harness.run import (
    Generated,
    Run,
    allowed_hosts,
    claim,
    differences,
    generate,
    hosts,
    identity,
    imported_identity,
    kept,
    read_identity,
    refuse_other,
    store,
    stored_candidates,
)
from harness.run import adapters as run_adapters
from harness.score import score
from harness.scorecard import make_card, remove_cards, variants_in, write_cards
from harness.scoring import Scoring
from harness.selection import objective
from harness.selection.aids import ResourceAids
from harness.selection.choose import select, shares
from harness.selection.features import find_features
from harness.selection.measuring import FeatureStore, Measuring
from harness.selection.offers import Stall, set_out
from harness.submission import read_submission, write_csv, write_zip
from harness.tuning.origin import from_restricted
from harness.types import Candidate, Case, Corpus, Manifest, Offer, Pool, Reference, ScoreCard, Selector, Task
from harness.usage import usage_of, write_usage
from harness.validate import Problem, summary, validate
from harness.workspace import salt

PREPARED = "prepared.jsonl"
SHOWN_FAILURES = 10
LESSONS = "valid"
"""The split on which selectors are fitted, and never when it is the one that is scored."""


@dataclass(frozen=True)
class Contest:
    """What all systems of one command meet: the cases, the rules and the shared resources.

    `limit` is the size of a seeded sample of the cases, None for all. `leak_check` counts cases by how their
    redaction was checked, `records` are the figures of every case as JSON lines (ids in them: they stay with the
    runs). `root` is the folder of all submissions. These `scorers` judge, the task's where none is named, in `jobs`
    processes; the workers of a `cluster` share what can be shared. `subjects` are those of all scored cases, also where
    only one of these is looked at."""

    task: Task
    corpus: Corpus
    split: str
    cases: tuple[Case, ...]
    limit: int | None
    seed: int
    leak_check: Mapping[str, int]
    records: bytes
    registry: Registry
    lineup: Lineup
    resources: Resources
    root: Path
    scorers: tuple[str, ...] = ()
    jobs: int = 1
    cut_leaks: bool = False
    subjects: frozenset[str] = frozenset()
    cluster: Cluster | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(case.id for case in self.cases)

    def folder(self, label: str) -> Path:
        return run_folder(self.root, self.task, self.corpus, self.split, label)


@dataclass(frozen=True)
class HandedIn:
    """A submission as it lies in its folder. `card` is None where the split has no references; `missing` says why a
    scorer's columns are n/a, `warnings` that a split was scored often."""

    folder: Path
    problems: tuple[Problem, ...]
    card: ScoreCard | None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entered:
    """What one system's turn left behind; `members` are the turns of a pool's members, `pace` is that of its engine in
    this turn."""

    label: str
    generated: Generated
    handed_in: HandedIn
    members: tuple[Entered, ...] = ()
    pace: Pace = field(default_factory=Pace)

    @property
    def failed(self) -> bool:
        """Whether a text is missing. A pool that chose among its other members' texts has not failed."""
        return bool(self.generated.failures)

    def runs(self) -> dict[Path, Generated]:
        """The runs that wrote the texts, by folder: this one, or those of a pool's members, each once."""
        if not self.members:
            return {self.handed_in.folder: self.generated}
        return {folder: one for member in self.members for folder, one in member.runs().items()}

    def lines(self) -> list[str]:
        """What happened, for the terminal: texts made and kept and at which pace, failures by system and case, a pool's
        choices."""
        found = [line for member in self.members for line in member.lines()]
        texts = sum(map(len, self.generated.candidates.values()))
        if self.members:
            chosen = ", ".join(f"{count} of {name}" for name, count in shares(self.generated).items())
            found.append(f"{self.label}: {texts} texts, {chosen}")
        else:
            found.append(f"{self.label}: {texts} texts, {self.generated.made} of them new")
            found += [f"{self.label}: {line}" for line in lines(self.pace)]
        failures = self.generated.failures
        found += [f"{self.label} failed on case {f.case}, {f.field}: {f.reason}" for f in failures[:SHOWN_FAILURES]]
        if failures:
            more = f", {len(failures) - SHOWN_FAILURES} more of them" if len(failures) > SHOWN_FAILURES else ""
            found.append(f"{self.label}: {len(failures)} failures{more}; the same command asks for these alone")
        return found


def run_folder(root: Path, task: Task, corpus: Corpus, split: str, label: str) -> Path:
    if label != Path(label).name or label.startswith("."):
        raise SettingsError(f"the label '{label}' is no name for a folder", todo="use letters, digits, - and _")
    return root / task.name / corpus.name / split / label


def open_contest(
    task: Task,
    corpus: Corpus,
    split: str,
    lineup: Lineup,
    registry: Registry,
    root: Path,
    *,
    limit: int | None = None,
    seed: int = 0,
    cut_leaks: bool = False,
    scorers: tuple[str, ...] = (),
    jobs: int = 1,
    only: str = "",
    cluster: Cluster | None = None,
) -> Contest:
    """Prepare the cases of a split, or the one case `only` of those that there would be.

    Raises LeakError if a target is left in what systems would see, SettingsError where there is no such case."""
    ids = draw(corpus.ids(split), limit, seed)
    subjects = corpus.groups(split)
    scored = frozenset(subjects[i] for i in ids)
    if only and only not in ids:
        raise SettingsError(f"there is no case {only} in {split}", todo=f"name one of its {len(ids)}, such as {ids[0]}")
    ids = [only] if only else ids
    stays = bar(corpus.stays(split, ids), f"preparing {split}", total=len(ids), unit="stay")
    prepared = [prepare(stay, task, cut_leaks) for stay in stays]
    refuse_leaks(leak for one in prepared for leak in one.leaks)
    cases = tuple(one.case for one in prepared)
    return Contest(
        task=task,
        corpus=corpus,
        split=split,
        cases=cases,
        limit=None if limit is None or limit >= len(corpus.ids(split)) else limit,
        seed=seed,
        leak_check=_checked(prepared),
        records=_records(prepared),
        registry=registry,
        lineup=lineup,
        resources=Resources(task, corpus, split, lineup, scored, Crew(cluster, corpus.root) if cluster else None),
        root=root,
        scorers=scorers,
        jobs=jobs,
        cut_leaks=cut_leaks,
        subjects=scored,
        cluster=cluster,
    )


def _checked(prepared: Sequence[Prepared]) -> dict[str, int]:
    """Cases by how it was checked that their targets are gone, and those of which copies had to be cut."""
    unproven = sum(any(leak.status == "unproven" for leak in one.leaks) for one in prepared)
    cut = sum(any(leak.copies for leak in one.leaks) for one in prepared)
    found = {"clean": len(prepared) - unproven, "unproven": unproven, "with copies cut": cut}
    return {what: count for what, count in found.items() if count}


def _records(prepared: Sequence[Prepared]) -> bytes:
    """A line a case: what is left of each target (longest run, share of 8-grams), which rows were dropped."""
    lines = ({"case": one.case.id, "leaks": one.leaks, "dropped": one.dropped} for one in prepared)
    return "".join(f"{canonical_json(line)}\n" for line in lines).encode()


def draw(ids: Sequence[str], limit: int | None, seed: int) -> list[str]:
    """A seeded sample of `limit` ids in their own order; all of them without a limit."""
    if limit is None or limit >= len(ids):
        return list(ids)
    if limit < 1:
        raise SettingsError(f"--limit {limit}: there is nothing to do", todo="give 1 or more")
    chosen = set(random.Random(seed).sample(list(ids), limit))
    return [i for i in ids if i in chosen]


def enter(contest: Contest, name: str, *, label: str = "", overrides: Mapping[str, Any] | None = None) -> Entered:
    """Let a system compete: generate (for a pool: its members first, then choose), write, validate, score."""
    turn = _settle(contest, name, label, overrides or {}, ())
    with _scoring(contest) as scoring:
        return _play(contest, turn, scoring)


def _scoring(contest: Contest) -> Scoring:
    return scoring_of(
        contest.task,
        contest.corpus,
        contest.split,
        contest.registry,
        contest.lineup,
        contest.scorers,
        contest.jobs,
        contest.cluster,
    )


@dataclass(frozen=True)
class _Turn:
    """A system's turn, settled down to its members' turns before anybody generates. An imported run, which can only be
    a member, has no competitor."""

    name: str
    competitor: Competitor | None
    pool: Pool | None
    members: Mapping[str, _Turn]
    identity: Mapping[str, Any]
    folder: Path

    def competitors(self) -> Iterator[Competitor]:
        if self.competitor:
            yield self.competitor
        for member in self.members.values():
            yield from member.competitors()

    def folders(self) -> Iterator[Path]:
        yield self.folder
        for member in self.members.values():
            yield from member.folders()


def _settle(contest: Contest, name: str, label: str, overrides: Mapping[str, Any], above: tuple[str, ...]) -> _Turn:
    if name in above:
        raise SettingsError(f"the pool '{name}' holds itself: {' > '.join([*above, name])}", todo="mend its members")
    if above and (imported := _imported(contest, name)):
        return imported
    competitor = find_competitor(name, contest.registry, contest.lineup, contest.task, overrides)
    pool = competitor.pool() if competitor.is_pool else None
    if pool:
        find_features(pool.selector.reads, f"the pool '{name}'")
    members = {member: _settle(contest, member, "", {}, (*above, name)) for member in (pool.members if pool else ())}
    if len(members) == 1:
        _refuse_pool_of_one(name, *members.values())
    wanted = identity(competitor, contest.resources, contest.seed, contest.limit)
    if pool:
        wanted["members"] = {member: turn.identity for member, turn in members.items()}
    folder = _home(contest, label or _label(name, contest.limit), wanted, is_member=bool(above))
    return _Turn(name, competitor, pool, members, wanted, folder)


def _refuse_pool_of_one(pool: str, only: _Turn) -> None:
    if only.competitor is None or only.competitor.samples == 1:
        raise SettingsError(
            f"the pool '{pool}' has one member, {only.name}, who writes one text a case: there is nothing to choose",
            todo="name another member, or let this one write several: samples = 4",
        )


def _imported(contest: Contest, name: str) -> _Turn | None:
    """The turn of an imported run of this label, where there is one and no system has the name.

    Raises SettingsError if it was imported for other cases."""
    folder = contest.root / contest.task.name / contest.corpus.name / contest.split / name
    known = {*contest.lineup.entrants, *contest.registry.names("system")}
    if name in known or name != folder.name or not (folder / manifests.FILE).is_file():
        return None
    manifest = manifests.read(folder)
    if manifest.origin != "imported":
        return None
    if manifest.corpus_digest != contest.corpus.digest(contest.split):
        raise SettingsError(
            f"the member {name} has other ids: {folder} was imported for another state of {contest.corpus.name}",
            todo="import its file again, under another label",
        )
    return _Turn(name, None, None, {}, imported_identity(manifest), folder)


def _play(contest: Contest, turn: _Turn, scoring: Scoring) -> Entered:
    if turn.competitor is None:
        return Entered(turn.folder.name, stored_candidates(turn.folder), HandedIn(turn.folder, (), None))
    members = {name: _play(contest, member, scoring) for name, member in turn.members.items()}
    offered = {name: member.generated for name, member in members.items()}
    choosing = _choosing(contest, turn, offered) if turn.pool else None
    now = Pace()
    claim(turn.folder, turn.identity, contest.corpus.data)
    with locked(turn.folder / "run.lock", f"the run {turn.folder}"):
        remove_torn(turn.folder)
        write_atomic(turn.folder / PREPARED, contest.records)
        if choosing:
            generated = choosing.chosen()
            store(turn.folder, generated)
        else:
            generated, now = _write(contest, turn, turn.competitor)
        rows = _rows(contest, generated)
        manifest = _manifest(contest, turn, turn.competitor, generated)
        handed_in = hand_in(contest.task, contest.corpus, scoring, turn.folder, rows, manifest)
        entered = Entered(turn.folder.name, generated, handed_in, tuple(members.values()), now)
        write_usage(usage_of(len(rows), generated, entered.runs(), manifest.candidates_digest), turn.folder)
    return entered


def _write(contest: Contest, turn: _Turn, competitor: Competitor) -> tuple[Generated, Pace]:
    """The texts of a system that writes itself, and the pace at which those that were missing were written now."""
    began = energy.snapshot()
    with noting(turn.folder) as now:
        generated = generate(
            Run(turn.folder, competitor, contest.cases, contest.task, contest.seed, contest.resources, now)
        )
    if all(map(is_here, hosts(turn.folder))):
        energy.note(turn.folder, began, generated.made)
    return generated, now


# --------------------------------------------------------------------------- pools


@dataclass(frozen=True)
class Choosing:
    """A pool with all that it chooses by: its candidates, their features, and a selector that is ready; `settings` are
    the pool's."""

    name: str
    settings: Mapping[str, Any]
    stalls: Sequence[Stall]
    measuring: Measuring
    selector: Selector

    def offers(self, features: Sequence[str]) -> list[Offer]:
        return self.measuring.offers(self.stalls, find_features(features, f"the pool '{self.name}'"))

    def chosen(self) -> Generated:
        return select(self.stalls, self.offers(self.selector.reads), self.selector, self.name)


def rehearse(contest: Contest, name: str) -> Choosing:
    """What the pool would choose by; its members are asked for what is missing, and nothing is handed in for it. On the
    valid split the selector may be one that is not ready: whoever rehearses there has to fit it.

    Raises SettingsError for a system that is no pool."""
    turn = _settle_pool(contest, name)
    with _scoring(contest) as scoring:
        members = {member: _written(contest, one, scoring) for member, one in turn.members.items()}
    return _choosing(contest, turn, members, fit=contest.split != LESSONS)


def recall(contest: Contest, name: str) -> Choosing:
    """What the pool chooses by, from what its members wrote before; nobody is asked to write.

    Raises SettingsError for a system that is no pool, RunError where nothing was written."""
    turn = _settle_pool(contest, name)
    members = {member: _kept(contest, one) for member, one in turn.members.items()}
    return _choosing(contest, turn, members)


def _settle_pool(contest: Contest, name: str) -> _Turn:
    turn = _settle(contest, name, "", {}, ())
    if not turn.pool:
        raise SettingsError(f"{name} is no pool: it writes its texts itself", todo="name a pool, such as des")
    return turn


def _written(contest: Contest, turn: _Turn, scoring: Scoring) -> Generated:
    """A member's candidates; it plays its turn unless it has kept them all."""
    if turn.competitor and not turn.pool:
        found = _kept(contest, turn)
        wanted = turn.competitor.samples
        if all(len(found.candidates.get((i, f.name), ())) >= wanted for i in contest.ids for f in contest.task.fields):
            return found
    return _play(contest, turn, scoring).generated


def _kept(contest: Contest, turn: _Turn) -> Generated:
    """What a member wrote for these cases and has kept."""
    if turn.competitor and not turn.pool:
        run = Run(turn.folder, turn.competitor, contest.cases, contest.task, contest.seed, contest.resources)
        return kept(run)
    return stored_candidates(turn.folder)


def _choosing(contest: Contest, turn: _Turn, members: Mapping[str, Generated], *, fit: bool = True) -> Choosing:
    assert turn.pool
    stalls, measuring = _set_out(contest, turn, members)
    selector = _ready(contest, turn, turn.pool) if fit else turn.pool.selector
    return Choosing(turn.name, turn.identity["settings"], stalls, measuring, selector)


def _set_out(contest: Contest, turn: _Turn, members: Mapping[str, Generated]) -> tuple[list[Stall], Measuring]:
    work = private_folder(contest.corpus.root / "selection")
    own = private_folder(work / digest(turn.identity)[:16])
    stalls = set_out(contest.cases, contest.task, members, turn.name)
    shelves = {name: FeatureStore(turn.members[name].folder) for name in members}
    return stalls, Measuring(shelves, FeatureStore(own), ResourceAids(contest.resources, work), contest.jobs)


def _ready(contest: Contest, turn: _Turn, pool: Pool) -> Selector:
    """The pool's selector; one that is not ready is fitted on cases of the valid split, which the members write for.

    Raises RunError where that is the split that is scored, or has no targets."""
    if pool.selector.ready:
        return pool.selector
    if contest.split == LESSONS:
        raise RunError(
            f"the selector of the pool '{turn.name}' is fitted on the {LESSONS} split, which is scored here",
            todo="score another split; or see `harness pool-report`, which fits on some subjects and judges on others",
        )
    if LESSONS not in contest.corpus.splits() or not contest.corpus.has_targets(LESSONS):
        raise RunError(
            f"{contest.corpus.name} has no {LESSONS} split with targets to fit the pool '{turn.name}' on",
            todo='put one into the data, or write choose = "rules" in the lineup',
        )
    offers, scores = lessons(contest, turn.name, pool)
    return pool.selector.fit(offers, scores)


def lessons(contest: Contest, name: str, pool: Pool) -> tuple[list[Offer], list[list[float]]]:
    """Offers and scores of cases of the valid split, none of a subject that is scored now."""
    task, registry, lineup = contest.task, contest.registry, contest.lineup
    school = open_contest(
        task,
        contest.corpus,
        LESSONS,
        lineup,
        registry,
        contest.root,
        limit=pool.fit_cases,
        seed=contest.seed,
        cut_leaks=contest.cut_leaks,
        scorers=objective.scorers(task, registry, lineup),
        jobs=contest.jobs,
        cluster=contest.cluster,
    )
    turn = _settle(school, name, "", {}, ())
    with _scoring(school) as scoring:
        members = {member: _written(school, one, scoring) for member, one in turn.members.items()}
        stalls, measuring = _set_out(school, turn, members)
        references = {one.id: one for one in read_references(school.corpus, task, LESSONS, school.ids)}
        scores = objective.scores(stalls, references, task, scoring)
    offers = measuring.offers(stalls, find_features(pool.selector.reads, name))
    taught = [
        (offer, score)
        for offer, score in zip(offers, scores, strict=True)
        if score is not None and offer.group not in contest.subjects
    ]
    return [offer for offer, _ in taught], [score for _, score in taught]


def _label(name: str, limit: int | None) -> str:
    return name if limit is None else f"{name}-limit{limit}"


def _home(contest: Contest, label: str, wanted: Mapping[str, Any], *, is_member: bool) -> Path:
    """The folder of a run. A member of a pool whose name is taken by a run of other settings gets one of its own."""
    folder = contest.folder(label)
    held = read_identity(folder)
    if is_member and held is not None and differences(held, wanted):
        folder = contest.folder(f"{label}-{digest(wanted)[:6]}")
    refuse_other(folder, wanted)
    return folder


def _rows(contest: Contest, generated: Generated) -> dict[str, dict[str, str]]:
    """The first candidate of every case and field; a failure is an empty text, which scores the worst."""
    found = generated.candidates
    names = [f.name for f in contest.task.fields]
    return {i: {name: found[i, name][0].text if (i, name) in found else "" for name in names} for i in contest.ids}


def _manifest(contest: Contest, turn: _Turn, competitor: Competitor, generated: Generated) -> Manifest:
    models, external = manifests.models(list(turn.competitors()), contest.resources)
    adapters = {weights: about for folder in turn.folders() for weights, about in run_adapters(folder).items()}
    origins = [one["about"] for one in adapters.values()]
    if any("engine" in competitor.tag.needs for competitor in turn.competitors()):
        origins.append(contest.resources.model_origin)
    common = manifests.begin(contest.task, contest.corpus, contest.split, contest.ids, turn.folder.name)
    effective = ("settings", "engine", "encoder", "members")
    made = replace(
        common,
        origin="generated",
        partial=contest.limit is not None,
        system=competitor.plugin,
        settings={name: turn.identity[name] for name in effective if turn.identity.get(name)},
        seed=contest.seed,
        model_digests={**models, **{f"adapter of {one['base']}": weights for weights, one in adapters.items()}},
        external_data=(*external, *manifests.lessons_from(origins)),
        restricted=common.restricted or any(map(from_restricted, origins)),
        hosts=tuple(sorted({host for folder in turn.folders() for host in hosts(folder)})),
        allowed_hosts=tuple(sorted({host for folder in turn.folders() for host in allowed_hosts(folder)})),
        leak_check=contest.leak_check,
        candidates_digest=manifests.candidates_digest(generated),
        failures=len(generated.failures),
    )
    return manifests.signed(made, contest.lineup.team)


def hand_in(
    task: Task,
    corpus: Corpus,
    scoring: Scoring,
    folder: Path,
    rows: Mapping[str, Mapping[str, str]],
    manifest: Manifest,
) -> HandedIn:
    """Write csv, zip and manifest, validate what was written, and score it where the split has references."""
    variants = variants_in(folder)
    remove_cards(folder)  # a crash from here on leaves no scores of another text
    csv = write_csv(rows, task)
    archive = folder / task.submission.archive_name
    write_atomic(folder / task.submission.file_name, csv)
    write_atomic(archive, write_zip(csv, task))
    manifest = replace(manifest, csv_digest=digest_bytes(csv))
    manifests.write(manifest, folder)
    problems = validate(archive, task, frozenset(corpus.ids(manifest.split)))
    if not corpus.has_targets(manifest.split):
        return HandedIn(folder, tuple(problems), None)
    references = read_references(corpus, task, manifest.split, rows)
    submission = read_submission(archive, task)
    measured = score(submission, references, task, scoring, salt(corpus.root), cases=len(rows))
    cards = [make_card(measured, manifest, task, variant) for variant in variants]
    write_cards(cards, measured.stats, folder, measured.parts)
    ledger.record(corpus.root, cards[0], manifest.csv_digest)
    warnings = ledger.warnings(corpus.root, manifest.split)
    return HandedIn(folder, tuple(problems), cards[0], scoring.missing, warnings)


def scoring_of(
    task: Task,
    corpus: Corpus,
    split: str,
    registry: Registry,
    lineup: Lineup,
    names: Sequence[str],
    jobs: int,
    cluster: Cluster | None = None,
) -> Scoring:
    """The scorers of these names, else the task's and the corpus's; what they keep lies under the corpus's root."""
    work = private_folder(corpus.root / "scorers")
    context = ScorerContext(task.language, work, corpus.data / split)
    choices = choose(names or (*task.scorers, *corpus.scorers), registry, lineup, task)
    return Scoring(choices, context, work / "kept.sqlite", jobs, Crew(cluster, corpus.root) if cluster else None)


def read_references(corpus: Corpus, task: Task, split: str, ids: Collection[str] | None = None) -> Iterator[Reference]:
    """The references of a split (of `ids` only, if given), one in memory at a time. Stays without any target have
    none."""
    found = (reference(stay, task) for stay in corpus.stays(split, ids))
    return (one for one in found if one is not None)


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
    ids = corpus.ids(split)
    problems = validate(path, task, frozenset(ids))
    if any(problem.level == "refused" for problem in problems):
        raise SubmissionError(
            f"{path} is no submission for {task.name}:\n{summary(problems, task.submission.judge)}",
            todo="mend the file",
        )
    submitted = read_submission(path, task)
    rows = {i: submitted.rows[i] for i in ids}
    generated = Generated()
    for i, row in rows.items():
        for name, text in row.items():
            if text.strip():
                generated.candidates[i, name] = (Candidate(i, name, text, raw=text, system=label, key=digest(text)),)
    folder = run_folder(root, task, corpus, split, label)
    manifest = replace(
        manifests.signed(manifests.begin(task, corpus, split, ids, label), team),
        candidates_digest=manifests.candidates_digest(generated),
    )
    claim(folder, imported_identity(manifest), corpus.data)
    with locked(folder / "run.lock", f"the run {folder}"):
        store(folder, generated)
        return hand_in(task, corpus, scoring, folder, rows, manifest)
