"""The engine `transformers`: a local causal language model in Hugging Face's layout, on a CPU or one GPU."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import assets
from harness.engines.batches import plan
from harness.engines.prompts import prompt_tokens, until
from harness.engines.runtime import prepare_torch, quiet
from harness.errors import AssetError, RunError, SettingsError
from harness.files import digest
from harness.progress import counter
from harness.types import Completion, Message, Prompt, Sampling

DTYPES = ("auto", "bfloat16", "float16", "float32")
_ENDS_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<|end|>", "<|endoftext|>", "<end_of_turn>", "</s>")
_GROUPED_HEADS = ("llama", "mistral", "qwen2", "qwen3")


def open_transformers(
    model: Path,
    *,
    dtype: str = "auto",
    device: str = "auto",
    threads: int = 0,
    batch_size: int = 8,
    batch_tokens: int = 16384,
    chat: bool = True,
) -> TransformersEngine:
    """Load the model in the folder `model`.

    `dtype` of "auto" is bfloat16 where the processor multiplies in it (AVX512-BF16 or AMX; a GPU that says so), else
    float32. `device` of "auto" is the GPU where there is one. `threads` of 0 leaves the number to torch. At most
    `batch_size` texts and `batch_tokens` padded tokens are generated together. Without `chat` the messages are
    joined by blank lines, for models that have no chat template.
    Raises AssetError if the folder cannot be loaded, SettingsError for an unknown dtype or device.
    """
    if dtype not in DTYPES:
        raise SettingsError(f"there is no dtype '{dtype}'", todo=f"there are: {', '.join(DTYPES)}")
    prepare_torch(threads)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    on = _device(device)
    chosen = _best_dtype(on) if dtype == "auto" else dtype
    with quiet():
        try:
            tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
            loaded = AutoModelForCausalLM.from_pretrained(
                model, dtype=getattr(torch, chosen), attn_implementation=_attention(model, on), local_files_only=True
            )
        except (OSError, ValueError, KeyError) as error:
            raise AssetError(
                f"the model in {model} cannot be loaded: {str(error).splitlines()[0]}",
                todo="check that the folder holds config.json, tokenizer and weights, whole",
            ) from None
    if chat and not tokenizer.chat_template:
        raise AssetError(
            f"the model in {model} has no chat template",
            todo="set chat = false in the lineup's [engine], or use another",
        )
    return TransformersEngine(model, loaded.to(on).eval(), tokenizer, batch_size, batch_tokens, chat)


@dataclass(frozen=True)
class TransformersEngine:
    """An `Engine`. Same machine, same settings, same prompts: same texts, in one go or with pauses."""

    folder: Path
    model: Any
    tokenizer: Any
    batch_size: int
    batch_tokens: int
    chat: bool

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (index into prompts, its completions) as batches finish; leave out the batches of which every index is
        in `done`. A batch with anything missing is generated and yielded whole. Repetition is counted in what was
        written, not in the prompt; `logprob` is that of the model itself, before temperature and penalties; `tokens`
        has the stop token in it. Raises RunError, before anything is generated, for a prompt that leaves no room."""
        encoded = [self._encode(prompt.messages) for prompt in prompts]
        self._check_lengths(prompts, encoded, sampling)
        samples = sampling.samples if sampling.temperature else 1
        lengths = [len(tokens) for tokens in encoded]
        batches = plan(lengths, sampling.max_new_tokens, self.batch_size, self.batch_tokens, samples)
        missing = [batch for batch in batches if not set(batch) <= set(done)]
        return self._generate(prompts, encoded, missing, sampling, samples)

    def count_tokens(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def count_prompt(self, messages: Sequence[Message]) -> int:
        return len(self._encode(messages))

    @cached_property
    def context_length(self) -> int:
        limits = (self.model.config.get_text_config().max_position_embeddings, self.tokenizer.model_max_length)
        return int(min(limits))

    @cached_property
    def digest(self) -> str:
        import torch

        return digest(
            {
                "model": assets.digest(str(self.folder)),
                "dtype": str(self.model.dtype),
                "device": self.model.device.type,
                "attention": self.model.config._attn_implementation,
                "threads": torch.get_num_threads(),
                "batch_size": self.batch_size,
                "batch_tokens": self.batch_tokens,
                "chat": self.chat,
            }
        )

    def _generate(
        self,
        prompts: Sequence[Prompt],
        encoded: Sequence[Sequence[int]],
        batches: Sequence[tuple[int, ...]],
        sampling: Sampling,
        samples: int,
    ) -> Iterator[tuple[int, list[Completion]]]:
        from harness.engines.decoding import Row, decode, draws

        stops = self._stops(sampling)
        longest = sampling.max_new_tokens * samples
        with counter("generating", total=longest * sum(map(len, batches)), unit="tok") as progress:
            for batch in batches:
                start, before = time.monotonic(), progress.n
                rows = [Row(encoded[at], draws(prompts[at], sampling, i)) for at in batch for i in range(samples)]
                decode(self.model, rows, sampling, stops, self._pad, progress.update)
                seconds = (time.monotonic() - start) / len(rows)
                progress.update(before + longest * len(batch) - progress.n)
                written = [self._completion(row, stops, seconds) for row in rows]
                for place, at in enumerate(batch):
                    yield at, written[place * samples : (place + 1) * samples]

    def _completion(self, row: Any, stops: Any, seconds: float) -> Completion:
        return Completion(
            text=until(stops.decode(row.tokens), stops.strings),
            finish=row.finish,
            tokens=len(row.tokens),
            seconds=seconds,
            logprob=row.logprob / len(row.tokens),
        )

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        return prompt_tokens(self.tokenizer, messages, self.chat)

    def _check_lengths(self, prompts: Sequence[Prompt], encoded: Sequence[Sequence[int]], sampling: Sampling) -> None:
        room = self.context_length - sampling.max_new_tokens
        long = [at for at, tokens in enumerate(encoded) if not 0 < len(tokens) <= room]
        if long:
            first = prompts[long[0]]
            raise RunError(
                f"case {first.case}, {first.field}: the prompt has {len(encoded[long[0]])} tokens; with "
                f"{sampling.max_new_tokens} new ones the model's {self.context_length} have room for {max(room, 0)}"
                + (f" ({len(long)} prompts are too long)" if len(long) > 1 else ""),
                todo="give the system a smaller input budget, or fewer max_new_tokens",
            )

    @cached_property
    def _pad(self) -> int:
        """Padding is masked, so any token serves a model that has none for it."""
        known = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return int(next(token for token in known if token is not None))

    def _stops(self, sampling: Sampling) -> Any:
        from harness.engines.decoding import Stops

        declared = [self.model.generation_config.eos_token_id, self.model.config.eos_token_id]
        tokens = {token for ids in declared for token in (ids if isinstance(ids, list) else [ids])}
        vocabulary = self.tokenizer.get_added_vocab()
        tokens |= {self.tokenizer.eos_token_id, *(vocabulary.get(end) for end in _ENDS_OF_TURN)}

        def text(tokens: Sequence[int]) -> str:
            written: str = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            return written

        return Stops(frozenset(tokens - {None}), sampling.stop, text)


# --------------------------------------------------------------------------- choices of the machine


def _device(wanted: str) -> str:
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise SettingsError(f"device {wanted}: torch finds no GPU here", todo='set device = "auto"')
    return wanted


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


def _attention(model: Path, device: str) -> str | None:
    """On a CPU, for the families known to allow it, attention that does not copy each key once a query head."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    try:
        family = json.loads((model / "config.json").read_bytes()).get("model_type")
    except (OSError, ValueError):
        return None  # loading says what is wrong
    if device != "cpu" or family not in _GROUPED_HEADS:
        return None
    AttentionInterface.register("sdpa_grouped", _grouped_attention)
    AttentionMaskInterface.register("sdpa_grouped", sdpa_mask)
    return "sdpa_grouped"


def _grouped_attention(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float | None = None, **_: Any
) -> tuple[Any, None]:
    from torch.nn.functional import scaled_dot_product_attention

    causal = attention_mask is None and query.shape[2] > 1
    output = scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, scale=scaling, is_causal=causal, enable_gqa=True
    )
    return output.transpose(1, 2).contiguous(), None
