"""The tables corpus: what is read, what is refused and in which words, and what a large split costs."""

from __future__ import annotations

import csv
import gzip
import io
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.corpora import table_index
from harness.corpora.csv_rows import read_rows
from harness.corpora.marking import Marking, read_marking, write_marking
from harness.corpora.tables import TablesCorpus, in_order, open_tables
from harness.errors import CorpusError
from harness.tasks.discharge_me import discharge_me
from harness.types import RawStay
from tests.conftest import SHARED, needs_shared

ROOT = Path(__file__).parents[1]
Cells = Sequence[Sequence[str]]

DISCHARGE = [["hadm_id", "subject_id", "storetime", "text"], ["20", "1", "t20", "note A"], ["3", "2", "t3", "note B"]]
TARGET = [
    ["hadm_id", "brief_hospital_course", "discharge_instructions"],
    ["20", "course A", "NA"],
    ["3", "", "None"],
]
RADIOLOGY = [
    ["subject_id", "hadm_id", "note_seq", "charttime", "text"],
    ["1", "20", "10", "2150-01-02 00:00:00", "third"],
    ["2", "3", "1", "2150-01-01 00:00:00", "other stay"],
    ["1", "20", "9", "2150-01-02 00:00:00", "second"],
    ["1", "20", "11", "2150-01-01 00:00:00", "first"],
]
EDSTAYS = [
    ["subject_id", "hadm_id", "stay_id", "intime"],
    ["1", "20", "301", "2150-01-02 00:00:00"],
    ["1", "20", "302", "2150-01-01 00:00:00"],
    ["2", "3", "303", "2150-01-01 00:00:00"],
]
TRIAGE = [["subject_id", "stay_id", "pain"], ["1", "301", "NA"], ["1", "302", ""], ["2", "303", "3"]]
DIAGNOSIS = [
    ["subject_id", "stay_id", "seq_num", "icd_code"],
    ["1", "301", "10", "d"],
    ["1", "302", "2", "b"],
    ["1", "301", "9", "c"],
    ["1", "302", "1", "a"],
]
SIX = {
    "discharge": DISCHARGE,
    "discharge_target": TARGET,
    "radiology": RADIOLOGY,
    "edstays": EDSTAYS,
    "triage": TRIAGE,
    "diagnosis": DIAGNOSIS,
}


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "ward"


def csv_bytes(cells: Cells) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(cells)
    return text.getvalue().encode()


def write(data: Path, tables: Mapping[str, Cells | bytes], split: str = "train", suffix: str = ".csv") -> Path:
    folder = data / split
    folder.mkdir(parents=True, exist_ok=True)
    for name, cells in tables.items():
        content = cells if isinstance(cells, bytes) else csv_bytes(cells)
        (folder / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix == ".csv.gz" else content)
    return data


def corpus(data: Path) -> TablesCorpus:
    return open_tables(data, discharge_me())


def stays(data: Path) -> list[RawStay]:
    return list(corpus(data).stays("train"))


def refusal(ask: Callable[[], object]) -> str:
    with pytest.raises(CorpusError) as caught:
        ask()
    assert caught.value.todo
    return str(caught.value)


def refused(data: Path, **tables: Cells | bytes) -> str:
    """What is said about a split whose tables are SIX with these in place of some."""
    write(data, {**SIX, **tables})
    return refusal(lambda: stays(data))


def replaced(cells: Cells, row: int, column: str, value: str) -> list[list[str]]:
    changed = [list(r) for r in cells]
    changed[row][cells[0].index(column)] = value
    return changed


# --------------------------------------------------------------------------- what is read


def test_a_stay_is_joined_from_six_tables_in_their_order(data: Path) -> None:
    b, a = stays(write(data, SIX))
    assert (a.id, a.group, a.document, a.time) == ("20", "1", "note A", "t20")
    assert b.id == "3"  # before 20: ids are numbers
    assert [r["text"] for r in a.tables["radiology"]] == ["first", "second", "third"]
    assert [r["stay_id"] for r in a.tables["edstays"]] == ["302", "301"]
    assert [r["stay_id"] for r in a.tables["triage"]] == ["302", "301"]
    assert [r["icd_code"] for r in a.tables["diagnosis"]] == ["a", "b", "c", "d"]
    assert a.tables["diagnosis"][0] == {"subject_id": "1", "stay_id": "302", "seq_num": "1", "icd_code": "a"}


