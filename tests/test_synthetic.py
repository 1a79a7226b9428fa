"""The synthetic ward: the same bytes, the task's schema, targets that follow from the chart and do not leak."""

from __future__ import annotations

import csv
import gzip
import os
import re
import statistics
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.corpora.synthetic import split_sizes, synthesize
from harness.errors import CorpusError

SPLITS = ("train", "valid", "test_phase_1", "test_phase_2")
BHC, DI = "brief_hospital_course", "discharge_instructions"
NOTE = ["note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime", "text"]
SCHEMA = {
    "discharge": NOTE,
    "discharge_target": ["note_id", "hadm_id", DI, BHC, f"{DI}_word_count", f"{BHC}_word_count"],
    "radiology": NOTE,
    "edstays": [
        "subject_id",
        "hadm_id",
        "stay_id",
        "intime",
        "outtime",
        "gender",
        "race",
        "arrival_transport",
        "disposition",
    ],
    "triage": [
        "subject_id",
        "stay_id",
        "temperature",
        "heartrate",
        "resprate",
        "o2sat",
        "sbp",
        "dbp",
        "pain",
        "acuity",
        "chiefcomplaint",
    ],
    "diagnosis": ["subject_id", "stay_id", "seq_num", "icd_code", "icd_version", "icd_title"],
}
HEADINGS = (
    "Name:",
    "Admission Date:",
    "Date of Birth:",
    "Service:",
    "Allergies:",
    "Attending:",
    "Chief Complaint:",
    "Major Surgical or Invasive Procedure:",
    "History of Present Illness:",
    "Past Medical History:",
    "Social History:",
    "Family History:",
    "Physical Exam:",
    "Pertinent Results:",
    "Brief Hospital Course:",
    "Medications on Admission:",
    "Discharge Medications:",
    "Discharge Disposition:",
    "Discharge Diagnosis:",
    "Discharge Condition:",
    "Discharge Instructions:",
    "Followup Instructions:",
)
STAYS = 500

Rows = list[dict[str, str]]


