"""Generate, resumable: a run's folder, its identity, and candidates.jsonl.

A candidate is kept under a key that digests all that determines it: the input, the system's settings and source,
the engine, what the train split taught, the seed. Running again asks only for what has no candidate under its key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.candidates import CANDIDATES, Lines, Place, StoredCandidates, lines_by_key, stored, with_line
from harness.cluster import Crew
from harness.competitor import Competitor, results
from harness.errors import PluginError, RunError, SettingsError
from harness.files import (
    JsonLines,
    canonical_json,
    digest,
    locked,
    private_folder,
    remove_torn,
    replacing,
    write_atomic,
)
from harness.inputs import Inputs
from harness.lineup import ServerSettings
from harness.pace import Pace
from harness.privacy import allowed, is_restricted
from harness.progress import counter
from harness.resources import Resources, SystemContext
from harness.shards import sharded
from harness.types import Candidate, Case, Corpus, Failure, Field, Manifest, Runner, Task

HOSTS = "hosts.txt"
ALLOWED = "allowed-hosts.txt"
ADAPTERS = "adapters.json"

RECIPE = 1
"""Raised by hand when the harness itself changes what a system is shown or what becomes of its text."""


@dataclass(frozen=True)
class Run:
    """A folder with one system's candidates for one set of cases. What its engine does now is counted in `pace`."""

    folder: Path
    competitor: Competitor
    cases: Sequence[Case]
    task: Task
    seed: int
    resources: Resources
    pace: Pace = field(default_factory=Pace)

    @property
    def candidates_file(self) -> JsonLines:
        return JsonLines(self.folder / CANDIDATES)


