"""Which facts a text states: one reader for the ward's own agreement test and for whoever scores facts.

A fact's key is `kind:concept` or `kind:concept:value`; `-` before it says that it is denied, `?` that it is only
suspected. The reader knows the names of the lexicon and short lists of cues, works within a segment (a sentence, a
list entry, a clause up to a semicolon), and looks nothing up: a text of 250 words takes about a millisecond.

    read_facts("Started apixaban 5 mg BID; lisinopril was held. WBC fell from 15.2 to 8.1. No fever.")
    == {"start:apixaban", "dose:apixaban:5 mg", "hold:lisinopril",
        "lab:white blood cell count:15.2", "lab:white blood cell count:8.1", "-symptom:fever"}

Kinds: symptom, sign, finding, dx (with polarity; a finding may have a site) · onset, lab, vital, measure (a number
after the name) · culture (an organism) · given, start, stop, hold, continue, change, dose, days (of a drug) ·
procedure, treatment, consult, advice, trigger, pending, recheck, followup (an interval), allergy, disposition, code,
instruction, warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from harness.corpora.ward.lexicon import concepts

CUES: Mapping[str, str] = {
    "start": "started, start, starting, initiated, initiate, new, newly prescribed, add, added, prescribed, begin",
    "stop": "stopped, stop, stopping, discontinued, discontinue, do not take, no longer take, ended for good",
    "hold": "held, hold, holding, paused, pause, on pause",
    "continue": "continued, continue, continuing, kept on, keep taking, maintained on, unchanged",
    "change": "increased, increase, raised, raise, decreased, decrease, reduced, reduce, lowered, uptitrated, changed, "
    "change, adjusted",
    "given": "treated, treat, received, receive, given, gave, got, covered, managed, coverage, dosed",
    "pending": "pending, outstanding, awaited, not yet back, not back yet, still out",
    "recheck": "recheck, rechecked, repeat, repeated, recheck of",
    "consult": "consult, consulted, consultation, seen by, evaluated by, recs, recommended, recommendations, input, "
    "advised, involved, weighed in, per, saw",
    "followup": "follow up, followup, f/u, appointment, appt, see, visit, clinic visit, booked, scheduled",
    "warning": "call, return, come back, contact us, seek, warning, worrisome, let us know, tell us, notify, get help, "
    "precautions for, red flags",
    "allergy": "allergy, allergic, allergies, reaction, reacted, intolerance",
    "no": "no, denies, denied, denying, without, negative, neg, w/o, absence, nor, never",
    "maybe": "concern, concerns, concerning, suspicion, suspected, possible, r/o, rule out, eval for, evaluate for, "
    "evaluation for, assess for, working diagnosis, initial impression, question of, differential, vs, versus, "
    "worried, wondered, looked for, presumptive, query",
    "end": "but, however, yet, although, though, except, showed, shows, showing, revealed, revealing, demonstrated, "
    "found, notable, significant, positive, had, has, with, was, were, is, are, remained, underwent, grew, later",
    "kin": "mother, father, sister, brother, family, aunt, uncle, grandmother, grandfather, sibling, siblings",
}
_ACTIONS = frozenset({"start", "stop", "hold", "continue", "change", "given"})
_CONTEXTS = frozenset({*_ACTIONS, "pending", "recheck", "followup", "warning", "allergy"} - {"given"})
_POLAR = frozenset({"symptom", "sign", "finding", "dx"})
_VALUED = frozenset({"lab", "vital", "measure"})
_NAMED = frozenset({"procedure", "treatment", "advice", "disposition", "code", "instruction", "trigger"})
_DOSES = frozenset({"mg", "mcg", "g", "unit", "units", "mEq", "mL", "puff", "puffs"})
_TIMES = frozenset({"day", "days", "d", "week", "weeks", "month", "months", "year", "years", "hour", "hours", "yo"})
_BEFORE_INTERVAL = frozenset({"in", "within", "every"})
_BEFORE_DATE = frozenset({"day", "hd", "pod", "q", "stage", "type"})

_TOKEN = re.compile(
    r"(?P<blank>\n[ \t]*\n\s*)"
    r"|(?P<bullet>(?:\A|\n)[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+|[ \t]-[ \t]|[ \t]?•[ \t])"
    r"|(?P<heading>:[ \t]*(?=\n|\Z|[ \t]-[ \t]))"
    r"|(?P<line>\n(?=[ \t]*(?:#|[A-Z_][\w/() -]{0,40}:)))"
    r"|(?P<number>\d+(?:\.\d+)?(?:/\d+)?)"
    r"|(?P<word>[A-Za-z][A-Za-z0-9]*(?:['/&][A-Za-z0-9]+)*)"
    r"|(?P<stop>[.;!?#])"
    r"|(?P<comma>,)"
)
_TITLES = frozenset({"mr", "ms", "mrs", "dr", "vs"})


class _Name(NamedTuple):
    """The words of a name after its first, whether capitals matter, and what it names."""

    words: tuple[str, ...]
    exact: str
    family: str
    id: str


@dataclass
class _Segment:
    """What stands in one segment, in its order: (family, id) of names and cues, ("number", ...)."""

    items: list[tuple[str, str, str, str]] = field(default_factory=list)
    bullet: bool = False
    apart: bool = False
    """Whether a blank line stands before it."""


def read_facts(text: str) -> frozenset[str]:
    """The keys of all facts that the text states, by the ward's lexicon. Any text may be read; headings of lists
    ("STOP taking:") hold for the entries below them."""
    found: set[str] = set()
    context, fresh = "", False
    for segment, heads in _segments(text):
        if not segment.items:
            continue
        if not fresh and (segment.apart or not segment.bullet):
            context = ""
        _read(segment.items, context, found)
        fresh = heads
        if heads:
            context = next((id for family, id, _, _ in segment.items if family == "cue" and id in _CONTEXTS), "")
    return frozenset(found)


def mask(text: str) -> str:
    """The text's words with every name and number put as `*`: what is left of a sentence is its skeleton."""
    words = ["*" if family else word for family, word in _mentions(text)]
    return " ".join(word for word, before in zip(words, ["", *words], strict=False) if word != "*" or before != "*")


