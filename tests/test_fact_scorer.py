"""The scorer of facts on a small ward: what a text states of its stay, and what of nobody's or somebody else's."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness import AssetError, Pair
from harness.corpora.synthetic import synthesize
from harness.lineup import find_lineup, read_lineup
from harness.panel import OpenScorer, ScorerContext, choose, open_scorers
from harness.plugins import registry

SPLIT, BHC, DI = "test_phase_1", "brief_hospital_course", "discharge_instructions"
RECALL, CRITICAL, PRECISION, OWN = range(4)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("facts") / "ward"
    synthesize(folder, 100, 3)
    return folder


@pytest.fixture(scope="module")
def ledger(ward: Path) -> list[dict[str, Any]]:
    with gzip.open(ward / SPLIT / "facts.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def opened(tables: Path | None, work: Path) -> OpenScorer:
    chosen = choose(["facts"], registry(), read_lineup(find_lineup(None)))
    (one,) = open_scorers(chosen, ScorerContext("en", work, tables))
    return one


@pytest.fixture(scope="module")
def scorer(ward: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    one = opened(ward / SPLIT, tmp_path_factory.mktemp("work"))
    assert one.scorer is not None
    return one.scorer


def rows(scorer: Any, ledger: Sequence[dict[str, Any]], texts: Sequence[str], field: str) -> Any:
    pairs = [Pair(row["hadm_id"], "", field, "reference", text) for row, text in zip(ledger, texts, strict=True)]
    return scorer.measure(pairs)


@pytest.mark.parametrize("field", [BHC, DI])
def test_the_second_wording_states_nearly_all_and_nothing_strange(field: str, scorer: Any, ledger: Any) -> None:
    values = rows(scorer, ledger, [row["again"][field] for row in ledger], field).mean(axis=0)
    assert values[RECALL] > 0.9
    assert values[CRITICAL] > 0.9
    assert values[PRECISION] > 0.98
    assert values[OWN] > 0.99


@pytest.mark.parametrize("field", [BHC, DI])
def test_the_text_of_another_patient_states_what_is_foreign(field: str, scorer: Any, ledger: Any) -> None:
    others = [row["again"][field] for row in (*ledger[1:], ledger[0])]
    values = rows(scorer, ledger, others, field).mean(axis=0)
    assert values[RECALL] < 0.4
    assert values[OWN] < 0.5
    assert values[PRECISION] <= values[OWN]


def test_an_invented_fact_is_unsupported_and_nobodys(scorer: Any, ledger: Any) -> None:
    values = rows(scorer, ledger[:1], ["WBC was 77.7."], BHC)[0]
    assert values[PRECISION] == 0.0
    assert values[OWN] == 1.0


def test_a_text_without_facts_states_nothing(scorer: Any, ledger: Any) -> None:
    values = rows(scorer, ledger[:1], ["The patient was seen."], BHC)[0]
    assert values[[RECALL, PRECISION, OWN]].tolist() == [0.0, 0.0, 0.0]


def test_without_a_ledger_the_columns_are_not_available(tmp_path: Path) -> None:
    one = opened(tmp_path, tmp_path / "work")
    assert one.scorer is None
    assert one.columns == ("fact_recall", "fact_critical", "fact_precision", "fact_own")
    assert "facts.jsonl.gz" in one.lack


def test_its_signature_names_the_ledger(scorer: Any, ward: Path) -> None:
    identity = scorer.signature("fact_recall").identity
    assert identity["metric"] == "fact_recall"
    assert len(identity["ledger"]) == 16


def test_a_case_that_the_ledger_does_not_have(scorer: Any) -> None:
    with pytest.raises(AssetError, match="the ledger has no stay 1"):
        scorer.measure([Pair("1", "", BHC, "reference", "text")])
