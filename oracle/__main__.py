"""Build the environments, ask both sides, compare, write down."""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from oracle import Answers

HERE = Path(__file__).resolve().parent
HOUSE = HERE.parent
WORK = HOUSE / ".oracle"  # ignored by git
NO_REFERENCE = {"pip", "setuptools", "discharge-harness"}


def environment(name: str, requirements: Sequence[str]) -> Path:
    """The Python of the oracle's own environment, made anew where its requirements have changed."""
    folder = WORK / name
    python, installed = folder / "bin" / "python", folder / "installed"
    if not installed.is_file() or installed.read_text() != "\n".join(requirements):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True)
        installed.write_text("\n".join(requirements))
    return python


def asked_there(name: str, oracle: Any) -> dict[str, Any]:
    """What the reference packages answer, and their versions."""
    python = environment(name, oracle.REQUIREMENTS)
    answers = WORK / f"{name}.json"
    answers.unlink(missing_ok=True)
    subprocess.run([str(python), "-m", "oracle", "--reference", name, "--out", str(answers)], cwd=HOUSE, check=True)
    there: dict[str, Any] = json.loads(answers.read_text())
    return there


def answer(name: str, out: Path) -> None:
    """The half that runs in the oracle's own environment."""
    oracle = import_module(f"oracle.{name}")
    answers: Answers = oracle.reference()
    there = {
        "versions": {one.name: one.version for one in distributions() if one.name not in NO_REFERENCE},
        "values": dict(answers.values),
        "facts": dict(answers.facts),
    }
    out.write_text(json.dumps(there))


def faults(oracle: Any, ours: Answers, there: dict[str, Any]) -> Iterator[str]:
    if set(ours.values) != set(there["values"]) or set(ours.values) != set(oracle.TOLERANCE):
        yield f"ours has the columns {sorted(ours.values)}, the reference {sorted(there['values'])}"
        return
    for column, allowed in oracle.TOLERANCE.items():
        if not there["values"][column] or len(ours.values[column]) != len(there["values"][column]):
            yield f"{column}: ours has {len(ours.values[column])} values, the reference {len(there['values'][column])}"
        elif not (off := difference(ours.values[column], there["values"][column])) <= allowed:
            yield f"{column}: {off:.1e} apart, {allowed:.0e} is allowed"
    for fact in sorted({*ours.facts} | {*there["facts"]}):
        if ours.facts.get(fact) != there["facts"].get(fact):
            yield f"{fact}: ours says {ours.facts.get(fact)}, the reference {there['facts'].get(fact)}"


def difference(ours: Sequence[float], theirs: Sequence[float]) -> float:
    apart = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    return math.nan if any(map(math.isnan, apart)) else max(apart)


def compare(name: str) -> bool:
    """Ask both sides; write down what was answered if they agree."""
    oracle = import_module(f"oracle.{name}")
    there = asked_there(name, oracle)
    ours: Answers = oracle.ours()
    if found := list(faults(oracle, ours, there)):
        print(f"{name}: " + f"\n{name}: ".join(found), file=sys.stderr)
        return False
    record = {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "seed": oracle.SEED,
        "tolerance": oracle.TOLERANCE,
        "difference": {column: difference(ours.values[column], there["values"][column]) for column in ours.values},
        **there,
    }
    (HERE / f"{name}.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    for column, off in sorted(record["difference"].items()):
        print(f"{name} {column}: {len(ours.values[column])} values, at most {off:.1e} apart")
    print(
        f"{name}: equal in {', '.join(sorted(ours.facts)) or 'nothing else'}; beside {', '.join(oracle.REQUIREMENTS)}"
    )
    return True


def main() -> int:
    names = sorted(path.stem for path in HERE.glob("[!_]*.py"))
    parser = argparse.ArgumentParser(prog="oracle", description="Our metrics beside the packages that they equal.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; without, all")
    parser.add_argument("--reference", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.reference:
        answer(asked.reference, asked.out)
        return 0
    if strangers := sorted({*asked.names} - {*names}):
        parser.error(f"there is no oracle {', '.join(strangers)}; there are {', '.join(names)}")
    WORK.mkdir(exist_ok=True)
    agreed = [compare(name) for name in asked.names or names]
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
