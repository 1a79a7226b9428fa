"""The chart around the targets: the sections of the note, radiology reports and emergency department rows.

It is written by other hands than the targets: in lists, labels and half sentences, from the facts that are charted. A
section is its text and the keys that it states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from harness.corpora.ward import fillers
from harness.corpora.ward.course import Problem, Reading, Visit
from harness.corpora.ward.drugs import sheet
from harness.corpora.ward.facts import Fact
from harness.corpora.ward.hand import Hand, capital, fill
from harness.corpora.ward.lexicon import concepts
from harness.corpora.ward.reasons import NORMAL
from harness.corpora.ward.telling import interval, shown

Section: TypeAlias = tuple[str, list[str]]


PROSE = 0.75
"""Share of the histories that are told in sentences; the others are labels and lists."""


class Chart:
    """Writes the chart of one course. `bulk` from 0 to 1 says how much of it there is."""

    def __init__(self, hand: Hand, bulk: float) -> None:
        self.hand, self.dice, self.course, self.bulk = hand, hand.dice, hand.course, bulk
        self.keys: list[str] = []

    # ---- words

    def say(self, *facts: Fact) -> None:
        self.keys.extend(fact.key for fact in facts)

    def charted(self, facts: Iterable[Fact]) -> list[Fact]:
        return [fact for fact in facts if fact.charted]

    def one(self, problem: Problem, slot: str) -> list[Fact]:
        return self.charted(problem.one.get(slot, ()))

    def names(self, facts: Sequence[Fact], glue: str = ", ") -> str:
        self.say(*facts)
        return glue.join(self.hand.name(fact) for fact in facts)

    def pick(self, *options: str) -> str:
        return self.dice.pick(options)

    # ---- sections

    def section(self, name: str) -> Section:
        """One section by its name; empty if there is nothing to say."""
        self.keys = []
        text = _WRITERS[name](self)
        return text, self.keys

    def allergies(self) -> str:
        known = self.course.patient.allergens
        self.keys += [f"allergy:{name}" for name in known]
        names = [self.hand.word("allergen", name) for name in known]
        return self.pick(", ", " / ").join(map(capital, names)) or self.pick(
            "NKDA", "None known", "No Known Allergies / Adverse Drug Reactions"
        )

    def chief_complaint(self) -> str:
        return capital(self.names(self.one(self.course.main, "symptoms")[:2])) or "___"

    def procedure(self) -> str:
        done = [group[0] for p in self.course.problems for group in p.groups.get("procedures", ())]
        lines = [capital(self.names([fact])) for fact in self.charted(done)]
        return "\n".join(lines) or self.pick("None", "none", "___")

    def history(self) -> str:
        course, main = self.course, self.course.main
        prose = self.dice.chance(PROSE)
        story = list(self.presentation(main, prose))
        story += [self.pick(*fillers.STORY) for _ in range(int(6 * self.bulk))]
        for fact in self.one(main, "trigger"):
            story.append(
                f"{self.pick('Collateral history', 'Context', 'Of note', 'On questioning')}: {self.names([fact])}."
            )
        if course.index:
            before = course.patient.reasons[course.index - 1].name
            self.keys.append(f"dx:{before}")
            story.append(f"{self.pick('Last admission here', 'Prior stay')} (___): {self.hand.word('dx', before)}.")
        if len(course.visits) > 1:
            story.append(self.pick("Was in the ED shortly before and sent home.", "Second ED presentation in a week."))
        emergency = self.emergency(main, prose)
        denied = self.one(main, "denied")
        review = ""
        if denied and prose:
            review = f"{self.who()} {self.pick('denies', 'denied')} {self.listed(denied, 'or')}."
        elif denied:
            review = f"ROS: {self.pick('negative for', 'denies', 'no')} {self.names(denied, ' or ')}."
        paragraphs = [" ".join(dict.fromkeys(story)), " ".join(emergency), review]
        return "\n \n".join(fill(one, 78) for one in paragraphs if one)

    def presentation(self, main: Problem, prose: bool) -> Iterator[str]:
        """Who comes, with what, and since when."""
        man = {"F": "woman", "M": "man"}[self.course.patient.sex]
        known = [p.dx for p in self.course.problems if p.role == "chronic"]
        known = self.dice.sample(known, 3) if self.dice.chance(0.5) else []
        complaints = self.one(main, "symptoms")
        onset = self.one(main, "onset") if complaints else []
        self.say(*onset)
        if prose:
            came = f" who {self.pick('presents', 'presented', 'was sent in')} with" if complaints else ""
            named = f" {self.listed(complaints)}" if complaints else ""
            yield f"{self.who()} is {self.hand.base['an']} {self.course.age} year old {man}{came}{named}."
            if known:
                yield f"{self.pick('There is a history of', 'The past history includes')} {self.listed(known)}."
            for fact in onset:
                begun = self.pick("began", "started up", "came on")
                yield f"The {self.names(complaints[:1])} {begun} {fact.value} ago."
            return
        yield f"{self.course.age}-year-old {man}."
        if known:
            yield f"Background: {self.names(known)}."
        if complaints:
            yield f"{self.pick('Complains of', 'Reports', 'History of', 'Describes')} {self.names(complaints)}."
        for fact in onset:
            yield f"{self.pick('Timeline: symptoms of', 'Duration:')} {self.names(complaints[:1])} x {fact.value}."

    def emergency(self, main: Problem, prose: bool) -> Iterator[str]:
        """What happened in the emergency department, in sentences or as labels and lists."""
        vitals, labs = self.one(main, "vitals"), self.one(main, "labs")[:3]
        self.say(*vitals, *labs)
        if vitals:
            were = (
                f"In the emergency department {self.pick('the vital signs were', 'vitals were')}"
                if prose
                else "ED vitals:"
            )
            yield f"{were} {self.measured(vitals, prose)}."
        if labs:
            were = self.pick("The labs were notable for", "Labs showed") if prose else "ED labs:"
            yield f"{were} {self.measured(labs, prose)}."
        for fact in self.one(main, "working"):
            said = (
                f"There was {self.pick('concern for', 'a question of')}"
                if prose
                else f"ED impression: {self.pick('concern for', 'possible', 'r/o')}"
            )
            yield f"{said} {self.names([fact])}."
        for group in main.groups.get("given", ()):
            drugs = self.charted([fact for fact in group if fact.kind == "given"])
            if drugs and prose:
                yield f"{self.who()} {self.pick('was given', 'received')} {self.listed(drugs)}."
            elif drugs:
                yield f"{self.pick('ED meds', 'In ED')}: {self.pick('given', 'received')} {self.names(drugs)}."

    def who(self) -> str:
        return self.pick("The patient", str(self.hand.base["He"]), str(self.hand.base["He"]))

    def listed(self, facts: Sequence[Fact], last: str = "and") -> str:
        """The names as a sentence lists them."""
        self.say(*facts)
        return _in_a_sentence([self.hand.name(fact) for fact in facts], last)

    def measured(self, facts: Sequence[Fact], prose: bool) -> str:
        values = [f"{self.hand.name(fact)} {fact.value}" for fact in facts]
        return _in_a_sentence(values, "and") if prose else ", ".join(values)

    def past(self) -> str:
        lines = [self.names([p.dx]) for p in self.course.problems if p.role == "chronic"]
        lines += [self.pick(*fillers.SURGERIES)]
        lines += [self.pick(*fillers.OTHER_HISTORY) for _ in range(int(4 * self.bulk))]
        return "\n".join(f"- {capital(line)}" for line in dict.fromkeys(lines))

    def social(self) -> str:
        told = [self.pick(*options) for options in fillers.SOCIAL]
        code = self.one(self.course.main, "code")
        if code:
            told.append(f"Code status {self.names(code)}.")
        return fill(" ".join(told), 78) if code or self.dice.chance(0.8) else "___"

    def family(self) -> str:
        return fill(" ".join(dict.fromkeys(self.pick(*fillers.FAMILY) for _ in range(1 + int(2 * self.bulk)))), 78)

    def exam(self) -> str:
        main = self.course.main
        lines = [self.pick("ADMISSION EXAM:", "On admission:", "ADMISSION:"), self.vitals(main)]
        systems = dict(fillers.EXAM)
        for problem in self.course.problems:
            for fact in self.one(problem, "signs"):
                system = fillers.SYSTEM[fact.concept]
                systems.pop(system, None)
                lines.append(f"{system}: {self.names([fact])}")
        lines += [f"{name}: {self.dice.pick(systems[name])}" for name in list(systems)[: 3 + int(5 * self.bulk)]]
        lines += [" ", self.pick("DISCHARGE EXAM:", "On discharge:", "DISCHARGE:")]
        lines += self.benign(2 + int(5 * self.bulk))
        return "\n".join(fill(line) for line in lines)

    def benign(self, systems: int) -> list[str]:
        """The exam of somebody who is well."""
        return [f"{name}: {self.dice.pick(options)}" for name, options in list(fillers.EXAM.items())[:systems]]

    def vitals(self, main: Problem) -> str:
        shown_vitals = []
        for name, label in (
            ("temperature", "T"),
            ("heart rate", "HR"),
            ("respiratory rate", "RR"),
            ("oxygen saturation", "SpO2"),
        ):
            value = self.course.visits[-1].vitals[name]
            self.keys.append(f"vital:{name}:{value}")
            shown_vitals.append(f"{label} {value}")
        return "VS: " + ", ".join(shown_vitals)

    # ---- results

    def results(self) -> str:
        blocks = [self.labs(), self.micro(), self.studies(), self.measures(), self.waiting()]
        return "\n \n".join(block for block in blocks if block)

    def labs(self) -> str:
        hidden = {(f.concept, f.value) for f in self.course.facts.values() if f.kind == "lab" and not f.charted}
        days = 2 + int(24 * max(0.0, self.bulk - 0.2))
        lines = []
        for day in range(days):
            if day:
                lines.append(" ")
            title = "ADMISSION LABS" if day == 0 else "DISCHARGE LABS" if day == days - 1 else f"LABS HD{day + 1}"
            lines.append(f"{title}:")
            shown_labs = []
            for lab, values in self.course.labs:
                if day and len(values) == 1:
                    continue
                value = (
                    values[0] if day == 0 else values[-1] if day == days - 1 else self.between(lab, values, day, days)
                )
                if (lab, value) not in hidden:
                    shown_labs.append((lab, value))
            for _, panel in groupby(shown_labs, key=lambda one: NORMAL[one[0]][3]):
                lines.append(fill(f"___ {self.clock()} BLOOD " + " ".join(self.result(*one) for one in panel)))
        return "\n".join(lines)

    def between(self, lab: str, values: Sequence[str], day: int, days: int) -> str:
        """A value on the way from the first to the last."""
        decimals = NORMAL[lab][2]
        first, last = (int(value.replace(".", "")) for value in (values[0], values[-1]))
        now = first + (last - first) * day // (days - 1) + self.dice.between(-1, 1)
        digits = str(max(1, now)).rjust(decimals + 1, "0")
        return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits

    def clock(self) -> str:
        return f"{self.dice.between(4, 11):02d}:{self.dice.below(60):02d}{self.pick('AM', 'PM')}"

    def result(self, lab: str, value: str) -> str:
        low, high, _, _ = NORMAL[lab]
        self.keys.append(f"lab:{lab}:{value}")
        short = concepts()["lab", lab].short
        odd = not low <= int(value.replace(".", "")) <= high
        return f"{(short or (lab,))[-1].replace(' Ct', '')}-{value}{'*' if odd else ''}"

    def micro(self) -> str:
        lines = []
        for problem in self.course.problems:
            for fact in self.one(problem, "cultures"):
                lines.append(f"{self.names([fact])} ___: {self.hand.word('organism', fact.value)}")
        return "\n".join(["MICRO:", *lines]) if lines else ""

    def studies(self) -> str:
        lines = []
        radiology = {id(r): r for r in self.course.readings}
        tests = [
            r
            for p in self.course.problems
            for r in p.readings
            if r.study in ("echocardiogram", "electrocardiogram", "EEG")
        ]
        for reading in (*tests, *radiology.values()):
            if not reading.late:
                text = self.impression(reading)
                if text:
                    lines.append(fill(f"{self.hand.word('study', reading.study)} ___: {text}"))
        return "\n".join(["STUDIES:", *lines]) if lines else ""

    def impression(self, reading: Reading) -> str:
        found, absent = self.charted(reading.found), self.charted(reading.absent)
        parts = [self.sited(fact) for fact in found] or ["unremarkable"]
        text = f"{'; '.join(parts)}."
        if absent:
            text += f" No {self.names(absent, ' or ')}."
        return capital(text)

    def sited(self, fact: Fact) -> str:
        name = self.names([fact])
        return f"{self.hand.word('site', fact.value)} {name}" if fact.value else name

    def measures(self) -> str:
        lines = []
        for problem in self.course.problems:
            facts = self.one(problem, "measures")
            facts += [
                f for group in problem.groups.get("procedures", ()) for f in group if f.kind == "measure" and f.charted
            ]
            for fact in facts:
                self.say(fact)
                lines.append(f"{self.hand.name(fact)}: {shown(fact)}")
        return "\n".join(["OTHER DATA:", *lines]) if lines else ""

    def waiting(self) -> str:
        facts = [fact for p in self.course.problems for fact in self.one(p, "pending")]
        return "\n".join(f"{self.names([fact])} ___: pending" for fact in facts)

    # ---- the days

    def log(self) -> str:
        """What was done, by day; with much bulk also the daily notes, each much like the one before."""
        entries: dict[int, list[str]] = {}
        for problem in self.course.problems:
            for day, text in self.events(problem):
                entries.setdefault(day, []).append(text)
        lines = [f"HD{day}: {'; '.join(texts)}." for day, texts in sorted(entries.items())]
        if self.bulk > 0.35:
            lines += self.daily()
        return "\n".join(fill(line) for line in lines)

    def events(self, problem: Problem) -> Iterator[tuple[int, str]]:
        if problem.role == "complication":
            facts = self.one(problem, "symptoms")
            if facts:
                yield problem.dx.day, f"{self.pick('RN reports', 'new issue -', 'called for')} {self.names(facts)}"
        for group in problem.groups.get("given", ()):
            drugs = self.charted([fact for fact in group if fact.kind == "given"])
            if drugs:
                days = [fact for fact in group if fact.kind == "days" and fact.charted]
                keep = days and drugs[-1].concept == days[0].concept
                self.say(*(days if keep else ()))
                yield problem.dx.day, f"given {self.names(drugs)}" + (f" ({days[0].value} days)" if keep else "")
        for fact in self.one(problem, "treatments"):
            yield fact.day, self.names([fact])
        for group in problem.groups.get("procedures", ()):
            facts = self.charted([fact for fact in group if fact.kind != "measure"])
            if facts:
                found = [fact for fact in facts if fact.kind == "finding"]
                head = self.names([fact for fact in facts if fact.kind == "procedure"]) or "report"
                yield group[0].day, head + (f" - {', '.join(self.sited(fact) for fact in found)}" if found else "")
        for fact in self.one(problem, "holds"):
            yield fact.day, f"{self.names([fact])} held"
        for fact in self.one(problem, "allergy"):
            yield fact.day, f"reaction to {self.names([fact])}"

    def daily(self) -> Iterator[str]:
        """Daily notes: each a copy of the one before but for what somebody changed."""
        main = self.course.main
        plans = self.dice.sample(fillers.PLANS, 3)
        exam = self.benign(2 + int(7 * self.bulk))
        for day in range(2, 2 + int(27 * self.bulk * self.bulk)):
            self.say(main.dx)
            if self.dice.chance(0.4):
                plans = self.dice.sample(fillers.PLANS, 2 + int(4 * self.bulk))
            yield f"Note HD{day}: {self.pick(*fillers.NIGHTS)}. {self.pick(*fillers.ROUNDS)}."
            if self.bulk > 0.4:
                yield from exam
            yield f"Assessment: {self.hand.name(main.dx)}, {self.pick(*fillers.PACES)}. {' '.join(plans)}"

    def consults(self) -> str:
        lines = []
        for problem in self.course.problems:
            for group in problem.groups.get("consults", ()):
                told = self.charted(group)
                if told and told[0].kind == "consult":
                    advice = self.names(told[1:]) or "note in chart"
                    lines.append(f"{self.names(told[:1])} consult ___: {advice}")
                elif told:
                    lines.append(f"Specialist note ___: {self.names(told)}")
        return "\n".join(f"{capital(line)}." for line in lines)

    def teaching(self) -> str:
        """What the nurses went through with the patient."""
        lines = []
        for problem in self.course.problems:
            facts = self.one(problem, "instructions")
            if facts:
                lines.append(f"Reviewed: {self.names(facts, '; ')}.")
        warnings = self.one(self.course.main, "warnings")
        if warnings:
            lines.append(f"Red flags: {self.names(warnings)}.")
        return "\n".join(fill(line) for line in lines)

    # ---- drugs

    def order(self, drug: str, dose: str) -> str:
        self.keys.append(f"dose:{drug}:{dose}")
        return f"{concepts()['drug', drug].full[0].title()} {dose} {sheet()[drug].times}"

    def home_drugs(self) -> str:
        lines = [f"{n}. {self.order(drug, dose)}" for n, (drug, dose) in enumerate(self.course.home, 1)]
        opening = self.pick(
            "The preadmission list is accurate.",
            "The preadmission list may be inaccurate.",
            "Reconciled with the pharmacy.",
        )
        return "\n".join((opening, *(lines or ["None"])))

    def discharge_drugs(self) -> str:
        facts = self.course.facts
        lines = []
        for number, (drug, dose) in enumerate(self.course.discharge_drugs, 1):
            line = f"{number}. {self.order(drug, dose)}"
            days = next(
                (fact for fact in facts.values() if fact.kind == "days" and fact.concept == drug and fact.day > 2), None
            )
            if days and days.charted:
                self.say(days)
                line += f" for {days.value} days"
            for kind, mark in (("start", "(new)"), ("change", "(dose changed)")):
                fact = facts.get(f"{kind}:{drug}")
                if fact and fact.charted:
                    self.say(fact)
                    line += f" {mark}"
            lines.append(line)
            if self.bulk > 0.5 and drug not in dict(self.course.home):
                lines.append(f"   Disp #*{self.dice.pick((10, 14, 20, 28, 30, 60))} Refills:*0")
        for fact in self.charted(self.course.all("stop")):
            lines.append(f"Stopped: {self.names([fact])}")
        for fact in self.charted(self.course.all("hold")):
            lines.append(f"On hold: {self.names([fact])}")
        return "\n".join(lines or ["None"])

    # ---- leaving

    def disposition(self) -> str:
        facts = self.one(self.course.main, "disposition")
        if not facts:
            return "___"
        return capital(self.names(facts)) + ("" if facts[0].concept == "discharged home" else "\n \nFacility:\n___")

    def diagnoses(self) -> str:
        first, *others = self.course.problems
        lines = [self.names([one.dx]) for one in others[:7]]
        lines = [capital(line) for line in lines]
        name = self.names([first.dx])
        return "\n".join(
            (
                self.pick("PRIMARY:", "Primary diagnosis:", "Principal:"),
                capital(name),
                " ",
                self.pick("SECONDARY:", "Secondary diagnoses:", "Other:"),
                *(lines or ["None"]),
            )
        )

    def condition(self) -> str:
        mental = "Clear and coherent." if self.dice.chance(0.9) else "Confused - sometimes."
        walking = self.pick(
            "Ambulatory - Independent.",
            "Ambulatory - requires assistance or aid (walker or cane).",
            "Out of bed with assistance.",
        )
        return f"Mental Status: {mental}\nLevel of Consciousness: Alert and interactive.\nActivity Status: {walking}"

    def followup(self) -> str:
        lines = []
        for problem in self.course.problems:
            for fact in self.one(problem, "followups"):
                lines.append(f"{self.names([fact])} appointment in {interval(fact.value)}")
            for fact in self.one(problem, "rechecks"):
                lines.append(f"Lab slip: recheck {self.names([fact])} in {interval(fact.value)}")
        return "\n".join(f"- {capital(line)}" for line in lines) or "___"

    # ---- the other tables

    def report(self, reading: Reading) -> Section:
        """A radiology report."""
        self.keys = []
        patient = self.course.patient
        main = self.course.main
        complaint = self.one(main, "symptoms")[:1]
        question = self.dice.pick((*self.course.reason.working, self.course.reason.name))
        self.keys.append(f"?dx:{question}")
        who = "woman" if patient.sex == "F" else "man"
        history = (
            f"___ year old {who} with {self.names(complaint) or '___'}, {self.pick('eval for', 'evaluate for', 'r/o')}"
        )
        history += f" {self.hand.word('dx', question)}"
        found, absent = self.charted(reading.found), self.charted(reading.absent)
        details = [f"{self.dice.pick(fillers.DETAIL_LEADS)} {self.sited(fact)}." for fact in found]
        details += [self.pick(*fillers.NORMAL_DETAILS) for _ in range(1 + int(5 * self.bulk))]
        if absent:
            details.append(f"No {self.names(absent, ' or ')}.")
        name = concepts()["study", reading.study].full[0].upper()
        parts = (
            ("EXAMINATION", name),
            ("INDICATION", fill(history)),
            *((("TECHNIQUE", self.pick(*fillers.TECHNIQUES)),) if self.dice.chance(0.8) else ()),
            ("COMPARISON", self.pick("None.", "___.", "Prior study from ___.")),
            ("FINDINGS", f"\n \n{fill(' '.join(dict.fromkeys(details)))}"),
            ("IMPRESSION", f"\n \n{self.impression(reading)}"),
        )
        return "\n \n".join(f"{heading}:  {text}" for heading, text in parts) + "\n", self.keys

    def triage(self, visit: Visit) -> tuple[dict[str, str], list[str]]:
        """The columns of a triage row but for its ids."""
        keys = [f"vital:{name}:{value}" for name, value in visit.vitals.items()]
        upper = int(visit.vitals["systolic pressure"])
        row = {column: visit.vitals[name] for name, column in _COLUMNS.items()}
        row |= {
            "dbp": str(upper * 6 // 10 + self.dice.between(-4, 4)),
            "pain": self.pick("0", "3", "5", "7", "8", "unable", ""),
            "acuity": self.pick("2", "2", "3"),
        }
        if self.dice.chance(0.06):
            row["temperature"] = ""
            keys = [key for key in keys if not key.startswith("vital:temperature")]
        self.keys = keys
        row["chiefcomplaint"] = capital(self.names(self.one(self.course.main, "symptoms")[:2])) or "TRANSFER"
        return row, self.keys


def _in_a_sentence(items: Sequence[str], last: str) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


_COLUMNS = {
    "temperature": "temperature",
    "heart rate": "heartrate",
    "respiratory rate": "resprate",
    "oxygen saturation": "o2sat",
    "systolic pressure": "sbp",
}
_WRITERS = {
    "allergies": Chart.allergies,
    "chief_complaint": Chart.chief_complaint,
    "procedure": Chart.procedure,
    "history_of_present_illness": Chart.history,
    "past_medical_history": Chart.past,
    "social_history": Chart.social,
    "family_history": Chart.family,
    "physical_exam": Chart.exam,
    "pertinent_results": Chart.results,
    "log": Chart.log,
    "consults": Chart.consults,
    "teaching": Chart.teaching,
    "medications_on_admission": Chart.home_drugs,
    "discharge_medications": Chart.discharge_drugs,
    "discharge_disposition": Chart.disposition,
    "discharge_diagnosis": Chart.diagnoses,
    "discharge_condition": Chart.condition,
    "followup_instructions": Chart.followup,
}
