"""Adapters: found by the digest of what determines them, shipped or made before, else trained.

<corpus root>/adapters/<identity>/      adapter_model.safetensors, adapter_config.json, manifest.json,
                                        loss.csv, loss.png, job.json, lessons.arrow; while it is trained checkpoint
<corpus root>/adapters/known/<key>      the identity that settings, data and code led to before
lineups/adapters/<identity>/            those that come with the shipped line-ups
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness import assets
from harness.engines.loading import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from harness.engines.runtime import prepare_torch
from harness.errors import AssetError, RunError, SettingsError, TuningError
from harness.files import (
    canonical_json,
    digest,
    digest_file,
    locked,
    private_folder,
    read_object,
    remove_torn,
    write_atomic,
)
from harness.lineup import EngineSettings
from harness.privacy import restrict
from harness.tuning.job import JOB, LESSONS, RECIPE, Base, Job, read_job, recipe, write_job
from harness.tuning.lessons import Taught, write_lessons
from harness.tuning.origin import BASE, from_restricted, taught_by
from harness.types import Lesson, Tuning

MANIFEST = "manifest.json"
MERGED = "merged.json"
SHIPPED = Path(__file__).resolve().parent.parent.parent / "lineups" / "adapters"


class Untrained(TuningError):
    """A training is prepared in `folder`, and not done yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"the training in {folder} is not done yet", todo=f"python -m harness.tuning {folder}")
        self.folder = folder


@dataclass(frozen=True)
class AdapterManifest:
    """The identity that travels with an adapter; holds no text and no id of a patient. `identity` is the digest of what
    determined it, `weights` that of what came of it, `config` that of the file that says how it is applied (empty in
    older ones); `about` says where its lessons come from. `peak_bytes` is the most memory that the first of the
    `processes` held."""

    identity: str
    weights: str
    recipe: int
    base: str
    base_digest: str
    start_digest: str
    tuning: Mapping[str, Any]
    about: Mapping[str, Any]
    lessons: int
    too_long: int
    elsewhere: int
    steps: int
    tokens: int
    loss: float
    held_out: float | None
    stopped: str
    seconds: float
    peak_bytes: int
    packages: Mapping[str, str]
    revision: str
    processes: int = 1
    config: str = ""
    schema: int = 1


@dataclass(frozen=True)
class School:
    """Where adapters are made: the base as the line-up has it, the corpus's root, what the lessons are said to be, and
    the subjects whose lessons are left out because they stand in other splits."""

    engine: EngineSettings
    root: Path
    about: Mapping[str, Any]
    elsewhere: frozenset[str]

    @property
    def base(self) -> Base:
        model = self.engine.model
        return Base(str(assets.model_from(model)), Path(model).name, assets.digest(model), self.engine.chat)

    @property
    def folder(self) -> Path:
        return private_folder(self.root / "adapters")


def adapter(
    school: School,
    lessons: Callable[[], Iterable[Lesson]],
    tuning: Tuning,
    known_by: Mapping[str, Any],
    start: Path | None = None,
    *,
    trains: bool = True,
) -> Path:
    """The folder of the adapter that these lessons teach: shipped, made before, or trained now. Raises Untrained, the
    training prepared, where it is not to be trained now."""
    folder = prepare(school, lessons, tuning, known_by, start)
    if (folder / MANIFEST).exists():
        return folder
    if not trains:
        raise Untrained(folder)
    return make(folder)


