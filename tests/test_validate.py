"""Every check fires, says where, and says no text of a patient; no file does harm."""

from __future__ import annotations

import dataclasses
import gzip
import io
import os
import random
import socket
import stat
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import intake
from harness.errors import SubmissionError
from harness.submission import read_submission, write_csv, write_zip
from harness.tasks.discharge_me import discharge_me
from harness.types import Field, SubmissionFormat, Task
from harness.validate import CHECKS, Problem, checks_help, summary, validate, will_accept

TASK = discharge_me()
BHC, DI = "brief_hospital_course", "discharge_instructions"
HEADER = b"hadm_id,brief_hospital_course,discharge_instructions\n"
GOOD = HEADER + b"20001,NA,rest\n20002,None,eat\n"
IDS = ("20001", "20002")
CODED = dataclasses.replace(
    TASK,
    name="coded",
    fields=(Field("triage", "Triage", kind="label", labels=("red", "green")), Field("drugs", "Drugs", kind="entities")),
    submission=SubmissionFormat("id", ("id", "triage", "drugs")),
)

Members = list[tuple[str | zipfile.ZipInfo, bytes]]


def zipped(data: bytes) -> bytes:
    return write_zip(data, TASK)


def archive(members: Members) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return data.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return member


def patched(data: bytes, at: int, value: bytes) -> bytes:
    """The zip with other bytes at this place of its first central directory entry."""
    start = data.index(b"PK\1\2") + at
    return data[:start] + value + data[start + len(value) :]


def problems_of(
    folder: Path, name: str, data: bytes, ids: tuple[str, ...] | None = IDS, task: Task = TASK
) -> list[Problem]:
    path = folder / name
    path.write_bytes(data)
    return validate(path, task, ids)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("submissions")


# --------------------------------------------------------------------------- every check


CSV, ZIP = "submission.csv", "submission.zip"
MEMBER = "submission.zip/submission.csv"
many_rows = b"".join(b"%d,NA,rest\n" % i for i in range(5000))

