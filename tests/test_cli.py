"""The command line: exit codes, and messages that finish the job."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness import manifest as manifests
from harness.cli import main
from harness.corpora import default_wards, open_corpus, synthetic
from harness.corpora.synthetic import synthesize
from harness.files import locked
from harness.lineup import DEFAULT_LINEUP, find_lineup, read_lineup
from harness.plugins import registry
from harness.tasks.discharge_me import discharge_me
from tests.conftest import SHARED, forget, needs_shared
from tests.full import MEMORY, raising

FEW = ("--scorers", "bleu,rouge")
SUBMIT = ("submit", "quiet", "--plugin", "quiet.py", *FEW)
SCORE = ("score", *FEW)
IMPORT = ("import", *FEW)

QUIET = '''
from harness import ModelInput, system

@system("quiet")
def quiet(asked: ModelInput) -> str:
    """Says the same of everybody."""
    return "The patient was admitted and discharged home in stable condition."
'''


SLOW = '''
import time
from pathlib import Path
from harness import ModelInput, system

@system("slow")
def slow(asked: ModelInput) -> str:
    """Says that it was asked, and waits until it may answer."""
    Path("asked").touch()
    while not Path("go").exists():
        time.sleep(0.05)
    return "The patient went home."
'''


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quiet.py").write_text(QUIET)
    return tmp_path


@pytest.fixture
def ran(home: Path, ward: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder of a finished run of `quiet`."""
    assert main([*SUBMIT, "--data", str(ward)]) == 0
    capsys.readouterr()
    return home / "submissions/discharge-me/ward/test_phase_1/quiet"


Fails = Callable[..., str]


@pytest.fixture
def fails(home: Path, capsys: pytest.CaptureFixture[str]) -> Fails:
    """Run a command that must fail with exit code 1 (or `code`), without traceback; returns its message."""

    def run(*arguments: str, code: int = 1) -> str:
        assert main(list(arguments)) == code
        message = capsys.readouterr().err
        assert message.startswith("harness: ")
        assert "Traceback" not in message
        assert "->" in message
        return message

    return run


def test_an_unknown_system_lists_the_nearest(fails: Fails, ward: Path) -> None:
    message = fails("submit", "nearst", "--data", str(ward))
    assert "there is no system 'nearst'" in message
    assert "did you mean nearest?" in message


def test_an_unknown_task_and_split(fails: Fails, ward: Path) -> None:
    assert "there is no task 'discharge-you'" in fails("submit", "lead", "--task", "discharge-you")
    message = fails("submit", "lead", "--data", str(ward), "--split", "test")
    assert "has no split test" in message
    assert "train, valid, test_phase_1, test_phase_2" in message


def test_a_folder_that_is_not_there(fails: Fails) -> None:
    assert "nowhere" in fails("submit", "lead", "--data", "nowhere")


def test_settings_are_checked(fails: Fails, ward: Path) -> None:
    message = fails("submit", "few-shot", "--data", str(ward), "--set", "shots=many")
    assert "shots: takes int, not 'many'" in message
    assert "did you mean shots or shot_budget?" in fails("submit", "few-shot", "--data", str(ward), "--set", "shot=1")
    assert "this is not name=value" in fails("submit", "few-shot", "--data", str(ward), "--set", "shots")
    assert "takes no settings" in fails("submit", "quiet", "--plugin", "quiet.py", "--data", str(ward), "--set", "a=1")


def test_settings_that_contradict_each_other(fails: Fails, ward: Path) -> None:
    message = fails("submit", "few-shot", "--data", str(ward), "--set", "samples=3")
    assert "samples above 1 need a temperature above 0" in message


def test_labels_are_names_of_folders(fails: Fails, ward: Path) -> None:
    message = fails("submit", "quiet", "--plugin", "quiet.py", "--data", str(ward), "--as", "../up")
    assert "the label '../up' is no name for a folder" in message


def test_an_empty_label_names_no_run(ran: Path, ward: Path, fails: Fails) -> None:
    message = fails(*IMPORT, str(ran / "submission.zip"), "--as", "", "--data", str(ward))
    assert "the label '' is no name for a folder\n  -> use letters, digits, - and _" in message
    assert not (ran.parent / "run.json").exists()


def test_a_limit_of_nothing(fails: Fails, ward: Path) -> None:
    assert "--limit 0" in fails("submit", "quiet", "--plugin", "quiet.py", "--data", str(ward), "--limit", "0")


@pytest.mark.parametrize(
    ("slip", "message"),
    [
        (["submit", "leed"], "did you mean lead?"),
        (["submit", "lead", "--as", "a/b"], "the label 'a/b' is no name for a folder"),
        (["submit", "lead", "--set", "shots=3"], "--set: there is no setting 'shots'"),
        (["submit", "lead", "--set", "shots"], "this is not name=value"),
        (["submit", "lead", "--scorers", "bluu"], "did you mean bleu?"),
        (["submit", "lead", "--as", "quiet"], "holds a run with other settings"),
        (["pool-report", "lead"], "lead is no pool"),
        (["pool-report", "des", "--scorers", "bluu"], "did you mean bleu?"),
        (["import", "gone.csv", "--as", "a/b"], "the label 'a/b' is no name for a folder"),
    ],
)
def test_a_slip_of_the_pen_is_told_before_anything_is_prepared(
    slip: list[str], message: str, ran: Path, ward: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.contest.open_cases", raising(AssertionError("prepared")))
    assert message in fails(*slip, "--data", str(ward))


def test_an_unknown_lineup_names_those_shipped(fails: Fails, ward: Path) -> None:
    message = fails("submit", "lead", "--data", str(ward), "--lineup", "wisper")
    assert "there is no lineup wisper" in message
    shipped = sorted(path.stem for path in DEFAULT_LINEUP.parent.glob("*.toml"))
    assert {"embedded", "wispermed"} <= {*shipped}
    assert f"give a file, or one of {', '.join(shipped)}" in message


def test_usage_is_exit_code_2() -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["submit"])
    assert exit_.value.code == 2


def test_a_bug_of_ours_is_exit_code_3_and_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import harness.plugins

    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(harness.plugins, "registry", broken)
    assert main(["list"]) == 3
    err = capsys.readouterr().err
    assert err.startswith("harness: a bug of ours: ZeroDivisionError")
    assert "Traceback" not in err


READER = """
import sys
from dataclasses import replace
from harness import Task, task
from harness.tasks.dialogue_note import dialogue_note

def opened(data, task):
    sys.exit()

@task("reader")
def reader() -> Task:
    return replace(dialogue_note(), name="reader", corpus=opened)
"""


def test_a_plugin_that_exits_where_nobody_asks_for_it_by_name_is_blamed_by_its_file(home: Path, fails: Fails) -> None:
    (home / "reader.py").write_text(READER)
    assert fails("submit", "lead", "--task", "reader", "--plugin", "reader.py", "--data", "any") == (
        "harness: a plugin ended the program: SystemExit, exit code 0 (reader.py, line 8, in opened)\n"
        "  -> mend it: let it raise an error that says why\n"
    )


