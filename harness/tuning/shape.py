"""The shape of a model: all that a plan needs of it, known before its weights are here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import assets
from harness.errors import SettingsError

FAMILIES: Mapping[str, bool] = {
    "llama": False,
    "mistral": False,
    "mixtral": False,
    "qwen2": False,
    "qwen3": False,
    "gemma": True,
    "gemma2": True,
    "phi3": False,
    "granite": False,
    "olmo2": False,
    "stablelm": False,
    "smollm3": True,
}
"""The families whose parameters are counted, as `model_type` names them, and whether the vocabulary's vectors serve at
both ends where `config.json` does not say so."""


@dataclass(frozen=True)
class Shape:
    """Sizes as `config.json` calls them: `hidden` is the width, `inner` that of the gated network, `head` the width of
    a head. With `tied` the vocabulary's vectors serve at both ends. Where there are `experts`, each is such a network,
    and a token goes through `active` of them. `joined` layers compute queries, keys and values at once, and both halves
    of the gated network. `source` says who tells."""

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
    experts: int = 0
    active: int = 1
    joined: bool = False

    @property
    def queries(self) -> int:
        return self.heads * self.head

    @property
    def keys(self) -> int:
        """Width of the keys, and of the values."""
        return self.key_value_heads * self.head

    @property
    def linear(self) -> Mapping[str, tuple[int, int]]:
        """The linear layers of one decoder layer: (inputs, outputs). Experts are none: transformers keeps all of a
        layer in one tensor."""
        hidden, inner, queries, keys = self.hidden, self.inner, self.queries, self.keys
        if self.joined:
            attention = {"qkv_proj": (hidden, queries + 2 * keys)}
            gated = {"gate_up_proj": (hidden, 2 * inner)}
        else:
            attention = {"q_proj": (hidden, queries), "k_proj": (hidden, keys), "v_proj": (hidden, keys)}
            gated = {"gate_proj": (hidden, inner), "up_proj": (hidden, inner)}
        attention["o_proj"] = (queries, hidden)
        return attention if self.experts else {**attention, **gated, "down_proj": (inner, hidden)}

    @property
    def in_layers(self) -> int:
        """Parameters of all linear layers of the decoder: what is held in 4 bits."""
        return self.layers * sum(i * o for i, o in self.linear.values())

    @property
    def elsewhere(self) -> int:
        """Parameters of vocabulary, norms and experts (with what chooses among them): what is never held in 4 bits."""
        experts = self.layers * self.experts * (3 * self.inner + 1) * self.hidden
        vocabulary = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return experts + vocabulary + (2 * self.layers + 1) * self.hidden

    @property
    def parameters(self) -> int:
        return self.in_layers + self.elsewhere

    def adapted(self, modules: tuple[str, ...]) -> frozenset[str]:
        """The linear layers that `target_modules` means."""
        return frozenset(self.linear if modules == ("all-linear",) else modules)

    def in_adapter(self, rank: int, modules: tuple[str, ...]) -> int:
        """Parameters of a LoRA adapter on these linear layers."""
        on = self.adapted(modules)
        return self.layers * sum(rank * (i + o) for name, (i, o) in self.linear.items() if name in on)


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
    """Raises SettingsError if `config.json` is not that of a model of a family that is counted."""
    file, why = folder / "config.json", ""
    try:
        config = json.loads(file.read_bytes())
        family = config["model_type"]
        if family in FAMILIES:
            return _shape(config, family)
        why = f": its model_type is '{family}'"
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise SettingsError(
        f"{file} does not tell the shape of a model of the LLaMA family{why}",
        todo=f"plan for a model of one of these: {', '.join(FAMILIES)}",
    )


def _shape(config: Mapping[str, Any], family: str) -> Shape:
    mixture = family == "mixtral"
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
        tied=config.get("tie_word_embeddings", FAMILIES[family]),
        experts=config["num_local_experts"] if mixture else 0,
        active=config["num_experts_per_tok"] if mixture else 1,
        joined=family == "phi3",
    )
