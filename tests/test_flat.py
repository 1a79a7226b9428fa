"""What a command holds of a stay: its id and where its texts lie, and none of them. What is prepared once, is kept."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

import harness.cases
from harness import ModelInput
from harness.candidates import stored
from harness.cli import main
from harness.competitor import Competitor, results
from harness.files import JsonLines
from harness.plugins import Tag
from harness.run import Generated, Run, _inputs, _keys
from harness.submission import write_csv, write_zip
from harness.tasks.discharge_me import discharge_me
from harness.types import Candidate, Case, Part

TASK = discharge_me()
FEW, MANY = 30, 230
WORDS = 400
HELD = 2_500
"""Bytes that may be held of a stay: less than one text of it. Some of them are what Python keeps for later use."""

COPY = '''
from harness import ModelInput, system

@system("copy")
def copy(asked: ModelInput) -> str:
    """The whole chart."""
    return " ".join(part.text for part in asked.chart)
'''

BHC = "brief_hospital_course"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path / "workspace"))
    Path("copying.py").write_text(COPY)


def submit(data: Path, *more: str) -> int:
    return main(["submit", "copy", "--plugin", "copying.py", "--data", str(data), "--scorers", "bleu", *more])


# --------------------------------------------------------------------------- memory


def hidden_test(folder: Path, stays: int) -> Path:
    """A split without targets: a note of a kilobyte a stay."""
    rng = random.Random(0)
    (folder / "test_phase_1").mkdir(parents=True)
    with (folder / "test_phase_1" / "discharge.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime", "text"])
        for stay in range(20_000_000, 20_000_000 + stays):
            words = " ".join(str(rng.randrange(10**6)) for _ in range(WORDS))
            time = "2150-01-01 00:00:00"
            rows.writerow([stay, stay, stay, "DS", 1, time, time, f"Chief Complaint:\n{words}\n"])
    return folder


def peak(data: Path, *more: str) -> int:
    tracemalloc.start()
    try:
        assert submit(data, *more) == 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_command_holds_no_text_of_a_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    few, many = (hidden_test(tmp_path / name, stays) for name, stays in (("few", FEW), ("many", MANY)))
    for data in (few, many):
        assert submit(data, "--as", "before") == 0  # imports, the tables' index, the cases: tracing is slow
    for again in (False, True):
        held = (peak(many) - peak(few)) / (MANY - FEW)
        assert held < HELD, f"{held:.0f} bytes a stay, {'found complete' if again else 'written'}"


def test_a_run_that_fails_here_and_there_asks_for_each_input_once_more_at_most() -> None:
    asked_for: list[int] = []

    class Inputs(Sequence[ModelInput]):
        def __len__(self) -> int:
            return 100

        def __getitem__(self, at: int) -> ModelInput:  # type: ignore[override]
            if at >= 100:
                raise IndexError
            asked_for.append(at)
            return ModelInput(str(at), "g", BHC, ())

    class Moody:
        def generate(self, inputs: Sequence[ModelInput]) -> object:
            for asked in inputs:
                if int(asked.case) % 10 == 0:
                    raise LookupError
                yield Candidate(asked.case, asked.field, "text")

    found = list(results(Competitor("s", "s", None, Tag("system", "s", ()), {}, ""), Moody(), Inputs()))  # type: ignore[arg-type]
    assert len(found) == 100
    assert len(asked_for) <= 2 * 100


# --------------------------------------------------------------------------- prepared once


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The stays that were prepared since it was asked last."""
    real, seen = harness.cases.prepare, list[str]()

    def watched(stay: object, *more: object) -> object:
        seen.append(stay.id)  # type: ignore[attr-defined]
        return real(stay, *more)  # type: ignore[arg-type]

    def since() -> list[str]:
        found = [*seen]
        seen.clear()
        return found

    monkeypatch.setattr(harness.cases, "prepare", watched)
    return since


def files(name: str) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in Path("submissions").rglob(name)}


def test_what_is_asked_for_is_prepared_and_nothing_twice(ward: Path, prepared: Callable[[], list[str]]) -> None:
    assert submit(ward, "--limit", "2") == 0
    two = prepared()
    assert len(two) == 2
    assert submit(ward) == 0
    others = prepared()
    assert others
    assert not {*two} & {*others}
    before = files("prepared.jsonl"), files("submission.csv")
    assert submit(ward) == 0
    assert submit(ward, "--limit", "2") == 0
    assert prepared() == []
    assert (files("prepared.jsonl"), files("submission.csv")) == before
    assert [json.loads(line)["case"] for line in before[0]["copy-limit2"].splitlines()] == two
    assert len(before[0]["copy"].splitlines()) == 2 + len(others)


