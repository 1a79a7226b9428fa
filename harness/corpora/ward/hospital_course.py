"""The Brief Hospital Course: what clinicians tell clinicians, by problem or in paragraphs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from harness.corpora.ward import phrases
from harness.corpora.ward.course import Problem
from harness.corpora.ward.facts import BHC, Fact
from harness.corpora.ward.hand import Hand, Slot, capital, fill
from harness.corpora.ward.telling import Telling, interval, said, shown

_VOICES = {"prose": phrases.PROSE, "terse": phrases.TERSE}
_Told: TypeAlias = Sequence[tuple[Problem, list[str]]]
"""Problems and their sentences."""


def hospital_course(hand: Hand) -> str:
    """The hand's own Brief Hospital Course; what it states is on the hand's record."""
    return _HospitalCourse(hand).write()


class _HospitalCourse(Telling):
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
            "onset": lambda: phrases.ONSET[hand.style.voice][hand.choose(4)].format(n=n) if n else "",
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
                yield from self.put(move, facts, {move: self.measured(facts, phrases.FORMS)})
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
        without = self.after(phrases.ABSENT, self.names(absent, "or")) if absent else ""
        return {"study": self.word("study", study), "found": self.sited(found), "absent": without}

    def care(self, problem: Problem) -> Iterator[str]:
        for group in problem.groups.get("given", ()):
            if self.due(group[:1]):
                drugs = [fact for fact in group if fact.kind == "given"]
                response = self.any(phrases.RESPONSE)
                slots: dict[str, Slot] = {"drugs": self.names(drugs), "days": self.days(group), "response": response}
                yield from self.put("given", group, slots)
        facts = self.one(problem, "treatments")
        if facts:
            slots = {"tx": self.names(facts), "response": self.any(phrases.RESPONSE)}
            yield from self.put("treatments", facts, slots)
        for group in problem.groups.get("consults", ()):
            if self.due(group[:1]):
                yield from self.consult(group)
        for group in problem.groups.get("procedures", ()):
            told = self.due(group)
            if told and told[0].kind == "procedure":
                slots = {"proc": self.name(told[0]), "day": self.day(told[0]), "result": self.result(told[1:])}
                yield from self.put("procedure", told, slots)
        for fact in self.one(problem, "cultures"):
            move = "sterile" if fact.value == "no growth" else "culture"
            slots = {"specimen": self.name(fact), "organism": self.word("organism", fact.value)}
            yield from self.put(move, [fact], slots)

    def consult(self, facts: Sequence[Fact]) -> Iterator[str]:
        clinic, *advice = facts
        if advice:
            told = self.names(advice)
            slots = {"clinic": self.name(clinic), "advice": told, "advice_and": self.after(phrases.AND_FAVORED, told)}
            yield from self.put("consult", facts, slots)
        else:
            yield from self.put("consult_only", facts, {"clinic": self.name(clinic)})

    def result(self, facts: Sequence[Fact]) -> Slot:
        """What a procedure showed."""
        found = [fact for fact in facts if fact.kind == "finding"]
        measures = [fact for fact in facts if fact.kind == "measure"]
        shown_by = self.after(phrases.SHOWING, self.sited(found)) if found else ""
        return lambda: said(shown_by) + "".join(f", {self.hand.name(fact)} {shown(fact)}" for fact in measures)

    def outcome(self, problem: Problem) -> Iterator[str]:
        hand = self.hand
        for fact in self.one(problem, "measures"):
            yield from self.put("measure", [fact], {"measure": self.name(fact), "value": shown(fact)})
        for fact in self.one(problem, "labs_worst"):
            yield from self.put(
                "worst", [fact], {"lab": self.name(fact), "value": fact.value, "n": str(hand.dice.between(2, 3))}
            )
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
            yield from self.put("labs", labs, {"labs": self.measured(labs, phrases.FORMS)})
        if drugs:
            names = self.names(drugs)
            if headed or hand.dice.chance(0.4):
                yield from self.put("continue", drugs, {"drug": names})
            else:
                slots: dict[str, Slot] = {
                    "dx": self.name(problem.dx),
                    "continued": lambda: hand.phrase(phrases.CONTINUED[hand.style.voice], {"drug": names}),
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
                first = sentence.split(" ", 1)[0]
                lower = first.lower() + sentence[len(first) :] if len(first) > 3 and first[1:].islower() else sentence
                out[-1] = f"{out[-1][:-1]}; {lower}"
            else:
                out.append(sentence)
        return out

    def text(self, sentences: Sequence[str]) -> str:
        return fill(self.hand.style.gap.join(self.joined(sentences)), self.hand.style.width)

    def heading(self, problem: Problem, number: int) -> str:
        self.hand.stated[problem.dx.key] = None
        name = self.hand.name(problem.dx)
        mark = {"hash": "# ", "numbered": f"{number}. ", "dash": ""}[self.hand.style.layout]
        mark = mark.strip() if mark == "# " and self.hand.style.twist % 2 else mark
        return f"{mark}{capital(name)}:"

    def by_problem(
        self,
        opening: Sequence[str],
        acute: _Told,
        chronic: _Told,
        last: Sequence[str],
    ) -> list[str]:
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

    def in_paragraphs(
        self,
        opening: Sequence[str],
        acute: _Told,
        chronic: _Told,
        last: Sequence[str],
    ) -> list[str]:
        (_, first), *others = acute
        blocks = [self.text([*opening, *first])]
        for problem, sentences in others:
            slots = {"dx": self.name(problem.dx)}
            lead = self.hand.sentence(phrases.LEADS, slots, [problem.dx]) if self.due([problem.dx]) else ""
            blocks.append(self.text([s for s in (lead, *sentences) if s]))
        blocks.append(self.text([sentence for _, sentences in chronic for sentence in sentences]))
        blocks.append(self.text(last))
        return blocks
