"""The three doors, and what is said of plugins that are broken. The scaffold's system runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import harness
from harness import plugins
from harness.cli import main
from harness.contract import check_file
from harness.errors import PluginError, unknown
from harness.plugins import registry, registry_of
from harness.scaffold import new_system

HOUSE = Path(harness.__file__).resolve().parent.parent
ECHO = '''\
"""A file of plugins."""

from harness import system


@system("{name}")
def write(asked):
    """Says its own name."""
    return "{name}"
'''

TYPED = '''\
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import system

How = Literal["{how}"]


@system("{name}")
@dataclass(frozen=True)
class Says:
    """Says it."""

    how: How = "{how}"
'''


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of systems in place of ours."""
    folder = tmp_path / "house" / "wards"
    written(folder / "__init__.py", "")
    written(folder / "say_hello.py", ECHO.format(name="say-hello"))
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.setattr(plugins, "_FOLDERS", {**plugins._FOLDERS, "system": ("wards", folder)})
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "wards"]:
        del sys.modules[name]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with a system and a scorer, as pip leaves it."""
    site = tmp_path / "site"
    text = ECHO.format(name="parrot").replace("import system", "import scorer, system")
    written(site / "tiny_ward.py", text + '\n\n@scorer("length")\ndef length(pair):\n    return 1.0\n')
    info = site / "tiny_ward-1.0.dist-info"
    written(info / "METADATA", "Metadata-Version: 2.1\nName: tiny-ward\nVersion: 1.0\n")
    written(
        info / "entry_points.txt",
        "[harness.systems]\nparrot = tiny_ward:write\n\n[harness.scorers]\nlength = tiny_ward:length\n",
    )
    monkeypatch.syspath_prepend(site)
    yield site
    sys.modules.pop("tiny_ward", None)


def python(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, *filter(None, sys.path)]))}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


def refused(call: object, *args: object) -> str:
    with pytest.raises(PluginError) as caught:
        call(*args)  # type: ignore[operator]
    return str(caught.value)


# --------------------------------------------------------------------------- the doors


def test_a_file_in_the_folder_is_a_plugin(house: Path) -> None:
    entry = registry().entry("system", "say-hello")
    assert (entry.origin, entry.summary) == ("wards/say_hello.py", "Says its own name.")
    assert "wards.say_hello" not in sys.modules
    assert entry.load()(None) == "say-hello"
    assert entry.source() == (house / "say_hello.py").read_bytes()


def test_an_entry_point_is_a_plugin(package: Path) -> None:
    entry = registry().entry("system", "parrot")
    assert entry.origin == "tiny_ward:write of the package tiny-ward"
    assert "tiny_ward" not in sys.modules
    assert entry.load()(None) == "parrot"
    assert entry.source() == (package / "tiny_ward.py").read_bytes()
    assert registry().entry("scorer", "length").load()(None) == 1.0


@pytest.fixture
def large_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package whose entry point names one of its modules, which uses others."""
    site = tmp_path / "site"
    folder = site / "big_ward"
    for name in ("__init__.py", "words/__init__.py"):
        written(folder / name, "")
    written(folder / "words" / "said.py", 'TEXT = "polly"\n')
    text = ECHO.format(name="polly").replace('return "polly"', "return TEXT")
    written(folder / "plugin.py", f"from big_ward.words.said import TEXT\n{text}")
    info = site / "big_ward-1.0.dist-info"
    written(info / "METADATA", "Metadata-Version: 2.1\nName: big-ward\nVersion: 1.0\n")
    written(info / "entry_points.txt", "[harness.systems]\npolly = big_ward.plugin:write\n")
    monkeypatch.syspath_prepend(site)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "big_ward"]:
        del sys.modules[name]


