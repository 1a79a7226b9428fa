"""What a system may learn from: never a scored case's subject, never the split that is scored, never a leaking stay."""

from __future__ import annotations

import csv
import gzip
import importlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pytest

from harness import corpora, examples, leaks, prepare, redact, sections
from harness.corpora import tables
from harness.corpora.synthetic import synthesize
from harness.corpora.tables import TablesCorpus, open_tables
from harness.errors import RunError
from harness.examples import open_examples, store_key
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.plugins import registry
from harness.resources import Resources
from harness.types import FieldKind, Task

T = TypeVar("T")

BHC, DI = "brief_hospital_course", "discharge_instructions"


@pytest.fixture(scope="module")
def task() -> Task:
    return registry().task("discharge-me")


@pytest.fixture
def corpus(tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch) -> TablesCorpus:
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path / "workspace"))
    synthesize(tmp_path / "ward", 60, 5)
    return open_tables(tmp_path / "ward", task)


def rewrite(path: Path, change: dict[str, str], column: str) -> None:
    """Put other cells into a column of a table, by hadm_id."""
    with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row[column] = change.get(row["hadm_id"], row[column])
    with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_an_example_is_what_a_system_would_have_seen_beside_the_target(corpus: TablesCorpus, task: Task) -> None:
    store = open_examples(corpus, task, "train")
    stays = {stay.id: stay for stay in corpus.stays("train")}
    letters = store.field(DI, without=())
    assert len(letters) > 30
    for example in letters:
        targets = stays[example.input.case].targets
        assert targets is not None
        assert example.target == targets[DI]
        assert example.input.earlier == {BHC: targets[BHC]}
        assert not any(example.target in part.text for part in example.input.chart)


def test_groups_of_scored_cases_are_left_out(corpus: TablesCorpus, task: Task) -> None:
    store = open_examples(corpus, task, "train")
    everyone = {example.input.group for example in store.field(BHC, without=())}
    group = min(everyone)
    assert {example.input.group for example in store.field(BHC, without={group})} == everyone - {group}


def test_one_word_targets_teach_nothing(corpus: TablesCorpus, task: Task) -> None:
    first, *_ = corpus.ids("train")
    rewrite(corpus.data / "train" / "discharge_target.csv.gz", {first: "NA"}, BHC)
    store = open_examples(open_tables(corpus.data, task), task, "train")
    assert first not in {example.input.case for example in store.field(BHC, without=())}
    assert first in {example.input.case for example in store.field(DI, without=())}


def test_a_stay_that_holds_a_target_teaches_without_it(corpus: TablesCorpus, task: Task) -> None:
    """It is not left out: stays whose course repeats the history are many, and not like the others."""
    first, *others = corpus.ids("train")
    (stay,) = corpus.stays("train", [first])
    assert stay.targets is not None
    half = " ".join(stay.targets[BHC].split()[:60])
    leaking = f"Nursing Notes:\n{half}\nSlept well.\n \n{stay.document}"
    rewrite(corpus.data / "train" / "discharge.csv.gz", {first: leaking}, "text")
    store = open_examples(open_tables(corpus.data, task), task, "train")
    assert store.ids == [first, *others]
    (example,) = (one for one in store.field(BHC, without=()) if one.input.case == first)
    seen = " ".join(word for part in example.input.chart for word in part.text.split())
    assert "Slept well." in seen
    assert half not in seen


@pytest.mark.parametrize(("kind", "target"), [("label", "home"), ("entities", '["fever"]')])
def test_a_label_and_a_list_teach_in_one_word(kind: FieldKind, target: str, corpus: TablesCorpus, task: Task) -> None:
    first, second, *others = corpus.ids("train")
    changes = dict.fromkeys(others, target) | {first: "", second: " "}
    rewrite(corpus.data / "train" / "discharge_target.csv.gz", changes, DI)
    course, letter = task.fields
    sorting = replace(task, fields=(course, replace(letter, kind=kind, labels=("home", "hospice"))))
    taught = open_examples(open_tables(corpus.data, sorting), sorting, "train").field(DI, without=())
    assert {example.target for example in taught} == {target}
    assert {first, second}.isdisjoint(example.input.case for example in taught)
    assert len(taught) > 30