@dataclass
class Generated:
    """The candidates of a run by place, in the order of their index, and what failed."""

    candidates: Mapping[Place, Sequence[Candidate]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    made: int = 0


def identity(competitor: Competitor, resources: Resources, seed: int, limit: int | None) -> dict[str, Any]:
    """What a label stands for. Leaves out the source of the plugin: an edited plugin runs again under its label."""
    corpus, needs = resources.corpus, competitor.tag.needs
    return {
        "task": resources.task.name,
        "task_version": resources.task.version,
        "corpus": corpus.name,
        "corpus_digest": corpus.digest(resources.split),
        "split": resources.split,
        "limit": limit,
        "seed": seed,
        "system": competitor.plugin,
        "settings": dict(competitor.settings),
        "engine": resources.engine_identity if "engine" in needs else None,
        "encoder": resources.digest_of("encoder") if "encoder" in needs or "guide" in needs else None,
    }


def imported_identity(manifest: Manifest) -> dict[str, Any]:
    """What the label of an imported file stands for."""
    kept = ("task", "task_version", "corpus", "corpus_digest", "split", "candidates_digest")
    return {name: getattr(manifest, name) for name in kept}


def store(folder: Path, generated: Generated) -> None:
    """Write candidates that were not generated here (chosen by a pool, imported), all of them at once."""
    with replacing(folder / CANDIDATES) as file:
        for place in generated.candidates.values():
            file.writelines(f"{canonical_json(candidate)}\n".encode() for candidate in place)


def stored_candidates(folder: Path) -> Generated:
    """What `store` wrote there."""
    return Generated(stored(JsonLines(folder / CANDIDATES)))


def run_folder(root: Path, task: Task, corpus: Corpus, split: str, label: str) -> Path:
    if not label or label != Path(label).name or label.startswith("."):
        raise SettingsError(f"the label '{label}' is no name for a folder", todo="use letters, digits, - and _")
    return root / task.name / corpus.name / split / label


@contextmanager
def claimed(folder: Path, wanted: Mapping[str, Any] | None, data: Path) -> Iterator[None]:
    """Make `folder` the home of a run of this identity (of whichever comes, where there is none), and hold its lock.
    Raises RunError if it is another's, or in use: nothing is overwritten."""
    private_folder(folder)
    with locked(folder / "run.lock", f"the run {folder}"):
        remove_torn(folder)
        if wanted is not None:
            refuse_other(folder, wanted)
        if read_identity(folder) is None:
            write_atomic(folder / ".gitignore", b"*\n")  # wherever it lies, no git add takes it along
            claim = {"identity": wanted, "data": str(data.resolve())}
            write_atomic(folder / "run.json", canonical_json(claim).encode())
        yield


def refuse_other(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Raise RunError, with what differs, if the folder holds a run of another identity."""
    differing = differences(read_identity(folder) or wanted, wanted)
    if differing:
        what = "another submission" if "candidates_digest" in wanted else "a run with other settings"
        raise RunError(
            f"{folder} holds {what}: {'; '.join(differing)}",
            todo="give this one a label of its own with --as LABEL, or delete that folder",
        )


def read_identity(folder: Path) -> Mapping[str, Any] | None:
    path = folder / "run.json"
    if not path.exists():
        return None
    identity: Mapping[str, Any] | None = json.loads(path.read_bytes())["identity"]
    return identity


def differences(held: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What differs between two identities, one line a leaf: 'settings.shots is 1 there, 3 here'."""
    held, wanted = (json.loads(canonical_json(one)) for one in (held, wanted))
    found = []
    for name in sorted({*held, *wanted}):
        there, here = held.get(name), wanted.get(name)
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            found += differences(there, here, f"{prefix}{name}.")
        elif there != here:
            found.append(f"{prefix}{name} is {there!r} there, {here!r} here")
    return found


def generate(run: Run) -> Generated:
    """Complete the run: field by field in the Task's order, asking the system only for what is missing."""
    places: dict[Place, Lines] = {}
    generated = Generated(StoredCandidates(run.candidates_file, places))
    found = lines_by_key(run.candidates_file)
    for task_field in run.task.fields:
        keys = _keys(run, _inputs(run, task_field, generated))
        lines = {place: found.pop(key, ()) for place, key in keys.items()}
        _complete(run, task_field, keys, lines, generated)
        places.update((place, there) for place, there in lines.items() if there)
    return generated


def kept(run: Run) -> Generated:
    """What the run has so far of what it is to write; nobody is asked for more."""
    places: dict[Place, Lines] = {}
    generated = Generated(StoredCandidates(run.candidates_file, places))
    found = lines_by_key(run.candidates_file)
    for task_field in run.task.fields:
        keys = _keys(run, _inputs(run, task_field, generated))
        places.update((place, found[key]) for place, key in keys.items() if key in found)
    return generated


def _inputs(run: Run, task_field: Field, generated: Generated) -> Inputs:
    """The field's inputs, which read what `generated` has by then of the fields before it."""

    def earlier(case: str) -> dict[str, str]:
        places = ((name, generated.candidates.get((case, name))) for name in task_field.after)
        return {name: found[0].text for name, found in places if found}

    return Inputs(run.cases, range(len(run.cases)), run.task, task_field, earlier)


def _complete(
    run: Run, task_field: Field, keys: Mapping[Place, str], lines: MutableMapping[Place, Lines], generated: Generated
) -> None:
    """Ask the system for what is missing in `lines`, and put it there."""
    samples = run.competitor.samples
    done = {place for place, there in lines.items() if len(there) >= samples}
    if len(done) == len(keys):
        return
    stored_now = set(done)
    context = _context(run, stored_now)
    context.load()
    inputs = _inputs(run, task_field, generated)
    if not run.competitor.batched:
        inputs = replace(inputs, places=[at for at, place in enumerate(keys) if place not in done])
    with _noting_hosts(run), run.candidates_file.appending() as file:
        runner = _runner(run, context)
        for result in _checked(run, runner, inputs, keys, done, context.failed):
            if isinstance(result, Failure):
                generated.failures.append(result)
                continue
            place = result.case, result.field
            if result.index in dict(lines[place]):
                continue
            lines[place] = with_line(lines[place], result.index, file.append(asdict(result)))
            generated.made += 1
            if len(lines[place]) >= samples:
                stored_now.add(place)


def _checked(
    run: Run,
    runner: Any,
    inputs: Inputs,
    keys: Mapping[Place, str],
    done: set[Place],
    not_completed: Mapping[Place, str],
) -> Iterator[Candidate | Failure]:
    """The runner's results for what is not done, each candidate with its system and key; a case that the runner
    passes over in silence is a Failure, with the engine's reason where there is one."""
    left = keys.keys() - done
    progress = counter(f"{run.competitor.name}: {inputs.field.title}", len(left), "case")
    for result in results(run.competitor, runner, inputs):
        place = (result.case, result.field)
        if place not in keys:
            raise PluginError(
                f"the system '{run.competitor.name}' answered for case {result.case}, {result.field}: not asked",
                todo="yield candidates for the inputs that generate() was given",
            )
        if place in done:
            continue
        if place in left:
            left.discard(place)
            progress.update()
        if isinstance(result, Failure):
            yield result
        elif not isinstance(result.text, str) or not isinstance(result.raw, str):
            yield Failure(*place, f"its text is no str but {type(result.text).__name__}")
        else:
            yield replace(result, system=run.competitor.name, key=keys[place], raw=result.raw or result.text)
    progress.close()
    for case, name in sorted(left):
        yield Failure(case, name, not_completed.get((case, name), "the system yielded nothing for it"))


def hosts(folder: Path) -> tuple[str, ...]:
    """The hosts that prompts of this run were sent to, by whichever process."""
    return _noted(folder / HOSTS)


def allowed_hosts(folder: Path) -> tuple[str, ...]:
    """The hosts that a restricted corpus's text might have been sent to, by the line-up's word: a plugin reaches them
    as well as the engine does."""
    return _noted(folder / ALLOWED)


def _noted(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").split()) if path.exists() else ()


@contextmanager
def _noting_hosts(run: Run) -> Iterator[None]:
    """Write down where it goes what the system is shown: before anything is sent, for the run may be killed, and go on
    with another server; and at the end which machines of a crew worked, for some may have joined meanwhile."""
    crew = _crew(run)
    reached = run.resources.hosts if "engine" in run.competitor.tag.needs else ()
    _note_hosts(run, crew.nodes() if crew else reached)
    try:
        yield
    finally:
        if crew:
            _note_hosts(run, crew.worked())


def _crew(run: Run) -> Crew | None:
    """The crew, if it is shown what the system is: as what is asked of the engine, or case by case."""
    if "engine" in run.competitor.tag.needs:
        return None if isinstance(run.resources.lineup.engine, ServerSettings) else run.resources.crew
    return None if run.competitor.batched else run.resources.crew


def _runner(run: Run, context: SystemContext) -> Runner:
    """The system, opened here; or by each worker, where there are any and it writes each case by itself."""
    crew = _crew(run)
    if crew is None or run.competitor.batched:
        return run.competitor.open(context)
    return sharded(run.competitor, run.resources, run.seed, crew)


def _note_hosts(run: Run, reached: Sequence[str]) -> None:
    """Add these to the run's hosts, and to those that are allowed all that are, networks of a crew's machines too."""
    of_crew = run.resources.lineup.cluster.hosts if run.resources.crew and is_restricted() else ()
    for name, new in ((HOSTS, reached), (ALLOWED, (*allowed(), *of_crew))):
        if known := {*_noted(run.folder / name), *new}:
            write_atomic(run.folder / name, "".join(f"{host}\n" for host in sorted(known)).encode())


def adapters(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """By the digest of their weights, the adapters that wrote texts of this run: base, and where lessons are from."""
    path = folder / ADAPTERS
    found: Mapping[str, Mapping[str, Any]] = json.loads(path.read_bytes()) if path.exists() else {}
    return found


def _remember_adapter(folder: Path, adapter: Path) -> None:
    """Write it down before it writes anything: a later process may find nothing left to do."""
    from harness.tuning.adapters import read_manifest

    manifest = read_manifest(adapter)
    known = {**adapters(folder), manifest.weights: {"base": manifest.base, "about": manifest.about}}
    write_atomic(folder / ADAPTERS, canonical_json(known).encode())


def _context(run: Run, stored: set[Place]) -> SystemContext:
    work = private_folder(run.resources.corpus.root / "systems" / run.competitor.plugin)
    return SystemContext(
        run.task,
        run.seed,
        work,
        run.competitor.tag.needs,
        run.resources,
        stored,
        run.competitor.name,
        note_adapter=partial(_remember_adapter, run.folder),
        pace=run.pace,
    )


def _keys(run: Run, inputs: Inputs) -> dict[Place, str]:
    """By place, in the order of the inputs, the digest of all that determines its candidates."""
    made_by = digest(
        {
            "recipe": RECIPE,
            "settings": run.competitor.settings,
            "source": run.competitor.source,
            "resources": {need: run.resources.digest_of(need) for need in run.competitor.tag.needs},
            "seed": run.seed,
        }
    )
    return {(asked.case, asked.field): digest([made_by, asked]) for asked in inputs}