def test_words_that_look_like_missing_values_survive(data: Path) -> None:
    b, a = stays(write(data, SIX))
    assert a.targets == {"brief_hospital_course": "course A", "discharge_instructions": "NA"}
    assert b.targets == {"brief_hospital_course": "", "discharge_instructions": "None"}
    assert [r["pain"] for r in a.tables["triage"]] == ["", "NA"]


def test_columns_in_any_order_with_bom_crlf_and_breaks_in_quotes(data: Path) -> None:
    discharge = b'\xef\xbb\xbftext,hadm_id,note_id,subject_id\r\n"line 1\r\nline ""2"", end",20,n,1\r\n\r\nB,3,n,2\r\n'
    b, a = stays(write(data, {"discharge": discharge}))
    assert a.document == 'line 1\r\nline "2", end'
    assert (b.document, b.time, b.targets) == ("B", "", None)
    assert b.tables == {"radiology": (), "edstays": (), "triage": (), "diagnosis": ()}


def test_charttime_stands_in_where_storetime_is_empty(data: Path) -> None:
    cells = [["hadm_id", "subject_id", "charttime", "storetime", "text"], ["1", "1", "c", "", "x"]]
    assert stays(write(data, {"discharge": cells}))[0].time == "c"


@pytest.mark.parametrize(
    ("charted", "stored", "time"),
    [
        ("2150-01-02 00:00:00", "NULL", "2150-01-02 00:00:00"),
        ("2150-01-02 00:00:00", "29.09.2150 10:00", "2150-01-02 00:00:00"),
        ("2150-01-02 00:00:00", "2150-01-03 10:00:00", "2150-01-03 10:00:00"),
        ("NULL", "2150-01-03 10:00:00", "2150-01-03 10:00:00"),
        ("02.01.2150", "NULL", "NULL"),
    ],
)
def test_a_note_was_stored_at_the_first_of_its_dates_that_can_be_read(
    data: Path, charted: str, stored: str, time: str
) -> None:
    cells = [["hadm_id", "subject_id", "charttime", "storetime", "text"], ["1", "1", charted, stored, "x"]]
    assert stays(write(data, {"discharge": cells}))[0].time == time


@pytest.mark.parametrize(
    ("charted", "stored", "time"),
    [
        ("2150-01-02 10:00:00", "2150-01-04 10:00:00", "2150-01-02 10:00:00"),
        ("2150-01-02 10:00:00", "NULL", "2150-01-02 10:00:00"),
        ("02.01.2150 10:00", "2150-01-04 10:00:00", "2150-01-04 10:00:00"),
        ("", "2150-01-04 10:00:00", "2150-01-04 10:00:00"),
        ("02.01.2150 10:00", "04.01.2150 10:00", "02.01.2150 10:00"),
    ],
)
def test_a_report_is_of_its_charttime_and_of_its_storetime_where_that_cannot_be_read(
    data: Path, charted: str, stored: str, time: str
) -> None:
    header = ["subject_id", "hadm_id", "note_seq", "charttime", "storetime", "text"]
    write(data, {**SIX, "radiology": [header, ["1", "20", "1", charted, stored, "x"]]})
    assert [report["charttime"] for report in stays(data)[1].tables["radiology"]] == [time]


def test_a_column_without_any_date_that_can_be_read_is_told_without_a_date(data: Path) -> None:
    discharge = [["hadm_id", "subject_id", "charttime", "storetime", "text"], ["20", "1", "2150-01-03", "NULL", "x"]]
    dates = ("charttime", "", "02.01.2150 10:00", "2.1.2150", " ")
    reports = [[*row[:3], date, row[4]] for row, date in zip(RADIOLOGY, dates, strict=True)]
    write(data, {"discharge": discharge, "radiology": reports}, suffix=".csv.gz")
    warnings = corpus(data).warnings("train")
    told = {what: count for what, count in warnings.items() if "dates" in what}
    assert told == {
        "dates that cannot be read: all of discharge.csv.gz, column storetime, from line 2 on; "
        "write them as 2131-09-29 10:00:00": 1,
        "dates that cannot be read: all of radiology.csv.gz, column charttime, from line 3 on; "
        "write them as 2131-09-29 10:00:00": 2,
    }
    write(data, {"radiology": replaced(reports, 4, "charttime", "2150-01-02 00:00:00")}, suffix=".csv.gz")
    assert not any("charttime" in what for what in corpus(data).warnings("train"))


