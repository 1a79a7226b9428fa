"""Tag, then collect. Three doors lead into one registry:

1. a file in `systems/`, `scorers/` or `harness/tasks/` (file name = plugin name, `_x.py` is private),
2. an entry point in the group `harness.tasks`, `harness.systems` or `harness.scorers`,
3. `--plugin path/to/file.py`.

Decorators only tag. Listing reads names and docstrings as text; a plugin is imported when it is asked for.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from harness.errors import HarnessError, PluginError, told, unknown

if TYPE_CHECKING:
    from harness.types import Task

Kind = Literal["task", "system", "scorer"]
Need = Literal["engine", "encoder", "guide", "examples"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NEEDS: tuple[Need, ...] = get_args(Need)
T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HOUSE = Path(__file__).resolve().parent.parent
_FOLDERS: Mapping[Kind, tuple[str, Path]] = {
    "task": ("harness.tasks", _HOUSE / "harness" / "tasks"),
    "system": ("systems", _HOUSE / "systems"),
    "scorer": ("scorers", _HOUSE / "scorers"),
}


@dataclass(frozen=True)
class Tag:
    """What a decorator leaves on a plugin. `needs` are the parts of the context that a system reads;
    `worst` is what a scorer in its short form gives a failed hypothesis; `exact` and `batch` are a scorer's, see
    `scorer`."""

    kind: Kind
    name: str
    needs: tuple[Need, ...] = ()
    worst: float = 0.0
    exact: bool = True
    batch: int = 256


def _refuse_name(kind: Kind, name: str) -> None:
    """Raises PluginError for what cannot name a plugin: it names its runs' folders, and is typed."""
    if not _NAME.fullmatch(name):
        raise PluginError(f"'{name}' is no name for a {kind}", todo="use letters, digits, -, _ and .")


_DUE: Mapping[Kind, tuple[str, str]] = {
    "system": ("input", "def f(asked: ModelInput) -> str, which reads asked.chart and asked.field"),
    "scorer": ("pair", "def f(pair: Pair) -> float, which reads pair.reference and pair.hypothesis"),
}
"""What a function of each kind takes, and how it is written."""


def _refuse_other_arguments(kind: Kind, function: Callable[..., Any]) -> None:
    """Raises PluginError where a function cannot be called with its one argument. Only what it takes itself counts: a
    wrapper may give more to what it wraps."""
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except ValueError:  # compiled code, which does not say
        return
    try:
        signature.bind(object())
    except TypeError:
        due, written = _DUE[kind]
        raise PluginError(
            f"its function takes ({', '.join(signature.parameters)}), where one {due} is due", todo=f"write {written}"
        ) from None


def _tagging(tag: Tag) -> Callable[[T], T]:
    _refuse_name(tag.kind, tag.name)

    def decorate(plugin: T) -> T:
        if tag.kind in _DUE and callable(plugin) and not isinstance(plugin, type):
            _refuse_other_arguments(tag.kind, plugin)
        object.__setattr__(plugin, "__harness__", tag) if not isinstance(plugin, type) else type.__setattr__(
            plugin, "__harness__", tag
        )
        return plugin

    return decorate


def task(name: str) -> Callable[[T], T]:
    """Tag a function without parameters that returns a `Task`."""
    return _tagging(Tag("task", name))


def system(name: str, *, needs: Sequence[Need] = ()) -> Callable[[T], T]:
    """Tag a system: a function `(ModelInput) -> str`, or a frozen dataclass of settings with `open(context)`
    or `pool()`. A system that needs the engine is always given the whole list of inputs."""
    if isinstance(needs, str):
        raise PluginError(f"@system says needs={needs!r}, which is no tuple", todo=f"write needs=({needs!r},)")
    for need in needs:
        if need not in NEEDS:
            raise PluginError(f"@system needs {need!r}, which no context has", todo=f"there are: {', '.join(NEEDS)}")
    return _tagging(Tag("system", name, tuple(needs)))


def scorer(name: str, *, worst: float = 0.0, exact: bool = True, batch: int = 256) -> Callable[[T], T]:
    """Tag a scorer: a function `(Pair) -> float` (one column of the plugin's name, `worst` for a failed
    hypothesis), or a frozen dataclass of settings with `columns` and `open(context) -> Scorer`.

    `exact` is False where a network computes in float32: then other batches may change a row by up to 1e-6, else by
    nothing. `batch` is how many pairs it is given at once: what a crash can lose, and a step of the progress bar."""
    return _tagging(Tag("scorer", name, worst=worst, exact=exact, batch=batch))


