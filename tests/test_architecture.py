"""The house: who may import whom, what an import may do, and how fast the command line answers."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.plugins import registry

HOUSE = Path(harness.__file__).resolve().parent.parent
PLUGIN_FILES = [path for folder in ("systems", "scorers") for path in sorted((HOUSE / folder).glob("*.py"))]
STDLIB = sys.stdlib_module_names
HARNESS_FILES = sorted((HOUSE / "harness").rglob("*.py"))

PUBLIC = [
    "ADAPTER_CONFIG",
    "ADAPTER_WEIGHTS",
    "ByField",
    "Learned",
    "Offer",
    "Rules",
    "SettingsError",
    "Weighted",
    "minimum_bayes_risk",
    "read_fitted",
    "Arranged",
    "AssetError",
    "Candidate",
    "CannotJudge",
    "Case",
    "Column",
    "Completion",
    "Context",
    "ContextualEncoder",
    "Division",
    "Entailment",
    "Example",
    "Failure",
    "Field",
    "KeptVectors",
    "Lesson",
    "Message",
    "ModelInput",
    "Pair",
    "Part",
    "Pool",
    "Prompt",
    "PublishedScript",
    "Runner",
    "Sampling",
    "Scorer",
    "ScoringContext",
    "Section",
    "Selector",
    "Signature",
    "SubmissionFormat",
    "Task",
    "Tuning",
    "arrange",
    "divide",
    "open_contextual",
    "open_entailment",
    "place",
    "punkt_digest",
    "punkt_parameters",
    "compare_concepts",
    "open_matcher",
    "read_facts",
    "read_instructions",
    "scorer",
    "system",
    "task",
]


def shown(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of what a file imports; name is "" for `import module`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from ((str(node.module), alias.name) for alias in node.names)


def root(module: str) -> str:
    return module.partition(".")[0]


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


# --------------------------------------------------------------------------- who may import whom


def test_the_nouns_import_the_standard_library_only() -> None:
    for name in ("types", "errors"):
        modules = {root(module) for module, _ in imports(HOUSE / "harness" / f"{name}.py")}
        assert modules <= STDLIB


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("plugins", {"types", "errors", "task_rules"}),
        ("task_rules", {"types", "errors", "board", "sections"}),
        ("sections", {"types"}),
    ],
)
def test_the_registry_imports_nouns_and_errors_and_what_imports_no_more(name: str, known: set[str]) -> None:
    ours = {module for module, _ in imports(HOUSE / "harness" / f"{name}.py") if root(module) not in STDLIB}
    assert ours <= {f"harness.{one}" for one in known}


@pytest.mark.parametrize("path", PLUGIN_FILES, ids=shown)
def test_plugins_import_public_names_and_their_own_helpers_only(path: Path) -> None:
    folder = path.parent.name
    for module, name in imports(path):
        if root(module) == "harness":
            assert module == "harness", f"{shown(path)} imports {module}"
            assert name in PUBLIC, f"{shown(path)} imports harness.{name}"
        elif root(module) in ("systems", "scorers"):
            helper = module.removeprefix(f"{folder}.")
            assert helper.startswith("_"), f"{shown(path)} imports {module}: a plugin of another"


@pytest.mark.parametrize("path", HARNESS_FILES, ids=shown)
def test_the_harness_knows_no_system_and_no_scorer_by_name(path: Path) -> None:
    assert not [module for module, _ in imports(path) if root(module) in ("systems", "scorers")]
    names = {*registry().names("system")}
    if not {"tasks", "corpora"} & {*path.parts}:  # a task names its default scorers, a corpus what it brings one for
        names |= {*registry().names("scorer")}
    texts = {n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)}
    assert not {text for text in texts if isinstance(text, str)} & names


def test_the_public_names_are_pinned() -> None:
    assert sorted(harness.__all__) == sorted(PUBLIC)
    assert all(getattr(harness, name) is not None for name in PUBLIC)
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'RawStay'"):
        _ = harness.RawStay


def test_the_top_level_of_the_house() -> None:
    folders = ["harness", "systems", "scorers", "lineups", "submissions", "tests", "benchmarks"]
    files = ["pyproject.toml", "Makefile", "README.md", ".ci/run"]
    assert [name for name in folders if not (HOUSE / name).is_dir()] == []
    assert [name for name in files if not (HOUSE / name).is_file()] == []


def test_a_wheel_holds_every_file_that_a_checkout_runs_with() -> None:
    found = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["setuptools"]
    data = found["package-data"].items()
    packed = {path for name, globs in data for glob in globs for path in (HOUSE / name.replace(".", "/")).glob(glob)}
    tops = [name.removesuffix("*") for name in found["packages"]["find"]["include"]]
    files = {path for name in tops for path in (HOUSE / name).rglob("*") if path.is_file()}
    assert {path for path in files - packed if path.suffix not in (".py", ".pyc")} == set()
    assert HOUSE / "lineups" / "embedded.toml" in packed


# --------------------------------------------------------------------------- what an import does

FOREIGN = """
import sys
from harness.cli import main
try:
    code = main({argv!r})