def test_the_source_of_a_packages_plugin_is_the_whole_package(large_package: Path) -> None:
    """The entry point names the module that defines it, and a text comes of all that this one imports."""

    def source() -> bytes:
        """As the next command reads it."""
        plugins._names_and_digests.cache_clear()
        return registry().entry("system", "polly").source()

    sources = [source()]
    for path in (large_package / "words" / "said.py", large_package / "plugin.py"):
        path.write_text(path.read_text() + "# edited\n")
        sources.append(source())
    (large_package / "words" / "said.py").rename(large_package / "words" / "unsaid.py")
    sources.append(source())
    assert len({*sources}) == len(sources)
    written(large_package / "notes.txt", "no code")
    written(large_package.parent / "other_ward" / "__init__.py", "")
    written(large_package.parent / "_helper.py", "")
    assert source() == sources[-1]


def test_a_package_without_an_init_or_in_a_namespace_is_a_package_too(large_package: Path) -> None:
    (large_package / "__init__.py").unlink()
    entry = registry().entry("system", "polly")
    assert entry.load()(None) == "polly"
    before = entry.source()
    said = large_package / "words" / "said.py"
    said.write_text(said.read_text() + "# edited\n")
    plugins._names_and_digests.cache_clear()
    assert entry.source() != before


def test_a_file_of_the_command_line_is_a_plugin(tmp_path: Path) -> None:
    path = written(tmp_path / "any_name.py", ECHO.format(name="from-a-file"))
    found = registry([path])
    assert found.files == (path,)
    assert found.entry("system", "from-a-file").origin == str(path)
    assert found.entry("system", "from-a-file").load()(None) == "from-a-file"


def test_a_file_may_hold_several_plugins(tmp_path: Path) -> None:
    text = ECHO.format(name="a") + ECHO.format(name="b").partition("from harness import system")[2].replace(
        "write", "say"
    )
    found, entries = registry_of(written(tmp_path / "two.py", text))
    assert [entry.name for entry in entries] == ["a", "b"]
    assert {"a", "b", "lead"} <= {*found.names("system")}


def test_all_doors_lead_into_the_same_list(
    house: Path, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "third.py", ECHO.format(name="third"))
    assert main(["list", "systems", "--plugin", str(path)]) == 0
    plugins, _, _ = capsys.readouterr().out.partition("systems of the line-up")
    listed = [line.split()[0] for line in plugins.splitlines()]
    assert listed == ["systems:", "parrot", "say-hello", "third"]


def test_a_private_file_is_no_plugin(house: Path) -> None:
    written(house / "_helper.py", "raise RuntimeError('read')")
    (house / "._say_hello.py").write_bytes(b"\x00\x05\x16\x07 of a Mac")
    assert registry().names("system") == ("say-hello",)


def test_listing_imports_no_plugin(package: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "third.py", ECHO.format(name="third") + "\nraise RuntimeError('imported')\n")
    done = python(
        f"""
import sys
from harness.cli import main
assert main(["list", "systems", "--plugin", {str(path)!r}]) == main(["list", "scorers"]) == 0
plugins = ("systems", "scorers", "tiny_ward", "harness_plugin_")
print([name for name in sys.modules if name.startswith(plugins)])
""",
        package,
    )
    assert done.stderr == ""
    assert "parrot" in done.stdout
    assert "third" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


# --------------------------------------------------------------------------- what is wrong, and where


def test_a_file_that_is_named_unlike_its_plugin_is_refused(house: Path) -> None:
    written(house / "other.py", ECHO.format(name="another"))
    assert refused(registry) == (
        "wards/other.py must define one system and name it 'other', but it defines another\n"
        "  -> rename the plugin or the file; a helper's file name begins with _"
    )


def test_a_file_without_a_plugin_is_refused(house: Path) -> None:
    written(house / "helper.py", "x = 1\n")
    assert "wards/helper.py must define one system and name it 'helper', but it defines none" in refused(registry)