_SENTENCE = re.compile(
    r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*•#]|\d{1,2}[.)][ \t]|[A-Z_][\w/() -]{0,40}:))|(?<=[.!?;])\s+(?=\S)|(?<=:)\n"
)
_OPENING = re.compile(r"^\s*(?:(?:[-*•#]+|\d{1,2}[.)])\s*)+")
_TITLE_END = re.compile(r"(?:^|\s)(?:Mr|Ms|Mrs|Dr|E|C|H)\.$")
SHORTEST = 5
"""Words of the shortest sentence; anything less is an entry of a list or a heading."""


def sentences(text: str) -> Iterator[str]:
    """The sentences of a target, white space collapsed, bullets and numbers off, entries of fewer words left out."""
    begun = ""
    for piece in _SENTENCE.split(text):
        begun = f"{begun} {piece.strip()}".strip() if begun else piece.strip()
        if _TITLE_END.search(begun):
            continue
        sentence = " ".join(_OPENING.sub("", begun).split())
        begun = ""
        if not sentence.endswith(":") and len(sentence.split()) >= SHORTEST:
            yield sentence


# --------------------------------------------------------------------------- segments


def _mentions(text: str) -> Iterator[tuple[str, str]]:
    """(family or "", lower-cased word) of every name and word."""
    names = _names()
    tokens = [(str(m.lastgroup), m[0]) for m in _TOKEN.finditer(text)]
    at = 0
    while at < len(tokens):
        kind, word = tokens[at]
        if kind == "word":
            name, end = _longest(names, tokens, at)
            at = end
            yield (name.family, name.id) if name and name.family != "cue" else ("", word.lower())
            continue
        if kind == "number":
            yield "number", word
        at += 1


def _segments(text: str) -> Iterator[tuple[_Segment, bool]]:
    """(segment, whether it heads a list)."""
    names = _names()
    tokens = [(str(m.lastgroup), m[0]) for m in _TOKEN.finditer(text)]
    segment, at, end = _Segment(), 0, len(tokens)
    while at < end:
        kind, word = tokens[at]
        if kind == "word" or (kind == "number" and word in names):
            name, after = _longest(names, tokens, at)
            if name:
                segment.items.append((name.family, name.id, "", ""))
                at = after
                continue
            if kind == "word":
                segment.items.append(("word", word.lower(), "", ""))
                at = after
                continue
        at += 1
        if kind == "number":
            before = segment.items[-1][1] if segment.items else ""
            after_word = tokens[at][1] if at < end and tokens[at][0] == "word" else ""
            segment.items.append(("number", word, before, after_word))
        elif kind == "comma":
            segment.items.append(("word", ",", "", ""))
        elif kind == "stop":
            if word != "." or not segment.items or segment.items[-1][1] not in _TITLES:
                yield segment, False
                segment = _Segment(bullet=segment.bullet and word == ";")
        else:
            yield segment, kind == "heading"
            empty = not segment.items
            segment = _Segment(bullet=kind == "bullet", apart=kind == "blank" or (empty and segment.apart))
    yield segment, False


def _longest(
    names: Mapping[str, tuple[_Name, ...]], tokens: list[tuple[str, str]], at: int
) -> tuple[_Name | None, int]:
    """The longest name that begins here, and where it ends; else (None, the next token)."""
    word = tokens[at][1]
    for name in names.get(word.lower(), ()):
        end = at + 1 + len(name.words)
        if name.exact and word != name.exact:
            continue
        if all(
            place < len(tokens) and tokens[place][1].lower() == wanted
            for place, wanted in enumerate(name.words, at + 1)
        ):
            return name, end
    return None, at + 1


