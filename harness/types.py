"""The nouns of the competition: frozen dataclasses, no behaviour beyond reading themselves.

Only the standard library is imported here. Every other module depends on this one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

Row: TypeAlias = Mapping[str, str]
"""One row of a table, every cell as the text that somebody wrote."""

Message: TypeAlias = tuple[str, str]
"""(role, content) of one chat message; roles are system, user, assistant."""

FieldKind: TypeAlias = Literal["text", "label", "entities"]

Settings: TypeAlias = Mapping[str, Any]
"""Settings of a plugin by name."""


def _no_rows() -> Mapping[str, tuple[Row, ...]]:
    return MappingProxyType({})


def _no_text() -> Mapping[str, str]:
    return MappingProxyType({})


def _no_settings() -> Mapping[str, Settings]:
    return MappingProxyType({})


# --------------------------------------------------------------------------- the rules


@dataclass(frozen=True)
class Section:
    """A kind of section of a note. `headings` are regular expressions that must match a whole
    heading, lower-cased, white space collapsed, without its colon."""

    name: str
    headings: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """One thing to be written for each case.

    `kind` says how the value's text is read: prose, one of `labels`, or a JSON list of entities.
    `known` names the note sections, `tables` the other tables, that exist when it is written;
    `after` the fields that may be read because they are written earlier. `headings` recognise its
    own section in the note, `until` (regular expressions, tried in this order) the heading that ends it.
    """

    name: str
    title: str
    kind: FieldKind = "text"
    known: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One number of the board."""

    key: str
    title: str
    higher_is_better: bool = True
    in_overall: bool = True


@dataclass(frozen=True)
class SubmissionFormat:
    """What a task takes: a csv of `id_column` and the fields, in a zip at its root. `judge` is who takes it; where it
    is a program that unpacks the zip and opens the csv by its name (`unpacked`), nothing else can be handed in."""

    id_column: str
    columns: tuple[str, ...]
    file_name: str = "submission.csv"
    archive_name: str = "submission.zip"
    judge: str = "the task's server"
    unpacked: bool = False


@dataclass(frozen=True)
class PublishedScript:
    """Where the published scorer of a task departs from a plain mean over cases. It takes them in the order of their
    ids as integers, `batch` at a time; of the columns `last_batch` only the last batch counts, the columns
    `batch_means` are a mean of batch means. `revision` names the state that was read, and none that any server ran.
    It reads the references from `reference_file`, and writes the columns under their keys and their mean under
    `overall`."""

    revision: str
    batch: int
    last_batch: tuple[str, ...] = ()
    batch_means: tuple[str, ...] = ()
    reference_file: str = "references.csv"
    overall: str = "overall"


@dataclass(frozen=True)
class Task:
    """The rules of one shared task, as data.

    `fields` stand in the order in which they are written. `times` maps a table with dated rows to
    its time column: rows later than the note are unknown to everybody. `means` are named partial
    means of columns, in the order in which the board prefers them. `published` says what the variant `official` of
    the scores does, where there is one. `version` is raised when a rule changes.

    `corpus` opens the cases at a folder, or, where None is given, cases that need no folder (else it raises CorpusError
    and says what to give); a task without one reads the six tables. `document` says what a case's source text is: a
    note that was written afterwards, in sections, with the targets inside; or a transcript of what was said before
    any target was written, which is one part and of which nothing is cut.

    `scorer_settings` are those in which its scorers differ from their defaults; a line-up's come before them. Where
    one field holds a whole note, `split` cuts its text into `parts`, which are scored beside it and never asked for:
    text by name of part, without those that the text does not have.

    `source` is the digest of the code that defines it, filled in by the harness.
    """

    name: str
    title: str
    language: str
    fields: tuple[Field, ...]
    sections: tuple[Section, ...]
    columns: tuple[Column, ...]
    means: Mapping[str, tuple[str, ...]]
    submission: SubmissionFormat
    scorers: tuple[str, ...]
    splits: tuple[str, ...]
    default_split: str
    times: Mapping[str, str] = dataclasses.field(default_factory=_no_text)
    corpus: Callable[[Path | None, Task], Corpus] | None = None
    document: Literal["note", "transcript"] = "note"
    scorer_settings: Mapping[str, Settings] = dataclasses.field(default_factory=_no_settings)
    parts: tuple[Field, ...] = ()
    split: Callable[[str], Mapping[str, str]] | None = None
    published: PublishedScript | None = None
    version: int = 1
    source: str = ""

    def field(self, name: str) -> Field:
        return next(f for f in self.fields if f.name == name)


