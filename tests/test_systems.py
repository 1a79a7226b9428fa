"""The shipped systems: what they show, what they choose, and what they do where there is no room."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.competitor import find_competitor
from harness.corpora.synthetic import synthesize
from harness.corpora.tables import TablesCorpus, open_tables
from harness.errors import SettingsError
from harness.files import private_folder
from harness.guide import LearnedGuide
from harness.lineup import DEFAULT_LINEUP, build, find_lineup, parse_assignments, read_lineup
from harness.plugins import registry
from harness.prepare import model_input, prepare
from harness.resources import Resources
from harness.types import (
    Candidate,
    Completion,
    Example,
    Failure,
    Message,
    ModelInput,
    Part,
    Prompt,
    Sampling,
    Task,
)
from systems import _neighbours, _prompting
from systems._neighbours import example_vectors, highest, nearest
from systems._prompting import Template, clean
from systems.few_shot import FewShot, FewShotRunner
from systems.lead import Lead, opening
from systems.nearest import Nearest
from tests import toys
from tests.full import files_of_at_most

BHC, DI = "brief_hospital_course", "discharge_instructions"
WORDS = 40
SPLIT = "test_phase_1"


@dataclass
class StubEncoder:
    """A stub: a text's vector counts its letters. Equal texts have equal vectors, to the last bit."""

    digest: str = "letters"
    calls: int = 0
    longest: int = 0

    def encode(self, texts: Sequence[str]) -> Any:
        self.calls += 1
        self.longest = max(self.longest, len(texts))
        counts = np.array([[text.lower().count(chr(97 + at)) for at in range(26)] for text in texts], np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)

    def tokens(self, texts: Sequence[str]) -> list[Any]:
        raise NotImplementedError


@dataclass
class StubEngine:
    """A stub: a token is a word, an answer names its case. It refuses what does not fit, as a real engine does."""

    context_length: int = 10**6
    digest: str = "stub"
    counted: int = 0

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        for at, prompt in enumerate(prompts):
            assert self._words(prompt.messages) + sampling.max_new_tokens <= self.context_length
            yield at, [Completion(f"Course: case {prompt.case}", "stop", 3, 0.0)]

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def count_prompt(self, messages: Sequence[Message]) -> int:
        self.counted += 1
        return self._words(messages)

    def _words(self, messages: Sequence[Message]) -> int:
        return sum(len(text.split()) for _, text in messages)


@dataclass(frozen=True)
class Desk:
    """A context of stubs; the examples are a real store's, or those that a test gives."""

    task: Task
    work: Path
    guide: LearnedGuide
    encoder: StubEncoder
    engine: StubEngine
    known: Any
    seed: int = 0

    def examples(self, field: str, split: str = "train") -> Sequence[Example]:
        found: Sequence[Example] = self.known(field, split)
        return found


@dataclass(frozen=True)
class Setting:
    """A synthetic ward as a run meets it: the inputs of the scored split, and the examples without their groups."""

    task: Task
    corpus: TablesCorpus
    inputs: dict[str, list[ModelInput]]
    resources: Resources
    groups: frozenset[str]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    folder = tmp_path_factory.mktemp("systems")
    task: Task = registry().task("discharge-me")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_WORKSPACE", str(folder / "workspace"))
        synthesize(folder / "ward", 60, 5)
        corpus = open_tables(folder / "ward", task)
    train = [prepare(stay, task).case for stay in corpus.stays("train")]
    scored = [prepare(stay, task).case for stay in corpus.stays(SPLIT)]
    # Two subjects of the train split come again, so that leaving them out has something to do.
    scored = [replace(scored[0], group=train[0].group), replace(scored[1], group=train[1].group), *scored[2:]]
    earlier = {BHC: "He went home."}
    inputs = {f.name: [model_input(case, task, f, earlier) for case in scored] for f in task.fields}
    groups = frozenset(case.group for case in scored)
    return Setting(task, corpus, inputs, Resources(task, corpus, SPLIT, read_lineup(DEFAULT_LINEUP), groups), groups)


