"""English text to sentences, as nltk's `sent_tokenize` cuts it, with its tables at hand (Kiss and Strunk 2006)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from harness.files import digest_file

_TABLE = Path(__file__).parent / "tables" / "punkt-english.tsv"


def sentences(text: str) -> list[str]:
    found: list[str] = _splitter().tokenize(text)
    return found


@cache
def table_digest() -> str:
    return digest_file(_TABLE)


@cache
def _splitter() -> Any:
    from nltk import redos
    from nltk.tokenize.punkt import PunktLanguageVars, PunktSentenceTokenizer

    class Patient(PunktLanguageVars):  # type: ignore[misc]
        """nltk gives a text five seconds of this pattern, which is linear: how busy a machine is must not decide."""

        def period_context_re(self) -> Any:
            return redos.compile(super().period_context_re(), timeout=None)

    return PunktSentenceTokenizer(_parameters(), lang_vars=Patient())


def _parameters() -> Any:
    from nltk.tokenize.punkt import PunktParameters

    parameters = PunktParameters()
    for line in _TABLE.read_text(encoding="utf-8").split("\n")[:-1]:
        match line.split("\t"):
            case ["abbreviation", word]:
                parameters.abbrev_types.add(word)
            case ["starter", word]:
                parameters.sent_starters.add(word)
            case ["collocation", first, second]:
                parameters.collocations.add((first, second))
            case ["orthography", word, flags]:
                parameters.ortho_context[word] = int(flags)
    return parameters