def test_some_stays_come_in_the_order_of_ids(data: Path) -> None:
    ward = corpus(write(data, SIX))
    assert ward.ids("train") == ("3", "20")
    assert dict(ward.groups("train")) == {"3": "2", "20": "1"}
    assert [s.id for s in ward.stays("train", ["20", "3"])] == ["3", "20"]
    assert [s.id for s in ward.stays("train", {"20"})] == ["20"]
    assert list(ward.stays("train", [])) == []
    message = refusal(lambda: list(ward.stays("train", ["20", "7", "8"])))
    assert "no note has the hadm_id 7 (nor 1 others that were asked for)" in message


@given(st.lists(st.integers(0, 10**20).map(str), unique=True))
def test_numbers_are_ordered_by_value(ids: list[str]) -> None:
    assert in_order(ids) == [str(n) for n in sorted(map(int, ids))]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), min_size=1, max_size=6))
def test_any_text_is_read_as_written_and_the_line_is_the_files(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "any.csv"
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b"], *([t, "x"] for t in texts)])
    path.write_bytes(file.getvalue().encode())
    rows = list(read_rows(path, lambda piece, position: None))
    assert [cells for _, cells in rows] == [["a", "b"], *([t, "x"] for t in texts)]
    lines = path.read_bytes().split(b"\n")
    assert all(lines[line - 1].startswith(b'"') for line, _ in rows)
    assert [line for line, _ in rows] == [
        1,
        *(2 + i + sum(t.count("\n") for t in texts[:i]) for i in range(len(texts))),
    ]


def test_digest_is_of_the_content_not_of_its_packing(tmp_path: Path) -> None:
    plain, packed = write(tmp_path / "a", SIX), write(tmp_path / "b", SIX, suffix=".csv.gz")
    changed = write(tmp_path / "c", {**SIX, "triage": TRIAGE[:-1]})
    assert corpus(plain).digest("train") == corpus(packed).digest("train") != corpus(changed).digest("train")
    assert [s.id for s in stays(packed)] == ["3", "20"]


def test_oddities_that_are_allowed_are_counted(data: Path) -> None:
    dated = replaced(DISCHARGE, 1, "storetime", "2150-01-03 00:00:00")
    tables = {
        "discharge": [*dated, ["5", "9", "t", "note C"]],
        "discharge_target": TARGET[:2],
        "radiology": [*RADIOLOGY, ["1", "99", "1", "t", "x"], ["1", "", "1", "t", "x"]],
        "edstays": [*EDSTAYS, ["7", "99", "400", "t"]],
        "triage": [*TRIAGE, ["7", "400", "x"], ["7", "401", "x"]],
        "diagnosis": DIAGNOSIS,
    }
    ward = corpus(write(data, tables))
    assert ward.warnings("train") == {
        "radiology rows of no stay": 2,
        "edstays rows of no stay": 1,
        "triage rows of no stay": 2,
        "stays without radiology": 1,
        "notes without targets": 2,
    }
    assert [s.targets is None for s in ward.stays("train")] == [True, True, False]
    assert corpus(write(data, {**SIX, "discharge": dated}, "valid")).warnings("valid") == {}


@needs_shared
@pytest.mark.parametrize(
    ("name", "counts"),
    [("discharge-real", (28, 9, 18)), ("tables-simulated", (200, 38, 40))],
)
def test_the_shared_corpora(name: str, counts: tuple[int, ...]) -> None:
    ward = corpus(SHARED / "data" / name)
    assert (ward.name, ward.restricted) == (name, False)
    assert ward.splits() == ("train", "valid", "test_phase_1")
    for split, count in zip(ward.splits(), counts, strict=True):
        with gzip.open(SHARED / "data" / name / split / "discharge.csv.gz", "rt", newline="") as file:
            texts = {row["hadm_id"]: row["text"] for row in csv.DictReader(file)}
        found = list(ward.stays(split))
        assert len(found) == count == len(texts)
        assert {s.id: s.document for s in found} == texts
        assert all(s.targets and s.targets["brief_hospital_course"] for s in found)
        missing = {"of the six tables missing: radiology, edstays, triage, diagnosis": 4}
        assert ward.warnings(split) == (missing if name == "discharge-real" else {})
        if name == "tables-simulated":
            assert all(s.tables[t] for s in found for t in ("radiology", "edstays", "triage"))
            assert "icd_title" in next(s.tables["diagnosis"][0] for s in found if s.tables["diagnosis"])


# --------------------------------------------------------------------------- what is refused


def test_folders_that_are_no_corpus(data: Path) -> None:
    assert "ward: there is no such folder" in refusal(lambda: corpus(data))
    write(data, SIX, "trian")
    message = refusal(lambda: corpus(data))
    assert "no split in it; there is trian" in message
    assert "folders named train, valid, test_phase_1, test_phase_2" in message
    write(data, SIX, "valid")
    message = refusal(lambda: corpus(data).ids("train"))
    assert "there is no split 'train'; there is trian, valid" in message
    assert "choose one of valid" in message
    assert "did you mean valid?" in refusal(lambda: corpus(data).ids("vaild"))
    assert "name the folder above it" in refusal(lambda: corpus(data / "valid"))


def test_a_split_needs_one_file_of_notes(data: Path) -> None:
    write(data, {"radiology": RADIOLOGY})
    message = refusal(lambda: stays(data))
    assert "train: there is no discharge.csv and no discharge.csv.gz" in message
    write(data, {"discharge": DISCHARGE})
    write(data, {"discharge": DISCHARGE}, suffix=".csv.gz")
    assert "train: there is discharge.csv and discharge.csv.gz" in refusal(lambda: stays(data))


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("discharge", "Discharge.csv.gz"),
        ("discharge_target", "discharge_targets.csv.gz"),
        ("radiology", "Radiology.csv.gz"),
        ("radiology", "radiology.CSV"),
        ("edstays", "ed-stays.csv"),
        ("triage", "triages.csv"),
        ("diagnosis", "diagnoses.csv.gz"),
    ],
)
def test_a_table_whose_name_is_slightly_off_is_refused(data: Path, table: str, name: str) -> None:
    write(data, {other: cells for other, cells in SIX.items() if other != table})
    right = table + name.lower()[name.index(".") :]
    wrong = data / "train" / name
    content = csv_bytes(SIX[table])
    wrong.write_bytes(gzip.compress(content) if right.endswith(".gz") else content)
    assert refusal(lambda: stays(data)) == (
        f"{data / 'train'}: there is '{name}' where {right} is expected\n"
        "  -> rename what is one of the six tables, and move out of this folder what is not"
    )
    wrong.rename(data / "train" / right)
    assert [stay.id for stay in stays(data)] == ["3", "20"]
    (data / "train" / "diagnoses_.csv").touch()  # where the right one is there too
    assert not [what for what in corpus(data).warnings("train") if "missing" in what]


