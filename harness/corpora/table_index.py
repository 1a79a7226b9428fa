"""One split's six tables in one sqlite file, so that unsorted tables of any size yield stay by stay.

The file is built once, whole or not at all, and used for as long as the tables keep their size and time.
It mirrors the tables: their columns, all as text, and in `_line` the line of the file where the row starts.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from harness.corpora.csv_rows import read_rows
from harness.dates import FORM, moment
from harness.errors import CorpusError
from harness.files import PRIVATE_FILE, digest, locked, private_folder
from harness.progress import counter

SCHEMA = 2
LONG_BUILD = 32 << 20
"""Bytes of files that may take more than two seconds: from there on a bar is prepared."""

NOTE_DATES = ("storetime", "charttime")
"""Columns that say when a note was stored: the first that can be read."""

_IDS = ("subject_id", "hadm_id", "stay_id")
_FLOAT = re.compile(r"[0-9]{1,32}\.0*")
ID = re.compile(rf"(?!{_FLOAT.pattern}$)\S{{1,64}}")
_NAME = re.compile(r"\w{1,40}")


@dataclass(frozen=True)
class Table:
    """`key` is the id by which its rows are found, `columns` are obligatory, `strays` says that a row may have
    no hadm_id (in MIMIC-IV, a report or a visit outside of any hospital stay). `dates` decide what is withheld.
    `optional` columns may be missing. A column whose name only looks like one of these is refused."""

    name: str
    key: str
    columns: tuple[str, ...]
    strays: bool = False
    dates: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def tables(fields: tuple[str, ...]) -> tuple[Table, ...]:
    """The six tables of a task with these fields."""
    return (
        Table("discharge", "hadm_id", ("hadm_id", "subject_id", "text"), dates=NOTE_DATES),
        Table("discharge_target", "hadm_id", ("hadm_id", *fields)),
        Table(
            "radiology",
            "hadm_id",
            ("hadm_id", "subject_id", "note_seq", "charttime", "text"),
            strays=True,
            dates=("charttime",),
        ),
        Table("edstays", "hadm_id", ("hadm_id", "subject_id", "stay_id", "intime"), strays=True),
        Table("triage", "stay_id", ("stay_id", "subject_id")),
        Table("diagnosis", "stay_id", ("stay_id", "subject_id", "seq_num")),
    )


@dataclass(frozen=True)
class Index:
    """An index that exists. `digest` is over the tables' plain bytes, `warnings` are counted."""

    path: Path
    digest: str
    warnings: Mapping[str, int]

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            raise CorpusError(
                f"the index {self.path} is gone: the tables changed, or were purged, while they were read",
                todo="run the same command again",
            )
        with closing(_connect(self.path)) as db:
            yield db


def open_index(folder: Path, split: str, files: Mapping[str, Path], fields: tuple[str, ...]) -> Index:
    """The index of the split's `files` (by table) in `folder`, built if it is not there or not of these files. Tasks
    share it: that the targets have the `fields` of this one is looked up whoever built it."""
    six = tables(fields)
    index = _built(folder, split, files, six)
    with index.reading() as db:
        for table in six:
            if table.name in files:
                check_header(files[table.name], table, _columns(db, table.name))
    return index


def _built(folder: Path, split: str, files: Mapping[str, Path], six: tuple[Table, ...]) -> Index:
    states = [(name, path.name, path.stat().st_size, path.stat().st_mtime_ns) for name, path in sorted(files.items())]
    path = private_folder(folder) / f"{split}-{digest([SCHEMA, states])[:16]}.sqlite"
    if found := _read(path):
        return found
    with locked(folder / f"{split}.lock", f"the index of the {split} split", wait=True):
        if found := _read(path):  # made by another process while this one waited
            return found
        for old in folder.glob(f"{split}-{'[0-9a-f]' * 16}.sqlite*"):
            old.unlink()
        _build(path, split, files, six)
    found = _read(path)
    assert found is not None
    return found


def _read(path: Path) -> Index | None:
    """The index at `path`; None if there is none, or a damaged one."""
    if not path.exists():
        return None
    try:
        with closing(_connect(path)) as db:
            meta = dict(db.execute("SELECT key, value FROM meta"))
    except sqlite3.DatabaseError:
        return None
    return Index(path, meta["digest"], json.loads(meta["warnings"]))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


# --------------------------------------------------------------------------- building