# (check, file, its bytes, what is said of it)
FIRES: list[tuple[str, str, bytes, str]] = [
    ("file", "submission.txt", GOOD, "submission.txt: ends in neither .csv, .csv.gz nor .zip"),
    ("archive", ZIP, GOOD, "submission.zip: is not a readable zip"),
    ("archive", ZIP, b"", "submission.zip: is not a readable zip"),
    ("archive", ZIP, zipped(GOOD)[:-1], "submission.zip: is not a readable zip"),
    (
        "archive",
        ZIP,
        zipped(GOOD).replace(b"submission.csv", b"submission.tsv", 1),
        f"{MEMBER}: cannot be unpacked: it is damaged",
    ),
    (
        "archive",
        ZIP,
        patched(zipped(GOOD), 16, b"crc?"),
        f"{MEMBER}: cannot be unpacked to its end: it is cut off or damaged",
    ),
    (
        "archive",
        ZIP,
        patched(zipped(GOOD), 8, b"\1"),
        "submission.zip: the csv is encrypted: pack it without a password",
    ),
    (
        "archive",
        ZIP,
        patched(zipped(GOOD), 10, b"\x0e"),
        "submission.zip: the csv is packed by another method than deflate",
    ),
    (
        "archive",
        "submission.csv.gz",
        gzip.compress(GOOD)[:-9],
        "submission.csv.gz: cannot be unpacked to its end: it is cut off or damaged",
    ),
    (
        "archive",
        "submission.csv.gz",
        GOOD,
        "submission.csv.gz: cannot be unpacked to its end: it is cut off or damaged",
    ),
    (
        "archive-path",
        ZIP,
        archive([("../x.csv", b""), ("/etc/x.csv", b""), ("C:\\x.csv", b""), (link("x.csv"), b"/"), (CSV, GOOD)]),
        "submission.zip: members that are links or lead out of their folder (4): "
        "../x.csv, /etc/x.csv, C:\\x.csv, x.csv",
    ),
    ("archive-csv", ZIP, archive([("run/submission.csv", GOOD)]), "no csv at the root of the zip: zip the file, not"),
    (
        "archive-csv",
        ZIP,
        archive([("mine.ZIP", zipped(GOOD))]),
        "submission.zip: no csv at the root of the zip: there is a zip in it, give that one",
    ),
    ("archive-csv", ZIP, archive([(link(CSV), b"/dev/zero")]), "submission.zip: no csv at the root of the zip"),
    (
        "archive-csv",
        ZIP,
        archive([("a.csv", GOOD), ("b.csv", GOOD)]),
        "submission.zip: 2 csv files at the root of the zip: leave one, submission.csv",
    ),
    ("size", CSV, b"," * 1000 + GOOD, "submission.csv: the header has more than 1,000 columns"),
    ("utf-8", CSV, GOOD + b"\n20003,\xe9,\xed\xa0\x80\n", "submission.csv: bytes that are not UTF-8 (1): line 5"),
    (
        "quotes",
        ZIP,
        zipped(GOOD + b'20003,"never closed,\n20004,a,b\n'),
        f"{MEMBER}: a quote opens in the row that begins on line 4 and is never closed",
    ),
    ("commas", ZIP, zipped(GOOD.replace(b",", b";")), f"{MEMBER}: the cells are separated by semicolons: save it with"),
    (
        "column-missing",
        CSV,
        GOOD.replace(b"hadm_id", b" HADM_ID"),
        "submission.csv: column 'hadm_id' is missing: column 1 differs in case or spaces",
    ),
    (
        "column-missing",
        CSV,
        GOOD.replace(b"brief_hospital_course", b"Brief Hospital Course "),
        "submission.csv: column 'brief_hospital_course' is missing: column 2 differs in case or spaces",
    ),
    ("column-missing", CSV, b"20001,a,b\n", "submission.csv: column 'brief_hospital_course' is missing"),
    ("column-twice", CSV, b"hadm_id," + GOOD, "submission.csv: column 'hadm_id' is there 2 times"),
    (
        "rows",
        CSV,
        b"\n",
        "submission.csv: is empty: the first line is hadm_id,brief_hospital_course,discharge_instructions",
    ),
    ("rows", ZIP, zipped(HEADER), f"{MEMBER}: there is no row below the header"),
    ("row-long", CSV, GOOD + b"1,2,3,\n", "submission.csv: rows with more cells than the 3 of the header (1): line 4"),
    (
        "id",
        CSV,
        GOOD + b" ,a,b\n" + b"9" * 101 + b",a,b\n",
        "submission.csv: rows without an id, or with one of more than 100 characters (2): line 4, line 5",
    ),
    (
        "id",
        CSV,
        GOOD + b"Mr Smith\0,a,b\n20\x00003,a,b\n",
        "submission.csv: NUL characters in ids (2): line 4, line 5",
    ),
    (
        "id-integer",
        CSV,
        GOOD + b"fever,a,b\n2.5,a,b\n1e3,a,b\n-1,a,b\n",
        "submission.csv: ids that are not integers (4): line 4, line 5, line 6, line 7",
    ),
    (
        "id-twice",
        CSV,
        GOOD + b"20001.0,a,b\n",
        "submission.csv: ids that are there twice (1): 20001 (lines 2 and 4)",
    ),
    ("id-missing", CSV, HEADER + b"20002,a,b\n", "submission.csv: ids that are missing (1): 20001"),
    (
        "id-extra",
        CSV,
        HEADER + many_rows,
        "submission.csv: ids that are not expected (5,000): 0 (line 2), 1 (line 3), 2 (line 4), 3 (line 5), "
        "4 (line 6), 5 (line 7), 6 (line 8), 7 (line 9), 8 (line 10), 9 (line 11) and 4,990 more",
    ),
    (
        "row-short",
        CSV,
        GOOD + b"20003,a\n20004\n",
        "submission.csv: rows with fewer cells than the 3 of the header (2): line 4, line 5",
    ),
    (
        "cell-empty",
        CSV,
        HEADER + b'20001,,"\n\t"\n20002,a, \n',
        "submission.csv: empty cells in column 'discharge_instructions' (2): line 2 (id 20001), line 4 (id 20002)",
    ),
    (
        "cell-nul",
        CSV,
        HEADER + b"20001,a\0b,x\n20002,a,b\n",
        "submission.csv: NUL characters in column 'brief_hospital_course' (1): line 2 (id 20001)",
    ),
    (
        "cell-long",
        ZIP,
        zipped(HEADER + b"20001,NA," + b"x" * 20_000_000 + b"\n20002,a,b\n"),
        f"{MEMBER}: cells of more than 100,000 characters in column 'discharge_instructions' (1): line 2 (id 20001)",
    ),
    (
        "zipped",
        CSV,
        GOOD,
        "submission.csv: the task's server takes a zip: pack it as submission.csv in submission.zip",
    ),
    (
        "csv-name",
        "mine.zip",
        archive([("a\x1b[2J.csv", GOOD)]),
        "mine.zip: 'a\\x1b[2J.csv' is named 'submission.csv' by the task",
    ),
    ("file-name", "mine.zip", zipped(GOOD), "mine.zip: 'mine.zip' is named 'submission.zip' by the task"),
    ("csv-name", "mine.csv.gz", gzip.compress(GOOD), "'mine.csv' is named 'submission.csv' by the task"),
    (
        "archive-extra",
        ZIP,
        archive([(CSV, GOOD), ("__MACOSX/", b""), ("__MACOSX/._submission.csv", b""), ("other.csv", b"")]),
        "submission.zip: members beside the csv (3): __MACOSX/, __MACOSX/._submission.csv, other.csv",
    ),
    ("bom", CSV, b"\xef\xbb\xbf" + GOOD, "submission.csv: begins with a byte order mark"),
    ("line-ends", CSV, GOOD.replace(b"\n", b"\r\n"), "submission.csv: rows end in CR LF"),
    ("line-ends", CSV, GOOD.replace(b"\n", b"\r"), "submission.csv: rows end in CR"),
    ("blank-line", CSV, b"\n" + GOOD + b"\n", "submission.csv: blank lines, which are skipped (2): line 1, line 5"),
    (
        "column-extra",
        CSV,
        GOOD.replace(b"_instructions", b"_instructions,notes,").replace(b"rest", b"rest,,").replace(b"eat", b"eat,,"),
        "submission.csv: columns that the task does not have (2): column 4, column 5",
    ),
    (
        "column-order",
        CSV,
        b"hadm_id,discharge_instructions,brief_hospital_course\n20001,a,b\n20002,a,b\n",
        "submission.csv: the columns stand in another order than hadm_id,brief_hospital_course,discharge_instructions",
    ),
    (
        "id-form",
        CSV,
        GOOD.replace(b"20001", b"20001.0").replace(b"20002", b" 20002"),
        "submission.csv: ids that are read without their spaces and '.0' (2): line 2, line 3",
    ),
]
ELSEWHERE = {"cell-value", "ids-unchecked"}


