"""The synthetic ward: a seeded writer of the six tables, so that everything runs where no real chart may go.

A stay's course of events is drawn first (`Course`: facts, results, events, prescriptions), then every text and row is
told from it, each in one of many wordings. What a stay is depends on the seed, its number and its patient alone, so
the ward streams: memory is flat however many stays are written. The clinical content is simplified and is no advice.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, groupby
from pathlib import Path
from random import Random
from textwrap import TextWrapper
from typing import TypeAlias

from harness.corpora._ward import (
    ALLERGIES,
    COMMON_DRAWS,
    COMMON_STUDIES,
    COMPARISON,
    COMPLICATIONS,
    CONDITIONS,
    EXAM,
    FAMILY,
    LABS,
    RACES,
    REASONS,
    SOCIAL,
    VITALS,
    Code,
    Complication,
    Condition,
    Draws,
    Drug,
    Event,
    Range,
    Reason,
    Study,
)
from harness.corpora.marking import read_marking, write_marking
from harness.errors import CorpusError
from harness.progress import bar

NAME = "ward"
LICENCE = "CC0-1.0; written by harness data synthesize, no patient is described"
MINIMUM = 10
"""Stays below which some split would be empty."""

SHARES: Mapping[str, float] = {"train": 0.63, "valid": 0.135, "test_phase_1": 0.135, "test_phase_2": 0.1}

_NOTE = ("note_id", "subject_id", "hadm_id", "note_type", "note_seq", "charttime", "storetime", "text")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "discharge": _NOTE,
    "discharge_target": (
        "note_id",
        "hadm_id",
        "discharge_instructions",
        "brief_hospital_course",
        "discharge_instructions_word_count",
        "brief_hospital_course_word_count",
    ),
    "radiology": _NOTE,
    "edstays": (
        "subject_id",
        "hadm_id",
        "stay_id",
        "intime",
        "outtime",
        "gender",
        "race",
        "arrival_transport",
        "disposition",
    ),
    "triage": ("subject_id", "stay_id", *VITALS, "pain", "acuity", "chiefcomplaint"),
    "diagnosis": ("subject_id", "stay_id", "seq_num", "icd_code", "icd_version", "icd_title"),
}

Rows: TypeAlias = Iterator[tuple[str, dict[str, str]]]
"""(table, row) pairs."""

_fill = TextWrapper(78, break_long_words=False, break_on_hyphens=False).fill
_UNFINISHED = ".unfinished"


# --------------------------------------------------------------------------- the course of events


@dataclass(frozen=True)
class Prescription:
    drug: Drug
    dose: str

    @property
    def order(self) -> str:
        return f"{self.drug.name} {self.dose} {self.drug.route} {self.drug.times}"

    @property
    def spoken(self) -> str:
        """The drug as prose names it."""
        return self.drug.name.split(" (")[0].lower()


@dataclass(frozen=True)
class Patient:
    """One subject: who they are, and why and when they are admitted (once or more)."""

    id: str
    sex: str
    age: int
    race: str
    allergies: str
    conditions: tuple[str, ...]
    home: tuple[tuple[str, Prescription], ...]
    reasons: tuple[Reason, ...]
    arrivals: tuple[datetime, ...]


@dataclass(frozen=True)
class Visit:
    """A stay in the emergency department."""

    id: str
    arrived: datetime
    left: datetime
    transport: str
    disposition: str
    vitals: Mapping[str, str]
    complaint: str
    acuity: str
    codes: tuple[Code, ...]


@dataclass(frozen=True)
class Report:
    """A radiology study and when it was read; a late one is dated after the note, which knows nothing of it."""

    study: Study
    time: datetime
    late: bool = False


@dataclass(frozen=True)
class Regimen:
    """What becomes of the drugs: taken at home before, started, stopped for good, paused and taken again."""

    home: tuple[Prescription, ...]
    started: tuple[Prescription, ...]
    stopped: tuple[Prescription, ...]
    paused: tuple[Prescription, ...]

    @property
    def at_discharge(self) -> tuple[Prescription, ...]:
        gone = {p.drug.name for p in (*self.stopped, *self.started)}
        return (*(p for p in self.home if p.drug.name not in gone), *self.started)

    def kept(self, condition: str, of: Patient) -> tuple[Prescription, ...]:
        """The home drugs for a condition that go on unchanged."""
        going_on = {*self.at_discharge} - {*self.started}
        return tuple(p for key, p in of.home if key == condition and p in going_on)


@dataclass(frozen=True)
class Course:
    """A stay as it happened, before anybody writes of it. `facts` fill the templates; `results` are
    (lab, on admission, at discharge or "")."""

    number: int
    id: str
    patient: Patient
    index: int
    reason: Reason
    complications: tuple[Complication, ...]
    events: tuple[Event, ...]
    facts: Mapping[str, str]
    results: tuple[tuple[str, str, str], ...]
    regimen: Regimen
    visits: tuple[Visit, ...]
    reports: tuple[Report, ...]
    discharged: datetime
    disposition: str

    @property
    def chronic(self) -> tuple[tuple[str, Condition], ...]:
        """The patient's conditions that are not what this stay is about."""
        return tuple((key, CONDITIONS[key]) for key in self.patient.conditions if key not in self.reason.implies)

    @property
    def stored(self) -> datetime:
        return self.discharged + timedelta(days=1 + self.number % 3, hours=15, minutes=self.number % 60)


