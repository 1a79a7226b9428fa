"""AlignScore's package beside ours: its environment, and what it says of the pairs that our tests are held to.

python -m oracle.alignscore      writes tests/goldens/alignscore.json: versions and values
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from oracle.nltk_data import nltk_data

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".oracle" / "alignscore"
REQUIREMENTS = Path(__file__).with_suffix(".txt")
PACKAGE = "alignscore-speedofmagic==0.1.4"
GOLDEN = ROOT / "tests" / "goldens" / "alignscore.json"


def environment(folder: Path = ENVIRONMENT) -> Path:
    """The Python of the package's environment, made where it is missing or older than what it is made from."""
    mark, python = folder / "installed", folder / "bin" / "python"
    if not mark.exists() or mark.stat().st_mtime < REQUIREMENTS.stat().st_mtime:
        venv.create(folder, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(REQUIREMENTS)], check=True)
        subprocess.run([*install, "--no-deps", PACKAGE], check=True)
        mark.touch()
    return python


def command(*arguments: str) -> list[str]:
    """How to run `oracle.alignscore_package` with these arguments, from the root of the project."""
    return [str(environment()), "-m", "oracle.alignscore_package", str(nltk_data()), *arguments]


def main() -> int:
    return subprocess.run(command("golden", str(GOLDEN)), cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
