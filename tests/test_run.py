"""A run's folder: what is kept, what is made anew, what is refused."""

from __future__ import annotations

import errno
import fcntl
import itertools
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest
from safetensors import SafetensorError

import harness.hand_in
from harness.cli import main
from harness.competitor import MAX_FAILURES_IN_A_ROW, Competitor, blaming, results
from harness.errors import PluginError, RunError
from harness.files import locked, private_folder, whole_or_not
from harness.plugins import Need, Tag
from harness.types import Candidate, Failure, ModelInput
from tests.conftest import forget
from tests.full import MEMORY, files_of_at_most

FEW = ("--scorers", "bleu,rouge")

ECHO = '''
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY
from harness import ModelInput, system

LOG = Path(__file__).with_suffix(".log")

@system("echo")
def echo(asked: ModelInput) -> str:
    """Writes down whom it was asked about."""
    with LOG.open("a") as log:
        log.write(f"{asked.case} {asked.field}\\n")
    return f"case {asked.case} has {len(asked.chart)} parts" + (", seen" if asked.earlier else "")
'''


@pytest.fixture
def submit(ward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        return main(["submit", *arguments, "--data", str(ward), *FEW])

    return run


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    path = tmp_path / "echo.py"
    path.write_text(ECHO)
    return path


def asked(plugin: Path) -> list[str]:
    log = plugin.with_suffix(".log")
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def run_folder(label: str) -> Path:
    return Path("submissions/discharge-me/ward/test_phase_1") / label


def records(label: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run_folder(label) / "candidates.jsonl").read_text().splitlines()]


def source(label: str) -> str:
    manifest: dict[str, str] = json.loads((run_folder(label) / "manifest.json").read_text())
    return manifest["source"]


def csv(label: str) -> bytes:
    return (run_folder(label) / "submission.csv").read_bytes()


def test_a_run_leaves_every_file_of_the_pipeline(submit: Callable[..., int], echo: Path) -> None:
    assert submit("echo", "--plugin", str(echo)) == 0
    names = "run.json run.lock .gitignore prepared.jsonl candidates.jsonl submission.csv submission.zip manifest.json"
    assert {p.name for p in run_folder("echo").iterdir()} == {*names.split(), "scores.json", "cases.npz", "usage.json"}
    prepared = [json.loads(line) for line in (run_folder("echo") / "prepared.jsonl").read_text().splitlines()]
    assert {leak["status"] for record in prepared for leak in record["leaks"]} == {"clean"}
    assert run_folder("echo").stat().st_mode & 0o777 == 0o700


def test_running_again_asks_for_nothing_and_gives_the_same_bytes(submit: Callable[..., int], echo: Path) -> None:
    submit("echo", "--plugin", str(echo))
    first, manifest = csv("echo"), (run_folder("echo") / "manifest.json").read_bytes()
    assert len(asked(echo)) == len(records("echo"))
    assert submit("echo", "--plugin", str(echo)) == 0
    assert asked(echo) == []
    assert csv("echo") == first
    assert (run_folder("echo") / "manifest.json").read_bytes() == manifest


def test_the_instructions_may_read_the_course_that_the_run_wrote(submit: Callable[..., int], echo: Path) -> None:
    submit("echo", "--plugin", str(echo))
    seen = {record["field"]: "seen" in str(record["text"]) for record in records("echo")}
    assert seen == {"brief_hospital_course": False, "discharge_instructions": True}


def test_a_crash_in_the_middle_of_a_line_loses_that_line_alone(submit: Callable[..., int], echo: Path) -> None:
    submit("echo", "--plugin", str(echo))
    whole, path = csv("echo"), run_folder("echo") / "candidates.jsonl"
    asked(echo)
    path.write_bytes(path.read_bytes()[:-20])
    assert submit("echo", "--plugin", str(echo)) == 0
    assert len(asked(echo)) == 1
    assert csv("echo") == whole


SAMPLES = '''
import time
from dataclasses import dataclass
from harness import Candidate, system

@system("samples")
@dataclass(frozen=True)
class Samples:
    """Writes other texts each time, and the first of them twice."""
    samples: int = 2

    def open(self, context):
        return self

    def generate(self, inputs):
        for asked in inputs:
            for index in (*range(self.samples), 0):
                yield Candidate(asked.case, asked.field, str(time.time_ns()), index=index)
'''