# --------------------------------------------------------------------------- the data


@dataclass(frozen=True)
class RawStay:
    """The rows of one stay, targets and all. Private to corpora and prepare.

    `document` is the source text (the discharge note, a transcript), `time` when it was stored.
    `tables` holds the other tables' rows by table name. `targets` is None where the split has none.
    """

    id: str
    group: str
    document: str
    time: str = ""
    tables: Mapping[str, tuple[Row, ...]] = dataclasses.field(default_factory=_no_rows)
    targets: Mapping[str, str] | None = None


class Corpus(Protocol):
    """A folder of cases, as the competition reads it. Private like RawStay: no plugin but a task's reader meets one.

    Methods that take a split raise CorpusError, naming file, line and column, if its files are at fault."""

    @property
    def data(self) -> Path: ...
    @property
    def root(self) -> Path:
        """The private folder of what derives from it: `harness.workspace.corpus_root`."""
        ...

    @property
    def name(self) -> str: ...
    @property
    def restricted(self) -> bool: ...
    @property
    def licence(self) -> str: ...
    @property
    def scorers(self) -> tuple[str, ...]:
        """Scorers that it brings something for, and that judge on it beside the task's."""
        ...

    def splits(self) -> tuple[str, ...]:
        """The task's splits that are there, in the task's order."""
        ...

    def ids(self, split: str) -> tuple[str, ...]:
        """The ids of its cases, in a fixed order."""
        ...

    def groups(self, split: str) -> Mapping[str, str]:
        """id -> subject, in the order of `ids`."""
        ...

    def has_targets(self, split: str) -> bool: ...
    def digest(self, split: str) -> str:
        """Digest of all that its cases are read from."""
        ...

    def warnings(self, split: str) -> Mapping[str, int]:
        """What is odd but allowed, counted."""
        ...

    def stays(self, split: str, ids: Collection[str] | None = None) -> Iterator[RawStay]:
        """Yield the cases (all, or those of `ids`), in the order of `ids(split)`. Raises CorpusError for an id that
        the split does not have."""
        ...


@dataclass(frozen=True)
class Part:
    """A piece of a chart: a note section (`source` is "note"), a transcript (`source` is "transcript"), or one row of
    another table (`source` is the table's name) as text. `name` is the Section's name, "other" for an unlisted
    heading, else the source; `heading` is what stands in the chart. `precedes` names the fields whose own
    section stands further down in the note, which is how unlisted headings are dated."""

    source: str
    name: str
    heading: str
    text: str
    time: str = ""
    precedes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """What a system may be asked about: the note's sections without the targets, and the other
    tables' rows. Built by prepare alone; holds no target, in a field or in its text."""

    id: str
    group: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Reference:
    """The targets of one case, by field. Read by score.py and by the makers of Examples."""

    id: str
    group: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class ModelInput:
    """What a system is asked: write `field` for `case`.

    `chart` holds every part that the Task allows for this field, in full, in the chart's order.
    `earlier` holds the fields already written for this case, where the Task allows them to be read.
    """

    case: str
    group: str
    field: str
    chart: tuple[Part, ...]
    earlier: Mapping[str, str] = dataclasses.field(default_factory=_no_text)


@dataclass(frozen=True)
class Example:
    """A ModelInput with what a clinician wrote for it."""

    input: ModelInput
    target: str


@dataclass(frozen=True)
class Arranged:
    """The text that `harness.arrange` makes of a chart, and what the budget cut, by part: (heading, units lost)."""

    text: str
    units: int
    cut: tuple[tuple[str, int], ...]


# --------------------------------------------------------------------------- what systems hand in


@dataclass(frozen=True)
class Candidate:
    """One text for one case and field. `raw` is what the model wrote, `text` what is handed in.

    `shown` is a digest of what the model was shown. `finish` is "stop" or "length" where known,
    `tokens` the generated tokens, `seconds` the wall time that the text took (its share of a batch),
    `logprob` the mean natural-log probability a token, `cut` the units (words or tokens, as the system budgets) of the
    case's chart that its budget left out. `system` and `key` are filled in by the harness.
    """

    case: str
    field: str
    text: str
    raw: str = ""
    index: int = 0
    shown: str = ""
    finish: str | None = None
    tokens: int | None = None
    seconds: float | None = None
    logprob: float | None = None
    cut: int | None = None
    system: str = ""
    key: str = ""


