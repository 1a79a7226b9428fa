"""The board with statistics: intervals, ranks, ties, comparisons and seeds, in every format."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.aggregate import aggregate
from harness.board import MEAN, Board
from harness.board.cells import p_value
from harness.board.statistics import Wanted
from harness.board.text import FORMATS, render, row_lines
from harness.entries import Entry, collect, entry
from harness.errors import LeaderboardError
from harness.files import digest
from harness.leaderboard import row, table
from harness.report.contests import contest
from harness.score import Measured, Stats
from harness.scorecard import make_card, write_cards
from harness.stats import bootstrap, compare, gather, intervals, measures, rank
from harness.stats.resample import Resampling
from harness.types import ScoreCard, Signature
from harness.usage import Usage, write_usage
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


def test_a_report_counts_the_cases_that_the_statistics_are_of() -> None:
    values = np.random.default_rng(0).random((2, 40, 2))
    values[:, 30:] = np.nan  # no reference
    stats = stats_of(values)
    board = board_of(entry(card_of("a", stats, cases=40), stats))
    shown = contest(board)
    assert (shown.cases, shown.subjects) == (30, 30)
    assert ", 30 cases" in render([board], "md")
    assert (contest(replace(board, statistics=None)).cases, contest(board_of(A)).cases) == (40, 40)


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


@pytest.mark.parametrize("form", ["md", "csv", "latex", "json"])
def test_a_row_of_which_everything_is_missing_stands_beside_the_others(form: str) -> None:
    empty = stats_of(np.empty((2, 40, 0)))
    bare = entry(card_of("bare", empty), empty)
    board = board_of(bare, A)
    assert [(one.label, one.rank) for one in board.standings] == [("a", None), ("bare", None)]
    assert "bare" in render([board], form)
    assert "bare" in render([board_of(bare)], form)


def test_where_nothing_can_be_told_apart_the_board_says_so() -> None:
    board = board_of(A, B)
    assert board.notes[0].startswith("these data put no row above another: every rank is possible at 95 % (")
    assert "p-value below 0.002" in board.notes[0]
    assert board.notes[1].startswith("with n = 40 a true difference in overlap2 of about 0.0")


def test_a_tie_group_is_no_promise_that_its_rows_are_equal() -> None:
    board = board_of(made("a", 0.50, 1), made("b", 0.495, 2), made("c", 0.49, 3))
    places = [one.place for one in board.standings if one.place]
    assert [(one.low, one.high, one.group) for one in places] == [(1, 2, 1), (1, 3, 1), (2, 3, 1)]  # a is above c
    assert board.notes[0].startswith(
        "a tie group ends where every row above is better than all below at 95 %; within a group some may be better "
        "than others: ranks is where the true rank may lie (approximate randomisation by subject, all 3 pairs, Holm; "
    )


def test_a_lone_row_has_intervals_and_no_rival() -> None:
    board = board_of(A)
    (one,) = board.standings
    assert one.place is not None
    assert (one.place.low, one.place.high, one.place.group) == (1, 1, 1)
    assert board.statistics is not None
    assert board.statistics.comparisons == ()
    assert "Compared" not in render([board], "md")


@pytest.mark.parametrize("cases", [1, 3, 5])
def test_too_few_subjects_have_no_interval_and_no_power_in_any_form(cases: int) -> None:
    entries = made("a", 0.5, 1, cases), made("b", 0.4, 2, cases)
    board = board_of(*entries)
    number = board.standings[0].mean.values["overlap2"]
    assert number is not None
    assert (number.low, number.high) == (None, None)
    assert board.notes[1] == "no intervals: too few subjects (fewer than 6 have a reference)"
    assert not any("of the time" in note or "95 % intervals" in note for note in board.notes)
    texts = [render([board], form) for form in FORMATS] + [row_lines(row(entries[0], TASK, QUICK))]
    assert not any(re.search(r"\b(inf|Infinity|nan)\b", text) for text in texts)
    compared = render([board], "md").split("**Compared by overlap2**")[1].splitlines()[4]
    assert [cell.strip() for cell in compared.split("|")][4] == ""
    assert [cell.strip() for cell in compared.split("|")][8] == "n/a"
    assert not any(line.startswith("95 %") for line in texts[-1].splitlines())
    (pair,) = json.loads(render([board], "json"))[0]["statistics"]["comparisons"]
    assert (pair["difference"]["low"], pair["smallest"]) == (None, None)
    (shown,) = contest(board).comparisons
    assert shown.difference[1:] == (None, None)


def test_a_field_that_too_few_subjects_have_is_without_interval_and_a_note_says_so() -> None:
    values = np.random.default_rng(0).random((2, 40, 2))
    values[1, 1:] = np.nan
    stats = stats_of(values)
    board = board_of(entry(card_of("a", stats), stats))
    (one,) = board.standings
    assert [
        number and number.low is not None for number in (line.values["bleu"] for line in (*one.lines, one.mean))
    ] == [
        True,
        False,
        False,
    ]
    (note,) = [note for note in board.notes if note.startswith("95 % intervals")]
    assert ", seed 0; none where fewer than 6 subjects have a reference; they are about" in note
    assert "fewer than 6" not in " ".join(board_of(A).notes)


def test_rows_that_are_equal_in_every_case_promise_no_power() -> None:
    board = board_of(A, made("same", 0.50, 1))
    assert not any("of the time" in note for note in board.notes)
    compared = render([board], "md").split("**Compared by overlap2**")[1].splitlines()[4]
    assert [cell.strip() for cell in compared.split("|")][8] == "n/a"


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


def test_a_seed_among_the_settings_is_a_seed() -> None:
    settings = [{"settings": {"r": 8, "tuning": {"steps": 9, "training_seed": at}}} for at in (0, 1)]
    statistics = board_of(
        *(made(f"t{at}", 0.5, at, system="tuned", **each) for at, each in enumerate(settings))
    ).statistics
    assert statistics is not None
    assert [sorted(zip(one.labels, one.seeds, strict=True)) for one in statistics.seeds] == [
        [("t0", "training_seed 0"), ("t1", "training_seed 1")]
    ]


def pool_of(a: int, b: int, seed: int = 0) -> dict[str, Any]:
    """The manifest of a pool of two trained members, the second of which has a seed that is no training's."""
    settings = {"a": {"training_seed": a}, "b": {"seed": 7, "training_seed": b}}
    members = {name: {"seed": seed, "settings": each} for name, each in settings.items()}
    return {"system": "des", "seed": seed, "settings": {"settings": {"members": ["a", "b"]}, "members": members}}


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (
            [pool_of(0, 0), pool_of(1, 0), pool_of(2, 0)],
            [f"members.a.settings.training_seed {seed}" for seed in (0, 1, 2)],
        ),
        (
            [pool_of(0, 0), pool_of(1, 0), pool_of(2, 1)],
            [
                "members.a.settings.training_seed 0, members.b.settings.training_seed 0",
                "members.a.settings.training_seed 1, members.b.settings.training_seed 0",
                "members.a.settings.training_seed 2, members.b.settings.training_seed 1",
            ],
        ),
        ([pool_of(0, 0), pool_of(1, 1)], ["training_seed 0", "training_seed 1"]),
        ([pool_of(0, 0), pool_of(1, 1, seed=1)], ["seed 0, training_seed 0", "seed 1, training_seed 1"]),
        ([pool_of(0, 0), pool_of(0, 0, seed=1)], ["seed 0", "seed 1"]),
        (
            [{"system": "own", "seed": seed, "settings": {"settings": {"seed": 7}}} for seed in (3, 4)],
            ["seed 3", "seed 4"],
        ),
        (
            [{"system": "own", "seed": 3, "settings": {"settings": {"seed": seed}}} for seed in (7, 8)],
            ["settings.seed 7", "settings.seed 8"],
        ),
    ],
)
def test_seeds_of_one_name_at_different_places_are_different_seeds(
    runs: Sequence[Mapping[str, Any]], said: Sequence[str]
) -> None:
    board = board_of(*(made(f"p{at}", 0.5 + at / 50, 10 + at, **each) for at, each in enumerate(runs)))
    assert board.statistics is not None
    (seeds,) = board.statistics.seeds
    assert sorted(zip(seeds.labels, seeds.seeds, strict=True)) == [(f"p{at}", one) for at, one in enumerate(said)]
    values = [number.value for one in board.standings if (number := one.mean.values["overlap2"])]
    assert seeds.deviation == pytest.approx(np.std(values, ddof=1))
    assert not any("in no interval here" in note for note in board.notes)