def test_what_the_machine_refuses_is_the_users_and_named(
    fails: Fails, ward: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = "  -> a folder is due where a file is: move it, or name another place\n"
    (home / "file").touch()
    message = fails(*SUBMIT, "--data", str(ward), "--out", "file")
    assert re.fullmatch(rf"harness: file/\S+: Not a directory\n{todo}", message)
    message = fails("data", "primer", "--out", "new/dir/p.jsonl", "--stays", "4")
    there = "  -> name a folder that is there; where one was deleted meanwhile, the same command makes it again\n"
    assert re.fullmatch(rf"harness: \S*new/dir/\S+: No such file or directory\n{there}", message)
    monkeypatch.setenv("HARNESS_WORKSPACE", "file/scratch")
    message = fails(*SUBMIT, "--data", str(ward))
    assert re.fullmatch(rf"harness: file/scratch\S*: Not a directory\n{todo}", message)


def test_a_folder_where_a_file_is_due_is_named(fails: Fails, home: Path) -> None:
    for split in ("train", "valid"):
        (home / "two" / f"{split}.csv").mkdir(parents=True)
    message = fails("submit", "lead", "--task", "dialogue-note", "--split", "valid", "--data", "two")
    assert message == (
        "harness: two/valid.csv: Is a directory\n"
        "  -> a file is due where that folder is: move it, or name another place\n"
    )


MAY = "see who may read or write it; runs and the workspace go where --out and HARNESS_WORKSPACE say"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, f"Permission denied\n  -> {MAY}"),
        (errno.EPERM, f"Operation not permitted\n  -> {MAY}"),
        (errno.EROFS, f"Read-only file system\n  -> {MAY}"),
        (
            errno.EMFILE,
            "Too many open files\n  -> see to that, or name another place; the same command goes on from here",
        ),
    ],
)
def test_room_does_not_help_against_what_is_not_permitted(
    number: int, said: str, fails: Fails, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import harness.plugins

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number), "mine.py")

    monkeypatch.setattr(harness.plugins, "registry", refused)
    assert fails("list", "--plugin", "mine.py") == f"harness: mine.py: {said}\n"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "Mr Smith was admitted"),
        OSError("384000 requested and 383968 written"),
        RuntimeError("Mr Smith was admitted (os error 28)"),
    ],
    ids=["machine", "numpy", "rust"],
)
def test_a_full_disk_is_told_in_the_machines_words_alone(
    error: Exception, fails: Fails, restricted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import harness.validate

    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(harness.validate, "validate", full)
    message = fails("validate", "theirs.csv", "--data", str(restricted))
    assert message == (
        "harness: No space left on device\n  -> make room, or name another folder; the same command goes on from here\n"
    )


def test_ctrl_c_says_how_to_go_on(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import harness.plugins

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(harness.plugins, "registry", interrupted)
    assert main(["list"]) == 130
    assert "stopped; the same command goes on from here" in capsys.readouterr().err


@pytest.mark.parametrize(("unbuffered", "refused", "done"), [("", 1, 0), ("1", 141, 141)], ids=["at-end", "at-once"])
def test_a_reader_who_is_gone_hides_no_refusal(
    unbuffered: str, refused: int, done: int, home: Path, ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    (home / "bad.csv").write_text("a,b\n1,2\n")
    raised = ["submit", "leda", "--data", str(ward)]  # once something was said of the corpus
    for command, code, told in (
        (["validate", "bad.csv"], refused, ""),
        (raised, refused, "" if unbuffered else "harness: there is no system 'leda'"),
        (["list", "tasks"], done, ""),
    ):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write) as gone:
            run = [sys.executable, "-m", "harness.cli", *command]
            ended = subprocess.run(run, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
        assert (ended.returncode, ended.stderr.partition("\n")[0]) == (code, told)
        assert "Exception ignored" not in ended.stderr


@pytest.mark.parametrize(("encoding", "shown"), [("latin-1", "quiet?2"), ("utf-8", "quiet–2")])
def test_a_terminal_that_lacks_a_character_ends_no_finished_work(
    encoding: str, shown: str, home: Path, ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr("sys.stdout", terminal)
    assert main([*SUBMIT, "--data", str(ward), "--as", "quiet–2"]) == 0
    terminal.seek(0)
    assert f"{shown}: 6 texts, 6 of them new\n" in terminal.read()


def test_list_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for name in ("discharge-me", "lead", "nearest", "few-shot", "des", "rouge", "bleu", "smollm2-135m-instruct"):
        assert f"  {name} " in out


def test_list_shows_the_systems_of_a_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "systems", "--lineup", "full-pool"]) == 0
    _, _, own = capsys.readouterr().out.partition("systems of the line-up full-pool:\n")
    names = [line.split()[0] for line in own.splitlines()]
    assert set(names) == set(read_lineup(find_lineup("full-pool")).entrants) - set(registry().names("system"))
    assert names


def test_validate_passes_our_own_and_its_exit_code_is_the_servers_answer(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(ran / "submission.zip"), "--data", str(ward)]) == 0
    assert "will accept this submission" in capsys.readouterr().out
    assert main(["validate", str(ran / "submission.csv"), "--data", str(ward)]) == 1
    assert capsys.readouterr().out == (
        "refused by the task's server until it is packed anew (1)\n"
        "  [zipped] submission.csv: the task's server takes a zip: pack it as submission.csv in submission.zip\n"
        "The task's server will accept this submission once it is packed as stands above.\n"
    )
    short = home / "short.csv"
    short.write_bytes(b"".join((ran / "submission.csv").read_bytes().splitlines(keepends=True)[:-1]))
    assert main(["validate", str(short), "--data", str(ward)]) == 1
    assert "id-missing" in capsys.readouterr().out


def test_the_help_of_validate_lists_its_checks(capsys: pytest.CaptureFixture[str]) -> None:
    from harness.validate import CHECKS

    with pytest.raises(SystemExit):
        main(["validate", "--help"])
    out = capsys.readouterr().out
    assert [name for name in CHECKS if name not in out] == []


def test_an_imported_file_scores_like_our_own(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*IMPORT, str(ran / "submission.zip"), "--as", "theirs", "--data", str(ward)]
    assert main(arguments) == 0
    assert "theirs: Discharge Me!" in capsys.readouterr().out
    ours, theirs = (json.loads((ran.parent / label / "scores.json").read_text()) for label in ("quiet", "theirs"))
    assert ours["scores"] == theirs["scores"]
    assert theirs["manifest"]["origin"] == "imported"
    assert main(arguments) == 0
    assert (ran.parent / "theirs" / "candidates.jsonl").read_bytes().count(b"\n") == 2 * theirs["manifest"]["cases"]


def test_a_manifest_says_who_hands_in_and_a_new_description_makes_no_text_anew(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = DEFAULT_LINEUP.read_text()
    asked = ["--data", str(ward), "--lineup", "mine.toml"]
    for label, command in (("quiet", SUBMIT), ("theirs", [*IMPORT, str(ran / "submission.zip"), "--as", "theirs"])):
        for line in ("a first try", "a second line on it"):
            team = f'name = "Ward 7"\ndescription = "{line}"\nexternal_data = ["our own letters"]\n'
            (home / "mine.toml").write_text(f"{text}\n[team]\n{team}")
            assert main([*command, *asked]) == 0
            told = json.loads((ran.parent / label / "manifest.json").read_text())
            assert (told["team"], told["description"]) == ("Ward 7", line)
            assert told["external_data"][-1:] == ["our own letters"]
    assert re.findall(r"quiet: \d+ texts, (\d+) of them new", capsys.readouterr().out) == ["0", "0"]


COMMITS = """
import subprocess
from harness import ModelInput, system

@system("commits")
def commits(asked: ModelInput) -> str:
    subprocess.run([*GIT, "commit", "-q", "--allow-empty", "-m", "meanwhile"], check=True)
    return "The patient went home."
"""


def test_a_command_asks_once_of_which_commit_it_is_and_before_it_writes(
    home: Path, ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = ["git", "-C", str(home), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "begun"]):
        subprocess.run([*git, *command], check=True)
    head = [*git, "rev-parse", "HEAD"]
    begun = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    (home / "commits.py").write_text(COMMITS.replace("*GIT", f"*{git}"))
    monkeypatch.setattr(manifests, "_HOUSE", home)
    monkeypatch.setattr(manifests, "revision", cache(manifests.revision.__wrapped__))
    asked: list[list[str]] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **how: (asked.append(command), run(command, **how))[1])
    assert main(["submit", "commits", "--plugin", "commits.py", *FEW, "--data", str(ward)]) == 0
    made = home / "submissions/discharge-me/ward/test_phase_1/commits"
    assert manifests.read(made).revision == begun
    for name in ("a.zip", "b.zip"):
        shutil.copy(made / "submission.zip", home / name)
    assert main([*SCORE, "a.zip", "b.zip", "--data", str(ward)]) == 0
    assert sum("rev-parse" in command for command in asked) == 1


def test_another_file_under_the_same_label_is_refused(ran: Path, ward: Path, fails: Fails, home: Path) -> None:
    main([*IMPORT, str(ran / "submission.csv"), "--as", "theirs", "--data", str(ward)])
    other = home / "other.csv"
    other.write_text((ran / "submission.csv").read_text().replace("stable", "good"))
    message = fails(*IMPORT, str(other), "--as", "theirs", "--data", str(ward))
    assert "holds another submission: candidates_digest is" in message


def test_what_is_left_out_of_an_imported_file_is_told(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "more.csv").write_text(f"{(ran / 'submission.csv').read_text()}999,a,b\n")
    assert main([*IMPORT, "more.csv", "--as", "more", "--data", str(ward)]) == 0
    said = capsys.readouterr().out
    assert re.search(
        r"\nmore\.csv: ids that are not expected \(1\): 999 \(line \d+\): not so in what was made of it\n", said
    )
    assert "\nThe task's server will accept this submission.\n" in said


def test_a_file_that_the_server_would_refuse_is_not_imported(ward: Path, fails: Fails, home: Path) -> None:
    (home / "bad.csv").write_text("hadm_id,brief_hospital_course\n1,text\n")
    message = fails(*IMPORT, "bad.csv", "--as", "bad", "--data", str(ward))
    assert "column 'discharge_instructions'" in message
    assert not (home / "submissions/discharge-me/ward/test_phase_1/bad").exists()


def test_a_folder_of_other_peoples_files_is_one_board(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = home / "others"
    others.mkdir()
    text = (ran / "submission.csv").read_text()
    (others / "team-a.csv").write_text(text)
    with zipfile.ZipFile(others / "team-b.zip", "w") as archive:
        archive.writestr("submission.csv", text.replace("stable", "a stable"))
    (others / "._team-a.csv").write_bytes(b"\x00\x05\x16\x07 of a Mac")
    assert main([*SCORE, str(others), "--data", str(ward)]) == 0
    board = capsys.readouterr().out
    assert "| team-a |" in board
    assert "| team-b |" in board
    assert not (others / "scores.json").exists()


def labels(board: str) -> list[str]:
    """Of the rows that share the first rank."""
    return sorted(line.split("|")[4].strip() for line in board.splitlines() if line.startswith("|    1 |"))


def test_files_of_one_name_have_labels_of_their_own(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["a/submission.zip", "a/submission.csv", "b/submission.zip", "b/second.zip", "more/c.csv", "more/c.csv.gz"]
    for name in files:
        (home / "teams" / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".gz"):
            (home / "teams" / name).write_bytes(gzip.compress((ran / "submission.csv").read_bytes()))
        else:
            shutil.copy(ran / f"submission{Path(name).suffix}", home / "teams" / name)
    assert main([*SCORE, "teams", "--data", str(ward)]) == 0
    assert labels(capsys.readouterr().out) == ["a", "b", "b/second", "more/c.csv", "more/c.csv.gz"]
    assert main([*SCORE, "teams/a/submission.zip", "teams/b/submission.zip", "--data", str(ward)]) == 0
    assert labels(capsys.readouterr().out) == ["a", "b"]
    for team in ("a", "b"):
        shutil.copy(ran / "submission.csv", home / "teams" / team / "out.csv")
    assert main([*SCORE, *(str(home / f"teams/{team}/out.csv") for team in "ab"), "--data", str(ward)]) == 0
    assert labels(capsys.readouterr().out) == ["a/out.csv", "b/out.csv"]


def test_a_folder_that_is_named_like_an_archive_is_a_folder(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("teamA.zip/submission.csv", "teamB.csv/good.csv"):
        (home / "sent" / name).parent.mkdir(parents=True)
        shutil.copy(ran / "submission.csv", home / "sent" / name)
    (home / "sent" / "empty.csv.gz").mkdir()
    assert main([*SCORE, "sent", "--data", str(ward)]) == 0
    said = capsys.readouterr()
    assert labels(said.out) == ["teamA.zip", "teamB.csv/good"]
    assert "manifest.json" not in said.err


def test_a_suffix_in_capitals_is_a_suffix(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "teams").mkdir()
    for name in ("A.ZIP", "a.zip", "B.Csv", "SUBMISSION.zip"):
        shutil.copy(ran / f"submission{Path(name).suffix.lower()}", home / "teams" / name)
    (home / "teams" / "C.CSV.GZ").write_bytes(gzip.compress((ran / "submission.csv").read_bytes()))
    assert main([*SCORE, "teams", "--data", str(ward)]) == 0
    assert labels(capsys.readouterr().out) == ["A", "B", "C", "SUBMISSION", "a"]


def test_one_refused_file_leaves_the_board_to_the_others(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ran / "submission.csv", home / "good.csv")
    (home / "bad.csv").write_text("hadm_id,brief_hospital_course\n1,text\n")
    (home / "worse.zip").write_text("no zip")
    assert main([*SCORE, "bad.csv", "good.csv", "worse.zip", "--data", str(ward)]) == 1
    shown = capsys.readouterr()
    assert labels(shown.out) == ["good"]
    assert "harness: bad.csv: this is no submission for discharge-me:\n" in shown.err
    assert "column 'discharge_instructions'" in shown.err
    assert "harness: worse.zip: this is no submission for discharge-me:\n" in shown.err


def test_a_run_of_another_task_or_split_is_refused(ran: Path, fails: Fails) -> None:
    message = fails(*SCORE, str(ran), "--split", "valid")
    assert "is a run of the split test_phase_1, not valid\n  -> score it with --split test_phase_1" in message
    manifest = json.loads((ran / "manifest.json").read_text())
    (ran / "manifest.json").write_text(json.dumps({**manifest, "task": "other"}))
    assert "is a run of the task other, not discharge-me\n  -> score it with --task other" in fails(*SCORE, str(ran))


def test_a_run_in_use_is_not_scored(ran: Path, fails: Fails) -> None:
    with locked(ran / "run.lock", "the run"):
        message = fails(*SCORE, str(ran))
    assert f"the run {ran} is in use by another process\n  -> wait for it to end, or stop it" in message


def test_files_that_cannot_be_read_or_written_are_named(ran: Path, fails: Fails, home: Path) -> None:
    message = fails(*SCORE, str(ran), "--ids", "missing.txt", code=2)
    assert "--ids missing.txt cannot be read: No such file or directory\n  -> name a file" in message
    (home / "ids.txt").write_bytes(b"\xff")
    assert "--ids ids.txt is not UTF-8" in fails(*SCORE, str(ran), "--ids", "ids.txt", code=2)
    message = fails("leaderboard", "--out", "no/such/dir/x", code=2)
    assert "--out no/such/dir/x cannot be written: No such file or directory\n  -> name a file in a folder" in message


def test_a_path_of_a_lineup_is_never_taken_for_one_that_is_shipped(fails: Fails, ward: Path) -> None:
    message = fails("submit", "lead", "--data", str(ward), "--lineup", "typo/embedded.toml")
    assert "there is no lineup typo/embedded.toml\n  -> give a file, or one of embedded" in message


def test_two_wards_of_one_name_have_a_table_each(ran: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    synthesize(home / "other" / "ward", 24, 2)
    submit = [*SUBMIT, "--data", "other/ward", "--as", "again"]
    assert main(submit) == 0
    capsys.readouterr()
    assert main(["leaderboard"]) == 0
    board = capsys.readouterr().out
    assert len(set(re.findall(r", ward, test_phase_1 \([0-9a-f]{8}\)\n", board))) == 2
    assert "| quiet |" in board
    assert "| again |" in board


def test_a_first_run_takes_the_ward_that_another_wrote_meanwhile(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = synthetic.synthesize

    def both(out: Path, stays: int, seed: int) -> object:
        real(home / "workspace/ward-1-64-0", 24, 0)
        return real(out, 24, 1)

    monkeypatch.setattr(synthetic, "synthesize", both)
    assert open_corpus(None, discharge_me()).data == default_wards()[0]
    assert [path.name for path in (home / "workspace").glob("*ward-1-64-0*")] == ["ward-1-64-0"]


def test_an_unknown_version_of_the_ward(fails: Fails) -> None:
    message = fails("data", "synthesize", "--out", "ward", "--ward-version", "9")
    assert "there is no version 9 of the ward" in message
    assert "choose one of 1: --ward-version" in message


@pytest.mark.parametrize(("action", "option"), [("primer", "--ward-version=1"), ("synthesize", "--shuffle")])
def test_what_only_the_other_of_two_writes_by_is_not_ignored(
    home: Path, action: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["data", action, "--out", "made", option])
    assert f"unrecognized arguments: {option}" in capsys.readouterr().err
    assert not (home / "made").exists()


def test_an_unexpected_error_in_a_file_of_nobody_is_told_without_its_message(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import harness.validate

    def broken(*_: object) -> None:
        raise ValueError("Mr Smith was admitted")

    monkeypatch.setattr(harness.validate, "validate", broken)
    assert main(["validate", "theirs.csv"]) == 3
    message = capsys.readouterr().err
    assert "harness: a bug of ours: ValueError (" in message
    assert "Smith" not in message


# --------------------------------------------------------------------------- purge


def test_purge_takes_only_what_we_made(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_WORKSPACE", str(home / "scratch"))
    theirs = ["scratch/my-thesis", "scratch/results-0a1b2c3d", "scratch/ward-1-2", "submissions/web-app"]
    for name in theirs:
        (home / name).mkdir(parents=True)
        (home / name / "run.json").write_text('{"data": "mine"}')
        (home / name / ".gitignore").write_text("*\n")
    assert main([*SUBMIT]) == 0
    capsys.readouterr()
    assert main(["purge", "--yes"]) == 0
    out = capsys.readouterr().out
    assert f"searched: {home / 'scratch'}, and submissions for runs; those elsewhere are found with --out DIR" in out
    assert "deleted 3 folders" in out
    assert sorted(path.name for path in (home / "scratch").iterdir()) == ["my-thesis", "results-0a1b2c3d", "ward-1-2"]
    assert [path.name for path in (home / "submissions").iterdir()] == ["web-app"]


def test_purge_finds_what_derives_from_data_that_were_renamed_or_are_gone(
    home: Path, ward: Path, fails: Fails, capsys: pytest.CaptureFixture[str]
) -> None:
    for act in ("renamed", "gone"):
        shutil.copytree(ward, home / act)
        assert main([*SUBMIT, "--data", act, "--as", act]) == 0
    marking = home / "renamed" / "corpus.toml"
    marking.write_text(marking.read_text().replace('name = "', 'name = "new-'))
    shutil.rmtree(home / "gone")
    for data in ("renamed", "gone"):
        capsys.readouterr()
        assert main(["purge", "--data", data, "--yes"]) == 0
        assert "deleted 2 folders" in capsys.readouterr().out
    assert list((home / "workspace").iterdir()) == []
    assert list((home / "submissions").iterdir()) == []
    assert main(["purge", "--data", "renamed"]) == 0
    said = capsys.readouterr().out
    assert "nothing was made from data at renamed; while they lay elsewhere something may have been: `harness" in said
    message = fails("purge", "--data", "gone")
    assert "gone: there is no such folder, and nothing in workspace or submissions derives from it" in message
    assert "name the folder that was given to submit with --data" in message


def test_a_purge_that_was_stopped_anywhere_is_ended_by_the_next(
    home: Path, ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a folder is known by is deleted last."""
    assert main([*SUBMIT, "--data", str(ward)]) == 0
    whole, unlink = home / "whole", os.unlink
    for name in ("workspace", "submissions"):
        shutil.copytree(home / name, whole / name)
    files = sum(path.is_file() for path in whole.rglob("*"))
    assert files > 10
    for after in range(files):
        left = [after]

        def stopped(*path: Any, left: list[int] = left, **more: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            unlink(*path, **more)

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(os, "unlink", stopped)
            assert main(["purge", "--data", str(ward), "--yes"]) == 130
        assert main(["purge", "--data", str(ward), "--yes"]) == 0
        kept = [path for name in ("workspace", "submissions") for path in (home / name).rglob("*")]
        assert kept == [], f"stopped after {after} of {files}"
        shutil.copytree(whole, home, dirs_exist_ok=True)


def files_below(*folders: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_a_purge_deletes_nothing_while_somebody_is_at_work(ran: Path, home: Path, ward: Path, fails: Fails) -> None:
    """What is at work writes on, into a root that nobody would find."""
    run, (root,) = ran.relative_to(home), home.glob("workspace/ward-*")
    school = root.relative_to(home) / "adapters" / "school"
    school.mkdir(parents=True)
    purge = ("purge", "--data", str(ward), "--yes")
    with locked(school / "train.lock", "the training"):
        held = files_below(ran, root)
        with locked(ran / "run.lock", "the run"):
            message = f"nothing was deleted: {run} is in use by another process\n  -> wait for it to end, or stop it\n"
            assert fails(*purge) == f"harness: {message}"
        assert f"nothing was deleted: {school} is in use by another process" in fails(*purge)
        assert files_below(ran, root) == held
    assert main(list(purge)) == 0
    assert not ran.exists()
    assert not root.exists()


def test_a_run_that_is_writing_keeps_its_root_from_purge(home: Path, ward: Path) -> None:
    (home / "slow.py").write_text(SLOW)
    command = [sys.executable, "-m", "harness.cli"]
    submit = [*command, "submit", "slow", "--plugin", "slow.py", *FEW, "--data", str(ward)]
    with subprocess.Popen(submit, cwd=home, stdout=subprocess.DEVNULL) as run:
        while not (home / "asked").exists():
            assert run.poll() is None
            time.sleep(0.05)
        purge = [*command, "purge", "--data", str(ward), "--yes"]
        done = subprocess.run(purge, cwd=home, capture_output=True, text=True, check=False)
        (home / "go").touch()
    assert done.returncode == 1
    assert "nothing was deleted: submissions/discharge-me/ward/test_phase_1/slow is in use" in done.stderr
    assert run.returncode == 0


def test_a_root_that_was_made_anew_without_its_mark_is_found_by_its_name(
    ran: Path, home: Path, ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root,) = home.glob("workspace/ward-*")
    (root / ".gitignore").unlink()
    assert main(["purge"]) == 0
    assert root.name not in capsys.readouterr().out
    assert main(["purge", "--data", str(ward), "--yes"]) == 0
    assert root.name in capsys.readouterr().out
    assert not root.exists()


@pytest.mark.parametrize("error", MEMORY)
def test_a_full_memory_is_the_machines(
    error: Exception, home: Path, monkeypatch: pytest.MonkeyPatch, fails: Fails
) -> None:
    monkeypatch.setattr("harness.corpora.synthetic.synthesize", raising(error))
    assert fails("data", "synthesize", "--out", "ward") == (
        "harness: Cannot allocate memory\n"
        "  -> end what else takes memory, or lower --jobs and batch sizes; the same command goes on from here\n"
    )


@pytest.mark.parametrize(
    ("folder", "code", "message"),
    [
        ([], 2, "error: the following arguments are required: FOLDER\n"),
        (
            ["gone"],
            1,
            "harness: gone holds no training to be done\n  -> prepare one with `harness fit SYSTEM --prepare`\n",
        ),
    ],
)
def test_a_training_by_itself_tells_its_errors_as_the_program_does(
    folder: list[str], code: int, message: str, home: Path
) -> None:
    command = [sys.executable, "-m", "harness.tuning", *folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_d_means_no(ran: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def gone(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", gone)
    assert main(["purge"]) == 0
    assert "deleted" not in capsys.readouterr().out
    assert ran.exists()


def test_purge_keeps_the_folder_that_it_stands_in(ran: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home / "submissions")
    assert main(["purge", "--out", ".", "--yes"]) == 0
    assert list((home / "submissions").iterdir()) == []


def test_purge_takes_models_that_learned_from_the_corpus_for_good(ran: Path, home: Path, ward: Path) -> None:
    root = next(home.glob("workspace/ward-*")).name
    for name, restricted, whose in (("mine", True, root), ("open", False, root), ("other", True, "ward-00000000")):
        (home / "models" / name).mkdir(parents=True)
        (home / "models" / name / "merged.json").write_text(json.dumps({"restricted": restricted, "root": whose}))
    assert main(["purge", "--data", str(ward), "--yes"]) == 0  # the root goes; the models lie elsewhere
    assert main(["purge", "--data", str(ward), "--out", "models", "--yes"]) == 0
    assert sorted(path.name for path in (home / "models").iterdir()) == ["open", "other"]
    assert main(["purge", "--out", "models", "--yes"]) == 0
    assert [path.name for path in (home / "models").iterdir()] == ["open"]


def test_purge_takes_folders_that_lie_in_one_another_once(
    ran: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ran, ran / "kept")
    (ran.parent / "report").mkdir()
    (ran.parent / "report" / "report.json").write_text('{"report": 1, "private": true, "data": []}')
    monkeypatch.setenv("HARNESS_WORKSPACE", str(ran.parent))
    assert main(["purge", "--yes"]) == 0
    assert "deleted 2 folders" in capsys.readouterr().out
    assert list((home / "submissions").rglob("*.*")) == []


def test_whose_cases_are_these(fails: Fails, ran: Path) -> None:
    message = fails(*SCORE, str(ran / "submission.csv"), code=2)
    assert "give --data DIR and --split S" in message


def test_a_run_is_scored_again_without_any_model(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (ran / "scores.json").read_bytes()
    (ran / "scores.json").unlink()
    assert main([*SCORE, str(ran)]) == 0
    assert (ran / "scores.json").read_bytes() == before


def test_a_csv_that_was_changed_afterwards_is_not_scored_as_the_run(ran: Path, fails: Fails) -> None:
    lines = (ran / "submission.csv").read_bytes().splitlines(keepends=True)
    (ran / "submission.csv").write_bytes(b"".join(lines[:-1]))
    assert "was changed after it was written" in fails(*SCORE, str(ran))


def test_only_some_ids_are_scored_and_the_card_stays(
    ran: Path, home: Path, fails: Fails, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (ran / "scores.json").read_bytes()
    with (ran / "submission.csv").open(newline="") as file:
        ids = [row["hadm_id"] for row in csv.DictReader(file)]
    (home / "hidden.txt").write_text("\n".join(ids[:2]))
    assert main([*SCORE, str(ran), "--ids", "hidden.txt"]) == 0
    assert "|  2 |" in capsys.readouterr().out
    assert (ran / "scores.json").read_bytes() == before
    (home / "hidden.txt").write_text("1\n")
    assert "--ids names 1 ids that test_phase_1 does not have" in fails(*SCORE, str(ran), "--ids", "hidden.txt")


def test_ids_that_a_run_does_not_have_leave_the_board_to_the_others(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in ("first", "second"):
        assert main([*SUBMIT, "--data", str(ward), "--split", "valid", "--as", label]) == 0
    with (ran / "submission.csv").open(newline="") as file:
        (home / "hidden.txt").write_text("\n".join(ids := [row["hadm_id"] for row in csv.DictReader(file)]))
    capsys.readouterr()
    assert main([*SCORE, "submissions", "--ids", "hidden.txt"]) == 1
    shown = capsys.readouterr()
    assert labels(shown.out) == ["quiet"]
    assert shown.err == (
        f"harness: submissions/discharge-me/ward/valid/first and 1 more: --ids names {len(ids)} ids that valid does "
        f"not have, the first {ids[0]}\n  -> give one id a line, all of this split\n"
    )


def test_a_run_whose_cases_have_no_reference_leaves_the_board_to_the_others(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = shutil.copytree(ward, home / "bare" / "ward")
    with gzip.open(bare / "valid" / "discharge_target.csv.gz", "rt") as file:
        header = file.readline()
    with gzip.open(bare / "valid" / "discharge_target.csv.gz", "wt") as file:
        file.write(header)
    assert main([*SUBMIT, "--data", str(bare), "--split", "valid"]) == 1
    capsys.readouterr()
    assert main([*SCORE, "submissions"]) == 1
    shown = capsys.readouterr()
    assert labels(shown.out) == ["quiet"]
    assert shown.err == (
        "harness: submissions/discharge-me/ward/valid/quiet: there is no reference to score against\n"
        "  -> choose a split that has its targets\n"
    )


def test_a_text_on_which_a_scorer_fails_leaves_the_board_to_the_others(
    ran: Path, ward: Path, home: Path, fails: Fails, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = "        return np.full((len(pairs), 1), 0.25)\n"
    assert measured in FICKLE
    bad = "        if any('unstable' in pair.hypothesis for pair in pairs):\n            1 / 0\n"
    (home / "fickle.py").write_text(FICKLE.replace(measured, bad + measured))
    forget(home / "fickle.py")
    (home / "sent").mkdir()
    text = (ran / "submission.csv").read_text()
    (home / "sent" / "good.csv").write_text(text)
    with zipfile.ZipFile(home / "sent" / "bad.zip", "w") as archive:
        archive.writestr("submission.csv", text.replace("stable", "unstable"))
    judging = ("--data", str(ward), "--plugin", "fickle.py", "--scorers", "fickle")
    assert main(["score", "sent", *judging]) == 1
    shown = capsys.readouterr()
    assert "| good " in shown.out
    assert "| bad " not in shown.out
    assert re.match(r"harness: sent/bad.zip: the scorer 'fickle' failed: ZeroDivisionError in .*, on case ", shown.err)
    assert "sent/bad.zip: the scorer 'fickle' failed: " in fails("dry-run", "sent/bad.zip", *judging)


def test_kept_statistics_score_any_subset_and_either_variant_without_measuring(
    ran: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import harness.judge

    with (ran / "submission.csv").open(newline="") as file:
        ids = [row["hadm_id"] for row in csv.DictReader(file)]
    (home / "some.txt").write_text("\n".join(ids[1:]))
    assert main([*SCORE, str(ran), "--ids", "some.txt", "--scorers", "bleu"]) == 0  # not the kept measures: measured
    shutil.rmtree(next(home.glob("workspace/ward-*/scorers")))
    capsys.readouterr()
    with monkeypatch.context() as nothing:
        nothing.setattr(harness.judge, "score", None)
        for variant in ("corrected", "official"):
            assert main([*SCORE, str(ran), "--ids", "some.txt", "--variant", variant]) == 0
    kept = capsys.readouterr().out
    (ran / "cases.npz").unlink()
    for variant in ("corrected", "official"):
        assert main([*SCORE, str(ran), "--ids", "some.txt", "--variant", variant]) == 0
    assert capsys.readouterr().out == kept
    assert f"|  {len(ids) - 1} |" in kept


def test_the_official_variant_stands_beside_the_corrected_one(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (ran / "scores.json").read_bytes()
    assert main([*SCORE, str(ran), "--variant", "official"]) == 0
    board = capsys.readouterr().out
    assert ", variant official\n\nranked by overlap4, the mean of " in board
    assert "- no intervals: the official variant has no intervals and no tests: " in board
    assert (
        "- variant official, as the script published at b3d663e has it: batches of 8; of rouge1, rouge2, rougel the "
        "last batch alone counts (3 of 3 rows); the rest are means over all rows\n"
    ) in board
    assert (ran / "scores.json").read_bytes() == before
    assert main(["leaderboard"]) == 0
    board = capsys.readouterr().out
    assert "| overlap4 | overlap4 (official) | difference |" in board
    assert "ranked by overlap4" in board
    assert board.count("variant:official") == 0
    assert main([*SUBMIT, "--data", str(ran_data(ran))]) == 0
    official = json.loads((ran / "scores-official.json").read_text())
    assert official["cases_digest"] == json.loads((ran / "scores.json").read_text())["cases_digest"]


def test_a_kill_while_scoring_forgets_no_variant_that_was_asked_for(
    ran: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import harness.hand_in

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    again = [*SUBMIT, "--data", str(ran_data(ran))]
    assert main([*SCORE, str(ran), "--variant", "official"]) == 0
    before = {name: (ran / name).read_bytes() for name in ("scores.json", "scores-official.json", "cases.npz")}
    with monkeypatch.context() as kill:
        kill.setattr(harness.hand_in, "score", killed)
        assert main(again) == 130
    assert main(["leaderboard"]) == 1
    assert "cases.npz does not belong to the card beside it\n  -> score the submission again" in capsys.readouterr().err
    assert main(again) == 0
    assert {name: (ran / name).read_bytes() for name in before} == before


def ran_data(run: Path) -> Path:
    return Path(json.loads((run / "run.json").read_text())["data"])


FICKLE = """
from dataclasses import dataclass
import numpy as np
from harness import Signature, scorer

@scorer("fickle")
@dataclass(frozen=True)
class Fickle:
    columns = ("fickle",)
    def open(self, context):
        return self
    def measure(self, pairs):
        return np.full((len(pairs), 1), 0.25)
    def worst(self, column):
        return 0.0
    def signature(self, column):
        return Signature({"metric": "fickle"}, {})
"""


def test_nothing_that_an_edited_scorer_measured_before_is_taken_for_its_own(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*SCORE, str(ran), "--plugin", "fickle.py", "--scorers", "fickle"]
    for text, value in ((FICKLE, "0.2500"), (FICKLE, "0.2500"), (FICKLE.replace("0.25", "0.75"), "0.7500")):
        (home / "fickle.py").write_text(text)
        forget(home / "fickle.py")  # each command has a process of its own
        assert main(command) == 0
        assert f"| {value} |" in capsys.readouterr().out


def test_what_an_edited_scorer_measures_stands_on_a_board_when_all_are_scored_again(
    ran: Path, home: Path, ward: Path, capsys: pytest.CaptureFixture[str], fails: Fails
) -> None:
    assert main([*SUBMIT, "--data", str(ward), "--as", "twin"]) == 0
    by_fickle = ["--plugin", "fickle.py", "--scorers", "fickle"]
    for run, text in ((ran, FICKLE), (ran.with_name("twin"), FICKLE.replace("0.25", "0.75"))):
        (home / "fickle.py").write_text(text)
        forget(home / "fickle.py")  # each command has a process of its own
        assert main([*SCORE, str(run), *by_fickle]) == 0
    said = fails("leaderboard", "submissions")
    assert "'quiet' and 'twin' cannot share the column 'fickle', the code that measured it is not the same: " in said
    assert main([*SCORE, "submissions", *by_fickle]) == 0
    capsys.readouterr()
    assert main(["leaderboard", "submissions"]) == 0
    assert capsys.readouterr().out.count("| 0.7500 |") == 6


def test_a_column_without_its_asset_is_told_with_what_to_do(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = 'raise AssetError("there is no checkpoint", todo="harness assets fetch it")'
    text = "from harness.errors import AssetError\n" + FICKLE.replace("return self", lacking)
    (home / "fickle.py").write_text(text)
    assert main([*SCORE, str(ran), "--plugin", "fickle.py", "--scorers", "fickle,bleu"]) == 0
    shown = capsys.readouterr().out
    assert "fickle n/a: there is no checkpoint\n  -> harness assets fetch it\n" in shown
    assert "- n/a: Overall, " in shown


def test_a_run_whose_data_are_gone_leaves_the_board_to_the_others(
    ran: Path, home: Path, ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ward, home / "gone" / "ward")
    assert main([*SUBMIT, "--data", "gone/ward", "--as", "lost"]) == 0
    shutil.rmtree(home / "gone")
    capsys.readouterr()
    assert main([*SCORE, "submissions"]) == 1
    shown = capsys.readouterr()
    assert labels(shown.out) == ["quiet"]
    assert "gone/ward: there is no such folder" in shown.err


def test_a_run_that_is_not_whole_leaves_the_board_to_the_others(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = json.loads((ran / "manifest.json").read_text())["schema"]
    manifests = {"foreign": "[]", "older": '{"schema": 0}', "part": f'{{"schema": {schema}}}', "torn": "{"}
    for name in ("bare", "lost", *manifests):
        shutil.copytree(ran, ran.with_name(name))
    for name, text in manifests.items():
        (ran.with_name(name) / "manifest.json").write_text(text)
    (ran.with_name("lost") / "run.json").write_text("[]")
    (ran.with_name("bare") / "submission.csv").unlink()
    assert main([*SCORE, "submissions"]) == 1
    shown = capsys.readouterr()
    assert labels(shown.out) == ["quiet"]
    runs = "harness: submissions/discharge-me/ward/test_phase_1"
    assert shown.err == (
        f"{runs}/bare holds no submission.csv\n  -> submit or import again\n"
        f"{runs}/foreign/manifest.json is no manifest of a run\n  -> submit or import again\n"
        f"{runs}/lost does not say where its data lie\n  -> give --data DIR\n"
        f"{runs}/older/manifest.json has another schema than {schema}\n  -> submit or import again\n"
        f"{runs}/part/manifest.json is no whole manifest of a run\n  -> submit or import again\n"
        f"{runs}/torn/manifest.json is no manifest of a run\n  -> submit or import again\n"
    )


def test_a_hidden_split_and_a_stray_csv_leave_the_board_to_the_others(
    ran: Path, ward: Path, home: Path, fails: Fails, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = shutil.copytree(ward, home / "hidden" / "ward")
    (hidden / "test_phase_2" / "discharge_target.csv.gz").unlink()
    there = ("--data", str(hidden), "--split", "test_phase_2")
    assert main([*SUBMIT, *there]) == 0
    for name in ("board.csv", "board-2.csv"):
        assert main(["leaderboard", "--format", "csv", "--out", f"submissions/{name}"]) == 0
    run = Path("submissions/discharge-me/ward/test_phase_2/quiet")
    capsys.readouterr()
    assert main([*SCORE, "submissions"]) == 2
    shown = capsys.readouterr()
    assert labels(shown.out) == ["quiet"]
    todo = "has no references here\n  -> it is for the task's server to score\n"
    assert shown.err == (
        f"harness: {run} is of test_phase_2, which {todo}"
        "harness: submissions/board-2.csv and 1 more: whose cases are these?\n  -> give --data DIR and --split S\n"
    )
    for kind in ("csv", "zip"):
        file = f"{run}/submission.{kind}"
        assert fails(*SCORE, file, *there) == f"harness: {file} is of test_phase_2, which {todo}"
    assert fails("dry-run", *FEW, file, *there) == f"harness: {file} is of test_phase_2, which {todo}"
    assert not list(home.glob("workspace/ward-*/dry-run"))


@pytest.mark.parametrize("text", ["[]", "{", '{"schema": 1, "name": "by mail"}', '{"sent": "by mail"}'])
def test_files_beside_a_manifest_of_somebody_else_are_scored_where_they_lie(
    text: str, ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sent").mkdir()
    for name in ("a.zip", "b.zip"):
        shutil.copy(ran / "submission.zip", home / "sent" / name)
    (home / "sent" / "manifest.json").write_text(text)
    assert main([*SCORE, "sent", "--data", str(ward)]) == 0
    assert labels(capsys.readouterr().out) == ["a", "b"]
    assert sorted(path.name for path in (home / "sent").iterdir()) == ["a.zip", "b.zip", "manifest.json"]


def test_scores_that_were_sent_with_a_run_are_not_believed(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever made them salted the ids otherwise than this workspace does."""
    (salt,) = home.glob("workspace/ward-*/salt")
    salt.write_text("another workspace's")
    assert main([*SCORE, str(ran)]) == 0
    honest = capsys.readouterr().out
    forged = (ran / "cases.npz").read_bytes(), (ran / "scores.json").read_bytes()
    salt.unlink()
    assert main([*SCORE, str(ran)]) == 0
    assert capsys.readouterr().out == honest
    assert ((ran / "cases.npz").read_bytes(), (ran / "scores.json").read_bytes()) != forged


def test_a_run_that_was_sent_is_judged_like_any_file(
    home: Path, ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two teams that have no references, so that theirs is another state of the data; one lost its zip."""
    theirs = shutil.copytree(ward, home / "theirs" / "ward")
    (theirs / "test_phase_1" / "discharge_target.csv.gz").unlink()
    assert main([*SUBMIT, "--data", str(theirs)]) == 0
    shutil.move(home / "submissions/discharge-me/ward/test_phase_1/quiet", home / "sent" / "alpha")
    shutil.copytree(home / "sent" / "alpha", home / "sent" / "beta" / "quiet")
    (home / "sent" / "beta" / "quiet" / "submission.zip").unlink()
    shutil.copy(home / "sent" / "alpha" / "submission.zip", home / "sent" / "alpha" / "second.zip")
    before = sorted(path.name for path in (home / "sent" / "alpha").iterdir())
    capsys.readouterr()
    assert main([*SCORE, "sent", "--data", str(ward)]) == 0
    shown = capsys.readouterr()
    assert labels(shown.out) == ["alpha", "alpha/second", "beta/quiet"]
    assert "unproven" not in shown.out  # as its manifest says
    why = f"was made from another state of ward than lies at {ward}: it is judged as a file that was sent, and the"
    assert shown.err == (
        f"sent/alpha/submission.zip {why} manifest beside it is not believed\n"
        f"sent/beta/quiet/submission.csv {why} manifest beside it is not believed\n"
    )
    assert sorted(path.name for path in (home / "sent" / "alpha").iterdir()) == before
    for kind in ("csv", "zip"):
        shutil.copytree(home / "sent" / "beta", home / "more" / kind, dirs_exist_ok=True)
    (home / "more" / "csv" / "quiet" / "submission.csv").unlink()
    assert main([*SCORE, "more", "--data", str(ward)]) == 1
    shown = capsys.readouterr()
    assert labels(shown.out) == ["zip/quiet"]
    assert "harness: more/csv/quiet holds no submission.csv\n  -> submit or import again\n" in shown.err
    assert main([*SCORE, "sent/alpha", "sent/beta/quiet", "--data", str(ward)]) == 0
    assert labels(capsys.readouterr().out) == ["alpha", "quiet", "second"]
    assert main([*SCORE, "sent", "--data", str(ward), "--split", "valid"]) == 1
    assert "is a run of the split test_phase_1, not valid" in capsys.readouterr().err


def test_a_run_of_another_split_and_state_is_told_how_it_is_scored(
    home: Path, ward: Path, fails: Fails, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = shutil.copytree(ward, home / "theirs" / "ward")
    (theirs / "valid" / "discharge_target.csv.gz").unlink()
    assert main([*SUBMIT, "--data", str(theirs), "--split", "valid"]) == 0
    capsys.readouterr()
    message = fails(*SCORE, "submissions", "--data", str(ward))
    assert message.endswith(f"than lies at {ward}\n  -> score it as a file that was sent, with --split valid\n")
    assert main([*SCORE, "submissions", "--data", str(ward), "--split", "valid"]) == 0
    assert labels(capsys.readouterr().out) == ["discharge-me/ward/valid/quiet"]


def test_runs_are_called_by_their_folders_whatever_their_manifests_say(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two that share a name are told apart by their paths, and those of two splits stand on two boards."""
    for place in ("sent/alpha", "sent/beta", "sent/deep/alpha"):
        shutil.copytree(ran, home / place)
    assert main([*SCORE, "sent", "--data", str(ward)]) == 0
    assert labels(capsys.readouterr().out) == ["alpha", "beta", "deep/alpha"]
    assert main([*SUBMIT, "--data", str(ward), "--split", "valid"]) == 0
    capsys.readouterr()
    assert main([*SCORE, "submissions"]) == 0
    assert labels(capsys.readouterr().out) == ["quiet", "quiet"]


def test_names_that_read_the_same_once_they_are_printable_are_numbered(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sent").mkdir()
    for name in (b"M\xfcller.csv", b"M\xf6ller.csv", b"M\xe4ller.csv"):
        shutil.copy(ran / "submission.csv", os.fsencode(home / "sent") + b"/" + name)
    assert main([*SCORE, "sent", "--data", str(ward), "--format", "csv", "--out", "board.csv"]) == 0
    with (home / "board.csv").open(newline="", encoding="utf-8") as file:
        assert {row["label"] for row in csv.DictReader(file)} == {
            "M\ufffdller.csv",
            "M\ufffdller.csv (2)",
            "M\ufffdller.csv (3)",
        }


def test_a_corrected_csv_beside_the_zip_that_was_sent_first_is_scored_too(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sent").mkdir()
    for kind in ("csv", "zip"):
        shutil.copy(ran / f"submission.{kind}", home / "sent" / f"tango.{kind}")
        shutil.copy(ran / f"submission.{kind}", home / "sent")
    assert main([*SCORE, "sent", "--data", str(ward)]) == 0
    assert labels(capsys.readouterr().out) == ["sent", "tango.csv", "tango.zip"]


def test_of_two_files_of_one_hand_in_none_is_left_out_unless_it_says_the_same(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alpha sent both at once, beta a better csv later, and gamma's zip is broken."""
    for team in ("alpha", "beta", "gamma"):
        (home / "sent" / team).mkdir(parents=True)
        for kind in ("csv", "zip"):
            shutil.copy(ran / f"submission.{kind}", home / "sent" / team)
    later = home / "sent" / "beta" / "submission.csv"
    later.write_text(later.read_text().replace("stable", "a stable"))
    (home / "sent" / "gamma" / "submission.zip").write_bytes(b"PK half of a zip")
    (home / "sent" / "link").symlink_to(home / "sent" / "alpha")
    assert main([*SCORE, "sent", "--data", str(ward)]) == 1
    shown = capsys.readouterr()
    assert {line.split("|")[4].strip() for line in shown.out.splitlines() if re.match(r"\|\s+\d+ \|", line)} == {
        "alpha",
        "beta/submission.csv",
        "beta/submission.zip",
        "gamma/submission.csv",
    }
    assert shown.err.startswith(
        "sent/beta: its csv and its zip do not hold the same, and both are judged\n"
        "passed over, for nothing there ends in .csv, .csv.gz or .zip (1): sent/link (a link: give what it leads to)\n"
    ), shown.err
    assert "harness: sent/gamma/submission.zip: this is no submission for discharge-me:\n" in shown.err


def test_what_cannot_be_judged_is_named_and_what_belongs_to_a_submission_is_not(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("teamA/submission.zip", "phase2/teamB/b.csv"):
        (home / "sent" / name).parent.mkdir(parents=True)
        shutil.copy(ran / f"submission{Path(name).suffix}", home / "sent" / name)
    shutil.copytree(ran, home / "sent" / "ours")
    for name in (
        "teamA/paper/appendix.pdf",
        "teamC/predictions.jsonl",
        "phase2/teamD/out/submission.xlsx",
        "teamE.tar.gz",
        "__MACOSX/a",
        ".git/config",
    ):
        (home / "sent" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "sent" / name).write_text("{}")
    assert main([*SCORE, "sent", "--data", str(ward)]) == 0
    assert capsys.readouterr().err == (
        "passed over, for nothing there ends in .csv, .csv.gz or .zip (3): "
        "sent/phase2/teamD, sent/teamC, sent/teamE.tar.gz\n"
    )


def test_ids_that_no_case_has_are_counted_and_not_shown(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ran / "submission.csv").read_text()
    (home / "more.csv").write_text(f"{text}Mr Smith,a,b\n999,a,b\n")
    assert main([*SCORE, "more.csv", "--data", str(ward)]) == 0
    assert capsys.readouterr().err == (
        "more: ids that no case has (2); they count for nothing, and `harness validate` says where they stand\n"
    )


def test_the_rows_that_a_file_lacks_are_counted_and_named(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sent").mkdir()
    lines = (ran / "submission.csv").read_text().splitlines(keepends=True)
    ids = [line.split(",")[0] for line in lines[1:]]
    (home / "sent" / "short.csv").write_text("".join([lines[0], *lines[3:]]))
    (home / "sent" / "one.csv").write_text("".join(lines[:2]))
    shutil.copy(ran / "submission.csv", home / "sent" / "whole.csv")
    assert main([*SCORE, "sent", "--data", str(ward)]) == 0
    shown = capsys.readouterr()
    assert shown.err == (
        f"one: ids that are missing ({len(ids) - 1}): {', '.join(ids[1:])}; they count as failed\n"
        f"short: ids that are missing (2): {ids[0]}, {ids[1]}; they count as failed\n"
    )
    assert not any(id in shown.out for id in ids)
    (home / "hidden.txt").write_text("\n".join(ids[1:]))
    assert main([*SCORE, "sent/short.csv", "sent/whole.csv", "--data", str(ward), "--ids", "hidden.txt"]) == 0
    assert capsys.readouterr().err == f"short: ids that are missing (1): {ids[1]}; they count as failed\n"


def test_a_file_of_other_cases_is_refused_and_not_ranked_with_0(ran: Path, ward: Path, fails: Fails) -> None:
    path = ran / "submission.csv"
    message = fails(*SCORE, str(path), "--data", str(ward), "--split", "valid")
    assert re.match(
        rf"harness: {path}: none of its \d+ ids is one of valid\n  -> look whether --split is right", message
    )


def test_names_of_files_that_nobody_can_read_are_labels_all_the_same(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sent").mkdir()
    for name in (b"M\xfcller.csv", b"esc\x1b[31m.csv"):
        shutil.copy(ran / "submission.csv", os.fsencode(home / "sent") + b"/" + name)
    assert main([*SCORE, "sent", "--data", str(ward), "--format", "csv", "--out", "board.csv"]) == 0
    with (home / "board.csv").open(newline="", encoding="utf-8") as file:
        assert {row["label"] for row in csv.DictReader(file)} == {"M\ufffdller", "esc [31m"}


def test_a_refusal_shows_no_code_for_a_terminal_and_no_text_of_a_cell(ran: Path, ward: Path, fails: Fails) -> None:
    sent = ran.parent / "sent"
    sent.mkdir()
    whole = (ran / "submission.csv").read_text()
    (sent / "\x1b[31mevil.csv").write_text("a,b\n1,2\n")
    (sent / "nul.csv").write_text(f"{whole}Mr Smith has HIV\0,a,b\n")
    message = fails(*SCORE, str(sent), "--data", str(ward))
    assert f"harness: {sent}/ [31mevil.csv: this is no submission for discharge-me:\n" in message
    (refused,) = (line for line in message.splitlines() if "NUL" in line)
    assert re.fullmatch(r"  nul\.csv: NUL characters in ids \(1\): line \d+", refused)
    assert "\x1b" not in message
    assert "Smith" not in message
    assert "Smith" not in fails("import", str(sent / "nul.csv"), "--as", "nul", "--data", str(ward))


def test_a_list_of_ids_may_begin_with_a_mark_and_holds_one_at_least(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (ran / "submission.csv").open(newline="") as file:
        ids = [row["hadm_id"] for row in csv.DictReader(file)]
    (home / "ids.txt").write_text("\n".join(ids), encoding="utf-8-sig")
    assert main([*SCORE, str(ran), "--ids", "ids.txt"]) == 0
    (home / "ids.txt").write_text("\n", encoding="utf-8-sig")
    assert main([*SCORE, str(ran), "--ids", "ids.txt"]) == 2
    assert "--ids ids.txt names no id" in capsys.readouterr().err


def test_scoring_in_two_processes_gives_the_same_board(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SCORE, str(ran), "--scorers", "bleu"]) == 0
    board = capsys.readouterr().out
    (ran / "scores.json").unlink()
    shutil.rmtree(next(home.glob("workspace/ward-*/scorers")))
    assert main([*SCORE, str(ran), "--scorers", "bleu", "--jobs", "2"]) == 0
    assert capsys.readouterr().out == board


def test_a_number_of_processes_is_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([*SCORE, "x", "--jobs", "0"])
    assert exit_.value.code == 2
    assert "argument --jobs: 0 is no number from 1 on" in capsys.readouterr().err


def test_one_scorer_alone(ran: Path, fails: Fails, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCORE, str(ran), "--scorers", "bleu"]) == 0
    board = capsys.readouterr().out
    assert "BLEU-4" in board
    assert "ROUGE-1" not in board
    assert "there is no scorer 'blue'" in fails(*SCORE, str(ran), "--scorers", "blue")


def test_the_board_as_markdown_and_csv(ran: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard"]) == 0
    assert "| quiet |" in capsys.readouterr().out
    assert main(["leaderboard", "submissions", "--format", "csv", "--out", "board.csv"]) == 0
    with (home / "board.csv").open(newline="") as file:
        assert {row["label"] for row in csv.DictReader(file)} == {"quiet"}
    assert main(["leaderboard", "--format", "json", "--resamples", "200"]) == 0
    (board,) = json.loads(capsys.readouterr().out)
    assert board["statistics"]["resamples"] == 200
    assert board["rows"][0]["usage"]["writers"] == {"quiet": 2 * board["rows"][0]["lines"][0]["n"][0]}
    assert main(["leaderboard", "--format", "latex"]) == 0
    assert capsys.readouterr().out.startswith("\\begin{table*}")


def test_what_others_sent_is_shown_in_every_form(
    ran: Path, ward: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sent").mkdir()
    shutil.copy(ran / "submission.zip", home / "sent" / "theirs.zip")
    hidden = home / "hidden.txt"
    hidden.write_text("\n".join(sorted(open_corpus(ward, discharge_me(), "test_phase_1").ids("test_phase_1"))[:2]))
    score = [*SCORE, "sent", str(ran), "--data", str(ward), "--ids", str(hidden), "--scorers", "bleu,alignscore"]
    assert main([*score, "--format", "csv"]) == 0
    shown = capsys.readouterr()
    assert {row["label"] for row in csv.DictReader(shown.out.splitlines())} == {"theirs", "quiet"}
    assert "align" in shown.err  # why the column is n/a, beside the table and not in it
    assert main([*score, "--format", "html", "--out", "page"]) == 0
    assert (home / "page" / "index.html").exists()


def test_a_report_without_a_place_is_refused_before_anything_is_scored(
    fails: Fails, ran: Path, ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["ledger", "--data", str(ward)])
    before = capsys.readouterr().out
    assert "quiet" in before
    message = fails(*SCORE, str(ran / "submission.zip"), "--data", str(ward), "--format", "html", code=2)
    assert message == "harness: a report is a folder\n  -> say where it is to lie: --out FOLDER\n"
    main(["ledger", "--data", str(ward)])
    assert capsys.readouterr().out == before


def test_two_runs_of_one_name_are_shown_with_their_places(ran: Path, home: Path, fails: Fails) -> None:
    shutil.copytree(ran, home / "submissions" / "copy")
    assert fails("leaderboard") == (
        "harness: two score cards are named 'quiet': submissions/copy and "
        "submissions/discharge-me/ward/test_phase_1/quiet\n"
        "  -> give one of them another label (submit or import it with --as), or leave it out\n"
    )


def test_a_card_that_cannot_be_trusted_leaves_the_board_to_the_others(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SUBMIT, "--data", str(ran_data(ran)), "--as", "edited"]) == 0
    path = ran.with_name("edited") / "scores.json"
    path.write_text(re.sub(r'"value": [0-9.]+', '"value": 0.9', path.read_text()))
    capsys.readouterr()
    assert main(["leaderboard"]) == 1
    shown = capsys.readouterr()
    assert labels(shown.out) == ["quiet"]
    assert shown.err == (
        "harness: submissions/discharge-me/ward/test_phase_1/edited/scores.json was edited after it was written: its "
        "digest is not that of what it says\n  -> score the submission again\n"
    )


OWN_TASK = """
from dataclasses import replace
from harness import task
from harness.tasks.discharge_me import discharge_me

@task("own-task")
def own_task():
    return replace(discharge_me(), name="own-task", title="Our own")
"""


def test_a_task_that_is_not_given_leaves_the_board_to_the_others(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "own_task.py").write_text(OWN_TASK)
    given = ("--plugin", "own_task.py")
    assert main([*SUBMIT, "--data", str(ran_data(ran)), "--task", "own-task", *given]) == 0
    capsys.readouterr()
    left_out = (
        "harness: the board of the task 'own-task' is left out: there is no such task here, and 1 score card is of it\n"
        "  -> give the file that defines it: --plugin FILE\n"
    )
    assert main(["leaderboard"]) == 1
    shown = capsys.readouterr()
    assert shown.err == left_out
    assert shown.out.startswith("### Discharge Me! (BioNLP 2024), ward, test_phase_1\n")
    assert "Our own" not in shown.out
    assert main(["leaderboard", *given]) == 0
    both = capsys.readouterr().out
    assert shown.out.strip() in both
    assert "### Our own, ward, test_phase_1\n" in both
    assert main(["leaderboard", "submissions/own-task"]) == 1
    assert capsys.readouterr() == ("", left_out)


def test_a_folder_of_files_gets_the_statistics_that_runs_get(
    ran: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "sent").mkdir()
    shutil.copy(ran / "submission.zip", home / "sent" / "quiet.zip")
    with (ran / "submission.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    with (home / "sent" / "empty.csv").open("w", newline="") as file:
        csv.writer(file).writerows([rows[0], *([row[0], "none", "none"] for row in rows[1:])])
    assert main([*SCORE, "sent", "--data", str(ran_data(ran))]) == 0
    sent = capsys.readouterr().out
    assert main(["import", *FEW, "sent/empty.csv", "--as", "empty", "--data", str(ran_data(ran))]) == 0
    capsys.readouterr()
    assert main(["leaderboard"]) == 0
    board = capsys.readouterr().out
    first, *rest = sent.split("**Texts and cost**")
    assert first == board.split("**Texts and cost**")[0]  # a file has taken nothing that we know of
    assert "**Compared by overlap4**" in rest[0]


def test_a_dry_run_does_what_the_server_does(ran: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (ran / "submission.csv").open(newline="") as file:
        hidden = [row["hadm_id"] for row in csv.DictReader(file)][1:]
    (home / "hidden.txt").write_text("\n".join(hidden))
    data = ("--data", str(ran_data(ran)))
    assert main(["dry-run", *FEW, str(ran / "submission.zip"), *data, "--ids", "hidden.txt"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("The task's server will accept this submission.\n")  # it wants all rows, and scores some
    (server,) = home.glob("workspace/ward-*/dry-run/test_phase_1/submission.zip-*")
    found = sorted(str(path.relative_to(server)) for path in server.rglob("*.*"))
    assert found == ["input/ref/discharge_target.csv", "input/res/submission.csv", "output/scores.json"]
    assert (server / "input/res/submission.csv").read_bytes() == (ran / "submission.csv").read_bytes()
    with (server / "input/ref/discharge_target.csv").open(newline="") as file:
        assert [row["hadm_id"] for row in csv.DictReader(file)] == hidden
    scores = json.loads((server / "output/scores.json").read_text())
    keys = ["bleu", "rouge1", "rouge2", "rougel", "bertscore", "meteor", "align", "medcon", "overall"]
    assert list(scores) == keys
    assert scores["overall"] is None  # not a mean over what happens to be there
    assert re.search(rf"^bleu +{scores['bleu']:.4f} +{scores['bleu']:.4f}$", shown, re.M)
    assert re.search("^overall +n/a +n/a$", shown, re.M)
    assert server.stat().st_mode & 0o777 == 0o700


def test_a_dry_run_refuses_what_the_server_cannot_open(
    ran: Path, home: Path, fails: Fails, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", str(ran_data(ran)))
    assert main(["dry-run", str(ran / "submission.csv"), *data]) == 1
    assert "[zipped]" in capsys.readouterr().out
    with zipfile.ZipFile(home / "named.zip", "w") as archive:
        archive.write(ran / "submission.csv", "mine.csv")
    assert main(["dry-run", "named.zip", *data]) == 1
    assert "[csv-name]" in capsys.readouterr().out
    with zipfile.ZipFile(home / "short.zip", "w") as archive:
        archive.writestr("submission.csv", "\n".join((ran / "submission.csv").read_text().splitlines()[:-1]) + "\n")
    hidden = [line.split(",")[0] for line in (ran / "submission.csv").read_text().splitlines()[1:3]]
    (home / "hidden.txt").write_text("\n".join(hidden))
    for ids in ((), ("--ids", "hidden.txt")):
        assert main(["dry-run", "short.zip", *data, *ids]) == 1
        assert "[id-missing]" in capsys.readouterr().out
    (home / "hidden.txt").write_text("1\n")
    assert "--ids names 1 ids that test_phase_1 does not have, the first 1\n" in fails(
        "dry-run", str(ran / "submission.zip"), *data, "--ids", "hidden.txt"
    )
    assert not list(home.glob("workspace/ward-*/dry-run"))


def test_a_dry_run_is_one_scoring_and_warns_like_any_other(
    ran: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import harness.ledger

    monkeypatch.setattr(harness.ledger, "MANY", 1)
    assert main(["dry-run", *FEW, str(ran / "submission.zip"), "--data", str(ran_data(ran))]) == 0
    assert "warning: test_phase_1 was scored 2 times, with 1 different texts." in capsys.readouterr().out
    (ledger,) = home.glob("workspace/ward-*/ledger.jsonl")
    assert [json.loads(line)["label"] for line in ledger.read_text().splitlines()] == ["quiet", "quiet"]


def test_the_ledger_counts_what_was_scored(ran: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(ran_data(ran)))
    assert main([*SCORE, str(ran)]) == 0
    assert main([*SCORE, str(ran / "submission.zip"), *data]) == 0
    capsys.readouterr()
    assert main(["ledger"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()[1:]
    assert head.split() == ["when", "(UTC)", "task", "split", "label", "origin", "cases", "text", "manifest"]
    assert [line.split()[3:6] for line in lines] == [
        ["test_phase_1", "quiet", "generated"],
        ["test_phase_1", "quiet", "generated"],
        ["test_phase_1", "quiet", "imported"],
    ]
    assert len({line.split()[7] for line in lines}) == 1  # it is the same text, whoever hands it in
    (ledger,) = home.glob("workspace/ward-*/ledger.jsonl")
    assert ledger.stat().st_mode & 0o777 == 0o600


def test_an_empty_ledger_and_one_that_was_edited(home: Path, ran: Path, fails: Fails) -> None:
    (ledger,) = home.glob("workspace/ward-*/ledger.jsonl")
    ledger.write_text('{"at": 1}\n')
    assert "ledger.jsonl holds a line that is no scoring" in fails("ledger")
    ledger.unlink()
    assert main(["ledger"]) == 0


def test_an_empty_board_says_what_to_do(fails: Fails, home: Path) -> None:
    (home / "submissions").mkdir()
    assert "make submit SYSTEM=des" in fails("leaderboard", code=2)


def test_a_hidden_test_split_is_cut_by_heading_and_called_unproven(
    home: Path, ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = home / "hidden"
    shutil.copytree(ward, hidden)
    (hidden / "test_phase_1" / "discharge_target.csv.gz").unlink()
    assert main([*SUBMIT, "--data", str(hidden)]) == 0
    out = capsys.readouterr().out
    assert "unproven" in out
    assert "it is for the task's server to score" in out
    run = home / "submissions/discharge-me/ward/test_phase_1/quiet"
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["leak_check"] == {"unproven": manifest["cases"]}
    assert not (run / "scores.json").exists()


def rewritten(table: Path, column: str, write: Callable[[str], str]) -> None:
    """A table with other cells in one column."""
    with gzip.open(table, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    with gzip.open(table, "wt", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, column: write(row[column])} for row in rows)


def test_reports_that_are_withheld_are_counted_and_dates_that_nobody_can_read_are_told(
    home: Path, ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ward, home / "hospital")
    table = home / "hospital/test_phase_1/radiology.csv.gz"
    with gzip.open(table, "rt", newline="") as file:
        reports = len(list(csv.DictReader(file)))
    for column in ("charttime", "storetime"):
        rewritten(table, column, lambda date: f"{date[8:10]}.{date[5:7]}.{date[:4]} {date[11:16]}")
    assert main([*SUBMIT, "--data", "hospital"]) == 0
    out = capsys.readouterr().out
    assert (
        f"\n  note: {reports} dates that cannot be read: all of radiology.csv.gz, column charttime, from line 2 on; "
        "write them as 2131-09-29 10:00:00\n"
    ) in out
    assert re.search(rf" clean; withheld: {reports} of radiology without a readable date\n", out)
    assert not re.search(r"\d\d\.\d\d\.\d{4}", out)


def test_reports_that_are_later_than_the_note_are_counted(
    home: Path, ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ward, home / "hospital")
    table = home / "hospital/test_phase_1/radiology.csv.gz"
    rewritten(table, "charttime", lambda date: f"9{date[1:]}")
    with gzip.open(table, "rt", newline="") as file:
        reports = len(list(csv.DictReader(file)))
    assert main([*SUBMIT, "--data", "hospital"]) == 0
    out = capsys.readouterr().out
    assert f" clean; withheld: {reports} of radiology later than the note\n" in out
    assert "note: " not in out


@needs_shared
@pytest.mark.parametrize(
    ("corpus", "rows", "note"),
    [
        ("discharge-real", 18, "  note: 4 of the six tables missing: radiology, edstays, triage, diagnosis\n"),
        ("tables-simulated", 40, ""),
    ],
)
def test_shared_corpora_go_through(
    corpus: str, rows: int, note: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SUBMIT, "--data", str(SHARED / "data" / corpus)]) == 0
    out = capsys.readouterr().out
    assert f"\n{note}{rows} cases; targets cut out: {rows} clean\n" in out
    assert ("note: " in out) == bool(note)


def test_the_command_is_installed() -> None:
    command = Path(sys.executable).with_name("harness")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert "submit" in done.stdout
