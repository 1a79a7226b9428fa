"""The second shared task: its reader, what a transcript is to prepare, its divisions, and its numbers."""

from __future__ import annotations

import csv
import gzip
import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import replicate
from harness.cli import main
from harness.corpora import open_corpus
from harness.corpora.encounters import open_encounters
from harness.errors import CorpusError
from harness.leaks import refuse_leaks
from harness.prepare import arrange, model_input, prepare
from harness.scorecard import read_card, read_part_stats, read_stats
from harness.tasks.dialogue_note import dialogue_note, divide
from harness.types import Corpus, Field, RawStay
from systems._prompting import Template
from tests.conftest import SHARED, needs_shared

TASK = dialogue_note()
ACI, RUNS = SHARED / "data" / "aci-bench", SHARED / "data" / "aci-bench-runs"

NOTES = {
    "train": ("CHIEF COMPLAINT\n\nCough.\n\nEXAM\n\nThe lungs are clear.\n\nPLAN\n\nHoney.",) * 3,
    "test1": (
        "CHIEF COMPLAINT\n\nBack pain since Monday.\n\nPHYSICAL EXAM\n\nTender at L4.\n\nASSESSMENT AND PLAN\n\nRest.",
        "CC: Fever.\nRESULTS\nThe strep test is positive.\nPLAN\nPenicillin for ten days.",
    ),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_WORKSPACE", raising=False)
    return tmp_path


def table(*rows: tuple[str, ...], header: str = "dataset,encounter_id,dialogue,note") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header.split(","), *rows])
    return text.getvalue()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three visits to learn from and two to write the note of."""
    folder = tmp_path / "visits"
    folder.mkdir()
    for split, notes in NOTES.items():
        said = [f"[doctor] what brings you in ?\n[patient] number {at} , doctor ." for at in range(len(notes))]
        rows = [("a", f"{split}-{at}", said[at], note) for at, note in enumerate(notes)]
        (folder / f"clinic_{split}.csv").write_text(table(*rows))
    return folder


def test_the_task_is_the_one_that_is_registered() -> None:
    assert [field.name for field in TASK.fields] == ["note"]
    assert [part.name for part in TASK.parts] == [
        "subjective",
        "objective_exam",
        "objective_results",
        "assessment_and_plan",
    ]


# --------------------------------------------------------------------------- the reader


def test_a_file_is_a_split_by_the_end_of_its_name(data: Path) -> None:
    shutil.copy(data / "clinic_test1.csv", data / "valid_metadata.csv")
    corpus: Corpus = open_encounters(data, TASK)
    assert corpus.splits() == ("train", "test1")
    assert corpus.ids("test1") == ("test1-0", "test1-1")
    assert corpus.groups("test1") == {"test1-0": "test1-0", "test1-1": "test1-1"}
    assert (corpus.name, corpus.restricted, corpus.has_targets("test1")) == ("visits", True, True)
    (second,) = corpus.stays("test1", ["test1-1"])
    assert second.document.startswith("[doctor] what brings you in ?")
    assert second.targets == {"note": NOTES["test1"][1]}
    assert second.tables == {}


def test_a_packed_file_is_the_same_corpus(data: Path) -> None:
    plain = open_encounters(data, TASK).digest("test1")
    file = data / "clinic_test1.csv"
    (data / "test1.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()
    assert open_encounters(data, TASK).digest("test1") == plain
    assert open_encounters(data, TASK).digest("train") != plain


def test_a_test_without_notes_is_hidden(data: Path) -> None:
    (data / "test2.csv").write_text(table(("x1", "hi"), ("x2", " "), header="encounter_id,dialogue"))
    corpus = open_encounters(data, TASK)
    assert not corpus.has_targets("test2")
    assert [stay.targets for stay in corpus.stays("test2")] == [None, None]
    assert corpus.warnings("test2") == {"encounters without a dialogue": 1}


def says(error: CorpusError, *parts: str) -> None:
    for part in parts:
        assert part in str(error), str(error)


def test_what_is_wrong_with_the_files_is_said(data: Path) -> None:
    file = data / "clinic_test1.csv"
    with pytest.raises(CorpusError) as told:
        open_encounters(data / "no", TASK)
    says(told.value, f"{data / 'no'}: there is no such folder\n  -> --data names the folder that holds the csv files")
    empty = data / "empty"
    empty.mkdir()
    with pytest.raises(CorpusError) as told:
        open_encounters(empty, TASK)
    says(
        told.value, "no split in it; there is no csv at all\n", "the splits of dialogue-note are files named train.csv,"
    )
    corpus = open_encounters(data, TASK)
    with pytest.raises(CorpusError) as told:
        corpus.ids("test3")
    says(told.value, "there is no split 'test3'\n  -> choose one of train, test1")
    with pytest.raises(CorpusError) as told:
        list(corpus.stays("test1", ["test1-0", "x", "y"]))
    says(told.value, f"{file}: no row has the encounter_id x (nor 1 others that were asked for)")
    (data / "._test1.csv").write_bytes(b"\x00\x05\x16\x07 of a Mac")
    assert open_encounters(data, TASK).ids("test1")
    shutil.copy(file, data / "_test2.csv")
    assert open_encounters(data, TASK).ids("test2")
    shutil.copy(file, data / "test1.csv")
    with pytest.raises(CorpusError) as told:
        open_encounters(data, TASK).ids("test1")
    says(told.value, "the split test1 could be clinic_test1.csv or test1.csv\n  -> keep the one that is right")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (table(("a", "1", "hi", "n"), ("a", "1", "ho", "n")), "lines 2 and 3 have the same encounter_id 1\n"),
        (table(("a", "", "hi", "n")), "line 2, column encounter_id: the id is empty\n"),
        (table(("a", "7.0", "hi", "n")), "'7.0' is an id that was turned into a decimal number\n"),
        (table(header="encounter_id,dialogues,note"), "line 1: there is no column 'dialogue'\n  -> is it 'dialogues'?"),
        (table(header="encounter_id,dialogue,Note"), "line 1: there is 'Note' where note is expected\n  -> rename"),
        (table(header="encounter_id,dialogue,notes"), "line 1: there is 'notes' where note may be meant\n  -> rename"),
        (table(header="encounter_id,dialogue, note"), "line 1: there is ' note' where note is expected\n  -> rename"),
        (table(), "there is no row below the header\n"),
        ('encounter_id,dialogue,note\n1,"hi', "line 2"),
    ],
)
def test_a_faulty_row_is_named(data: Path, text: str, expected: str) -> None:
    file = data / "clinic_test1.csv"
    file.write_text(text)
    with pytest.raises(CorpusError) as told:
        open_encounters(data, TASK).ids("test1")
    says(told.value, str(file), expected)


def test_a_file_with_some_of_the_fields_is_no_hidden_test(data: Path) -> None:
    two = replace(TASK, fields=(*TASK.fields, Field("plan", "Plan")))
    with pytest.raises(CorpusError) as told:
        open_encounters(data, two).has_targets("test1")
    says(
        told.value,
        "clinic_test1.csv: line 1: there is note but no column plan\n  -> give a column for each field of the "
        "task, of its name; for a hidden test none",
    )


def test_without_a_folder_it_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "lead", "--task", "dialogue-note"]) == 1
    said = capsys.readouterr().err
    assert "dialogue-note has no synthetic cases: it needs a folder of dialogues\n  -> --data DIR, in it train" in said
    assert "ACI-Bench is free (CC BY 4.0)" in said


# --------------------------------------------------------------------------- a transcript


def visit(dialogue: str, note: str | None) -> RawStay:
    return RawStay("1", "1", dialogue, targets=None if note is None else {"note": note})


DICTATED = " ".join(f"word{at}" for at in range(60))


def test_a_transcript_is_one_part_of_which_nothing_is_cut() -> None:
    """Not by a heading, not by a long run that the doctor dictated, not by half of the note."""
    said = f"PLAN:\n[doctor] note the following : {DICTATED} . that is all"
    prepared = prepare(visit(said, f"PLAN\n\n{DICTATED} and twenty words more {'x ' * 20}"), TASK)
    (part,) = prepared.case.parts
    assert (part.source, part.name, part.heading, part.text) == ("transcript", "transcript", "Transcript", said)
    (leak,) = prepared.leaks
    assert (leak.status, leak.longest, leak.copies) == ("clean", 60, 0)
    asked = model_input(prepared.case, TASK, TASK.fields[0], {})
    assert arrange(asked, (), 1000).text == f"Transcript:\n{said}"


def test_a_whole_note_in_a_transcript_was_put_there_by_mistake() -> None:
    pasted = visit(f"[doctor] hello .\n{DICTATED}\n[patient] bye .", DICTATED)
    (leak,) = prepare(pasted, TASK).leaks
    assert (leak.status, leak.words, leak.copies) == ("leak", 60, 1)
    with pytest.raises(Exception, match="still holds targets of 1 case") as told:
        refuse_leaks([leak], "test1")
    assert "word7" not in str(told.value)
    cut = prepare(pasted, TASK, cut_leaks=True)
    assert [part.text for part in cut.case.parts] == ["[doctor] hello .\n\n\n[patient] bye ."]
    assert cut.leaks[0].status == "clean"


def test_a_short_note_may_be_said_whole() -> None:
    prepared = prepare(visit("[doctor] no known allergies , good", "No known allergies"), TASK)
    assert prepared.case.parts[0].text == "[doctor] no known allergies , good"
    assert prepared.leaks[0].status == "clean"


def test_without_a_note_there_is_nothing_to_compare_with() -> None:
    assert prepare(visit("hi", None), TASK).leaks[0].status == "unproven"


@needs_shared
def test_every_real_dialogue_is_shown_as_it_is() -> None:
    corpus = open_corpus(ACI, TASK)
    assert corpus.splits() == TASK.splits
    assert {split: len(corpus.ids(split)) for split in TASK.splits} == {
        "train": 67,
        "valid": 20,
        "test1": 40,
        "test2": 40,
        "test3": 40,
    }
    long_runs = 0
    for split in ("train", "test2"):
        for stay in corpus.stays(split):
            prepared = prepare(stay, TASK)
            assert [part.text for part in prepared.case.parts] == [stay.document.strip()]
            assert [leak.status for leak in prepared.leaks] == ["clean"]
            long_runs += prepared.leaks[0].longest >= 25
    assert long_runs == 7  # dictated: by the rule for notes they would stop the run


# --------------------------------------------------------------------------- divisions


def test_a_note_is_divided_by_the_first_heading_of_each_part() -> None:
    note = (
        "Follow-up.\nHPI: fine\nPhysical Examination\nLungs clear.\n"
        "Results of the x-ray were read.\nimpression: none\nIMPRESSION\nCold.\nPLAN\nRest. EXAM is over."
    )
    assert divide(note) == {
        "subjective": "Follow-up.\nHPI: fine\n",
        "objective_exam": "Physical Examination\nLungs clear.\n",
        "objective_results": "Results of the x-ray were read.\nimpression: none\n",
        "assessment_and_plan": "IMPRESSION\nCold.\nPLAN\nRest. EXAM is over.",
    }
    assert divide("PLAN:\nrest") == {"assessment_and_plan": "PLAN:\nrest"}
    assert divide("nothing headed") == {"subjective": "nothing headed"}
    assert [*divide("EXAM\na\nCC\nb\nEXAM\nc")] == ["objective_exam", "subjective"]
    assert divide("Planned: a\nexam of the knee") == {"subjective": "Planned: a\nexam of the knee"}


HEADED = st.sampled_from(["CC: x", "EXAM", "RESULTS", "plan :", " A: b", "hpi", "Findings", "p:", "", "The exam", "\t"])


@given(st.lists(st.one_of(HEADED, st.text(max_size=8)), max_size=9).map("\n".join))
def test_parts_are_the_note_cut_in_pieces(note: str) -> None:
    found = divide(note)
    assert "".join(found.values()) == note
    assert {*found} <= {part.name for part in TASK.parts}


# --------------------------------------------------------------------------- the competition


def run(*arguments: str) -> int:
    return main([*arguments, "--task", "dialogue-note"])


SAID = '''
from harness import ModelInput, system

@system("said")
def said(asked: ModelInput) -> str:
    """Writes down what was said."""
    return "CC: pain\\n" + asked.chart[0].text + "\\nEXAM\\nTender at L4."
'''


@pytest.fixture
def ran(data: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    (home / "said.py").write_text(SAID)
    assert run("submit", "said", "--plugin", "said.py", "--data", str(data), "--scorers", "rouge") == 0
    return home / "submissions/dialogue-note/visits/test1/said"


def test_a_run_is_scored_whole_and_by_part(ran: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = capsys.readouterr().out
    assert "visits test1: restricted, no licence\n2 cases; copies of targets looked for: 2 clean\n" in said
    assert "said: Dialogue to note (ACI-Bench), visits, test1\n" in said
    assert re.search(r"^Objective, exam +1 ", said, re.MULTILINE)
    assert re.search(r"^Assessment and plan +2 +0\.0000 .* 2$", said, re.MULTILINE)
    card = read_card(ran / "scores.json")
    assert [*(card.scores["rouge1"] or {})] == ["note"]  # and so in every mean
    exam = card.parts["rouge1"]["objective_exam"]
    assert (exam.n, exam.failed, exam.excluded) == (1, 0, 1)
    assert exam.value == pytest.approx(2 * (4 / 5) / (4 / 5 + 1))
    stats, parts = read_stats(ran, card), read_part_stats(ran, card)
    assert parts is not None
    assert (stats.fields, parts.fields) == (("note",), tuple(part.name for part in TASK.parts))
    assert (stats.ids, stats.columns) == (parts.ids, ("rouge1", "rouge2", "rougel", "rougelsum"))


def test_scoring_again_measures_nothing_and_says_the_same(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in ran.iterdir()}
    assert run("score", "--scorers", "rouge", str(ran)) == 0
    assert {path.name: path.read_bytes() for path in ran.iterdir()} == before


def test_some_cases_have_the_scores_of_their_parts(ran: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "ids").write_text("test1-0\n")
    assert run("score", "--scorers", "rouge", "--ids", str(data / "ids"), str(ran)) == 0
    assert "said" in capsys.readouterr().out


def test_somebodys_csv_is_validated_imported_and_ranked(
    ran: Path, data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = home / "submission.csv"
    rows = [(f"test1-{at}", note) for at, note in enumerate(NOTES["test1"])]
    theirs.write_text(table(*rows, header="encounter_id,note"))
    where = ("--data", str(data), "--split", "test1")
    assert run("validate", str(theirs), *where) == 0  # nobody says that the organisers unpack anything
    assert capsys.readouterr().out.endswith("The organisers will accept this submission.\n")
    assert run("import", str(theirs), "--as", "copied", "--scorers", "rouge", *where) == 0
    assert main(["leaderboard"]) == 0
    board = capsys.readouterr().out
    assert "### Dialogue to note (ACI-Bench), visits, test1" in board
    assert "ranked by rouge3" in board
    assert re.search(r"^\|\s+1 \|.* copied +\| +2 \| +1\.0000 ", board, re.MULTILINE)
    assert re.search(r"\| Objective, exam +\| copied +\|  1 \|", board)
    theirs.write_text(table(("test1-0", ""), header="encounter_id,note"))
    assert run("validate", str(theirs), *where) == 1
    said = capsys.readouterr().out
    assert "refused by the organisers (1)\n  [id-missing] submission.csv: ids that are missing (1): test1-1\n" in said


def test_a_dry_run_without_a_published_script_is_told_what_scores(
    ran: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ran / "submission.zip"
    assert run("dry-run", str(path), "--data", str(data)) == 1
    assert capsys.readouterr().err.endswith(
        "dialogue-note names no published script for a dry run to follow\n"
        f"  -> `harness score {path}` scores it, with the same options\n"
    )


def test_train_examples_of_scored_subjects_are_named_as_the_reason_that_nothing_teaches(
    data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(data / "clinic_test1.csv", data / "clinic_train.csv")
    for system in ("lead", "nearest"):
        assert run("submit", system, "--data", str(data), "--scorers", "rouge") == 1
        assert "all 2 examples of note in the train split are of subjects that are scored" in capsys.readouterr().err


def test_the_systems_of_the_house_compete_unchanged(data: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = home / "submissions/dialogue-note/visits/test1"
    for system, expected in (("lead", "[doctor] what brings you in"), ("nearest", NOTES["train"][0])):
        assert run("submit", system, "--data", str(data), "--scorers", "rouge") == 0
        assert expected in (runs / system / "submission.csv").read_text()


def test_a_model_is_asked_for_the_note_alone() -> None:
    (_, rules), (_, asked) = Template(TASK, "note").ask("Transcript:\n[doctor] hi", "")
    assert rules.startswith("You are a physician's scribe.")
    assert asked == "Transcript:\n[doctor] hi\n\nWrite the note."


@needs_shared
def test_real_dialogues_are_restricted_where_nobody_says_that_they_are_public(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = home / "visits"
    shutil.copytree(ACI, data, ignore=shutil.ignore_patterns("corpus.toml"))
    (home / "said.py").write_text(SAID)
    assert run("submit", "said", "--plugin", "said.py", "--data", str(data), "--scorers", "rouge") == 0
    said = capsys.readouterr().out
    assert "visits test1: restricted, no licence\n40 cases; copies of targets looked for: 40 clean\n" in said
    assert "The organisers will accept this submission." in said


# --------------------------------------------------------------------------- the published numbers


@needs_shared
def test_the_published_tables_come_out_again(capsys: pytest.CaptureFixture[str]) -> None:
    """All three splits are `make replicate`; this one has the empty notes."""
    assert replicate.main(["--data", str(ACI), "--runs", str(RUNS), "--splits", "test2"]) == 0
    said = capsys.readouterr().out
    assert "- whole notes: 63 of 63 published values equal to two decimals\n" in said
    assert "- divisions: 252 of 252 published values equal to two decimals\n" in said
    assert "- adjacent ranks by rouge1 separable at 95 % after Holm: 1 of 20 (test2 1 of 20)\n" in said
    assert "| GPT-4 | 51.24 / 51.24 | 21.65 / 21.65 | 45.60 / 45.60 | yes |\n" in said


@needs_shared
def test_an_unequal_value_is_named_and_fails(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = home / "runs"
    runs.mkdir()
    shutil.copy(RUNS / "published_test2.csv", runs)
    with gzip.open(RUNS / "runs_test2.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] in ("system", "ChatGPT", "GPT-4")]
    rows[1][2] += " And something that nobody wrote."
    rows.append(["LED_full", rows[1][1], "One note alone."])
    with gzip.open(runs / "runs_test2.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert replicate.main(["--data", str(ACI), "--runs", str(runs), "--splits", "test2"]) == 1
    said = capsys.readouterr().out
    assert "- test2: LED_full was not imported: [id-missing] submission.csv: ids that are missing (39): " in said
    assert re.search(r"- whole notes: [3-5] of 6 published values equal to two decimals\n  - ChatGPT, ALL, rouge", said)
    assert re.search(r"^\| ChatGPT \| .* \| no: rouge.* \|$", said, re.MULTILINE)


@needs_shared
def test_the_organisers_repository_is_read_as_it_lies(home: Path) -> None:
    """Laid out by the index of its files; each run is the same as in the packed file."""
    predictions = home / "aci-bench" / "baselines" / "predictions"
    predictions.mkdir(parents=True)
    with (RUNS / "index.csv").open(encoding="utf-8") as index:
        files = {(row["split"], row["system"]): row["file"] for row in csv.DictReader(index)}
    for split in replicate.SPLITS:
        packed = replicate.read_runs(RUNS, split)
        for system, notes in packed.items():
            rows = [(case, "said", note) for case, note in notes.items()]
            text = table(*rows, header="encounter_id,dialogue,note")
            (predictions / files[split, system]).write_text(text, encoding="utf-8", newline="")
        assert replicate.read_runs(home / "aci-bench", split) == packed
    assert sum(split in replicate.SPLITS for split, _ in files) == 61


def test_a_folder_without_runs_says_where_they_are(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replicate.main(["--data", str(data), "--runs", str(data), "--splits", "test1"]) == 2
    assert "there is no run of test1 in it\n  -> clone https://github.com/wyim/aci-bench" in capsys.readouterr().err
