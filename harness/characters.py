"""Characters that are none: half of a surrogate pair, which neither UTF-8 nor a tokenizer takes."""

from __future__ import annotations


def readable(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair; two halves become the character that they stand for."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
