"""The engine `transformers`: a local causal language model in Hugging Face's layout, on a CPU or one GPU."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import assets
from harness.engines.batches import plan
from harness.engines.loading import ADAPTER_WEIGHTS, Weights, context_length, end_tokens, load_tokenizer, numbers
from harness.engines.prompts import check_room, prompt_tokens, until, without_end
from harness.engines.runtime import prepare_torch, told_if_out_of_memory
from harness.errors import AssetError, RunError
from harness.files import digest, digest_file
from harness.progress import counter
from harness.types import Completion, Message, Prompt, Sampling


def open_transformers(
    model: Path,
    *,
    dtype: str = "auto",
    device: str = "auto",
    threads: int = 0,
    batch_size: int = 8,
    batch_tokens: int = 16384,
    chat: bool = True,
    quantisation: str = "none",
) -> TransformersEngine:
    """The model in the folder `model`; its weights are loaded with the first prompt.

    `dtype` of "auto" is bfloat16 where the processor multiplies in it (AVX512-BF16 or AMX; a GPU that says so), else
    float32. `device` of "auto" is the GPU where there is one. `threads` of 0 leaves the number to torch. At most
    `batch_size` texts and `batch_tokens` padded tokens are generated together. Without `chat` the messages are
    joined by blank lines, for models that have no chat template. `quantisation` of "nf4" holds the weights in 4 bits.
    Raises AssetError if the folder cannot be loaded, SettingsError for an unknown dtype or device.
    """
    prepare_torch(threads)
    held = numbers(dtype, device, quantisation)
    tokenizer = load_tokenizer(model)
    if chat and not tokenizer.chat_template:
        raise AssetError(
            f"the model in {model} has no chat template",
            todo="set chat = false in the lineup's [engine], or use another",
        )
    return TransformersEngine(model, Weights(model, held), tokenizer, batch_size, batch_tokens, chat)


@dataclass(frozen=True)
class TransformersEngine:
    """An `Engine`. Same machine, same settings, same prompts: same texts, in one go or with pauses."""

    folder: Path
    weights: Weights
    tokenizer: Any
    batch_size: int
    batch_tokens: int
    chat: bool
    adapter: Path | None = None

    @property
    def model(self) -> Any:
        return self.weights.model

    def adapted(self, adapter: Path) -> TransformersEngine:
        return replace(self, adapter=adapter)

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (index into prompts, its completions) as batches finish; leave out the batches of which every index is
        in `done`. A batch with anything missing is generated and yielded whole. Repetition is counted in what was
        written, not in the prompt; `logprob` is that of the model itself, before temperature and penalties; `tokens`
        has the stop token in it. Raises RunError, before anything is generated, for a prompt that leaves no room."""
        encoded = [self._encode(prompt.messages) for prompt in prompts]
        stored = set(done)
        missing = [batch for batch in self._plan(prompts, encoded, sampling) if not stored.issuperset(batch)]
        return self._generate(prompts, encoded, missing, sampling, _samples(sampling))

    def batches(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[tuple[int, ...]]:
        """The plan: indices of the prompts that are generated together, batch by batch. Raises as `complete` does."""
        return self._plan(prompts, [self._encode(prompt.messages) for prompt in prompts], sampling)

    def count_tokens(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def count_prompt(self, messages: Sequence[Message]) -> int:
        return len(self._encode(messages))

    @cached_property
    def context_length(self) -> int:
        return context_length(self.weights.config, self.tokenizer)

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
                "quantisation": self.weights.numbers.quantisation,
                "adapter": self.adapter and digest_file(self.adapter / ADAPTER_WEIGHTS),
            }
        )

    def _plan(
        self, prompts: Sequence[Prompt], encoded: Sequence[Sequence[int]], sampling: Sampling
    ) -> list[tuple[int, ...]]:
        lengths = [len(tokens) for tokens in encoded]
        check_room(prompts, lengths, sampling, self.context_length)
        return plan(lengths, sampling.max_new_tokens, self.batch_size, self.batch_tokens, _samples(sampling))

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
                with self.weights.wearing(self.adapter) as model, _enough_memory(rows):
                    decode(model, rows, sampling, stops, self._pad, progress.update)
                seconds = (time.monotonic() - start) / len(rows)
                progress.update(before + longest * len(batch) - progress.n)
                width = max(len(row.prompt) for row in rows)
                written = [self._completion(row, stops, seconds, width) for row in rows]
                for place, at in enumerate(batch):
                    yield at, written[place * samples : (place + 1) * samples]

    def _completion(self, row: Any, stops: Any, seconds: float, width: int) -> Completion:
        return Completion(
            text=until(stops.decode(without_end(row.tokens, stops.tokens)), stops.strings),
            finish=row.finish,
            tokens=len(row.tokens),
            seconds=seconds,
            logprob=row.logprob / len(row.tokens),
            prompt_tokens=len(row.prompt),
            cached_tokens=0,
            padding=width - len(row.prompt) + row.steps - len(row.tokens),
        )

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        return prompt_tokens(self.tokenizer, messages, self.chat)

    @cached_property
    def _pad(self) -> int:
        """Padding is masked, so any token serves a model that has none for it."""
        known = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return int(next(token for token in known if token is not None))

    def _stops(self, sampling: Sampling) -> Any:
        from harness.engines.decoding import Stops

        ends = end_tokens(self.tokenizer, self.model.generation_config, self.model.config)

        def text(tokens: Sequence[int]) -> str:
            written: str = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            return written

        return Stops(ends, sampling.stop, text)


def _enough_memory(rows: Sequence[Any]) -> AbstractContextManager[None]:
    longest = max(len(row.prompt) for row in rows)
    error = RunError(
        f"out of memory while {len(rows)} texts were written together, after prompts of up to {longest} tokens",
        todo="lower batch_size or batch_tokens in the lineup's [engine], or give the system a smaller input "
        "budget, fewer max_new_tokens or samples",
    )
    return told_if_out_of_memory(error)


def _samples(sampling: Sampling) -> int:
    """Texts of one prompt that differ."""
    return sampling.samples if sampling.temperature else 1
