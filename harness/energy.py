"""Energy that this machine took, where it can be read: NVIDIA's counters, and those of Intel's and AMD's processors
(RAPL, which Linux shows to root alone by default). The whole machine's: whoever else works on it is in the figure.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import RunError
from harness.files import JsonLines

FILE = "energy.jsonl"
POWERCAP = Path("/sys/class/powercap")
_MOST_WATTS = 1000
"""No processor takes more: one whose counter would have room for less than the time that passed is not trusted."""


@dataclass(frozen=True)
class Counter:
    """Joules since some point in time; `room` is where the counter begins again at 0, None if it never does."""

    joules: float
    room: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """All counters of the machine, and when they were read (seconds of a monotonic clock)."""

    at: float
    counters: Mapping[str, Counter]


def snapshot(powercap: Path = POWERCAP) -> Snapshot:
    return Snapshot(time.monotonic(), {**_processors(powercap), **_cards()})


def joules(began: Snapshot, ended: Snapshot) -> float | None:
    """What was taken between two snapshots; None where there is no counter, or one may have begun again unseen."""
    if not began.counters or began.counters.keys() != ended.counters.keys():
        return None
    total = 0.0
    for name, then in began.counters.items():
        taken = ended.counters[name].joules - then.joules
        if then.room is not None:
            if (ended.at - began.at) * _MOST_WATTS > then.room:
                return None
            taken %= then.room
        total += taken
    return total


def note(folder: Path, began: Snapshot, texts: int, apart: float | None = 0.0) -> None:
    """Write down in the run's folder what `texts` new texts took since then, if it can be read. `apart` are joules that
    something else took meanwhile."""
    taken = joules(began, snapshot())
    if taken is not None and apart is not None and texts:
        with JsonLines(folder / FILE).appending() as file:
            file.append({"joules": taken - apart, "texts": texts})


def noted(folder: Path) -> tuple[float, int]:
    """Joules, and for how many texts they were read, over all times that the run was worked on."""
    lines = list(JsonLines(folder / FILE).read())
    try:
        return sum(line["joules"] for line in lines), sum(line["texts"] for line in lines)
    except (KeyError, TypeError):
        raise RunError(f"{folder / FILE} holds a line that is no reading", todo="delete the file") from None


def _processors(powercap: Path) -> dict[str, Counter]:
    """A counter for each processor package; their parts (cores, memory) are in it."""
    found = {}
    for package in sorted(powercap.glob("intel-rapl:[0-9]*")):
        if package.name.count(":") == 1:
            try:
                used, room = (int((package / name).read_text()) for name in ("energy_uj", "max_energy_range_uj"))
            except (OSError, ValueError):
                continue
            found[package.name] = Counter(used / 1e6, room / 1e6)
    return found


def _cards(load: Callable[[str], Any] = ctypes.CDLL) -> dict[str, Counter]:
    """A counter for each NVIDIA card that has one (since Volta)."""
    try:
        nvml = load("libnvidia-ml.so.1")
    except OSError:
        return {}
    count, card, used = ctypes.c_uint(), ctypes.c_void_p(), ctypes.c_ulonglong()
    if nvml.nvmlInit_v2() or nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)):
        return {}
    found = {}
    for at in range(count.value):
        failed = nvml.nvmlDeviceGetHandleByIndex_v2(at, ctypes.byref(card))
        if not failed and not nvml.nvmlDeviceGetTotalEnergyConsumption(card, ctypes.byref(used)):
            found[f"card {at}"] = Counter(used.value / 1e3)
    nvml.nvmlShutdown()
    return found