def test_all_tables_whose_names_are_slightly_off_are_told_at_once(data: Path) -> None:
    write(data, {"discharge": DISCHARGE, "Triage": TRIAGE, "diagnoses": DIAGNOSIS})
    assert "there is 'Triage.csv' where triage.csv is expected, 'diagnoses.csv' where diagnosis.csv is expected\n" in (
        refusal(lambda: corpus(data).has_targets("train"))
    )


def test_other_files_stay_unread_and_tables_that_are_not_there_are_told(data: Path) -> None:
    write(data, {"discharge": replaced(DISCHARGE, 1, "storetime", "2150-01-03 00:00:00"), "edstays": EDSTAYS})
    mimic = ("diagnoses_icd", "discharge_detail", "radiology_detail", "icustays", "services", "transfers", "notes")
    mimic += ("discharge_target_gold", "old_discharge_target", "radiology_v2")
    for name in (*(f"{table}.csv.gz" for table in mimic), "._triage.csv", "triage.csv.bak", "triages.txt"):
        (data / "train" / name).touch()
    ward = corpus(data)
    assert ward.warnings("train") == {"of the six tables missing: discharge_target, radiology, triage, diagnosis": 4}
    write(data, SIX)
    assert not [what for what in corpus(data).warnings("train") if "missing" in what]