def test_what_is_kept_is_private_and_purged(ward: Path) -> None:
    submit(ward, "--limit", "2")
    (kept,) = Path("workspace").rglob("cases/*.sqlite")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert main(["purge", "--data", str(ward), "--yes"]) == 0
    assert not kept.exists()


def test_other_rules_or_another_corpus_are_prepared_anew(
    ward: Path, tmp_path: Path, prepared: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(ward, "--limit", "2")
    two = prepared()
    submit(ward, "--limit", "2", "--cut-leaks", "--as", "cut")
    assert prepared() == two
    edited = tmp_path / "edited.py"
    edited.write_bytes(Path(harness.cases.__file__).read_bytes() + b"# edited\n")
    monkeypatch.setattr(harness.cases, "__file__", str(edited))
    submit(ward, "--limit", "2")
    assert prepared() == two


def test_a_leak_is_refused_again_and_none_of_its_stay_is_kept(
    ward: Path, tmp_path: Path, prepared: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "leaking"
    shutil.copytree(ward, data)
    target = leak(data / "test_phase_1")
    refusals = []
    for _ in range(2):
        assert submit(data) == 1
        refusals.append(capsys.readouterr().err)
    assert "what systems would see of test_phase_1 still holds targets of 1 case" in refusals[0]
    assert refusals[1].splitlines()[-3:] == refusals[0].splitlines()[-3:]
    seen = prepared()
    assert len(seen) == len({*seen})
    kept = b"".join(path.read_bytes() for path in Path("workspace").rglob("cases/*.sqlite"))
    assert target.encode() not in kept


def leak(split: Path) -> str:
    """Put half a target into another section of its note; the words that are put there."""
    import gzip

    with gzip.open(split / "discharge_target.csv.gz", "rt", newline="") as file:
        target = next(csv.DictReader(file))
    words = " ".join(target[BHC].split()[:60])
    with gzip.open(split / "discharge.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["hadm_id"] == target["hadm_id"]:
            row["text"] = f"Nursing Notes:\n{words}\n \n{row['text']}"
    with gzip.open(split / "discharge.csv.gz", "wt", newline="") as file:
        table = csv.DictWriter(file, [*rows[0]])
        table.writeheader()
        table.writerows(rows)
    return words


# --------------------------------------------------------------------------- the same bytes


def test_a_zip_that_is_written_piece_by_piece_is_that_of_the_whole() -> None:
    rng = random.Random(0)
    texts = [" ".join(str(rng.randrange(10 ** rng.randrange(1, 7))) for _ in range(600)) for _ in range(400)]
    data = write_csv(
        {str(at): dict.fromkeys((f.name for f in TASK.fields), text) for at, text in enumerate(texts)}, TASK
    )
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        member = zipfile.ZipInfo("submission.csv")
        member.create_system, member.external_attr = 3, 0o100644 << 16
        archive.writestr(member, data, zipfile.ZIP_DEFLATED, 6)
    assert write_zip(data, TASK) == whole.getvalue()


def test_candidates_are_read_where_they_stand(tmp_path: Path) -> None:
    file = JsonLines(tmp_path / "candidates.jsonl")
    written = [Candidate(case, BHC, f"text {at} \ud83d é", index=at) for case in ("1", "2") for at in range(2)]
    with file.appending() as lines:
        for one in written:
            lines.append(vars(one))
    with file.path.open("ab") as torn:
        torn.write(b'{"case": "3"')
    found = stored(file)
    assert {place: [*some] for place, some in found.items()} == {("1", BHC): written[:2], ("2", BHC): written[2:]}
    assert ("3", BHC) not in found
    assert [len(some) for some in found.values()] == [2, 2]


def test_candidates_are_kept_under_the_keys_that_they_always_had() -> None:
    """Runs of many hours lie in folders: another key would have them written anew."""
    case = Case("7", "70", (Part("note", "header", "A heading", "chest pain \ud83d é"),))
    competitor = Competitor("s", "s", None, Tag("system", "s", ()), {"words": 3}, "c0de")
    run = Run(Path(), competitor, [case], TASK, 5, cast(Any, None))
    written = Generated({("7", BHC): (Candidate("7", BHC, "stayed"),)})
    keys = [key for field in TASK.fields for key in _keys(run, _inputs(run, field, written)).values()]
    assert keys == [
        "2f9104954251436997b2a7fc3b7cc695c2e1580afea3bbdf59a429742e24c0e1",
        "5eb1e18300e8cbb43f65041a0a3e65fdf28a84130e4340e019422461acb21381",
    ]