def test_a_second_definition_names_both_origins(house: Path, package: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.py", ECHO.format(name="say-hello"))
    assert refused(registry, [path]) == (
        f"the system 'say-hello' is defined twice: in wards/say_hello.py and in {path}\n  -> rename one of them"
    )
    path = written(tmp_path / "mine.py", ECHO.format(name="parrot"))
    assert f"in tiny_ward:write of the package tiny-ward and in {path}" in refused(registry, [path])


def test_a_file_that_is_named_twice_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "mine.py", ECHO.format(name="mine"))
    other = written(tmp_path / "other.py", ECHO.format(name="other"))
    monkeypatch.chdir(tmp_path)
    found = registry([Path("mine.py"), other, path, Path("mine.py")])
    assert found.files == (Path("mine.py"), other)
    assert found.entry("system", "mine").origin == "mine.py"


def test_two_files_of_one_name_keep_their_own_types(tmp_path: Path) -> None:
    loaded = []
    for at, how in enumerate(("soft", "loud")):
        path = written(tmp_path / str(at) / "mine.py", TYPED.format(name=f"says-{how}", how=how))
        loaded.append(registry([path]).entry("system", f"says-{how}").load())
    assert [get_args(get_type_hints(one)["how"]) for one in loaded] == [("soft",), ("loud",)]


def test_a_file_of_the_first_door_is_there_already(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house.parent)
    found = registry([Path(house.name) / "say_hello.py"])
    assert found.files == ()
    assert found.entry("system", "say-hello").origin == "wards/say_hello.py"


def test_a_system_and_a_scorer_may_share_a_name(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.py", ECHO.format(name="rouge"))
    assert registry([path]).entry("system", "rouge").origin == str(path)


def test_an_unknown_name_brings_the_nearest() -> None:
    found = registry()
    assert refused(found.entry, "system", "fewshot") == "there is no system 'fewshot'\n  -> did you mean few-shot?"
    assert refused(found.entry, "scorer", "zzz") == (
        f"there is no scorer 'zzz'\n  -> there are: {', '.join(found.names('scorer'))}"
    )
    assert str(unknown("system", "a", ())) == "there is no system 'a'\n  -> there are: none"


def test_a_syntax_error_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "broken.py", "x = 1\n\ndef write(:\n")
    assert refused(registry, [path]).startswith(f"{path}, line 3: this is not Python: invalid syntax")


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"x = 1\n\0\n"])
def test_what_is_no_text_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.py"
    path.write_bytes(content)
    assert refused(registry, [path]).startswith(f"{path}: this is not Python: ")


def test_an_error_on_import_is_named_with_its_line(house: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "broken.py", ECHO.format(name="broken") + "\n\n1 / 0\n")
    assert refused(registry([path]).entry("system", "broken").load) == (
        f"system 'broken' ({path}, line 12) cannot be imported: ZeroDivisionError: division by zero\n"
        "  -> mend the file, or leave it out"
    )
    written(house / "lost.py", "import nowhere_to_be_found\n" + ECHO.format(name="lost"))
    assert refused(registry().entry("system", "lost").load).startswith(
        "system 'lost' (wards/lost.py, line 1) cannot be imported: ModuleNotFoundError: No module named 'nowhere_"
    )


@pytest.mark.parametrize(
    ("code", "said"), [("", "exit code 0"), ("3", "exit code 3"), ("'no model here'", "exit code 1: no model here")]
)
def test_an_exit_on_import_is_named_with_its_code(tmp_path: Path, code: str, said: str) -> None:
    path = written(tmp_path / "broken.py", ECHO.format(name="broken") + f"\n\nraise SystemExit({code})\n")
    assert refused(registry([path]).entry("system", "broken").load) == (
        f"system 'broken' ({path}, line 12) cannot be imported: SystemExit, {said}\n  -> mend the file, or leave it out"
    )


@pytest.mark.parametrize(
    ("made", "said"), [("{}['rules']", "KeyError: 'rules'"), ("exit(3)", "SystemExit, exit code 3")]
)
def test_a_task_that_cannot_be_made_is_named_with_its_line(made: str, said: str, tmp_path: Path) -> None:
    path = written(
        tmp_path / "mine.py", f"from harness import task\n\n\n@task('mine')\ndef mine():\n    return {made}\n"
    )
    assert refused(registry([path]).task, "mine") == (
        f"the task 'mine' ({path}, line 6) cannot be made: {said}\n  -> mend the file"
    )