def test_targets_are_told_without_reading(data: Path) -> None:
    write(data, {"discharge": DISCHARGE})
    assert not corpus(data).has_targets("train")
    write(data, {"discharge_target": TARGET})
    assert corpus(data).has_targets("train")


@pytest.mark.parametrize(
    ("tables", "parts"),
    [
        (
            {"discharge": [["hadm_id", "subject_id", "texte"], ["1", "1", "x"]]},
            ["discharge.csv: line 1: there is no column 'text'", "is it 'texte'?", "hadm_id, subject_id, texte"],
        ),
        (
            {"discharge": [["HADM_ID", "SUBJECT_ID", "TEXT"], ["1", "1", "x"]]},
            [
                "discharge.csv: line 1: there is 'HADM_ID' where hadm_id is expected, "
                "'SUBJECT_ID' where subject_id is expected, 'TEXT' where text is expected\n"
                "  -> rename the columns: their names are written in small letters, without blanks around them",
            ],
        ),
        (
            {"radiology": [["subject_id", "hadm_id", "note_seq", " charttime", "text"]]},
            ["radiology.csv: line 1: there is ' charttime' where charttime is expected\n  -> rename the columns"],
        ),
        (
            {"discharge": [["hadm_id", "subject_id", "Storetime", "text"], ["1", "1", "2150-01-02", "x"]]},
            ["discharge.csv: line 1: there is 'Storetime' where storetime is expected\n  -> rename the columns"],
        ),
        (
            {"radiology": [["subject_id", "hadm_id", "note_seq", "text"]]},
            ["radiology.csv: line 1: there is no column 'charttime'", "add it"],
        ),
        (
            {"discharge_target": [["hadm_id", "brief_hospital_course"]]},
            ["discharge_target.csv: line 1: there is no column 'discharge_instructions'"],
        ),
        (
            {"triage": [["stay_id", "subject_id", "pain", "PAIN"]]},
            ["triage.csv: line 1: column 4 has the name of column 3"],
        ),
        (
            {"triage": [["stay_id", "subject_id", "_Line"]]},
            ["triage.csv: line 1: column 3 is named _Line, as a column of the index is\n  -> rename it"],
        ),
        (
            {"triage": [["stay_id", "subject_id", "pa\0in"]]},
            ["triage.csv: line 1: the name of column 3 holds a NUL character\n  -> write the name without it"],
        ),
        (
            {"triage": [["stay_id", "subject_id", *(f"vital_{at}" for at in range(1998))]]},
            ["triage.csv: line 1: there are 2,000 columns, and the index has room for 1,999\n  -> leave out columns"],
        ),
        (
            {"triage": b""},
            ["triage.csv: line 1: this is no header of the table triage", "at least stay_id, subject_id"],
        ),
        (
            {"discharge": [*DISCHARGE, ["20", "1", "t", "y"]]},
            ["discharge.csv: lines 2 and 4 have the same hadm_id 20"],
        ),
        (
            {"discharge_target": [*TARGET, ["3", "y", "y"]]},
            ["discharge_target.csv: lines 3 and 4 have the same hadm_id 3"],
        ),
        (
            {"discharge_target": [*TARGET, ["4", "y", "y"]]},
            ["discharge_target.csv: line 4: the hadm_id 4 has no note in discharge.csv"],
        ),
        (
            {"edstays": [*EDSTAYS, ["2", "3", "301", "t"]]},
            ["edstays.csv: lines 2 and 5 have the same stay_id 301"],
        ),
        (
            {"radiology": replaced(RADIOLOGY, 2, "subject_id", "8")},
            [
                "radiology.csv: line 3, column subject_id: the hadm_id 3 belongs to the subject 8",
                "discharge.csv, line 3, to 2",
            ],
        ),
        (
            {"triage": replaced(TRIAGE, 1, "subject_id", "8")},
            [
                "triage.csv: line 2, column subject_id: the stay_id 301 belongs to the subject 8",
                "edstays.csv, line 2, to 1",
            ],
        ),
        (
            {"discharge": replaced(DISCHARGE, 2, "hadm_id", "")},
            ["discharge.csv: line 3, column hadm_id: the id is empty"],
        ),
        (
            {"edstays": replaced(EDSTAYS, 1, "subject_id", "")},
            ["edstays.csv: line 2, column subject_id: the id is empty"],
        ),
        (
            {"edstays": replaced(EDSTAYS, 1, "hadm_id", "20001.0")},
            [
                "line 2, column hadm_id: '20001.0' is an id that was turned into a decimal number",
                "20001; with pandas",
                "dtype=str",
            ],
        ),
        (
            {"discharge": [*DISCHARGE, ["4", "1", "t"]]},
            ["discharge.csv: line 4: the row has 3 cells, the header has 4"],
        ),
        (
            {"discharge": [*DISCHARGE, ["4", "1", "t", "a\nb", "c"]]},
            ["discharge.csv: line 4: the row has 5 cells, the header has 4"],
        ),
        (
            {"discharge": b'hadm_id,subject_id,text\n1,1,"a\nb"\n2,2,"c\nd\n'},
            ["discharge.csv: line 4: a quote in this row is left open", "noticed at line 5", 'twice: ""'],
        ),
        (
            {"discharge": b'hadm_id,subject_id,text\n1,1,"a "b" c"\n'},
            ["discharge.csv: line 2: a quote in this row is left open, or stands single within a quoted cell"],
        ),
        (
            {"discharge": b"hadm_id,subject_id,text\r1,1,x\r"},
            ["discharge.csv: line 1: a carriage return stands outside of quotes"],
        ),
        (
            {"discharge": b'hadm_id,subject_id,text\n1,1,"a\nb\xff"\n'},
            ["discharge.csv: line 3, byte 2 of the line: this is not UTF-8"],
        ),
    ],
)
def test_a_fault_is_named_with_file_line_and_column(
    data: Path, tables: dict[str, Cells | bytes], parts: list[str]
) -> None:
    message = refused(data, **tables)
    assert not [part for part in parts if part not in message], message


