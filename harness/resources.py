"""What systems share in one process: the engine, the encoder, the examples and what the train split teaches.

Each is opened when it is first asked for; the digests that make up a candidate's key are known without opening.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import assets
from harness.engines.wrapped import Wrapped
from harness.errors import GenerationError, PluginError, RunError, SettingsError
from harness.examples import ExampleStore, open_examples, store_key
from harness.files import digest, digest_file, private_folder, write_atomic
from harness.lineup import AnyEngineSettings, EncoderSettings, Lineup, ServerSettings, VllmSettings
from harness.pace import Pace
from harness.plugins import Need
from harness.privacy import restrict
from harness.tuning.origin import PUBLIC_PRIMER, RESTRICTED_PRIMER, from_restricted
from harness.types import (
    Completion,
    Corpus,
    Encoder,
    Engine,
    Example,
    Guide,
    Lesson,
    Prompt,
    Sampling,
    Task,
    Tuning,
)

if TYPE_CHECKING:
    from harness.cluster import Crew
    from harness.tuning.adapters import School

_TEACHING = ("train", "valid")
_LEARNING: tuple[Need, ...] = ("engine", "guide", "examples")


class Resources:
    def __init__(
        self,
        task: Task,
        corpus: Corpus,
        split: str,
        lineup: Lineup,
        scored: Collection[str],
        crew: Crew | None = None,
    ) -> None:
        """`scored` are the groups of the scored cases: no example is of one of them. Without `trains` an adapter that
        is not there yet is prepared, and Untrained is raised. The workers of a `crew` complete what the engine is
        asked, unless it is a server, which takes many requests at a time anyway."""
        self.task, self.corpus, self.split, self.lineup, self.crew = task, corpus, split, lineup, crew
        self.scored = frozenset(scored)
        self._stores: dict[str, ExampleStore] = {}
        self.trains = True

    @cached_property
    def engine(self) -> Engine:
        self._admit(self.model_origin)
        settings = self.lineup.engine
        engine = open_engine(settings)
        if self.crew is None or isinstance(settings, ServerSettings):
            return engine
        from harness.engines.remote import EngineBench, remote

        cards = settings.tensor_parallel if isinstance(settings, VllmSettings) else int(settings.device != "cpu")
        bench = EngineBench(settings, self.digest_of("engine"), settings.threads, cards)
        return remote(engine, bench, self.crew)

    @cached_property
    def model_origin(self) -> Mapping[str, Any]:
        """Where the lessons come from of an adapter that was put into the line-up's model for good, if one was."""
        from harness.tuning.adapters import about_merged

        engine = self.lineup.engine
        return {} if isinstance(engine, ServerSettings) else about_merged(assets.model_from(engine.model))

    def _admit(self, origin: Mapping[str, Any]) -> None:
        """A model that an adapter was put into obeys what the adapter would."""
        from harness.tuning.adapters import check_split

        check_split("the line-up's model", origin, self.corpus.digest(self.split))
        if from_restricted(origin):
            restrict()

    @cached_property
    def engine_identity(self) -> dict[str, Any]:
        return engine_identity(self.lineup.engine)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that prompts are sent to by whoever asks the engine: the server's, if it is one."""
        engine = self.lineup.engine
        return (engine.host,) if isinstance(engine, ServerSettings) else ()

    @cached_property
    def encoder(self) -> Encoder:
        return open_encoder(self.lineup.encoder)

    def examples(self, field: str, split: str) -> Sequence[Example]:
        if split == self.split or split not in _TEACHING:
            raise RunError(
                f"examples of the {split} split were asked for while {self.split} is scored",
                todo=f"only {' and '.join(_TEACHING)} teach, and never the split that is scored",
            )
        if split not in self.corpus.splits():
            if split not in self.task.splits:
                raise RunError(
                    f"the task {self.task.name} has no {split} split to learn from: it has "
                    f"{', '.join(self.task.splits)}",
                    todo=f"name the split that teaches {split}, in the task and in the data: "
                    f"only {' and '.join(_TEACHING)} teach",
                )
            raise RunError(
                f"{self.corpus.name} has no {split} split to learn from",
                todo=f"give data that have one; these have {', '.join(self.corpus.splits())}",
            )
        if split not in self._stores:
            self._stores[split] = open_examples(self.corpus, self.task, split)
        found = self._stores[split].field(field, self.scored)
        if not found and (left_out := len(self._stores[split].field(field, ()))):
            raise RunError(
                f"all {left_out} examples of {field} in the {split} split are of subjects that are scored, "
                "and none of theirs teaches",
                todo=f"give a {split} split of other subjects",
            )
        return found

    @cached_property
    def _teacher(self) -> str:
        return next((s for s in _TEACHING if s != self.split and s in self.corpus.splits()), _TEACHING[0])

    @cached_property
    def guide(self) -> Guide:
        from harness import guide

        path = private_folder(self.corpus.root / "guide") / f"{self.digest_of('guide')[:16]}.json"
        if not path.exists():
            taught = {f.name: self.examples(f.name, self._teacher) for f in self.task.fields}
            write_atomic(path, guide.dump(guide.learn(taught, self.encoder.tokens)).encode())
        return guide.load(path.read_text(encoding="utf-8"))

    def adapter(
        self,
        lessons: Callable[[], Iterable[Lesson]],
        tuning: Tuning,
        known_by: Mapping[str, Any],
        start: Path | None,
        external: str,
        public: bool,
    ) -> Path:
        """See `Context.adapter`."""
        from harness.tuning import adapters

        about: dict[str, Any] = {"corpus": self.corpus.name, "restricted": self.corpus.restricted}
        about |= {"external": external} if external else {"splits": {self._teacher: self.corpus.digest(self._teacher)}}
        if external and not self.corpus.restricted:
            about |= PUBLIC_PRIMER if public else RESTRICTED_PRIMER
        if start is not None:
            about["begun_with"] = adapters.read_manifest(start).about
        if from_restricted(about):
            restrict()
        return adapters.adapter(
            replace(self.school, about=about),
            lessons,
            tuning,
            {**known_by, "examples": "" if external else self._examples_digest, "guide": self._guide_digest},
            start,
            trains=self.trains,
        )

    @cached_property
    def school(self) -> School:
        """Where adapters of the line-up's model are made. Raises SettingsError where it runs behind a server."""
        from harness.tuning.adapters import School

        engine = self.lineup.engine
        if isinstance(engine, ServerSettings):
            raise SettingsError(
                "a model behind a server cannot be tuned from here",
                todo='name a local model: [engine] kind = "transformers", model = "FOLDER"',
            )
        others = [split for split in self.corpus.splits() if split != self._teacher]
        elsewhere = frozenset(group for split in others for group in self.corpus.groups(split).values())
        learner = engine.learner if isinstance(engine, VllmSettings) else engine
        return School(learner, self.corpus.root, {}, elsewhere)

    def given_adapter(self, folder: Path) -> Path:
        from harness.tuning.adapters import check_given

        if from_restricted(check_given(folder, self.school.base, self.corpus.digest(self.split)).about):
            restrict()
        return folder

    def digest_of(self, need: Need) -> str:
        """Identity of a resource, without opening it."""
        match need:
            case "engine":
                return digest(self.engine_identity)
            case "encoder":
                return digest([assets.digest(self.lineup.encoder.model), _versions()])
            case "examples":
                return self._examples_digest
            case "guide":
                return self._guide_digest

    @cached_property
    def _examples_digest(self) -> str:
        splits = [s for s in _TEACHING if s != self.split and s in self.corpus.splits()]
        shared = sorted(self.scored & {g for s in splits for g in self.corpus.groups(s).values()})
        return digest([[[s, store_key(self.corpus, self.task, s)] for s in splits], shared])

    @cached_property
    def _guide_digest(self) -> str:
        from harness import guide

        return digest([self._examples_digest, self.digest_of("encoder"), digest_file(Path(guide.__file__))])


