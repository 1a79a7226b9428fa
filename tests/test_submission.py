"""What is handed in: the same rows give the same bytes, and any text comes back as it was."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SubmissionError
from harness.submission import read_submission, write_csv, write_zip
from harness.tasks.discharge_me import discharge_me

TASK = discharge_me()
BHC, DI = "brief_hospital_course", "discharge_instructions"
HEADER = f"hadm_id,{BHC},{DI}\n"

# Everything that has broken somebody's csv, often.
NASTY = st.sampled_from(
    [",", '"', "\r", "\n", "\r\n", "\u2028", "\x85", "\x1c", "\ufeff", " ", "\t", ";", "'", "NA", "\\"]
)
TEXTS = st.lists(NASTY | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), max_size=8).map(
    "".join
)
ROWS = st.dictionaries(
    st.integers(0, 10**9).map(str) | st.sampled_from(["7", "07", "1" * 50, "D2N7"]),
    st.fixed_dictionaries({BHC: TEXTS, DI: TEXTS}),
    min_size=1,
    max_size=4,
)


def row(bhc: str = "a course", di: str = "go home") -> dict[str, str]:
    return {BHC: bhc, DI: di}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("submissions")


# --------------------------------------------------------------------------- writing


def test_the_bytes_of_a_csv() -> None:
    rows = {
        "100": row("two\nlines", 'a "quote"'),
        "20": row(" spaces ", "a, comma"),
        "3": row("NA", ""),
        "ward-b": row("a\rb", "é\u2028😀"),
        "ward-a": row(";\t'", "\u00a0"),
    }
    assert write_csv(rows, TASK).decode() == (
        HEADER
        + "3,NA,\n"
        + '20, spaces ,"a, comma"\n'
        + '100,"two\nlines","a ""quote"""\n'
        + "ward-a,;\t',\u00a0\n"
        + 'ward-b,"a\rb",é\u2028😀\n'
    )


@given(ROWS, st.randoms())
def test_the_order_of_rows_and_columns_changes_no_byte(rows: dict[str, dict[str, str]], random: object) -> None:
    ids = list(rows)
    random.shuffle(ids)  # type: ignore[attr-defined]
    shuffled = {id: dict(reversed(rows[id].items())) for id in ids}
    assert write_csv(shuffled, TASK) == write_csv(rows, TASK)


def test_a_zip_holds_one_member_without_time_or_owner() -> None:
    data = write_csv({"1": row()}, TASK)
    with zipfile.ZipFile(io.BytesIO(write_zip(data, TASK))) as archive:
        (member,) = archive.infolist()
        assert archive.read(member) == data
    assert member.filename == "submission.csv"
    assert member.date_time == (1980, 1, 1, 0, 0, 0)
    assert (member.create_system, member.external_attr >> 16) == (3, 0o100644)
    assert member.compress_type == zipfile.ZIP_DEFLATED


def test_two_processes_write_the_same_zip() -> None:
    program = (
        "import hashlib; from harness.submission import write_csv, write_zip;"
        "from harness.tasks.discharge_me import discharge_me;"
        f"rows = {{str(i): {{'{BHC}': 'course ' * i, '{DI}': 'NA'}} for i in range(50)}};"
        "csv = write_csv(rows, discharge_me()); zip = write_zip(csv, discharge_me());"
        "print(hashlib.sha256(csv).hexdigest(), hashlib.sha256(zip).hexdigest())"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    )
    by_hand = HEADER + "".join(f"{i},{'course ' * i},NA\n" for i in range(50))
    assert first == second
    assert first.split()[0] == hashlib.sha256(by_hand.encode()).hexdigest()


@pytest.mark.parametrize("id", ["", " 7", "7.0", "7\n", "7\0", "7\ud800", "7" * 101])
def test_an_id_that_would_come_back_as_another_is_not_written(id: str) -> None:
    with pytest.raises(SubmissionError) as error:
        write_csv({id: row()}, TASK)
    assert str(error.value) == (
        "submission.csv cannot hold the id of row 1: it would be refused, or read back as another\n"
        "  -> use the ids of the corpus"
    )