@dataclass(frozen=True)
class Failure:
    """A system's word that it has nothing for this case and field. `reason` names no patient's text."""

    case: str
    field: str
    reason: str


@dataclass(frozen=True)
class Submission:
    """What is handed in: field values by case id, in the order of the file."""

    task: str
    rows: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Manifest:
    """The identity that travels with a submission. Holds no text and no id of a patient. Prompts went to `hosts`; of a
    restricted corpus `allowed_hosts` is the allow-list of the line-up. `source` is the digest of the system's code, of
    a pool that of its members' too."""

    task: str
    task_version: int
    corpus: str
    corpus_digest: str
    restricted: bool
    split: str
    cases: int
    partial: bool
    ids_digest: str
    system: str
    label: str
    settings: Mapping[str, Any]
    seed: int
    origin: Literal["generated", "imported"]
    model_digests: Mapping[str, str]
    packages: Mapping[str, str]
    revision: str
    hosts: tuple[str, ...]
    leak_check: Mapping[str, int]
    candidates_digest: str
    csv_digest: str
    failures: int = 0
    team: str = ""
    description: str = ""
    external_data: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    source: str = ""
    schema: int = 1


# --------------------------------------------------------------------------- what scorers see and say


@dataclass(frozen=True)
class Pair:
    """One reference beside one hypothesis: all that a scorer sees."""

    case: str
    group: str
    field: str
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Signature:
    """What a number is (`identity`: metric, variant, parameters, assets, version of the algorithm)
    and where it was computed (`environment`: library versions)."""

    identity: Mapping[str, str]
    environment: Mapping[str, str]

    def __str__(self) -> str:
        return "|".join(f"{k}:{v}" for k, v in self.identity.items())


@dataclass(frozen=True)
class ColumnScore:
    """The value of one column for one field, from `n` cases. `failed` cases have the column's worst value, because the
    hypothesis was empty or missing or the scorer refused it; `excluded` cases had no reference."""

    value: float
    n: int
    failed: int
    excluded: int


@dataclass(frozen=True)
class ShortTargets:
    """References of one field that are too short to be judged fairly (under 4 tokens): how many there are, and the
    value of each column without their cases."""

    n: int
    without: Mapping[str, float]


@dataclass(frozen=True)
class Truncation:
    """Tokens of one field's references and hypotheses, how many of them a metric never saw, and in how many cases."""

    tokens: int
    unseen: int
    cut: int


@dataclass(frozen=True)
class ScoreCard:
    """All that a leaderboard ranks by. `scores[column]` is None where an asset is missing (n/a), else by field.

    `signatures` by column; `truncation` by column and field, for the columns that tell; `short` by field, for the
    fields that have any; `refusals` by column: how many texts the scorer would not judge, by reason. `cases_digest` is
    the digest of the `cases.npz` beside the card. Cards of unlike `variant` are made from the same statistics.
    `measures` by column tells whether those are what the scorers would measure now, `sources` by column the digest of
    the code that measured. `parts` has, by column, the scores of the parts of the same texts, where the task has any;
    they are in no mean."""

    manifest: Manifest
    reference_digest: str
    ids_digest: str
    signatures: Mapping[str, Signature]
    scores: Mapping[str, Mapping[str, ColumnScore] | None]
    cases_digest: str
    variant: Literal["corrected", "official"] = "corrected"
    truncation: Mapping[str, Mapping[str, Truncation]] = dataclasses.field(default_factory=dict)
    short: Mapping[str, ShortTargets] = dataclasses.field(default_factory=dict)
    refusals: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    measures: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict)
    parts: Mapping[str, Mapping[str, ColumnScore]] = dataclasses.field(default_factory=dict)
    schema: int = 3


# --------------------------------------------------------------------------- generating text


@dataclass(frozen=True)
class Prompt:
    """What an engine is asked to complete, and for which case and field (they seed the sampling)."""

    case: str
    field: str
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Sampling:
    """How a text is generated. Temperature 0 is greedy and gives one text however large `samples` is.
    `stop` are strings at which a text ends (they are not part of it); `no_repeat_ngram` of 0 is off."""

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    samples: int = 1
    stop: tuple[str, ...] = ()
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Completion:
    """One generated text, without its prompt and without the stop string. `tokens` is None where nobody counted.

    What the engine did for it, where it says so: `prompt_tokens` it read, of which `cached_tokens` were spared by a
    cache of prefixes, and `padding` positions it computed that are neither prompt nor text."""

    text: str
    finish: Literal["stop", "length"]
    tokens: int | None
    seconds: float
    logprob: float | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    padding: int | None = None