class Pen:
    """Words a template: `[a|b]` becomes one of its wordings, `{fact}` a fact of the course."""

    _CHOICE = re.compile(r"\[([^\[\]]*)\]")
    _NAMING = "[{He}|The patient|{Mr} ___]"

    def __init__(self, rng: Random, facts: Mapping[str, str]) -> None:
        self.rng = rng
        self.facts = facts

    def __call__(self, template: str) -> str:
        text, choices = template.replace("{Pt}", self._NAMING), 1
        while choices:  # the innermost first
            text, choices = self._CHOICE.subn(lambda match: self.rng.choice(match[1].split("|")), text)
        return text.format_map(self.facts)

    def sentences(self, templates: Iterable[str]) -> str:
        """The templates as running text, each beginning with a capital and ending with a full stop."""
        texts = [text for text in map(self, templates) if text]
        return " ".join(text[0].upper() + text[1:] + ("" if text[-1] in ".!?:" else ".") for text in texts)


def _identity(seed: int, kind: int, number: int) -> str:
    """An eight-digit id; a bijection of the number, so that ids neither collide nor stand in order."""
    prime = 9_999_991
    return str(kind * 10_000_000 + (number * 7_368_787 + Random(f"{seed}/ids").randrange(prime)) % prime)


# --------------------------------------------------------------------------- drawing


def _draw_patient(seed: int, subject: int, stays: int) -> Patient:
    rng = Random(f"{seed}/subject/{subject}")
    first = rng.choice(REASONS)
    age, sex = rng.choice(first.ages), rng.choice("FM")
    reasons = (first, *rng.choices([r for r in REASONS if age in r.ages], k=stays - 1))
    conditions = _draw_conditions(rng, reasons, age, sex)
    home = [(key, _prescribe(rng, drugs)) for key in conditions for drugs in CONDITIONS[key].drugs]
    unique = {prescription.drug.name: (key, prescription) for key, prescription in reversed(home)}
    arrival = datetime(2110, 1, 1) + timedelta(days=rng.randrange(25_000))
    arrivals = []
    for _ in reasons:
        arrivals.append(arrival + timedelta(minutes=rng.randrange(24 * 60)))
        arrival += timedelta(days=rng.randint(30, 400))
    return Patient(
        id=_identity(seed, 1, subject),
        sex=sex,
        age=age,
        race=rng.choice(RACES),
        allergies=rng.choice(ALLERGIES),
        conditions=conditions,
        home=tuple(reversed(unique.values())),
        reasons=reasons,
        arrivals=tuple(arrivals),
    )


def _draw_conditions(rng: Random, reasons: Sequence[Reason], age: int, sex: str) -> tuple[str, ...]:
    implied = [key for reason in reasons for key in reason.implies]
    barred = {key for reason in reasons for key in (*reason.excludes, *reason.implies)}
    open_to = [k for k, c in CONDITIONS.items() if c.weight and k not in barred and sex in c.sexes]
    wanted = rng.randint(1, 3) if age < 45 else rng.randint(2, 6)
    ranked = sorted(open_to, key=lambda key: rng.random() ** (1 / CONDITIONS[key].weight), reverse=True)
    return (*dict.fromkeys(implied), *ranked[: max(1, wanted - len(implied))])


def _prescribe(rng: Random, options: Sequence[Drug]) -> Prescription:
    drug = rng.choice(options)
    return Prescription(drug, rng.choice(drug.doses))


def draw_course(seed: int, number: int, patient: Patient, index: int) -> Course:
    """The stay `number` of the ward, the patient's `index`-th, as it happened."""
    rng = Random(f"{seed}/stay/{number}")
    reason = patient.reasons[index]
    complications = _draw_complications(rng, reason, patient)
    events = tuple(event for event in reason.events if rng.random() < event.chance)
    everything = (*events, *(c.event for c in complications))
    results = _draw_results(rng, patient, reason, complications)
    regimen = _draw_regimen(rng, patient, everything, complications)
    visits = _draw_visits(rng, seed, number, patient, index)
    discharged = _midnight(visits[-1].left) + timedelta(days=rng.choice(reason.days) + len(complications))
    course = Course(
        number=number,
        id=_identity(seed, 2, number),
        patient=patient,
        index=index,
        reason=reason,
        complications=complications,
        events=events,
        facts={},
        results=results,
        regimen=regimen,
        visits=visits,
        reports=_draw_reports(rng, reason, everything, visits[-1].arrived, discharged),
        discharged=discharged,
        disposition=_draw_disposition(rng, reason, patient.age),
    )
    return replace(course, facts=_draw_facts(rng, course))


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0)


def _draw_complications(rng: Random, reason: Reason, patient: Patient) -> tuple[Complication, ...]:
    barred = {*patient.conditions}
    open_to = [
        complication
        for key, complication in COMPLICATIONS.items()
        if key not in reason.excludes and patient.sex in complication.sexes and not barred & {*complication.excludes}
    ]
    return tuple(rng.sample(open_to, rng.choices((0, 1, 2), (40, 42, 18))[0]))


def _draw_results(
    rng: Random, patient: Patient, reason: Reason, complications: Sequence[Complication]
) -> tuple[tuple[str, str, str], ...]:
    ranges: dict[str, tuple[Range, Range | None]] = {**reason.labs}
    for labs in (*(CONDITIONS[key].labs for key in patient.conditions), *(c.labs for c in complications)):
        ranges |= labs
    results = []
    for name, lab in LABS.items():
        if not lab.routine and name not in ranges:
            continue
        low, high = lab.normal
        margin = (high - low) * 0.12
        usual = (low + margin, high - margin)
        first, last = ranges.get(name, (usual, usual))
        results.append((name, _measure(rng, name, first), _measure(rng, name, last) if last else ""))
    return _with_haematocrit(results)


def _measure(rng: Random, name: str, between: Range) -> str:
    return f"{rng.uniform(*between):.{LABS[name].decimals}f}"


def _with_haematocrit(results: Sequence[tuple[str, str, str]]) -> tuple[tuple[str, str, str], ...]:
    """Haematocrit is three times haemoglobin; a result of its own would contradict it."""
    _, first, last = next(result for result in results if result[0] == "Hgb")
    derived = ("Hct", f"{float(first) * 3 - 0.4:.1f}", f"{float(last) * 3 - 0.4:.1f}")
    return tuple(derived if result[0] == "Hct" else result for result in results)


