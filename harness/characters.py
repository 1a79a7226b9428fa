"""Characters that cannot be passed on as they are: halves of a surrogate pair, which neither UTF-8 nor a tokenizer
takes, and codes for a terminal."""

from __future__ import annotations


def readable(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair; two halves become the character that they stand for."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def printable(text: str) -> str:
    """Names come from other people: no line breaks, no terminal codes."""
    return "".join(c if c.isprintable() else " " for c in text)
