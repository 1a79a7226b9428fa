"""The two targets of a stay: the Brief Hospital Course for clinicians, the Discharge Instructions for the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from harness.corpora.ward import phrases
from harness.corpora.ward.course import Course, Problem
from harness.corpora.ward.drugs import sheet
from harness.corpora.ward.facts import BHC, DI, Fact
from harness.corpora.ward.hand import Hand, Slot, fill
from harness.corpora.ward.reasons import UNITS
from harness.corpora.ward.styles import House

_VOICES = {"prose": phrases.PROSE, "terse": phrases.TERSE}
_PLAIN = {"letter": 1.0, "brief": 0.6, "dictated": 0.0}
_LETTERS = {"letter": phrases.LETTER, "brief": phrases.BRIEF, "dictated": phrases.DICTATED}


def interval(value: str) -> str:
    """`1 weeks`, as a fact has it, in English."""
    return value[:-1] if value.startswith("1 ") else value


class _Telling:
    """What both targets have in common: facts that belong to `target`, put in sentences by a hand."""

    target = ""
    plain = 0.0
    """How often a plain name is taken where there is a technical one."""

    def __init__(self, hand: Hand, table: phrases.Table) -> None:
        self.hand, self.table, self.course = hand, table, hand.course

    @property
    def lay(self) -> bool:
        return self.hand.dice.roll() < self.plain

    def due(self, facts: Iterable[Fact]) -> list[Fact]:
        return [fact for fact in facts if self.target in fact.belongs and fact.key not in self.hand.stated]

    def one(self, problem: Problem, slot: str) -> list[Fact]:
        return self.due(problem.one.get(slot, ()))

    def names(self, facts: Sequence[Fact], last: str = "and") -> Slot:
        return lambda: self.hand.listed([self.hand.name(fact, self.lay) for fact in facts], last)

    def name(self, fact: Fact) -> Slot:
        return lambda: self.hand.name(fact, self.lay)

    def any(self, options: Sequence[str]) -> Slot:
        return lambda: options[self.hand.choose(len(options))]

    def put(self, move: str, facts: Sequence[Fact], slots: Mapping[str, Slot], head: str = "") -> Iterator[str]:
        many = sum(fact.kind == facts[0].kind for fact in facts) > 1
        text = self.hand.sentence(self.table[move], {"was": "were" if many else "was", **slots}, facts, head)
        if text:
            yield text

    def day(self, fact: Fact) -> Slot:
        return lambda: _DAY[self.hand.choose(len(_DAY))].format(n=max(1, fact.day))

    def days(self, facts: Iterable[Fact]) -> Slot:
        course = [fact.value for fact in facts if fact.kind == "days"]
        if not course:
            return ""
        return lambda: _DAYS[self.hand.choose(len(_DAYS))].format(n=course[0])

    def measured(self, facts: Sequence[Fact], forms: Sequence[str]) -> Slot:
        """Labs, vital signs or measures with their values."""

        def items() -> str:
            form = forms[self.hand.choose(len(forms))]
            return self.hand.listed([_with_article(form.format(name=self.hand.name(f, self.lay), value=shown(f))) for f in facts])

        return items

    def sited(self, facts: Sequence[Fact]) -> Slot:
        """Findings, with their places."""

        def items() -> str:
            out = []
            for fact in facts:
                name = self.hand.name(fact, self.lay)
                if fact.value:
                    site = self.hand.word("site", fact.value)
                    name = f"{site} {name}" if self.hand.choose(3) else f"{name} in the {site}"
                out.append(name)
            return self.hand.listed(out)

        return items

    def dosed(self, facts: Sequence[Fact]) -> dict[str, Slot]:
        """The slots of a drug that is started: what, how much, how often, what for, how long."""
        drug, lay = sheet()[facts[0].concept], self.lay
        dose = next((f.value for f in facts if f.kind == "dose"), "")
        purpose = drug.lay_purpose if lay else drug.purpose
        return {
            "drug": self.name(facts[0]),
            "dose": dose,
            "times": drug.lay_times if lay else drug.times,
            "purpose": lambda: f" {purpose}" if self.hand.choose(3) else "",
            "days": self.days(facts),
        }

    def drug_changes(self, problem: Problem, why: Sequence[str], until: Sequence[str]) -> Iterator[str]:
        hand = self.hand
        for group in problem.groups.get("starts", ()):
            if self.due(group[:1]):
                yield from self.put("start", group, self.dosed(group))
        for fact in self.one(problem, "stops"):
            yield from self.put("stop", [fact], {"drug": self.name(fact), "why": self.any(why)})
        for fact in self.one(problem, "holds"):
            yield from self.put("hold", [fact], {"drug": self.name(fact), "until": self.any(until)})
        for group in problem.groups.get("changes", ()):
            head, old, new = group
            if self.due(group[:1]):
                times = sheet()[head.concept].lay_times if self.lay else sheet()[head.concept].times
                slots: dict[str, Slot] = {
                    "drug": self.name(head),
                    "old": old.value,
                    "new": new.value,
                    "from_to": self.from_to(old.value, new.value),
                    "times": lambda times=times: f" {times}" if hand.choose(2) else "",  # type: ignore[misc]
                }
                yield from self.put("change", group, slots)
        for fact in self.one(problem, "allergy"):
            yield from self.put("allergy", [fact], {"drug": self.name(fact)})

    def from_to(self, first: str, last: str) -> Slot:
        def words() -> str:
            if self.hand.dice.roll() < self.hand.style.arrow:
                return f"{first} -> {last}"
            return f"from {first} to {last}"

        return words


def _with_article(text: str) -> str:
    """`a INR of 2` -> `an INR of 2`."""
    if text.startswith("a "):
        first = text[2]
        vowel = first in "AEFHILMNORSX" if text[2:4].isupper() else first in "aeioAEIO"
        return f"an {text[2:]}" if vowel else text
    return text


def shown(fact: Fact) -> str:
    """A value with its unit."""
    return fact.value + (UNITS[fact.concept][1] if fact.kind == "measure" else "")


_DAY = ("", " on hospital day {n}", " on day {n}", "")
_DAYS = (" for {n} days", " for {n} days in all", " for a {n} day course", ", planned for {n} days", ", {n} days in total")


# --------------------------------------------------------------------------- the hospital course


class _HospitalCourse(_Telling):
    target = BHC

    def __init__(self, hand: Hand) -> None:
        super().__init__(hand, _VOICES[hand.style.voice])

    def write(self) -> str:
        course, style = self.course, self.hand.style
        blocks: list[str] = []
        opening = list(self.opening())
        acute = [problem for problem in course.problems if problem.role != "chronic"]
        chronic = [problem for problem in course.problems if problem.role == "chronic" and self.due([problem.dx])]
        told = [(problem, list(self.acute(problem))) for problem in acute]
        told_chronic = [(problem, list(self.chronic(problem))) for problem in chronic]
        last = list(self.transitional())
        if style.layout == "paragraphs":
            blocks = self.in_paragraphs(opening, told, told_chronic, last)
        else:
            blocks = self.by_problem(opening, told, told_chronic, last)
        return "\n \n".join(block for block in blocks if block)

    # ---- what is told

    def opening(self) -> Iterator[str]:
        hand, main = self.hand, self.course.main
        sx = self.one(main, "symptoms")
        onset = self.one(main, "onset")
        background = [p.dx for p in self.course.problems if p.role == "chronic" and self.due([p.dx])]
        told = hand.dice.sample(background, hand.dice.between(1, 3))
        n = onset[0].value.split()[0] if onset else ""
        slots: dict[str, Slot] = {
            "sx": self.names(sx),
            "dx": self.name(main.dx),
            "onset": lambda: _ONSET[hand.style.voice][hand.choose(4)].format(n=n) if n else "",
            "history": lambda: hand.phrase(phrases.HISTORY[hand.style.voice], {"dx": self.names(told)}) if told else "",
            "gap": " " if not told else ", ",
            "spell": f"{n} days of " if n else "",
        }
        yield from self.put("opening", [main.dx, *sx, *onset, *told], slots)

    def acute(self, problem: Problem) -> Iterator[str]:
        """The sentences of a problem; the reason's symptoms stand in the opening already."""
        if problem.role == "complication":
            facts = self.one(problem, "symptoms")
            if facts:
                yield from self.put("symptoms", facts, {"sx": self.names(facts), "day": self.day(problem.dx)})
        for move, slot, name in (("trigger", "trigger", "trigger"), ("working", "working", "working")):
            for fact in self.one(problem, slot):
                yield from self.put(move, [fact], {name: self.name(fact)})
        for move, slot in (("vitals", "vitals"), ("labs", "labs")):
            facts = self.one(problem, slot)
            if facts:
                yield from self.put(move, facts, {move: self.measured(facts, _FORMS)})
        facts = self.one(problem, "signs")
        if facts:
            yield from self.put("signs", facts, {"signs": self.names(facts)})
        for reading in problem.readings:
            found, absent = self.due(reading.found), self.due(reading.absent)
            if found:
                yield from self.put("study", [*found, *absent], self.study(reading.study, found, absent))
            elif absent:
                slots = {"denied": self.names(absent, "or")}
                yield from self.put("denied", absent, slots)
        facts = self.one(problem, "denied")
        if facts:
            yield from self.put("denied", facts, {"denied": self.names(facts, "or")})
        yield from self.care(problem)
        yield from self.outcome(problem)
        yield from self.drug_changes(problem, phrases.WHY, phrases.UNTIL)

    def study(self, study: str, found: Sequence[Fact], absent: Sequence[Fact]) -> dict[str, Slot]:
        hand = self.hand

        def without() -> str:
            names = hand.listed([hand.name(fact) for fact in absent], "or")
            return f"{_ABSENT[hand.choose(len(_ABSENT))]} {names}"

        return {"study": lambda: hand.word("study", study), "found": self.sited(found), "absent": without if absent else ""}

    def care(self, problem: Problem) -> Iterator[str]:
        hand = self.hand
        for group in problem.groups.get("given", ()):
            if self.due(group[:1]):
                drugs = [fact for fact in group if fact.kind == "given"]
                slots: dict[str, Slot] = {"drugs": self.names(drugs), "days": self.days(group), "response": self.any(phrases.RESPONSE)}
                yield from self.put("given", group, slots)
        facts = self.one(problem, "treatments")
        if facts:
            yield from self.put("treatments", facts, {"tx": self.names(facts), "response": self.any(phrases.RESPONSE)})
        for group in problem.groups.get("consults", ()):
            if self.due(group[:1]):
                clinic, *advice = group
                if advice:
                    told = self.names(advice)
                    ending = lambda told=told: f" and {_FAVORED[hand.choose(3)]} {told() if callable(told) else told}"  # noqa: E731
                    slots = {"clinic": self.name(clinic), "advice": told, "advice_and": ending}
                    yield from self.put("consult", group, slots)
                else:
                    yield from self.put("consult_only", group, {"clinic": self.name(clinic)})
        for group in problem.groups.get("procedures", ()):
            told_facts = self.due(group)
            if told_facts and told_facts[0].kind == "procedure":
                yield from self.put("procedure", told_facts, self.procedure(told_facts))
        for fact in self.one(problem, "cultures"):
            move = "sterile" if fact.value == "no growth" else "culture"
            slots = {"specimen": self.name(fact), "organism": lambda fact=fact: hand.word("organism", fact.value)}  # type: ignore[misc]
            yield from self.put(move, [fact], slots)

    def procedure(self, facts: Sequence[Fact]) -> dict[str, Slot]:
        hand = self.hand
        found = [fact for fact in facts if fact.kind == "finding"]
        measures = [fact for fact in facts if fact.kind == "measure"]

        def result() -> str:
            text = ""
            if found:
                names = self.sited(found)
                text = f"{_SHOWING[hand.choose(len(_SHOWING))]} {names() if callable(names) else names}"
            for fact in measures:
                text += f", {hand.name(fact)} {shown(fact)}"
            return text

        return {"proc": self.name(facts[0]), "day": self.day(facts[0]), "result": result}

    def outcome(self, problem: Problem) -> Iterator[str]:
        hand = self.hand
        for fact in self.one(problem, "measures"):
            yield from self.put("measure", [fact], {"measure": self.name(fact), "value": shown(fact)})
        for fact in self.one(problem, "labs_worst"):
            yield from self.put("worst", [fact], {"lab": self.name(fact), "value": fact.value, "n": str(hand.dice.between(2, 3))})
        firsts = {fact.concept: fact for fact in problem.one.get("labs", ())}
        for fact in self.one(problem, "labs_out"):
            first = firsts.get(fact.concept)
            if first and hand.dice.chance(0.6):
                slots: dict[str, Slot] = {"lab": self.name(fact), "from_to": self.from_to(first.value, fact.value)}
                yield from self.put("trend", [first, fact], slots)
            else:
                yield from self.put("ended", [fact], {"lab": self.name(fact), "last": fact.value})

    def chronic(self, problem: Problem) -> Iterator[str]:
        hand = self.hand
        drugs = self.one(problem, "continues")
        headed = hand.style.layout != "paragraphs"
        changes = list(self.drug_changes(problem, phrases.WHY, phrases.UNTIL))
        labs = self.one(problem, "labs")
        if labs:
            yield from self.put("labs", labs, {"labs": self.measured(labs, _FORMS)})
        if drugs:
            names = self.names(drugs)
            if headed or hand.dice.chance(0.4):
                yield from self.put("continue", drugs, {"drug": names})
            else:
                slots: dict[str, Slot] = {
                    "dx": self.name(problem.dx),
                    "continued": lambda: hand.phrase(_CONTINUED[hand.style.voice], {"drug": names}),
                }
                yield from self.put("chronic", [problem.dx, *drugs], slots)
        elif not changes and not labs and hand.dice.chance(0.7):
            yield from self.put("stable", [problem.dx], {"dx": self.name(problem.dx)})
        yield from changes

    def transitional(self) -> Iterator[str]:
        hand = self.hand
        for problem in self.course.problems:
            facts = self.one(problem, "rechecks")
            for fact in facts:
                yield from self.put("recheck", [fact], {"labs": self.name(fact), "interval": interval(fact.value)})
            for fact in self.one(problem, "pending"):
                yield from self.put("pending", [fact], {"test": self.name(fact)})
            for fact in self.one(problem, "followups"):
                yield from self.put("followup", [fact], {"clinic": self.name(fact), "interval": interval(fact.value)})
        main = self.course.main
        for fact in self.one(main, "code"):
            yield from self.put("code", [fact], {"code": self.name(fact)})
        for fact in self.one(main, "disposition"):
            yield from self.put("disposition", [fact], {"dispo": self.name(fact)})
        if hand.dice.chance(0.35):
            yield from self.put("leaving", [], {})

    # ---- how it is laid out

    def joined(self, sentences: Sequence[str]) -> list[str]:
        """Some of the sentences made one with the next, by a semicolon."""
        out: list[str] = []
        for sentence in sentences:
            if out and out[-1].endswith(".") and ";" not in out[-1] and self.hand.dice.chance(self.hand.style.joined):
                lower = sentence if not sentence[1:2].islower() or sentence[2] == "." else sentence[0].lower() + sentence[1:]
                out[-1] = f"{out[-1][:-1]}; {lower}"
            else:
                out.append(sentence)
        return out

    def text(self, sentences: Sequence[str]) -> str:
        return fill(" ".join(self.joined(sentences)), self.hand.style.width)

    def heading(self, problem: Problem, number: int) -> str:
        self.hand.stated[problem.dx.key] = None
        name = self.hand.name(problem.dx)
        mark = {"hash": "# ", "numbered": f"{number}. ", "dash": ""}[self.hand.style.layout]
        mark = mark.strip() if mark == "# " and self.hand.style.twist % 2 else mark
        return f"{mark}{name[0].upper()}{name[1:]}:"

    def by_problem(self, opening: Sequence[str], acute: Sequence[tuple[Problem, list[str]]], chronic: Sequence[tuple[Problem, list[str]]], last: Sequence[str]) -> list[str]:
        style = self.hand.style
        blocks = [self.text(opening)]
        for group, title in ((acute, "ACUTE ISSUES"), (chronic, "CHRONIC ISSUES")):
            if style.grouped and group:
                blocks.append(f"{title}:")
            begin = len(acute) + 1 if group is chronic else 1
            for number, (problem, sentences) in enumerate(group, begin):
                head = self.heading(problem, number)
                if style.layout == "dash":
                    entries = [fill(f"- {sentence}", style.width) for sentence in self.joined(sentences)]
                    blocks.append("\n".join((head, *entries)))
                else:
                    blocks.append(f"{head}\n{self.text(sentences)}" if sentences else head)
        if last:
            entries = [fill(f"- {sentence}", style.width) for sentence in last]
            blocks.append("\n".join((f"{style.last.rstrip(':')}:", *entries)) if style.last else self.text(last))
        return blocks

    def in_paragraphs(self, opening: Sequence[str], acute: Sequence[tuple[Problem, list[str]]], chronic: Sequence[tuple[Problem, list[str]]], last: Sequence[str]) -> list[str]:
        (_, first), *others = acute
        blocks = [self.text([*opening, *first])]
        for problem, sentences in others:
            slots = {"dx": self.name(problem.dx)}
            lead = self.hand.sentence(_LEADS, slots, [problem.dx]) if self.due([problem.dx]) else ""
            blocks.append(self.text([s for s in (lead, *sentences) if s]))
        blocks.append(self.text([sentence for _, sentences in chronic for sentence in sentences]))
        blocks.append(self.text(last))
        return blocks


