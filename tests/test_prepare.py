"""Faithfulness: what a system may see holds no target, all of what is known, and nothing later."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.corpora.synthetic import synthesize
from harness.corpora.tables import open_tables
from harness.errors import LeakError
from harness.leaks import refuse_leaks
from harness.prepare import Prepared, arrange, model_input, prepare, reference, words
from harness.tasks.discharge_me import discharge_me
from harness.types import Case, ModelInput, Part, RawStay, Row
from tests.conftest import SHARED, needs_shared

TASK = discharge_me()
BHC, DI = (field.name for field in TASK.fields)
COURSE = (
    "Patient was admitted for chest pain and ruled out for infarction with two sets of enzymes.\n\n"
    "ACTIVE ISSUES:\n# CAD: started on metoprolol by Dr. ___ after a stress test that showed no ischemia.\n\n"
    "Medications: aspirin was continued throughout the stay without any bleeding at all."
)
LETTER = "Dear Ms. ___,\nYou came to us with chest pain.\nFollow up: see your doctor within one week of leaving us."
NOTE = f"""
Name:  ___                     Unit No:   ___

Admission Date:  ___              Discharge Date:   ___

Service: MEDICINE

Allergies:
Penicillins

Chief Complaint:
Chest pain

History of Present Illness:
___ year old woman with two days of pain.

Social events:
Her sister visits.

Physical Exam:
ADMISSION EXAM:
Vitals stable.
DISCHARGE EXAM:
Unchanged.

Brief Hospital Course:
{COURSE}

Complications:
None.

Medications on Admission:
Aspirin 81 mg

Discharge Disposition:
Home

Discharge Instructions:
{LETTER}

Followup Instructions:
___
"""


def stay(
    note: str = NOTE, course: str | None = COURSE, letter: str | None = LETTER, **tables: tuple[Row, ...]
) -> RawStay:
    targets = None if course is letter is None else {BHC: course or "", DI: letter or ""}
    return RawStay("20001", "10001", note, "2180-05-07 00:00:00", tables, targets)


def shown(case: Case) -> str:
    return "\n".join(f"{part.heading}\n{part.text}" for part in case.parts)


def named(case: Case) -> list[tuple[str, str]]:
    return [(part.name, part.heading) for part in case.parts]


# --------------------------------------------------------------------------- sections and cuts


def test_a_note_is_cut_into_named_sections_without_its_targets() -> None:
    prepared = prepare(stay(), TASK)
    assert named(prepared.case) == [
        ("header", ""),
        ("service", "Service"),
        ("allergies", "Allergies"),
        ("chief_complaint", "Chief Complaint"),
        ("history_of_present_illness", "History of Present Illness"),
        ("other", "Social events"),
        ("physical_exam", "Physical Exam"),
        ("other", "Complications"),
        ("medications_on_admission", "Medications on Admission"),
        ("discharge_disposition", "Discharge Disposition"),
        ("followup_instructions", "Followup Instructions"),
    ]
    parts = {part.heading: part for part in prepared.case.parts}
    assert parts[""].text.splitlines()[0] == "Name:  ___                     Unit No:   ___"
    assert parts["Physical Exam"].text == "ADMISSION EXAM:\nVitals stable.\nDISCHARGE EXAM:\nUnchanged."
    assert parts["Complications"].text == "None."
    assert [(leak.field, leak.status, leak.words, leak.copies) for leak in prepared.leaks] == [
        (BHC, "clean", 44, 0),
        (DI, "clean", 20, 0),
    ]


def test_what_is_known_when_a_field_is_written() -> None:
    case = prepare(stay(), TASK).case
    course = model_input(case, TASK, TASK.field(BHC), {DI: "no"})
    letter = model_input(case, TASK, TASK.field(DI), {BHC: "yes", DI: "no"})
    before = [
        "",
        "Service",
        "Allergies",
        "Chief Complaint",
        "History of Present Illness",
        "Social events",
        "Physical Exam",
    ]
    assert [part.heading for part in course.chart] == [*before, "Medications on Admission"]
    assert [part.heading for part in letter.chart] == [
        *before,
        "Complications",
        "Medications on Admission",
        "Discharge Disposition",
    ]
    assert (course.earlier, letter.earlier) == ({}, {BHC: "yes"})


def test_unlisted_headings_of_a_note_without_the_field_are_known_up_to_the_first_unknown_section() -> None:
    note = "Chief Complaint:\nPain\n\nSocial events:\nVisits.\n\nDischarge Diagnosis:\nPain\n\nPathology:\nNone.\n"
    case = prepare(stay(note, "Not a word of it.", "Nor of this."), TASK).case
    assert [part.heading for part in model_input(case, TASK, TASK.field(BHC), {}).chart] == [
        "Chief Complaint",
        "Social events",
    ]


def test_labels_belong_to_the_section_that_begins_with_one() -> None:
    note = (
        "Discharge Diagnosis:\nPrimary:\nAngina\n\nSecondary:\nGout\n\nDischarge Condition:\nGood\n\nPathology:\nNone\n"
    )
    parts = [(part.name, part.heading, part.text) for part in prepare(stay(note), TASK).case.parts]
    assert parts == [
        ("discharge_diagnosis", "Discharge Diagnosis", "Primary:\nAngina\n\nSecondary:\nGout"),
        ("discharge_condition", "Discharge Condition", "Good"),
        ("other", "Pathology", "None"),
    ]


@pytest.mark.parametrize("heading", ["Brief Hospital Course", "Summary of Events"])
@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        ("Preadmission list:\n1. Aspirin\n", "Preadmission list:\n1. Aspirin"),
        ("Preadmission list:\n1. Aspirin\n\n", "Preadmission list:\n1. Aspirin"),
        ("1. Aspirin\n", "1. Aspirin"),
        ("\n", ""),
    ],
)
def test_below_a_field_that_knows_a_section_labels_are_dated_as_unlisted_headings(
    heading: str, listed: str, kept: str
) -> None:
    """But for one on the line below the section's heading, which would be lost with the section else."""
    note = (
        f"Chief Complaint:\nPain\n{heading}:\n{COURSE}\nMedications on Admission:\n{listed}"
        "Transitional Issues:\n- stop antibiotics on day ten\n"
        "Discharge Diagnosis:\nPrimary:\nAngina\nSecondary:\nGout\nDischarge Instructions:\n" + LETTER
    )
    case = prepare(stay(note), TASK).case
    course = model_input(case, TASK, TASK.field(BHC), {}).chart
    letter = model_input(case, TASK, TASK.field(DI), {}).chart
    before = [("Chief Complaint", "Pain"), *([("Medications on Admission", kept)] if kept else [])]
    assert [(part.heading, part.text) for part in course] == before
    assert [(part.heading, part.text) for part in letter] == [
        *before,
        ("Transitional Issues", "- stop antibiotics on day ten"),
        ("Discharge Diagnosis", "Primary:\nAngina\nSecondary:\nGout"),
    ]


