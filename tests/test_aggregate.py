"""Cases -> a number, by either variant; short targets; what a metric never saw; the published board."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import CannotJudge
from harness.aggregate import VARIANTS, aggregate, check_variant, mean_over_fields, says_official
from harness.errors import ScoreError
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.panel import OpenScorer, ScorerContext, choose
from harness.plugins import registry
from harness.score import Measured, score
from harness.scorecard import make_card
from harness.scoring import Scoring
from harness.types import ColumnScore, Reference, Submission
from tests.conftest import SHARED, needs_shared
from tests.toys import MANIFEST, TASK, Words, scoring_with

COURSE = {"9": "a b c d", "10": "a b", "11": "a b c d e", "100": "a b c", "101": ""}
LENGTHS = {"9": 1, "10": 2, "11": 3, "100": 4, "101": 5}


class Lengths:
    """The words of the hypothesis, in a column for each rule of the task: mean, last batch, batch means."""

    columns = ("bleu", "rouge1", "align")

    def measure(self, pairs: Any) -> Any:
        return np.array([[float(len(p.hypothesis.split()))] * 3 for p in pairs])

    def worst(self, column: str) -> float:
        return 0.0

    signature = Words.signature


def measured(folder: Path, scorer: Any, course: dict[str, str] = COURSE, **other: str) -> Measured:
    """Case `i` was handed in with LENGTHS[i] words, or with `other`."""
    references = [Reference(i, i, {"course": text, "advice": "w x y z"}) for i, text in course.items()]
    rows = {i: {"course": other.get(f"c{i}", "w " * n), "advice": "x"} for i, n in LENGTHS.items()}
    one = OpenScorer("lengths", scorer.columns, scorer)
    with scoring_with([one], folder) as scoring:
        return score(Submission("toy", rows), references, TASK, scoring, "salt", len(references))


# --------------------------------------------------------------------------- the two variants


def test_the_official_variant_counts_the_last_batch_and_means_of_batches(tmp_path: Path) -> None:
    """Batches of 2 by integer id: (9, 10), (11, 100), (101); 101 has no reference for the course."""
    stats = measured(tmp_path, Lengths()).stats
    corrected, official = (aggregate(stats, TASK, variant) for variant in VARIANTS)
    assert [corrected[c]["course"] for c in stats.columns] == [ColumnScore(2.5, 4, 0, 1)] * 3
    assert official["bleu"] == corrected["bleu"]
    assert official["align"]["course"] == ColumnScore((1.5 + 3.5) / 2, 4, 0, 1)
    assert official["rouge1"]["advice"] == ColumnScore(1.0, 1, 0, 0)
    assert math.isnan(official["rouge1"]["course"].value)
    assert official["rouge1"]["course"].n == 0
    assert mean_over_fields(official["rouge1"]) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_official_rules_written_as_the_script_runs(values: list[float]) -> None:
    from harness.aggregate import _value

    task = replace(TASK, published=replace(TASK.published, batch=8))  # type: ignore[type-var]
    array = np.array(values)
    there = np.ones(len(values), dtype=np.bool_)
    last: list[float] = []
    means = []
    for start in range(0, len(values), 8):
        last = list(values[start : start + 8])  # reset in every batch
        means.append(sum(last) / len(last))
    assert _value(array, there, task, "last-batch") == pytest.approx(sum(last) / len(last), abs=1e-12)
    assert _value(array, there, task, "mean-of-batch-means") == pytest.approx(sum(means) / len(means), abs=1e-12)
    assert _value(array, there, task, "mean") == pytest.approx(sum(values) / len(values), abs=1e-12)


def test_the_variants_sign_unlike_numbers_unlike(tmp_path: Path) -> None:
    one = measured(tmp_path, Lengths())
    signatures = {
        (variant, column): str(signature)
        for variant in VARIANTS
        for column, signature in make_card(one, MANIFEST, TASK, variant).signatures.items()
    }
    assert signatures["corrected", "rouge1"] == "metric:rouge1|variant:corrected|version:1"
    assert signatures["official", "bleu"] == "metric:bleu|script:f00|variant:official|version:1"
    assert signatures["official", "rouge1"] == "cases:last-batch/2|metric:rouge1|script:f00|variant:official|version:1"
    assert signatures["official", "align"] == (
        "cases:mean-of-batch-means/2|metric:align|script:f00|variant:official|version:1"
    )
    assert len({*signatures.values()}) == 6


def test_the_official_variant_says_what_it_costs(tmp_path: Path) -> None:
    scores = make_card(measured(tmp_path, Lengths()), MANIFEST, TASK, "official").scores
    assert says_official(TASK, scores) == (
        "variant official, as the script published at f00 has it: batches of 2; of rouge1 the last batch alone counts "
        "(1 of 5 rows); align is a mean of batch means; the rest are means over all rows"
    )


def test_a_task_without_a_published_script_has_no_official_variant() -> None:
    check_variant(TASK, "official")
    with pytest.raises(ScoreError) as error:
        check_variant(replace(TASK, published=None), "official")
    assert str(error.value) == "toy names no published script to reproduce\n  -> leave --variant out"
    check_variant(replace(TASK, published=None), "corrected")


# --------------------------------------------------------------------------- short, cut, refused


def test_short_references_are_counted_and_the_means_told_without_them(tmp_path: Path) -> None:
    card = make_card(measured(tmp_path, Lengths()), MANIFEST, TASK, "corrected")
    assert set(card.short) == {"course"}  # the advice has four tokens everywhere
    assert card.short["course"].n == 2  # cases 10 and 100; an empty reference is none
    assert card.short["course"].without == {"bleu": 2.0, "rouge1": 2.0, "align": 2.0}  # cases 9 and 11


def test_without_short_references_there_may_be_nothing_left(tmp_path: Path) -> None:
    card = make_card(measured(tmp_path, Lengths(), {"9": "a", "10": "b"}), MANIFEST, TASK, "corrected")
    assert card.short["course"].n == 2
    assert all(math.isnan(value) for value in card.short["course"].without.values())


class Half(Lengths):
    """Sees no more than two words of a text."""

    def truncated(self, pairs: Any) -> Any:
        lengths = np.array([[len(p.reference.split()), len(p.hypothesis.split())] for p in pairs], dtype=np.float64)
        return np.stack([lengths.sum(axis=1), np.maximum(lengths - 2, 0).sum(axis=1)], axis=1)


def test_what_a_metric_never_saw_is_on_record(tmp_path: Path) -> None:
    one = measured(tmp_path, Half())
    card = make_card(one, MANIFEST, TASK, "corrected")
    course = card.truncation["align"]["course"]
    assert (course.tokens, course.unseen, course.cut) == (14 + 10, (2 + 0 + 3 + 1) + (0 + 0 + 1 + 2), 3)
    assert set(card.truncation) == {"bleu", "rouge1", "align"}
    assert make_card(measured(tmp_path / "b", Lengths()), MANIFEST, TASK, "corrected").truncation == {}


class Picky(Lengths):
    def measure(self, pairs: Any) -> Any:
        for at, pair in enumerate(pairs):
            if len(pair.hypothesis.split()) in (2, 4):
                raise CannotJudge("the text has an even number of words", at=at)
        return super().measure(pairs)


def test_a_text_that_a_scorer_refuses_gets_the_worst_and_is_counted_with_the_reason(tmp_path: Path) -> None:
    one = measured(tmp_path, Picky())
    card = make_card(one, MANIFEST, TASK, "corrected")
    assert card.scores["bleu"] is not None
    assert card.scores["bleu"]["course"] == ColumnScore((1 + 0 + 3 + 0) / 4, n=4, failed=2, excluded=1)
    assert card.refusals == {column: {"the text has an even number of words": 2} for column in Lengths.columns}
    whole = make_card(measured(tmp_path / "b", Lengths()), MANIFEST, TASK, "corrected")
    assert mean_over_fields(card.scores["bleu"]) < mean_over_fields(whole.scores["bleu"])  # type: ignore[operator]
    assert whole.refusals == {}


def test_a_refusal_of_no_pair_is_laid_at_the_scorer(tmp_path: Path) -> None:
    class Wrong(Lengths):
        def measure(self, pairs: Any) -> Any:
            raise CannotJudge("too long", at=len(pairs))

    with pytest.raises(ScoreError) as error:
        measured(tmp_path, Wrong())
    assert str(error.value) == (
        "the scorer 'lengths' refuses the pair 9 of 9\n"
        "  -> let CannotJudge name the index of a pair that measure() was given"
    )


def test_a_refusal_that_names_no_pair_is_laid_at_the_scorer(tmp_path: Path) -> None:
    class Wrong(Lengths):
        def measure(self, pairs: Any) -> Any:
            raise CannotJudge("too long")

    with pytest.raises(ScoreError) as error:
        measured(tmp_path, Wrong())
    line = Wrong.measure.__code__.co_firstlineno + 1
    assert str(error.value) == (
        f"the scorer 'lengths' does not say which text it refuses: CannotJudge in test_aggregate.py, line {line}\n"
        "  -> raise CannotJudge(reason, at=index of the pair)"
    )


def test_more_unseen_than_there_is_is_laid_at_the_scorer(tmp_path: Path) -> None:
    class Wrong(Lengths):
        def truncated(self, pairs: Any) -> Any:
            return np.array([[1.0, 2.0]] * len(pairs))

    with pytest.raises(ScoreError, match=r"^the scorer 'lengths' counts more tokens unseen than there are, on case 9,"):
        measured(tmp_path, Wrong())


# --------------------------------------------------------------------------- the published board


def golden_board() -> dict[str, Any]:
    with gzip.open(SHARED / "goldens" / "official_board.json.gz", "rt", encoding="utf-8") as file:
        board: dict[str, Any] = json.load(file)
    return board


@needs_shared
def test_the_board_of_37_real_rows_is_met_in_both_variants(tmp_path: Path) -> None:
    """What the published script answers for the columns that are here, and the corrected rouge."""
    board, found = golden_board(), registry()
    task = found.task("discharge-me")
    names = [name for name in ("bleu", "rouge", "meteor") if name in found.names("scorer")]

    def rows(of: Any) -> dict[str, dict[str, str]]:
        return {str(row["hadm_id"]): {f.name: row[f.name] for f in task.fields} for row in of}

    references = [Reference(i, i, values) for i, values in rows(board["reference"]).items()]
    choices = choose(names, found, read_lineup(DEFAULT_LINEUP))
    assert len(board["systems"]) == 4
    with Scoring(choices, ScorerContext(task.language, tmp_path), tmp_path / "kept.sqlite") as scoring:
        for system in board["systems"].values():
            one = score(Submission(task.name, rows(system["rows"])), references, task, scoring, "salt", 37)
            corrected, official = (
                {c: mean_over_fields(by_field) for c, by_field in aggregate(one.stats, task, variant).items()}
                for variant in VARIANTS
            )
            assert official == pytest.approx({c: system["official"][c] for c in official}, abs=1e-9, rel=0)
            rouge = {key.lower(): value for key, value in system["corrected_rouge"].items()}
            assert {c: corrected[c] for c in rouge} == pytest.approx(rouge, abs=1e-12, rel=0)
            assert corrected["bleu"] == official["bleu"]
            assert one.stats.values.shape == (2, 37, len(official))
            last = aggregate(one.stats, task, "official")["rouge1"]
            assert {score.n for score in last.values()} == {system["rouge_values_kept"]}