_FORMS = ("{name} of {value}", "{name} {value}", "a {name} of {value}", "{name} at {value}", "{name} {value}")
_ABSENT = (", without", ", with no", " and no", " but no")
_SHOWING = (", which showed", ", revealing", ", showing", ", where the team found", " that demonstrated")
_FAVORED = ("favored", "suggested", "proposed")
_ONSET = {
    "prose": (" for {n} days", " over {n} days", " for the past {n} days", " of {n} days' standing"),
    "terse": (" x {n} d", " for {n} days", " x {n} days", " ({n} days)"),
}
_CONTINUED = {
    "prose": ("[{he} was kept on|{he} was maintained on|we continued|the team continued] {drug}[ throughout| as at home|]", "{drug} was continued[ throughout| without change|]"),
    "terse": ("[continued|kept on|continue] [home |]{drug}", "{drug} continued"),
}
_LEADS = (
    "[The stay was complicated by|The course was complicated by|Next came|A further problem was|In addition there was|The stay also brought] {dx}",
    "{Dx} [was the next problem|complicated matters|was also dealt with|arose as well]",
    "[C/b|Course c/b|Also] {dx}",
)


def hospital_course(hand: Hand) -> str:
    return _HospitalCourse(hand).write()


# --------------------------------------------------------------------------- the instructions


