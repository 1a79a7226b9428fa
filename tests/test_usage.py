"""What a run took: tokens, seconds, energy; who wrote its texts."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from harness import energy
from harness.energy import Counter, Snapshot
from harness.errors import RunError, ScoreError
from harness.run import Generated
from harness.types import Candidate
from harness.usage import FILE, read_usage, usage_of, write_usage


def candidate(case: str, system: str, **known: Any) -> Candidate:
    return Candidate(case, "course", "text", system=system, **known)


def generated(*candidates: Candidate) -> Generated:
    return Generated({(one.case, one.field): (one,) for one in candidates})


MODEL = generated(
    candidate("1", "model", tokens=30, seconds=2.0, finish="length", cut=0),
    candidate("2", "model", tokens=10, seconds=1.0, finish="stop", cut=7),
)
LOOKED_UP = generated(candidate("1", "nearest", seconds=0.5), candidate("2", "nearest", seconds=0.5))


def test_a_run_took_what_its_candidates_took(tmp_path: Path) -> None:
    usage = usage_of(2, MODEL, {tmp_path: MODEL}, "d0")
    assert (usage.stays, usage.texts, usage.tokens, usage.seconds) == (2, 2, 40, 3.0)
    assert (usage.cut_off, usage.chart_cut, usage.writers) == (1, 1, {"model": 2})
    assert usage.per_1000 == (20_000, 1_500, None)


def test_a_pool_took_what_all_its_members_took(tmp_path: Path) -> None:
    chosen = generated(MODEL.candidates["1", "course"][0], LOOKED_UP.candidates["2", "course"][0])
    usage = usage_of(2, chosen, {tmp_path / "a": MODEL, tmp_path / "b": LOOKED_UP}, "d0")
    assert (usage.texts, usage.tokens, usage.seconds) == (4, 40, 4.0)
    assert usage.writers == {"model": 1, "nearest": 1}


def test_a_text_that_was_not_handed_in_was_not_cut_off(tmp_path: Path) -> None:
    """Of what a pool's members wrote, and of what a system that draws several texts wrote, one text a place counts."""
    chosen = generated(LOOKED_UP.candidates["1", "course"][0], MODEL.candidates["2", "course"][0])
    usage = usage_of(2, chosen, {tmp_path / "a": MODEL, tmp_path / "b": LOOKED_UP}, "d0")
    assert (usage.cut_off, usage.chart_cut, usage.writers) == (0, 1, {"model": 1, "nearest": 1})
    stopped, cut = candidate("1", "model", finish="stop"), candidate("1", "model", finish="length", cut=3, index=1)
    several = Generated({("1", "course"): (stopped, cut)})
    usage = usage_of(1, several, {tmp_path: several}, "d0")
    assert (usage.texts, usage.cut_off, usage.chart_cut) == (2, 0, 0)


def test_energy_is_scaled_to_the_texts_that_were_not_metered(tmp_path: Path) -> None:
    (tmp_path / energy.FILE).write_text('{"joules":3600,"texts":1}\n')
    usage = usage_of(2, MODEL, {tmp_path: MODEL}, "d0")
    assert (usage.joules, usage.metered) == (3600, 1)
    assert usage.per_1000[2] == 1_000  # 1 Wh a text, 2 texts, 2 stays


def test_usage_is_read_again_for_the_same_candidates_alone(tmp_path: Path) -> None:
    usage = usage_of(2, MODEL, {tmp_path: MODEL}, "d0")
    write_usage(usage, tmp_path)
    assert read_usage(tmp_path, "d0") == usage
    assert read_usage(tmp_path, "d1") is None
    assert read_usage(tmp_path / "none", "d0") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"stays": 1}'])
def test_a_file_that_is_no_usage_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ScoreError) as error:
        read_usage(tmp_path, "d0")
    assert str(error.value) == (
        f"{tmp_path / FILE} is not what a run took\n  -> delete it, or submit again: texts are kept"
    )


# --------------------------------------------------------------------------- energy


def package(folder: Path, used: int, room: int = 10**9) -> None:
    for name in ("intel-rapl:0", "intel-rapl:0:0"):  # the second is a part of the first
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "energy_uj").write_text(f"{used}\n")
        (folder / name / "max_energy_range_uj").write_text(f"{room}\n")


def test_a_processor_counts_its_packages_once(tmp_path: Path) -> None:
    package(tmp_path, 2_500_000)
    assert energy._processors(tmp_path) == {"intel-rapl:0": Counter(2.5, 1_000.0)}
    assert energy._processors(tmp_path / "none") == {}


def test_joules_between_two_snapshots() -> None:
    def at(seconds: float, **counters: Counter) -> Snapshot:
        return Snapshot(seconds, counters)

    assert energy.joules(at(0, card=Counter(5)), at(9, card=Counter(8))) == 3
    room = 20_000.0
    assert energy.joules(at(0, cpu=Counter(19_999, room)), at(9, cpu=Counter(4, room))) == 5  # it began again
    assert energy.joules(at(0, cpu=Counter(1, room)), at(21, cpu=Counter(4, room))) is None  # perhaps twice
    assert energy.joules(at(0), at(9)) is None
    assert energy.joules(at(0), at(9, card=Counter(8))) is None


def test_what_is_noted_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "snapshot", lambda: Snapshot(9, {"card": Counter(8)}))
    began = Snapshot(0, {"card": Counter(5)})
    energy.note(tmp_path, began, 4)
    energy.note(tmp_path, began, 2)
    energy.note(tmp_path, began, 0)  # nothing was made
    assert energy.noted(tmp_path) == (6, 6)
    energy.note(tmp_path, began, 3, apart=2.5)
    energy.note(tmp_path, began, 3, apart=None)  # nobody knows what was taken for the texts
    assert energy.noted(tmp_path) == (6.5, 9)
    assert energy.noted(tmp_path / "none") == (0, 0)


def test_an_edited_reading_says_so(tmp_path: Path) -> None:
    (tmp_path / energy.FILE).write_text('{"joules": 1}\n')
    with pytest.raises(RunError, match=r"energy.jsonl holds a line that is no reading"):
        energy.noted(tmp_path)


class _Nvml:
    """Two cards, as the library answers: the second is too old for a counter."""

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, at: int, card: Any) -> int:
        card._obj.value = 100 + at
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, card: ctypes.c_void_p, used: Any) -> int:
        used._obj.value = 1_500
        return 0 if card.value == 100 else 3

    def nvmlShutdown(self) -> int:
        return 0


def test_a_card_counts_in_millijoules() -> None:
    assert energy._cards(lambda _: _Nvml()) == {"card 0": Counter(1.5)}


def test_a_machine_without_the_library_has_no_card() -> None:
    def missing(name: str) -> Any:
        raise OSError(name)

    assert energy._cards(missing) == {}
