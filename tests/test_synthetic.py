"""The synthetic ward: the same bytes, the task's schema, targets that follow from a course and are no form."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import Pair
from harness.corpora.marking import write_marking
from harness.corpora.synthetic import LATEST, LEDGER, split_sizes, synthesize
from harness.corpora.tables import open_tables
from harness.corpora.ward.course import Course, draw_course, draw_patient
from harness.corpora.ward.matcher import mask, read_facts, sentences
from harness.corpora.ward.stay import Told, tell
from harness.errors import CorpusError
from harness.prepare import prepare
from harness.tasks.discharge_me import discharge_me
from scorers.rouge import RougeScorer

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
STAYS = 500

Rows = list[dict[str, str]]


def read(folder: Path, table: str) -> Rows:
    with gzip.open(folder / f"{table}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        assert reader.fieldnames == SCHEMA[table]
        return rows


Line = dict[str, Any]


def read_ledger(folder: Path) -> list[Line]:
    with gzip.open(folder / LEDGER, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@dataclass(frozen=True)
class Ward:
    folder: Path
    splits: dict[str, dict[str, Rows]]
    ledgers: dict[str, list[Line]]
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
    return Ward(folder, splits, {split: read_ledger(folder / split) for split in SPLITS}, seconds)


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
    """The note without both targets."""
    return note["text"].replace(f"\n{target[BHC]}\n", "\n").replace(f"\n{target[DI]}\n", "\n")


# --------------------------------------------------------------------------- files


def test_same_seed_same_bytes_whatever_the_hash_seed_and_the_processes(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from harness.corpora.synthetic import synthesize; "
    for hash_seed, name, seed, processes in (("1", "a", 3, 1), ("2", "b", 3, 2), ("1", "other", 4, 1)):
        call = f"synthesize(Path(sys.argv[1]), 70, {seed}, processes={processes})"
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", code + call, str(tmp_path / name)], env=environment, check=True)
    a, b, other = (contents(tmp_path / name) for name in ("a", "b", "other"))
    assert a == b
    assert [name for name in a if a[name] == other.get(name)] == []


FROZEN = {1: "a9b38216946bf32dd92dfcfcc54e5ae510856289f51fda25dfd7f2f3edd14d39"}


@pytest.mark.parametrize("version", FROZEN)
def test_a_published_version_never_changes(tmp_path: Path, version: int) -> None:
    """Over plain bytes: compressors may differ between machines, texts may not."""
    synthesize(tmp_path / "ward", 60, seed=0, version=version)
    digest = hashlib.sha256()
    for name, data in contents(tmp_path / "ward").items():
        digest.update(name.encode() + b"\0" + (gzip.decompress(data) if name.endswith(".gz") else data))
    assert digest.hexdigest() == FROZEN[version], (
        f"the bytes of ward version {version} changed: whoever compares on it must be able to write it again, so give "
        "the change a new version in harness/corpora/synthetic.py and let the old one be"
    )


def test_an_unknown_version(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as error:
        synthesize(tmp_path / "ward", 10, seed=1, version=99)
    assert str(error.value) == "there is no version 99 of the ward\n  -> choose one of 1: --ward-version"
    assert not (tmp_path / "ward").exists()


def test_layout_and_marking(ward: Ward) -> None:
    files = {f"{split}/{table}.csv.gz" for split in SPLITS for table in SCHEMA} | {f"{s}/{LEDGER}" for s in SPLITS}
    files |= {f"{split}/ids/seen_{what}.txt" for split in SPLITS for what in ("reason", "style")}
    files |= {f"{split}/ids/unseen_{what}.txt" for split in SPLITS[2:] for what in ("reason", "style")}
    assert contents(ward.folder).keys() == files | {"corpus.toml"}
    marking = tomllib.loads((ward.folder / "corpus.toml").read_text(encoding="utf-8"))
    assert marking["name"] == "ward"
    assert marking["public"] is True
    assert marking["licence"]
    assert (marking["ward_version"], marking["seed"], marking["stays"]) == (LATEST, 7, STAYS)


def test_the_ledger_is_no_input(ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path / "workspace"))
    corpus = open_tables(ward.folder, discharge_me())
    stay = next(corpus.stays("valid"))
    assert stay.tables.keys() == {"radiology", "edstays", "triage", "diagnosis"}
    assert "belongs" not in str(stay)


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
    (tmp_path / ".unfinished" / "train").mkdir(parents=True)
    synthesize(tmp_path, 10, seed=1)
    assert contents(tmp_path) == first


@pytest.mark.parametrize("moved", range(len(SPLITS)))
def test_a_ward_that_was_torn_as_it_took_its_place_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    rename = Path.rename

    def torn(path: Path, target: Path) -> Path:
        if path.name == SPLITS[moved]:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", torn)
    with pytest.raises(KeyboardInterrupt):
        synthesize(tmp_path / "ward", 10, seed=1)
    monkeypatch.undo()
    assert sorted(one.name for one in (tmp_path / "ward").iterdir() if one.is_dir()) == [
        ".unfinished",
        *sorted(SPLITS[:moved]),
    ]
    synthesize(tmp_path / "ward", 10, seed=1)
    synthesize(tmp_path / "whole", 10, seed=1)
    assert contents(tmp_path / "ward") == contents(tmp_path / "whole")


@pytest.mark.parametrize("interrupted", [False, True])
def test_something_else_is_never_written_over(tmp_path: Path, interrupted: bool) -> None:
    """Nor where a ward was begun before it came: what an interrupted one leaves is hidden."""
    out = tmp_path / "ward"
    (out / "train").mkdir(parents=True)
    if interrupted:
        (out / ".unfinished" / "train").mkdir(parents=True)
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


def test_a_public_corpus_that_is_called_ward_too_is_not_written_over(tmp_path: Path) -> None:
    write_marking(tmp_path, "ward", "CC BY 4.0, our demo notes")
    (tmp_path / "valid").mkdir()
    (tmp_path / "valid" / "discharge.csv").write_text("our own notes")
    before = contents(tmp_path)
    with pytest.raises(CorpusError) as error:
        synthesize(tmp_path, 10, seed=1)
    assert str(error.value) == (
        f"{tmp_path} holds something that is not a synthetic ward\n  -> give a folder that is new or empty"
    )
    assert contents(tmp_path) == before


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
    assert split_sizes(64)["test_phase_1"] >= 8


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


def test_stays_of_a_subject_follow_each_other_and_some_years_apart(ward: Ward) -> None:
    leaving: dict[str, list[tuple[str, str]]] = defaultdict(list)
    arrived = {row["hadm_id"]: row["intime"] for row in reversed(ward.rows("edstays"))}
    for note in ward.rows("discharge"):
        leaving[note["subject_id"]].append((arrived[note["hadm_id"]], note["charttime"]))
    years = []
    for periods in leaving.values():
        moments = list(chain(*periods))
        assert moments == sorted(moments)
        years += [int(after[0][:4]) - int(before[0][:4]) for before, after in pairwise(periods)]
    assert max(years) >= 3


def test_ed_visits(ward: Ward) -> None:
    visits = Counter(Counter(row["hadm_id"] for row in ward.rows("edstays")).values())
    assert max(visits) in (2, 3, 4)
    assert 0 < visits[2] < visits[1] / 8
    diagnoses = Counter(row["stay_id"] for row in ward.rows("diagnosis"))
    assert min(diagnoses.values()) >= 1
    for row in ward.rows("diagnosis"):
        assert re.fullmatch(r"[A-Z]\d[0-9A-Z]{1,5}", row["icd_code"])
        assert row["icd_title"] == row["icd_title"].upper()


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


# --------------------------------------------------------------------------- notes and targets


def test_targets_stand_verbatim_and_once(ward: Ward) -> None:
    for note, target, _ in ward.stays():
        assert note["note_id"] == target["note_id"]
        for field in (BHC, DI):
            assert f"\n{target[field]}\n" in note["text"]
            if len(target[field].split()) > 1:
                assert note["text"].count(target[field]) == 1
            assert target[f"{field}_word_count"] == str(len(target[field].split()))
        assert not re.search(r"[{}|\[\]]", note["text"].replace("[ ]", ""))
        assert note["text"].isascii()


def test_houses_have_headings_of_their_own(ward: Ward) -> None:
    headings = Counter(
        line
        for note in ward.rows("discharge")
        for line in re.findall(r"^.*hospital.*:(?= *$)", note["text"], re.M | re.I)
    )
    assert len([heading for heading, count in headings.items() if count > STAYS / 20]) >= 6
    before = {
        note["text"].lower().index("medications on admission:") < note["text"].index(target[BHC])
        for note, target, _ in ward.stays()
        if "medications on admission:" in note["text"].lower()
    }
    assert before == {True, False}


def test_the_task_finds_the_targets(ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the targets known, and as in a hidden test, by their headings."""
    monkeypatch.setenv("HARNESS_WORKSPACE", str(tmp_path / "workspace"))
    task = discharge_me()
    for stay in open_tables(ward.folder, task).stays("test_phase_2"):
        assert {leak.status for leak in prepare(stay, task).leaks} == {"clean"}
        assert stay.targets is not None
        hidden = prepare(replace(stay, targets=None), task)
        assert {leak.status for leak in hidden.leaks} == {"unproven"}
        chart = words(" ".join(part.text for part in hidden.case.parts))
        for text in stay.targets.values():
            assert longest_run(words(text), chart) < 25