class _Instructions(_Telling):
    target = DI

    def __init__(self, hand: Hand, house: House, leaflet: bool) -> None:
        super().__init__(hand, _LETTERS[hand.style.letter])
        self.plain = _PLAIN[hand.style.letter]
        self.parts = house.leaflet if leaflet else house.letter

    def write(self) -> str:
        blocks: list[str] = []
        heading = ""
        for part in self.parts:
            told = _PARTS.get(part.lstrip("-"))
            if told is None:
                if part[0] == "=":
                    blocks.append(self.fixed(part[1:]))
                else:
                    heading = part
                continue
            sentences = list(told(self))
            if not sentences:
                continue
            if part[0] == "-":
                body = "\n".join(fill(f"- {sentence}", self.hand.style.width) for sentence in sentences)
            else:
                body = fill(" ".join(sentences), self.hand.style.width)
            blocks.append(f"{heading}\n{body}" if heading else body)
            heading = ""
        return "\n \n".join(blocks)

    def fixed(self, text: str) -> str:
        return fill(text.replace("{Mr}", str(self.hand.base["Mr"])), self.hand.style.width)

    # ---- what is told

    def why(self) -> Iterator[str]:
        main = self.course.main
        sx, onset = self.one(main, "symptoms"), self.one(main, "onset")
        n = onset[0].value.split()[0] if onset else ""
        slots: dict[str, Slot] = {
            "sx": self.names(sx),
            "onset": lambda: _LAY_ONSET[self.hand.choose(len(_LAY_ONSET))].format(n=n) if n else "",
        }
        yield from self.put("why", [*sx, *onset], slots)
        for fact in self.one(main, "working"):
            yield from self.put("working", [fact], {"working": self.name(fact)})
        yield from self.put("dx", [main.dx], {"dx": self.name(main.dx)})
        for fact in self.one(main, "trigger"):
            yield from self.put("trigger", [fact], {"trigger": self.name(fact)})

    def did(self) -> Iterator[str]:
        for problem in self.course.problems:
            if problem.role == "chronic":
                continue
            if problem.role == "complication" and self.due([problem.dx]):
                yield from self.put("also", [problem.dx], {"dx": self.name(problem.dx)})
            yield from self.tested(problem)
            yield from self.done(problem)
        if self.hand.dice.chance(0.3):
            yield from self.put("cheer", [], {})

    def tested(self, problem: Problem) -> Iterator[str]:
        hand = self.hand
        for reading in problem.readings:
            found = self.due(reading.found)
            if found:
                slots: dict[str, Slot] = {"study": lambda reading=reading: hand.word("study", reading.study, self.lay), "found": self.sited(found)}  # type: ignore[misc]
                yield from self.put("found", found, slots)
        for fact in self.one(problem, "labs"):
            yield from self.put("labs", [fact], {"lab": self.name(fact), "value": fact.value})
        for fact in self.one(problem, "labs_out"):
            yield from self.put("trend", [fact], {"lab": self.name(fact), "last": fact.value})
        for fact in self.one(problem, "cultures"):
            move = "sterile" if fact.value == "no growth" else "culture"
            slots = {"specimen": self.name(fact), "organism": lambda fact=fact: hand.word("organism", fact.value, self.lay)}  # type: ignore[misc]
            yield from self.put(move, [fact], slots)

    def done(self, problem: Problem) -> Iterator[str]:
        for group in problem.groups.get("given", ()):
            if self.due(group[:1]):
                drugs = [fact for fact in group if fact.kind == "given"]
                slots: dict[str, Slot] = {"drugs": self.names(drugs), "days": self.days(group), "response": self.any(phrases.LAY_RESPONSE)}
                yield from self.put("given", group, slots)
        facts = self.one(problem, "treatments")
        if facts:
            yield from self.put("treatments", facts, {"tx": self.names(facts)})
        for group in problem.groups.get("consults", ()):
            if self.due(group[:1]):
                who = group[1:]
                yield from self.put("consult", group, {"clinic": self.name(group[0]), "who": self.who(who)})
        for group in problem.groups.get("procedures", ()):
            told = self.due(group)
            if told and told[0].kind == "procedure":
                found = [fact for fact in told if fact.kind == "finding"]
                slots = {"proc": self.name(told[0]), "result": self.result(found)}
                yield from self.put("procedure", [told[0], *found], slots)
        for fact in self.one(problem, "measures"):
            yield from self.put("measure", [fact], {"measure": self.name(fact), "value": shown(fact)})

    def who(self, advice: Sequence[Fact]) -> Slot:
        if not advice:
            return self.any(phrases.WHO)
        names = self.names(advice)
        return lambda: f", who {_FAVORED[self.hand.choose(3)]} {names() if callable(names) else names}"

    def result(self, found: Sequence[Fact]) -> Slot:
        if not found:
            return ""
        names = self.sited(found)
        return lambda: f"{_LAY_SHOWING[self.hand.choose(3)]} {names() if callable(names) else names}"

    def drugs(self) -> Iterator[str]:
        for problem in self.course.problems:
            yield from self.drug_changes(problem, phrases.LAY_WHY, phrases.LAY_UNTIL)
            for fact in self.one(problem, "continues"):
                yield from self.put("continue", [fact], {"drug": self.name(fact)})

    def home(self) -> Iterator[str]:
        yield from self.drugs()
        yield from self.care()

    def care(self) -> Iterator[str]:
        for problem in self.course.problems:
            for fact in self.one(problem, "instructions"):
                yield from self.instruct(fact)

    def instruct(self, fact: Fact) -> Iterator[str]:
        hand = self.hand
        from harness.corpora.ward.lexicon import concepts

        concept = concepts()["instruction", fact.concept]
        names = concept.lay if self.lay else concept.full
        chosen = names[hand.choose(len(names))]
        move = "forbidden" if chosen.startswith(("do not", "lift nothing")) else "instruction"
        slots: dict[str, Slot] = {"positive": chosen, "negative": chosen, "reason": self.any(phrases.REASON)}
        yield from self.put(move, [fact], slots)

    def plans(self) -> Iterator[str]:
        for problem in self.course.problems:
            for fact in self.one(problem, "followups"):
                slots: dict[str, Slot] = {"clinic": self.name(fact), "interval": interval(fact.value), "what_for": self.any(phrases.WHAT_FOR)}
                yield from self.put("followup", [fact], slots)
            for fact in self.one(problem, "rechecks"):
                yield from self.put("recheck", [fact], {"labs": self.name(fact), "interval": interval(fact.value)})
            for fact in self.one(problem, "pending"):
                yield from self.put("pending", [fact], {"test": self.name(fact), "who_calls": self.any(phrases.WHO_CALLS)})
        for fact in self.one(self.course.main, "disposition"):
            slots = {"dispo": self.name(fact), "to_dispo": _TO[fact.concept]}
            yield from self.put("disposition", [fact], slots)

    def warn(self) -> Iterator[str]:
        facts = self.one(self.course.main, "warnings")
        if facts:
            slots: dict[str, Slot] = {"sx": self.names(facts, "or"), "tail": self.any(phrases.TAIL)}
            yield from self.put("warnings", facts, slots)


_LAY_ONSET = (" for {n} days", " over {n} days", " for about {n} days", " for the last {n} days")
_LAY_SHOWING = (", which showed", ", and it showed", " that showed")
_TO = {
    "discharged home": "home with your family",
    "home with services": "home with a visiting nurse",
    "acute rehabilitation": "to a rehab hospital",
    "skilled nursing facility": "to a nursing facility",
}
_PARTS: Mapping[str, Callable[[_Instructions], Iterator[str]]] = {
    "why": _Instructions.why,
    "did": _Instructions.did,
    "drugs": _Instructions.drugs,
    "care": _Instructions.care,
    "home": _Instructions.home,
    "plans": _Instructions.plans,
    "warn": _Instructions.warn,
}


def instructions(hand: Hand, house: House, leaflet: bool) -> str:
    return _Instructions(hand, house, leaflet).write()
