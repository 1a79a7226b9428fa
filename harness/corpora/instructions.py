"""Instruction corpora: pairs about notes, to train a model on before the task itself.

    *.csv, *.csv.gz       the columns note, question, answer, and task where there is one: the layout in which Asclepius
                          (Kweon et al. 2023; 158,114 pairs about synthetic notes, CC BY-NC-SA 4.0) is published
    *.jsonl, *.jsonl.gz   a pair a line, with the keys note, instruction (or question), answer, and task and licence
                          where there are: what `harness data primer` writes

The licence is what each of the pairs says, else what `corpus.toml` beside them does, else the first line of a file
LICENSE or LICENCE there. Pairs are restricted unless that `corpus.toml` says `public = true`; where there is none,
unless the licence is one under which texts are published. Those of code are not: the file may be that of a checkout.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.corpora.csv_rows import BAD_GZIP, bad_gzip, no_utf8, read_rows
from harness.corpora.marking import FILE_NAME, Marking, read_marking
from harness.errors import CorpusError
from harness.files import digest_file
from harness.privacy import restrict

UNKNOWN = "licence not stated"
_OPEN = re.compile(r"cc0|cc[ -]by|creative commons|attribution\b|odc|odbl|pddl|open data|public domain")
_OPEN_LINK = re.compile(r"https?://(www\.)?(creativecommons|opendatacommons)\.org/(licenses|publicdomain)/\S+")
_BEFORE = re.compile(r"[\ufeff#\s]*((spdx-)?licen[cs]e(-identifier)?\s*:)?\s*")
_WORD = re.compile(
    r"cc0?|by|nc|nd|sa|creative|commons|attribution|noncommercial|noderiv(ative)?s|sharealike|zero|odc|odbl|pddl|open"
    r"|data(base)?|public|domain|dedication|mark|universal|international|generic|unported|legal|code|the|licen[cs]e"
    r"|v?\d+(\.\d+)*"
)


def is_open(licence: str) -> bool:
    """Whether texts are published under this licence, of Creative Commons or Open Data Commons, and under no other: one
    word more, and it may be closed."""
    name = _BEFORE.sub("", licence.lower(), count=1).strip(" .\r\n")
    if _OPEN_LINK.fullmatch(name):
        return True
    words = re.split(r"[\s()-]+", name)
    return bool(_OPEN.match(name)) and all(_WORD.fullmatch(word) for word in words if word)


@dataclass(frozen=True)
class Instruction:
    """What to do with a note, and the answer. `task` is the kind of instruction, empty where nobody says."""

    id: str
    task: str
    note: str
    instruction: str
    answer: str


@dataclass(frozen=True)
class InstructionCorpus:
    """The pairs of one file, read anew each time that they are iterated."""

    path: Path

    def __iter__(self) -> Iterator[Instruction]:
        """Raises CorpusError with the line at which something is missing."""
        for number, record in self._records():
            yield _pair(record, f"{self.path}, record {number}", number)

    @cached_property
    def digest(self) -> str:
        return digest_file(self.path)

    @property
    def is_empty(self) -> bool:
        return next(self._records(), None) is None

    @property
    def licence(self) -> str:
        return ", ".join(self._licences) or UNKNOWN

    @property
    def restricted(self) -> bool:
        if self._marking:
            return self._marking.restricted
        return not (self._licences and all(map(is_open, self._licences)))

    @property
    def sources(self) -> tuple[Path, ...]:
        """The file, and those beside it that say what its licence is, and whether it is restricted."""
        marking = (self.path.parent / FILE_NAME,) if self._marking else ()
        return (self.path, *marking, *(() if self._of_pairs else self._beside))

    @cached_property
    def _licences(self) -> tuple[str, ...]:
        if self._of_pairs:
            return self._of_pairs
        if self._marking and self._marking.licence:
            return (self._marking.licence,)
        lines = [line for one in self._beside for line in one.read_text("utf-8", "replace").split("\n") if line.strip()]
        return tuple(line.strip() for line in lines[:1])

    @cached_property
    def _of_pairs(self) -> tuple[str, ...]:
        """The licences that the pairs state, none where one of them states none."""
        found: dict[str, None] = {}
        for _, record in self._records():
            found[str(record.get("licence") or record.get("license") or "").strip()] = None
            if "" in found:
                return ()
        return tuple(found)

    @cached_property
    def _marking(self) -> Marking | None:
        return read_marking(self.path.parent) if (self.path.parent / FILE_NAME).exists() else None

    @cached_property
    def _beside(self) -> tuple[Path, ...]:
        """The file of a licence, if there is one."""
        return tuple(sorted(one for one in self.path.parent.glob("LICEN[SC]E*") if one.is_file())[:1])

    def __str__(self) -> str:
        return f"{self.path.name} ({self.licence}, sha-256 {self.digest[:12]})"

    def _records(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        return _of_csv(self.path) if ".csv" in self.path.suffixes else _of_jsonl(self.path)


def read_instructions(path: Path) -> InstructionCorpus:
    """Nothing leaves this process any more if they are restricted. Raises CorpusError if there is no such file, one of
    another kind, or one without pairs."""
    if not path.is_file():
        raise CorpusError(f"there is no instruction corpus {path}", todo="name a .csv or .jsonl file, .gz or not")
    if not {".csv", ".jsonl"} & set(path.suffixes):
        raise CorpusError(f"{path} is neither .csv nor .jsonl", todo="name a .csv or .jsonl file, .gz or not")
    corpus = InstructionCorpus(path)
    if corpus.is_empty:
        raise CorpusError(
            f"{path} holds no pairs", todo="each pair has note, instruction (or question), answer; give one or more"
        )
    if corpus.restricted:
        restrict()
    return corpus


def _of_csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = read_rows(path, lambda piece, position: None)
    _, header = next(rows, (1, []))
    for number, (_, cells) in enumerate(rows, 1):
        yield number, dict(zip(header, cells, strict=True))


def _of_jsonl(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in _lines(path):
        try:
            record = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise no_utf8(path, number, error.start + 1) from None
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise CorpusError(f"{path}, line {number}: this is no JSON object", todo="write a pair a line")
        yield number, record


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        try:
            for number, line in enumerate(file, 1):
                yield number, line
        except BAD_GZIP as error:
            raise bad_gzip(path, number + 1, error) from None


def _pair(record: Mapping[str, Any], where: str, number: int) -> Instruction:
    question = record.get("instruction") or record.get("question")
    found = {"note": record.get("note"), "instruction or question": question, "answer": record.get("answer")}
    for name, value in found.items():
        if not isinstance(value, str) or not value.strip():
            raise CorpusError(
                f"{where}: there is no {name}", todo="each pair has note, instruction (or question), answer"
            )
    note, instruction, answer = (str(value).strip() for value in found.values())
    return Instruction(str(record.get("id") or number), str(record.get("task") or ""), note, instruction, answer)