def test_lengths(ward: Ward) -> None:
    notes = [len(note["text"].split()) for note in ward.rows("discharge")]
    assert 350 <= min(notes) < 600
    assert 2000 < max(notes) <= 4200
    for field, middle in ((BHC, (150, 250)), (DI, (100, 180))):
        counts = [count for row in ward.rows("discharge_target") if (count := int(row[f"{field}_word_count"])) > 1]
        assert middle[0] <= statistics.median(counts) <= middle[1]
        assert min(counts) < 45
        assert max(counts) > 300


def awkward(rows: Rows) -> list[str]:
    return [row[field] for row in rows for field in (BHC, DI) if len(row[field].split()) == 1]


def test_awkward_targets_are_rare(ward: Ward) -> None:
    found = awkward(ward.rows("discharge_target"))
    assert 0.01 <= len(found) / (2 * STAYS) <= 0.02
    assert 0 < found.count("NA") < len(found)


@pytest.mark.parametrize("seed", range(2))
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
    for note, target, reports in ward.stays():
        rest = words(" ".join((rest_of(note, target), *(report["text"] for report in reports))))
        for field in (BHC, DI):
            if len(target[field].split()) > 1:
                assert longest_run(words(target[field]), rest) <= 20  # the task stops at 25


def test_longest_run() -> None:
    assert longest_run(words("the cat sat on the mat"), words("a cat sat on a mat, on the mat")) == 3
    assert longest_run(words("one"), words("two")) == 0


