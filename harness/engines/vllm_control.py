"""What decides a token besides the model, put into vLLM's step: the control of repetition, and a sampled text's draws.

vLLM imports this module itself, in the process that samples, and asks `Control` for each row of logits. The arithmetic
is that of the engine `transformers` (`decoding`), so the same draws write the same text there and here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from vllm.v1.sample.logits_processor import LogitsProcessor, process_dict_updates

from harness.engines.decoding import Row, choose, controlled, uniform
from harness.types import Sampling

ROWS = 64
"""Rows that are looked at together: probabilities are in double precision, and a vocabulary is long."""


class Control(LogitsProcessor):  # type: ignore[misc]
    """Knows the texts in the making by their place in vLLM's batch."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        self._texts: dict[int, tuple[Sampling, Row]] = {}

    def is_argmax_invariant(self) -> bool:
        return False

    def update_state(self, batch_update: Any) -> None:
        process_dict_updates(self._texts, batch_update, _text)

    def apply(self, logits: Tensor) -> Tensor:
        for sampling in {sampling for sampling, _ in self._texts.values()}:
            places = sorted(at for at, (wanted, _) in self._texts.items() if wanted == sampling)
            for some in (places[at : at + ROWS] for at in range(0, len(places), ROWS)):
                index = torch.tensor(some, device=logits.device)
                logits[index] = decided(logits[index], [self._texts[at][1] for at in some], sampling)
        return logits


def _text(params: Any, prompt: Sequence[int] | None, written: list[int]) -> tuple[Sampling, Row] | None:
    """A text whose tokens vLLM goes on appending to `written`; None for one that the model alone decides."""
    asked = params.extra_args or {}
    sampling: Sampling | None = asked.get("sampling")
    if sampling is None or not (sampling.temperature or sampling.repetition_penalty != 1 or sampling.no_repeat_ngram):
        return None
    draws = uniform(asked["seed"], sampling.max_new_tokens) if sampling.temperature else None
    return sampling, Row(prompt=(), draws=draws, tokens=written)


def decided(logits: Tensor, rows: Sequence[Row], sampling: Sampling) -> Tensor:
    """The scores whose largest is the token to be written; `logits` has shape (rows, vocabulary)."""
    scores = controlled(logits, rows, sampling)
    if sampling.temperature == 0:
        return scores
    chosen = choose(scores, rows, sampling)[:, None]
    return torch.full_like(scores, -torch.inf).scatter_(-1, chosen, 0.0)
