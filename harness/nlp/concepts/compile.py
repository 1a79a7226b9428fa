"""Compile the open vocabulary: read the sources, drop what would match by accident, merge what is one concept.

The table has a line a concept: its id, its semantic group, the ids that were merged into it (blanks between), its names
(bars between), separated by tabs. Names are in plain characters. The same wheels give the same bytes.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from harness.nlp.concepts.ngrams import WINDOW
from harness.nlp.concepts.sources import GROUPS, SOURCES, Entry
from harness.nlp.concepts.words import everyday_words, plain, tokens

TABLE = "concepts.tsv"
CONTENTS = "CONTENTS.txt"

_SHORTEST = 4
_SHORTEST_DISORDER = 3
_LONGEST = 60
_QUALIFIER = re.compile(r" \((?:disease|disorder|finding|morphologic abnormality|qualifier value)\)$")
_WORDS_ONLY = re.compile(r"[a-z][a-z0-9 .'/-]*")


def compile_vocabulary(wheels: Mapping[str, Path], folder: Path) -> None:
    """Write the table, and what it covers under which licences, into `folder`; `wheels` by name of the package."""
    kept: list[Entry] = []
    for source in SOURCES:
        with zipfile.ZipFile(wheels[source.package]) as wheel:
            kept += _cleaned(source.read(wheel))
    concepts = list(_merged(kept))
    lines = ("\t".join((first.id, first.group, " ".join(ids), "|".join(names))) for first, ids, names in concepts)
    _write(folder / TABLE, lines)
    _write(folder / CONTENTS, (*_coverage(concepts), *(f"{s.title}: {s.licence} ({s.package})" for s in SOURCES)))


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


# --------------------------------------------------------------------------- names


def _cleaned(entries: Iterable[Entry]) -> Iterator[Entry]:
    everyday = everyday_words()
    for entry in entries:
        names = dict.fromkeys(map(normal, entry.names))
        kept = tuple(name for at, name in enumerate(names) if _is_useful(name, entry.group, at == 0, everyday))
        if kept:
            yield Entry(entry.id, entry.group, kept)


def normal(name: str) -> str:
    """A name as the table has it: plain characters, as what is looked up, single blanks, no qualifier behind."""
    return _QUALIFIER.sub("", " ".join(plain(name).split()))


def _is_useful(name: str, group: str, preferred: bool, everyday: Collection[str]) -> bool:
    """Whether a name can be found in a text, and says what it means when it is."""
    shortest = _SHORTEST_DISORDER if group == "disorders" or (group == "anatomy" and preferred) else _SHORTEST
    return (
        shortest <= len(name) <= _LONGEST
        and name not in everyday
        and (group == "disorders" or _WORDS_ONLY.fullmatch(name) is not None)
        and any(char.isalpha() for char in name)
        and "|" not in name
        and len(tokens(name).texts) <= WINDOW
    )


# --------------------------------------------------------------------------- concepts


def _merged(entries: list[Entry]) -> Iterator[tuple[Entry, list[str], list[str]]]:
    """One concept for what two sources of the same group share a name for: its first entry, the ids of the others, its
    names. Two concepts of one source stay apart: their maker did not hold them for the same."""
    groups: list[list[int]] = [[at] for at in range(len(entries))]
    home = list(range(len(entries)))
    first: dict[tuple[str, str], int] = {}
    for at, entry in enumerate(entries):
        for name in entry.names:
            other = home[first.setdefault((entry.group, name), at)]
            own = home[at]
            if other != own and not _sources(entries, groups[other]) & _sources(entries, groups[own]):
                groups[other] += groups[own]
                for member in groups[own]:
                    home[member] = other
                groups[own] = []
    for members in filter(None, groups):
        names = dict.fromkeys(name for at in members for name in entries[at].names)
        yield entries[members[0]], [entries[at].id for at in members[1:]], list(names)


def _sources(entries: list[Entry], members: Iterable[int]) -> set[str]:
    return {entries[at].id.partition(":")[0] for at in members}


def _coverage(concepts: Iterable[tuple[Entry, list[str], list[str]]]) -> Iterator[str]:
    """Concepts and different names, a line a semantic group and one for all."""
    count: Counter[str] = Counter()
    names: dict[str, set[str]] = {group: set() for group in GROUPS}
    for first, _, own in concepts:
        count[first.group] += 1
        names[first.group].update(own)
    for group in GROUPS:
        yield _line(group, count[group], len(names[group]))
    yield _line("all", count.total(), len(set().union(*names.values())))


def _line(group: str, concepts: int, names: int) -> str:
    return f"{group:10} {concepts:7,} concepts {names:7,} names"