def test_headings_may_stand_in_capitals_without_colon_or_on_the_line_of_their_text() -> None:
    note = (
        "FINAL DIAGNOSES\n1. Angina\nALLERGIES:\nPENICILLIN\nINVASIVE LINES:\nNone\n"
        "HOSPITAL COURSE: Good.\nLABS: WBC 5\nHEART: ok"
    )
    parts = [(part.name, part.heading, part.text) for part in prepare(stay(note, "Good.", None), TASK).case.parts]
    assert parts == [
        ("discharge_diagnosis", "FINAL DIAGNOSES", "1. Angina"),
        ("allergies", "ALLERGIES", "PENICILLIN"),
        ("other", "INVASIVE LINES", "None"),
        ("pertinent_results", "LABS", "WBC 5\nHEART: ok"),
    ]


@pytest.mark.parametrize("heading", ["DISPOSITION", "PLAN", "FOLLOWUP CARE", "WHAT WE TOLD HER"])
def test_a_target_under_a_heading_that_is_not_the_fields_takes_that_section_along(heading: str) -> None:
    note = (
        f"HISTORY OF PRESENT ILLNESS:\nPain.\nHOSPITAL COURSE:\n{COURSE}\n{heading}:\n{LETTER}\nAnd more.\n"
        "DISCHARGE DIAGNOSIS:\nPain."
    )
    assert named(prepare(stay(note), TASK).case) == [
        ("history_of_present_illness", "HISTORY OF PRESENT ILLNESS"),
        ("discharge_diagnosis", "DISCHARGE DIAGNOSIS"),
    ]


def test_a_copy_inside_another_section_leaves_the_rest_of_it() -> None:
    prepared = prepare(stay(NOTE.replace("two days of pain.", f"two days of pain.\n{LETTER}\nShe smokes.")), TASK)
    parts = {part.heading: part.text for part in prepared.case.parts}
    kept = "___ year old woman with two days of pain. She smokes."
    assert " ".join(parts["History of Present Illness"].split()) == kept
    assert [leak.copies for leak in prepared.leaks] == [0, 1]


