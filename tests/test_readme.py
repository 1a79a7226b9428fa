"""The README is run: its newcomer's system, and every command and path that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.arguments import parser
from harness.cli import HANDLERS, main
from harness.contract import check_file

HOUSE = Path(__file__).resolve().parent.parent
README = (HOUSE / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = re.search(r"<!-- code: newcomer -->\n```python\n(.*?)```", README, re.DOTALL)
    assert found
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "first_words.py"
    path.write_text(found[1])
    return path


def test_the_newcomers_system_has_under_30_lines_and_keeps_the_contract(newcomer: Path) -> None:
    assert len(newcomer.read_text().splitlines()) < 30
    assert [str(result) for result in check_file(newcomer) if not result.passed] == []


def test_the_newcomers_system_competes(newcomer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "first-words", "--plugin", "first_words.py", "--limit", "5"]) == 0
    assert "first-words-limit5: Discharge Me!" in capsys.readouterr().out


def test_every_command_that_the_readme_shows_is_one() -> None:
    shown = {found[1] for found in re.finditer(r"(?:^|`)(?:\.venv/bin/)?harness ([a-z-]+)", README, re.MULTILINE)}
    help_ = parser(HANDLERS).format_help()
    assert len(shown) >= 8
    assert [name for name in shown if not re.search(rf"^    {name}\s", help_, re.MULTILINE)] == []


def test_every_make_target_that_the_readme_shows_is_one() -> None:
    makefile = (HOUSE / "Makefile").read_text(encoding="utf-8")
    shown = {found[1] for found in re.finditer(r"^make ([a-z-]+)", README, re.MULTILINE)}
    assert {"submit", "leaderboard", "test", "check"} <= shown
    assert [name for name in shown if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_every_file_that_the_readme_names_is_there() -> None:
    named = re.findall(r"`((?:systems|scorers|lineups|benchmarks|harness)/[\w./-]+\.\w+)`", README)
    assert named
    assert [name for name in named if not (HOUSE / name).exists()] == []