def test_a_task_that_is_none_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "none.py", 'from harness import task\n\n\n@task("none")\ndef none():\n    pass\n')
    assert refused(registry([path]).task, "none") == (
        f"the task 'none' ({path}) returned NoneType\n  -> return a harness.Task"
    )


TASK = """
from dataclasses import replace
from harness import task
from harness.tasks.discharge_me import discharge_me

@task("ours")
def ours():
    return replace(discharge_me(), name="ours", {part})
"""


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ('corpus="open"', "corpus is str, where a function is due\n  -> give the function itself, without quotes"),
        ('split="cut"', "split is str, where a function is due\n  -> give the function itself, without quotes"),
        (
            "fields=(discharge_me().fields[0])",
            "fields is Field, where a tuple is due\n  -> write a comma behind its one item: (ITEM,)",
        ),
        ('scorers=("rouge")', "scorers is str, where a tuple is due\n  -> write a comma behind its one item: (ITEM,)"),
        ('document="dialogue"', "document is 'dialogue'\n  -> write one of 'note', 'transcript'"),
        (
            "fields=(replace(discharge_me().fields[0], kind='labels'),)",
            "fields[0].kind is 'labels'\n  -> write one of 'text', 'label', 'entities'",
        ),
        ('columns=(("bleu", "BLEU"),)', "columns[0] is tuple, where a Column is due\n  -> write a Column"),
        ('means=("bleu", "meteor")', "means is tuple, where a table is due\n  -> write {NAME: VALUE}"),
        ('means={"all": "bleu"}', "means['all'] is str, where a tuple is due\n  -> write a comma behind its one item"),
    ],
)
def test_a_part_of_a_task_that_is_no_function_or_no_tuple_is_named(tmp_path: Path, part: str, message: str) -> None:
    path = written(tmp_path / "ours.py", TASK.format(part=part))
    assert refused(registry([path]).task, "ours").startswith(f"the task 'ours' ({path}): {message}")


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        ('"engine"', "@system says needs='engine', which is no tuple\n  -> write needs=('engine',)"),
        ('("gpu",)', "@system needs 'gpu', which no context has\n  -> there are: engine, encoder, guide, examples"),
    ],
)
def test_needs_that_no_context_grants_are_named_with_their_line(tmp_path: Path, needs: str, message: str) -> None:
    text = ECHO.format(name="needy").replace('@system("needy")', f'@system("needy", needs={needs})')
    path = written(tmp_path / "needy.py", text)
    assert refused(registry([path]).entry("system", "needy").load) == f"system 'needy' ({path}, line 6): {message}"


@pytest.mark.parametrize("kind", ["task", "system", "scorer"])
@pytest.mark.parametrize("name", ["", "../../evil", "team/model-v1", "My System", ".hidden", "mine[open]"])
def test_a_plugin_of_a_name_that_names_no_folder_is_refused_with_its_line(tmp_path: Path, kind: str, name: str) -> None:
    path = written(tmp_path / "mine.py", ECHO.format(name=name).replace("system", kind))
    assert refused(registry([path]).entry(kind, name).load) == (
        f"{kind} '{name}' ({path}, line 6): '{name}' is no name for a {kind}\n  -> use letters, digits, -, _ and ."
    )
    assert [str(result).partition("\n")[0] for result in check_file(path)] == [
        f"FAIL {name}: it can be loaded: {kind} '{name}' ({path}, line 6): '{name}' is no name for a {kind}"
    ]