def test_a_member_whose_name_ends_like_a_seed_is_none() -> None:
    runs = [{"system": "des", "settings": {"members": {"linseed": {"settings": {"r": r}}}}} for r in (8, 16)]
    statistics = board_of(*(made(f"p{at}", 0.5, at, **each) for at, each in enumerate(runs))).statistics
    assert statistics is not None
    assert statistics.seeds == ()


@pytest.mark.parametrize("other", [{"settings": {"r": 16}}, {"origin": "imported"}, {"seed": 0}, {"source": "5ed"}])
def test_runs_that_differ_in_more_than_the_seed_are_no_seeds(other: Mapping[str, Any]) -> None:
    common = {"system": "tuned", "settings": {"r": 8}}
    runs = [made("x", 0.5, 1, **{**common, "seed": 0}), made("y", 0.5, 2, **{**common, "seed": 1, **other})]
    statistics = board_of(*runs).statistics
    assert statistics is not None
    assert statistics.seeds == ()


# --------------------------------------------------------------------------- formats


TWO = (A, C)


def test_a_small_board_in_markdown() -> None:
    text = render([board_of(*TWO)], "md")
    number = board_of(*TWO).standings[0].mean.values["overlap2"]
    assert number is not None
    assert number.low is not None
    assert number.high is not None
    ranking, fields, texts, compared = (block.strip() for block in re.split(r"\*\*.*\*\*", text))
    first, interval = ranking.splitlines()[6:8]
    assert first.startswith(f"|    1 |     1 |   1 | a     | 40 |    {number.value:.4f} |")
    span = f"{number.low:.3f}–{number.high:.3f}".replace("0.", ".")
    assert interval.startswith(f"|      |       |     |       |    | {span} |")
    names = [re.split(r" *\| ", line)[1:3] for line in fields.splitlines()[2:]]
    assert names == [[field, label] for field in ("Hospital Course", "Advice") for label in ("a", "c")]
    assert texts.splitlines()[:4] == [
        "| label        |   words |     grade | at limit | chart cut | tokens | seconds |  Wh |",
        "| :----------- | ------: | --------: | -------: | --------: | -----: | ------: | --: |",
        "| (references) | 20 / 20 |           |          |           |        |         |     |",
        "| a            | 10 / 10 | 7.5 / 7.5 |          |           |    n/a |     n/a | n/a |",
    ]
    assert compared.splitlines()[0] == (
        "| first | second | difference |      95 % |      p | p (Holm) | p (bootstrap) | found 80 % |"
    )
    assert compared.splitlines()[2].startswith("| a     | c      |")