def test_an_edited_target_is_found_by_its_passages() -> None:
    edited = COURSE.replace("stress test", "treadmill test").replace("any bleeding", "bleeding")
    note = f"HISTORY OF PRESENT ILLNESS:\nPain.\nSUMMARY OF EVENTS:\n{edited}\nDISPOSITION:\n{LETTER}"
    prepared = prepare(stay(note), TASK)
    assert named(prepared.case) == [("history_of_present_illness", "HISTORY OF PRESENT ILLNESS")]
    assert {leak.status for leak in prepared.leaks} == {"clean"}


@pytest.mark.parametrize("word", ["NA", "N/A", "None", "___", "Stable."])
def test_a_target_of_one_word_is_cut_from_its_own_section_only(word: str) -> None:
    note = NOTE.replace(LETTER, word).replace("Penicillins", word).replace("None.", word)
    prepared = prepare(stay(note, letter=word), TASK)
    assert {part.heading: part.text for part in prepared.case.parts}["Allergies"] == word
    assert "Discharge Instructions" not in shown(prepared.case)
    assert prepared.leaks[1].status == "clean"


def test_two_words_are_cut_wherever_they_stand() -> None:
    note = NOTE.replace(LETTER, "Chest pain").replace("MEDICINE", "chest\nPAIN, again")
    prepared = prepare(stay(note, letter="Chest pain"), TASK)
    assert "pain" not in {part.heading: part.text for part in prepared.case.parts}.get("Chief Complaint", "")
    assert "chest" not in shown(prepared.case).lower()
    assert prepared.leaks[1].copies == 3  # one of them in the course


def test_indented_lines_of_a_target_that_look_like_headings() -> None:
    course = "  ACTIVE ISSUES:\n  # CAD: stable\n  MEDICATIONS ON ADMISSION:\n  went on as they were"
    prepared = prepare(stay(NOTE.replace(COURSE, course), course=course), TASK)
    assert not any(word in shown(prepared.case) for word in ("ISSUES", "CAD", "ADMISSION:", "went on"))
    assert ("medications_on_admission", "Medications on Admission") in named(prepared.case)


LINES = st.sampled_from(
    ["Brief Hospital Course:", "PLAN", "Discharge Instructions: rest", "Social History:", "Follow up:", "Labs:", ""]
    + [f"{a} {b} {c}." for a in ("rest", "home", "___") for b in ("well", "pain", "___") for c in ("now", "___")]
)


@given(st.lists(LINES, max_size=20), st.lists(LINES, max_size=8), st.lists(LINES, max_size=8), st.booleans())
def test_any_note(lines: list[str], course: list[str], letter: list[str], quoted: bool) -> None:
    """Whatever the texts, nothing breaks, no target is left whole, and what is called clean is."""
    note = "\n".join([*lines, *(course if quoted else ()), "Allergies:", *(letter if quoted else ())])
    one = stay(note, "\n".join(course), "\n".join(letter))
    for cut_leaks in (False, True):
        prepared = prepare(one, TASK, cut_leaks)
        for leak in prepared.leaks:
            assert leak.status != "clean" or leak.longest < 25
            assert leak.status != "leak" or not cut_leaks
            text = " ".join(targets_of(one)[leak.field].split())
            assert leak.words < 2 or all(text not in " ".join(part.text.split()) for part in prepared.case.parts)


# --------------------------------------------------------------------------- without references


def test_without_targets_sections_are_cut_by_heading_and_unproven() -> None:
    prepared = prepare(stay(course=None, letter=None), TASK)
    assert [leak.status for leak in prepared.leaks] == ["unproven", "unproven"]
    text = shown(prepared.case)
    assert not any(line in text for line in (*COURSE.split("\n\n"), *LETTER.splitlines(), "Complications"))
    assert "Aspirin 81 mg" in text
    assert named(prepared.case)[-3:] == [
        ("medications_on_admission", "Medications on Admission"),
        ("discharge_disposition", "Discharge Disposition"),
        ("followup_instructions", "Followup Instructions"),
    ]


