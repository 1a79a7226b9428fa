"""What training and generation share of a local model: tokenizer, weights, the adapters on them, end tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.engines.runtime import named_if_out_of_memory, quiet
from harness.errors import AssetError, SettingsError
from harness.torn import named_if_torn

DTYPES = ("auto", "bfloat16", "float16", "float32")
QUANTISATIONS = ("none", "nf4")
ADAPTER_WEIGHTS, ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"
"""The files of an adapter in peft's layout."""

_WHOLE = "check that the folder holds config.json, tokenizer and weights, whole, and no pointer of git-lfs instead"
_ROOM = 'make room (`nvidia-smi` says who is on a card), set quantisation = "nf4", or use a smaller model'
_ENDS_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<|end|>", "<|endoftext|>", "<end_of_turn>", "</s>")
_GROUPED_HEADS = ("llama", "mistral", "qwen2", "qwen3")
GROUPED, GROUPED_WIDE = "sdpa_grouped", "sdpa_grouped_wide"
"""Our attention on a CPU; the second one finds keys and values in float32, whatever the numbers of the rest are."""


@dataclass(frozen=True)
class Numbers:
    """How a model's weights are held and multiplied: the device, the arithmetic's dtype, and the 4-bit form, if any."""

    device: str
    dtype: str
    quantisation: str = "none"
    double_quantisation: bool = True


def numbers(dtype: str, device: str, quantisation: str = "none", double_quantisation: bool = True) -> Numbers:
    """What "auto" means on this machine: the GPU where there is one; bfloat16 where the processor multiplies in it
    (AVX512-BF16 or AMX; a GPU that says so), else float32. Raises SettingsError for what there is not."""
    if dtype not in DTYPES:
        raise SettingsError(f"there is no dtype '{dtype}'", todo=f"there are: {', '.join(DTYPES)}")
    if quantisation not in QUANTISATIONS:
        raise SettingsError(f"there is no quantisation '{quantisation}'", todo=f"there are: {', '.join(QUANTISATIONS)}")
    on = device_named(device)
    return Numbers(on, _best_dtype(on) if dtype == "auto" else dtype, quantisation, double_quantisation)


def load_tokenizer(folder: Path) -> Any:
    """Raises AssetError if the folder holds none that can be read."""
    from transformers import AutoTokenizer

    with quiet(), _telling(folder):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def load_config(folder: Path) -> Any:
    """The model's configuration: its shape, without its weights. Raises AssetError if the folder holds none."""
    from transformers import AutoConfig

    with quiet(), _telling(folder):
        return AutoConfig.from_pretrained(folder, local_files_only=True)


def load_generation_config(folder: Path) -> Any:
    """What the model's makers say of writing with it; None where the folder says nothing of it."""
    from transformers import GenerationConfig

    try:
        with quiet():
            return GenerationConfig.from_pretrained(folder, local_files_only=True)
    except OSError:
        return None


def context_length(config: Any, tokenizer: Any) -> int:
    """Tokens of the longest text, prompt and all, that the model can read."""
    return int(min(config.get_text_config().max_position_embeddings, tokenizer.model_max_length))