class Engine(Protocol):
    """Completes prompts. Batching, padding, chat template, stop rules and seeds live behind this."""

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (index into prompts, its completions) as batches finish. The plan of batches depends on all of
        `prompts` and the settings, never on `done`: a batch is left out if all its indices are done, else made whole.
        Raises GenerationError at the very end if some could not be completed; a system never meets it, it
        only misses those prompts."""
        ...

    def count_tokens(self, text: str) -> int: ...

    def count_prompt(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages after the chat template."""
        ...

    @property
    def context_length(self) -> int: ...

    def adapted(self, adapter: Path) -> Engine:
        """The same engine with a LoRA adapter (a folder in peft's layout) on its model. Raises SettingsError if it
        takes none."""
        ...

    @property
    def digest(self) -> str:
        """Digest of model, tokenizer and engine settings."""
        ...


class Encoder(Protocol):
    """Turns texts into vectors of unit length."""

    def encode(self, texts: Sequence[str]) -> Any:
        """Array of shape (texts, dimensions), float32, rows of unit length, in the order of `texts`."""
        ...

    def tokens(self, texts: Sequence[str]) -> list[Any]:
        """For each text an array of shape (tokens, dimensions): the contextual vectors, rows of unit length."""
        ...

    @property
    def digest(self) -> str: ...


# --------------------------------------------------------------------------- learning to write


@dataclass(frozen=True)
class Lesson:
    """A prompt with the text that a model is to learn to answer. `group` is the subject, empty where there is none."""

    prompt: Prompt
    target: str
    group: str = ""


@dataclass(frozen=True)
class Tuning:
    """How a LoRA adapter is trained (Hu et al. 2021), where asked for on a 4-bit base (QLoRA, Dettmers et al. 2023).

    The base is the line-up's model, in 4 bits (`nf4`, its scales quantised too with `double_quantisation`) or as it is.
    Its arithmetic is done in `compute_dtype` ("auto": bfloat16 where the processor multiplies in it), that of the
    adapter in float32. A step averages the loss over the target tokens of `batch` x `accumulation` rows; a row is a
    lesson, or with `packing` as many as fit, of at most `sequence_length` tokens. Training ends after `steps`, or after
    `epochs` where that is 0, or at the end of `max_minutes`. With `held_out`, that share of the train split's subjects
    is kept apart: its loss is taken every `evaluate_every` steps, the best adapter is the one that is kept, and after
    `patience` evaluations without a better one training ends (0: never). `checkpointing` computes activations again
    in the backward pass instead of keeping them."""

    quantisation: Literal["none", "nf4"] = "nf4"
    double_quantisation: bool = True
    compute_dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    target_modules: tuple[str, ...] = ("all-linear",)
    learning_rate: float = 2e-4
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: float = 0.03
    epochs: int = 1
    steps: int = 0
    batch: int = 1
    accumulation: int = 8
    sequence_length: int = 2048
    packing: bool = False
    checkpointing: bool = False
    training_seed: int = 0
    max_minutes: float = 0.0
    held_out: float = 0.0
    evaluate_every: int = 50
    patience: int = 0


# --------------------------------------------------------------------------- what plugins implement


class Guide(Protocol):
    """What the train split teaches about each field, learned once and stored under the corpus's root."""

    def order(self, field: str) -> tuple[str, ...]:
        """Names of parts, the most relevant for the field first."""
        ...

    def words(self, field: str) -> int:
        """Median number of words of the field's targets."""
        ...


class Context(Protocol):
    """What a system gets to work with. `engine`, `encoder` and `guide` load when first read; a system
    that reads one names it in the `needs` of its decorator."""

    @property
    def task(self) -> Task: ...

    @property
    def seed(self) -> int: ...

    @property
    def work(self) -> Path:
        """A private folder of the system's own under the corpus's root."""
        ...

    @property
    def engine(self) -> Engine: ...

    @property
    def encoder(self) -> Encoder: ...

    @property
    def guide(self) -> Guide: ...

    def examples(self, field: str, split: str = "train") -> Sequence[Example]:
        """Examples of the train or valid split, in a fixed order; none shares a group with a scored case."""
        ...

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
        """The folder of the adapter that these lessons teach the line-up's model, trained if there is none yet.

        `known_by` holds, beside the train split and `tuning`, all that decides what the lessons are: where it is known,
        they are not asked for. Lessons of subjects that stand in another split than the train split are left out.
        Training begins with the adapter in `start`, where one is given. `external` names the source and the licence of
        lessons that are not the train split's; they are restricted unless `public`, and so is what learns from them."""
        ...

    def given_adapter(self, folder: Path) -> Path:
        """An adapter that was trained elsewhere. Raises AssetError if it is torn, another base's, or was trained on the
        split that is scored."""
        ...


