"""The ledger: what is the case in a stay, and where it is said.

`<split>/facts.jsonl.gz` beside the tables, one line a stay, never an input of a system (the tables' reader does not
know the file). A line, shortened:

    {"hadm_id": "24781243", "reason": "community acquired pneumonia", "style": "osprey", "house": "harbour",
     "register": "letter", "unseen_reason": false, "unseen_style": false,
     "facts": [{"id": 7, "kind": "start", "concept": "levofloxacin", "value": "", "polarity": "affirmed", "day": 3,
                "key": "start:levofloxacin", "critical": "new drug", "superseded_by": null,
                "belongs": ["brief_hospital_course", "discharge_instructions"],
                "stated": ["discharge_medications", "brief_hospital_course", "again:brief_hospital_course"]}, ...],
     "again": {"style": "wren", "brief_hospital_course": "...", "discharge_instructions": "..."}}

`key` is what `read_facts` finds in a text that states the fact. `day` is the day of the stay, 1 the day of arrival, 0
before. `stated` names every place: a section of the note (also "header"), "radiology:2" (the second report), "triage:1"
and "diagnosis:1" (the first visit), the two targets by their column, and their second wordings as "again:<column>".
`belongs` names the targets that ought to state it. `critical` is "" or one of CRITICAL. Facts of one key in one stay
are one fact. `again` is the second wording of both targets, by another clinician of the same house.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BHC, DI = "brief_hospital_course", "discharge_instructions"
CRITICAL = ("allergy", "dose", "new drug", "stopped drug", "held drug", "pending result", "follow-up", "code status")
_POLARITY = {"": "affirmed", "-": "denied", "?": "suspected"}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is the case. `sign` is "", "-" (denied) or "?" (suspected)."""

    kind: str
    concept: str
    value: str = ""
    day: int = 1
    sign: str = ""
    belongs: tuple[str, ...] = ()
    superseded_by: str = ""
    charted: bool = True
    """Whether the chart outside of the targets may state it."""

    @property
    def key(self) -> str:
        return f"{self.sign}{self.kind}:{self.concept}{':' if self.value else ''}{self.value}"

    @property
    def critical(self) -> str:
        return _CRITICAL.get(self.kind, "")


_CRITICAL = {
    "allergy": "allergy",
    "dose": "dose",
    "change": "dose",
    "start": "new drug",
    "stop": "stopped drug",
    "hold": "held drug",
    "pending": "pending result",
    "followup": "follow-up",
    "code": "code status",
}


def ledger_line(
    stay: Mapping[str, object], facts: Iterable[Fact], places: Mapping[str, Iterable[str]], again: Mapping[str, str]
) -> str:
    """One stay's line. `places` maps each place to the keys that are stated there."""
    stated: dict[str, list[str]] = {}
    for place, keys in places.items():
        for key in dict.fromkeys(keys):
            stated.setdefault(key, []).append(place)
    known = list({fact.key: fact for fact in facts}.values())
    numbers = {fact.key: number for number, fact in enumerate(known)}
    entries = [
        {
            "id": numbers[fact.key],
            "kind": fact.kind,
            "concept": fact.concept,
            "value": fact.value,
            "polarity": _POLARITY[fact.sign],
            "day": fact.day,
            "key": fact.key,
            "critical": fact.critical,
            "superseded_by": numbers.get(fact.superseded_by),
            "belongs": list(fact.belongs),
            "stated": stated.get(fact.key, []),
        }
        for fact in known
    ]
    return json.dumps({**stay, "facts": entries, "again": dict(again)}, ensure_ascii=False, separators=(",", ":"))
