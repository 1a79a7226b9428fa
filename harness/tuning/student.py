"""The model that learns: a frozen base, an adapter on it, and the loss on the targets alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as packed
from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.engines.loading import ADAPTER_CONFIG, ADAPTER_WEIGHTS, load_model, numbers
from harness.engines.runtime import named_if_out_of_memory, quiet
from harness.errors import AssetError
from harness.files import canonical_json, write_atomic
from harness.tuning.job import Job
from harness.tuning.lessons import Encoded
from harness.tuning.team import ALONE, Team, like, whole


@dataclass(frozen=True)
class Batch:
    """Rows of tokens, padded on the right. `tokens` and `positions` have the shape (rows, length); a position begins at
    0 with each lesson. `columns` are the places whose next token some row has to learn, `labels` of shape
    (rows, columns) those tokens, IGNORED where a row has none there."""

    tokens: Tensor
    positions: Tensor
    columns: Tensor
    labels: Tensor


IGNORED = -100
LESS_TO_LEARN = (
    "make room (`nvidia-smi` says who is on a card), lower rank, or name fewer layers in target_modules; "
    "`harness plan` says what each costs"
)


def collate(rows: Sequence[Sequence[Encoded]]) -> Batch:
    """Put rows of lessons into tensors. Padding stands behind everything that is learned, which no token looks at; it
    goes on with the positions, or a row of one lesson would be taken for two."""
    length = max(sum(len(lesson.tokens) for lesson in row) for row in rows)
    tokens = torch.zeros((len(rows), length), dtype=torch.long)
    positions = torch.zeros((len(rows), length), dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORED)
    for at, row in enumerate(rows):
        start = 0
        for lesson in row:
            end = start + len(lesson.tokens)
            tokens[at, start:end] = torch.tensor(lesson.tokens)
            positions[at, start:end] = torch.arange(end - start)
            labels[at, end - lesson.target - 1 : end - 1] = tokens[at, end - lesson.target : end]
            start = end
        last = len(row[-1].tokens)
        positions[at, start:] = torch.arange(last, last + length - start)
    columns = (labels != IGNORED).any(0).nonzero()[:, 0]
    return Batch(tokens, positions, columns, labels[:, columns])


class Student:
    """The base with its adapter, which alone has gradients."""

    def __init__(self, job: Job, team: Team = ALONE) -> None:
        tuning = job.tuning
        held = numbers(tuning.compute_dtype, job.device, tuning.quantisation, tuning.double_quantisation)
        self.device = team.device(held.device)
        base = load_model(Path(job.base.folder), replace(held, device=self.device))
        base.config.use_cache = False
        _stay_trainable(base)
        if tuning.checkpointing:
            base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        with named_if_out_of_memory(f"an adapter on {job.base.name}", LESS_TO_LEARN):
            self.model = _adapted(base, job)
            team.shard(self.model, self.device)
        self.model.train()

    @property
    def parameters(self) -> dict[str, Any]:
        """What is learned, by name, in a fixed order."""
        return {name: one for name, one in sorted(self.model.named_parameters()) if one.requires_grad}

    def loss(self, batch: Batch) -> Tensor:
        """Sum over the target tokens of their negative log-likelihood in nats, of shape ()."""
        logits = self.model(
            input_ids=batch.tokens.to(self.device),
            position_ids=batch.positions.to(self.device),
            logits_to_keep=batch.columns.to(self.device),
            use_cache=False,
        ).logits
        labels = batch.labels.to(self.device).flatten()
        return cross_entropy(logits.float().flatten(0, 1), labels, ignore_index=IGNORED, reduction="sum")

    def state(self) -> dict[str, Tensor]:
        """The adapter's weights on the CPU, as peft names them."""
        from peft import get_peft_model_state_dict

        return {
            name: whole(one).contiguous()
            for name, one in get_peft_model_state_dict(self.model, save_embedding_layers=False).items()
        }

    def set_state(self, weights: Mapping[str, Tensor]) -> None:
        from peft import get_peft_model_state_dict

        for name, one in get_peft_model_state_dict(self.model, save_embedding_layers=False).items():
            one.detach().copy_(like(weights[name], one))

    def save(self, folder: Path, base: str, weights: Mapping[str, Tensor]) -> None:
        """Write the adapter in peft's layout, with these weights; the same adapter gives the same bytes."""
        write_atomic(folder / ADAPTER_WEIGHTS, packed(dict(weights), {"format": "pt"}))
        config = {
            **self.model.peft_config["default"].to_dict(),
            "base_model_name_or_path": base,
            "inference_mode": True,
        }
        write_atomic(folder / ADAPTER_CONFIG, json.dumps(json.loads(canonical_json(config)), indent=1).encode() + b"\n")


def _stay_trainable(base: Any) -> None:
    """On a CPU with AVX512-BF16, bitsandbytes packs a 4-bit layer anew when it is first evaluated, and from then on the
    layer hands no gradient on, in training either. So it is told that there is no such CPU."""
    for module in base.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _adapted(base: Any, job: Job) -> Any:
    from peft import LoraConfig, PeftModel, get_peft_model

    tuning = job.tuning
    if job.start:
        with quiet():
            return PeftModel.from_pretrained(base, job.start, is_trainable=True)
    torch.manual_seed(tuning.training_seed)
    modules: Any = list(tuning.target_modules)
    config = LoraConfig(
        r=tuning.rank,
        lora_alpha=tuning.alpha,
        lora_dropout=tuning.dropout,
        target_modules="all-linear" if modules == ["all-linear"] else modules,
        task_type="CAUSAL_LM",
    )
    try:
        with quiet():
            return get_peft_model(base, config)
    except ValueError as error:
        raise AssetError(
            f"{job.base.name} takes no adapter on {', '.join(modules)}: {str(error).splitlines()[0]}",
            todo='name its linear layers in target_modules, or write ["all-linear"]',
        ) from None


def count(parameters: Iterable[Any]) -> int:
    return sum(one.numel() for one in parameters)