def read(folder: Path, table: str) -> Rows:
    with gzip.open(folder / f"{table}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        assert reader.fieldnames == SCHEMA[table]
        return rows


@dataclass(frozen=True)
class Ward:
    folder: Path
    splits: dict[str, dict[str, Rows]]
    seconds: float

    def rows(self, table: str) -> Rows:
        return [row for split in SPLITS for row in self.splits[split][table]]

    def stays(self) -> list[tuple[dict[str, str], dict[str, str], Rows]]:
        """(note, targets, reports) of every stay."""
        targets, reports = {row["hadm_id"]: row for row in self.rows("discharge_target")}, defaultdict(list)
        for report in self.rows("radiology"):
            reports[report["hadm_id"]].append(report)
        return [(note, targets[note["hadm_id"]], reports[note["hadm_id"]]) for note in self.rows("discharge")]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    folder = tmp_path_factory.mktemp("ward")
    begin = time.process_time()
    sizes = synthesize(folder, STAYS, seed=7)
    seconds = time.process_time() - begin
    splits = {split: {table: read(folder / split, table) for table in SCHEMA} for split in SPLITS}
    assert {split: len(tables["discharge"]) for split, tables in splits.items()} == sizes
    return Ward(folder, splits, seconds)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def longest_run(target: list[str], text: list[str]) -> int:
    """Length of the longest run of words that both hold."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(text):
        places[word].append(at)
    longest, before = 0, dict[int, int]()
    for word in target:
        before = {at: before.get(at - 1, 0) + 1 for at in places[word]}
        longest = max(longest, *before.values(), 0)
    return longest


def rest_of(note: dict[str, str], target: dict[str, str]) -> str:
    """The note without both target sections."""
    text = note["text"].replace(f"\nBrief Hospital Course:\n{target[BHC]}\n", "\n")
    return text.replace(f"\nDischarge Instructions:\n{target[DI]}\n", "\n")


# --------------------------------------------------------------------------- files


def test_same_seed_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from harness.corpora.synthetic import synthesize; "
    for hash_seed, name, seed in (("1", "a", 3), ("2", "b", 3), ("1", "other", 4)):
        call = f"synthesize(Path(sys.argv[1]), 70, {seed})"
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", code + call, str(tmp_path / name)], env=environment, check=True)
    a, b, other = (contents(tmp_path / name) for name in ("a", "b", "other"))
    assert a == b
    assert a.keys() == other.keys()
    assert [name for name in a if a[name] == other[name]] == ["corpus.toml"]


def test_layout_and_marking(ward: Ward) -> None:
    files = {f"{split}/{table}.csv.gz" for split in SPLITS for table in SCHEMA}
    assert contents(ward.folder).keys() == files | {"corpus.toml"}
    marking = tomllib.loads((ward.folder / "corpus.toml").read_text(encoding="utf-8"))
    assert marking["name"] == "ward"
    assert marking["public"] is True
    assert marking["licence"]


def test_gzip_headers_hold_no_time_and_no_name(ward: Ward) -> None:
    for path in ward.folder.rglob("*.gz"):
        header = path.read_bytes()[:10]
        assert header[3] == 0, path  # no flags: no name, no comment
        assert header[4:8] == bytes(4), path


def test_speed(ward: Ward) -> None:
    assert ward.seconds < STAYS / 100, f"{STAYS / ward.seconds:.0f} stays a second"


def test_an_earlier_ward_is_replaced_and_a_torn_one_too(tmp_path: Path) -> None:
    synthesize(tmp_path, 10, seed=1)
    first = contents(tmp_path)
    synthesize(tmp_path, 10, seed=2)
    assert contents(tmp_path) != first
    (tmp_path / "corpus.toml").unlink()
    (tmp_path / ".unfinished" / "train").mkdir(parents=True)
    synthesize(tmp_path, 10, seed=1)
    assert contents(tmp_path) == first


def test_something_else_is_never_written_over(tmp_path: Path) -> None:
    out = tmp_path / "ward"
    (out / "train").mkdir(parents=True)
    release = out / "train" / "discharge.csv.gz"
    release.write_bytes(b"a real release")
    with pytest.raises(CorpusError) as error:
        synthesize(out, 10, seed=1)
    assert str(error.value) == (
        f"{out} holds something that is not a synthetic ward\n  -> give a folder that is new or empty"
    )
    assert contents(out) == {"train/discharge.csv.gz": b"a real release"}
    with pytest.raises(CorpusError, match="is a file"):
        synthesize(release, 10, seed=1)
    with pytest.raises(CorpusError, match=r"cannot be written: Not a directory\n  -> give another folder"):
        synthesize(release / "ward", 10, seed=1)


def test_too_few_stays(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as error:
        synthesize(tmp_path / "ward", 9, seed=1)
    assert str(error.value) == "9 stays cannot fill the 4 splits of the task\n  -> ask for at least 10 stays"
    assert not (tmp_path / "ward").exists()


@given(st.integers(10, 200_000))
def test_split_sizes_are_near_the_official_shares(stays: int) -> None:
    sizes = split_sizes(stays)
    assert list(sizes) == list(SPLITS)
    assert sum(sizes.values()) == stays
    for size, share in zip(sizes.values(), (0.63, 0.135, 0.135, 0.1), strict=True):
        assert size >= 1
        assert abs(size - stays * share) < 1


def test_the_default_ward_has_enough_to_score() -> None:
    assert split_sizes(96)["test_phase_1"] >= 12


# --------------------------------------------------------------------------- tables


def test_ids(ward: Ward) -> None:
    for table, key in (("discharge", "hadm_id"), ("edstays", "stay_id"), ("radiology", "note_id")):
        ids = [row[key] for row in ward.rows(table)]
        assert len(ids) == len({*ids}), table
    stays = [row["hadm_id"] for row in ward.rows("discharge")]
    assert stays == [row["hadm_id"] for row in ward.rows("discharge_target")]
    assert stays != sorted(stays)
    visits = {row["stay_id"]: row["subject_id"] for row in ward.rows("edstays")}
    for table in ("triage", "diagnosis"):
        assert {row["stay_id"]: row["subject_id"] for row in ward.rows(table)} == visits


def test_splits_share_no_subject_and_some_come_back(ward: Ward) -> None:
    subjects = [{row["subject_id"] for row in ward.splits[split]["discharge"]} for split in SPLITS]
    assert len(set().union(*subjects)) == sum(map(len, subjects))
    stays = Counter(Counter(row["subject_id"] for row in ward.rows("discharge")).values())
    assert stays.keys() == {1, 2, 3}
    assert stays[2] > stays[3]


def test_stays_of_a_subject_follow_each_other(ward: Ward) -> None:
    leaving: dict[str, list[tuple[str, str]]] = defaultdict(list)
    arrived = {row["hadm_id"]: row["intime"] for row in ward.rows("edstays")}
    for note in ward.rows("discharge"):
        leaving[note["subject_id"]].append((arrived[note["hadm_id"]], note["charttime"]))
    for periods in leaving.values():
        moments = list(chain(*periods))
        assert moments == sorted(moments)


def test_ed_visits(ward: Ward) -> None:
    visits = Counter(Counter(row["hadm_id"] for row in ward.rows("edstays")).values())
    assert visits.keys() == {1, 2}
    assert visits[2] < visits[1] / 8
    diagnoses = Counter(row["stay_id"] for row in ward.rows("diagnosis"))
    assert min(diagnoses.values()) >= 1
    for row in ward.rows("diagnosis"):
        assert re.fullmatch(r"[A-Z]\d[0-9A-Z]{1,5}", row["icd_code"])
        assert row["icd_title"] == row["icd_title"].upper()
        assert "{" not in row["icd_title"]


def test_radiology(ward: Ward) -> None:
    counts, unusable = [], 0
    for note, _, reports in ward.stays():
        counts.append(len(reports))
        usable = [report for report in reports if report["charttime"] < note["charttime"]]
        assert usable
        late = [report for report in reports if report not in usable]
        assert all(report["charttime"] > note["storetime"] for report in late)
        unusable += len(late)
        for report in reports:
            datetime.fromisoformat(report["charttime"])
            found = re.findall(r"^([A-Z]+):", report["text"], flags=re.M)
            assert [name for name in found if name != "TECHNIQUE"] == [
                *("EXAMINATION", "INDICATION", "COMPARISON", "FINDINGS", "IMPRESSION")
            ]
    assert min(counts) == 1
    assert max(counts) == 10
    assert 3.2 < statistics.mean(counts) < 4.2
    assert 0.02 * STAYS < unusable < 0.1 * STAYS


def test_what_is_known_after_the_note_is_not_in_it(ward: Ward) -> None:
    def impression(report: dict[str, str]) -> str:
        return " ".join(words(report["text"].split("IMPRESSION:")[1]))

    late = 0
    for note, target, reports in ward.stays():
        before = {impression(r) for r in reports if r["charttime"] < note["charttime"]}
        for report in reports:
            told = impression(report) in " ".join(words(rest_of(note, target)))
            if report["charttime"] < note["charttime"]:
                assert told
            elif impression(report) not in before:
                late += 1
                assert not told
    assert late > 5


# --------------------------------------------------------------------------- notes and targets


def test_headings_stand_once_and_in_order(ward: Ward) -> None:
    for note in ward.rows("discharge"):
        places = [[m.start() for m in re.finditer(f"^{re.escape(h)}", note["text"], flags=re.M)] for h in HEADINGS]
        assert all(len(found) == 1 for found in places)
        assert places == sorted(places)
        assert not re.search(r"[{}|\[\]]", note["text"])


def test_targets_stand_verbatim_and_once_under_their_headings(ward: Ward) -> None:
    for note, target, _ in ward.stays():
        assert note["note_id"] == target["note_id"]
        for field, heading, following in (
            (BHC, "Brief Hospital Course:", "Medications on Admission:"),
            (DI, "Discharge Instructions:", "Followup Instructions:"),
        ):
            assert note["text"].count(f"\n{heading}\n{target[field]}\n \n{following}\n") == 1
            if len(target[field].split()) > 1:
                assert note["text"].count(target[field]) == 1
            assert target[f"{field}_word_count"] == str(len(target[field].split()))


def test_lengths(ward: Ward) -> None:
    notes = [len(note["text"].split()) for note in ward.rows("discharge")]
    assert min(notes) >= 600
    assert max(notes) <= 1500
    for field, low, middle, high in ((BHC, 90, (160, 200), 300), (DI, 80, (130, 170), 240)):
        counts = [count for row in ward.rows("discharge_target") if (count := int(row[f"{field}_word_count"])) > 1]
        assert min(counts) >= low
        assert middle[0] <= statistics.median(counts) <= middle[1]
        assert max(counts) <= high


def test_a_dozen_reasons_and_more(ward: Ward) -> None:
    primary = re.compile(r"^Primary(?: diagnosis)?:\n(.+)$", flags=re.M | re.I)
    named = [primary.findall(note["text"]) for note in ward.rows("discharge")]
    reasons = Counter(re.sub("left |right ", "", title.lower()) for [title] in named)
    assert len(reasons) >= 12
    assert max(reasons.values()) < STAYS / 6


def awkward(rows: Rows) -> list[str]:
    return [row[field] for row in rows for field in (BHC, DI) if len(row[field].split()) == 1]


def test_awkward_targets_are_rare(ward: Ward) -> None:
    found = awkward(ward.rows("discharge_target"))
    assert 0.01 <= len(found) / (2 * STAYS) <= 0.02
    assert 0 < found.count("NA") < len(found)


@pytest.mark.parametrize("seed", range(4))
def test_sixty_stays_have_one_of_each_and_fewer_have_none(tmp_path: Path, seed: int) -> None:
    for stays in (59, 60):
        synthesize(tmp_path / str(stays), stays, seed)
    few, enough = (
        awkward([row for split in SPLITS for row in read(tmp_path / name / split, "discharge_target")])
        for name in ("59", "60")
    )
    assert few == []
    assert len(enough) == 2
    assert enough.count("NA") == 1


def test_no_target_leaks_through_the_rest_of_the_chart(ward: Ward) -> None:
    worst = Counter[str]()
    for note, target, reports in ward.stays():
        rest = words(" ".join((rest_of(note, target), *(report["text"] for report in reports))))
        for field in (BHC, DI):
            if len(target[field].split()) > 1:
                own = words(target[field])
                run = longest_run(own, rest)
                assert run < len(own) / 4
                worst[field] = max(worst[field], run)
    assert worst[BHC] <= 16
    assert worst[DI] <= 12


def test_longest_run() -> None:
    assert longest_run(words("the cat sat on the mat"), words("a cat sat on a mat, on the mat")) == 3
    assert longest_run(words("one"), words("two")) == 0


def test_no_target_is_another_ones_copy(ward: Ward) -> None:
    """Of a target's runs of 8 words, the most similar other target holds no more than these shares."""
    for field, usual, most in ((BHC, 0.25, 0.45), (DI, 0.4, 0.6)):
        texts = [row[field] for row in ward.rows("discharge_target") if len(row[field].split()) > 1]
        assert len(texts) == len({*texts})
        shares = shares_of_the_nearest([words(text) for text in texts], 8)
        assert statistics.median(shares) < usual
        assert max(shares) < most


def shares_of_the_nearest(texts: list[list[str]], length: int) -> list[float]:
    runs = [{tuple(text[at : at + length]) for at in range(len(text) - length + 1)} for text in texts]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, found in enumerate(runs):
        for run in found:
            holders[run].append(number)
    shares = []
    for number, found in enumerate(runs):
        shared = Counter(other for run in found for other in holders[run] if other != number)
        shares.append(max(shared.values(), default=0) / len(found))
    return shares


def test_the_hospital_course_follows_from_the_chart(ward: Ward) -> None:
    """What was measured and prescribed in the course stands elsewhere in the chart, too."""
    measured = 0
    for note, target, reports in ward.stays():
        rest = " ".join((rest_of(note, target), *(report["text"] for report in reports)))
        for number in re.findall(r"(?<![\d.])\d+\.\d+", target[BHC]):
            measured += 1
            assert number in rest
        drugs = re.search(r"(?:New medications|Started|NEW MEDS): ([^-;]+)", target[BHC])
        discharged = " ".join(
            note["text"].split("Discharge Medications:")[1].split("Discharge Disposition:")[0].split()
        )
        for drug in re.split(r",| and ", drugs[1]) if drugs else ():
            name = drug.split()[0]
            assert name in discharged.lower()
    assert measured > 2 * STAYS


def test_what_is_stopped_is_not_prescribed_and_the_patient_is_told(ward: Ward) -> None:
    told = 0
    for note, target, _ in ward.stays():
        stop = re.search(r"(?:Do not take|Stop taking) ([a-z]+)\b.{0,80}? until", " ".join(target[DI].split()))
        if stop:
            told += 1
            home, discharged = (
                note["text"].split(heading)[1].split("\n \n")[0].lower()
                for heading in ("Medications on Admission:\n", "Discharge Medications:\n")
            )
            assert stop[1] in home
            assert stop[1] not in re.sub(r"rx \*.*", "", discharged)
    assert told > 20