@pytest.mark.parametrize("samples", [2, 3])
def test_a_crash_between_two_samples_of_a_case_loses_those_after_it_alone(
    samples: int, submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first stays the one that is handed in."""
    plugin = tmp_path / "samples.py"
    plugin.write_text(SAMPLES)
    command = ("samples", "--plugin", str(plugin), "--set", f"samples={samples}")
    submit(*command)
    whole, path, first = len(records("samples")), run_folder("samples") / "candidates.jsonl", csv("samples")
    kept = path.read_bytes().splitlines(keepends=True)[: 1 - samples]
    path.write_bytes(b"".join(kept))
    capsys.readouterr()
    assert submit(*command) == 0
    assert f"samples: {whole} texts, {samples - 1} of them new" in capsys.readouterr().out
    assert path.read_bytes().startswith(b"".join(kept))
    places = [(record["case"], record["field"], record["index"]) for record in records("samples")]
    assert len(places) == len(set(places)) == whole
    assert csv("samples") == first


def test_an_edited_plugin_runs_again_under_its_label(submit: Callable[..., int], echo: Path) -> None:
    submit("echo", "--plugin", str(echo))
    count, before = len(asked(echo)), source("echo")
    echo.write_text(ECHO.replace("case {asked.case}", "stay {asked.case}"))
    # A fresh process would import the edited file; this one has to forget the old one.
    forget(echo)
    assert submit("echo", "--plugin", str(echo)) == 0
    assert len(asked(echo)) == count
    assert source("echo") != before
    assert b"stay " in csv("echo")
    assert b"case " not in csv("echo")


FAILING = '''
from harness import ModelInput, system

SEEN = []

@system("moody")
def moody(asked: ModelInput) -> str:
    """Raises on the second case that it meets."""
    if asked.case not in SEEN:
        SEEN.append(asked.case)
    if SEEN.index(asked.case) == 1:
        raise ValueError("private words")
    return f"text for {asked.case}"
'''


def test_a_case_that_fails_leaves_the_others_standing(
    submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "moody.py"
    plugin.write_text(FAILING)
    assert submit("moody", "--plugin", str(plugin)) == 1
    out = capsys.readouterr().out
    kept = {str(record["case"]) for record in records("moody")}
    with (run_folder("moody") / "submission.csv").open() as file:
        rows = [line.split(",")[0] for line in file.read().splitlines()[1:]]
    (failed,) = set(rows) - kept
    assert f"moody failed on case {failed}, brief_hospital_course: ValueError" in out
    assert "moody: 2 failures; the same command asks for these alone" in out
    assert len(kept) == len(rows) - 1
    assert json.loads((run_folder("moody") / "manifest.json").read_text())["failures"] == 2


def test_a_case_on_which_a_system_exits_fails_like_any_other(
    submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "moody.py").write_text(FAILING.replace("ValueError", "SystemExit"))
    assert submit("moody", "--plugin", str(tmp_path / "moody.py")) == 1
    out = capsys.readouterr().out
    assert re.search(
        r"moody failed on case \d+, brief_hospital_course: SystemExit, exit code 1: private words \(moody", out
    )
    assert "moody: 2 failures; the same command asks for these alone" in out


def test_a_signal_that_ends_the_process_is_laid_at_no_system(
    submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ray has such an answer to SIGTERM."""
    (tmp_path / "moody.py").write_text(FAILING.replace("raise ValueError", "import signal; signal.raise_signal(15) #"))
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(number))
    try:
        with pytest.raises(SystemExit) as end:
            submit("moody", "--plugin", str(tmp_path / "moody.py"))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert end.value.code == 15
    assert "moody" not in capsys.readouterr().err


