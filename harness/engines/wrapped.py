"""What an engine around another one hands on to it unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.types import Engine, Message


@dataclass(frozen=True)
class Wrapped:
    """The part of an `Engine` that is the inner engine's own; `complete` and `adapted` are for who wraps it."""

    engine: Engine

    def count_tokens(self, text: str) -> int:
        return self.engine.count_tokens(text)

    def count_prompt(self, messages: Sequence[Message]) -> int:
        return self.engine.count_prompt(messages)

    @property
    def context_length(self) -> int:
        return self.engine.context_length

    @property
    def digest(self) -> str:
        return self.engine.digest