# --------------------------------------------------------------------------- the ledger


def lines(ward: Ward, *splits: str) -> list[Line]:
    return [line for split in splits or SPLITS for line in ward.ledgers[split]]


def test_the_ledger_has_a_line_a_stay_in_the_order_of_the_notes(ward: Ward) -> None:
    for split in SPLITS:
        assert [line["hadm_id"] for line in ward.ledgers[split]] == [
            note["hadm_id"] for note in ward.splits[split]["discharge"]
        ]
    kinds = Counter(fact["kind"] for line in lines(ward) for fact in line["facts"])
    assert len(kinds) >= 20
    critical = {fact["critical"] for line in lines(ward) for fact in line["facts"]}
    assert critical >= {"", "allergy", "dose", "new drug", "stopped drug", "held drug", "pending result", "follow-up"}
    for line in lines(ward):
        for number, fact in enumerate(line["facts"]):
            assert fact["id"] == number
            assert {*fact["belongs"]} <= {*fact["stated"]}
            if fact["superseded_by"] is not None:
                assert line["facts"][fact["superseded_by"]]["key"] != fact["key"]
    assert any(fact["superseded_by"] is not None for line in lines(ward) for fact in line["facts"])


def told_stays(count: int, split: str) -> list[tuple[Course, Told]]:
    test = split.startswith("test")
    stays = []
    for number in range(count):
        patient = draw_patient(11, number, 1, test)
        course = draw_course(11, number, patient, 0, test)
        stays.append((course, tell(11, course, split, {})))
    return stays


