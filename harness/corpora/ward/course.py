"""What happens in a stay: a course of dated facts, drawn before anybody writes of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from harness.corpora.ward.dice import Dice
from harness.corpora.ward.facts import BHC, DI, Fact
from harness.corpora.ward.reasons import (
    COMPLICATIONS,
    CONDITIONS,
    NORMAL,
    REASONS,
    ROUTINE,
    UNITS,
    VITALS,
    Procedure,
    Range,
    Reason,
    Start,
    Study,
    Trouble,
)

BOTH = (BHC, DI)
LOBES = ("right lower lobe", "left lower lobe", "right upper lobe", "right middle lobe", "left upper lobe", "lingula")
_CONDITIONS: Mapping[str, Trouble] = {one.name: one for one in CONDITIONS}


@dataclass(frozen=True)
class Patient:
    """One subject: who they are, and when and why they come (once or more)."""

    id: str
    sex: str
    age: int
    race: str
    conditions: tuple[str, ...]
    home: tuple[tuple[str, str, str], ...]
    """(condition, drug, dose)."""
    allergens: tuple[str, ...]
    reasons: tuple[Reason, ...]
    arrivals: tuple[datetime, ...]


@dataclass(frozen=True)
class Reading:
    """A study that was done, what it showed and what it ruled out; `late` is read after the note was written."""

    study: str
    time: datetime
    found: tuple[Fact, ...] = ()
    absent: tuple[Fact, ...] = ()
    late: bool = False


@dataclass
class Problem:
    """A problem of the stay: `role` is "reason", "complication" or "chronic"; facts by what they are to it. Facts that
    are told together stand together: (start, dose, days), (consult, advice), (procedure, findings, measures)."""

    dx: Fact
    role: str
    one: dict[str, list[Fact]] = field(default_factory=dict)
    groups: dict[str, list[tuple[Fact, ...]]] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)


@dataclass(frozen=True)
class Visit:
    """A stay in the emergency department."""

    id: str
    arrived: datetime
    left: datetime
    transport: str
    disposition: str
    vitals: Mapping[str, str]
    codes: tuple[str, ...]
    """Names of diagnoses; what the department thought."""


@dataclass(frozen=True)
class Course:
    """A stay as it happened. `facts` by key, in the order of the telling."""

    number: int
    id: str
    patient: Patient
    index: int
    age: int
    reason: Reason
    service: str
    problems: tuple[Problem, ...]
    facts: Mapping[str, Fact]
    labs: tuple[tuple[str, tuple[str, ...]], ...]
    """(lab, its values by day of measurement) of the tables of results."""
    readings: tuple[Reading, ...]
    visits: tuple[Visit, ...]
    home: tuple[tuple[str, str], ...]
    discharged: datetime
    discharge_drugs: tuple[tuple[str, str], ...]

    @property
    def length(self) -> int:
        return (self.discharged - self.visits[-1].arrived).days + 1

    @property
    def main(self) -> Problem:
        return self.problems[0]

    def all(self, kind: str) -> list[Fact]:
        return [fact for fact in self.facts.values() if fact.kind == kind]


# --------------------------------------------------------------------------- who comes


RACES = ("WHITE",) * 6 + ("BLACK/AFRICAN AMERICAN",) * 2 + (
    "HISPANIC/LATINO - DOMINICAN", "ASIAN - CHINESE", "PORTUGUESE", "OTHER", "UNKNOWN", "ASIAN", "WHITE - RUSSIAN",
)  # fmt: skip
ALLERGENS = ("penicillin", "sulfa", "iodinated contrast", "latex", "codeine", "shellfish", "adhesive tape")


def identity(seed: int, kind: int, number: int) -> str:
    """An eight-digit id; a bijection of the number, so that ids neither collide nor stand in order."""
    prime = 9_999_991
    return str(kind * 10_000_000 + (number * 7_368_787 + Dice(f"{seed}/ids").below(prime)) % prime)


def draw_patient(seed: int, subject: int, stays: int, test: bool) -> Patient:
    dice = Dice(f"{seed}/subject/{subject}")
    open_to = [reason for reason in REASONS if test or not reason.unseen]
    if test and dice.chance(0.3):  # as often again as their share would make them
        open_to = [reason for reason in REASONS if reason.unseen] or open_to
    first = dice.pick(open_to)
    age, sex = dice.between(*first.ages), dice.pick(first.sexes)
    gaps = [dice.between(200, 1900) for _ in range(stays - 1)]
    later = age + sum(gaps) // 365
    fitting = [r for r in open_to if r.ages[0] <= age and later <= r.ages[1] and sex in r.sexes]
    reasons = (first, *(dice.pick(fitting or [first]) for _ in gaps))
    conditions = _draw_conditions(dice, reasons, age, sex)
    arrival = datetime(2110, 1, 1) + timedelta(days=dice.below(25_000), minutes=dice.below(24 * 60))
    arrivals = [arrival]
    for gap in gaps:
        arrivals.append(arrivals[-1] + timedelta(days=gap, minutes=dice.below(24 * 60)))
    return Patient(
        id=identity(seed, 1, subject),
        sex=sex,
        age=age,
        race=dice.pick(RACES),
        conditions=conditions,
        home=tuple(_draw_home(dice, conditions)),
        allergens=tuple(dice.sample(ALLERGENS, dice.weighted((0, 1, 2), (55, 32, 13)))),
        reasons=reasons,
        arrivals=tuple(arrivals),
    )


def _draw_conditions(dice: Dice, reasons: Sequence[Reason], age: int, sex: str) -> tuple[str, ...]:
    implied = list(dict.fromkeys(name for reason in reasons for name in reason.implies))
    barred = {name for reason in reasons for name in (*reason.excludes, *reason.implies)}
    barred |= {name for one in implied for name in _CONDITIONS[one].excludes}
    open_to = [one for one in CONDITIONS if one.weight and one.name not in barred and sex in one.sexes]
    wanted = dice.between(1, 3) if age < 45 else dice.between(2, 6)
    chosen: list[Trouble] = []
    while open_to and len(chosen) + len(implied) < wanted:
        one = dice.weighted(open_to, [one.weight for one in open_to])
        chosen.append(one)
        open_to = [other for other in open_to if other is not one and other.name not in one.excludes]
    return (*implied, *(one.name for one in chosen))


def _draw_home(dice: Dice, conditions: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    taken: set[str] = set()
    for name in conditions:
        for options in _CONDITIONS[name].home:
            drug, doses = dice.pick(options)
            if drug not in taken:
                taken.add(drug)
                yield name, drug, dice.pick(doses)


# --------------------------------------------------------------------------- what happens


def open_pair(reason: str, complication: str, test: bool) -> bool:
    """Whether a course of a test split, or of train and valid, may have this complication with this reason: a third of
    all pairs is kept for the test splits, which draw them only."""
    kept = zlib.crc32(f"{reason}/{complication}".encode()) % 3 == 0
    return kept == test


def draw_course(seed: int, number: int, patient: Patient, index: int, test: bool) -> Course:
    """The stay `number` of the ward, the patient's `index`-th, as it happened."""
    return _Drawing(Dice(f"{seed}/stay/{number}"), patient, index, test).draw(seed, number)


