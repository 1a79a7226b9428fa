"""Doses, dates and drugs that a text states, and which of them its input does not contain.

Each is read into a key, so that '5 mg' and '5.0 milligrams', '3/4/2019' and 'March 4, 2019' are the same. What is
compared is whether the key stands anywhere in the input: a dose that stands there for another drug is not noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.nlp.concepts.words import plain

Kind = Literal["dose", "date", "drug"]
KINDS: tuple[Kind, ...] = ("dose", "date", "drug")


@dataclass(frozen=True)
class Claim:
    """What the characters from `start` to `end` of a text state."""

    kind: Kind
    key: str
    start: int
    end: int


DrugNames = Callable[[Sequence[str]], Sequence[Mapping[str, tuple[str, ...]]]]
"""The drugs that each of some texts names, in lower case, with the ids of the substances that each may stand for."""


@dataclass(frozen=True)
class Reader:
    """Reads claims; drugs only where there are names of drugs."""

    drug_names: DrugNames | None = None

    def claims(self, text: str) -> list[Claim]:
        return self.claims_of([text])[text]

    def claims_of(self, texts: Iterable[str]) -> dict[str, list[Claim]]:
        """The claims of each text. What names drugs is asked once for all of them."""
        different = list(dict.fromkeys(texts))
        named = self.drug_names(different) if self.drug_names else [{}] * len(different)
        return {
            text: sorted([*_doses(text), *_dates(text), *_drugs(text, names)], key=lambda claim: claim.start)
            for text, names in zip(different, named, strict=True)
        }


def known_keys(claims: Iterable[Claim]) -> frozenset[str]:
    """What is known where these are; of a date with a year also its day, so that the day alone is known."""
    known = {claim.key for claim in claims}
    days = {claim.key.rpartition("/")[0] for claim in claims if claim.kind == "date" and claim.key.count("/") == 2}
    return frozenset(known | days)


def unsupported(claims: Sequence[Claim], known: Collection[str]) -> list[Claim]:
    """The claims whose key is not known. A name that may stand for several substances is known if one of them is."""
    fine = {(claim.start, claim.end) for claim in claims if claim.key in known}
    spans: dict[tuple[int, int], Claim] = {}
    for claim in claims:
        if (claim.start, claim.end) not in fine:
            spans.setdefault((claim.start, claim.end), claim)
    return list(spans.values())


# --------------------------------------------------------------------------- drugs


def _drugs(text: str, names: Mapping[str, tuple[str, ...]]) -> Iterable[Claim]:
    if not names:
        return
    searched = searchable(text)
    for name, ids in names.items():
        for start, end in places(name, searched):
            for id in ids:
                yield Claim("drug", id, start, end)


@dataclass(frozen=True)
class Searchable:
    """A text in the plain characters of names, and for each of them which character of the text it comes from."""

    plain: str
    origin: Sequence[int]


def searchable(text: str) -> Searchable:
    if text.isascii():
        return Searchable(plain(text), range(len(text)))
    pieces = [plain(character) for character in text]
    return Searchable("".join(pieces), [at for at, piece in enumerate(pieces) for _ in piece])


def places(name: str, text: Searchable) -> list[tuple[int, int]]:
    """Where a name stands in a text, however its characters are written and its words are spaced."""
    pattern = r"\s+".join(map(re.escape, name.split()))
    found = re.finditer(rf"(?<!\w){pattern}(?!\w)", text.plain)
    return [(text.origin[match.start()], text.origin[match.end() - 1] + 1) for match in found]


# --------------------------------------------------------------------------- doses

_UNITS = {
    "mg": "mg|milligrams?",
    "mcg": "mcg|ug|µg|μg|micrograms?",
    "g": "gm?|grams?",
    "kg": "kg|kilograms?",
    "ml": "ml|cc|milliliters?|millilitres?",
    "l": "l|liters?|litres?",
    "unit": "units?|iu",
    "meq": "meq",
    "mmol": "mmol",
    "puff": "puffs?",
    "tablet": "tablets?|tabs?",
    "capsule": "capsules?|caps?",
    "drop": "drops?",
    "%": "%|percent",
}
_DOSE = re.compile(
    r"(?<![\w.,/])(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?:\s*-\s*|\s*)(?:"
    + "|".join(f"(?P<u{at}>{forms})" for at, forms in enumerate(_UNITS.values()))
    + r")(?!\w)(?P<per>\s?/\s?(?:kg|ml|dl|l|h|hr|hour|min|day)\b)?",
    re.IGNORECASE,
)


def _doses(text: str) -> Iterable[Claim]:
    for match in _DOSE.finditer(text):
        unit = next(name for at, name in enumerate(_UNITS) if match[f"u{at}"])
        per = re.sub(r"\s|(?<=h)(?:ou)?r$", "", (match["per"] or "").lower())
        yield Claim("dose", f"{float(match['number'].replace(',', '')):g} {unit}{per}", *match.span())


# --------------------------------------------------------------------------- dates

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w/.-])(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?![\w/-])",
        r"(?<![\w/.-])(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4}|\d{2})(?![\w/-])",
        rf"(?<!\w){_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<y>\d{{4}}))?(?!\w)",
        rf"(?<!\w)(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH}(?:,?\s+(?P<y>\d{{4}}))?(?!\w)",
    )
)


def _dates(text: str) -> Iterable[Claim]:
    """Day and month, with the year where it is told; American order."""
    for pattern in _DATES:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            named = parts.get("month")
            month = _MONTHS.index(named[:3].lower()) + 1 if named else int(parts["m"])
            day = int(parts["d"])
            if 1 <= month <= 12 and 1 <= day <= 31:
                year = parts["y"] or ""
                yield Claim("date", f"{month}/{day}" + (f"/{year[-2:]}" if year else ""), *match.span())