@dataclass(frozen=True)
class Entry:
    """A plugin that can be had: its name, where it comes from, what it says of itself, and how to get it."""

    kind: Kind
    name: str
    origin: str
    summary: str
    find: Callable[[], ModuleType]

    def load(self) -> Any:
        """Import the plugin. Raises PluginError naming it if its code fails or does not hold what was listed."""
        try:
            module = self.find()
        except (Exception, SystemExit) as error:
            line = _line_of(error, self.origin)
            if isinstance(error, PluginError):  # a decorator says what is wrong with its plugin
                where = f"{self.kind} '{self.name}' ({self.origin}{line})"
                raise PluginError(f"{where}: {error.what}", todo=error.todo) from None
            raise PluginError(
                f"{self.kind} '{self.name}' ({self.origin}{line}) cannot be imported: {told(error)}",
                todo="mend the file, or leave it out",
            ) from error
        for value in vars(module).values():
            tag = getattr(value, "__harness__", None)
            if isinstance(tag, Tag) and (tag.kind, tag.name) == (self.kind, self.name):
                return value
        raise PluginError(
            f"{self.origin} defines no {self.kind} '{self.name}'", todo=f'tag it with @{self.kind}("{self.name}")'
        )

    def source(self) -> bytes:
        """The bytes of the file that defines the plugin, and of the private helpers (`_x.py`) beside it; of a plugin in
        somebody's package the names and digests of all Python files of that package."""
        module = self.find()
        if not module.__file__:
            return b""
        path = Path(module.__file__)
        if package := _package_of(module, path):
            return _names_and_digests(package)
        helpers = sorted(path.parent.glob("_[!_]*.py"))
        return b"".join(file.read_bytes() for file in (path, *helpers))


def _package_of(module: ModuleType, path: Path) -> Path | None:
    """The folder of the whole package that a module at `path` lies in; None where that is ours, or where the module is
    a file by itself. A namespace, which several packages share, is left to the others."""
    names = (module.__package__ or "").split(".")
    if names[0] in {"", *(package.partition(".")[0] for package, _ in _FOLDERS.values())}:
        return None
    folders = path.parents[: len(names)]
    return next((folder for folder in reversed(folders) if (folder / "__init__.py").is_file()), folders[0])


@cache
def _names_and_digests(package: Path) -> bytes:
    """Read once a process: what is imported stays as it was, and a package may have thousands of files."""
    files = sorted(package.rglob("*.py"))
    lines = (f"{path.relative_to(package).as_posix()} {_sha256(path.read_bytes())}\n" for path in files)
    return os.fsencode("".join(lines))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _line_of(error: BaseException, origin: str) -> str:
    line, trace = "", error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename.endswith(Path(origin).name):
            line = f", line {trace.tb_lineno}"
        trace = trace.tb_next
    return line


class Registry:
    """All plugins that the three doors offer, by kind and name. `files` are those of the third door."""

    def __init__(self, entries: Iterator[Entry], files: Sequence[Path] = ()) -> None:
        self.files = tuple(files)
        self._entries: dict[tuple[Kind, str], Entry] = {}
        for entry in entries:
            first = self._entries.setdefault((entry.kind, entry.name), entry)
            if first is not entry:
                raise PluginError(
                    f"the {entry.kind} '{entry.name}' is defined twice: in {first.origin} and in {entry.origin}",
                    todo="rename one of them",
                )

    def names(self, kind: Kind) -> tuple[str, ...]:
        return tuple(sorted(name for k, name in self._entries if k == kind))

    def entries(self, kind: Kind) -> tuple[Entry, ...]:
        return tuple(self._entries[kind, name] for name in self.names(kind))

    def entry(self, kind: Kind, name: str) -> Entry:
        try:
            return self._entries[kind, name]
        except KeyError:
            raise unknown(kind, name, self.names(kind)) from None

    def task(self, name: str) -> Task:
        """The rules of this name, with the digest of the code that they stand in."""
        from harness.task_rules import refuse_unsound
        from harness.types import Task

        entry = self.entry("task", name)
        make = entry.load()
        try:
            task = make()
        except HarnessError:
            raise
        except (Exception, SystemExit) as error:
            line = _line_of(error, entry.origin)
            raise PluginError(
                f"the task '{name}' ({entry.origin}{line}) cannot be made: {told(error)}", todo="mend the file"
            ) from error
        if not isinstance(task, Task):
            raise PluginError(
                f"the task '{name}' ({entry.origin}) returned {type(task).__name__}", todo="return a harness.Task"
            )
        refuse_unsound(task, f"the task '{name}' ({entry.origin})")
        return replace(task, source=_sha256(entry.source()))

    def tasks(self) -> tuple[tuple[Task, ...], Mapping[str, PluginError]]:
        """The tasks that can be read; by their names, what is wrong with the others."""
        read, broken = [], {}
        for name in self.names("task"):
            try:
                read.append(self.task(name))
            except PluginError as error:
                broken[name] = error
        return tuple(read), broken