class Runner(Protocol):
    def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
        """Yield the candidates of each input, in any order. All inputs are of one field."""
        ...


@runtime_checkable
class Learner(Protocol):
    """A Runner that learns before it writes."""

    def fit(self, field: str) -> Path:
        """The folder of the adapter that writes this field: found, or trained now."""
        ...


@runtime_checkable
class System(Protocol):
    """A frozen dataclass of typed settings that opens into a Runner.

    A setting `samples`, if it has one, is how many candidates it writes of each case and field: it is asked for a case
    again until there are so many."""

    def open(self, context: Context) -> Runner: ...


@dataclass(frozen=True)
class Offer:
    """All that a selector sees of one case and field: the subject (for cross-validation), and a mapping of features for
    each candidate, never none. `member:NAME` is 1 in the features of what NAME wrote. The order of the candidates is
    that of their texts' digests, so whoever takes the first of equals chooses the same whoever stands first."""

    field: str
    group: str
    features: tuple[Mapping[str, float], ...]


class Selector(Protocol):
    """Chooses among the candidates of a case by features that need no reference.

    One that can say why has a method `reasons(offer) -> Sequence[str]`, which `harness explain` shows."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the features that it reads; no others are computed for it."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it can choose. If not, the harness has it fitted on the valid split first."""
        ...

    def fit(self, offers: Sequence[Offer], scores: Sequence[Sequence[float]]) -> Selector:
        """Learn from cases that are not scored now: `scores` has one number (the task's partial mean) a candidate."""
        ...

    def choose(self, offer: Offer) -> int:
        """Index of the chosen candidate."""
        ...


@dataclass(frozen=True)
class Pool:
    """A declaration: run these members (names as on the command line, or labels of imported runs), then ask the
    selector. One that has to be fitted is fitted on at most `fit_cases` cases of the valid split."""

    members: tuple[str, ...]
    selector: Selector
    fit_cases: int = 200


@runtime_checkable
class PoolSystem(Protocol):
    """A frozen dataclass of typed settings that declares a Pool."""

    def pool(self) -> Pool: ...


class ScoringContext(Protocol):
    """What a scorer gets to work with: the language of the texts, and a private folder of its own for caches, under
    the corpus's root."""

    @property
    def language(self) -> str: ...

    @property
    def work(self) -> Path: ...

    @property
    def encoder(self) -> Encoder: ...

    def asset(self, name: str) -> Path:
        """The folder of a public asset, fetched if it is absent. Raises AssetError if it cannot be had."""
        ...

    def beside(self, name: str) -> Path:
        """A file that the corpus keeps beside the tables of the scored split. Raises AssetError where there is none."""
        ...


class Scorer(Protocol):
    """Judges pairs. The same pairs in any batches and any order give the same rows.

    A scorer never meets an empty reference or an empty hypothesis: the harness treats those as
    missing references and failed hypotheses. A pair that it cannot judge at all (a text far too long, say) it refuses
    before it measures, with CannotJudge(reason, at=its index): that pair gets the column's worst value, counted as
    failed with the reason.

    A scorer that reads no more than part of a long text has a method
    `truncated(pairs) -> array of shape (pairs, 2)`, float64: the tokens of reference and hypothesis together, and how
    many of them it never saw. The card shows their share. One whose columns are open twins, because an asset is not
    there, has a mapping `missing`: by the column that its twin stands for, why that is n/a and how to get it."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    def measure(self, pairs: Sequence[Pair]) -> Any:
        """Array of shape (pairs, columns), float64, one row a pair in the order of `pairs`."""
        ...

    def worst(self, column: str) -> float:
        """The value that a failed hypothesis gets."""
        ...

    def signature(self, column: str) -> Signature: ...


class ScorerPlugin(Protocol):
    """A frozen dataclass of typed settings that opens into a Scorer.

    `columns` are known without opening, so that a missing asset (an AssetError from `open`) gives `n/a`. Opening sees
    whether the assets are there, and knows the signatures; what is heavy had better load with the first `measure`,
    which never comes where every row is kept. A scorer is opened anew in each process that measures."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    def open(self, context: ScoringContext) -> Scorer: ...