def test_a_p_value_that_no_resample_reached_is_shown_as_the_bound_that_it_is() -> None:
    board = board_of(A, made("d", 0.1, 5))
    assert board.statistics is not None
    (one,) = board.statistics.comparisons
    assert one.by_tail
    (shown,) = contest(board).comparisons
    assert (shown.p, shown.p_holm, shown.apart) == (p_value(one.p, bound=True), p_value(one.p_holm, bound=True), True)
    assert f"| {shown.p} |" in render([board], "md")
    assert "≤" not in render([board_of(A, B)], "md")


@pytest.mark.parametrize(
    ("p", "shown"),
    [(1.49e-10, "≤2e-10"), (1.34e-4, "≤0.0002"), (9.01e-6, "≤1e-05"), (0.5, "≤0.5"), (1.0, "≤1"), (0.0, "≤3e-308")],
)
def test_a_bound_is_never_shown_smaller_than_it_is(p: float, shown: str) -> None:
    """Not 0 either, to which the tail of a large board underflows."""
    assert p_value(p, bound=True) == shown
    assert p <= float(shown[1:])


@pytest.mark.parametrize(("p", "shown"), [(0.04321, "0.0432"), (1 / 10_001, "0.0001"), (1 / 100_001, "<0.0001")])
def test_a_p_value_by_counting_is_never_shown_as_0(p: float, shown: str) -> None:
    assert p_value(p) == shown


def test_every_line_of_a_markdown_table_has_the_same_width() -> None:
    text = render([board_of(A, B, C)], "md")
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({len(line) for line in block.splitlines()}) == 1


def test_csv_has_a_row_for_each_field_and_the_bounds_of_each_number() -> None:
    board = board_of(A, C)
    rows = list(csv.DictReader(io.StringIO(render([board], "csv"))))
    assert [(row["rank"], row["label"], row["field"]) for row in rows] == [
        (rank, label, field) for rank, label in (("1", "a"), ("2", "c")) for field in (*FIELDS, MEAN)
    ]
    number = board.standings[0].lines[1].values["rouge1"]
    assert number is not None
    found = [rows[1][key] for key in ("rouge1", "rouge1 low", "rouge1 high")]
    assert found == [repr(number.value), repr(number.low), repr(number.high)]
    assert (rows[0]["rank low"], rows[0]["rank high"], rows[0]["group"]) == ("1", "1", "1")
    assert (rows[0]["words"], rows[0]["grade"], rows[2]["words"]) == ("10.0", "7.5", "n/a")