def load_model(folder: Path, numbers: Numbers) -> Any:
    """The causal language model in `folder`, in evaluation mode. Raises AssetError if it cannot be loaded."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    dtype = getattr(torch, numbers.dtype)
    more: dict[str, Any] = {}
    if numbers.quantisation == "nf4":
        more["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=numbers.double_quantisation,
            bnb_4bit_compute_dtype=dtype,
            bnb_4bit_quant_storage=dtype,
        )
        more["device_map"] = {"": numbers.device}
    with quiet(), _telling(folder):
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, attn_implementation=_attention(folder, numbers), local_files_only=True, **more
        )
        return (model if more else model.to(numbers.device)).eval()


@contextmanager
def _telling(folder: Path) -> Iterator[None]:
    what = f"the model in {folder}"
    with named_if_torn(what, _WHOLE), named_if_out_of_memory(what, _ROOM):
        yield


class Weights:
    """A model that is loaded when it is first needed. Of the adapters on it one is at work at a time, or none."""

    def __init__(self, folder: Path, numbers: Numbers) -> None:
        self.folder, self.numbers = folder, numbers
        self._worn: dict[Path, str] = {}
        self._peft: Any = None

    @cached_property
    def config(self) -> Any:
        return load_config(self.folder)

    @cached_property
    def model(self) -> Any:
        return load_model(self.folder, self.numbers)

    @contextmanager
    def wearing(self, adapter: Path | None) -> Iterator[Any]:
        """The model with this adapter at work. Raises AssetError if the adapter does not fit the model."""
        if adapter is None and self._peft is None:
            yield self.model
        elif adapter is None:
            with self._peft.disable_adapter():
                yield self.model
        else:
            self._put_on(adapter)
            self._peft.set_adapter(self._worn[adapter], inference_mode=True)
            yield self.model

    def merged(self) -> Any:
        """The model with the adapter that is at work put into its weights, for good."""
        return self._peft.merge_and_unload()

    def _put_on(self, adapter: Path) -> None:
        if adapter in self._worn:
            return
        name = f"adapter{len(self._worn)}"
        try:
            with quiet(), named_if_out_of_memory(f"the adapter in {adapter}", _ROOM):
                if self._peft is None:
                    from peft import PeftModel

                    self._peft = PeftModel.from_pretrained(self.model, adapter, adapter_name=name)
                else:
                    self._peft.load_adapter(adapter, adapter_name=name)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise AssetError(
                f"the adapter in {adapter} does not fit the model in {self.folder}: {str(error).splitlines()[0]}",
                todo="use the base model that it was trained on",
            ) from None
        self._peft.eval()
        self._worn[adapter] = name


def end_tokens(tokenizer: Any, *configs: Any) -> frozenset[int]:
    """The tokens at which a text ends: those that the model's configurations declare (LLaMA-3 has two), the tokenizer's
    own, and the ends of a turn that its vocabulary knows."""
    declared = [getattr(config, "eos_token_id", None) for config in configs]
    tokens: set[Any] = {token for ids in declared for token in (ids if isinstance(ids, list) else [ids])}
    vocabulary = tokenizer.get_added_vocab()
    tokens |= {tokenizer.eos_token_id, *(vocabulary.get(end) for end in _ENDS_OF_TURN)}
    return frozenset(tokens - {None})


# --------------------------------------------------------------------------- choices of the machine


def kind_of_device(wanted: str) -> str:
    """What a device is, by torch's word: "cuda" of "cuda:1", and of "auto" where there is a GPU. It need not be here.
    Raises SettingsError if torch knows none of that name."""
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(wanted).type
        torch.get_device_module(kind)
    except RuntimeError:
        raise SettingsError(
            f"there is no device '{wanted}'", todo='set device = "auto" (the GPU where there is one), "cpu" or "cuda:1"'
        ) from None
    return kind


def device_is_here(wanted: str) -> bool:
    """Raises SettingsError as `kind_of_device` does."""
    import torch

    kind = kind_of_device(wanted)
    at = 0 if wanted == "auto" else torch.device(wanted).index or 0
    return at < int(torch.get_device_module(kind).device_count())


def device_named(wanted: str) -> str:
    """What torch calls it: "auto" is the GPU where there is one. Raises SettingsError for a device that is not here."""
    if not device_is_here(wanted):
        what = "no GPU" if wanted == "cuda" else "none"
        raise SettingsError(f"device {wanted}: torch finds {what} here", todo='set device = "auto"')
    return kind_of_device(wanted) if wanted == "auto" else wanted


def _best_dtype(device: str) -> str:
    import torch

    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return "bfloat16" if {"avx512_bf16", "amx_bf16"} & _cpu_flags() else "float32"


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


def _attention(model: Path, numbers: Numbers) -> str | None:
    """On a CPU, for the families known to allow it, attention that does not copy each key once a query head."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    try:
        family = json.loads((model / "config.json").read_bytes()).get("model_type")
    except (OSError, ValueError):
        return None  # loading says what is wrong
    if numbers.device != "cpu" or family not in _GROUPED_HEADS:
        return None
    name = GROUPED if numbers.dtype == "float32" else GROUPED_WIDE
    AttentionInterface.register(name, _grouped_attention)
    AttentionMaskInterface.register(name, sdpa_mask)
    return name


def _grouped_attention(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None, **_: Any
) -> tuple[Any, None]:
    from torch.nn.functional import scaled_dot_product_attention

    causal = attention_mask is None and query.shape[2] > 1
    output = scaled_dot_product_attention(
        query.to(key.dtype), key, value, attn_mask=attention_mask, scale=scaling, is_causal=causal, enable_gqa=True
    )
    return output.to(query.dtype).transpose(1, 2).contiguous(), None