def test_as_many_columns_as_there_is_room_for(data: Path) -> None:
    names = [f"vital_{at}" for at in range(1997)]
    write(data, {**SIX, "triage": [["stay_id", "subject_id", *names], ["301", "1", *names]]})
    assert stays(data)[1].tables["triage"][0]["vital_1996"] == "vital_1996"


def test_faults_that_lie_deep_in_a_large_file(data: Path) -> None:
    rows = b"".join(b'%d,1,"two\nlines"\n' % i for i in range(100_000))
    write(data, {"discharge": b"hadm_id,subject_id,text\n" + rows + b"x,1,\xe4\n"}, suffix=".csv.gz")
    assert "discharge.csv.gz: line 200002, byte 5 of the line: this is not UTF-8" in refusal(lambda: stays(data))


def test_broken_gzip(data: Path) -> None:
    path = write(data, SIX, suffix=".csv.gz") / "train" / "radiology.csv.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert "radiology.csv.gz: the file breaks off; it can be read as far as about line" in refusal(lambda: stays(data))
    path.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    assert "radiology.csv.gz: the gzip data are broken" in refusal(lambda: stays(data))
    path.write_bytes(whole[:12] + b"\xff" * 12 + whole[24:])
    assert "radiology.csv.gz: the gzip data are broken" in refusal(lambda: stays(data))
    path.write_bytes(csv_bytes(RADIOLOGY))
    assert "radiology.csv.gz: the gzip data are broken" in refusal(lambda: stays(data))