@pytest.fixture
def desk(ward: Setting, tmp_path: Path) -> Desk:
    guide = LearnedGuide({f.name: f.known for f in ward.task.fields}, {f.name: WORDS for f in ward.task.fields})
    work = private_folder(tmp_path / "work")
    return Desk(ward.task, work, guide, StubEncoder(), StubEngine(), ward.resources.examples)


def chart(*parts: tuple[str, str], case: str = "1") -> ModelInput:
    return ModelInput(case, f"g{case}", BHC, tuple(Part("note", name, name.title(), text) for name, text in parts))


def examples(*texts: str) -> list[Example]:
    return [Example(chart(("service", text), case=f"t{at}"), f"target {at}") for at, text in enumerate(texts)]


def file_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --------------------------------------------------------------------------- lead


@pytest.mark.parametrize("field", [BHC, DI])
def test_lead_writes_the_usual_length_from_the_chart_without_headings(field: str, ward: Setting, desk: Desk) -> None:
    inputs = ward.inputs[field]
    written = list(Lead().open(desk).generate(inputs))
    assert [one.case for one in written] == [asked.case for asked in inputs]
    usual = round(fmean(len(example.target.split()) for example in desk.examples(field)))
    for asked, one in zip(inputs, written, strict=True):
        assert isinstance(one, Candidate)
        body = [word for part in asked.chart for word in part.text.split()]
        assert len(one.text.split()) == min(usual, len(body))
        assert set(one.text.split()) <= set(body)


def test_lead_opens_with_the_sections_that_come_nearest_to_the_targets(desk: Desk) -> None:
    said = "he came with chest pain and left well"
    taught = [
        Example(chart(("service", "medicine here"), ("exam", said), ("labs", f"{at} was high"), case=f"t{at}"), said)
        for at in range(5)
    ]
    asked = chart(("service", "One two."), ("exam", "Three four\nfive six seven eight."), ("labs", "Nine."))
    (written,) = Lead().open(replace(desk, known=lambda field, split: taught)).generate([asked])
    assert written == Candidate("1", BHC, "Three four five six seven eight. One two.")


def test_lead_takes_at_most_half_of_its_text_from_the_opening_of_one_section() -> None:
    chart = {"a": ["1", "2", "3"], "b": ["4", "5", "6"], "c": ["7"]}
    assert opening(chart, ("b", "a"), 4) == ["4", "5", "1", "2"]
    assert opening(chart, ("b", "missing"), 6) == ["4", "5", "6", "1", "2", "3"]
    assert opening(chart, (), 9) == ["1", "2", "3", "4", "5", "6", "7"]


def test_lead_says_that_it_has_nothing_to_learn_from(desk: Desk) -> None:
    runner = Lead().open(replace(desk, known=lambda field, split: []))
    with pytest.raises(SettingsError, match=f"the train split has no example of {BHC} to learn from"):
        list(runner.generate([chart(("service", "Medicine."))]))


# --------------------------------------------------------------------------- neighbours


def test_vectors_that_the_disk_cuts_short_are_not_kept(tmp_path: Path) -> None:
    """numpy leaves their last bytes to C, which does not say when it cannot write them."""
    with pytest.raises(OSError, match="File too large"), files_of_at_most(2000):
        _neighbours._save(tmp_path / "vectors.npy", np.ones((2, 384), np.float32))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("field", [BHC, DI])
def test_nearest_hands_in_a_train_target_and_never_one_of_the_subjects_own(
    field: str, ward: Setting, desk: Desk
) -> None:
    of_group = {example.target: example.input.group for example in desk.examples(field)}
    assert ward.groups & set(ward.corpus.groups("train").values())
    for asked, one in zip(ward.inputs[field], Nearest().open(desk).generate(ward.inputs[field]), strict=True):
        assert isinstance(one, Candidate)
        assert one.text in of_group
        assert of_group[one.text] != asked.group


def test_a_case_is_nearest_to_itself(desk: Desk) -> None:
    known = desk.examples(BHC)
    asked = [known[at].input for at in (3, 0, 7)]
    found = nearest(desk, asked, known, BHC, 2)
    assert [row[0] for row in found] == [3, 0, 7]
    assert all(len(row) == 2 for row in found)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 8))