def _build(path: Path, split: str, files: Mapping[str, Path], six: tuple[Table, ...]) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        with closing(sqlite3.connect(temporary, isolation_level=None)) as db:
            _fill(db, split, files, six)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except sqlite3.OperationalError as error:
        raise CorpusError(
            f"the index {path} cannot be written: {error}",
            todo="free some disk space, or let HARNESS_WORKSPACE name a folder on another disk",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _fill(db: sqlite3.Connection, split: str, files: Mapping[str, Path], six: tuple[Table, ...]) -> None:
    # No journal: a torn file is thrown away. Sorting stays in memory: a temporary file would lie outside the root.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("BEGIN")
    with _progress(split, files) as moved:
        digests = {t.name: _load(db, t, files[t.name], moved) for t in six if t.name in files}
    for table in six:
        if table.name not in files:
            _create(db, table.name, table.columns)
        db.execute(f"CREATE INDEX {table.name}_ids ON {table.name} ({', '.join(_ids(table))})")
    db.execute("CREATE INDEX edstays_stays ON edstays (stay_id, subject_id)")
    _check(db, files)
    db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    meta = {"digest": digest(digests), "warnings": json.dumps(_warnings(db, files) | _unread_dates(db, files, six))}
    db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    db.execute("COMMIT")


def _ids(table: Table) -> tuple[str, ...]:
    return (table.key, "subject_id") if "subject_id" in table.columns else (table.key,)


@contextmanager
def _progress(split: str, files: Mapping[str, Path]) -> Iterator[Callable[[int], None]]:
    """What moves the bar to so many bytes of a file; no bar where the work is short."""
    total = sum(path.stat().st_size for path in files.values())
    if total < LONG_BUILD:
        yield lambda position: None
        return
    bar = counter(f"indexing {split}", total >> 20, "MB")
    done = last = 0

    def moved(position: int) -> None:
        nonlocal done, last
        done += position - last if position >= last else position
        last = position
        bar.update((done >> 20) - bar.n)

    try:
        yield moved
    finally:
        bar.close()


def _load(db: sqlite3.Connection, table: Table, path: Path, moved: Callable[[int], None]) -> str:
    """Copy a file into its table; return the digest of its plain bytes."""
    content = hashlib.sha256()

    def watch(piece: bytes, position: int) -> None:
        content.update(piece)
        moved(position)

    rows = read_rows(path, watch)
    _, columns = next(rows, (1, []))
    check_header(path, table, columns)
    _check_fit(path, columns, db.getlimit(sqlite3.SQLITE_LIMIT_COLUMN) - 1)
    _create(db, table.name, columns)
    marks = ", ".join("?" * (len(columns) + 1))
    db.executemany(f"INSERT INTO {table.name} VALUES ({marks})", _checked(path, table, columns, rows))
    return content.hexdigest()


def _create(db: sqlite3.Connection, name: str, columns: list[str] | tuple[str, ...]) -> None:
    quoted = ", ".join('"{}" TEXT'.format(c.replace('"', '""')) for c in columns)
    db.execute(f"CREATE TABLE {name} (_line INTEGER PRIMARY KEY, {quoted})")


def _columns(db: sqlite3.Connection, name: str) -> list[str]:
    """Those of the file that the table was made from."""
    return [column for _, column, *_ in db.execute(f"PRAGMA table_info({name})") if column != "_line"]


def check_header(path: Path, table: Table, columns: list[str]) -> None:
    missing = [c for c in table.columns if c not in columns]
    known = {c.strip().lower(): c for c in columns}
    absent = [c for c in dict.fromkeys((*table.columns, *table.dates, *table.optional)) if c not in columns]
    meant = [f"{known[c]!r} where {c} is expected" for c in absent if c in known]
    if meant:
        raise CorpusError(
            f"{path}: line 1: there is {', '.join(meant)}",
            todo="rename the columns: their names are written in small letters, without blanks around them",
        )
    if len(missing) == len(table.columns):  # these may be a patient's data: show none of them
        raise CorpusError(
            f"{path}: line 1: this is no header of the table {table.name}",
            todo=f"the first line names the columns, at least {', '.join(table.columns)}",
        )
    names = [c for c in columns if _NAME.fullmatch(c)]
    if missing:
        near = get_close_matches(missing[0], names, n=1)
        hint = f"is it '{near[0]}'? Rename it" if near else "add it"
        raise CorpusError(
            f"{path}: line 1: there is no column '{missing[0]}'", todo=f"{hint}; the columns are: {', '.join(names)}"
        )
    lower = [c.lower() for c in columns]
    twice = next((at for at, c in enumerate(lower) if c in lower[:at]), None)
    if twice is not None:
        raise CorpusError(
            f"{path}: line 1: column {twice + 1} has the name of column {lower.index(lower[twice]) + 1}",
            todo="rename one of them (capitals make no difference)",
        )


def _check_fit(path: Path, columns: list[str], room: int) -> None:
    """Refuse columns that the index cannot have, beside its own."""
    if len(columns) > room:
        raise CorpusError(
            f"{path}: line 1: there are {len(columns):,} columns, and the index has room for {room:,}",
            todo="leave out columns that no task asks for",
        )
    for at, column in enumerate(columns, 1):
        if "\0" in column:
            raise CorpusError(
                f"{path}: line 1: the name of column {at} holds a NUL character", todo="write the name without it"
            )
        if column.lower() == "_line":
            raise CorpusError(
                f"{path}: line 1: column {at} is named {column}, as a column of the index is", todo="rename it"
            )


def _checked(
    path: Path, table: Table, columns: list[str], rows: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int | str, ...]]:
    places = [(columns.index(c), c, table.strays and c == "hadm_id") for c in _IDS if c in table.columns]
    for line, cells in rows:
        for at, column, may_be_empty in places:
            if not (ID.fullmatch(cells[at]) or (may_be_empty and not cells[at])):
                raise bad_id(path, line, column, cells[at])
        yield (line, *cells)


