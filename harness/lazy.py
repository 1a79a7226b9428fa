"""A sequence of which each item is made when it is asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class Lazy(Sequence[T]):
    """Makes an item, or those of a slice, when it is asked for, and holds none."""

    @abstractmethod
    def make(self, at: int) -> T:
        """The item at this place, counted from 0."""

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        places = range(len(self))
        return [self.make(one) for one in places[at]] if isinstance(at, slice) else self.make(places[at])