def test_the_organisers_rule_takes_the_last_match_of_the_first_pattern_that_matches() -> None:
    note = (
        "Chief Complaint:\nPain\nBrief Hospital Course:\nCourse one.\nDischarge Diagnosis:\nin the course\n"
        "Labs on Admission:\nstill\nMedications on Admission:\nAspirin\nDischarge Diagnosis:\nAngina\n"
    )
    assert named(prepare(stay(note, None, None), TASK).case) == [
        ("chief_complaint", "Chief Complaint"),
        ("medications_on_admission", "Medications on Admission"),
        ("discharge_diagnosis", "Discharge Diagnosis"),
    ]


def test_instructions_without_a_followup_heading_are_cut_to_the_end() -> None:
    note = NOTE.partition("Followup Instructions")[0] + "Medications:\nare text of the letter\n"
    assert "text of the letter" not in shown(prepare(stay(note, None, None), TASK).case)


def test_one_missing_target_is_unproven_beside_a_measured_one() -> None:
    prepared = prepare(stay(letter=""), TASK)
    assert [leak.status for leak in prepared.leaks] == ["clean", "unproven"]
    assert "Dear" not in shown(prepared.case)


@pytest.mark.parametrize(
    ("left", "where"),
    [
        (
            "A woman of 60 came in with pain. Brief  hospital course: ok.",
            "'Brief Hospital Course' in line 15",
        ),
        ("Note: ___. DISCHARGE INSTRUCTIONS: rest.", "'Discharge Instructions' in line 15"),
    ],
)
def test_a_heading_that_is_left_is_a_leak(left: str, where: str) -> None:
    prepared = prepare(stay(NOTE.replace("___ year old woman with two days of pain.", left), None, None), TASK)
    with pytest.raises(LeakError, match="heading of its section is left") as error:
        refuse_leaks(prepared.leaks, "valid")
    assert where in str(error.value)
    cut = prepare(stay(NOTE.replace("___ year old woman with two days of pain.", left), None, None), TASK, True)
    assert {leak.status for leak in cut.leaks} == {"unproven"}
    assert sum(leak.copies for leak in cut.leaks) == 1
    assert left.rpartition(":")[2] not in shown(cut.case)


def test_a_heading_that_is_left_in_a_table_is_a_leak() -> None:
    report = {"note_id": "1", "charttime": "2180-05-06 10:00:00", "text": "CHEST\n\nHOSPITAL COURSE: went well."}
    prepared = prepare(stay(NOTE, None, None, radiology=(report,)), TASK)
    assert str(prepared.leaks[0]) == (
        f"case 20001, {BHC}: a heading of its section is left: "
        r"'.*\bhospital (course|summary)\b.*' in row 1 of radiology"
    )


# --------------------------------------------------------------------------- tables


def test_rows_become_parts_and_later_ones_are_left_out() -> None:
    def report(when: str) -> dict[str, str]:
        return {"note_id": "1", "hadm_id": "20001", "charttime": when, "text": f"Report of {when}"}

    times = ["2180-05-08 00:01:00", "2180-05-07 23:59:00", "2180-05-01 10:00:00", "", "soon"]
    tables = {
        "radiology": tuple(map(report, times)),
        "triage": ({"subject_id": "1", "stay_id": "3", "temperature": "98.6", "pain": "", "chiefcomplaint": "Pain"},),
        "discharge_target": ({"text": "secret"},),
    }
    prepared = prepare(stay(**tables), TASK)
    rows = [(p.name, p.heading, p.text, p.time) for p in prepared.case.parts if p.source != "note"]
    assert rows == [
        ("radiology", "Radiology report", f"Report of {times[2]}", times[2]),
        ("radiology", "Radiology report", f"Report of {times[1]}", times[1]),
        ("triage", "Emergency department triage", "temperature: 98.6\nchiefcomplaint: Pain", ""),
    ]
    assert prepared.dropped == {"radiology, undated": 2, "radiology, later": 1}
    at_noon = prepare(replace(stay(**tables), time="2180-05-07 12:00:00"), TASK)
    assert at_noon.dropped == {"radiology, undated": 2, "radiology, later": 2}
    assert prepare(replace(stay(**tables), time=""), TASK).dropped == {"radiology, undated": 5}


def test_reference() -> None:
    assert reference(stay(course=None, letter=None), TASK) is None
    known = reference(stay(letter="NA"), TASK)
    assert known is not None
    assert known.values == {BHC: COURSE, DI: "NA"}


