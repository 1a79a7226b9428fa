"""The report as a folder: pages, their scripts, and data as scripts, because a page opened from a file may read nothing
else. A folder is written beside its place and moved there whole; a folder that is not ours is never touched.

A private build lies in a folder of mode 0700 that git ignores; its mark says of which data it holds texts, so that
`harness purge` finds it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.files import canonical_json, private_folder, read_object, whole_or_not, write_atomic

MARK = "report.json"
_SHARED = ("report.css", "base.js", "pictures.js", "board.js")
_OF_CASES = ("cases.css", "marks.js", "finder.js", "cases.js")
_PAGES = ("index.html.jinja", "cases.html.jinja")


@contextmanager
def building(out: Path, data: Sequence[Path], *, private: bool) -> Iterator[Path]:
    """A new folder to write into, which takes the place of `out` at the end. `data` are the corpora whose texts will be
    in it. Raises UsageError where something else lies at `out`."""
    _refuse_other(out, private=private)
    mark = {"report": 1, "private": private, "data": sorted({str(one.resolve()) for one in data})}
    try:
        with whole_or_not(out, f"the report {out}") as new:
            if private:
                private_folder(new)
                write_atomic(new / ".gitignore", b"*\n")
            write(new / MARK, canonical_json(mark))
            yield new
            if not private:
                _open_to_all(new)
            if out.exists():
                shutil.rmtree(out.resolve())
    except OSError as error:
        raise UsageError(f"--out {out} cannot be written: {error.strerror}", todo="name another folder") from None


def _open_to_all(folder: Path) -> None:
    """What is to be published is readable, though a restricted corpus was read for it."""
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)


def read_mark(folder: Path) -> Mapping[str, Any] | None:
    """The mark of a report's folder, None where it is none."""
    mark = read_object(folder / MARK)
    return mark if mark.keys() >= {"report", "private", "data"} else None


def _refuse_other(out: Path, *, private: bool) -> None:
    if not out.exists():
        return
    mark = read_mark(out) if out.is_dir() else None
    if mark is None and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"{out} is there and holds no report", todo="name a new folder: --out FOLDER")
    if mark is not None and mark["private"] and not private:
        raise UsageError(
            f"{out} holds a private report, with texts",
            todo="name another folder for the public one, so that nobody mistakes them",
        )


def write_page(folder: Path, template: str, values: Mapping[str, Any]) -> None:
    from jinja2 import Environment

    text = (_static() / template).read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
    write(folder / template.removesuffix(".jinja"), page.render(values))


def pages(*, private: bool) -> tuple[str, ...]:
    return _PAGES if private else _PAGES[:1]


def write_scripts(folder: Path, *, private: bool) -> None:
    """The hand-written part of the page."""
    for name in (*_SHARED, *(_OF_CASES if private else ())):
        write(folder / name, (_static() / name).read_text(encoding="utf-8"))


def write_data(path: Path, call: str, *values: Any) -> int:
    """A script that calls a function of the page with these values; returns its size in bytes."""
    return write(path, f"{call}({','.join(map(canonical_json, values))});\n")


def write(path: Path, text: str) -> int:
    data = text.encode()
    path.write_bytes(data)
    return len(data)


def _static() -> Any:
    return files("harness.report") / "static"
