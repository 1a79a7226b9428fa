"""One stay, told: its rows in the six tables, and its line in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from harness.corpora.ward.chart import Chart
from harness.corpora.ward.course import Course, Reading
from harness.corpora.ward.dice import Dice
from harness.corpora.ward.facts import BHC, DI, ledger_line
from harness.corpora.ward.hand import Hand
from harness.corpora.ward.hospital_course import hospital_course
from harness.corpora.ward.icd import ICD
from harness.corpora.ward.instructions import instructions
from harness.corpora.ward.styles import HOUSES, STYLES, House, Style

Row: TypeAlias = dict[str, str]
UNSEEN_STYLE = 0.3
"""Share of the stays of a test split that a clinician writes who writes in no other split."""

ALIKE = 0.35
"""Share of the second wordings whose clinician tells patients things in the first one's voice, if nothing else."""

HEADINGS: Mapping[str, str] = {
    "allergies": "Allergies",
    "chief_complaint": "Chief Complaint",
    "procedure": "Major Surgical or Invasive Procedure",
    "history_of_present_illness": "History of Present Illness",
    "past_medical_history": "Past Medical History",
    "social_history": "Social History",
    "family_history": "Family History",
    "physical_exam": "Physical Exam",
    "pertinent_results": "Pertinent Results",
    "log": "Interval Events",
    "consults": "Consultations",
    "teaching": "Patient Teaching",
    BHC: "Brief Hospital Course",
    "medications_on_admission": "Medications on Admission",
    "discharge_medications": "Discharge Medications",
    "discharge_disposition": "Discharge Disposition",
    "discharge_diagnosis": "Discharge Diagnosis",
    "discharge_condition": "Discharge Condition",
    DI: "Discharge Instructions",
    "followup_instructions": "Followup Instructions",
}


@dataclass(frozen=True)
class Hands:
    """Who writes a stay: clinician and house, the second clinician, and how much chart there is."""

    style: Style
    again: Style
    house: House
    leaflet: bool
    bulk: float


@dataclass(frozen=True)
class Told:
    """A stay in words. `texts` and `keys` by place, as the ledger names places; `rows` are (table, row)."""

    rows: tuple[tuple[str, Row], ...]
    texts: Mapping[str, str]
    keys: Mapping[str, tuple[str, ...]]
    ledger: str
    hands: Hands
    id: str
    groups: tuple[str, ...]
    """The lists of ids of its split in which it stands."""


def draw_hands(seed: int, course: Course, test: bool) -> Hands:
    """Drawn apart from the course: who writes says nothing about what happened."""
    dice = Dice(f"{seed}/hands/{course.number}")
    seen = [style for style in STYLES if not style.unseen]
    unseen = [style for style in STYLES if style.unseen]
    style = dice.pick(unseen if test and dice.chance(UNSEEN_STYLE) else seen)
    others = [other for other in (STYLES if test else seen) if other is not style]
    if dice.chance(ALIKE):
        others = [other for other in others if other.letter == style.letter]
    return Hands(
        style, dice.pick(others), dice.pick(HOUSES), dice.chance(course.reason.leaflet), dice.roll() * dice.roll()
    )


def tell(seed: int, course: Course, split: str, override: Mapping[str, str]) -> Told:
    """Put a course in words. `override` replaces what was written for a target."""
    hands = draw_hands(seed, course, split.startswith("test"))
    dice = Dice(f"{seed}/words/{course.number}")
    texts, keys = _targets(dice, course, hands, split)
    for field, text in override.items():
        texts[field], keys[field] = text, []
    scribe = replace(hands.style, voice="terse", short=0.25, twist=dice.below(97), joined=0.0)
    chart = Chart(Hand(dice, scribe, course), hands.bulk)
    for name in HEADINGS:
        if name not in texts:
            texts[name], keys[name] = chart.section(name)
    texts["header"], keys["header"] = header(course), []
    rows = [("discharge", _note_row(course, "DS", 3 + 2 * course.index, course.discharged, _stored(course)))]
    rows[0][1]["text"] = note_text(dice, hands.house, texts)
    rows.append(("discharge_target", _target_row(rows[0][1]["note_id"], course, texts)))
    rows += _other_rows(course, chart, texts, keys)
    again = {field: texts.pop(f"again:{field}") for field in (BHC, DI)}
    ledger = _ledger(course, hands, keys, {"style": hands.again.name, **again})
    texts |= {f"again:{field}": text for field, text in again.items()}
    groups = (_group("reason", course.reason.unseen), _group("style", hands.style.unseen))
    stated = {place: tuple(listed) for place, listed in keys.items()}
    return Told(tuple(rows), texts, stated, ledger, hands, course.id, groups)


def _group(what: str, unseen: bool) -> str:
    return f"{'unseen' if unseen else 'seen'}_{what}"


