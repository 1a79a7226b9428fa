"""The README and the pages beside it are run: the plugins that they show, and every command and path that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.arguments import parser
from harness.cli import HANDLERS, main
from harness.contract import check_file

HOUSE = Path(__file__).resolve().parent.parent
README = (HOUSE / "README.md").read_text(encoding="utf-8")
PAGES = "\n".join([README, *(page.read_text(encoding="utf-8") for page in sorted((HOUSE / "docs").glob("*.md")))])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def newcomer(home: Path) -> Path:
    return plugin("newcomer", home / "first_words.py")


def plugin(name: str, path: Path) -> Path:
    """The file that a page shows whole, written to `path`."""
    found = re.search(rf"<!-- code: {name} -->\n```python\n(.*?)```", PAGES, re.DOTALL)
    assert found
    path.write_text(found[1])
    return path


def broken(file: Path) -> list[str]:
    return [str(result) for result in check_file(file) if not result.passed]


def test_the_newcomers_system_has_under_30_lines_and_keeps_the_contract(newcomer: Path) -> None:
    assert len(newcomer.read_text().splitlines()) < 30
    assert broken(newcomer) == []


def test_the_newcomers_system_competes(newcomer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "first-words", "--plugin", "first_words.py", "--limit", "5"]) == 0
    assert "first-words-limit5: Discharge Me!" in capsys.readouterr().out


def test_the_scorer_that_is_shown_keeps_the_contract_and_judges(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scorer = plugin("scorer", home / "length_ratio.py")
    assert broken(scorer) == []
    assert main(["submit", "lead", "--plugin", scorer.name, "--scorers", "bleu,length-ratio", "--limit", "4"]) == 0
    assert "length-ratio: metric:length-ratio|source:" in capsys.readouterr().out


def test_the_task_that_is_shown_keeps_the_contract_and_is_competed_in(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = plugin("task", home / "handover.py")
    assert broken(task) == []
    for split in ("train", "test"):
        rows = [f"{split}{bed},how is bed {bed}? stable after fluids,Bed {bed} is stable." for bed in range(4)]
        (home / f"{split}.csv").write_text("\n".join(["encounter_id,dialogue,note", *rows]))
    assert main(["submit", "nearest", "--task", "handover", "--plugin", task.name, "--data", str(home)]) == 0
    assert "Our own board will accept this submission." in capsys.readouterr().out


def test_every_command_that_the_pages_show_is_one() -> None:
    shown = {found[1] for found in re.finditer(r"(?:^|`)(?:\.venv/bin/)?harness ([a-z-]+)", PAGES, re.MULTILINE)}
    help_ = parser(HANDLERS).format_help()
    assert len(shown) >= 8
    assert [name for name in shown if not re.search(rf"^    {name}\s", help_, re.MULTILINE)] == []


def test_every_make_target_that_the_pages_show_is_one() -> None:
    makefile = (HOUSE / "Makefile").read_text(encoding="utf-8")
    shown = {found[1] for found in re.finditer(r"(?:^|`)make ([a-z-]+)", PAGES, re.MULTILINE)}
    assert {"submit", "leaderboard", "test", "check"} <= shown
    assert [name for name in shown if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_every_file_that_the_pages_name_is_there() -> None:
    named = re.findall(r"`((?:systems|scorers|lineups|benchmarks|harness|docs|tests)/[\w./-]+)`", PAGES)
    named += [f"benchmarks/{name}.py" for name in re.findall(r"python -m benchmarks\.(\w+)", PAGES)]
    assert len(named) >= 30
    assert [name for name in named if not (HOUSE / name).exists()] == []
