"""The shape of a model of the LLaMA family: all that a plan needs of it, known before its weights are here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import assets
from harness.errors import SettingsError

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Shape:
    """Sizes as `config.json` calls them: `hidden` is the width, `inner` that of the gated network, `head` the width of
    a head. With `tied` the vocabulary's vectors serve at both ends. `source` says who tells."""

    source: str
    vocabulary: int
    hidden: int
    inner: int
    layers: int
    heads: int
    key_value_heads: int
    head: int
    context: int
    tied: bool

    @property
    def queries(self) -> int:
        return self.heads * self.head

    @property
    def keys(self) -> int:
        """Width of the keys, and of the values."""
        return self.key_value_heads * self.head

    @property
    def linear(self) -> Mapping[str, tuple[int, int]]:
        """The linear layers of one decoder layer: (inputs, outputs)."""
        ins = (self.hidden,) * 3 + (self.queries, self.hidden, self.hidden, self.inner)
        outs = (self.queries, self.keys, self.keys, self.hidden, self.inner, self.inner, self.hidden)
        return dict(zip(PROJECTIONS, zip(ins, outs, strict=True), strict=True))

    @property
    def in_layers(self) -> int:
        """Parameters of all linear layers of the decoder: what is held in 4 bits."""
        return self.layers * sum(i * o for i, o in self.linear.values())

    @property
    def elsewhere(self) -> int:
        """Parameters of vocabulary and norms: what is never held in 4 bits."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2) + (2 * self.layers + 1) * self.hidden

    @property
    def parameters(self) -> int:
        return self.in_layers + self.elsewhere

    def in_adapter(self, rank: int, modules: tuple[str, ...]) -> int:
        """Parameters of a LoRA adapter on these linear layers."""
        return self.layers * sum(rank * (i + o) for name, (i, o) in self.linear.items() if name in adapted(modules))


def adapted(modules: tuple[str, ...]) -> frozenset[str]:
    """The linear layers that `target_modules` means."""
    return frozenset(PROJECTIONS if modules == ("all-linear",) else modules)


KNOWN: Mapping[str, Shape] = {
    "llama-3-8b": Shape(
        "Dubey et al. 2024, The Llama 3 Herd of Models, table 3; vocabulary, head and context: its config.json",
        vocabulary=128_256,
        hidden=4096,
        inner=14_336,
        layers=32,
        heads=32,
        key_value_heads=8,
        head=128,
        context=8192,
        tied=False,
    ),
    "smollm2-135m": Shape(
        "Allal et al. 2025, SmolLM2; its config.json",
        vocabulary=49_152,
        hidden=576,
        inner=1536,
        layers=30,
        heads=9,
        key_value_heads=3,
        head=64,
        context=8192,
        tied=True,
    ),
}
"""Models that a plan can be made of before they are here, by a part of their name."""


def shape_of(model: str) -> tuple[Shape, Path | None]:
    """The shape of a line-up's model, and its folder if it is here. Downloads nothing. Raises SettingsError for a model
    that is neither here nor known."""
    folder = assets.place(model) if model in assets.ASSETS else Path(model).expanduser().absolute()
    if (folder / "config.json").is_file():
        return read_shape(folder), folder
    name = Path(model).name.lower()
    for known, shape in KNOWN.items():
        if known in name:
            return shape, None
    raise SettingsError(
        f"the model '{model}' is not here, and its shape is not known",
        todo=f"put its config.json into that folder (the weights are not read), or name one of {', '.join(KNOWN)}",
    )


def read_shape(folder: Path) -> Shape:
    """Raises SettingsError if `config.json` is not that of a model of the LLaMA family."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
        return Shape(
            "config.json",
            vocabulary=config["vocab_size"],
            hidden=config["hidden_size"],
            inner=config["intermediate_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            key_value_heads=config.get("num_key_value_heads") or config["num_attention_heads"],
            head=config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
            context=config["max_position_embeddings"],
            tied=config.get("tie_word_embeddings", False),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise SettingsError(
            f"{folder / 'config.json'} does not tell the shape of a model of the LLaMA family",
            todo="plan for such a model: LLaMA, Mistral, Qwen2 and SmolLM2 are",
        ) from None
