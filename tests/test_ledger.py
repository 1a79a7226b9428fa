"""The ledger: how often a split was scored, and when to worry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.ledger import luck, read, record, table, warnings
from harness.types import ScoreCard
from tests.toys import MANIFEST

CARD = ScoreCard(MANIFEST, "4ef", "1d5", {}, {}, "")


def test_the_warning_comes_with_the_tenth_text_and_grows(tmp_path: Path) -> None:
    for text in range(9):
        record(tmp_path, CARD, f"t{text}")
        record(tmp_path, CARD, "t0")  # once more the same
    assert warnings(tmp_path, "test") == ()
    record(tmp_path, CARD, "t9")
    assert warnings(tmp_path, "test") == (
        "warning: test was scored 19 times, with 10 different texts. To keep the best of them is to tune on it: the "
        "best of 10 equal systems looks 1.5 standard errors better than it is",
    )
    for text in range(10, 40):
        record(tmp_path, CARD, f"t{text}")
    assert "the best of 40 equal systems looks 2.2 standard errors" in warnings(tmp_path, "test")[0]
    assert warnings(tmp_path, "other") == ()


def test_splits_for_tuning_are_not_worn(tmp_path: Path) -> None:
    for text in range(30):
        record(tmp_path, replace(CARD, manifest=replace(MANIFEST, split="valid")), f"t{text}")
    assert warnings(tmp_path, "valid") == ()


def test_a_scoring_names_its_manifest(tmp_path: Path) -> None:
    for label in ("a", "b"):
        record(tmp_path, replace(CARD, manifest=replace(MANIFEST, label=label)), "t" * 64)
    first, second = read(tmp_path)
    assert (first.label, first.split, first.ids, first.text) == ("a", "test", "1d5", "t" * 64)
    assert first.manifest != second.manifest
    assert first.at.endswith("+00:00")
    assert [line.split()[2:6] for line in table([first])[1:]] == [["toy", "test", "a", "generated"]]


@pytest.mark.parametrize("systems", [10, 100])
def test_luck_is_the_expected_largest_of_normal_deviates(systems: int) -> None:
    drawn = np.random.default_rng(0).normal(size=(20_000, systems)).max(axis=1).mean()
    assert luck(systems) == pytest.approx(drawn, abs=0.02)