INPUT = "where one input is due\n  -> write def f(asked: ModelInput) -> str, which reads asked.chart and asked.field"
PAIR = "where one pair is due\n  -> write def f(pair: Pair) -> float, which reads pair.reference and pair.hypothesis"


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("system", "chart, field", f"its function takes (chart, field), {INPUT}"),
        ("system", "", f"its function takes (), {INPUT}"),
        ("system", "asked, *, words", f"its function takes (asked, words), {INPUT}"),
        ("scorer", "reference, hypothesis", f"its function takes (reference, hypothesis), {PAIR}"),
    ],
)
def test_a_function_of_other_arguments_is_named_with_its_line(
    tmp_path: Path, kind: str, parameters: str, message: str
) -> None:
    text = ECHO.format(name="mine").replace("(asked)", f"({parameters})").replace("system", kind)
    path = written(tmp_path / "mine.py", text)
    assert refused(registry([path]).entry(kind, "mine").load) == f"{kind} 'mine' ({path}, line 6): {message}"


WRAPPED = """
import functools
from harness import system

def with_a_model(write):
    @functools.wraps(write)
    def given(*args):
        return write("a model", *args)
    return given

@system("given")
@with_a_model
def given(model, asked):
    return model

@system("remembers")
@functools.lru_cache
def remembers(asked, words=3):
    return "seen"
"""


@pytest.mark.parametrize(("name", "text"), [("given", "a model"), ("remembers", "seen")])
def test_a_function_that_can_be_called_with_its_input_is_taken(tmp_path: Path, name: str, text: str) -> None:
    path = written(tmp_path / "mine.py", WRAPPED)
    assert registry([path]).entry("system", name).load()(None) == text


def test_a_tag_that_only_looks_like_one_is_named(tmp_path: Path) -> None:
    text = 'def system(name):\n    return lambda f: f\n\n@system("fake")\ndef write(asked):\n    return ""\n'
    path = written(tmp_path / "fake.py", text)
    assert refused(registry([path]).entry("system", "fake").load) == (
        f"{path} defines no system 'fake'\n  -> tag it with @system(\"fake\")"
    )


def test_a_file_of_the_command_line_must_be_there_and_hold_a_plugin(tmp_path: Path) -> None:
    path = tmp_path / "absent.py"
    assert refused(registry, [path]) == f"--plugin {path}: there is no such file\n  -> give the path of a Python file"
    written(path, "x = 1\n")
    assert refused(registry, [path]) == (
        f"--plugin {path}: no @system, @scorer or @task in it\n  -> see `harness new system NAME`"
    )