def test_the_highest_come_first_and_the_earlier_wins_a_tie(values: list[int], count: int) -> None:
    expected = sorted(range(len(values)), key=lambda at: (-values[at], at))[:count]
    assert highest(np.array(values, np.float32), count) == expected


def test_of_equal_examples_the_earlier_one_is_nearest(desk: Desk) -> None:
    known = examples("zzz", "fever", "fever", "zzz", "fever")
    assert nearest(desk, [chart(("service", "fever"))], known, BHC, 4) == [[1, 2, 4, 0]]


def test_blocks_and_chunks_change_nothing(ward: Setting, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    known, asked = desk.examples(BHC), ward.inputs[BHC]
    vectors, whole = example_vectors(desk, known, BHC), nearest(desk, asked, known, BHC, 3)
    for path in desk.work.iterdir():
        path.unlink()
    desk.encoder.longest = 0
    monkeypatch.setattr(_neighbours, "BLOCK", 2)
    monkeypatch.setattr(_neighbours, "CHUNK", 7)
    assert nearest(desk, asked, known, BHC, 3) == whole
    assert (example_vectors(desk, known, BHC) == vectors).all()
    assert desk.encoder.longest == 7


def test_vectors_are_kept_and_made_anew_when_what_was_read_changes(desk: Desk) -> None:
    known = examples("fever", "cough")
    first = example_vectors(desk, known, BHC)
    calls = desk.encoder.calls
    assert (example_vectors(desk, known, BHC) == first).all()
    assert desk.encoder.calls == calls
    # The same cases with another text, as an edit of the redaction leaves them.
    edited = examples("fever", "rash")
    assert (example_vectors(desk, edited, BHC) == desk.encoder.encode(["Service:\nfever", "Service:\nrash"])).all()
    other = replace(desk, encoder=StubEncoder(digest="another"))
    example_vectors(other, known, BHC)
    assert other.encoder.calls == 1
    assert len(file_names(desk.work)) == 3


def test_the_file_of_vectors_is_whole_and_its_owners_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fails)
        with pytest.raises(OSError, match="no space left"):
            example_vectors(desk, examples("fever"), BHC)
    assert file_names(desk.work) == []
    example_vectors(desk, examples("fever"), BHC)
    (path,) = desk.work.glob("*.npy")
    assert path.stat().st_mode & 0o777 == 0o600


# --------------------------------------------------------------------------- few-shot


@pytest.mark.parametrize("how", ["nearest", "random"])
@pytest.mark.parametrize("field", [BHC, DI])
def test_shots_are_examples_and_never_of_the_cases_own_group(field: str, how: Any, ward: Setting, desk: Desk) -> None:
    of_group = {example.target: example.input.group for example in desk.examples(field)}
    prompts = prompts_of(FewShot(shots=3, examples=how).open(desk), ward.inputs[field])
    for asked, prompt in zip(ward.inputs[field], prompts, strict=True):
        assert (prompt.case, prompt.field) == (asked.case, field)
        assert [role for role, _ in prompt.messages] == ["system", *["user", "assistant"] * 3, "user"]
        targets = [text for role, text in prompt.messages if role == "assistant"]
        assert len(set(targets)) == 3
        assert asked.group not in {of_group[target] for target in targets}


def test_the_nearest_shot_stands_next_to_the_case(desk: Desk) -> None:
    known = examples("zzz", "fever", "fever and z")
    context = replace(desk, known=lambda field, split: known)
    (prompt,) = prompts_of(FewShot(shots=3).open(context), [chart(("service", "fever"))])
    assert [text for role, text in prompt.messages if role == "assistant"] == ["target 0", "target 2", "target 1"]


def prompts_of(runner: FewShotRunner, inputs: Sequence[ModelInput]) -> list[Prompt]:
    return runner.prompts(inputs, runner.charts(inputs))


