"""The processes that train together, a card each: FSDP2 shards the model among them (Zhao et al. 2023; `torch`'s
`fully_shard`), and each takes its share of a step's micro-batches. One process alone is a team of one."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Team:
    """This process is number `rank` of `size`. The first one leads: it alone writes files and shows progress.

    What is called on one process of a team has to be called on all of them: `total`, `whole`, `fill` and `shard` wait
    for each other."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def share(self, count: int) -> list[tuple[int, float]]:
        """Which of `count` micro-batches this process takes, with their weights. The processes gather the model's
        weights together, so each takes as many: where one would have fewer, it takes the first again, with weight 0."""
        own = [(at, 1.0) for at in range(self.rank, count, self.size)]
        return own + [(0, 0.0)] * (math.ceil(count / self.size) - len(own))

    def total(self, value: float) -> float:
        """The sum of the processes' values, the same on each."""
        if self.size == 1:
            return value
        found = torch.tensor([value], dtype=torch.float64)
        torch.distributed.all_reduce(found)
        return float(found)

    def told(self, value: float) -> float:
        """The leader's value: the others' clocks are not its own, and all have to decide alike."""
        return self.total(value if self.leads else 0.0)

    def device(self, device: str) -> str:
        """This process's card, where the team works on cards."""
        return f"cuda:{torch.cuda.current_device()}" if device == "cuda" and self.size > 1 else device

    def shard(self, model: Any, device: str) -> None:
        """Divide the model's parameters, frozen ones too, among the team; each layer is gathered while it works."""
        if self.size == 1:
            return
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(torch.device(device).type, (self.size,), mesh_dim_names=("fsdp",))
        layers = set(model.get_base_model()._no_split_modules)
        for module in [one for one in model.modules() if type(one).__name__ in layers]:
            fully_shard(module, mesh=mesh)
        fully_shard(model, mesh=mesh)


ALONE = Team()


def whole(tensor: Tensor) -> Tensor:
    """A tensor on the CPU, gathered where it is divided among a team."""
    from torch.distributed.tensor import DTensor

    one = tensor.detach()
    return (one.full_tensor() if isinstance(one, DTensor) else one).cpu()


def like(values: Tensor, tensor: Tensor) -> Tensor:
    """The values where `tensor` is and as it is divided."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    placed = values.to(tensor.device)
    return distribute_tensor(placed, tensor.device_mesh, tensor.placements) if isinstance(tensor, DTensor) else placed


_LAUNCHED = {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"}
"""What a launcher of processes sets; a batch system may set some of it for a process that is alone."""


@contextmanager
def joined(device: str) -> Iterator[Team]:
    """The team that `accelerate launch` or `torchrun` started this process in; `device` is the line-up's."""
    if not os.environ.keys() >= _LAUNCHED or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    if on_cards := device != "cpu" and torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if on_cards else "gloo")
    try:
        yield Team(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()