@pytest.mark.parametrize(("check", "name", "data", "message"), FIRES, ids=lambda value: str(value)[:12])
def test_each_check_fires(tmp_path: Path, check: str, name: str, data: bytes, message: str) -> None:
    problems = problems_of(tmp_path, name, data)
    found = [problem for problem in problems if problem.check == check]
    assert any(message in problem.message for problem in found), problems
    assert {problem.level for problem in found} == {CHECKS[check].level}
    if CHECKS[check].level != "refused":
        others = {problem.check for problem in problems} - {"id-missing"}
        assert all(CHECKS[other].level != "refused" for other in others), problems


@pytest.mark.parametrize(
    ("header", "mark"),
    [
        (b"hadm_id;brief_hospital_course;discharge_instructions", "semicolons"),
        (b'\xef\xbb\xbf"HADM_ID";"Brief Hospital Course";"my notes"', "semicolons"),
        (b"discharge_instructions\t hadm_id", "tabs"),
    ],
)
@pytest.mark.parametrize("text", [b'20001;"a, b";c, d', b"20001\ta,b\tc;d;e\n20002", b""])
def test_other_marks_than_commas_are_the_one_thing_that_is_said_of_the_columns(
    tmp_path: Path, header: bytes, mark: str, text: bytes
) -> None:
    refused = [one for one in problems_of(tmp_path, CSV, header + b"\r\n" + text) if one.level == "refused"]
    assert refused == [
        Problem("refused", "commas", f"submission.csv: the cells are separated by {mark}: save it with commas")
    ]


@pytest.mark.parametrize("header", [b"hadm_id", b"hadm_id;text", b"fever; cough\tpain", b";;;\t\t"])
def test_a_header_of_one_cell_that_names_no_two_columns_is_read_as_it_stands(tmp_path: Path, header: bytes) -> None:
    found = {problem.check for problem in problems_of(tmp_path, CSV, header + b"\n20001\n")}
    assert "column-missing" in found
    assert "commas" not in found