def prepare(
    school: School,
    lessons: Callable[[], Iterable[Lesson]],
    tuning: Tuning,
    known_by: Mapping[str, Any],
    start: Path | None = None,
) -> Path:
    """The folder of that adapter, or of the training that makes it."""
    base, begun_with = school.base, digest_file(start / ADAPTER_WEIGHTS) if start else ""
    about = on_base(school.about, Path(base.folder))
    where, threads = school.engine.device, school.engine.threads
    job = Job(base, Taught("", 0, 0, 0), tuning, where, threads, str(start or ""), begun_with, about)
    key = digest([recipe(about), known_by, base.digest, base.chat, tuning, begun_with])
    known = private_folder(school.folder / "known") / key[:16]
    if known.exists() and (found := _find(school, known.read_text(encoding="ascii"))):
        _renew(found, job)
        return found
    temporary = private_folder(school.folder / f".{key[:16]}")
    with locked(temporary / "prepare.lock", "the preparation of this training"):
        from harness.engines.loading import load_tokenizer

        tokenizer = load_tokenizer(Path(base.folder))
        longest = tuning.sequence_length
        taught = write_lessons(temporary / LESSONS, lessons(), tokenizer, base.chat, longest, school.elsewhere)
        job = replace(job, taught=taught)
        if found := _find(school, job.identity):
            _renew(found, job)
        else:
            found = private_folder(school.folder / job.identity[:16])
            (temporary / LESSONS).replace(found / LESSONS)
            write_job(job, found)
        write_atomic(known, job.identity.encode())
    shutil.rmtree(temporary)
    return found


def _find(school: School, identity: str) -> Path | None:
    """A finished adapter of this identity, else a training that is under way."""
    shipped, own = SHIPPED / identity[:16], school.folder / identity[:16]
    for folder in (own, shipped):
        if (folder / MANIFEST).exists():
            verify(folder)
            return folder
    return own if (own / JOB).exists() else None


def _renew(folder: Path, job: Job) -> None:
    """Let a training that was begun go on where `job` says: the device, the threads and the folders may be others by
    now. One that is at work is left alone."""
    if not (folder / MANIFEST).exists():
        with suppress(RunError), _at_work(folder):
            write_job(replace(job, taught=read_job(folder).taught), folder)


def _at_work(folder: Path) -> AbstractContextManager[None]:
    return locked(folder / "train.lock", f"the training in {folder}")


def make(folder: Path) -> Path:
    """Do the training that `folder` holds, and leave the adapter, its manifest and its curve there."""
    job = read_job(folder)
    if from_restricted(job.about):
        restrict()
    prepare_torch(job.threads)
    from harness.tuning.loop import train
    from harness.tuning.team import joined

    with joined(job.device) as team:
        lock = _at_work(folder) if team.leads else nullcontext()
        with lock:
            if not (folder / MANIFEST).exists():
                if team.leads:
                    remove_torn(folder)
                training, trained = train(folder, team=team)
                weights = training.student.state()
                if team.leads:
                    _keep(folder, job, training.student, weights, trained, team.size)
    return folder


def _keep(folder: Path, job: Job, student: Any, weights: Mapping[str, Any], trained: Any, processes: int) -> None:
    from harness.tuning.curve import write_curve
    from harness.tuning.progress import CHECKPOINT

    student.save(folder, job.base.name, weights)
    write_curve(trained.progress.points, folder)
    manifest = _manifest(folder, job, trained, processes)
    text = json.dumps(json.loads(canonical_json(manifest)), indent=1)
    write_atomic(folder / MANIFEST, f"{text}\n".encode())
    (folder / CHECKPOINT).unlink(missing_ok=True)


def _manifest(folder: Path, job: Job, trained: Any, processes: int) -> AdapterManifest:
    from harness.manifest import packages, revision

    done = trained.progress
    return AdapterManifest(
        identity=job.identity,
        weights=digest_file(folder / ADAPTER_WEIGHTS),
        config=digest_file(folder / ADAPTER_CONFIG),
        recipe=RECIPE,
        base=job.base.name,
        base_digest=job.base.digest,
        start_digest=job.start_digest,
        tuning=asdict(job.tuning),
        about=job.about,
        lessons=job.taught.lessons,
        too_long=job.taught.too_long,
        elsewhere=job.taught.elsewhere,
        steps=done.steps,
        tokens=done.tokens,
        loss=done.points[-1].loss,
        held_out=done.best,
        stopped=trained.stopped,
        seconds=done.seconds,
        peak_bytes=trained.peak_bytes,
        processes=processes,
        packages=packages(),
        revision=revision(),
    )


