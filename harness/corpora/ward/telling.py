"""What both targets are told with: facts that belong to one of them, put into a clinician's sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.corpora.ward import phrases
from harness.corpora.ward.course import Problem
from harness.corpora.ward.drugs import sheet
from harness.corpora.ward.facts import Fact
from harness.corpora.ward.hand import Hand, Slot
from harness.corpora.ward.reasons import UNITS


def interval(value: str) -> str:
    """`1 weeks`, as a fact has it, in English."""
    return value[:-1] if value.startswith("1 ") else value


class Telling:
    """Tells the facts that belong to `target`, each once, by the templates of `table`."""

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

    def word(self, family: str, id: str) -> Slot:
        return lambda: self.hand.word(family, id, self.lay)

    def after(self, leads: Sequence[str], rest: Slot) -> Slot:
        """One of the leads, and what follows it."""
        return lambda: f"{leads[self.hand.choose(len(leads))]} {said(rest)}"

    def any(self, options: Sequence[str]) -> Slot:
        return lambda: options[self.hand.choose(len(options))]

    def put(self, move: str, facts: Sequence[Fact], slots: Mapping[str, Slot], head: str = "") -> Iterator[str]:
        many = sum(fact.kind == facts[0].kind for fact in facts) > 1
        text = self.hand.sentence(self.table[move], {"was": "were" if many else "was", **slots}, facts, head)
        if text:
            yield text

    def day(self, fact: Fact) -> Slot:
        return lambda: phrases.DAY[self.hand.choose(len(phrases.DAY))].format(n=max(1, fact.day))

    def days(self, facts: Iterable[Fact]) -> Slot:
        course = [fact.value for fact in facts if fact.kind == "days"]
        if not course:
            return ""
        return lambda: phrases.DAYS[self.hand.choose(len(phrases.DAYS))].format(n=course[0])

    def measured(self, facts: Sequence[Fact], forms: Sequence[str]) -> Slot:
        """Labs, vital signs or measures with their values."""

        def items() -> str:
            form = forms[self.hand.choose(len(forms))]
            return self.hand.listed(
                [_with_article(form.format(name=self.hand.name(f, self.lay), value=shown(f))) for f in facts]
            )

        return items

    def sited(self, facts: Sequence[Fact]) -> Slot:
        """Findings, with their places."""

        def items() -> str:
            out = []
            for fact in facts:
                name = self.hand.name(fact, self.lay)
                site = self.hand.word("site", fact.value) if fact.value else ""
                behind = site and self.hand.choose(3) == 0
                out.append(f"{name} in the {site}" if behind else f"{site} {name}".strip())
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
            "purpose": self.any(("", f" {purpose}", f" {purpose}")),
            "days": self.days(facts),
        }

    def drug_changes(self, problem: Problem, why: Sequence[str], until: Sequence[str]) -> Iterator[str]:
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
                drug = sheet()[head.concept]
                slots: dict[str, Slot] = {
                    "drug": self.name(head),
                    "old": old.value,
                    "new": new.value,
                    "from_to": self.from_to(old.value, new.value),
                    "times": self.any((f" {drug.lay_times if self.lay else drug.times}", "")),
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


def said(slot: Slot) -> str:
    return slot() if callable(slot) else slot


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