def _draw_regimen(
    rng: Random, patient: Patient, events: Sequence[Event], complications: Sequence[Complication]
) -> Regimen:
    home = tuple(prescription for _, prescription in patient.home)
    started = {drug.name: _prescribe(rng, (drug,)) for event in events for drug in event.starts}
    ended = {name for event in events for name in event.stops} - started.keys()
    held = {name for complication in complications for name in complication.holds} - ended
    resumed = rng.random() < 0.6
    return Regimen(
        home=home,
        started=tuple(p for p in started.values() if p not in home),
        stopped=tuple(p for p in home if p.drug.name in ended or (p.drug.name in held and not resumed)),
        paused=tuple(p for p in home if p.drug.name in held and resumed),
    )


def _draw_visits(rng: Random, seed: int, number: int, patient: Patient, index: int) -> tuple[Visit, ...]:
    reason, arrived = patient.reasons[index], patient.arrivals[index]
    chronic = [CONDITIONS[key].code for key in patient.conditions if key not in reason.implies]
    last = Visit(
        id=_identity(seed, 3, 2 * number),
        arrived=arrived,
        left=arrived + timedelta(minutes=rng.randint(150, 720)),
        transport=rng.choices(("AMBULANCE", "WALK IN", "UNKNOWN"), (50, 45, 5))[0],
        disposition="ADMITTED",
        vitals={name: _vital(rng, name, reason.vitals.get(name, usual)) for name, usual in VITALS.items()},
        complaint=rng.choice(reason.complaints),
        acuity=rng.choice(("2", "2", "3")),
        codes=(rng.choice((*reason.codes, reason.symptom)), *chronic[: rng.randint(0, 3)]),
    )
    if rng.random() >= 0.05:
        return (last,)
    before = arrived - timedelta(hours=rng.randint(20, 60))
    first = replace(
        last,
        id=_identity(seed, 3, 2 * number + 1),
        arrived=before,
        left=before + timedelta(minutes=rng.randint(120, 400)),
        disposition="HOME",
        vitals={name: _vital(rng, name, usual) for name, usual in VITALS.items()},
        acuity="3",
        codes=(reason.symptom,),
    )
    return (first, last)


def _vital(rng: Random, name: str, between: Range) -> str:
    return f"{rng.uniform(*between):.{1 if name == 'temperature' else 0}f}"


