"""The main job: load -> prepare -> generate -> select -> write -> validate -> score, for one split of a corpus.

Each stage leaves files in the run's folder; a crash anywhere loses at most the batch in flight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness import energy
from harness import manifest as manifests
from harness.candidates import FirstTexts
from harness.competitor import Competitor
from harness.contest import Contest
from harness.errors import SettingsError
from harness.files import digest, replacing
from harness.hand_in import HandedIn, hand_in
from harness.pace import Pace, lines, noting
from harness.pools import LESSONS, Choosing, choosing
from harness.privacy import is_here
from harness.run import Generated, Run, allowed_hosts, claimed, generate, hosts, kept, store, stored_candidates
from harness.run import adapters as run_adapters
from harness.scoring import Scoring
from harness.selection.choose import shares
from harness.tuning.origin import from_restricted
from harness.turns import Turn, settle
from harness.types import Manifest, Settings
from harness.usage import usage_of, write_usage

PREPARED = "prepared.jsonl"
SHOWN_FAILURES = 10


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


def enter(contest: Contest, name: str, *, label: str = "", overrides: Mapping[str, Any] | None = None) -> Entered:
    """Let a system compete: generate (for a pool: its members first, then choose), write, validate, score."""
    turn = settle(contest, name, label, overrides or {})
    with contest.scoring() as scoring:
        return _play(contest, turn, scoring)


def _play(contest: Contest, turn: Turn, scoring: Scoring) -> Entered:
    if turn.competitor is None:
        return Entered(turn.folder.name, stored_candidates(turn.folder), HandedIn(turn.folder, (), None))
    members = {name: _play(contest, member, scoring) for name, member in turn.members.items()}
    offered = {name: member.generated for name, member in members.items()}
    choice = choosing(contest, turn, offered, _written) if turn.pool else None
    now = Pace()
    with claimed(turn.folder, turn.identity, contest.corpus.data):
        with replacing(turn.folder / PREPARED) as file:
            file.writelines(f"{line}\n".encode() for line in contest.records())
        if choice:
            generated = choice.chosen()
            store(turn.folder, generated)
        else:
            generated, now = _write(contest, turn, turn.competitor)
        rows = FirstTexts(generated.candidates, contest.ids, contest.task)
        manifest = _manifest(contest, turn, turn.competitor, generated)
        handed_in = hand_in(contest.task, contest.corpus, scoring, turn.folder, rows, manifest)
        entered = Entered(turn.folder.name, generated, handed_in, tuple(members.values()), now)
        write_usage(usage_of(len(rows), generated, entered.runs(), manifest.candidates_digest), turn.folder)
    return entered


def _write(contest: Contest, turn: Turn, competitor: Competitor) -> tuple[Generated, Pace]:
    """The texts of a system that writes itself, and the pace at which those that were missing were written now."""
    began = energy.snapshot()
    with noting(turn.folder) as now:
        generated = generate(
            Run(turn.folder, competitor, contest.cases, contest.task, contest.seed, contest.resources, now)
        )
    if all(map(is_here, hosts(turn.folder))):
        energy.note(turn.folder, began, generated.made, now.training_joules)
    return generated, now


def _manifest(contest: Contest, turn: Turn, competitor: Competitor, generated: Generated) -> Manifest:
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
        source=digest([one.source for one in turn.competitors()]),
    )
    return manifests.signed(made, contest.lineup.team)


# --------------------------------------------------------------------------- pools


def rehearse(contest: Contest, name: str, label: str = "", overrides: Settings | None = None) -> Choosing:
    """What the pool would choose by; its members are asked for what is missing, and nothing is handed in for it. On the
    valid split the selector may be one that is not ready: whoever rehearses there has to fit it.

    Raises SettingsError for a system that is no pool."""
    turn = settle_pool(contest, name, label, overrides or {})
    with contest.scoring() as scoring:
        members = {member: _written(contest, one, scoring) for member, one in turn.members.items()}
    return choosing(contest, turn, members, _written, fit=contest.split != LESSONS)


def recall(contest: Contest, name: str, label: str = "", overrides: Settings | None = None) -> Choosing:
    """What the pool chooses by, from what its members wrote before; nobody is asked to write.

    Raises SettingsError for a system that is no pool, RunError where nothing was written."""
    turn = settle_pool(contest, name, label, overrides or {})
    members = {member: _kept(contest, one) for member, one in turn.members.items()}
    return choosing(contest, turn, members, _written)


def settle_pool(contest: Contest, name: str, label: str, overrides: Settings) -> Turn:
    """The turn of a pool. Raises SettingsError for a system that is none."""
    turn = settle(contest, name, label, overrides)
    if not turn.pool:
        raise SettingsError(f"{name} is no pool: it writes its texts itself", todo="name a pool, such as des")
    return turn


def _written(contest: Contest, turn: Turn, scoring: Scoring) -> Generated:
    """A member's candidates; it plays its turn unless it has kept them all."""
    if turn.competitor and not turn.pool:
        found = _kept(contest, turn)
        wanted = turn.competitor.samples
        if all(len(found.candidates.get((i, f.name), ())) >= wanted for i in contest.ids for f in contest.task.fields):
            return found
    return _play(contest, turn, scoring).generated


def _kept(contest: Contest, turn: Turn) -> Generated:
    """What a member wrote for these cases and has kept."""
    if turn.competitor and not turn.pool:
        run = Run(turn.folder, turn.competitor, contest.cases, contest.task, contest.seed, contest.resources)
        return kept(run)
    return stored_candidates(turn.folder)