def test_a_cell_too_large_to_be_one(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.corpora.csv_rows.LARGEST_CELL", 1000)
    before = csv.field_size_limit(500)
    try:
        message = refused(data, discharge=[DISCHARGE[0], ["1", "1", "t", "x" * 2000]])
    finally:
        csv.field_size_limit(before)
    assert "discharge.csv: line 2: a cell of this row has more than 1,000 characters" in message


def test_a_long_note_is_no_fault(data: Path) -> None:
    text = "word " * 100_000
    assert stays(write(data, {"discharge": [DISCHARGE[0], ["1", "1", "t", text]]}))[0].document == text


@pytest.mark.parametrize(
    "tables",
    [
        {"discharge": [["Jane Secret", "secret 44", "secret"], ["1", "1", "secret"]]},
        {"discharge": [["hadm_id", "subject_id", "has a secret disease", "secret, one"], ["1", "1", "x", "y"]]},
        {"discharge": replaced(DISCHARGE, 1, "hadm_id", "secret disease")},
        {"radiology": replaced(RADIOLOGY, 1, "subject_id", "secret." * 20)},
        {"discharge": b'hadm_id,subject_id,text\n1,1,"secret "x" '},
        {"discharge": b"hadm_id,subject_id,text\n1,1,secret,secret\n"},
        {"discharge": b"hadm_id,subject_id,text\n1,1,secret\xff\n"},
    ],
)
def test_no_message_tells_what_a_cell_holds(data: Path, tables: dict[str, Cells | bytes]) -> None:
    message = refused(data, **tables)
    assert "secret" not in message.lower()
    assert "line" in message


# --------------------------------------------------------------------------- the index


def index_files(workspace: Path) -> list[Path]:
    return sorted(path for path in workspace.rglob("*") if path.suffix in (".sqlite", ".tmp"))


def forbidden(*_: object) -> None:
    raise AssertionError("the index was built again")


def test_the_index_is_reused_and_private(data: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = corpus(write(data, SIX))
    wanted = first.digest("train"), first.ids("train"), list(first.stays("train"))
    monkeypatch.setattr(table_index, "_build", forbidden)
    again = corpus(data)
    assert (again.digest("train"), again.ids("train"), list(again.stays("train"))) == wanted
    (path,) = index_files(workspace)
    assert path.parent == again.root / "index"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_change_builds_it_anew_and_removes_the_old_one(data: Path, workspace: Path) -> None:
    stays(write(data, SIX))
    (old,) = index_files(workspace)
    reading = corpus(data)
    assert reading.ids("train")
    write(data, {"discharge": replaced(DISCHARGE, 1, "text", "note Z")})
    os.utime(data / "train" / "discharge.csv", ns=(1, 1))
    assert stays(data)[1].document == "note Z"
    (new,) = index_files(workspace)
    assert new != old
    assert "is gone: the tables changed" in refusal(lambda: list(reading.stays("train")))


def test_another_version_of_the_schema_builds_it_anew(
    data: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays(write(data, SIX))
    (old,) = index_files(workspace)
    monkeypatch.setattr(table_index, "SCHEMA", table_index.SCHEMA + 1)
    stays(data)
    (new,) = index_files(workspace)
    assert new != old


def test_splits_keep_their_own_index(data: Path, workspace: Path) -> None:
    write(data, SIX)
    ward = corpus(write(data, {"discharge": DISCHARGE[:2]}, "valid"))
    assert (ward.ids("train"), ward.ids("valid")) == (("3", "20"), ("20",))
    assert len(index_files(workspace)) == 2


def test_tasks_of_unlike_fields_share_an_index(data: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In turn and at once; what one of them lacks in the targets is told it alone."""
    task, split = discharge_me(), "valid"
    first = open_tables(write(data, SIX, split), task)
    assert first.ids(split)
    monkeypatch.setattr(table_index, "_build", forbidden)
    course = open_tables(data, replace(task, name="course", fields=task.fields[:1]))
    follow_up = open_tables(data, replace(task, name="follow-up", fields=(replace(task.fields[0], name="follow_up"),)))
    assert [stay.targets for stay in course.stays(split)] == [
        {task.fields[0].name: row[TARGET[0].index(task.fields[0].name)]} for row in (TARGET[2], TARGET[1])
    ]
    assert "discharge_target.csv: line 1: there is no column 'follow_up'\n" in refusal(lambda: follow_up.ids(split))
    assert [stay.id for stay in first.stays(split)] == ["3", "20"]
    assert len(index_files(workspace)) == 1


def test_a_damaged_index_is_built_anew(data: Path, workspace: Path) -> None:
    wanted = stays(write(data, SIX))
    (path,) = index_files(workspace)
    path.write_bytes(b"torn" * 1000)
    assert stays(data) == wanted


def test_a_fault_leaves_nothing_half_made(data: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    write(data, SIX)
    with monkeypatch.context() as patch:
        patch.setattr(table_index, "_check", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stays(data)
    assert index_files(workspace) == []
    refused(data, diagnosis=b"stay_id,subject_id,seq_num\n1,1\n")
    assert index_files(workspace) == []


def test_of_two_that_open_at_once_one_builds(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(data, SIX)
    built = []
    build = table_index._build

    def slowly(*args: Any) -> None:
        built.append(args)
        time.sleep(0.2)
        build(*args)

    monkeypatch.setattr(table_index, "_build", slowly)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(stays, [data] * 3))
    assert len(built) == 1
    assert found[0] == found[1] == found[2]


KILLED = """
import os, signal, sys
from pathlib import Path
from harness.corpora import table_index, tables
from harness.tasks.discharge_me import discharge_me
table_index._check = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
tables.open_tables(Path(sys.argv[1]), discharge_me()).ids("train")
"""


def test_a_kill_leaves_nothing_that_is_taken_for_whole(data: Path, workspace: Path) -> None:
    write(data, SIX)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(data)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.suffix for path in index_files(workspace)] == [".tmp"]
    assert [s.id for s in stays(data)] == ["3", "20"]
    assert [path.suffix for path in index_files(workspace)] == [".sqlite"]


def test_a_full_disk_is_told(data: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(db: sqlite3.Connection, *_: object) -> None:
        db.execute("PRAGMA max_page_count = 2")
        db.execute("CREATE TABLE large AS SELECT randomblob(1000000)")

    monkeypatch.setattr(table_index, "_check", full)
    message = refused(data)
    assert "cannot be written: database or disk is full" in message
    assert "HARNESS_WORKSPACE" in message
    assert index_files(workspace) == []


def test_a_large_split_takes_little_memory(tmp_path: Path) -> None:
    """60 MB of plain text. The figures of the full size are the benchmark's."""
    command = [sys.executable, str(ROOT / "benchmarks" / "large_split.py"), "--out", str(tmp_path / "load")]
    shown = subprocess.run(
        [*command, "--stays", "4000", "--reports", "15000"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    steps = {line.partition(":")[0]: line for line in shown.splitlines()}
    for step, count in (("build", 4000), ("iterate", 4000), ("pick", 1000)):
        assert f"{step}: {count} stays" in steps[step]
        assert int(steps[step].rpartition("peak ")[2].partition(" ")[0]) < 60, steps[step]


# --------------------------------------------------------------------------- the marking


def test_a_folder_is_restricted_unless_it_says_otherwise(tmp_path: Path) -> None:
    data = tmp_path / "ward 7/ä"
    data.mkdir(parents=True)
    assert read_marking(data.parent) == Marking("ward-7", True, "")
    (data / "corpus.toml").write_text('name = "a b/../c"\nlicence = "DUA"\n')
    assert read_marking(data) == Marking("a-b-..-c", True, "DUA")
    (data / "corpus.toml").write_text("public = false\n")
    assert read_marking(data) == Marking("corpus", True, "")


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_public_marking_is_read_as_written(tmp_path: Path, name: str, licence: str) -> None:
    write_marking(tmp_path, name, licence)
    marking = read_marking(tmp_path)
    assert not marking.restricted
    assert marking.licence == licence.strip()
    assert marking.name == Path(marking.name).name not in ("", ".", "..")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"name = \n", ["corpus.toml: this is not TOML", "at line 1, column"]),
        (b'name = "a"\nlicence = "\xff"\n', ["corpus.toml: line 2 is not UTF-8"]),
        (b'public = "yes"\n', ['public is "yes", which is neither true nor false', "without quotes"]),
        (b"public = 1\n", ["public is 1, which is neither true nor false"]),
        (b'public = true\nlicence = "x"\n', ["public = true, but there is no name", 'add the line name = "..."']),
        (b'public = true\nname = "x"\n', ["public = true, but there is no licence", 'add the line licence = "..."']),
        (b'public = true\nname = "x"\nlicence = " "\n', ["there is no licence"]),
        (b"name = 7\n", ["name is not a text"]),
    ],
)
def test_a_marking_at_fault(tmp_path: Path, content: bytes, parts: list[str]) -> None:
    (tmp_path / "corpus.toml").write_bytes(content)
    message = refusal(lambda: read_marking(tmp_path))
    assert not [part for part in parts if part not in message], message