WORKBOOK = archive([("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>" * 50)])
NO_CSV = "is a zip or an Excel workbook, whatever its name: export a workbook as CSV UTF-8, name a zip .zip"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (WORKBOOK, NO_CSV),
        (zipped(GOOD), NO_CSV),
        (GOOD.decode().encode("utf-16"), "is UTF-16: save it as UTF-8"),
        (b"\xff\xfe" + GOOD.decode().replace(",", "\t").encode("utf-16-le"), "is UTF-16: save it as UTF-8"),
        (b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), "is UTF-16: save it as UTF-8"),
    ],
)
def test_of_a_file_that_is_no_csv_nothing_else_is_said(tmp_path: Path, data: bytes, said: str) -> None:
    packed = {CSV: data, "mine.csv": data, "mine.csv.gz": gzip.compress(data), ZIP: archive([(CSV, data), ("x", b"")])}
    for name, content in packed.items():
        (problem,) = problems_of(tmp_path, name, content, ids=None)
        assert problem == Problem("refused", "utf-8", f"{MEMBER if name == ZIP else name}: {said}")
        with pytest.raises(SubmissionError, match=said):
            read_submission(tmp_path / name, TASK)


def test_every_check_of_the_table_can_fire() -> None:
    assert {check for check, *_ in FIRES} | ELSEWHERE == set(CHECKS)


def test_labels_and_entities_are_read_as_their_field_says(tmp_path: Path) -> None:
    rows = {"a": ("red", '[{"text": "aspirin"}]'), "b": ("Red", "{}"), "c": ("green", "[" * 100_000), "d": ("red", "[")}
    data = write_csv({id: {"triage": triage, "drugs": drugs} for id, (triage, drugs) in rows.items()}, CODED)
    assert problems_of(tmp_path, ZIP, write_zip(data, CODED), tuple(rows), CODED) == [
        Problem("accepted", "cell-value", f"{MEMBER}: cells of column 'triage' that are none of its labels (1): "
                "line 3 (id b)"),
        Problem("accepted", "cell-value", f"{MEMBER}: cells of column 'drugs' that are no JSON list (3): "
                "line 3 (id b), line 4 (id c), line 5 (id d)"),
    ]  # fmt: skip


def test_without_expected_ids_a_note_says_that_they_were_not_compared(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, ZIP, zipped(HEADER + b"fever,a,b\n"), ids=None)
    assert problem == Problem(
        "note",
        "ids-unchecked",
        "submission.zip: the ids were not compared with the expected ones, which are not known here",
    )
    assert summary([problem]).endswith("The task's server will accept this submission, if it has the right ids.")


def test_a_good_submission_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, ZIP, zipped(GOOD)) == []
    assert problems_of(tmp_path, ZIP, zipped(GOOD[:-1])) == []
    assert summary([]) == "The task's server will accept this submission."


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (CSV, GOOD),
        ("mine.csv", GOOD),
        ("submission.csv.gz", gzip.compress(GOOD, mtime=0)),
        (ZIP, archive([("mine.csv", GOOD)])),
        (ZIP, archive([("SUBMISSION.CSV", GOOD)])),
    ],
)
def test_what_the_server_cannot_open_it_will_accept_once_it_is_packed(tmp_path: Path, name: str, data: bytes) -> None:
    problems = problems_of(tmp_path, name, data)
    assert not will_accept(problems)
    heading, *_, verdict = summary(problems).splitlines()
    assert heading == f"refused by the task's server until it is packed anew ({len(problems)})"
    assert verdict == "The task's server will accept this submission once it is packed as stands above."
    assert read_submission(tmp_path / name, TASK).rows.keys() == set(IDS)  # to score or import it needs no packing


def test_the_name_of_the_zip_is_of_no_account(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "mine.zip", zipped(GOOD))
    assert [problem.check for problem in problems] == ["file-name"]
    assert will_accept(problems)
    assert summary(problems).endswith("\nThe task's server will accept this submission.")