def open_encoder(settings: EncoderSettings) -> Encoder:
    from harness.nlp import encoder

    return encoder.open_encoder(assets.model_from(settings.model), settings.threads)


def open_engine(settings: AnyEngineSettings) -> Engine:
    if isinstance(settings, ServerSettings):
        from harness.engines.server import open_server

        return open_server(settings)
    if isinstance(settings, VllmSettings):
        from harness.engines.vllm import open_vllm

        return open_vllm(assets.model_from(settings.model), settings)
    from harness.engines.transformers import open_transformers

    return open_transformers(
        assets.model_from(settings.model),
        dtype=settings.dtype,
        device=settings.device,
        threads=settings.threads,
        batch_size=settings.batch_size,
        batch_tokens=settings.batch_tokens,
        chat=settings.chat,
        quantisation=settings.quantisation,
    )


def engine_identity(settings: AnyEngineSettings) -> dict[str, Any]:
    """What determines an engine's texts: settings, model and library versions; for a server what it says of itself."""
    if isinstance(settings, ServerSettings):
        from harness.engines.server import server_identity

        return server_identity(settings)
    packages = _versions()
    if isinstance(settings, VllmSettings):
        from harness.engines.vllm import installed

        packages |= installed()
    return {**dataclasses.asdict(settings), "model": assets.digest(settings.model), "packages": packages}


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "transformers")}


