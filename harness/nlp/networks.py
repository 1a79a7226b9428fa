"""What the networks of the metrics share: the plan of batches, padding, devices, and the digest of what was loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from harness.characters import readable
from harness.engines import loading
from harness.errors import SettingsError
from harness.files import digest

DTYPES = ("float32", "bfloat16")
CPU_BATCH, GPU_BATCH = 1024, 65536
TO_BE_WHOLE = "check that the folder holds config.json, tokenizer and weights of a BERT-like model, whole"
TO_FIT = (
    "make room (`nvidia-smi` says who is on a card), lower --jobs, or, where a card is full, write "
    'device = "cpu" under [scorers.NAME] in the lineup'
)


def by_length(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Indices of texts of like length, the longest first; at most `batch_tokens` padded tokens a batch, or one text."""
    order = sorted(range(len(lengths)), key=lambda at: (-lengths[at], at))
    while order:
        size = max(1, batch_tokens // max(1, lengths[order[0]]))
        yield order[:size]
        order = order[size:]


def padded(sequences: Sequence[Sequence[int]], pad: int, device: str) -> dict[str, Any]:
    """Token ids as the input of a model: shape (texts, longest text), with a mask only where something is padded."""
    import torch

    width = max(map(len, sequences))
    ids = torch.tensor([[*tokens, *[pad] * (width - len(tokens))] for tokens in sequences], device=device)
    if all(len(tokens) == width for tokens in sequences):
        return {"input_ids": ids}
    mask = torch.tensor([[1] * len(tokens) + [0] * (width - len(tokens)) for tokens in sequences], device=device)
    return {"input_ids": ids, "attention_mask": mask}


def device_named(wanted: str) -> str:
    """The device of a setting: "auto" is the GPU where there is one. Raises SettingsError."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise SettingsError(f"there is no device '{wanted}'", todo="there are: auto, cpu, cuda")
    return loading.device_named(wanted)


def dtype_named(wanted: str) -> Any:
    """torch's dtype of a setting. Raises SettingsError."""
    import torch

    if wanted not in DTYPES:
        raise SettingsError(f"there is no dtype '{wanted}'", todo=f"there are: {', '.join(DTYPES)}")
    return getattr(torch, wanted)


def weights_digest(weights: Iterable[tuple[str, Any]]) -> str:
    """SHA-256 (hex) of named tensors: the same weights have the same digest, whatever file they came in."""
    total = hashlib.sha256()
    for name, tensor in sorted(weights, key=lambda item: item[0]):
        plain = tensor.detach().cpu().contiguous()
        total.update(f"{name} {plain.dtype} {tuple(plain.shape)}\n".encode())
        total.update(memoryview(plain.numpy()).cast("B"))
    return total.hexdigest()


def model_identity(model: Any, tokenizer: Any, weights: str, max_length: int) -> dict[str, str]:
    """What determines the values of a loaded network, but for library versions; `weights` is their digest."""
    vocabulary: Mapping[str, int] = tokenizer.get_vocab()
    return {
        "weights": weights[:16],
        "dtype": str(model.dtype).removeprefix("torch."),
        "tokenizer": type(tokenizer).__name__,
        "vocabulary": digest(vocabulary)[:16],
        "max_length": str(max_length),
    }


def batch_tokens(device: str) -> int:
    """Padded tokens that go into one batch: on a CPU small batches win."""
    return CPU_BATCH if device == "cpu" else GPU_BATCH


def token_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """The tokens of each text, uncut and without special tokens."""
    if not texts:
        return []
    ids: list[list[int]] = tokenizer(
        [readable(text) for text in texts],
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )["input_ids"]
    return ids


def environment(device: str) -> dict[str, str]:
    """Where a network computes: the last bits may differ with it."""
    return {"device": device, **{name: version(name) for name in ("tokenizers", "torch", "transformers")}}


def room(tokenizer: Any, positions: int) -> int:
    """Tokens that fit into the model: what its tokenizer says, where it says it, and never more than `positions`."""
    return int(min(tokenizer.model_max_length, positions))
