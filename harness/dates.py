"""Dates as tables write them, read in one form."""

from __future__ import annotations

from datetime import datetime

FORM = "2131-09-29 10:00:00"
"""What a message shows as the form that is expected."""


def moment(text: str) -> datetime | None:
    """None where it cannot be read as a date."""
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None
