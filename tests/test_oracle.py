"""What the reference packages answered when `make oracle` was last run, and what ours says today."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import oracle
from oracle import Answers, lexical
from oracle.__main__ import faults

ANSWERED = json.loads((Path(oracle.__file__).parent / "lexical.json").read_text())


def test_the_lexical_metrics_equal_what_the_packages_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "words", lambda: [])  # they are read from nltk's data, which is not here
    ours = lexical.ours()
    assert {column: len(values) for column, values in ours.values.items()} == dict.fromkeys(lexical.TOLERANCE, 520)
    for column, tolerance in lexical.TOLERANCE.items():
        np.testing.assert_allclose(ours.values[column], ANSWERED["values"][column], rtol=0, atol=tolerance)
    for fact in ("compiled tables", "tokens"):
        assert ours.facts[fact] == ANSWERED["facts"][fact]
    assert "synonyms of 192385 words" in ANSWERED["facts"]


def test_an_oracle_that_leaves_something_out_fails() -> None:
    asked = SimpleNamespace(TOLERANCE={"a": 1e-9})

    def found(ours: Answers, values: dict[str, list[float]], facts: dict[str, str]) -> list[str]:
        return list(faults(asked, ours, {"values": values, "facts": facts}))

    whole = Answers({"a": [1.0, 2.0]}, {"tokens": "x"})
    assert found(whole, {"a": [1.0, 2.0]}, {"tokens": "x"}) == []
    assert found(whole, {"a": [1.0, 2.1]}, {"tokens": "x"}) == ["a: 1.0e-01 apart, 1e-09 is allowed"]
    assert found(whole, {"a": [1.0, float("nan")]}, {"tokens": "x"}) == ["a: nan apart, 1e-09 is allowed"]
    assert found(whole, {"a": [1.0]}, {"tokens": "x"}) == ["a: ours has 2 values, the reference 1"]
    assert found(Answers({"a": []}), {"a": []}, {}) == ["a: ours has 0 values, the reference 0"]
    assert found(whole, {}, {"tokens": "x"}) == ["ours has the columns ['a'], the reference []"]
    assert found(whole, {"a": [1.0, 2.0]}, {}) == ["tokens: ours says x, the reference None"]