def _targets(dice: Dice, course: Course, hands: Hands, split: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    texts: dict[str, str] = {}
    keys: dict[str, list[str]] = {}
    for prefix, style in (("", hands.style), ("again:", hands.again)):
        hand = Hand(dice, style, course, split)
        texts[prefix + BHC], keys[prefix + BHC] = hospital_course(hand), list(hand.stated)
        hand = Hand(dice, style, course, split)
        texts[prefix + DI], keys[prefix + DI] = instructions(hand, hands.house, hands.leaflet), list(hand.stated)
    return texts, keys


def _ledger(
    course: Course,
    hands: Hands,
    keys: Mapping[str, list[str]],
    again: Mapping[str, str],
) -> str:
    stay = {
        "hadm_id": course.id,
        "reason": course.reason.name,
        "complications": [problem.dx.concept for problem in course.problems if problem.role == "complication"],
        "style": hands.style.name,
        "house": hands.house.name,
        "register": "leaflet" if hands.leaflet else "letter",
        "unseen_reason": course.reason.unseen,
        "unseen_style": hands.style.unseen,
    }
    stated = {field: frozenset(keys[field]) for field in (BHC, DI)}
    facts = [
        replace(fact, belongs=tuple(field for field in (BHC, DI) if fact.key in stated[field]))
        for fact in course.facts.values()
    ]
    return ledger_line(stay, facts, keys, again)


# --------------------------------------------------------------------------- the note


def header(course: Course) -> str:
    return "\n".join(
        (
            "Name:  ___                     Unit No:   ___",
            "Admission Date:  ___              Discharge Date:   ___",
            f"Date of Birth:  ___             Sex:   {course.patient.sex}",
            f"Service: {course.service}",
        )
    )


def note_text(dice: Dice, house: House, texts: Mapping[str, str]) -> str:
    """The sections under the house's headings, in its order, spaced as somebody's system exported them."""
    gap = dice.pick(("\n \n", "\n \n", "\n\n", "\n \n \n"))
    names = [name for name in HEADINGS if name not in house.order]
    at = names.index(BHC)
    names[at:at] = house.order
    sections = [texts["header"]]
    for name in names:
        if texts[name]:
            heading = house.headings.get(name, HEADINGS[name])
            if name in ("log", "consults", "teaching") and house.headings.get("physical_exam", "").isupper():
                heading = heading.upper()
            sections.append(f"{heading}:{dice.pick((' ', '  ', '')) if dice.chance(0.3) else ''}\n{texts[name]}")
    return f" \n{gap.join(sections)}\n"


def _stored(course: Course) -> datetime:
    return course.discharged.replace(hour=0, minute=0) + timedelta(
        days=1 + course.number % 3, hours=15, minutes=course.number % 60
    )


def _note_row(course: Course, kind: str, sequence: int, charted: datetime, stored: datetime) -> Row:
    return {
        "note_id": f"{course.patient.id}-{kind}-{sequence}",
        "subject_id": course.patient.id,
        "hadm_id": course.id,
        "note_type": kind,
        "note_seq": str(sequence),
        "charttime": str(charted),
        "storetime": str(stored),
    }


def _target_row(note: str, course: Course, texts: Mapping[str, str]) -> Row:
    targets = {field: texts[field] for field in (DI, BHC)}
    counts = {f"{field}_word_count": str(len(text.split())) for field, text in targets.items()}
    return {"note_id": note, "hadm_id": course.id, **targets, **counts}


# --------------------------------------------------------------------------- the other tables


def _other_rows(
    course: Course, chart: Chart, texts: dict[str, str], keys: dict[str, list[str]]
) -> Iterator[tuple[str, Row]]:
    for number, reading in enumerate(course.readings, 1):
        place = f"radiology:{number}"
        texts[place], keys[place] = chart.report(reading)
        yield "radiology", {**_report_row(course, number, reading), "text": texts[place]}
    for number, visit in enumerate(course.visits, 1):
        ids = {"subject_id": course.patient.id, "stay_id": visit.id}
        yield (
            "edstays",
            {
                **ids,
                "hadm_id": course.id,
                "intime": str(visit.arrived),
                "outtime": str(visit.left),
                "gender": course.patient.sex,
                "race": course.patient.race,
                "arrival_transport": visit.transport,
                "disposition": visit.disposition,
            },
        )
        row, stated = chart.triage(visit)
        texts[f"triage:{number}"] = "\n".join(f"{column}: {value}" for column, value in row.items())
        keys[f"triage:{number}"] = stated
        yield "triage", {**ids, **row}
        place = f"diagnosis:{number}"
        texts[place], keys[place] = (
            "\n".join(f"icd title: {ICD[name][1]}" for name in visit.codes),
            [f"dx:{n}" for n in visit.codes],
        )
        for seq, name in enumerate(visit.codes, 1):
            code, title = ICD[name]
            yield "diagnosis", {**ids, "seq_num": str(seq), "icd_code": code, "icd_version": "10", "icd_title": title}


def _report_row(course: Course, number: int, reading: Reading) -> Row:
    sequence = 11 + number + 20 * course.index
    return _note_row(course, "RR", sequence, reading.time, reading.time + timedelta(minutes=20 + 7 * number))
