"""A system's turn, settled before anybody generates: who it is, who its members are, which folder is its run's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import manifest as manifests
from harness.competitor import Competitor, find_competitor
from harness.contest import Contest
from harness.errors import SettingsError, unknown
from harness.files import digest
from harness.run import differences, identity, imported_identity, read_identity, refuse_other
from harness.selection.features import check_reads
from harness.selection.weighted import ByField
from harness.types import Pool, Selector, Task


@dataclass(frozen=True)
class Turn:
    """A system's turn, settled down to its members' turns before anybody generates. An imported run, which can only be
    a member, has no competitor."""

    name: str
    competitor: Competitor | None
    pool: Pool | None
    members: Mapping[str, Turn]
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


def settle(contest: Contest, name: str, label: str, overrides: Mapping[str, Any], above: tuple[str, ...] = ()) -> Turn:
    if name in above:
        raise SettingsError(f"the pool '{name}' holds itself: {' > '.join([*above, name])}", todo="mend its members")
    if above and (imported := _imported(contest, name)):
        return imported
    competitor = find_competitor(name, contest.registry, contest.lineup, contest.task, overrides)
    pool = competitor.pool() if competitor.is_pool else None
    if pool:
        check_reads(pool, f"the pool '{name}'")
        _refuse_unknown_fields(name, pool.selector, contest.task)
    members = {member: settle(contest, member, "", {}, (*above, name)) for member in (pool.members if pool else ())}
    if len(members) == 1:
        _refuse_pool_of_one(name, *members.values())
    wanted = identity(competitor, contest.resources, contest.seed, contest.limit)
    if pool:
        wanted["members"] = {member: turn.identity for member, turn in members.items()}
    folder = _home(contest, label or label_of(name, contest.limit), wanted, is_member=bool(above))
    return Turn(name, competitor, pool, members, wanted, folder)


def _refuse_pool_of_one(pool: str, only: Turn) -> None:
    if only.competitor is None or only.competitor.samples == 1:
        raise SettingsError(
            f"the pool '{pool}' has one member, {only.name}, who writes one text a case: there is nothing to choose",
            todo="name another member, or let this one write several: samples = 4",
        )


def _refuse_unknown_fields(pool: str, selector: Selector, task: Task) -> None:
    known = [field.name for field in task.fields]
    for name in selector.fields if isinstance(selector, ByField) else ():
        if name not in known:
            near = unknown("field", name, known)
            raise SettingsError(f"the pool '{pool}': {near.what} in the task {task.name}", todo=near.todo)


def _imported(contest: Contest, name: str) -> Turn | None:
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
    return Turn(name, None, None, {}, imported_identity(manifest), folder)


def label_of(name: str, limit: int | None) -> str:
    """The name of a system's run that was given none: a sample's says its size."""
    return name if limit is None else f"{name}-limit{limit}"


def _home(contest: Contest, label: str, wanted: Mapping[str, Any], *, is_member: bool) -> Path:
    """The folder of a run. A member of a pool whose name is taken by a run of other settings gets one of its own."""
    folder = contest.folder(label)
    held = read_identity(folder)
    if is_member and held is not None and differences(held, wanted):
        folder = contest.folder(f"{label}-{digest(wanted)[:6]}")
    refuse_other(folder, wanted)
    return folder