def registry(plugins: Sequence[Path] = ()) -> Registry:
    """Collect what the three doors offer; `plugins` are the files of the third, each of which counts once. One
    that lies in a folder of the first is there already."""
    files: dict[str, Path] = {}
    for path in plugins:
        if not (path.is_file() and door_of(path.parent) and not path.name.startswith("_")):
            files.setdefault(os.path.realpath(path), path)

    def entries() -> Iterator[Entry]:
        for kind in KINDS:
            yield from _folder_entries(kind)
            yield from _entry_points(kind)
        for path in files.values():
            yield from _file_entries(path)

    return Registry(entries(), tuple(files.values()))


def registry_of(path: Path, plugins: Sequence[Path] = ()) -> tuple[Registry, tuple[Entry, ...]]:
    """The registry with the plugins of one file (and of others), and these alone. The file may lie in a folder of the
    first door."""
    door = door_of(path.parent)
    found = registry(plugins if door else [path, *plugins])
    origin = f"{door}/{path.name}" if door else str(path)
    entries = tuple(entry for kind in KINDS for entry in found.entries(kind) if entry.origin == origin)
    if not entries:
        raise PluginError(f"{path}: there is no plugin in it", todo="a plugin's file is there, and begins with no _")
    return found, entries


def door_of(folder: Path) -> str:
    """The name of a folder of the first door, "" for another folder."""
    return next((door.name for _, door in _FOLDERS.values() if folder.resolve() == door), "")


def _folder_entries(kind: Kind) -> Iterator[Entry]:
    package, folder = _FOLDERS[kind]
    for path in sorted(folder.glob("[!_.]*.py")):
        name = path.stem.replace("_", "-")
        found = [(k, n, s) for k, n, s in _tags(path) if k == kind]
        if [n for _, n, _ in found] != [name]:
            raise PluginError(
                f"{folder.name}/{path.name} must define one {kind} and name it '{name}', "
                f"but it defines {', '.join(n for _, n, _ in found) or 'none'}",
                todo="rename the plugin or the file; a helper's file name begins with _",
            )
        module = f"{package}.{path.stem}"
        yield Entry(kind, name, f"{folder.name}/{path.name}", found[0][2], partial(importlib.import_module, module))


def _entry_points(kind: Kind) -> Iterator[Entry]:
    from importlib.metadata import entry_points

    for point in entry_points(group=f"harness.{kind}s"):
        dist = point.dist.name if point.dist else "unknown"
        yield Entry(
            kind, point.name, f"{point.value} of the package {dist}", "", partial(importlib.import_module, point.module)
        )


def _file_entries(path: Path) -> Iterator[Entry]:
    if not path.is_file():
        raise PluginError(f"--plugin {path}: there is no such file", todo="give the path of a Python file")
    found = _tags(path)
    if not found:
        raise PluginError(f"--plugin {path}: no @system, @scorer or @task in it", todo="see `harness new system NAME`")
    for kind, name, summary in found:
        yield Entry(kind, name, str(path), summary, partial(_import_file, path))


def _import_file(path: Path) -> ModuleType:
    file = path.resolve()
    # Two files of one name are two modules: the types of a plugin's settings are looked up in its own.
    name = f"harness_plugin_{path.stem}_{_sha256(os.fsencode(file))[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _tags(path: Path) -> list[tuple[Kind, str, str]]:
    """(kind, name, first line of the docstring) of what a file tags, read as text. Raises PluginError where that
    cannot be read, where a tagged function is async, or where all its tags lack a name."""
    tree = _parsed(path)
    found: list[tuple[Kind, str, str]] = []
    unnamed: list[tuple[int, str]] = []
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for decorator in node.decorator_list:
            match decorator:
                case ast.Call(
                    func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(name)), *_]
                ) if called in KINDS:
                    if isinstance(node, ast.AsyncFunctionDef):
                        where = f"{path}, line {node.lineno}"
                        raise PluginError(f"{where}: the {called} '{name}' is async", todo="write it without async")
                    doc = ast.get_docstring(node) or ast.get_docstring(tree) or ""
                    found.append((called, name, doc.partition("\n")[0]))
                case (
                    ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called))
                    | ast.Name(id=called)
                    | ast.Attribute(attr=called)
                ) if called in KINDS:
                    unnamed.append((decorator.lineno, called))
    if unnamed and not found:
        line, called = unnamed[0]
        raise PluginError(
            f"{path}, line {line}: @{called} does not name its {called}",
            todo=f'write @{called}("NAME"), the name in quotes: it is read without running the file',
        )
    return found


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise PluginError(f"{path}{where}: this is not Python: {error}", todo="mend the file") from None
