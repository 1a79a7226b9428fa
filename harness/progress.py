"""A bar with the time left, for anything that takes more than two seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def bar(items: Iterable[T], what: str, total: int | None = None, unit: str = "it") -> Iterator[T]:
    """Iterate with a tqdm bar on stderr that appears after two seconds."""
    from tqdm import tqdm

    yield from tqdm(items, desc=what, total=total, unit=unit, **_options())


def counter(what: str, total: int | None = None, unit: str = "it", *, shown: bool = True) -> Any:
    """A tqdm bar to be moved by hand (`update`, `close`), for work that does not iterate."""
    from tqdm import tqdm

    return tqdm(desc=what, total=total, unit=unit, disable=not shown, **_options())


def _options() -> dict[str, Any]:
    """A log file gets a line every half minute, a terminal a moving bar."""
    return {"delay": 2, "file": sys.stderr, "dynamic_ncols": True, "mininterval": 0.1 if sys.stderr.isatty() else 30}