def bad_id(path: Path, line: int, column: str, value: str) -> CorpusError:
    where = f"{path}: line {line}, column {column}"
    if not value:
        return CorpusError(f"{where}: the id is empty", todo="give the row its id, or leave the row out")
    if _FLOAT.fullmatch(value):
        return CorpusError(
            f"{where}: '{value}' is an id that was turned into a decimal number",
            todo=f"write it as {value.partition('.')[0]}; with pandas, read the source with dtype=str",
        )
    return CorpusError(
        f"{where}: this is no id (it has a space, or more than 64 characters)",
        todo="see whether the row's cells have slipped into other columns",
    )


# --------------------------------------------------------------------------- checking


def _check(db: sqlite3.Connection, files: Mapping[str, Path]) -> None:
    for name, column in (("discharge", "hadm_id"), ("discharge_target", "hadm_id"), ("edstays", "stay_id")):
        _check_unique(db, files.get(name), name, column)
    _check_targets(db, files)
    for name in ("radiology", "edstays"):
        _check_subjects(db, files, name, "discharge", "hadm_id")
    for name in ("triage", "diagnosis"):
        _check_subjects(db, files, name, "edstays", "stay_id")


def _check_unique(db: sqlite3.Connection, path: Path | None, name: str, column: str) -> None:
    twice = db.execute(
        f"SELECT {column}, MIN(_line), MAX(_line) FROM {name} GROUP BY {column} HAVING COUNT(*) > 1 ORDER BY 2 LIMIT 1"
    ).fetchone()
    if twice:
        raise CorpusError(
            f"{path}: lines {twice[1]} and {twice[2]} have the same {column} {twice[0]}",
            todo="keep one of the rows",
        )


def _check_targets(db: sqlite3.Connection, files: Mapping[str, Path]) -> None:
    orphan = db.execute(
        "SELECT _line, hadm_id FROM discharge_target WHERE hadm_id NOT IN (SELECT hadm_id FROM discharge) "
        "ORDER BY _line LIMIT 1"
    ).fetchone()
    if orphan:
        raise CorpusError(
            f"{files['discharge_target']}: line {orphan[0]}: the hadm_id {orphan[1]} has no note in "
            f"{files['discharge'].name}",
            todo="add the note, or leave the target out",
        )


def _check_subjects(db: sqlite3.Connection, files: Mapping[str, Path], name: str, other: str, key: str) -> None:
    unlike = db.execute(
        f"SELECT a.{key}, a._line, a.subject_id, b._line, b.subject_id FROM {name} a JOIN {other} b "
        f"ON a.{key} = b.{key} WHERE a.subject_id <> b.subject_id ORDER BY a._line LIMIT 1"
    ).fetchone()
    if unlike:
        value, line, subject, other_line, other_subject = unlike
        raise CorpusError(
            f"{files[name]}: line {line}, column subject_id: the {key} {value} belongs to the subject {subject}, "
            f"but in {files[other].name}, line {other_line}, to {other_subject}",
            todo="correct the one that is wrong",
        )


def _warnings(db: sqlite3.Connection, files: Mapping[str, Path]) -> dict[str, int]:
    in_split = "hadm_id IN (SELECT hadm_id FROM discharge)"
    in_stay = f"stay_id IN (SELECT stay_id FROM edstays WHERE {in_split})"
    counts = {
        f"{name} rows of no stay": f"{name} WHERE NOT {rule}"
        for name, rule in (("radiology", in_split), ("edstays", in_split), ("triage", in_stay), ("diagnosis", in_stay))
    }
    if "radiology" in files:
        counts["stays without radiology"] = "discharge WHERE hadm_id NOT IN (SELECT hadm_id FROM radiology)"
    if "discharge_target" in files:
        counts["notes without targets"] = "discharge WHERE hadm_id NOT IN (SELECT hadm_id FROM discharge_target)"
    found = {what: int(db.execute(f"SELECT COUNT(*) FROM {rows}").fetchone()[0]) for what, rows in counts.items()}
    return {what: count for what, count in found.items() if count}


def _unread_dates(db: sqlite3.Connection, files: Mapping[str, Path], six: tuple[Table, ...]) -> dict[str, int]:
    """The dates of columns in which none can be read: rows that they date are withheld. None is shown: it may be a
    patient's."""
    db.create_function("is_date", 1, lambda cell: moment(cell) is not None)
    found = {}
    for name, column in ((table.name, column) for table in six if table.name in files for column in table.dates):
        if column not in _columns(db, name):
            continue
        count, line = db.execute(
            f"SELECT COUNT(*), MIN(_line) FROM {name} WHERE TRIM({column}) <> '' "
            f"AND NOT EXISTS (SELECT 1 FROM {name} WHERE is_date({column}))"
        ).fetchone()
        what = f"dates that cannot be read: all of {files[name].name}, column {column}, from line {line} on"
        found[f"{what}; write them as {FORM}"] = int(count)
    return {what: count for what, count in found.items() if count}
