"""English words without a tagger: tokens, the words that cannot begin or end a term, everyday words, and the characters
that names are compared in.

QuickUMLS asks spaCy's tagger for adpositions and determiners. Both are closed classes: a list answers
nearly as well.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from harness.nlp.concepts.ngrams import Tokens

_TOKEN = re.compile(r"(\d+(?:[.,]\d+)+|[^\W_]+|['’]s\b|\s+|_+|([^\w\s])\2*)([ \xa0]?)")


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


DETERMINERS = _words("a an the this that these those each every some any all both no another either neither")

ADPOSITIONS = _words(
    "about above across after against along amid among around as at before behind below beneath beside besides",
    "between beyond by despite down during except for from in inside into like near of off on onto out outside over",
    "past per since than through throughout till to toward towards under underneath until up upon via with within",
    "without",
)

FUNCTION_WORDS = _words(
    "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers",
    "herself it its itself they them their theirs themselves who whom whose which what one ones other others such",
    "am is are was were be been being have has had having do does did doing can could will would shall should may",
    "might must ought and but or if because while although though whereas whether unless so yet then once when where",
    "why how again further here there only own same too very just now also more most few less much many ever never",
    "however therefore s t ve re ll",
)

_NOT_ALONE = FUNCTION_WORDS | _words(
    "zero two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand",
    "million first second third fourth fifth sixth seventh eighth ninth tenth time",
)


def tokens(text: str) -> Tokens:
    """The tokens of a text: runs of letters and digits, decimal numbers, a possessive 's, runs of one sign, blanks."""
    texts, starts, ends, first, alone, last, skipped = [], [], [], [], [], [], []
    for match in _TOKEN.finditer(text):
        word = match[1].lower()
        no_word = not word[0].isalnum()
        bars = no_word or word in ADPOSITIONS or word in DETERMINERS
        texts.append(match[0])
        starts.append(match.start())
        ends.append(match.end(1))
        first.append(not bars or word[0] in "'’")
        alone.append(not (bars or word in _NOT_ALONE or word.isdigit() or (word[0].isdigit() and not word.isalnum())))
        last.append(not bars and word not in FUNCTION_WORDS)
        skipped.append(word in DETERMINERS)
    return Tokens(texts, starts, ends, first, alone, last, skipped)


def plain(text: str) -> str:
    """The text in the characters of names: compatible ones are one (a no-break space is a blank), one apostrophe,
    lower case."""
    return unicodedata.normalize("NFKC", text).replace("’", "'").lower()


@cache
def everyday_words() -> frozenset[str]:
    """Words of everyday English that some source has as a name: a brand, an abbreviation, a gene."""
    path = Path(__file__).with_name("everyday.txt")
    return _NOT_ALONE | ADPOSITIONS | DETERMINERS | frozenset(path.read_text(encoding="utf-8").split())