def test_all_problems_at_once_the_gravest_first(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfhadm_id,x,brief_hospital_course\r\n\r\n7,1,a\0\r\n7,1,\r\n8,1,2,3\r\n9.0\r\n"
    problems = problems_of(tmp_path, CSV, data, ids=("7", "10", "9"))
    assert [problem.check for problem in problems] == [
        "column-missing", "row-long", "id-twice", "id-missing", "zipped",
        "id-extra", "row-short", "cell-empty", "cell-nul",
        "bom", "line-ends", "blank-line", "column-extra", "id-form",
    ]  # fmt: skip
    assert [p.message for p in problems if p.check in {"id-missing", "id-extra"}] == [
        "submission.csv: ids that are missing (1): 10",
        "submission.csv: ids that are not expected (1): 8 (line 5)",
    ]


def test_the_table_is_in_the_order_of_its_levels() -> None:
    levels = [check.level for check in CHECKS.values()]
    assert levels == sorted(levels, key=("refused", "packing", "accepted", "note").index)


def test_the_help_is_the_table() -> None:
    text = checks_help()
    assert text.startswith("Exit code 1 if something would be refused, else 0.")
    assert [line.split()[0] for line in text.splitlines() if line.startswith("  ")] == list(CHECKS)
    assert all(check.rule in text for check in CHECKS.values())
    assert "at most 512 MiB (800 times its packed size beyond 32 MiB), 250,000 rows, 1,000 columns" in text


def test_the_summary() -> None:
    note = Problem("note", "bom", "f: begins with a byte order mark")
    extra = Problem("accepted", "id-extra", "f: ids that are not expected (1): 3 (line 4)")
    twice = Problem("refused", "id-twice", "f: ids that are there twice (1): 3 (lines 4 and 5)")
    assert summary([twice, extra, note]) == (
        "refused by the task's server (1)\n"
        "  [id-twice] f: ids that are there twice (1): 3 (lines 4 and 5)\n"
        "accepted by the task's server, but it breaks or changes the scoring (1)\n"
        "  [id-extra] f: ids that are not expected (1): 3 (line 4)\n"
        "notes (1)\n"
        "  [bom] f: begins with a byte order mark\n"
        "The task's server will refuse this submission."
    )
    assert summary([extra, note]).endswith(
        "\nThe task's server will accept this submission, but what stands above breaks or changes its score."
    )


# --------------------------------------------------------------------------- nothing of a patient is said


SECRET = "Mrs Example has a fever"


@pytest.mark.parametrize("bad", [b"", b'"', b",", b"\n", b"\0", b"\xff", b'"\n', b"\r"])
@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, zipped])
def test_no_message_holds_text_of_a_cell(tmp_path: Path, bad: bytes, pack: Callable[[bytes], bytes]) -> None:
    text = SECRET.encode()
    cells = [text, b"20001", text + b"," + text, b'"' + text + b'"' + text]
    for name in (CSV, "submission.csv.gz", ZIP):
        for cell in cells:
            for header in (HEADER, b""):
                data = header + cell + bad + b"," + text + b"," + text + bad + b"\n" + cell + b"," + text
                said = summary(problems_of(tmp_path, name, pack(data), ("20001", "20002")))
                assert not any(word in said for word in SECRET.split() if len(word) > 1 and word != "has"), said


# --------------------------------------------------------------------------- no file does harm


def measured(path: Path) -> tuple[list[Problem], float, float]:
    """The problems, the seconds, and the peak in MiB."""
    began = time.perf_counter()
    problems = validate(path, TASK, IDS)
    seconds = time.perf_counter() - began
    tracemalloc.start()
    validate(path, TASK, IDS)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return problems, seconds, peak