def test_the_store_is_made_once_and_anew_when_the_corpus_changes(corpus: TablesCorpus, task: Task) -> None:
    def stores() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in (corpus.root / "examples").glob("*.arrow")}

    open_examples(corpus, task, "train")
    once = stores()
    open_examples(corpus, task, "train")
    assert stores() == once
    first = corpus.ids("train")[0]
    rewrite(corpus.data / "train" / "discharge_target.csv.gz", {first: "Another course of events."}, BHC)
    open_examples(open_tables(corpus.data, task), task, "train")
    assert len(stores()) == 2


def test_who_comes_while_the_store_is_made_waits_for_it(
    corpus: TablesCorpus, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the workers of a cluster do, which all open the same system at once."""
    made: list[Path] = []

    def slow(path: Path, *how: Any) -> None:
        made.append(path)
        time.sleep(0.2)
        write(path, *how)

    write = examples._write
    monkeypatch.setattr(examples, "_write", slow)
    with ThreadPoolExecutor(3) as several:
        stores = list(several.map(lambda _: open_examples(corpus, task, "train"), range(3)))
    assert len(made) == 1
    assert [store.ids for store in stores] == [stores[0].ids] * 3


def digests(corpus: TablesCorpus, task: Task) -> tuple[str, str, str]:
    """The store's key, and what stands for examples and guide in the keys of candidates and files."""
    resources = Resources(task, corpus, "test_phase_1", read_lineup(DEFAULT_LINEUP), set())
    return store_key(corpus, task, "train"), resources.digest_of("examples"), resources.digest_of("guide")


@pytest.mark.parametrize(
    "module", [prepare, redact, leaks, sections, examples, corpora, tables], ids=lambda module: module.__name__
)
def test_an_edit_of_what_prepares_makes_store_examples_and_guide_anew(
    module: ModuleType, corpus: TablesCorpus, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests(corpus, task)
    assert digests(corpus, task) == before
    edited = tmp_path / "edited.py"
    edited.write_bytes(Path(str(module.__file__)).read_bytes() + b"# edited\n")
    sources = [edited if path == Path(str(module.__file__)) else path for path in examples.SOURCES]
    monkeypatch.setattr(examples, "SOURCES", sources)
    assert all(now != then for now, then in zip(digests(corpus, task), before, strict=True))


def test_another_rule_of_the_task_makes_store_examples_and_guide_anew(corpus: TablesCorpus, task: Task) -> None:
    first, *others = task.fields
    changed = replace(task, fields=(replace(first, known=first.known[:-1]), *others))
    assert changed.version == task.version
    assert all(now != then for now, then in zip(digests(corpus, changed), digests(corpus, task), strict=True))


OWN_READER = """
from dataclasses import replace
from harness import task
from harness.corpora.tables import open_tables
from harness.tasks.discharge_me import discharge_me

@task("own-reader")
def own_reader():
    return replace(discharge_me(), name="own-reader", corpus=open_tables)
"""


@pytest.mark.parametrize("name", ["own_reader.py", "_reading.py"])
def test_an_edit_of_a_tasks_code_makes_store_examples_and_guide_anew(
    name: str, corpus: TablesCorpus, tmp_path: Path
) -> None:
    """What it reads stays the same, and so do its rules: only the code knows what it makes of the files."""
    plugin = tmp_path / "own_reader.py"
    plugin.write_text(OWN_READER)
    (tmp_path / "_reading.py").write_text("")

    def now() -> tuple[str, str, str]:
        return digests(corpus, registry([plugin]).task("own-reader"))

    before = now()
    assert now() == before
    with (tmp_path / name).open("a") as file:
        file.write("# edited\n")
    assert all(new != old for new, old in zip(now(), before, strict=True))


def test_an_edit_of_the_reader_makes_store_examples_and_guide_anew(
    corpus: TablesCorpus, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it stands: a task may use the one of somebody else."""
    reader = tmp_path / "a_reader.py"
    reader.write_text("from harness.corpora.tables import TablesCorpus\n\nclass Mine(TablesCorpus):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    mine = importlib.import_module("a_reader").Mine(corpus.data, corpus.task, corpus.marking, corpus.root)
    before = digests(mine, task)
    reader.write_text(reader.read_text() + "# edited\n")
    assert all(new != old for new, old in zip(digests(mine, task), before, strict=True))


def test_targets_are_counted_once_for_all_fields_and_groups(
    corpus: TablesCorpus, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def watched(items: Iterable[T], what: str, *rest: object) -> Iterator[T]:
        read.append(what)
        return iter(items)

    store = open_examples(corpus, task, "train")
    monkeypatch.setattr(examples, "bar", watched)
    found = [store.field(name, without) for name in (BHC, DI) for without in ((), {store.groups[0]})]
    assert read == ["reading targets"]
    for name, everyone, others in zip((BHC, DI), found[::2], found[1::2], strict=True):
        taught = [s for s in corpus.stays("train") if s.targets and len(s.targets[name].split()) > 1]
        assert [one.input.case for one in everyone] == [stay.id for stay in taught]
        assert [one.input.case for one in others] == [stay.id for stay in taught if stay.group != store.groups[0]]
    assert read == ["reading targets", *[f"reading examples of {name}" for name in (BHC, BHC, DI, DI)]]


@pytest.mark.parametrize(("scored", "asked"), [("train", "train"), ("valid", "valid"), ("valid", "test_phase_1")])
def test_the_scored_split_and_the_tests_never_teach(scored: str, asked: str, corpus: TablesCorpus, task: Task) -> None:
    resources = Resources(task, corpus, scored, read_lineup(DEFAULT_LINEUP), set())
    with pytest.raises(RunError, match=f"examples of the {asked} split were asked for while {scored} is scored"):
        resources.examples(BHC, asked)


def test_a_corpus_without_a_train_split_says_so(corpus: TablesCorpus, task: Task) -> None:
    import shutil

    shutil.rmtree(corpus.data / "train")
    resources = Resources(task, open_tables(corpus.data, task), "test_phase_1", read_lineup(DEFAULT_LINEUP), set())
    with pytest.raises(RunError, match="ward has no train split to learn from"):
        resources.examples(BHC, "train")


def test_a_task_whose_splits_have_other_names_says_so(corpus: TablesCorpus, task: Task) -> None:
    other = replace(task, splits=("training", "test_phase_1"))
    resources = Resources(other, open_tables(corpus.data, other), "test_phase_1", read_lineup(DEFAULT_LINEUP), set())
    with pytest.raises(RunError) as caught:
        resources.examples(BHC, "train")
    assert str(caught.value) == (
        "the task discharge-me has no train split to learn from: it has training, test_phase_1\n"
        "  -> name the split that teaches train, in the task and in the data: only train and valid teach"
    )


def test_examples_that_are_all_of_scored_subjects_are_told_so(corpus: TablesCorpus, task: Task) -> None:
    everyone = {*corpus.groups("train").values()}
    taught = len([s for s in corpus.stays("train") if s.targets and len(s.targets[BHC].split()) > 1])
    resources = Resources(task, corpus, "test_phase_1", read_lineup(DEFAULT_LINEUP), everyone)
    with pytest.raises(RunError) as caught:
        resources.examples(BHC, "train")
    assert str(caught.value) == (
        f"all {taught} examples of {BHC} in the train split are of subjects that are scored, and none of theirs "
        "teaches\n  -> give a train split of other subjects"
    )
