"""How much memory training and generation take, term by term, from a model's shape and the settings alone; and the
files of a training.

The terms count what PyTorch holds at the moment that is the highest: beginning the backward pass of a step after the
first, or filling the cache for a batch of prompts. Beyond them there is what torch itself takes, and on a card CUDA's
context and what lies idle between its blocks. What autograd keeps of a layer was read off its saved tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.tuning.shape import Shape
from harness.types import Tuning

NF4_BLOCK = 64
"""Weights that share a scale (Dettmers et al. 2023)."""
NF4_SCALES = 256
"""Scales that share a scale of their own, with double quantisation."""
CACHE_ROOM = 256
"""Positions that the engine's cache keeps ready beyond those in use."""


@dataclass(frozen=True)
class Term:
    """A part of what is needed. `why` says how many of what size."""

    name: str
    bytes: float
    why: str


@dataclass(frozen=True)
class Held:
    """How weights are held where they work: bytes of a number, in 4 bits or not, on a card or in the CPU's memory."""

    number: int
    nf4: bool
    double_quantisation: bool
    on_card: bool


@dataclass(frozen=True)
class Micro:
    """A micro-batch: so many rows of so many tokens, of which so many places have a target."""

    rows: int
    tokens: int
    targets: int

    @property
    def all_tokens(self) -> int:
        return self.rows * self.tokens


def weights(shape: Shape, held: Held) -> list[Term]:
    """The frozen base."""
    if not held.nf4:
        size = shape.parameters * held.number
        return [Term("weights", size, f"{count(shape.parameters)} parameters of {held.number} bytes")]
    scale = (1 + 4 / NF4_SCALES) / NF4_BLOCK if held.double_quantisation else 4 / NF4_BLOCK
    quantised = f"{count(shape.in_layers)} parameters in 4 bits, {8 * scale:.2f} more bits each for scales"
    return [
        Term("weights, NF4", shape.in_layers * (0.5 + scale), quantised),
        Term(
            "weights, not quantised",
            shape.elsewhere * held.number,
            f"{count(shape.elsewhere)} parameters of {'experts, ' if shape.experts else ''}vocabulary and norms, "
            f"{held.number} bytes each",
        ),
    ]


def training(shape: Shape, tuning: Tuning, held: Held, micro: Micro) -> list[Term]:
    """What a process holds at the height of a step."""
    learned = shape.in_adapter(tuning.rank, tuning.target_modules)
    layer = layer_activations(shape, tuning, held) * micro.all_tokens
    work = layer_work(shape, held, adapter=True) * micro.all_tokens + dequantised(shape, held)
    logits = 12.0 * micro.rows * micro.targets * shape.vocabulary
    logits_why = f"{micro.rows} x {micro.targets} target places x {shape.vocabulary} x 12 bytes"
    if tuning.checkpointing:
        kept = float(shape.layers * micro.all_tokens * shape.hidden * held.number)
        kept_why = f"the input of {shape.layers} layers, {micro.all_tokens} tokens each"
        again = layer + work
        peak = Term("one layer computed again", again, f"{micro.all_tokens} tokens, {gibibytes(layer)} of it kept")
    else:
        kept = shape.layers * layer
        kept_why = f"{shape.layers} layers, {micro.all_tokens} tokens each"
        peak = Term("a layer at work", work, f"{micro.all_tokens} tokens")
    if logits >= peak.bytes:
        peak = Term("logits and their gradients", logits, logits_why)
    return [
        *weights(shape, held),
        Term("adapter", 4.0 * learned, f"{count(learned)} parameters of 4 bytes"),
        Term("gradients", 4.0 * learned, "as many"),
        Term("optimiser", 8.0 * learned, "two moments of each"),
        Term("activations" + (", checkpointed" if tuning.checkpointing else ""), kept, kept_why),
        peak,
    ]