def test_csv_of_several_boards_has_one_header_and_says_which_contest_a_row_is_of() -> None:
    stats = stats_of(np.random.default_rng(0).random((2, 8, 1)))
    valid = entry(card_of("b", stats, corpus="mimic", split="valid"), stats)
    official = entry(card_of("c", stats, "official"), stats)
    text = render([board_of(A), board_of(valid), board_of(official)], "csv")
    assert text.startswith("task,corpus,split,variant,rank,")
    rows = list(csv.DictReader(io.StringIO(text), restkey="surplus"))
    assert [(row["task"], row["corpus"], row["split"], row["variant"], row["label"]) for row in rows[::3]] == [
        ("toy", "ward", "test", "corrected", "a"),
        ("toy", "mimic", "valid", "corrected", "b"),
        ("toy", "ward", "test", "official", "c"),
    ]
    assert len(rows) == 9
    assert [row["rouge1"] == "" for row in rows] == [False] * 3 + [True] * 6
    assert all(float(row["bleu"]) > 0 for row in rows)
    assert not any(None in row.values() or "surplus" in row for row in rows)


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@sum(1)", "\t=1", "\r=1"])
def test_no_label_is_a_formula_to_a_spreadsheet(label: str) -> None:
    board = board_of(made(label, 0.5))
    (found, *_) = csv.DictReader(io.StringIO(render([board], "csv"), newline=""))
    assert found["label"] == f"'{label}".replace("\r", " ")  # which would end the row
    assert json.loads(render([board], "json"))[0]["rows"][0]["label"] == label


def test_json_has_all_that_there_is_and_no_path(tmp_path: Path) -> None:
    here = replace(A, folder=tmp_path, usage=Usage(40, 80, 800.0, 20.0, 3, 1, writers={"lead": 80}))
    (found,) = json.loads(render([board_of(here, C)], "json"))
    assert found["rows"][0]["place"] == {"rank": 1, "low": 1, "high": 1, "group": 1}
    assert found["rows"][0]["usage"]["tokens_per_1000"] == 20_000
    assert found["rows"][1]["team"] == "x|y & z_1"
    assert found["statistics"]["comparisons"][0]["first"] == "a"
    assert [column["kind"] for column in found["columns"]] == ["mean", "own", "own"]
    assert found["columns"][1]["signature"] == {
        "identity": {"metric": "bleu", "variant": "corrected"},
        "environment": {},
    }
    assert str(tmp_path) not in render([board_of(here, C)], "json")
    assert "127.0.0.1" not in json.dumps(found)


def test_latex_marks_the_best_the_ties_and_what_would_break_it() -> None:
    odd = made(r"[*b_%&#$~^\{}", 0.498, 2)
    text = render([board_of(A, odd, C)], "latex")
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()
    assert body[1].startswith(r"1$^{\dagger}$ & a & \textbf{")
    assert body[3].startswith(
        r"2$^{\dagger}$ & {[}{*}b\_\%\&\#\$\textasciitilde{}\textasciicircum{}\textbackslash{}\{\} & "
    )
    assert body[2].startswith(r"{\scriptsize 1--2} & & {\scriptsize .")
    assert body[5] == r"\midrule"  # a and b are tied, c is below them
    assert body[6].startswith("3 & c & ")
    assert all(line.count("&") - line.count(r"\&") == 5 for line in body if line.endswith(r"\\"))
    assert "bleu: metric:bleu\\textbar{}variant:corrected" in text
    by_field = text.split(r"\midrule")[-2:]
    assert [line[:7] for line in by_field[0].splitlines()[1:]] == ["a & Hos", "{[}{*}b", "c & Hos"]
    assert [line.split(" & ")[1] for line in by_field[0].splitlines()[1:]] == ["Hospital Course"] * 3
    assert [r"\textbf" in line for line in by_field[0].splitlines()[1:]].count(True) >= 1


