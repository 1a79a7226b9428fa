"""`harness new system NAME`: a working plugin of a few lines, and its test."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import PluginError
from harness.plugins import door_of, registry

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""What names a file of the first door too."""

_SYSTEM = '''\
"""A system of the competition: a function that is asked for one section of one case, and returns its text."""

from harness import ModelInput, arrange, system

MOST_RELEVANT = ("history_of_present_illness", "chief_complaint")
WORDS = 60


@system("{name}")
def write(asked: ModelInput) -> str:
    """The beginning of the history of the present illness, whichever section is due."""
    return arrange(asked, MOST_RELEVANT, budget=WORDS).text
'''

_TEST = '''\
"""The contract of harness systems, asked of {file}."""

from pathlib import Path

from harness.contract import check_file


def test_it_keeps_the_contract() -> None:
    results = list(check_file(Path(__file__).with_name("{file}")))
    broken = [str(result) for result in results if not result.passed]
    assert results
    assert not broken, "\\n".join(broken)
'''


def new_system(name: str, folder: Path) -> list[str]:
    """Write a working system and its test into `folder`; return what to tell the user.

    Raises PluginError if the name is no name or taken, or a file is there already."""
    if not _NAME.fullmatch(name):
        raise PluginError(
            f"'{name}' is no name for a system",
            todo="use lowercase letters, digits and single -, a letter first",
        )
    known = registry()
    if name in known.names("system"):
        raise PluginError(
            f"the system '{name}' is there already, in {known.entry('system', name).origin}", todo="choose another name"
        )
    if door := door_of(folder):
        raise PluginError(
            f"{door}/ holds plugins only, and a test is no plugin",
            todo="write it elsewhere and check it, then move it here without its test: tests/test_contract.py has it",
        )
    file = f"{name.replace('-', '_')}.py"
    texts = {folder / file: _SYSTEM.format(name=name), folder / f"test_{file}": _TEST.format(file=file)}
    for path in texts:
        if path.exists():
            raise PluginError(f"{path} is there already", todo="move it away, or choose another name or --dir")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return [
        *(f"wrote {path}" for path in texts),
        f"next: harness check {folder / file}",
        f"      harness submit {name} --plugin {folder / file} --limit 3",
    ]
