"""The Discharge Instructions: what the patient is told, in the house's frame of a letter or a leaflet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.corpora.ward import phrases
from harness.corpora.ward.course import Problem
from harness.corpora.ward.facts import DI, Fact
from harness.corpora.ward.hand import Hand, Slot, fill
from harness.corpora.ward.lexicon import concepts
from harness.corpora.ward.styles import House
from harness.corpora.ward.telling import Telling, interval, shown

_LETTERS = {"letter": phrases.LETTER, "brief": phrases.BRIEF, "dictated": phrases.DICTATED}
_PLAIN = {"letter": 1.0, "brief": 0.6, "dictated": 0.0}


def instructions(hand: Hand, house: House, leaflet: bool) -> str:
    """The hand's own Discharge Instructions for the house; what they state is on the hand's record."""
    return _Instructions(hand, house, leaflet).write()


class _Instructions(Telling):
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
                body = fill(self.hand.style.gap.join(sentences), self.hand.style.width)
            if heading and heading[-1] not in ":?" and body[0] != "-":
                blocks.append(heading)
                heading = ""
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
            "onset": lambda: phrases.LAY_ONSET[self.hand.choose(len(phrases.LAY_ONSET))].format(n=n) if n else "",
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
        for reading in problem.readings:
            found = self.due(reading.found)
            if found:
                slots: dict[str, Slot] = {"study": self.word("study", reading.study), "found": self.sited(found)}
                yield from self.put("found", found, slots)
        for fact in self.one(problem, "labs"):
            yield from self.put("labs", [fact], {"lab": self.name(fact), "value": fact.value})
        for fact in self.one(problem, "labs_out"):
            yield from self.put("trend", [fact], {"lab": self.name(fact), "last": fact.value})
        for fact in self.one(problem, "cultures"):
            move = "sterile" if fact.value == "no growth" else "culture"
            slots = {"specimen": self.name(fact), "organism": self.word("organism", fact.value)}
            yield from self.put(move, [fact], slots)

    def done(self, problem: Problem) -> Iterator[str]:
        for group in problem.groups.get("given", ()):
            if self.due(group[:1]):
                drugs = [fact for fact in group if fact.kind == "given"]
                slots: dict[str, Slot] = {
                    "drugs": self.names(drugs),
                    "days": self.days(group),
                    "response": self.any(phrases.LAY_RESPONSE),
                }
                yield from self.put("given", group, slots)
        facts = self.one(problem, "treatments")
        if facts:
            yield from self.put("treatments", facts, {"tx": self.names(facts)})
        for group in problem.groups.get("consults", ()):
            if self.due(group[:1]):
                clinic, *advice = group
                who = self.after(phrases.WHO_FAVORED, self.names(advice)) if advice else self.any(phrases.WHO)
                yield from self.put("consult", group, {"clinic": self.name(clinic), "who": who})
        for group in problem.groups.get("procedures", ()):
            told = self.due(group)
            if told and told[0].kind == "procedure":
                found = [fact for fact in told if fact.kind == "finding"]
                result = self.after(phrases.LAY_SHOWING, self.sited(found)) if found else ""
                slots = {"proc": self.name(told[0]), "result": result}
                yield from self.put("procedure", [told[0], *found], slots)
        for fact in self.one(problem, "measures"):
            yield from self.put("measure", [fact], {"measure": self.name(fact), "value": shown(fact)})

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
        concept = concepts()["instruction", fact.concept]
        names = concept.lay if self.lay else concept.full
        chosen = names[self.hand.choose(len(names))]
        move = "forbidden" if chosen.startswith(("do not", "lift nothing")) else "instruction"
        slots: dict[str, Slot] = {"positive": chosen, "negative": chosen, "reason": self.any(phrases.REASON)}
        yield from self.put(move, [fact], slots)

    def plans(self) -> Iterator[str]:
        for problem in self.course.problems:
            for fact in self.one(problem, "followups"):
                slots: dict[str, Slot] = {
                    "clinic": self.name(fact),
                    "interval": interval(fact.value),
                    "what_for": self.any(phrases.WHAT_FOR),
                }
                yield from self.put("followup", [fact], slots)
            for fact in self.one(problem, "rechecks"):
                yield from self.put("recheck", [fact], {"labs": self.name(fact), "interval": interval(fact.value)})
            for fact in self.one(problem, "pending"):
                yield from self.put(
                    "pending", [fact], {"test": self.name(fact), "who_calls": self.any(phrases.WHO_CALLS)}
                )
        for fact in self.one(self.course.main, "disposition"):
            slots = {"dispo": self.name(fact), "to_dispo": _TO[fact.concept]}
            yield from self.put("disposition", [fact], slots)

    def warn(self) -> Iterator[str]:
        facts = self.one(self.course.main, "warnings")
        if facts:
            slots: dict[str, Slot] = {"sx": self.names(facts, "or"), "tail": self.any(phrases.TAIL)}
            yield from self.put("warnings", facts, slots)


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