@pytest.mark.parametrize(
    ("cases", "levels", "said"),
    [
        (
            40,
            (0.5, 0.4),
            "Bold: the best value of a column. Dagger: rank 1 is possible at 95 \\%. Small: 95 \\% intervals, and "
            "below a rank the ranks that the data support. A rule parts rows that are in order from rows that are "
            "tied.",
        ),
        (
            5,
            (0.5, 0.4),
            "Bold: the best value of a column. Dagger: rank 1 is possible at 95 \\%. Small, below a rank: the ranks "
            "that the data support.",
        ),
        (
            40,
            (0.5,),
            "Dagger: rank 1 is possible at 95 \\%. Small: 95 \\% intervals, and below a rank the ranks that the data "
            "support.",
        ),
    ],
)
def test_latex_explains_the_marks_that_it_has(cases: int, levels: Sequence[float], said: str) -> None:
    board = board_of(*(made(f"s{at}", level, at, cases) for at, level in enumerate(levels)))
    text = render([board], "latex")
    assert f"\n{said}\\par\n" in text
    assert (r"\textbf" in text) == ("Bold" in said)
    together = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
    assert (r"{\scriptsize ." in together) == ("intervals" in said)
    assert (together.count(r"\midrule") > 1) == ("A rule" in said)


def test_latex_counts_what_failed_like_the_other_forms() -> None:
    failing = stats_of(np.random.default_rng(0).random((2, 40, 2)))
    failing.failed[0, :3] = failing.failed[1, :1] = True
    text = render([board_of(entry(card_of("b", failing), failing), C)], "latex")
    together, by_field = text.split(r"\end{table*}")[:2]
    assert r"\begin{tabular}{rlrrrr}" in together
    assert [line.split(" & ")[-1] for line in together.splitlines() if re.match(r"Rank|\d\S* & ", line)] == [
        r"Failed \\",
        r"4 \\",
        r"0 \\",
    ]
    rows = [line for line in by_field.splitlines() if re.match("[bc] & ", line)]
    assert [line.split(" & ")[-1] for line in rows] == [rf"{count} \\" for count in (3, 0, 1, 0)]


def test_a_row_shows_its_intervals() -> None:
    lines = row_lines(row(A, TASK, QUICK)).splitlines()
    assert lines[4].startswith("mean             40    ")
    assert re.match(r"95 %  +\.\d{3}–\.\d{3}  \.\d{3}–\.\d{3}  \.\d{3}–\.\d{3}$", lines[5])
    assert any(line.startswith("95 % intervals: ") for line in lines)


# --------------------------------------------------------------------------- what a board is made of


def test_the_entries_of_a_folder(tmp_path: Path) -> None:
    stats = stats_of(np.random.default_rng(0).random((2, 6, 2)))
    for label, partial in (("des", False), ("lead", True)):
        folder = tmp_path / label
        folder.mkdir()
        measured = Measured(stats, "4ef", "1d5", {}, {}, ())
        manifest = replace(MANIFEST, label=label, partial=partial)
        write_cards([make_card(measured, manifest, TASK, "corrected")], stats, folder)
        write_usage(Usage(6, 12, None, 1.0, 0, 0, candidates_digest="d0"), folder)
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "scores.json").write_text("{")
    found = collect(tmp_path)
    assert [(one.card.manifest.label, one.folder) for one in found.entries] == [
        ("des", tmp_path / "des"),
        ("lead", tmp_path / "lead"),
    ]
    assert found.entries[0].usage is not None
    assert found.entries[0].texts["advice"].words == 10
    torn = f"{tmp_path / 'torn' / 'scores.json'} is not a score card\n  -> score the submission again"
    assert [str(one) for one in found.refusals] == [torn]
    (tmp_path / "des" / "cases.npz").unlink()
    assert "cases.npz does not belong to the card beside it" in str(collect(tmp_path).refusals[0])


def test_a_folder_that_is_not_there_and_one_without_scores(tmp_path: Path) -> None:
    with pytest.raises(LeaderboardError) as error:
        collect(tmp_path / "none")
    assert str(error.value) == (
        f"there is no folder {tmp_path / 'none'}\n  -> name the folder of the scored submissions"
    )
    with pytest.raises(LeaderboardError) as error:
        table(collect(tmp_path).entries, TASK)
    assert str(error.value) == "there is no score card\n  -> score a submission first: harness submit lead"


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LeaderboardError) as error:
        board_of(replace(A, folder=tmp_path / "x"), replace(A, folder=tmp_path / "y"))
    assert str(error.value) == (
        f"two score cards are named 'a': {tmp_path / 'x'} and {tmp_path / 'y'}\n"
        "  -> give one of them another label (submit or import it with --as), or leave it out"
    )