@pytest.mark.parametrize("split", ["train", "test_phase_1"])
def test_every_fact_is_found_where_it_is_said_to_stand_and_nowhere_else(split: str) -> None:
    for course, told in told_stays(75, split):
        own = course.facts.keys()
        assert told.keys.keys() - {"header"} == told.texts.keys() - {"header"}
        for place, text in told.texts.items():
            heading = "Allergies:\n" if place == "allergies" else ""
            assert read_facts(heading + text) & own == own & {*told.keys[place]}, (course.id, place)


def test_the_ledger_agrees_with_the_files(ward: Ward) -> None:
    for (note, target, reports), line in zip(ward.stays(), lines(ward), strict=True):
        assert note["hadm_id"] == line["hadm_id"]
        texts = {BHC: target[BHC], DI: target[DI]}
        texts |= {f"radiology:{number}": report["text"] for number, report in enumerate(reports, 1)}
        texts |= {f"again:{field}": line["again"][field] for field in (BHC, DI)}
        own = {fact["key"] for fact in line["facts"]}
        for place, text in texts.items():
            stated = {fact["key"] for fact in line["facts"] if place in fact["stated"]}
            assert read_facts(text) & own == stated, (note["hadm_id"], place)


def test_some_facts_of_a_target_stand_nowhere_else(ward: Ward) -> None:
    for field in (BHC, DI):
        alone = belonging = 0
        for line in lines(ward):
            for fact in line["facts"]:
                if field in fact["belongs"]:
                    belonging += 1
                    alone += all(place.endswith((BHC, DI)) for place in fact["stated"])
        assert 0.10 < alone / belonging < 0.25


def test_a_fact_that_is_read_belongs_to_its_stay_alone(ward: Ward) -> None:
    """Another stay's target states other facts: what a scorer of facts must tell apart."""
    texts = [row[BHC] for row in ward.splits["valid"]["discharge_target"]]
    shares = []
    for line, other in zip(ward.ledgers["valid"], texts[1:], strict=False):
        wanted = {fact["key"] for fact in line["facts"] if BHC in fact["belongs"]}
        if wanted:
            shares.append(len(read_facts(other) & wanted) / len(wanted))
    assert statistics.mean(shares) < 0.15


# --------------------------------------------------------------------------- splits that test


def test_courses_of_the_test_splits_are_unlike_those_of_train(ward: Ward) -> None:
    def pairs(*splits: str) -> set[tuple[str, str]]:
        return {
            (line["reason"], complication) for line in lines(ward, *splits) for complication in line["complications"]
        }

    assert len(pairs("test_phase_1", "test_phase_2")) > 50
    assert not pairs("train", "valid") & pairs("test_phase_1", "test_phase_2")
    courses = [frozenset(fact["key"] for fact in line["facts"]) for line in lines(ward)]
    assert len(courses) == len({*courses})