class _Drawing:
    """The facts of a stay as they come about. A fact that is there already is not drawn again."""

    def __init__(self, dice: Dice, patient: Patient, index: int, test: bool) -> None:
        self.dice, self.patient, self.index, self.test = dice, patient, index, test
        self.reason = patient.reasons[index]
        self.arrived = patient.arrivals[index]
        self.facts: dict[str, Fact] = {}
        self.values: dict[str, tuple[str, ...]] = {}
        self.fate: dict[str, str] = {}
        self.doses = {drug: dose for _, drug, dose in patient.home}
        self.started: dict[str, str] = {}
        self.length = 0
        # Some stays are told at length, some in a few words.
        self.much = {
            BHC: 0.3 + 0.3 * dice.roll() if dice.chance(0.25) else 0.9 + 0.8 * dice.roll(),
            DI: 0.2 * dice.roll() if dice.chance(0.45) else 0.95 + 1.4 * dice.roll(),
        }

    def draw(self, seed: int, number: int) -> Course:
        dice, reason, patient = self.dice, self.reason, self.patient
        complications = self._draw_complications()
        self.length = dice.between(*reason.days) + len(complications)
        for drug, dose in self.doses.items():
            self.add(Fact("dose", drug, dose, day=0))
        main = self._draw_reason()
        others = [self._draw_complication(one) for one in complications]
        chronic = [self._draw_chronic(name) for name in patient.conditions]
        self._draw_leaving(main)
        left = self.arrived + timedelta(minutes=dice.between(150, 720))
        discharged = left.replace(hour=0, minute=0) + timedelta(days=self.length - 1, hours=dice.between(9, 18))
        if discharged < left + timedelta(hours=20):
            discharged += timedelta(days=1)
        problems = (main, *others, *chronic)
        return Course(
            number=number,
            id=identity(seed, 2, number),
            patient=patient,
            index=self.index,
            age=patient.age + (self.arrived - patient.arrivals[0]).days // 365,
            reason=reason,
            service=dice.pick(reason.services),
            problems=problems,
            facts=self.facts,
            labs=tuple(self._draw_tables()),
            readings=tuple(self._date_readings(problems, discharged)),
            visits=self._draw_visits(seed, number, left, main),
            home=tuple(self.doses.items()),
            discharged=discharged,
            discharge_drugs=tuple(self._discharge_drugs()),
        )

    # ---- facts

    def add(self, fact: Fact) -> Fact | None:
        """The fact, if it is news."""
        if fact.key in self.facts:
            return None
        if fact.charted and fact.belongs and fact.kind not in _ALWAYS_CHARTED and self.dice.chance(0.14):
            fact = replace(fact, charted=False)
        self.facts[fact.key] = fact
        return fact

    def told(self, bhc: float, di: float = 0.0) -> tuple[str, ...]:
        """The targets to which something belongs, with these chances."""
        first = self.dice.chance(bhc if bhc == 1.0 else bhc * self.much[BHC])
        second = self.dice.chance(di if di == 1.0 else di * self.much[DI])
        return BOTH if first and second else (BHC,) if first else (DI,) if second else ()

    def put(self, problem: Problem, slot: str, *facts: Fact) -> None:
        problem.one.setdefault(slot, []).extend(new for fact in facts if (new := self.add(fact)))

    def put_group(self, problem: Problem, slot: str, *facts: Fact) -> None:
        """Facts that are told together; nothing if the first is no news."""
        head = self.add(facts[0])
        if head:
            rest = (new for fact in facts[1:] if (new := self.add(fact)))
            problem.groups.setdefault(slot, []).append((head, *rest))

    # ---- problems

    def _draw_complications(self) -> list[Trouble]:
        barred = {*self.patient.conditions, *self.reason.excludes, self.reason.name}
        open_to = [
            one
            for one in COMPLICATIONS
            if one.name not in barred
            and self.patient.sex in one.sexes
            and not barred & {*one.excludes}
            and open_pair(self.reason.name, one.name, self.test)
        ]
        return self.dice.sample(open_to, self.dice.weighted((0, 1, 2, 3), (30, 40, 23, 7)))

    def _draw_reason(self) -> Problem:
        dice, reason = self.dice, self.reason
        dx = Fact("dx", reason.name, belongs=BOTH, day=dice.between(1, 2))
        problem = Problem(dx, "reason")
        self.facts[dx.key] = dx
        count = dice.between(2, min(4, len(reason.symptoms)))
        shown = [reason.symptoms[0], *dice.sample(reason.symptoms[1:], count - 1)]
        self.put(
            problem,
            "symptoms",
            *(Fact("symptom", s, belongs=self.told(*_OFTEN[min(at, 2)])) for at, s in enumerate(shown)),
        )
        self.put(
            problem,
            "onset",
            Fact("onset", "symptoms", f"{dice.between(2, 9)} days", day=0, belongs=self.told(0.75, 0.25)),
        )
        if reason.triggers:
            self.put(
                problem, "trigger", Fact("trigger", dice.pick(reason.triggers), day=0, belongs=self.told(0.7, 0.45))
            )
        denied = dice.sample([s for s in reason.denied if s not in shown], dice.between(2, 4))
        self.put(problem, "denied", *(Fact("symptom", s, sign="-", belongs=self.told(0.12)) for s in denied))
        if dice.chance(0.55):
            wrong = Fact("dx", dice.pick(reason.working), sign="?", superseded_by=dx.key, belongs=self.told(0.75, 0.15))
            self.put(problem, "working", wrong)
        signs = dice.sample(reason.signs, dice.between(1, 3))
        self.put(problem, "signs", *(Fact("sign", s, belongs=self.told(0.5)) for s in signs))
        for vital, between in reason.vitals.items():
            self.put(
                problem,
                "vitals",
                Fact("vital", vital, _number(dice, between, VITALS[vital][2]), belongs=self.told(0.3)),
            )
        self._draw_common(problem, reason, 0.62, 0.95)
        self._draw_drug_changes(problem, reason)
        most = 1 + int(3 * self.much[DI])
        wanted = dice.sample(reason.instructions, dice.between(1, most))
        self.put(problem, "instructions", *(Fact("instruction", i, day=self.length, belongs=(DI,)) for i in wanted))
        warned = dice.sample(reason.warnings, dice.between(1, most))
        self.put(problem, "warnings", *(Fact("warning", w, day=self.length, belongs=(DI,)) for w in warned))
        return problem

    def _draw_complication(self, trouble: Trouble) -> Problem:
        dice = self.dice
        problem = Problem(
            Fact("dx", trouble.name, day=dice.between(1, 3), belongs=self.told(1.0, 0.85)), "complication"
        )
        self.facts[problem.dx.key] = problem.dx
        symptoms = dice.sample(trouble.symptoms, dice.between(1, 2))
        self.put(
            problem,
            "symptoms",
            *(Fact("symptom", s, day=problem.dx.day, belongs=self.told(0.7, 0.2)) for s in symptoms),
        )
        self._draw_common(problem, trouble, 0.75, 0.8)
        for drug in trouble.holds:
            if drug in self.doses and drug not in self.fate:
                self.fate[drug] = "hold"
                self.put(problem, "holds", Fact("hold", drug, day=problem.dx.day, belongs=BOTH))
        if trouble.allergy:
            culprit = dice.pick([a for a in trouble.allergy if a not in self.patient.allergens])
            self.put(problem, "allergy", Fact("allergy", culprit, day=problem.dx.day, belongs=BOTH))
        self.put(
            problem,
            "instructions",
            *(Fact("instruction", i, day=self.length, belongs=(DI,)) for i in trouble.instructions),
        )
        return problem

    def _draw_chronic(self, name: str) -> Problem:
        dice = self.dice
        trouble = _CONDITIONS[name]
        problem = Problem(Fact("dx", name, day=0, belongs=self.told(0.7)), "chronic")
        self.facts.setdefault(problem.dx.key, problem.dx)
        if trouble.labs and dice.chance(0.5):
            self._draw_labs(problem, trouble.labs, 0.3)
        if not problem.dx.belongs:
            return problem
        for condition, drug, dose in self.patient.home:
            if condition != name or drug in self.fate:
                continue
            options = [d for one, doses in (o for group in trouble.home for o in group) if one == drug for d in doses]
            at = options.index(dose) + dice.pick((-1, 1))
            if dice.chance(0.18) and 0 <= at < len(options):
                self._change(problem, drug, options[at])
            else:
                self.fate[drug] = "continue"
                self.put(problem, "continues", Fact("continue", drug, day=1, belongs=self.told(0.8, 0.12)))
        return problem

    def _draw_common(self, problem: Problem, of: Reason | Trouble, measured: float, done: float) -> None:
        """What reasons and complications have in common."""
        dice, day = self.dice, problem.dx.day
        self._draw_labs(problem, of.labs, measured)
        for study in of.studies:
            if dice.chance(study.chance):
                self._draw_reading(problem, study)
        for name, between in of.measures.items():
            decimals, _ = UNITS[name]
            self.put(
                problem,
                "measures",
                Fact("measure", name, _number(dice, between, decimals), day=day + 1, belongs=self.told(0.65, 0.15)),
            )
        if of.given:
            drugs = dice.pick(of.given)
            told = self.told(0.95, 0.45)
            new = [fact for drug in drugs if (fact := self.add(Fact("given", drug, day=day, belongs=told)))]
            if new:
                if told and new[-1].concept in _COURSES and dice.chance(0.6):
                    course = self.add(Fact("days", new[-1].concept, str(dice.between(2, 6)), day=day, belongs=told))
                    new += [course] if course else []
                problem.groups.setdefault("given", []).append(tuple(new))
        for name in dice.sample(of.treatments, dice.between(1, 2)):
            self.put(problem, "treatments", Fact("treatment", name, day=day, belongs=self.told(0.8, 0.3)))
        for specimen, organisms in of.cultures:
            if dice.chance(0.75):
                self.put(
                    problem,
                    "cultures",
                    Fact("culture", specimen, dice.pick(organisms), day=day + 1, belongs=self.told(0.75, 0.15)),
                )
        for procedure in of.procedures:
            if dice.chance(procedure.chance):
                self._draw_procedure(problem, procedure)
        if of.consults and dice.chance(0.7):
            clinic, advice = dice.pick(of.consults)
            told = self.told(0.85, 0.12)
            self.put_group(
                problem,
                "consults",
                Fact("consult", clinic, day=day, belongs=told),
                Fact("advice", dice.pick(advice), day=day, belongs=told),
            )
        for start in of.starts:
            if dice.chance(start.chance):
                self._start(problem, start)
        if of.pending and dice.chance(0.45 * done):
            self.put(
                problem,
                "pending",
                Fact("pending", dice.pick(of.pending), day=self.length, belongs=self.told(0.95, 0.55)),
            )
        for lab in dice.sample(of.rechecks, 1):
            if dice.chance(0.6 * done):
                self.put(
                    problem,
                    "rechecks",
                    Fact(
                        "recheck",
                        lab,
                        dice.pick(("1 weeks", "2 weeks", "3 days", "5 days")),
                        day=self.length,
                        belongs=self.told(0.9, 0.3),
                    ),
                )
        for clinic, intervals in of.clinics:
            if dice.chance(0.45 if clinic == "primary care" else 0.85):
                self.put(
                    problem,
                    "followups",
                    Fact(
                        "followup",
                        clinic,
                        dice.pick(intervals.split("|")),
                        day=self.length,
                        belongs=self.told(0.5, 0.9),
                    ),
                )

    def _draw_labs(self, problem: Problem, labs: Mapping[str, Range], told: float) -> None:
        dice = self.dice
        for lab, between in labs.items():
            if lab in self.values:
                continue
            decimals = NORMAL[lab][2]
            first = _number(dice, between[:2], decimals)
            self.values[lab] = (first,)
            belongs = self.told(told, 0.05)
            self.put(problem, "labs", Fact("lab", lab, first, day=problem.dx.day, belongs=belongs))
            if len(between) == 4:
                last = _number(dice, between[2:], decimals)
                self.values[lab] = (first, last)
                self.put(
                    problem,
                    "labs_out",
                    Fact("lab", lab, last, day=self.length, belongs=belongs and self.told(0.65, 0.06)),
                )
                if belongs and dice.chance(0.2):
                    worse = _worse(dice, between, decimals)
                    self.put(problem, "labs_worst", Fact("lab", lab, worse, day=2, belongs=(BHC,), charted=False))

    def _draw_reading(self, problem: Problem, study: Study) -> None:
        dice, day = self.dice, problem.dx.day
        found = [f"{name[:-1]}@" if name.endswith("@") else name for name in study.findings]
        kept = [found[0], *dice.sample(found[1:], dice.between(0, len(found) - 1))]
        seen = tuple(
            fact
            for name in kept
            if (
                fact := self.add(
                    Fact(
                        "finding",
                        name.rstrip("@"),
                        dice.pick(LOBES) if name.endswith("@") else "",
                        day=day,
                        belongs=self.told(0.7, 0.22),
                    )
                )
            )
        )
        absent = tuple(
            fact
            for name in dice.sample(study.absent, dice.between(0, 2))
            if f"finding:{name}" not in self.facts
            and not any(key.startswith(f"finding:{name}:") for key in self.facts)
            and (fact := self.add(Fact("finding", name, sign="-", day=day, belongs=self.told(0.3))))
        )
        problem.readings.append(Reading(study.name, self.arrived, seen, absent))

    def _draw_procedure(self, problem: Problem, procedure: Procedure) -> None:
        dice = self.dice
        day = dice.between(1, max(1, min(4, self.length - 1)))
        facts = [Fact("procedure", procedure.name, day=day, belongs=self.told(1.0, 0.9))]
        facts += [
            Fact("finding", name, day=day, belongs=self.told(0.8, 0.35))
            for name in dice.sample(procedure.findings, dice.between(1, 2))
        ]
        for name, between in procedure.measures.items():
            facts.append(Fact("measure", name, _number(dice, between, UNITS[name][0]), day=day, belongs=self.told(0.6)))
        self.put_group(problem, "procedures", *facts)

    # ---- drugs

    def _draw_drug_changes(self, problem: Problem, reason: Reason) -> None:
        for drug in reason.stops:
            if drug in self.doses and drug not in self.fate and drug not in self.started:
                self.fate[drug] = "stop"
                self.put(problem, "stops", Fact("stop", drug, day=1, belongs=BOTH))

    def _start(self, problem: Problem, start: Start) -> None:
        if start.drug in self.doses or start.drug in self.started:
            return
        dice = self.dice
        dose = dice.pick(start.doses)
        told = BOTH if dice.chance(0.1 + self.much[DI]) else (BHC,)
        facts = [
            Fact("start", start.drug, day=self.length, belongs=told),
            Fact("dose", start.drug, dose, day=self.length, belongs=told),
        ]
        if start.days:
            facts.append(Fact("days", start.drug, str(dice.pick(start.days)), day=self.length, belongs=told))
        self.started[start.drug] = dose
        self.put_group(problem, "starts", *facts)

    def _change(self, problem: Problem, drug: str, dose: str) -> None:
        self.fate[drug] = "change"
        old = replace(self.facts[f"dose:{drug}:{self.doses[drug]}"], belongs=BOTH, superseded_by=f"dose:{drug}:{dose}")
        self.facts[old.key] = old
        new = self.add(Fact("dose", drug, dose, day=self.length, belongs=BOTH))
        head = self.add(Fact("change", drug, day=self.length, belongs=BOTH))
        if new and head:
            self.started[drug] = dose
            problem.groups.setdefault("changes", []).append((head, old, new))

    def _discharge_drugs(self) -> Iterator[tuple[str, str]]:
        for drug, dose in self.doses.items():
            if self.fate.get(drug) not in ("stop", "hold"):
                yield drug, self.started.get(drug, dose)
        for drug, dose in self.started.items():
            if drug not in self.doses:
                yield drug, dose

    # ---- leaving, tables, reports, visits

    def _draw_leaving(self, main: Problem) -> None:
        dice = self.dice
        if dice.chance(self.reason.rehab + (0.12 if self.patient.age > 78 else 0.0)):
            place = dice.pick(("acute rehabilitation", "skilled nursing facility"))
        else:
            place = dice.weighted(("discharged home", "home with services"), (70, 30))
        self.put(main, "disposition", Fact("disposition", place, day=self.length, belongs=self.told(0.55, 0.3)))
        code = dice.weighted(("full code", "do not resuscitate"), (8, 2) if self.patient.age < 80 else (5, 5))
        self.put(main, "code", Fact("code", code, day=1, belongs=self.told(0.5)))

    def _draw_tables(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every lab's values, first to last; those that no problem is about are normal."""
        dice = self.dice
        for lab, (low, high, decimals, _) in NORMAL.items():
            if lab in self.values:
                yield lab, self.values[lab]
            elif lab in ROUTINE:
                margin = max(1, (high - low) // 8)
                usual = (low + margin, high - margin)
                yield lab, (_number(dice, usual, decimals), _number(dice, usual, decimals))

    def _date_readings(self, problems: Sequence[Problem], discharged: datetime) -> Iterator[Reading]:
        """The reports in their order, up to ten, with some of studies that showed nothing of note."""
        dice = self.dice
        due = [reading for problem in problems for reading in problem.readings if reading.study not in _NOT_RADIOLOGY]
        wanted = dice.weighted(range(1, 11), (17, 21, 19, 15, 10, 7, 5, 3, 2, 2))
        late = dice.chance(0.05)
        done = {reading.study for reading in due}
        for study, findings in dice.shuffled(COMMON_STUDIES):
            if len(due) < max(1, wanted - late) and study not in done:
                seen = tuple(fact for name in findings if (fact := self.add(Fact("finding", name, day=2))))
                due.append(Reading(study, self.arrived, seen))
                done.add(study)
        span = int((discharged - self.arrived).total_seconds())
        shares = sorted(0.04 + 0.9 * dice.roll() for _ in due)
        shares[0] = min(shares[0], 0.01 + 0.03 * dice.roll())
        for reading, share in zip(due, shares, strict=True):
            yield replace(reading, time=self.arrived + timedelta(seconds=int(span * share) // 60 * 60))
        if late and len(due) < 10:
            after = timedelta(days=dice.between(5, 30), hours=dice.between(8, 18))
            yield Reading(dice.pick(due).study, discharged + after, late=True)

    def _draw_visits(self, seed: int, number: int, left: datetime, main: Problem) -> tuple[Visit, ...]:
        dice = self.dice
        sick = {fact.concept: fact.value for fact in main.one.get("vitals", ())}
        wrong = [fact.concept for fact in main.one.get("working", ())]
        chronic = [name for name in self.patient.conditions if name not in self.reason.implies]
        codes = (
            wrong[0] if wrong and dice.chance(0.7) else self.reason.name,
            *dice.sample(chronic, dice.between(0, 3)),
        )
        last = Visit(
            id=identity(seed, 3, 4 * number),
            arrived=self.arrived,
            left=left,
            transport=dice.weighted(("AMBULANCE", "WALK IN", "UNKNOWN"), (50, 45, 5)),
            disposition="ADMITTED",
            vitals={name: sick.get(name) or _number(dice, usual[:2], usual[2]) for name, usual in VITALS.items()},
            codes=codes,
        )
        visits = [last]
        while len(visits) < 4 and dice.chance(0.06 if len(visits) == 1 else 0.25):
            before = visits[0].arrived - timedelta(hours=dice.between(20, 90))
            visits.insert(
                0,
                replace(
                    last,
                    id=identity(seed, 3, 4 * number + len(visits)),
                    arrived=before,
                    left=before + timedelta(minutes=dice.between(120, 400)),
                    disposition="HOME",
                    vitals={name: _number(dice, usual[:2], usual[2]) for name, usual in VITALS.items()},
                    codes=(dice.pick(self.reason.working),),
                ),
            )
        return tuple(visits)


_COURSES = frozenset(
    {
        "ceftriaxone",
        "azithromycin",
        "doxycycline",
        "vancomycin",
        "cefepime",
        "piperacillin-tazobactam",
        "metronidazole",
        "ciprofloxacin",
        "cefazolin",
        "ampicillin-sulbactam",
        "fidaxomicin",
        "gentamicin",
        "acyclovir",
        "methylprednisolone",
        "nystatin",
        "thiamine",
        "phenobarbital",
        "naproxen",
        "ketorolac",
        "hydroxyzine",
        "diphenhydramine",
    }
)
"""Drugs that are given in hospital for so many days."""

_ALWAYS_CHARTED = frozenset({"dose", "dx", "vital"})
_OFTEN = ((1.0, 1.0), (0.9, 0.75), (0.4, 0.15))
_NOT_RADIOLOGY = frozenset({"echocardiogram", "electrocardiogram", "EEG"})
COMMON_STUDIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("chest radiograph", ("bibasilar atelectasis",)),
    ("abdominal radiograph", ("fecal loading",)),
    ("CT head", ("chronic microvascular changes",)),
    ("lower extremity ultrasound", ()),
    ("knee radiograph", ("joint space narrowing",)),
    ("renal ultrasound", ()),
    ("right upper quadrant ultrasound", ()),
    ("foot radiograph", ("degenerative changes",)),
    ("hip radiograph", ("degenerative changes",)),
)


def _number(dice: Dice, between: Sequence[int], decimals: int) -> str:
    """A number between the ends, given as whole numbers of its last decimal: no float ever rounds."""
    drawn = dice.between(between[0], between[1])
    if not decimals:
        return str(drawn)
    whole, rest = divmod(drawn, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}"


def _worse(dice: Dice, between: Sequence[int], decimals: int) -> str:
    """A value worse than all on arrival: beyond them on the side away from those at discharge."""
    step = max(1, (between[1] - between[0]) // 3)
    if between[0] > between[2]:
        return _number(dice, (between[1] + 1, between[1] + step), decimals)
    return _number(dice, (max(1, between[0] - step), max(1, between[0] - 1)), decimals)
