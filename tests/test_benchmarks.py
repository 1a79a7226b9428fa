"""Every benchmark starts, in an environment without extras: what only one needs is imported where it is used."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
SHARED = {"texts"}
"""What benchmarks share: no command."""


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_starts_and_says_what_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = import_module(f"benchmarks.{name}")
    if name in SHARED:
        assert not hasattr(module, "main")
        return
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as end:
        module.main()
    assert end.value.code == 0
    assert "options:" in capsys.readouterr().out