def layer_activations(shape: Shape, tuning: Tuning, held: Held) -> float:
    """Bytes of a token that autograd keeps of one layer for the backward pass.

    A frozen linear layer keeps nothing. An adapter keeps its input in float32 (with dropout what is left of it, and the
    mask), attention its four tensors, the gated network three, each norm its input."""
    on, number = shape.adapted(tuning.target_modules), held.number
    inputs = sum(
        _adapter_inputs(len(on & set(names)), width, shared, tuning.dropout, held)
        for names, width, shared in (
            (("q_proj", "k_proj", "v_proj", "qkv_proj"), shape.hidden, False),
            (("o_proj",), shape.queries, True),  # attention keeps its output already
            (("gate_proj", "up_proj", "gate_up_proj"), shape.hidden, False),
            (("down_proj",), shape.inner, False),
        )
    )
    norms = 2 * (4 * shape.hidden + 4)
    attention = 2 * (shape.queries + shape.keys) * number + 4 * shape.heads
    return norms + attention + 3 * shape.inner * number + inputs + 4 * tuning.rank * len(on)


def _adapter_inputs(count: int, width: int, shared: bool, dropout: float, held: Held) -> float:
    """Bytes of a token that `count` adapters keep of the input of `width` numbers that they have in common."""
    if dropout:
        return count * width * (4 + (1 if held.on_card else 4))
    if held.number == 4:  # no copy is made of what is float32 already
        return 0.0 if shared or not count else 4.0 * width
    return 4.0 * count * width


def layer_work(shape: Shape, held: Held, *, adapter: bool) -> float:
    """Bytes of a token while the widest layer is computed: the gated network's two halves, and where they meet the
    result of an adapter, which is float32 until it is added. Experts compute both halves at once, of a copy of what
    they are sent."""
    if shape.experts:
        return held.number * (shape.active * (4 * shape.inner + shape.hidden) + 2 * shape.hidden)
    return shape.inner * (2 * held.number + (12 if adapter else held.number)) + 2 * shape.hidden * held.number


def dequantised(shape: Shape, held: Held) -> float:
    """A linear layer's weights, back in the arithmetic's numbers while they are multiplied."""
    return float(held.number * max(i * o for i, o in shape.linear.values())) if held.nf4 else 0.0


def checkpoint(adapter: float, tuning: Tuning) -> float:
    """Bytes of the file that a training goes on from: the adapter, two moments of it, and the best one so far where
    lessons are held out. While one is written the last one is there too."""
    return adapter * (4 if tuning.held_out else 3)


def generation(shape: Shape, held: Held, texts: int, prompt: int, new: int, learned: int = 0) -> list[Term]:
    """What a process holds while it fills the cache for `texts` prompts of `prompt` tokens, then writes `new` tokens;
    `learned` are the parameters of an adapter, 0 for none."""
    token = 2 * shape.layers * shape.keys * (held.number if held.on_card else 4)  # a CPU's cache is float32
    length = prompt + new + CACHE_ROOM
    work = layer_work(shape, held, adapter=bool(learned)) * texts * prompt + dequantised(shape, held)
    mask = texts * prompt * prompt * (1 + held.number)
    adapter = [Term("adapter", 4.0 * learned, f"{count(learned)} parameters of 4 bytes")] if learned else []
    return [
        *weights(shape, held),
        *adapter,
        Term("cache", float(token * texts * length), f"{texts} texts x {length} tokens x {token} bytes"),
        Term("a layer at work", work, f"{texts} prompts of {prompt} tokens"),
        Term("mask", float(mask), f"{texts} x {prompt} x {prompt}, {1 + held.number} bytes"),
    ]


def total(terms: Sequence[Term]) -> float:
    return sum(term.bytes for term in terms)


def count(number: float) -> str:
    """A number of parameters in words: 8.03 B, 134.5 M."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return f"{number:.0f}"


def gibibytes(number: float) -> str:
    return f"{number / 2**30:.2f} GiB"
