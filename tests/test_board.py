"""The board with statistics: intervals, ranks, ties, comparisons and seeds, in every format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.aggregate import aggregate
from harness.board import MEAN, Board
from harness.board_statistics import Wanted
from harness.board_text import render
from harness.entries import Entry, entry
from harness.files import digest
from harness.leaderboard import table
from harness.score import Stats
from harness.stats import bootstrap, compare, gather, intervals, measures, rank
from harness.stats.resample import Resampling
from harness.types import ScoreCard, Signature
from tests.toys import MANIFEST, TASK

FIELDS = ("course", "advice")
COLUMNS = ("bleu", "rouge1")
QUICK = Wanted(resamples=500)


def stats_of(values: Any, groups: Sequence[str] = (), salt: str = "") -> Stats:
    """Statistics of these values, shape (fields, cases, columns); texts of 10 words, references of 20."""
    values = np.asarray(values, dtype=np.float64)
    fields, cases, columns = values.shape
    return Stats(
        fields=FIELDS,
        columns=COLUMNS[:columns],
        ids=tuple(f"{salt}{at}" for at in range(cases)),
        groups=tuple(groups) or tuple(f"{salt}g{at}" for at in range(cases)),
        values=values,
        failed=np.zeros((fields, cases), np.bool_),
        short=np.zeros((fields, cases), np.bool_),
        refused=np.zeros(values.shape, np.uint16),
        reasons=(),
        ledger=(),
        seen=np.zeros((fields, cases, 0, 2)),
        words=np.broadcast_to(np.array([10, 20], np.uint32), (fields, cases, 2)).copy(),
        grade=np.full((fields, cases), 7.5),
    )


def card_of(label: str, stats: Stats, variant: Any = "corrected", **manifest: Any) -> ScoreCard:
    return ScoreCard(
        manifest=replace(MANIFEST, label=label, **manifest),
        variant=variant,
        reference_digest="4ef",
        ids_digest="1d5",
        signatures={column: Signature({"metric": column, "variant": variant}, {}) for column in stats.columns},
        scores={"align": None, **aggregate(stats, TASK, variant)},
        cases_digest="",
    )


def made(label: str, level: float, noise_seed: int = 0, cases: int = 40, **manifest: Any) -> Entry:
    """An entry whose scores lie around a level; cases are as hard for one system as for another."""
    hard = np.random.default_rng(0).normal(0, 0.1, (2, cases, 1))
    noise = np.random.default_rng([1, noise_seed]).normal(0, 0.03, (2, cases, 2))
    stats = stats_of(level + hard + noise)
    return entry(card_of(label, stats, **manifest), stats)


A, B, C = made("a", 0.50, 1), made("b", 0.498, 2), made("c", 0.40, 3, team="x|y & z_1")


def board_of(*entries: Entry, wanted: Wanted = QUICK) -> Board:
    return table(entries, TASK, wanted)


# --------------------------------------------------------------------------- the numbers


def test_every_number_has_the_interval_that_the_statistics_give() -> None:
    board = board_of(A, B, C)
    sample = gather({one.card.manifest.label: one.cases for one in (A, B, C) if one.cases}, variant="corrected")
    resamples = bootstrap(sample, Resampling(500))
    shown = measures(sample, {"overlap2": COLUMNS})
    for field in (MEAN, *FIELDS):
        wanted = shown if field == MEAN else [measure.within(field) for measure in shown]
        found = intervals(resamples, wanted)
        for one in board.standings:
            (line,) = [line for line in (*one.lines, one.mean) if line.name == field]
            for measure in wanted:
                expected, number = found[one.label][measure], line.values[measure.name]
                assert expected is not None
                assert number is not None
                assert (number.low, number.high) == (expected.low, expected.high)
                assert number.value == pytest.approx(expected.value, abs=1e-15)


def test_places_and_comparisons_are_those_of_the_statistics() -> None:
    board = board_of(C, B, A)
    sample = gather({one.card.manifest.label: one.cases for one in (A, B, C) if one.cases}, variant="corrected")
    overlap = measures(sample, {"overlap2": COLUMNS})[0]
    places = rank(sample, overlap, Resampling(500)).places
    rows = [(one.label, one.place) for one in board.standings]
    assert [(label, p.rank, p.low, p.high, p.group) for label, p in rows if p] == [
        (p.system, p.rank, p.low, p.high, p.group) for p in places
    ]
    assert [(p.low, p.high, p.group) for p in places] == [(1, 2, 1), (1, 2, 1), (3, 3, 2)]  # a and b are tied
    assert board.statistics is not None
    assert board.statistics.comparisons == compare(bootstrap(sample, Resampling(500)), overlap)
    assert [(one.first, one.second) for one in board.statistics.comparisons] == [("a", "b"), ("b", "c")]


def test_all_pairs_on_request() -> None:
    statistics = board_of(A, B, C, wanted=Wanted(500, compare="all")).statistics
    assert statistics is not None
    assert [(one.first, one.second) for one in statistics.comparisons] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_neither_the_order_of_the_rows_nor_the_salt_of_their_ids_changes_a_number() -> None:
    values = [np.random.default_rng(s).random((2, 12, 2)) for s in (0, 1)]
    groups = [f"{at // 2}" for at in range(12)]

    def entries(salts: tuple[str, str]) -> list[Entry]:
        named = []
        for label, salt, each in zip("ab", salts, values, strict=True):
            hashed = [digest([salt, group]) for group in groups]
            stats = stats_of(each, hashed, salt=digest(salt))
            named.append(entry(card_of(label, stats), stats))
        return named

    first, second = entries(("x", "x")), entries(("y", "z"))
    assert render([board_of(*first)], "json") == render([board_of(*reversed(second))], "json")
    statistics = board_of(*first).statistics
    assert statistics is not None
    assert (statistics.cases, statistics.subjects) == (12, 6)


def test_where_nothing_can_be_told_apart_the_board_says_so() -> None:
    board = board_of(A, B)
    assert board.notes[0].startswith("these data put no row above another: every rank is possible at 95 % (")
    assert "p-value below 0.002" in board.notes[0]
    assert board.notes[1].startswith("with n = 40 a true difference in overlap2 of about 0.0")
    assert board_of(A, B, C).notes[0].startswith("rows of one tie group cannot be put in an order at 95 %")


def test_a_lone_row_has_intervals_and_no_rival() -> None:
    board = board_of(A)
    (one,) = board.standings
    assert one.place is not None
    assert (one.place.low, one.place.high, one.place.group) == (1, 1, 1)
    assert board.statistics is not None
    assert board.statistics.comparisons == ()
    assert "Compared" not in render([board], "md")


def test_one_subject_has_no_interval() -> None:
    stats = stats_of(np.full((2, 3, 2), 0.5), groups=("g", "g", "g"))
    board = board_of(entry(card_of("a", stats), stats))
    number = board.standings[0].mean.values["overlap2"]
    assert number is not None
    assert (number.low, number.high) == (None, None)
    assert "no intervals: there is one subject only" in board.notes
    json.loads(render([board], "json"))


def test_beyond_250_cases_the_board_says_how_often_a_hidden_sample_would_reverse_two() -> None:
    board = board_of(made("a", 0.502, 1, 900), made("b", 0.5, 2, 900))
    assert board.statistics is not None
    (one,) = board.statistics.comparisons
    assert one.reversal is not None
    assert 0 < one.reversal < 0.5
    assert "| reversed in 250 |" in render([board], "md")
    assert "reversed in" not in render([board_of(A, B)], "md")


def test_the_lower_is_better_where_the_task_says_so() -> None:
    task = replace(TASK, columns=tuple(replace(column, higher_is_better=False) for column in TASK.columns))
    board = table([A, C], task, QUICK)
    assert [(one.label, one.rank) for one in board.standings] == [("c", 1), ("a", 2)]
    assert board.statistics is not None
    assert [(one.first, one.second) for one in board.statistics.comparisons] == [("c", "a")]


def test_the_official_variant_has_no_interval_beside_the_corrected_one() -> None:
    stats = stats_of(np.random.default_rng(0).random((2, 6, 2)))
    cards = [card_of("a", stats, variant) for variant in ("corrected", "official")]
    board = board_of(*(entry(card, stats) for card in cards))
    numbers = board.standings[0].mean.values
    ours, theirs = numbers["overlap2"], numbers["overlap2 (official)"]
    assert ours is not None
    assert theirs is not None
    assert ours.low is not None
    assert theirs.low is None
    assert any("a mean over the last batch is no statistic of the sample" in note for note in board.notes)
    alone = board_of(entry(cards[1], stats))
    assert alone.statistics is None
    assert alone.notes[0].startswith("no intervals: the official variant has no intervals and no tests: ")


# --------------------------------------------------------------------------- seeds


def test_without_several_seeds_the_board_says_that_they_are_in_no_interval() -> None:
    said = [note for note in board_of(A, C).notes if "95 % intervals" in note]
    assert said[0].endswith("; another training seed would change a system too, and that is in no interval here")


def test_runs_of_several_seeds_show_both() -> None:
    runs = [
        made(f"tuned-{seed}", 0.5 + seed / 50, 10 + seed, system="tuned", seed=seed, settings={"r": 8, "seed": seed})
        for seed in (0, 1, 2)
    ]
    board = board_of(*runs, made("other", 0.4, 9))
    assert board.statistics is not None
    (seeds,) = board.statistics.seeds
    values = [number.value for one in board.standings[:3] if (number := one.mean.values["overlap2"])]
    assert seeds.deviation == pytest.approx(np.std(values, ddof=1))
    assert seeds.mean.value == pytest.approx(np.mean(values))
    assert seeds.mean.low is not None
    assert seeds.mean.low < seeds.mean.value
    (note,) = [note for note in board.notes if "seeds" in note]
    assert note.startswith("tuned ran with 3 seeds: tuned-2 (seed 2), tuned-1 (seed 1), tuned-0 (seed 0): overlap2 is ")
    assert f"a standard deviation of {seeds.deviation:.4f} between seeds" in note


@pytest.mark.parametrize("other", [{"settings": {"r": 16}}, {"origin": "imported"}, {"seed": 0}])
def test_runs_that_differ_in_more_than_the_seed_are_no_seeds(other: Mapping[str, Any]) -> None:
    common = {"system": "tuned", "settings": {"r": 8}}
    runs = [made("x", 0.5, 1, **{**common, "seed": 0}), made("y", 0.5, 2, **{**common, "seed": 1, **other})]
    statistics = board_of(*runs).statistics
    assert statistics is not None
    assert statistics.seeds == ()