@dataclass(frozen=True)
class ResumingEngine(Wrapped):
    """An engine that leaves out the batches of which every case is stored already, and that takes note, in `failed`, of
    the cases that could not be completed: the system goes on with the others. What it does is counted in `pace`."""

    stored: Collection[tuple[str, str]]
    failed: MutableMapping[tuple[str, str], str]
    pace: Pace = dataclasses.field(default_factory=Pace)

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        stored = {at for at, prompt in enumerate(prompts) if (prompt.case, prompt.field) in self.stored}
        with self.pace.in_engine():
            completed = self.engine.complete(prompts, sampling, stored | set(done))
        return self._noting(self.pace.following(completed), prompts)

    def _noting(
        self, completed: Iterator[tuple[int, list[Completion]]], prompts: Sequence[Prompt]
    ) -> Iterator[tuple[int, list[Completion]]]:
        try:
            yield from completed
        except GenerationError as error:
            self.failed.update({(prompts[at].case, prompts[at].field): why for at, why in error.reasons.items()})

    def adapted(self, adapter: Path) -> ResumingEngine:
        return replace(self, engine=self.engine.adapted(adapter))


@dataclass(frozen=True)
class SystemContext:
    """The Context of one system: the shared resources that it says it needs, and nothing else."""

    task: Task
    seed: int
    work: Path
    needs: tuple[Need, ...]
    resources: Resources
    stored: Collection[tuple[str, str]]
    name: str
    failed: MutableMapping[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    note_adapter: Callable[[Path], None] = lambda folder: None
    pace: Pace = dataclasses.field(default_factory=Pace)

    @property
    def engine(self) -> Engine:
        self._grant("engine")
        return ResumingEngine(self.resources.engine, self.stored, self.failed, self.pace)

    @property
    def encoder(self) -> Encoder:
        self._grant("encoder")
        return self.resources.encoder

    @property
    def guide(self) -> Guide:
        self._grant("guide")
        return self.resources.guide

    def examples(self, field: str, split: str = "train") -> Sequence[Example]:
        self._grant("examples")
        return self.resources.examples(field, split)

    def adapter(
        self,
        lessons: Callable[[], Iterable[Lesson]],
        tuning: Tuning,
        known_by: Mapping[str, Any],
        *,
        start: Path | None = None,
        external: str = "",
        public: bool = False,
    ) -> Path:
        for need in _LEARNING:
            self._grant(need)
        with self.pace.in_training():
            found = self.resources.adapter(lessons, tuning, known_by, start, external, public)
        self.note_adapter(found)
        return found

    def given_adapter(self, folder: Path) -> Path:
        self._grant("engine")
        found = self.resources.given_adapter(folder)
        self.note_adapter(found)
        return found

    def load(self) -> None:
        """Load what the system needs now, so that a fault of ours is not laid at a case of the system's."""
        for need in self.needs:
            if need != "examples":
                getattr(self.resources, need)

    def _grant(self, need: Need) -> None:
        if need not in self.needs:
            raise PluginError(
                f"the system '{self.name}' reads context.{need} without saying so",
                todo=f'write @system("{self.name}", needs=("{need}",)): candidates are kept by what made them',
            )