def roomy(desk: Desk, room: int) -> Desk:
    """The desk with three examples, and an engine of this many words."""
    known = examples("alpha", "beta", "gamma")
    return replace(desk, engine=StubEngine(room), known=lambda field, split: known)


def shown_targets(desk: Desk, asked: ModelInput) -> list[str]:
    runner = FewShot(shots=3, max_new_tokens=10).open(desk)
    fitting = runner._fit(prompts_of(runner, [asked])[0])
    assert isinstance(fitting, Prompt)
    assert fitting.messages[0][0] == "system"
    assert fitting.messages[-1] == prompts_of(runner, [asked])[0].messages[-1]
    return [text for role, text in fitting.messages if role == "assistant"]


def test_shots_are_left_out_from_the_front_where_there_is_no_room(desk: Desk) -> None:
    asked = chart(("service", "gamma"))
    (prompt,) = prompts_of(FewShot(shots=3).open(roomy(desk, 10**6)), [asked])
    sizes = [len(text.split()) for _, text in prompt.messages]
    whole = shown_targets(roomy(desk, sum(sizes) + 10), asked)
    assert len(whole) == 3
    assert whole[-1] == "target 2"
    assert shown_targets(roomy(desk, sum(sizes) + 9), asked) == whole[1:]
    alone = sizes[0] + sizes[-1] + 10
    assert shown_targets(roomy(desk, alone), asked) == []
    assert shown_targets(roomy(desk, alone + sizes[5] + sizes[6]), asked) == whole[2:]


def test_a_case_too_long_without_any_shot_fails_alone_and_the_others_are_written(desk: Desk) -> None:
    long, short = chart(("service", "pain " * 600), case="7"), chart(("service", "gamma"), case="8")
    context = roomy(desk, 300)
    failed, written = FewShot(shots=1, max_new_tokens=10).open(context).generate([long, short])
    assert isinstance(failed, Failure)
    assert (failed.case, failed.field) == ("7", BHC)
    system, user = (len(Template(desk.task, BHC).system.split()), len(Template(desk.task, BHC).user("", "").split()))
    tokens = system + user + 601
    assert failed.reason == (
        f"without any shot the prompt has {tokens} tokens; with 10 new ones the engine's 300 have room for 290"
    )
    assert isinstance(written, Candidate)
    assert written.case == "8"
    assert context.engine.counted == 2 + 1  # the long one with its shot and without, the short one once


def test_new_tokens_alone_may_be_more_than_the_engine_holds(desk: Desk) -> None:
    (failed,) = FewShot(shots=1, max_new_tokens=100).open(roomy(desk, 50)).generate([chart(("service", "gamma"))])
    assert isinstance(failed, Failure)
    assert failed.reason.endswith("with 100 new ones the engine's 50 have room for 0")


@pytest.mark.parametrize(("field", "reads_course"), [*itertools.product([BHC, DI], [False, True])])
def test_prompts_render_with_and_without_the_course(field: str, reads_course: bool, ward: Setting, desk: Desk) -> None:
    asked = ward.inputs[field][0]
    (prompt,) = prompts_of(FewShot(shots=1, reads_course=reads_course).open(desk), [asked])
    ((_, system), *_, (_, user)) = prompt.messages
    assert system.startswith("You are a hospital physician.")
    assert user.startswith("Chart:\n")
    assert user.endswith(f"Write the {desk.task.field(field).title}.")
    assert ("He went home." in user) == (reads_course and field == DI)
    assert ("Hospital course:" in user) == (reads_course and field == DI)


def test_a_chart_cannot_write_into_the_template(desk: Desk) -> None:
    (prompt,) = prompts_of(FewShot(shots=0).open(desk), [chart(("service", "{{ course }} {% endblock %} <b>&"))])
    assert "{{ course }} {% endblock %} <b>&" in prompt.messages[-1][1]


PROMPT = "{% block system %}You write.{% endblock %}\n{% block user %}{{ chart }}\n{{ course }}{% endblock %}"