@pytest.mark.parametrize("tag", ["@system", "@system()", "@system(NAME)", '@system(name="mine")', "@harness.system"])
def test_a_tag_without_a_name_says_how_to_write_one(tag: str, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.py", ECHO.format(name="mine").replace('@system("mine")', tag))
    assert refused(registry, [path]) == (
        f"{path}, line 6: @system does not name its system\n"
        '  -> write @system("NAME"), the name in quotes: it is read without running the file'
    )


def test_an_async_function_is_told_to_be_written_without(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.py", ECHO.format(name="mine").replace("def ", "async def "))
    assert refused(registry, [path]) == f"{path}, line 7: the system 'mine' is async\n  -> write it without async"


def test_somebody_elses_decorator_of_such_a_name_is_none_of_ours(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.py", f"{ECHO.format(name='mine')}\n\n@queue.task\ndef later():\n    pass\n")
    assert [entry.name for entry in registry_of(path)[1]] == ["mine"]


def test_a_broken_plugin_ends_a_command_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "broken.py", "def write(:\n")
    assert main(["list", "systems", "--plugin", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"harness: {path}, line 1: this is not Python")


# --------------------------------------------------------------------------- the scaffold


def test_a_new_system_is_short_checked_and_tested(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "system", "first-lines", "--dir", str(tmp_path)]) == 0
    path = tmp_path / "first_lines.py"
    assert capsys.readouterr().out.splitlines() == [
        f"wrote {path}",
        f"wrote {tmp_path / 'test_first_lines.py'}",
        f"next: harness check {path}",
        f"      harness submit first-lines --plugin {path} --limit 3",
    ]
    text = path.read_text()
    assert len(text.splitlines()) < 30
    assert [line for line in text.splitlines() if "import" in line] == [
        "from harness import ModelInput, arrange, system"
    ]
    assert main(["check", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "ok   first-lines: same inputs, same texts" in lines
    assert all(line.startswith("ok   first-lines: ") for line in lines)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_first_lines.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_a_new_system_that_breaks_fails_its_own_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_system("first-lines", tmp_path)
    path = tmp_path / "first_lines.py"
    path.write_text(path.read_text().replace(".text", ".units"))
    assert main(["check", str(path)]) == 1
    assert "FAIL first-lines: it answers every input: it returned int where a str is due" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["", "Upper", "snake_case", "-a", "a-", "a--b", "1st", "a b", "../up", "é", "a\n"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    assert refused(new_system, name, tmp_path) == (
        f"'{name}' is no name for a system\n  -> use lowercase letters, digits and single -, a letter first"
    )
    assert not [*tmp_path.iterdir()]


def test_a_new_system_takes_no_name_and_no_file_of_another(tmp_path: Path) -> None:
    assert refused(new_system, "few-shot", tmp_path) == (
        "the system 'few-shot' is there already, in systems/few_shot.py\n  -> choose another name"
    )
    test = written(tmp_path / "test_first_lines.py", "mine")
    assert refused(new_system, "first-lines", tmp_path) == (
        f"{test} is there already\n  -> move it away, or choose another name or --dir"
    )
    assert [*tmp_path.iterdir()] == [test]
    assert test.read_text() == "mine"


def test_a_new_system_is_not_written_among_the_plugins(house: Path) -> None:
    assert refused(new_system, "first-lines", house).startswith("wards/ holds plugins only, and a test is no plugin")
    assert not (house / "first_lines.py").exists()


def test_a_system_of_the_folder_can_be_checked_there() -> None:
    results = list(check_file(HOUSE / "systems" / "lead.py"))
    assert {result.plugin for result in results} == {"lead"}
    assert all(result.passed for result in results), [str(result) for result in results]


def test_a_plugin_is_checked_in_the_company_of_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A task that is judged by a scorer of another file."""
    judge = written(tmp_path / "length.py", ECHO.format(name="length").replace("system", "scorer"))
    ward = written(
        tmp_path / "short.py",
        "from dataclasses import replace\nfrom harness import Column, task\n"
        "from harness.tasks.discharge_me import discharge_me\n\n\n"
        '@task("short")\ndef short():\n    columns = (Column("length", "Length"),)\n'
        '    right = replace(discharge_me(), name="short", published=None, columns=columns, means={})\n'
        '    return replace(right, scorers=("length",))\n',
    )
    assert main(["check", str(ward)]) == 1
    assert "there is no scorer 'length'" in capsys.readouterr().out
    assert main(["check", str(ward), "--plugin", str(judge), "--plugin", str(ward)]) == 0
    assert all(line.startswith("ok   short: ") for line in capsys.readouterr().out.splitlines())


def test_a_broken_task_is_not_laid_at_the_scorer_that_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'from harness import scorer\n\n\n@scorer("flat")\ndef flat(pair):\n    return 0.5\n'
    judge = written(tmp_path / "flat.py", text)
    ours = written(tmp_path / "ours.py", TASK.format(part='corpus="open_tables"'))
    assert main(["check", str(judge), "--plugin", str(ours)]) == 1
    first, *others = capsys.readouterr().out.splitlines()
    assert first == f"FAIL ours: it can be loaded: the task 'ours' ({ours}): corpus is str, where a function is due"
    assert [line for line in others if line.startswith("FAIL")] == []
    assert "ok   flat: no text is worse than its worst" in others


def test_a_file_that_is_no_plugin_cannot_be_checked(house: Path, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="there is no such file"):
        list(check_file(tmp_path / "absent.py"))
    assert refused(registry_of, house / "_helper.py") == (
        f"{house / '_helper.py'}: there is no plugin in it\n  -> a plugin's file is there, and begins with no _"
    )