except SystemExit as end:
    code = end.code
assert code == 0
ours = ("harness", "systems", "scorers", "__main__", "__mp_main__", "sitecustomize", "usercustomize")
foreign = {{name.partition(".")[0] for name in sys.modules}} - {{*sys.stdlib_module_names, *ours}}
print(sorted(name for name in foreign if not name.startswith(("__editable__", "_distutils_hack", "_virtualenv"))))
"""


@pytest.mark.parametrize("argv", [["--help"], ["submit", "--help"], ["list"], ["validate", "--help"]], ids=" ".join)
def test_help_and_list_import_the_standard_library_only(argv: list[str]) -> None:
    assert python(FOREIGN.format(argv=argv)) == "[]"


QUIET = """
import importlib, json, logging, os, pkgutil, sys
import harness
seen = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        seen.append(event)
    elif event == "open" and str(args[0]).endswith((".safetensors", ".gguf", ".bin", ".pt", ".pth", ".onnx")):
        seen.append(str(args[0]))
sys.addaudithook(watch)
before = dict(os.environ)
names = [m.name for m in pkgutil.walk_packages(harness.__path__, "harness.")]
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (name, missing.name) != ("harness.engines.vllm_control", "vllm"):  # vLLM itself imports it
            raise
    if logging.getLogger().handlers:
        seen.append(f"{name} configures logging")
        break
changed = sorted(k for k in {*before, *os.environ} if before.get(k) != os.environ.get(k))
print(json.dumps([len(names), seen, changed]))
"""


def test_no_module_downloads_reads_a_model_or_configures_logging_at_import() -> None:
    modules, seen, changed = json.loads(python(QUIET))
    assert modules > 30
    assert seen == []
    assert changed == []


# --------------------------------------------------------------------------- how fast it answers

BASE = ["-c", "import argparse, json, csv"]
COMMAND = "import sys; from harness.cli import main; sys.exit(main(sys.argv[1:]))"
RUNS = 9


def seconds(compiled: Path, *argv: str) -> float:
    """Seconds until a Python ends that keeps compiled modules in a folder, as a user's does: not every machine of
    ours lets it."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(compiled)
    started = time.perf_counter()
    subprocess.run([sys.executable, *argv], cwd=HOUSE, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


@pytest.mark.parametrize(("command", "times"), [("--help", 3), ("list", 6)])
def test_the_command_line_answers_at_once(command: str, times: int, tmp_path: Path) -> None:
    """The least of each: what comes on top is the work of others on the same cores."""
    pairs = [(seconds(tmp_path, *BASE), seconds(tmp_path, "-c", COMMAND, command)) for _ in range(RUNS)]
    base, ours = (min(values) for values in zip(*pairs, strict=True))
    assert ours <= times * base, f"{ours * 1000:.0f} ms, where {base * 1000:.0f} ms is the measure"