@pytest.mark.parametrize("name", ["few-shot", "qlora"])
def test_a_task_without_prompts_is_told_which_file_to_write(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_prompting, "PROMPTS", tmp_path)
    lineup = read_lineup(DEFAULT_LINEUP)
    for field in ("course", "advice"):
        file = tmp_path / "toy" / f"{field}.jinja"
        with pytest.raises(SettingsError) as caught:
            find_competitor(name, registry(), lineup, toys.TASK)
        assert str(caught.value) == (
            f"the task 'toy' has no prompt for its field '{field}': there is no {file}\n"
            "  -> write it: docs/plugins.md says what stands in it; or name a system that needs none, such as lead"
        )
        file.parent.mkdir(exist_ok=True)
        file.write_text(PROMPT, encoding="utf-8")
    written = find_competitor(name, registry(), lineup, toys.TASK)
    file.write_text(f"{PROMPT}\n", encoding="utf-8")
    assert find_competitor(name, registry(), lineup, toys.TASK).source != written.source
    assert Template(toys.TASK, "advice").ask("a chart", "") == (("system", "You write."), ("user", "a chart"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{PROMPT}\n{{% endblok %}}", ", line 4: Encountered unknown tag 'endblok'."),
        ("{% block system %}{% endblock %}", ": it has no block 'user'"),
        (PROMPT.replace("chart", "transcript"), ": 'transcript' is undefined"),
        (PROMPT.replace("You", "\udcff"), ": 'utf-8' codec can't decode byte 0xff in position 18: invalid start byte"),
    ],
)
def test_a_prompt_that_is_none_is_named(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_prompting, "PROMPTS", tmp_path)
    file = tmp_path / "toy" / "course.jinja"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SettingsError) as caught:
        _prompting.prompt_files(toys.TASK)
    assert str(caught.value) == (
        f"the prompt {file}{message}\n"
        "  -> mend it: it has a block system, and a block user with the variables chart and course"
    )


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("samples=0", "samples and max_new_tokens take 1 or more"),
        ("max_new_tokens=0", "samples and max_new_tokens take 1 or more"),
        ("temperature=-1.0", "temperature and no_repeat_ngram take 0 or more"),
        ("temperature=nan", "temperature: nan is no finite number"),
        ("no_repeat_ngram=-1", "temperature and no_repeat_ngram take 0 or more"),
        ("top_p=0.0", "top_p takes a share: more than 0, up to 1 (all tokens)"),
        ("top_p=1.5", "top_p takes a share: more than 0, up to 1 (all tokens)"),
        ("repetition_penalty=0.0", "repetition_penalty takes more than 0 (1: none)"),
        ("budget=0", "budget takes 1 or more"),
        ("shots=-1", "shots and shot_budget take 0 or more"),
        ("shot_budget=-1", "shots and shot_budget take 0 or more"),
    ],
)
def test_settings_with_which_no_text_can_be_written_are_refused(assignment: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build(FewShot, parse_assignments([assignment]), "here")
    assert str(caught.value) == f"here: {message}\n  -> correct it in the lineup or after --set"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Brief Hospital Course:\nHe came.", "He came."),
        ("\n**Discharge Instructions**\n\nDear Ms. ___,", "Dear Ms. ___,"),
        ("## BRIEF HOSPITAL COURSE\nHe came.", "He came."),
        ("Brief Hospital Course was long.\nHe came.", "Brief Hospital Course was long.\nHe came."),
        ("He came.\nDischarge Instructions:\nRest.", "He came.\nDischarge Instructions:\nRest."),
        ("Summary:\nHe came.", "Summary:\nHe came."),
        ("  He came.\n\n\n\nHe went. \n", "He came.\n\nHe went."),
        ("", ""),
    ],
)
def test_clean_strips_an_echoed_heading_and_surplus_white_space_only(raw: str, text: str) -> None:
    assert clean(raw) == text


def test_the_lineup_of_wispermed_can_be_read(ward: Setting) -> None:
    lineup = read_lineup(find_lineup("wispermed"))
    assert set(lineup.entrants) == {"few-shot", "recon-a"}
    assert FewShot(**lineup.entrants["few-shot"].settings).shots == 3