def test_a_label_of_other_settings_is_refused_and_untouched(
    submit: Callable[..., int], echo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit("echo", "--plugin", str(echo))
    before = csv("echo")
    assert submit("echo", "--plugin", str(echo), "--seed", "5") == 1
    err = capsys.readouterr().err
    assert "holds a run with other settings: seed is 0 there, 5 here" in err
    assert "--as LABEL" in err
    assert csv("echo") == before
    assert submit("echo", "--plugin", str(echo), "--seed", "5", "--as", "echo-5") == 0


def test_a_limited_run_is_partial_and_has_a_label_of_its_own(
    submit: Callable[..., int], echo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit("echo", "--plugin", str(echo), "--limit", "2") == 0
    assert "2 cases, a sample drawn with seed 0: partial, never ranked" in capsys.readouterr().out
    manifest = json.loads((run_folder("echo-limit2") / "manifest.json").read_text())
    assert manifest["partial"] is True
    assert manifest["cases"] == 2


POOL = '''
from dataclasses import dataclass
from harness import ModelInput, Pool, Rules, system

@system("short")
def short(asked: ModelInput) -> str:
    """A word."""
    return "discharged"

@system("long")
def long(asked: ModelInput) -> str:
    """Many words, except in one case, where it has nothing to say."""
    if asked.case.endswith("1"):
        raise LookupError
    return " ".join(f"word{i}" for i in range(150))

@system("both", needs=("guide",))
@dataclass(frozen=True)
class Both:
    """The better of the two."""
    members: tuple[str, ...] = ("short", "long")

    def pool(self) -> Pool:
        return Pool(self.members, Rules(("repeated <= 0.2",), ("smallest length_distance",)))
'''


def test_a_pool_runs_its_members_and_chooses_among_what_they_have(
    submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "both.py"
    plugin.write_text(POOL)
    assert submit("both", "--plugin", str(plugin)) == 0
    chosen = {(str(r["case"]), str(r["field"])): r["system"] for r in records("both")}
    assert {case.endswith("1"): system for (case, _), system in chosen.items()}[False] == "long"
    assert all((system == "short") == case.endswith("1") for (case, _), system in chosen.items())
    assert run_folder("short").is_dir()
    assert run_folder("long").is_dir()
    assert "both: " in capsys.readouterr().out


def test_a_member_whose_name_is_taken_gets_a_folder_of_its_own(submit: Callable[..., int], tmp_path: Path) -> None:
    plugin = tmp_path / "both.py"
    plugin.write_text(POOL)
    assert submit("short", "--plugin", str(plugin), "--seed", "3") == 0
    assert submit("both", "--plugin", str(plugin)) == 0
    others = [path.name for path in run_folder("").iterdir() if path.name.startswith("short-")]
    assert len(others) == 1


def test_two_at_once_are_refused(submit: Callable[..., int], echo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    submit("echo", "--plugin", str(echo))
    with locked(run_folder("echo") / "run.lock", "the test"):
        assert submit("echo", "--plugin", str(echo)) == 1
    assert "is in use by another process" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
@pytest.mark.parametrize("wait", [False, True])
def test_a_disk_without_locks_is_told_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, wait: bool
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refused)
    lock = tmp_path / "run.lock"
    with pytest.raises(RunError) as told, locked(lock, "the run", wait=wait):
        pass
    assert str(told.value) == (
        f"{lock} cannot be locked: {os.strerror(number)}\n"
        "  -> name a folder on a disk that has locks, with --out or HARNESS_WORKSPACE"
    )


def test_two_starts_on_a_new_label_leave_it_to_the_one_that_holds_it(
    submit: Callable[..., int], echo: Path, ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the first writes just now is neither deleted nor replaced."""
    submit("echo", "--plugin", str(echo))
    theirs = ["import", str(run_folder("echo") / "submission.csv"), "--as", "theirs", "--data", str(ward), *FEW]
    commands = {"new": lambda: submit("echo", "--plugin", str(echo), "--as", "new"), "theirs": lambda: main(theirs)}
    for label, command in commands.items():
        folder = private_folder(run_folder(label))
        writing = folder / ".run.json.1.tmp"
        writing.touch()
        with locked(folder / "run.lock", "the test"):
            assert command() == 1
        assert f"the run {folder} is in use by another process" in capsys.readouterr().err
        assert {path.name for path in folder.iterdir()} == {"run.lock", writing.name}
        assert command() == 0
        assert not writing.exists()


UNSAID = '''
from dataclasses import dataclass
from harness import Candidate, Context, system

@system("sly")
@dataclass(frozen=True)
class Sly:
    """Reads what it does not say it needs."""
    def open(self, context: Context):
        return self
    def generate(self, inputs):
        raise AssertionError("never reached")

@system("slyer")
@dataclass(frozen=True)
class Slyer:
    """Reads examples that it does not say it needs."""
    def open(self, context: Context):
        context.examples("brief_hospital_course")
        return self
    def generate(self, inputs):
        yield from ()
'''


def test_a_need_that_is_not_said_is_refused(
    submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "sly.py"
    plugin.write_text(UNSAID)
    assert submit("slyer", "--plugin", str(plugin)) == 1
    assert "the system 'slyer' reads context.examples without saying so" in capsys.readouterr().err


def test_a_system_that_breaks_off_its_run_is_named(
    submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "sly.py"
    plugin.write_text(UNSAID)
    assert submit("sly", "--plugin", str(plugin)) == 1
    assert "the system 'sly' failed in its run: AssertionError" in capsys.readouterr().err


BROKEN = '''
from dataclasses import dataclass
from harness import Candidate, Pool, system

class Runs:
    def open(self, context):
        return self
    def generate(self, inputs):
        for asked in inputs:
            yield Candidate(asked.case, asked.field, self.text(asked))

@system("no-text")
@dataclass(frozen=True)
class NoText(Runs):
    """Yields None for a text, now and then."""
    def text(self, asked):
        return None if asked.case.endswith(("1", "3", "5", "7", "9")) else "text"

@system("half-a-character")
@dataclass(frozen=True)
class Surrogate(Runs):
    """Ends its texts in half of a character."""
    def text(self, asked):
        return "text \\ud83d"

@system("shut")
@dataclass(frozen=True)
class Shut:
    """Does not open."""
    def open(self, context):
        raise LookupError("no key")

@system("empty")
def empty(asked):
    """Writes nothing."""
    return " "

@system("much")
def much(asked):
    """Writes far too much."""
    return "word " * 2000

@system("plenty")
def plenty(asked):
    """Writes as much, in other words."""
    return "words " * 2000

class Last:
    reads, ready = (), True
    def fit(self, offers, scores):
        return self
    def choose(self, offer):
        return len(offer.features)

@system("astray", needs=("guide",))
@dataclass(frozen=True)
class Astray:
    """Chooses what is not there."""
    def pool(self):
        return Pool(("much", "plenty"), Last())

@system("late", needs=("guide",))
@dataclass(frozen=True)
class Late:
    """Its second member does not exist."""
    def pool(self):
        return Pool(("much", "mush"), Last())

@system("frugal", needs=("guide",))
@dataclass(frozen=True)
class Frugal:
    """An empty text and one that is far too long."""
    def pool(self):
        from harness import Rules
        return Pool(("empty", "much"), Rules(prefer=("smallest length_distance",)))
'''


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.py"
    path.write_text(BROKEN)
    return str(path)


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ("shut", "the system 'shut' failed to open: LookupError: no key"),
        ("astray", "the selector of the pool 'astray' chose number 2 of 2 candidates"),
        ("late", "there is no system 'mush'"),
    ],
)
def test_a_broken_plugin_is_the_users_problem_and_named(
    system: str, message: str, submit: Callable[..., int], broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(system, "--plugin", broken) == 1
    assert message in capsys.readouterr().err


def test_a_pools_faults_are_told_before_its_members_work(submit: Callable[..., int], broken: str) -> None:
    submit("late", "--plugin", broken)
    assert not run_folder("much").exists()


def test_what_is_no_text_is_a_failure_and_not_kept(
    submit: Callable[..., int], broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit("no-text", "--plugin", broken) == 1
    assert all(record["text"] == "text" for record in records("no-text"))
    assert "its text is no str but NoneType" in capsys.readouterr().out


def test_half_a_character_survives(submit: Callable[..., int], broken: str) -> None:
    assert submit("half-a-character", "--plugin", broken) == 0
    first = csv("half-a-character")
    assert "text \ufffd".encode() in first
    assert submit("half-a-character", "--plugin", broken) == 0
    assert csv("half-a-character") == first


def test_a_pool_never_prefers_nothing(submit: Callable[..., int], broken: str) -> None:
    assert submit("frugal", "--plugin", broken) == 0
    assert {record["system"] for record in records("frugal")} == {"much"}


@pytest.mark.parametrize("needs", [(), ("engine",)])
def test_a_system_that_raises_on_case_after_case_is_stopped(needs: tuple[Need, ...]) -> None:
    class Moody:
        def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
            for asked in inputs:
                if asked.case != "0":
                    raise LookupError
                yield Candidate(asked.case, "f", "text")

    competitor = Competitor("s", "s", None, Tag("system", "s", needs), {}, "")
    inputs = [ModelInput(str(i), "g", "f", ()) for i in range(100)]
    found = []
    with pytest.raises(PluginError, match=f"failed on {MAX_FAILURES_IN_A_ROW} cases in a row, the last"):
        found.extend(results(competitor, Moody(), inputs))
    for result in itertools.islice(results(competitor, Moody(), inputs), MAX_FAILURES_IN_A_ROW):
        found.append(result)
    assert any(isinstance(result, Candidate) for result in found)
    assert any(isinstance(result, Failure) for result in found)


@dataclass(frozen=True)
class Opens:
    """A system that opens into `runner`."""

    runner: Any

    def open(self, context: Any) -> Any:
        return self.runner


def answered(system: Any, cases: int = 3, settings: Mapping[str, Any] | None = None) -> Iterator[Candidate | Failure]:
    competitor = Competitor("s", "s", system, Tag("system", "s", ()), settings or {}, "")
    inputs = [ModelInput(str(i), "g", "f", ()) for i in range(cases)]
    yield from results(competitor, competitor.open(None), inputs)  # type: ignore[arg-type]


def test_a_function_without_return_fails_in_words_of_its_own(
    submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mute.py").write_text(
        'from harness import system\n\n@system("mute")\ndef mute(asked):\n    "Returns nothing."\n'
    )
    assert submit("mute", "--plugin", str(tmp_path / "mute.py"), "--limit", "2") == 1
    out = capsys.readouterr().out
    assert re.search(
        r"mute-limit2 failed on case \d+, brief_hospital_course: it returned NoneType where a str is due\n", out
    )


def test_a_function_that_never_returns_a_text_is_stopped() -> None:
    with pytest.raises(PluginError) as caught:
        list(answered(lambda _: 3, cases=100))
    assert (
        caught.value.what
        == "the system 's' failed on 20 cases in a row, the last 19: it returned int where a str is due"
    )


EACH = "\n  -> yield Candidate(asked.case, asked.field, text), or a Failure that says why, for each input"


@pytest.mark.parametrize(
    ("runner", "message"),
    [
        (None, "open() returned NoneType, which has no generate()\n  -> return something with generate(inputs), see "),
        (SimpleNamespace(generate=lambda inputs: None), f"generate() returned NoneType{EACH}"),
        (SimpleNamespace(generate=lambda inputs: ["text" for _ in inputs]), f"generate() yielded str{EACH}"),
    ],
)
def test_a_runner_that_gives_no_answers_is_named_with_what_is_due(runner: Any, message: str) -> None:
    with pytest.raises(PluginError) as caught:
        list(answered(Opens(runner)))
    assert str(caught.value).startswith(f"the system 's': {message}")


def _answers_each(inputs: Sequence[ModelInput]) -> Iterator[Candidate]:
    for at in range(len(inputs)):
        yield Candidate(inputs[at].case, "f", "text")
    raise LookupError("in its closing lines")


def test_a_fault_after_the_last_answer_is_laid_at_no_case() -> None:
    found = answered(Opens(SimpleNamespace(generate=_answers_each)))
    assert [next(found) for _ in range(3)] == [Candidate(str(at), "f", "text", seconds=ANY) for at in range(3)]
    with pytest.raises(PluginError, match=r"^the system 's' failed in its run: LookupError: in its closing lines"):
        next(found)


def test_a_fault_between_the_texts_of_a_case_is_laid_at_that_case() -> None:
    found = answered(Opens(SimpleNamespace(generate=_answers_each)), cases=1, settings={"samples": 2})
    first, second = found
    assert isinstance(first, Candidate)
    assert isinstance(second, Failure)
    assert (second.case, second.reason.partition(" (")[0]) == ("0", "LookupError: in its closing lines")


def test_texts_before_a_fault_in_closing_lines_are_kept_and_the_fault_is_told_once(
    submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "late.py").write_text(
        "from dataclasses import dataclass\nfrom harness import Candidate, system\n\n"
        '@system("late")\n@dataclass(frozen=True)\nclass Late:\n    "Fails once it is done."\n'
        "    def open(self, context):\n        return self\n    def generate(self, inputs):\n"
        "        for at in range(len(inputs)):\n"
        '            yield Candidate(inputs[at].case, inputs[at].field, "text")\n'
        "        raise LookupError\n"
    )
    for _ in range(2):  # a field at a time
        assert submit("late", "--plugin", str(tmp_path / "late.py"), "--limit", "2") == 1
        assert "the system 'late' failed in its run: LookupError" in capsys.readouterr().err
    assert submit("late", "--plugin", str(tmp_path / "late.py"), "--limit", "2") == 0
    assert "late-limit2: 4 texts, 0 of them new" in capsys.readouterr().out


def test_no_scores_of_another_text_stay_beside_a_submission(
    submit: Callable[..., int], echo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("echo", "--plugin", str(echo))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(harness.hand_in, "score", interrupted)
    assert submit("echo", "--plugin", str(echo)) == 130
    assert not (run_folder("echo") / "scores.json").exists()


def test_an_edited_helper_makes_its_plugins_run_again(submit: Callable[..., int], echo: Path) -> None:
    helper = echo.with_name("_helper.py")
    helper.write_text("WORDS = 1\n")
    submit("echo", "--plugin", str(echo))
    count = len(asked(echo))
    helper.write_text("WORDS = 2\n")
    submit("echo", "--plugin", str(echo))
    assert len(asked(echo)) == count


def test_a_sample_is_not_promised_to_be_accepted(
    submit: Callable[..., int], echo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit("echo", "--plugin", str(echo), "--limit", "2")
    out = capsys.readouterr().out
    assert "id-missing" in out
    assert "The task's server will refuse this submission." in out


def test_a_folder_is_held_until_it_stands_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, replace_ = tmp_path / "out", Path.replace

    def while_it_moves(work: Path, place: Path) -> Path:
        with pytest.raises(RunError, match="out is in use"), whole_or_not(out, "out"):
            pass
        return replace_(work, place)

    monkeypatch.setattr(Path, "replace", while_it_moves)
    with whole_or_not(out, "out") as work:
        (work / "a").touch()
    assert [path.name for path in out.iterdir()] == ["a"]


def _full_for_the_machine(path: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _full_for_safetensors(path: Path) -> None:
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def _full_for_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA max_page_count = 2")
        db.execute("CREATE TABLE large AS SELECT randomblob(1000000)")


def _refused_to_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, files_of_at_most(20_000):
        db.execute("CREATE TABLE large AS SELECT randomblob(1000000)")


def _cut_by_numpy(path: Path) -> None:
    with files_of_at_most(20_000):
        np.save(path, np.zeros(10_000))


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (_full_for_the_machine, "No space left on device"),
        (_full_for_safetensors, "No space left on device"),
        (_full_for_sqlite, "No space left on device"),
        (_refused_to_sqlite, "Input/output error"),
        (_cut_by_numpy, "No space left on device"),
    ],
)
def test_a_full_disk_is_not_laid_at_the_plugin(write: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=f"{said}$"), blaming("qlora", "to learn"):
        write(tmp_path / "written.npy")


def _run_of_one_that_raises(error: Exception) -> list[Candidate | Failure]:
    class Full:
        def generate(self, inputs: Sequence[ModelInput]) -> Iterator[Candidate | Failure]:
            for _ in inputs:
                raise error
            yield from ()

    competitor = Competitor("s", "s", None, Tag("system", "s", ()), {}, "")
    return list(results(competitor, Full(), [ModelInput("1", "g", "f", ())]))


def test_a_full_disk_while_a_system_writes_is_not_laid_at_its_case() -> None:
    with pytest.raises(OSError, match="No space"):
        _run_of_one_that_raises(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "1"))


@pytest.mark.parametrize("error", MEMORY)
def test_a_full_memory_is_not_laid_at_the_plugin_or_its_case(error: Exception) -> None:
    todo = "\n  -> make room, or lower its settings; the same command goes on from here"
    with pytest.raises(RunError) as caught, blaming("qlora", "to learn"):
        raise error
    assert str(caught.value) == f"the system 'qlora' ran out of memory when it had to learn{todo}"
    with pytest.raises(RunError) as caught:
        _run_of_one_that_raises(error)
    assert str(caught.value) == f"the system 's' ran out of memory in its run{todo}"