def read_manifest(folder: Path) -> AdapterManifest:
    """Raises AssetError where the folder holds no adapter of ours."""
    try:
        return AdapterManifest(**json.loads((folder / MANIFEST).read_bytes()))
    except FileNotFoundError:
        raise AssetError(
            f"{folder} holds no {MANIFEST}: it is no adapter that this harness trained",
            todo=f"name a folder that holds {MANIFEST} and {ADAPTER_WEIGHTS}",
        ) from None
    except (ValueError, TypeError):
        raise AssetError(
            f"{folder / MANIFEST} cannot be read", todo="copy the adapter again, or train it anew"
        ) from None


def verify(folder: Path) -> AdapterManifest:
    """The manifest, once the weights, and how they are applied, are what it says. Raises AssetError if they are not."""
    manifest = read_manifest(folder)
    for name, named in {ADAPTER_WEIGHTS: manifest.weights, ADAPTER_CONFIG: manifest.config}.items():
        if not (folder / name).exists():
            raise _unlike(f"{folder / name} is not there, and its manifest speaks of it")
        if named and digest_file(folder / name) != named:
            raise _unlike(f"{folder / name} is not what its manifest says (its checksum differs)")
    if not manifest.config:
        _compare(folder / ADAPTER_CONFIG, manifest.tuning)
    return manifest


_NEVER_SET = ("rank_pattern", "alpha_pattern", "use_rslora", "use_dora")


def _compare(config: Path, tuning: Mapping[str, Any]) -> None:
    """For a manifest without the file's checksum: what decides by how much the weights count."""
    found = read_object(config)
    for name, asked in {"r": "rank", "lora_alpha": "alpha"}.items():
        if found.get(name) != tuning[asked]:
            raise _unlike(f"{config} is not what its manifest says ({name} is not {tuning[asked]})")
    for name in _NEVER_SET:
        if found.get(name):
            raise _unlike(f"{config} is not what its manifest says ({name} is set)")


def _unlike(what: str) -> AssetError:
    return AssetError(what, todo="copy the adapter again, or delete its folder: it is trained anew")


def check_base(folder: Path, manifest: AdapterManifest, base: Base) -> None:
    """Raises AssetError if the adapter in `folder` is another base's."""
    if manifest.base_digest != base.digest:
        raise AssetError(
            f"the adapter in {folder} was trained on {manifest.base}, the line-up's model is {base.name} "
            "(or another state of it)",
            todo="set the [engine] model to that base",
        )


def check_given(folder: Path, base: Base, scored: str) -> AdapterManifest:
    """An adapter from elsewhere: whole, of this base, not taught by the split that is scored (`scored` is that split's
    digest). Raises AssetError or SettingsError."""
    manifest = verify(folder)
    check_base(folder, manifest, base)
    check_split(f"the adapter in {folder}", manifest.about, scored)
    return manifest


def check_split(what: str, about: Mapping[str, Any], scored: str) -> None:
    """Raises SettingsError if what was taught this was taught by the split that is scored."""
    if taught_by(about, scored):
        raise SettingsError(
            f"{what} was trained on the split that is scored",
            todo="score another split, or use an adapter of the train split",
        )


def about_merged(model: Path) -> Mapping[str, Any]:
    """Where the lessons come from of an adapter that was put into this model for good, and the name of the folder of
    the corpus that it lay in; empty where none was."""
    path = model / MERGED
    if not path.exists():
        return {}
    told = json.loads(path.read_bytes())
    return {**told["about"], "root": told["root"]}


def on_base(about: Mapping[str, Any], model: Path) -> Mapping[str, Any]:
    """Where the lessons come from of what is learned on this model: its own count as much."""
    taught = about_merged(model)
    return {**about, BASE: taught} if taught else about
