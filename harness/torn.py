"""What was saved by a library and is not whole any more: told as a missing asset, in the library's own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import AssetError, HarnessError


@contextmanager
def named_if_torn(what: str, todo: str) -> Iterator[None]:
    """Raises AssetError naming `what`, whatever a library raises that loads it."""
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:  # tokenizers raises nothing finer; safetensors and pickle have errors of their own
        said = str(error).splitlines() or [type(error).__name__]
        raise AssetError(f"{what} cannot be loaded: {said[0]}", todo=todo) from None
