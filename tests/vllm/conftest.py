from __future__ import annotations

from importlib.metadata import version

import pytest

from harness.engines.vllm import installed
from harness.errors import SettingsError


def pytest_configure(config: pytest.Config) -> None:
    """Without vLLM these tests fail; they never skip."""
    try:
        installed()
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the log of `make test-vllm` has to say beside the results."""
    others = {name: version(name) for name in ("torch", "transformers", "peft")}
    terminalreporter.write_line(", ".join(f"{name} {found}" for name, found in {**installed(), **others}.items()))