# --------------------------------------------------------------------------- 200 planted leaks, no false stop


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[RawStay]]]:
    folder = tmp_path_factory.mktemp("corpora")
    synthesize(folder / "ward", 500, 3)
    sources = {
        "real": SHARED / "data" / "discharge-real",
        "simulated": SHARED / "data" / "tables-simulated",
        "ward": folder / "ward",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_WORKSPACE", str(folder / "workspace"))
        yield {name: read(data) for name, data in sources.items()}


def read(data: Path) -> list[RawStay]:
    corpus = open_tables(data, TASK)
    return [found for split in corpus.splits() for found in corpus.stays(split)]


@needs_shared
def test_no_false_stop(corpora: dict[str, list[RawStay]]) -> None:
    assert {name: len(stays) for name, stays in corpora.items()} == {"real": 55, "simulated": 278, "ward": 500}
    for stays in corpora.values():
        leaks = [leak for one in stays for leak in prepare(one, TASK).leaks]
        refuse_leaks(leaks, "valid")
        assert Counter(leak.copies for leak in leaks if leak.words > 9) == {0: sum(leak.words > 9 for leak in leaks)}


Plant = Callable[[str, random.Random], str]


def as_it_is(text: str, _: random.Random) -> str:
    return text


def other_lines(text: str, chance: random.Random) -> str:
    return textwrap.fill(" ".join(text.split()), chance.randint(30, 60))


def every_third_blank(text: str, chance: random.Random) -> str:
    begin = chance.randrange(3)
    return " ".join("___" if at % 3 == begin else word for at, word in enumerate(text.split()))


def runs_blank(text: str, chance: random.Random) -> str:
    """Runs of one to three words behind one blank, five to eight words apart."""
    left, shown = text.split(), []
    while left:
        gap, hidden = chance.randint(5, 8), chance.randint(1, 3)
        shown += [*left[:gap], *(["___"] if left[gap:] else [])]
        left = left[gap + hidden :]
    return " ".join(shown)


def first_half(text: str, _: random.Random) -> str:
    words = text.split()
    return " ".join(words[: (len(words) + 1) // 2])


def second_half(text: str, _: random.Random) -> str:
    words = text.split()
    return " ".join(words[len(words) // 2 :])


def broken_by_a_heading(text: str, _: random.Random) -> str:
    return f"{first_half(text, _)}\nAssessment of it:\n{second_half(text, _)}"


WHOLE: tuple[Plant, ...] = (as_it_is, other_lines, every_third_blank, runs_blank)
HALVES: tuple[Plant, ...] = (first_half, second_half, broken_by_a_heading)


def under_a_new_heading(to: RawStay, text: str, _: random.Random) -> RawStay:
    return replace(to, document=f"Summary of it:\n{text}\n{to.document}")


def inside_a_section(to: RawStay, text: str, chance: random.Random) -> RawStay:
    """After a line of a section that is kept."""
    parts = [part for part in prepare(to, TASK).case.parts if part.source == "note"]
    lines = [line for part in parts for line in part.text.splitlines() if to.document.count(line) == 1]
    line = chance.choice(lines)
    return replace(to, document=to.document.replace(line, f"{line}\n{text}"))


def in_a_report(to: RawStay, text: str, _: random.Random) -> RawStay:
    report = {"charttime": to.time, "text": f"CHEST RADIOGRAPH\n\n{text}\n\nNo acute findings."}
    return replace(to, tables={**to.tables, "radiology": (report, *to.tables.get("radiology", ()))})


PLACES = (under_a_new_heading, inside_a_section, in_a_report)


@needs_shared
def test_200_planted_leaks_are_found(corpora: dict[str, list[RawStay]]) -> None:
    """Each way of copying (of halves: where the target has 20 words, which makes a passage) in each place, from each
    corpus and field in turn: cut as a copy, or a leak, of the target that was planted."""
    chance = random.Random(0)
    found: Counter[str] = Counter()
    missed: list[tuple[str, ...]] = []
    ways = [(make, place) for make in (*WHOLE, *HALVES) for place in PLACES]
    for number in range(210):
        make, place = ways[number % len(ways)]
        corpus = ("real", "simulated", "ward")[number // len(ways) % 3]
        field = (BHC, DI)[number % 2]
        enough = 20 if make in HALVES else 5
        stays = [s for s in corpora[corpus] if len(targets_of(s)[field].split()) >= enough]
        original = chance.choice(stays)
        planted = place(original, make(targets_of(original)[field], chance), chance)
        prepared = prepare(planted, TASK)
        leak = next(leak for leak in prepared.leaks if leak.field == field)
        if leak.copies:
            found["cut"] += 1
        elif leak.status == "leak":
            found["stopped"] += 1
        else:
            missed.append((make.__name__, place.__name__, corpus, field))
        assert_nothing_left(planted, prepare(planted, TASK, cut_leaks=True))
    assert missed == []
    assert found.total() == 210
    assert found["cut"] >= 117
    assert found["stopped"] >= 80


def targets_of(one: RawStay) -> dict[str, str]:
    return dict(one.targets or {})


def assert_nothing_left(planted: RawStay, prepared: Prepared) -> None:
    assert {leak.status for leak in prepared.leaks} == {"clean"}
    plain = " ".join(shown(prepared.case).lower().split())
    for target in targets_of(planted).values():
        known = target.lower().split()
        runs = (" ".join(known[at : at + 25]) for at in range(max(1, len(known) - 24)))
        assert len(known) < 2 or not any(run in plain for run in runs)


@needs_shared
def test_preparing_what_was_prepared_changes_nothing(corpora: dict[str, list[RawStay]]) -> None:
    for stays in corpora.values():
        for original in stays[::10]:
            once = prepare(original, TASK)
            note = "\n\n".join(f"{part.heading}:\n{part.text}" for part in once.case.parts if part.source == "note")
            again = prepare(replace(original, document=note), TASK)
            assert [(leak.longest, leak.copies) for leak in again.leaks] == [(leak.longest, 0) for leak in once.leaks]


# --------------------------------------------------------------------------- arrange

PARTS = st.lists(
    st.builds(
        lambda name, heading, text: Part("note", name, heading, text.strip() or "x"),
        st.sampled_from("abc"),
        st.sampled_from(["", "Heading", "Two words"]),
        st.text("ab.\n ", max_size=60),
    ),
    max_size=6,
)


def chart(parts: list[Part]) -> ModelInput:
    return ModelInput("1", "1", BHC, tuple(parts))


def letters(text: str) -> int:
    """A counter that is not additive, as tokenizers are not: it starts with one unit and merges pairs."""
    return 1 + (len(text) + 1) // 2


@given(PARTS, st.integers(-1, 60), st.sampled_from([words, letters]))
def test_the_budget_is_never_exceeded(parts: list[Part], budget: int, count: Callable[[str], int]) -> None:
    arranged = arrange(chart(parts), ("b", "a"), budget, count)
    if arranged.text:
        assert arranged.units == count(arranged.text) <= budget
    assert arranged == arrange(chart(parts), ("b", "a"), budget, count)


@given(PARTS, st.integers(0, 60))
def test_what_is_shown_and_what_is_lost_add_up(parts: list[Part], budget: int) -> None:
    arranged = arrange(chart(parts), ("b", "a"), budget)
    whole = arrange(chart(parts), ("b", "a"), 10_000)
    assert whole.cut == ()
    assert whole.text.startswith(arranged.text)
    assert arranged.units + sum(units for _, units in arranged.cut) == whole.units


def test_parts_by_order_then_as_they_stand() -> None:
    parts = [Part("note", name, name.upper(), f"Text {number}.") for number, name in enumerate("abcab")]
    arranged = arrange(chart(parts), ("b", "z", "a"), 100)
    assert arranged.text == "B:\nText 1.\n\nB:\nText 4.\n\nA:\nText 0.\n\nA:\nText 3.\n\nC:\nText 2."


def test_the_budget_cuts_after_a_sentence_else_after_a_word() -> None:
    parts = [
        Part("note", "a", "A", "One two three. Four five six. Seven eight."),
        Part("note", "b", "B", "nine ten"),
        Part("note", "c", "", "eleven"),
    ]
    arranged = arrange(chart(parts), (), 8)
    assert arranged.text == "A:\nOne two three. Four five six."
    assert (arranged.units, arranged.cut) == (7, (("A", 2), ("B", 3), ("", 1)))
    assert arrange(chart(parts), (), 3).text == "A:\nOne two"
    assert arrange(chart(parts), (), 1).text == ""
    assert arrange(chart(parts), (), 1).cut == (("A", 9), ("B", 3), ("", 1))


def test_a_counter_is_asked_a_few_times_only() -> None:
    asked: list[str] = []

    def counting(text: str) -> int:
        asked.append(text)
        return len(text.split())

    parts = [Part("note", "a", f"H{number}", "word and word. " * 60) for number in range(30)]
    arranged = arrange(chart(parts), (), 2_000, counting)
    assert arranged.units > 1_990
    assert len(asked) < 40


def test_arrange_needs_no_numpy() -> None:
    code = "import sys; from harness import arrange; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