def test_no_sentence_that_bears_facts_is_in_two_splits(ward: Ward) -> None:
    of_split = {
        split: {
            " ".join(words(sentence))
            for row in ward.splits[split]["discharge_target"]
            for field in (BHC, DI)
            for sentence in sentences(row[field])
            if read_facts(sentence)
        }
        for split in SPLITS
    }
    assert all(len(found) > 500 for found in of_split.values())
    assert sum(map(len, of_split.values())) == len(set().union(*of_split.values()))


def test_what_train_does_not_know_is_marked(ward: Ward) -> None:
    assert len({line["reason"] for line in lines(ward)}) >= 25
    assert len({line["style"] for line in lines(ward, "train")}) >= 12
    assert len({line["house"] for line in lines(ward)}) >= 6
    assert {line["register"] for line in lines(ward)} == {"letter", "leaflet"}
    for what in ("reason", "style"):
        known = {line[what] for line in lines(ward, "train", "valid")}
        unseen = {line[what] for line in lines(ward) if line[f"unseen_{what}"]}
        assert len(unseen) in (3, 4)
        assert not known & unseen
        for split in SPLITS[2:]:
            listed = (ward.folder / split / "ids" / f"unseen_{what}.txt").read_text().split()
            assert listed == [line["hadm_id"] for line in ward.ledgers[split] if line[f"unseen_{what}"]]
            others = (ward.folder / split / "ids" / f"seen_{what}.txt").read_text().split()
            assert len(listed) + len(others) == len(ward.ledgers[split])


# --------------------------------------------------------------------------- no form


@pytest.fixture(scope="module")
def rouge() -> RougeScorer:
    return RougeScorer(("rouge1", "rouge2", "rougel"), english=True, stemmed=True)


def whole(rows: Rows, field: str) -> list[str]:
    return [row[field] for row in rows if len(row[field].split()) > 1]


@pytest.mark.parametrize(("field", "low", "high"), [(BHC, 0.11, 0.17), (DI, 0.07, 0.13)])
def test_a_random_train_target_scores_as_on_real_sets(
    ward: Ward, rouge: RougeScorer, field: str, low: float, high: float
) -> None:
    """0.14 and 0.10 are the means over pairs of real summaries; 0.03 either way are allowed."""
    train, test = (whole(ward.splits[split]["discharge_target"], field) for split in ("train", "test_phase_1"))
    pairs = [
        Pair("", "", field, text, train[(7 * at + 13 * k) % len(train)])
        for at, text in enumerate(test)
        for k in range(8)
    ]
    assert low < rouge.measure(pairs).mean() < high


@pytest.mark.parametrize("field", [BHC, DI])
def test_the_second_wording_is_far_above_any_copy_of_the_note(ward: Ward, rouge: RougeScorer, field: str) -> None:
    """ROUGE-L of two wordings, and of the best of all windows of the note that are as long as the target."""
    again, copied = [], []
    notes = {note["hadm_id"]: (note, target) for note, target, _ in ward.stays()}
    for line in [*ward.ledgers["test_phase_1"], *ward.ledgers["test_phase_2"]][:60]:
        note, target = notes[line["hadm_id"]]
        if len(target[field].split()) > 1:
            again.append(Pair("", "", field, target[field], line["again"][field]))
            rest, length = rest_of(note, target).split(), len(target[field].split())
            windows = [" ".join(rest[at : at + length]) for at in range(0, max(1, len(rest) - length + 1), 20)]
            copied.append(max(rouge.measure([Pair("", "", field, target[field], w) for w in windows])[:, 2]))
    mean = rouge.measure(again)[:, 2].mean()
    assert 0.45 < mean < 0.75
    assert statistics.mean(copied) < mean - 0.2


def test_no_skeleton_of_a_sentence_is_common(ward: Ward) -> None:
    found = Counter(
        mask(sentence)
        for row in ward.rows("discharge_target")
        for field in (BHC, DI)
        for sentence in sentences(row[field])
    )
    assert found.total() > 8000
    assert found.most_common(1)[0][1] < 0.02 * found.total()
