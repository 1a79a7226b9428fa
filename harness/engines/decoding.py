"""The loop that generates a batch of texts, token by token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer

from harness.engines.loading import GROUPED_WIDE
from harness.engines.prompts import seed
from harness.types import Prompt, Sampling


@dataclass
class Row:
    """One text in the making: its prompt's tokens, and the tokens written so far (the stop token among them). It was
    computed in so many `steps`, of which those after its end were in vain."""

    prompt: Sequence[int]
    draws: Tensor | None = None
    tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0
    finish: Literal["stop", "length"] | None = None
    steps: int = 0
    memory: Memory = field(default_factory=lambda: Memory())


class Memory:
    """What a text holds already: its tokens, and by n - 1 tokens the ones that came after them. It is told the whole
    text each time and reads what is new, for a look at all of it at every token would cost more than the token."""

    def __init__(self) -> None:
        self.tokens: dict[int, None] = {}
        self._followers: dict[tuple[int, ...], list[int]] = {}
        self._read = 0

    def read(self, text: Sequence[int], n: int) -> None:
        for end in range(self._read + 1, len(text) + 1):
            self.tokens[text[end - 1]] = None
            if 0 < n <= end:
                *before, last = text[end - n : end]
                self._followers.setdefault(tuple(before), []).append(last)
        self._read = len(text)

    def repeating(self, text: Sequence[int], n: int) -> Sequence[int]:
        """The tokens that would now complete an n-gram that the text holds already; none for n = 0."""
        return self._followers.get(tuple(text[len(text) - n + 1 :]), ()) if 0 < n <= len(text) else ()


@dataclass(frozen=True)
class Stops:
    """When a text ends: at one of these tokens, or where one of these strings stands in it."""

    tokens: frozenset[int]
    strings: tuple[str, ...]
    decode: Callable[[Sequence[int]], str]

    def reached(self, tokens: Sequence[int]) -> bool:
        if tokens[-1] in self.tokens:
            return True
        if not self.strings:
            return False
        longest = max(len(string.encode()) for string in self.strings)  # a token holds a byte or more
        tail = self.decode(tokens[-longest - 1 :])
        return any(string in tail for string in self.strings)


def draws(prompt: Prompt, sampling: Sampling, index: int) -> Tensor | None:
    """The uniform numbers that decide each token of a sampled text: its own, whatever shares its batch."""
    return None if sampling.temperature == 0 else uniform(seed(prompt, sampling, index), sampling.max_new_tokens)


def uniform(seed: int, count: int) -> Tensor:
    return torch.rand(count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def decode(
    model: Any, rows: Sequence[Row], sampling: Sampling, stops: Stops, pad: int, progress: Callable[[int], object]
) -> None:
    """Complete the rows in place, padded on the left. `progress` is told how many tokens each step wrote."""
    live = list(rows)
    width = max(len(row.prompt) for row in rows)
    inputs, mask = _padded(rows, width, width + sampling.max_new_tokens, pad, model.device)
    positions = (mask[:, :width].cumsum(-1) - 1).clamp(min=0)
    wide = model.config._attn_implementation == GROUPED_WIDE
    cache = Cache(layer_class_to_replicate=_WideLayer if wide else _GrowingLayer)
    for step in range(sampling.max_new_tokens):
        seen = mask[:, : width + step]
        output = model(
            input_ids=inputs,
            attention_mask=seen,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        _write(live, output.logits[:, -1].float(), sampling, stops)
        progress(sum(len(row.tokens) > step for row in live))
        for row in live:
            row.steps += 1
        going = [at for at, row in enumerate(live) if row.finish is None]
        if not going:
            return
        inputs = torch.tensor([row.tokens[-1:] for row in live], device=model.device)
        positions = positions[:, -1:] + 1
        if 2 * len(going) <= len(live):  # the finished rows are dead weight by now
            live = [live[at] for at in going]
            kept = torch.tensor(going, device=model.device)
            inputs, positions, mask = inputs[kept], positions[kept], mask[kept]
            cache.batch_select_indices(kept)


def _padded(rows: Sequence[Row], width: int, length: int, pad: int, device: Any) -> tuple[Tensor, Tensor]:
    """(prompts of shape (rows, width), attention mask of shape (rows, length) with every later token seen)."""
    inputs = torch.full((len(rows), width), pad)
    mask = torch.ones((len(rows), length), dtype=torch.long)
    for at, row in enumerate(rows):
        padding = width - len(row.prompt)
        inputs[at, padding:] = torch.tensor(row.prompt)
        mask[at, :padding] = 0
    return inputs.to(device), mask.to(device)


def _write(live: Sequence[Row], logits: Tensor, sampling: Sampling, stops: Stops) -> None:
    """Append to each unfinished row its next token; `logits` has shape (rows, vocabulary)."""
    tokens = choose(controlled(logits, live, sampling), live, sampling)
    logprobs = logits.gather(-1, tokens[:, None])[:, 0] - logits.logsumexp(-1)
    for row, token, logprob in zip(live, tokens.tolist(), logprobs.tolist(), strict=True):
        if row.finish is not None:
            continue
        row.tokens.append(token)
        row.logprob += logprob
        if stops.reached(row.tokens):
            row.finish = "stop"
        elif len(row.tokens) == sampling.max_new_tokens:
            row.finish = "length"


def controlled(logits: Tensor, rows: Sequence[Row], sampling: Sampling) -> Tensor:
    """Repetition made less likely. What was written counts, the prompt does not: a summary may copy from its chart."""
    penalty, n = sampling.repetition_penalty, sampling.no_repeat_ngram
    if penalty == 1 and not n:
        return logits
    scores = logits.clone()
    for row in rows:
        row.memory.read(row.tokens, n)
    if penalty != 1:
        written = _places([list(row.memory.tokens) for row in rows], logits.device)
        values = scores[written]
        scores[written] = torch.where(values < 0, values * penalty, values / penalty)
    scores[_places([row.memory.repeating(row.tokens, n) for row in rows], logits.device)] = -torch.inf
    return scores


def _places(tokens: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """(row, token) of each token of each row, as indices of a matrix of scores."""
    counts = torch.tensor([len(one) for one in tokens])
    flat = torch.tensor(list(chain.from_iterable(tokens)), dtype=torch.long)
    return torch.arange(len(tokens)).repeat_interleave(counts).to(device), flat.to(device)


def choose(scores: Tensor, rows: Sequence[Row], sampling: Sampling) -> Tensor:
    """The most likely token, or the one at which the cumulative probability passes the row's next draw."""
    if sampling.temperature == 0:
        return scores.argmax(-1)
    draw = torch.stack([row.draws[len(row.tokens)] for row in rows if row.draws is not None]).to(scores.device)[:, None]
    probabilities = (scores.double() / sampling.temperature).softmax(-1)
    if sampling.top_p >= 1:
        return _at(probabilities.cumsum(-1), draw)
    ordered, tokens = probabilities.sort(stable=True, dim=-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    nucleus = ordered.where(before < sampling.top_p, 0.0)
    return tokens.gather(-1, _at(nucleus.cumsum(-1), draw)[:, None]).squeeze(-1)


def _at(cumulative: Tensor, draw: Tensor) -> Tensor:
    """First index at which the cumulative mass exceeds the draw, a share of all the mass."""
    return (cumulative <= draw * cumulative[:, -1:]).sum(-1).clamp(max=cumulative.shape[-1] - 1)


class _GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values in one buffer with room to spare: the library's own layer copies all of them at every token."""

    room = 256
    dtype_kept: torch.dtype | None = None

    def update(self, keys: Tensor, values: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        seen = self.get_seq_length()
        end = seen + keys.shape[2]
        if not seen or end > self.key_buffer.shape[2]:
            self._grow(keys, values, seen, end + self.room)
        self.key_buffer[:, :, seen:end] = keys
        self.value_buffer[:, :, seen:end] = values
        self.keys, self.values = self.key_buffer[:, :, :end], self.value_buffer[:, :, :end]
        return self.keys, self.values

    def _grow(self, keys: Tensor, values: Tensor, seen: int, length: int) -> None:
        self.key_buffer, self.value_buffer = (
            new.new_empty((*new.shape[:2], length, new.shape[3]), dtype=self.dtype_kept) for new in (keys, values)
        )
        if seen:
            self.key_buffer[:, :, :seen], self.value_buffer[:, :, :seen] = self.keys, self.values
        self.is_initialized = True

    def batch_select_indices(self, indices: Tensor) -> None:
        seen = self.get_seq_length()
        self.key_buffer, self.value_buffer = self.key_buffer[indices], self.value_buffer[indices]
        self.keys, self.values = self.key_buffer[:, :, :seen], self.value_buffer[:, :, :seen]


class _WideLayer(_GrowingLayer):
    """Keeps them in float32: a processor attends to bfloat16 by converting all of it at every token."""

    dtype_kept = torch.float32