@cache
def _names() -> Mapping[str, tuple[_Name, ...]]:
    """First word -> the names that begin with it, the longest first."""
    found: dict[str, list[_Name]] = {}
    for (family, id), concept in concepts().items():
        for name in concept.names:
            words = [m[0] for m in _TOKEN.finditer(name) if m.lastgroup in ("word", "number", "stop", "comma")]
            shouted = len(words) == 1 and (words[0].isupper() or len(words[0]) < 3)  # "PE", "Mg": no "pe", no "mg"
            exact = words[0] if shouted and name in concept.short else ""
            found.setdefault(words[0].lower(), []).append(
                _Name(tuple(word.lower() for word in words[1:]), exact, family, id)
            )
    for cue, listed in CUES.items():
        for name in listed.split(","):
            first, *rest = name.split()
            found.setdefault(first, []).append(_Name(tuple(rest), "", "cue", cue))
    return {word: tuple(sorted(listed, key=lambda one: -len(one.words))) for word, listed in found.items()}


# --------------------------------------------------------------------------- facts


def _read(items: list[tuple[str, str, str, str]], context: str, found: set[str]) -> None:
    cues = {id for family, id, _, _ in items if family == "cue"} | {context}
    if "kin" in cues:
        return
    _read_polar(items, "warning" in cues, found)
    _read_values(items, cues, found)
    _read_drugs(items, context if context in _ACTIONS else "", "allergy" in cues, found)
    _read_plans(items, cues, found)


def _read_polar(items: list[tuple[str, str, str, str]], warns: bool, found: set[str]) -> None:
    sign, site, bare = "", "", ""
    used = False
    for family, id, _, _ in items:
        if family == "cue":
            if id in ("no", "maybe"):
                sign, used = "-" if id == "no" else "?", False
            elif id == "end" and (used or sign == "-"):  # "the first impression was ..." is still a suspicion
                sign = ""
        elif family == "site":
            if bare:
                found.discard(bare)
                found.add(f"{bare}:{id}")
                bare = ""
            else:
                site = id
        elif family in _POLAR:
            used = True
            kind = "warning" if family == "symptom" and warns else family
            key = f"{'' if kind == 'warning' else sign}{kind}:{id}"
            if family == "finding" and site:
                key, site, bare = f"{key}:{site}", "", ""
            else:
                bare = key if family == "finding" else ""
            found.add(key)
        elif family in _NAMED:
            found.add(f"{family}:{id}")


def _read_values(items: list[tuple[str, str, str, str]], cues: set[str], found: set[str]) -> None:
    named, specimen, organism = "", "", ""
    drug, symptom = False, any(family == "symptom" for family, *_ in items)
    for family, id, before, after in items:
        if family in _VALUED:
            named = f"{family}:{id}"
        elif family == "culture":
            specimen = id
            if organism and "pending" not in cues:
                found.add(f"culture:{specimen}:{organism}")
        elif family == "organism":
            organism = id
            if specimen and "pending" not in cues:
                found.add(f"culture:{specimen}:{id}")
        elif family == "number":
            if after in ("day", "days", "d") and before not in _BEFORE_INTERVAL and "warning" not in cues:
                if symptom and not drug:
                    found.add(f"onset:symptoms:{id} days")
            elif named and after not in _DOSES and after not in _TIMES and before not in _BEFORE_DATE:
                found.add(f"{named}:{id}")
        elif family == "drug":
            drug, named = True, ""
        elif family not in ("word", "cue"):
            named = ""


def _read_drugs(items: list[tuple[str, str, str, str]], action: str, allergic: bool, found: set[str]) -> None:
    waiting: list[str] = []
    actions: dict[str, str] = {}
    last = ""
    for family, id, before, after in items:
        if family in ("drug", "allergen"):
            last = id
            if allergic:
                found.add(f"allergy:{id}")
            elif family == "drug":
                if action:
                    actions[id] = action
                else:
                    waiting.append(id)
        elif family == "cue" and id in _ACTIONS:
            if waiting:
                actions |= dict.fromkeys(waiting, id)
                waiting, action = [], ""
            else:
                action = id
        elif family == "number" and last and not allergic:
            if after in _DOSES:
                found.add(f"dose:{last}:{id} {after}")
            elif after in ("day", "days", "d") and before not in _BEFORE_INTERVAL and before not in _BEFORE_DATE:
                found.add(f"days:{last}:{id}")
    for drug, done in actions.items():
        found.add(f"{done}:{drug}")


def _read_plans(items: list[tuple[str, str, str, str]], cues: set[str], found: set[str]) -> None:
    interval = ""
    clinic: list[str] = []
    for family, id, before, after in items:
        if family == "number" and before in _BEFORE_INTERVAL and after in _TIMES:
            interval = interval or f"{id} {after if after.endswith('s') else after + 's'}"
        elif family == "clinic":
            clinic.append(id)
        elif family == "test" and "pending" in cues:
            found.add(f"pending:{id}")
    if "consult" in cues and "followup" not in cues:
        found |= {f"consult:{id}" for id in clinic}
    elif "followup" in cues:
        found |= {f"followup:{id}:{interval}" if interval else f"followup:{id}" for id in clinic}
    if "recheck" in cues:
        labs = [id for family, id, _, _ in items if family == "lab"]
        found |= {f"recheck:{id}:{interval}" if interval else f"recheck:{id}" for id in labs}
