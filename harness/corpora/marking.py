"""May what derives from a corpus be shown? Only where its folder says so: `corpus.toml` with `public = true`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import CorpusError
from harness.files import write_atomic

FILE_NAME = "corpus.toml"


@dataclass(frozen=True)
class Marking:
    """What a corpus is called (safe as a folder's name), whether it is restricted, and its licence. `scorers` are those
    that it brings something for, and that judge on it beside the task's."""

    name: str
    restricted: bool
    licence: str
    scorers: tuple[str, ...] = ()


class Marked:
    """What a corpus says of itself by its marking."""

    marking: Marking

    @property
    def name(self) -> str:
        return self.marking.name

    @property
    def restricted(self) -> bool:
        return self.marking.restricted

    @property
    def licence(self) -> str:
        return self.marking.licence

    @property
    def scorers(self) -> tuple[str, ...]:
        return self.marking.scorers


def read_marking(data: Path) -> Marking:
    """The marking of the corpus at `data`: restricted, unless its `corpus.toml` says otherwise and says it properly."""
    path = data / FILE_NAME
    values = _read_toml(path) if path.exists() else {}
    public = values.get("public", False)
    if not isinstance(public, bool):
        raise CorpusError(
            f"{path}: public is {json.dumps(public, default=str)}, which is neither true nor false",
            todo="write public = true or public = false, without quotes",
        )
    name, licence = _text(path, values, "name", public), _text(path, values, "licence", public)
    return Marking(_folder_name(name or data.resolve().name), not public, licence, _names(path, values, "scorers"))


def write_marking(data: Path, name: str, licence: str, scorers: Sequence[str] = (), **numbers: int) -> None:
    """Mark the corpus at `data` as public; `numbers` say how it was written."""
    lines = [f"name = {_quoted(name)}", "public = true", f"licence = {_quoted(licence)}"]
    if scorers:
        lines.append(f"scorers = [{', '.join(map(_quoted, scorers))}]")
    lines += [f"{key} = {value}" for key, value in numbers.items()]
    write_atomic(data / FILE_NAME, "".join(f"{line}\n" for line in lines).encode())


def _read_toml(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(f"{path}: line {line} is not UTF-8", todo="save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CorpusError(
            f"{path}: this is not TOML: {error}", todo='its lines look like name = "my-corpus" and public = true'
        ) from None


def _text(path: Path, values: dict[str, Any], key: str, obligatory: bool) -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        raise CorpusError(f"{path}: {key} is not a text", todo=f'put quotes around it: {key} = "..."')
    if obligatory and not value.strip():
        raise CorpusError(
            f"{path}: public = true, but there is no {key}",
            todo=f'add the line {key} = "...", or leave public out: the corpus is restricted then',
        )
    return value.strip()


def _names(path: Path, values: dict[str, Any], key: str) -> tuple[str, ...]:
    names = values.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CorpusError(f"{path}: {key} is not a list of names", todo=f'write {key} = ["..."]')
    return tuple(names)


def _folder_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:64] or "corpus"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
