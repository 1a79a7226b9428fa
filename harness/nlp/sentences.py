"""English text to sentences as nltk cuts it (Punkt: Kiss and Strunk 2006), with its parameters at hand: no download."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from harness.files import digest_file

PUNKT = Path(__file__).parent / "tables" / "punkt-english.tsv"


def sentences(text: str) -> list[str]:
    """What nltk's `sent_tokenize` gives, however long the text is and however long it takes."""
    found: list[str] = _splitter().tokenize(text)
    return found


def punkt_parameters() -> Any:
    """nltk's `PunktParameters` for English, from a table with lines of a kind, a tab, and one entry of that kind."""
    from nltk.tokenize.punkt import PunktParameters

    parameters = PunktParameters()
    parameters.ortho_context = Counter()  # nltk's own would grow by every word that it is asked about
    for line in PUNKT.read_text(encoding="utf-8").rstrip("\n").split("\n"):
        kind, *entry = line.split("\t")
        if kind == "abbreviation":
            parameters.abbrev_types.add(entry[0])
        elif kind == "starter":
            parameters.sent_starters.add(entry[0])
        elif kind == "collocation":
            parameters.collocations.add((entry[0], entry[1]))
        else:
            parameters.ortho_context[entry[0]] = int(entry[1])
    return parameters


@cache
def punkt_digest() -> str:
    return digest_file(PUNKT)


@cache
def _splitter() -> Any:
    from nltk import redos
    from nltk.tokenize.punkt import PunktLanguageVars, PunktSentenceTokenizer

    class Patient(PunktLanguageVars):  # type: ignore[misc]
        """nltk gives a text five seconds of this pattern, which is linear: how busy a machine is must not decide."""

        def period_context_re(self) -> Any:
            return redos.compile(super().period_context_re(), timeout=None)

    return PunktSentenceTokenizer(punkt_parameters(), lang_vars=Patient())