def _draw_reports(
    rng: Random, reason: Reason, events: Sequence[Event], arrived: datetime, discharged: datetime
) -> tuple[Report, ...]:
    late = 1 if rng.random() < 0.05 else 0
    due = list(dict.fromkeys((*reason.studies, *(study for event in events for study in event.studies))))
    wanted = rng.choices(range(1, 11), (17, 21, 19, 15, 10, 7, 5, 3, 2, 2))[0]
    wanted = min(wanted, 10 - late, 2 * (discharged - arrived).days)
    others = [study for study in COMMON_STUDIES if study not in due]
    extra = rng.sample(others, min(len(others), max(0, wanted - len(due)) + late))
    span = (discharged - arrived).total_seconds()
    shares = sorted(rng.uniform(0.04, 0.96) for _ in range(len(due) + len(extra) - late))
    shares[0] = min(shares[0], rng.uniform(0.01, 0.04))
    times = [arrived + timedelta(seconds=int(span * share) // 60 * 60) for share in shares]
    reports = [Report(study, time) for study, time in zip((*due, *extra), times, strict=False)]
    if late:
        after = timedelta(days=rng.randint(5, 30), hours=rng.randint(8, 18))
        reports.append(Report(extra[-1], discharged + after, late=True))
    return tuple(reports)


def _draw_disposition(rng: Random, reason: Reason, age: int) -> str:
    care = min(0.85, reason.rehab + (0.15 if age > 78 else 0.0))
    return rng.choices(("Home", "Home With Service", "Extended Care"), (0.7 * (1 - care), 0.3 * (1 - care), care))[0]


_PRONOUNS = {
    "F": {"Mr": "Ms.", "he": "she", "his": "her", "him": "her", "man": "woman"},
    "M": {"Mr": "Mr.", "he": "he", "his": "his", "him": "him", "man": "man"},
}


def _draw_facts(rng: Random, course: Course) -> dict[str, str]:
    patient, visit = course.patient, course.visits[-1]
    age = patient.age + (visit.arrived - patient.arrivals[0]).days // 365
    facts = {
        **_PRONOUNS[patient.sex],
        "age": str(age),
        "an": "an" if age // 10 == 8 else "a",
        "ill": str(rng.choice((2, 2, 3, 3, 4, 5, 6, 7))),
        "pain": str(rng.randint(4, 9)),
        "los": str((course.discharged - _midnight(visit.arrived)).days),
        "oxygen": rng.choice(course.reason.oxygen),
        "service": rng.choice(course.reason.services),
        "clinic": course.reason.clinic,
        "clinic_weeks": str(rng.choice((2, 3, 4))),
        "pcp_days": str(rng.choice((5, 7, 10, 14))),
        "O2_out": str(rng.randint(94, 98)),
    }
    facts |= {name.upper(): value for name, value in visit.vitals.items()}
    facts["O2_first"] = facts["O2SAT"] if facts["oxygen"] == "RA" else str(rng.randint(93, 97))
    for name, first, last in course.results:
        facts |= {f"{name}_in": first, f"{name}_out": last}
    facts |= {f"{p.spoken.split()[0]}_dose": p.dose for p in (*course.regimen.home, *course.regimen.started)}
    for draws in (COMMON_DRAWS, course.reason.draws, *(c.draws for c in course.complications)):
        facts |= dict(_draw_each(rng, draws, facts))
    capital = {name[0].upper() + name[1:]: value[:1].upper() + value[1:] for name, value in facts.items()}
    shouted = {"SIDE": facts.get("side", "").upper()}
    return {**capital, **shouted, **facts}


def _draw_each(rng: Random, draws: Draws, facts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for names, options in draws.items():
        drawn = rng.choice(options)
        values = drawn if isinstance(drawn, tuple) else (drawn,)
        yield from zip(names.split("|"), (str(value).format_map(facts) for value in values), strict=True)


# --------------------------------------------------------------------------- telling it: the note


def _listed(items: Sequence[str], last: str = " and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])}{last} {items[-1]}"


def _lower(title: str) -> str:
    """A title within a sentence: 'Type 2 diabetes' -> 'type 2 diabetes', 'COPD' stays."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def tell_note(course: Course, pen: Pen, readings: Sequence[tuple[str, str]], targets: Mapping[str, str]) -> str:
    """The discharge summary. `readings` are (study, impression) of the reports that it knows."""
    procedures = [pen(event.procedure) for event in _all_events(course) if event.procedure]
    sections = (
        ("Allergies", f"\n{course.patient.allergies}"),
        ("Attending", "___."),
        ("Chief Complaint", f"\n{course.visits[-1].complaint}"),
        ("Major Surgical or Invasive Procedure", "\n" + ("\n".join(procedures) or pen("[None|___|none]"))),
        ("History of Present Illness", f"\n{_tell_history(course, pen)}"),
        ("Past Medical History", f"\n{_tell_past(course, pen)}"),
        ("Social History", "\n" + (_fill(pen.sentences(SOCIAL)) if pen.rng.random() < 0.7 else "___")),
        ("Family History", f"\n{_fill(pen.sentences(FAMILY))}"),
        ("Physical Exam", f"\n{_tell_exams(course, pen)}"),
        ("Pertinent Results", f"\n{_tell_results(course, pen, readings)}"),
        ("Brief Hospital Course", f"\n{targets['brief_hospital_course']}"),
        ("Medications on Admission", f"\n{_tell_home_drugs(course, pen)}"),
        ("Discharge Medications", f"\n{_tell_discharge_drugs(course, pen)}"),
        ("Discharge Disposition", f"\n{_tell_disposition(course)}"),
        ("Discharge Diagnosis", f"\n{_tell_diagnoses(course, pen)}"),
        ("Discharge Condition", f"\n{_tell_condition(course, pen)}"),
        ("Discharge Instructions", f"\n{targets['discharge_instructions']}"),
        ("Followup Instructions", "\n___"),
    )
    header = (
        "Name:  ___                     Unit No:   ___",
        "Admission Date:  ___              Discharge Date:   ___",
        f"Date of Birth:  ___             Sex:   {course.patient.sex}",
        f"Service: {course.facts['service']}",
    )
    body = "\n \n".join((*header, *(f"{heading}: {text}".replace(": \n", ":\n") for heading, text in sections)))
    return f" \n{body}\n"


def _all_events(course: Course) -> tuple[Event, ...]:
    return (*course.events, *(complication.event for complication in course.complications))


def _tell_history(course: Course, pen: Pen) -> str:
    titles = [_lower(condition.title) for _, condition in course.chronic]
    titles += [_lower(CONDITIONS[key].title) for key in course.reason.implies]
    opening = (
        "{Mr} ___ is [{an} {age}|{an} {age}|a ___] year old {man} with "
        + pen("[a history of|a PMH of|PMH notable for|a past medical history significant for] ")
        + _listed(titles[:4])
        + f" who [presents|presented] with {course.reason.presenting}."
    )
    before = []
    if course.index:
        earlier = course.patient.reasons[course.index - 1].short
        before.append(f"[Of note, {{he}} was admitted|{{He}} was hospitalized] in the past for {earlier}.")
    if len(course.visits) > 1:
        before.append("{He} was seen in the ED [a day or two|shortly] before for the same complaint and sent home.")
    denied = _listed(pen.rng.sample(course.reason.denies, 4), " or")
    review = f"[ROS|Review of systems] [is |]otherwise negative for {denied}."
    emergency = (
        "In the ED, [initial vitals were|initial VS|vitals on arrival]: T {TEMPERATURE} HR {HEARTRATE} BP {SBP}/{DBP} "
        "RR {RESPRATE} O2 {O2SAT}% RA. [Labs were notable for|Labs significant for] "
        + _listed(_notable(course))
        + f". [There|In the ED|Then], {course.reason.emergency}."
    )
    arrival = (
        "[On arrival to|On|Upon arrival to] the floor, {he} [confirms the history above|recounts the above|endorses "
        "the story as told] and [feels somewhat better|is comfortable|has no new complaints|still feels unwell]."
    )
    paragraphs = ([opening, *course.reason.story, *before], [emergency, arrival], [review])
    return "\n \n".join(_fill(pen.sentences(paragraph)) for paragraph in paragraphs)


def _notable(course: Course) -> list[str]:
    """The admission results that lie outside their reference range, the first few."""
    odd = [f"{LABS[name].label} {first}" for name, first, _ in course.results if _flag(name, first)]
    return odd[:4] or ["no significant abnormalities"]


def _flag(name: str, value: str) -> str:
    low, high = LABS[name].normal
    return "" if low <= float(value) <= high else "*"


def _tell_past(course: Course, pen: Pen) -> str:
    titles = [CONDITIONS[key].title for key in course.patient.conditions]
    surgery = pen(
        "[Appendectomy ___|Cataract surgery|Tonsillectomy as a child|Knee arthroscopy ___|No prior surgeries]"
    )
    return "\n".join(f"- {title}" for title in (*titles, surgery))


def _tell_exams(course: Course, pen: Pen) -> str:
    reason = course.reason
    return "\n".join(
        (
            pen("[ADMISSION EXAM|ADMISSION PHYSICAL EXAM]:"),
            "VITALS: " + pen("T {TEMPERATURE} BP {SBP}/{DBP} HR {HEARTRATE} RR {RESPRATE} O2 {O2_first}% {oxygen}"),
            *_tell_exam(pen, {**EXAM, **reason.exam}, set(reason.exam), 7),
            " ",
            pen("[DISCHARGE EXAM|DISCHARGE PHYSICAL EXAM]:"),
            "VITALS: " + _tell_last_vitals(pen),
            *_tell_exam(pen, {**EXAM, **reason.recovered}, {*reason.exam, *reason.recovered}, 5),
        )
    )


def _tell_exam(pen: Pen, findings: Mapping[str, str], telling: set[str], systems: int) -> Iterator[str]:
    """The systems that tell something, and others until there are enough, in their usual order."""
    others = [name for name in EXAM if name not in telling]
    shown = telling | {"GENERAL", *pen.rng.sample(others, max(0, min(len(others), systems - len(telling))))}
    return (_fill(f"{name}: {pen(findings[name])}") for name in EXAM if name in shown)


def _tell_last_vitals(pen: Pen) -> str:
    temperature, pulse, rate, _, upper, lower = (_vital(pen.rng, name, usual) for name, usual in VITALS.items())
    return f"T {temperature} BP {upper}/{lower} HR {pulse} RR {rate} O2 {pen.facts['O2_out']}% RA"


def _tell_results(course: Course, pen: Pen, readings: Sequence[tuple[str, str]]) -> str:
    first = _tell_labs([(name, value) for name, value, _ in course.results], pen)
    last = _tell_labs([(name, value) for name, _, value in course.results if value], pen)
    told = chain(course.reason.results, *(event.results for event in _all_events(course)))
    other = [_fill(pen(template)) for template in told]
    imaging = [_fill(f"{name} ___: {impression}") for name, impression in readings]
    return "\n".join(
        (
            pen("[ADMISSION LABS|Admission labs]:"),
            *first,
            " ",
            pen("[DISCHARGE LABS|Discharge labs]:"),
            *last,
            " ",
            pen("[IMAGING AND STUDIES|STUDIES|IMAGING/STUDIES]:"),
            *other,
            *imaging,
        )
    )


def _tell_labs(values: Sequence[tuple[str, str]], pen: Pen) -> Iterator[str]:
    time = f"{pen.rng.randint(4, 11):02d}:{pen.rng.randint(0, 59):02d}{pen.rng.choice(('AM', 'PM'))}"
    for _, panel in groupby(values, key=lambda value: LABS[value[0]].panel):
        results = " ".join(f"{LABS[name].label}-{value}{_flag(name, value)}" for name, value in panel)
        yield _fill(f"___ {time} BLOOD {results}")


def _tell_home_drugs(course: Course, pen: Pen) -> str:
    listed = [f"{number}. {p.order}" for number, p in enumerate(course.regimen.home, 1)]
    opening = pen("The Preadmission Medication list [is accurate and complete|may be inaccurate].")
    return "\n".join((opening, *(listed or ["None"])))


def _tell_discharge_drugs(course: Course, pen: Pen) -> str:
    lines = []
    for number, prescription in enumerate(course.regimen.at_discharge, 1):
        lines.append(f"{number}. {prescription.order}")
        if prescription in course.regimen.started:
            drug, supply = prescription.drug, pen("Disp #*[10|14|20|28|30|60] Refills:*0")
            lines.append(_fill(f"RX *{prescription.spoken} {prescription.dose} {drug.times.lower()} {supply}"))
    return "\n".join(lines or ["None"])


def _tell_disposition(course: Course) -> str:
    facility = "" if course.disposition == "Home" else "\n \nFacility:\n___"
    return course.disposition + facility


def _tell_diagnoses(course: Course, pen: Pen) -> str:
    others = [complication.title for complication in course.complications]
    others += [condition.title for _, condition in course.chronic[:4]]
    first = pen("[PRIMARY DIAGNOSIS|Primary diagnosis|Primary]:")
    second = pen("[SECONDARY DIAGNOSES|Secondary diagnoses|Secondary]:")
    return "\n".join((first, pen(course.reason.title), " ", second, *(others or ["None"])))


def _tell_condition(course: Course, pen: Pen) -> str:
    home = course.disposition == "Home"
    confused = COMPLICATIONS["delirium"] in course.complications and not home
    mental = "Confused - sometimes." if confused else "Clear and coherent."
    aided = "Ambulatory - requires assistance or aid ([walker|cane|walker or cane])."
    activity = "Ambulatory - Independent." if home else pen(aided)
    return f"Mental Status: {mental}\nLevel of Consciousness: Alert and interactive.\nActivity Status: {activity}"


# --------------------------------------------------------------------------- telling it: the two targets


def tell_hospital_course(course: Course, pen: Pen) -> str:
    """The Brief Hospital Course: by problem, or as surgical services write it, in paragraphs."""
    surgical = course.facts["service"] in ("SURGERY", "ORTHOPAEDICS")
    narrative = pen.rng.random() < (0.6 if surgical else 0.15)
    return _tell_in_paragraphs(course, pen) if narrative else _tell_by_problem(course, pen)


def _tell_summary(course: Course, pen: Pen) -> str:
    short = [condition.short for _, condition in course.chronic][:3]
    history = f" with [a history of |]{_listed(short)}" if short else ""
    title = _lower(pen(course.reason.title))
    return pen(
        f"[{{Mr}} ___ is|This is|Briefly,] {{an}} {{age}} [year old|y/o|year-old] {{man}}{history} "
        + pen.rng.choice(
            (
                f"[admitted|who was admitted] with {course.reason.presenting}, found to have {title}.",
                f"[admitted for|who was admitted for] [management|treatment] of {title}.",
                f"[presenting|who presented] with {course.reason.presenting} [due to|from] {title}.",
            )
        )
    )


_LEAVING = (
    "[On the day of discharge|At discharge|Prior to discharge] {he} was [hemodynamically stable|clinically improved], "
    "[saturating|with a saturation of] {O2_out}% on [room air|RA], [ambulating|walking the hallway|out of bed] and "
    "[eating well|tolerating a regular diet|taking good PO]."
)
_FAREWELL = (
    "[At the time of discharge|On the day of discharge|By hospital day {los}] {he} was [afebrile|hemodynamically "
    "stable] with stable vital signs, [tolerating a diet|eating], [ambulating|moving about|out of bed] [with "
    "assistance as needed|at {his} baseline], and pain was [well controlled|minimal]. [{Pt} received|{He} was given] "
    "teaching and follow-up [instructions|plans] with [verbalized understanding|understanding and agreement]."
)
_ROUTINE = (
    "[FEN|Nutrition|FEN/PPX]: [regular diet|cardiac diet|low sodium diet|diet as tolerated], electrolytes [repleted "
    "PRN|monitored], [heparin SC|pneumoboots|early ambulation] for [DVT ppx|prophylaxis], bowel regimen PRN."
)


def _tell_by_problem(course: Course, pen: Pen) -> str:
    mark = pen("[# |#|# ]")
    summary = _fill(_tell_summary(course, pen))
    told = [*(event.course for event in course.events), *([_LEAVING] if pen.rng.random() < 0.6 else [])]
    acute = [_tell_problem(mark, pen(course.reason.title), told, pen)]
    acute += [
        _tell_problem(mark, complication.title, _tell_complication(complication, course), pen)
        for complication in course.complications
    ]
    chronic = [
        _tell_problem(
            mark, pen(f"[{condition.title}|{condition.short}]"), _tell_chronic(key, condition, course, pen), pen
        )
        for key, condition in course.chronic[: pen.rng.choice((2, 3, 3, 4))]
    ]
    pending = "\n".join(_fill(f"- {item}") for item in _tell_pending(course, pen))
    if pen.rng.random() < 0.5:
        acute.insert(0, pen("[ACUTE ISSUES|ACTIVE ISSUES|ACUTE PROBLEMS]:"))
        chronic.insert(0, pen("[CHRONIC ISSUES|CHRONIC PROBLEMS|STABLE ISSUES]:"))
    if len(chronic) < 3 or pen.rng.random() < 0.3:
        chronic.append(_fill(pen(f"{mark}{_ROUTINE}")))
    transitional = pen("[TRANSITIONAL ISSUES|Transitional issues]:") + f"\n{pending}"
    return "\n \n".join((summary, *acute, *chronic, transitional))


def _tell_problem(mark: str, title: str, templates: Iterable[str], pen: Pen) -> str:
    heading, text = f"{mark}{title[:1].upper()}{title[1:]}{pen('[:|.]')}", pen.sentences(templates)
    return f"{heading}\n{_fill(text)}" if pen.rng.random() < 0.5 else _fill(f"{heading} {text}")


def _tell_complication(complication: Complication, course: Course) -> Iterator[str]:
    yield complication.event.course
    drugs = [p for p in (*course.regimen.paused, *course.regimen.stopped) if p.drug.name in complication.holds]
    if drugs:
        names = _listed([p.spoken for p in drugs])
        resumed = drugs[0] in course.regimen.paused
        ending = "[resumed|restarted] [on|before] discharge" if resumed else "not [restarted|resumed] at discharge"
        yield f"[Home {names} was held and {ending}|Held {names}, {ending}]."


def _tell_chronic(key: str, condition: Condition, course: Course, pen: Pen) -> tuple[str, ...]:
    had = [p for k, p in course.patient.home if k == key]
    kept = [p for p in course.regimen.kept(key, course.patient) if p not in course.regimen.paused]
    if had and not kept:
        names = _listed([p.spoken for p in had])
        return (f"[See above regarding {names}|Changes to {names} as above|{names} as discussed above].",)
    spoken = [p.spoken + pen(f"[| {p.dose}]") for p in kept]
    template = pen.rng.choice(condition.course)
    return (template.replace("{drug}", _listed(spoken)) if kept else template,)


def _tell_pending(course: Course, pen: Pen) -> list[str]:
    regimen = course.regimen
    items = [pen(event.pending) for event in _all_events(course) if event.pending]
    pen.rng.shuffle(items)
    items = items[:4]
    if regimen.started:
        names = _listed([f"{p.spoken} {p.dose}" for p in regimen.started[:4]])
        items.insert(0, pen("[New medications|Started|NEW MEDS]: ") + names)
    if regimen.stopped:
        items.insert(1, pen("[Stopped|Held|Discontinued]: ") + _listed([p.spoken for p in regimen.stopped]))
    if pen.rng.random() < 0.6:
        items.append(pen("[CODE|Code status]: [Full|full code|Full (confirmed)|DNR/DNI|full (presumed)]"))
    return items


def _tell_in_paragraphs(course: Course, pen: Pen) -> str:
    told = pen.sentences((_tell_summary(course, pen), *(event.course for event in course.events)))
    leads = pen.rng.sample(("The hospital stay was complicated by", "The stay was also notable for"), 2)
    rest = [
        pen.sentences((f"{lead} {_lower(c.title)}", *_tell_complication(c, course)))
        for lead, c in zip(leads, course.complications, strict=False)
    ]
    chronic = [
        pen(f"[Regarding|As for|For] {condition.short}: ") + pen.sentences(_tell_chronic(key, condition, course, pen))
        for key, condition in course.chronic[:3]
    ]
    plans = pen("[Outpatient plans|To do]: ") + "; ".join(item.rstrip(".") for item in _tell_pending(course, pen))
    paragraphs = (told, *rest, " ".join(chronic), pen(_FAREWELL), f"{plans}.")
    return "\n \n".join(_fill(paragraph) for paragraph in paragraphs if paragraph)


def tell_instructions(course: Course, pen: Pen) -> str:
    """The Discharge Instructions: a letter to the patient, with headed bullets or in paragraphs."""
    why = [f"You [came to|were admitted to|were in] the hospital because {course.reason.plain}.", course.reason.lay]
    letters = [event.letter for event in course.events if event.letter]
    told = pen.rng.sample(range(len(letters)), min(len(letters), 1 if course.complications else 2))
    events = [letters[number] for number in sorted(told)]
    events += [complication.event.letter for complication in course.complications[:1]]
    drugs = _tell_drugs_plainly(course)
    going = [] if course.disposition == "Home" else [_GOING[course.disposition]]
    clinic = "[ and the {clinic} clinic in {clinic_weeks} weeks|]"
    follow = f"[See|Please see] your [primary care doctor|PCP] in {{pcp_days}} days{clinic}."
    todo = [*drugs, pen.rng.choice(course.reason.advice), *going, follow]
    alarms = _listed(pen.rng.sample(course.reason.alarms, pen.rng.choice((2, 3, 3))), ", or")
    warning = f"[Call your doctor|Call us|Return to the emergency room|Come back] [if you have|for] {alarms}."
    greeting = pen("Dear {Mr} ___,")
    thanks = pen(
        "[It was a pleasure [caring for|taking care of|looking after] you at ___|Thank you for [choosing|coming to] "
        "___ for your care|You were [cared for|treated] at ___ and it was our pleasure to look after you]."
    )
    closing = pen(
        "[We wish you all the best|Best wishes|Sincerely|We wish you a speedy recovery],\nYour ___ [Team|Care Team]"
    )
    if pen.rng.random() < 0.6:
        body = _tell_in_bullets(pen, why, events, (*todo, warning))
    else:
        body = "\n \n".join(_fill(pen.sentences(part)) for part in (why, events, todo, (warning,)))
    return "\n \n".join((greeting, thanks, body, closing))


_GOING = {
    "Home With Service": "A visiting nurse will [see|check on] you at home.",
    "Extended Care": "You are going to [a rehab facility|a rehabilitation center] to [get stronger|regain your "
    "strength].",
}


def _tell_drugs_plainly(course: Course) -> Iterator[str]:
    started, stopped = course.regimen.started[:2], course.regimen.stopped
    if started:
        new = _listed([f"{p.spoken} {p.dose} for {p.drug.use}" for p in started])
        yield f"[Start taking|Your new medicines are|We have prescribed] {new}."
    if stopped:
        names = _listed([p.spoken for p in stopped], " or")
        yield f"[Do not take|Stop taking] {names} [until a doctor tells you to|until you have seen your doctor]."
    if not started and not stopped:
        yield "[Your medicines have not changed|Take the same medicines as before]."


def _tell_in_bullets(pen: Pen, why: Iterable[str], events: Iterable[str], todo: Iterable[str]) -> str:
    headings = pen.rng.choice(
        (
            ("WHY WERE YOU IN THE HOSPITAL?", "WHAT HAPPENED HERE?", "WHAT SHOULD YOU DO WHEN YOU LEAVE?"),
            ("Why did you come to the hospital?", "What did we do for you?", "What do you need to do at home?"),
            ("Why was I here?", "What was done for me?", "What comes next?"),
        )
    )
    parts = zip(headings, (why, events, todo), strict=True)
    return "\n \n".join(
        "\n".join((heading, *(_fill(f"- {pen.sentences((item,))}") for item in items))) for heading, items in parts
    )


# --------------------------------------------------------------------------- the tables


def tell_report(course: Course, report: Report, pen: Pen) -> tuple[str, str]:
    """(text, impression) of a radiology report."""
    study, question = report.study, pen(f"[?|//|evaluate for|eval for] {report.study.question}")
    history = pen("___ year old {man} with ") + _lower(course.visits[-1].complaint)
    impression = pen.sentences((study.impression,))
    parts = (
        ("EXAMINATION", pen(study.title)),
        ("INDICATION", _fill(f"{history}  {question}")),
        ("TECHNIQUE", _fill(pen(study.technique))),
        ("COMPARISON", pen(COMPARISON)),
        ("FINDINGS", f"\n \n{_fill(pen.sentences((study.findings,)))}"),
        ("IMPRESSION", f"\n \n{_fill(impression)}"),
    )
    return "\n \n".join(f"{heading}:  {text}" for heading, text in parts if text) + "\n", impression


def tell_stay(seed: int, course: Course, override: Mapping[str, str]) -> Rows:
    """The rows of a stay; `override` replaces what was written for a target."""
    pen = Pen(Random(f"{seed}/words/{course.number}"), course.facts)
    reports = [tell_report(course, report, pen) for report in course.reports]
    known = [
        (report.study.short, impression)
        for report, (_, impression) in zip(course.reports, reports, strict=True)
        if not report.late
    ]
    targets = {
        "brief_hospital_course": tell_hospital_course(course, pen),
        "discharge_instructions": tell_instructions(course, pen),
        **override,
    }
    sequence = 3 + 2 * course.index
    note = _note_row(course, "DS", sequence, course.discharged, course.stored)
    yield "discharge", {**note, "text": tell_note(course, pen, known, targets)}
    counts = {f"{field}_word_count": str(len(text.split())) for field, text in targets.items()}
    yield "discharge_target", {"note_id": note["note_id"], "hadm_id": course.id, **targets, **counts}
    for number, (report, (text, _)) in enumerate(zip(course.reports, reports, strict=True), 12 + 20 * course.index):
        stored = report.time + timedelta(minutes=20 + 7 * number)
        yield "radiology", {**_note_row(course, "RR", number, report.time, stored), "text": text}
    for visit in course.visits:
        yield from _tell_visit(course, visit, pen)


def _note_row(course: Course, kind: str, sequence: int, charted: datetime, stored: datetime) -> dict[str, str]:
    return {
        "note_id": f"{course.patient.id}-{kind}-{sequence}",
        "subject_id": course.patient.id,
        "hadm_id": course.id,
        "note_type": kind,
        "note_seq": str(sequence),
        "charttime": str(charted),
        "storetime": str(stored),
    }


def _tell_visit(course: Course, visit: Visit, pen: Pen) -> Rows:
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
    unmeasured = {"temperature": ""} if pen.rng.random() < 0.06 else {}
    pain = pen("[{pain}|{pain}|0|unable|]")
    yield (
        "triage",
        {**ids, **visit.vitals, **unmeasured, "pain": pain, "acuity": visit.acuity, "chiefcomplaint": visit.complaint},
    )
    for number, code in enumerate(visit.codes, 1):
        title, icd = code.title.format_map(course.facts), code.code.format_map(course.facts)
        yield "diagnosis", {**ids, "seq_num": str(number), "icd_code": icd, "icd_version": "10", "icd_title": title}


_BLOCK = 60
_ONE_WORD = {
    "brief_hospital_course": ("N/A", "None", "Uneventful.", "Uncomplicated."),
    "discharge_instructions": ("N/A", "None", "Verbal.", "Attached."),
}


def _not_written(seed: int, number: int, stays: int) -> Mapping[str, str]:
    """Once in 60 stays a target is 'NA', once another single word; never in a ward that is smaller than that."""
    if stays < _BLOCK:
        return {}
    rng, half = Random(f"{seed}/block/{number // _BLOCK}"), _BLOCK // 2
    first, second = rng.sample(sorted(_ONE_WORD), 2)
    gaps = {
        rng.randrange(half): {first: "NA"},
        half + rng.randrange(half): {second: rng.choice(_ONE_WORD[second])},
    }
    return gaps.get(number % _BLOCK, {})


def split_sizes(stays: int) -> dict[str, int]:
    """Stays per split, near the official shares and never none. Raises CorpusError below `MINIMUM`."""
    if stays < MINIMUM:
        raise CorpusError(
            f"{stays} stays cannot fill the {len(SHARES)} splits of the task", todo=f"ask for at least {MINIMUM} stays"
        )
    sizes = {split: int(stays * share) for split, share in SHARES.items()}
    by_remainder = sorted(SHARES, key=lambda split: sizes[split] - stays * SHARES[split])
    for split in by_remainder[: stays - sum(sizes.values())]:
        sizes[split] += 1
    return sizes


def _courses(seed: int, sizes: Mapping[str, int]) -> Iterator[tuple[str, Course]]:
    """(split, course) of every stay; a patient with all stays belongs to one split."""
    rng = Random(f"{seed}/stays of a subject")
    number = subject = 0
    for split, size in sizes.items():
        end = number + size
        while number < end:
            stays = min(rng.choices((1, 2, 3), (80, 14, 6))[0], end - number)
            patient = _draw_patient(seed, subject, stays)
            for index in range(stays):
                yield split, draw_course(seed, number + index, patient, index)
            subject, number = subject + 1, number + stays


def synthesize(out: Path, stays: int, seed: int) -> dict[str, int]:
    """Write a ward of `stays` stays as the task's four splits of six tables, and its `corpus.toml`, into `out`.

    Returns the stays per split. The same seed and number of stays give the same bytes. A ward that is already there
    is replaced once the new one is whole. Raises CorpusError if there are too few stays, or if `out` holds
    anything but a ward.
    """
    sizes = split_sizes(stays)
    unfinished = _begin(out)
    courses = bar(_courses(seed, sizes), "writing the ward", total=stays, unit="stay")
    for split, group in groupby(courses, key=lambda item: item[0]):
        with _tables(unfinished / split) as writers:
            for _, course in group:
                for table, row in tell_stay(seed, course, _not_written(seed, course.number, stays)):
                    writers[table].writerow(row)
    for split in sizes:
        shutil.rmtree(out / split, ignore_errors=True)
        (unfinished / split).rename(out / split)
    write_marking(out, NAME, LICENCE)
    unfinished.rmdir()
    return sizes


def _begin(out: Path) -> Path:
    """An empty folder in `out` to write in. Refuses a folder of something else: writing over a real release, and
    marking it public, must not happen."""
    if out.is_file():
        raise CorpusError(f"{out} is a file", todo="give a folder that is new or empty")
    unfinished = out / _UNFINISHED
    if out.exists() and any(out.iterdir()) and not unfinished.is_dir():
        marking = read_marking(out)
        if marking.restricted or marking.name != NAME:
            raise CorpusError(
                f"{out} holds something that is not a synthetic ward", todo="give a folder that is new or empty"
            )
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
    except OSError as error:
        raise CorpusError(f"{out} cannot be written: {error.strerror}", todo="give another folder") from None
    return unfinished


@contextmanager
def _tables(folder: Path) -> Iterator[dict[str, csv.DictWriter[str]]]:
    """Writers of the six tables, gzipped without time and name so that equal rows are equal bytes."""
    folder.mkdir()
    with ExitStack() as stack:
        writers = {}
        for table, columns in COLUMNS.items():
            file = stack.enter_context((folder / f"{table}.csv.gz").open("wb"))
            packed = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
            text = stack.enter_context(io.TextIOWrapper(packed, "utf-8", newline=""))
            writers[table] = csv.DictWriter(text, columns, lineterminator="\n")
            writers[table].writeheader()
        yield writers