def test_a_row_that_lacks_a_field_is_not_written() -> None:
    with pytest.raises(SubmissionError) as error:
        write_csv({"20001": {BHC: "a course"}}, TASK)
    assert str(error.value) == f"case 20001 has no {DI}\n  -> run the system again"


# --------------------------------------------------------------------------- there and back


PACK: dict[str, Callable[[bytes], bytes]] = {
    "submission.csv": lambda data: data,
    "submission.csv.gz": gzip.compress,
    "submission.zip": lambda data: write_zip(data, TASK),
}


@given(ROWS, st.sampled_from(list(PACK)))
def test_any_text_comes_back_as_it_was(folder: Path, rows: dict[str, dict[str, str]], name: str) -> None:
    data = write_csv(rows, TASK)
    (folder / name).write_bytes(PACK[name](data))
    assert read_submission(folder / name, TASK).rows == rows
    others = csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True)
    assert {r.pop("hadm_id"): r for r in others} == rows


@given(st.text(st.characters(categories=["Cs", "Cc", "L", "So"])))
def test_what_no_csv_can_hold_is_cleaned(folder: Path, text: str) -> None:
    path = folder / "cleaned.csv"
    path.write_bytes(write_csv({"1": row(text)}, TASK))
    read = read_submission(path, TASK).rows["1"][BHC]
    assert "\0" not in read
    assert read.encode("utf-16", "surrogatepass").decode("utf-16") == read
    assert write_csv({"1": row(read)}, TASK) == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "read"),
    [("a\0b", "ab"), ("\ud83d\ude00", "😀"), ("a\ud83db", "a\ufffdb"), ("\ude00\ud83d", "\ufffd\ufffd"), ("\0", "")],
)
def test_how_it_is_cleaned(text: str, read: str) -> None:
    assert write_csv({"1": row(text, "x")}, TASK).decode() == f"{HEADER}1,{read},x\n"


# --------------------------------------------------------------------------- reading others' files


def test_another_hand_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "theirs.CSV"
    path.write_bytes(
        "\ufeffextra,discharge_instructions,hadm_id,brief_hospital_course\r\n"
        "1,NA,20002.0,None\r\n"
        "\r\n"
        '2, null ," 20001 ","""quoted"", two\r\nlines"\r\n'
        "3,,7\r\n".encode()
    )
    submission = read_submission(path, TASK)
    assert submission.task == "discharge-me"
    assert list(submission.rows.items()) == [
        ("20002", row("None", "NA")),
        ("20001", row('"quoted", two\r\nlines', " null ")),
        ("7", row("", "")),
    ]


def test_a_file_that_cannot_be_read_says_every_reason(tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(b"hadm_id,Brief_hospital_course\n1,a,b\n1,b\nfever,c\n2,\xff\n")
    with pytest.raises(SubmissionError) as error:
        read_submission(path, TASK)
    assert str(error.value) == (
        "this is no submission for discharge-me:\n"
        "  broken.csv: bytes that are not UTF-8 (1): line 5\n"
        "  broken.csv: column 'brief_hospital_course' is missing: column 2 differs in case or spaces\n"
        "  broken.csv: column 'discharge_instructions' is missing\n"
        "  broken.csv: rows with more cells than the 2 of the header (1): line 2\n"
        "  broken.csv: ids that are there twice (1): 1 (lines 2 and 3)\n"
        "  -> mend the file; `harness validate` lists all that it checks"
    )


def test_ids_of_a_task_need_not_be_integers(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_bytes(write_csv({"D2N002": row(), "D2N001": row()}, TASK))
    assert list(read_submission(path, TASK).rows) == ["D2N001", "D2N002"]