MIB = 2**20
BOMBS = {
    "zeros": (bytes(40 * MIB), "line 1 belongs to a row of more than 25,165,824 characters"),
    "spaced zeros": ((bytes(8 * MIB - 1) + b"\n") * 5, "the csv has more than 32 MiB and 800 times its packed size"),
    "blank lines": (HEADER + b"\n" * (40 * MIB), "the csv has more than 250,000 rows"),
    "columns": (b"," * (20 * MIB) + b"\n", "the header has more than 1,000 columns"),
    "semicolons": (b";" * (20 * MIB) + b"\n" + bytes(40 * MIB), "line 2 belongs to a row of more than 25,165,824 char"),
    "blanks": (b"a;b " * (5 * MIB) + b"\n" + bytes(40 * MIB), "line 2 belongs to a row of more than 25,165,824 char"),
    "an open quote": (HEADER + b'20001,"' + b"x" * (40 * MIB), "line 2 belongs to a row of more than 25,165,824 ch"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_early_and_small(tmp_path: Path, bomb: str) -> None:
    data, message = BOMBS[bomb]
    path = tmp_path / "submission.csv.gz"
    path.write_bytes(gzip.compress(data, 9))
    problems, seconds, peak = measured(path)
    assert any(problem.check == "size" and message in problem.message for problem in problems), problems
    assert seconds < 10
    assert peak < 400


def test_a_zip_that_admits_to_be_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    for declared, message in [
        (0xFFFFFFF0, "submission.zip: the csv has more than 512 MiB"),
        (33 * MIB, "submission.zip: the csv has more than 32 MiB and 800 times its packed size"),
    ]:
        path = tmp_path / ZIP
        path.write_bytes(patched(zipped(GOOD), 24, declared.to_bytes(4, "little")))
        (problem,), seconds, peak = measured(path)
        assert (problem.check, problem.message) == ("size", message)
        assert seconds < 1
        assert peak < 2


def test_a_zip_that_lies_about_its_size_is_unpacked_no_further(tmp_path: Path) -> None:
    path = tmp_path / ZIP
    path.write_bytes(patched(zipped(bytes(40 * MIB)), 24, (100).to_bytes(4, "little")))
    problems, seconds, peak = measured(path)
    assert problems[0].message == f"{MEMBER}: cannot be unpacked to its end: it is cut off or damaged"
    assert seconds < 1
    assert peak < 2


def test_a_zip_of_countless_members_is_not_listed(tmp_path: Path) -> None:
    path = tmp_path / ZIP
    path.write_bytes(archive([(f"{i:0200}", b"") for i in range(4500)]))
    (problem,), _, peak = measured(path)
    assert (problem.check, problem.message) == ("size", "submission.zip: the zip's directory has more than 1 MiB")
    assert peak < 4


def test_limits_count_what_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_BYTES", MIB)
    (tmp_path / CSV).write_bytes(HEADER + b"20001,NA,rest\n" * (MIB // 14))
    assert "submission.csv: the csv has more than 1 MiB" in summary(validate(tmp_path / CSV, TASK, IDS))


def test_the_largest_number_of_rows_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_ROWS", 2)
    assert problems_of(tmp_path, ZIP, zipped(GOOD)) == []
    (problem,) = problems_of(tmp_path, ZIP, zipped(GOOD + b"20003,a,b\n"))
    assert problem.message == f"{MEMBER}: the csv has more than 2 rows"


def test_a_model_that_only_loops_is_no_bomb(tmp_path: Path) -> None:
    rows = {str(i): {BHC: f"{i} " + "the pain, " * 500, DI: "NA"} for i in range(8_000)}
    data = zipped(write_csv(rows, TASK))
    assert len(data) < 40 * MIB / 150
    assert problems_of(tmp_path, ZIP, data, tuple(rows)) == []


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    pipe, device, port = tmp_path / "pipe.csv", tmp_path / "zero.csv", tmp_path / "socket.csv"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    (tmp_path / "folder.csv").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(port))
        for path, message in [
            (pipe, "pipe.csv: is not a regular file"),
            (device, "zero.csv: is not a regular file"),
            (port, "socket.csv: is not a regular file"),
            (tmp_path / "folder.csv", "folder.csv: is a folder: name the file in it"),
            (tmp_path / "none.csv", "none.csv: cannot be opened: No such file or directory"),
            (tmp_path / "a\0b.csv", "a\\x00b.csv: cannot be opened: embedded null byte"),
        ]:
            assert validate(path, TASK, IDS) == [Problem("refused", "file", message)]


def test_validate_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    monkeypatch.chdir(inner)
    problems_of(inner, ZIP, archive([("../escaped.csv", b"x"), (CSV, GOOD), ("more/x.txt", b"x")]))
    assert [path.name for path in tmp_path.rglob("*")] == ["in", ZIP]


NAMES = st.sampled_from([CSV, "submission.csv.gz", ZIP])


def examine_anything(folder: Path, name: str, data: bytes) -> None:
    problems = problems_of(folder, name, data)
    assert all(CHECKS[problem.check].level == problem.level for problem in problems)
    assert summary(problems).splitlines()[-1].startswith("The task's server will ")


@given(NAMES, st.binary(max_size=200) | st.text('20001,"\r\n\0', max_size=50).map(lambda text: HEADER + text.encode()))
def test_any_bytes_are_judged(folder: Path, name: str, data: bytes) -> None:
    examine_anything(folder, name, data)


@given(st.integers(0), st.integers(1, 20))
def test_any_damaged_archive_is_judged(folder: Path, seed: int, hits: int) -> None:
    dice = random.Random(seed)
    for name, whole in [(ZIP, archive([(CSV, GOOD), ("ü.txt", b"x")])), ("x.csv.gz", gzip.compress(GOOD, mtime=0))]:
        data = bytearray(whole)
        for _ in range(hits):
            data[dice.randrange(len(data))] = dice.choice([0, 1, 0xFF, dice.randrange(256)])
        examine_anything(folder, name, bytes(data))
        examine_anything(folder, name, whole[: dice.randrange(len(whole))])
