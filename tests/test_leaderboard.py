"""Score cards -> one table: what it shows, what it ranks by, what it refuses."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness import Column, Field, Task
from harness.board import Board
from harness.board.text import render, row_lines
from harness.entries import Entry
from harness.errors import LeaderboardError
from harness.leaderboard import boards, contests
from harness.leaderboard import row as row_of
from harness.leaderboard import table as table_of
from harness.types import ColumnScore, ScoreCard, ShortTargets, Signature, Truncation
from harness.usage import Usage
from tests.toys import MANIFEST, TASK


def card(
    label: str,
    *,
    failed: int = 0,
    excluded: int = 0,
    nltk: str = "3.10",
    variant: str = "corrected",
    manifest: Mapping[str, Any] = {},
    ids: str = "1d5",
    references: str = "4ef",
    **columns: float | None,
) -> ScoreCard:
    """A card whose columns have this mean: 0.125 above it for the course, 0.125 below it for the advice."""

    def fields(value: float) -> dict[str, ColumnScore]:
        course = ColumnScore(value + 0.125, n=8, failed=0, excluded=0)
        return {"course": course, "advice": ColumnScore(value - 0.125, 8 - excluded, failed, excluded)}

    named = {key.replace("_open", "[open]"): value for key, value in columns.items()}
    return ScoreCard(
        manifest=replace(MANIFEST, label=label, **manifest),
        reference_digest=references,
        ids_digest=ids,
        signatures={
            column: Signature({"metric": column, "variant": variant}, {"nltk": nltk} if column == "rouge1" else {})
            for column, value in named.items()
            if value is not None
        },
        scores={column: None if value is None else fields(value) for column, value in named.items()},
        cases_digest="",
    )


def table(cards: Sequence[ScoreCard], task: Task = TASK) -> Board:
    """The board of cards alone, without their cases."""
    return table_of([Entry(one) for one in cards], task)


def row(one: ScoreCard, task: Task = TASK) -> Board:
    return row_of(Entry(one), task)


def shown(board: Board) -> list[list[float | None]]:
    """The values of each row."""
    numbers = [[one.mean.values[key] for key in board.shown] for one in board.standings]
    return [[number.value if number else None for number in row] for row in numbers]


def rows(cards: list[ScoreCard], task: Task = TASK) -> list[tuple[str, str]]:
    """(rank, label) in the order of the table."""
    return [(row["rank"], row["label"]) for row in as_csv(cards, task) if row["field"] == "mean"]


def as_csv(cards: list[ScoreCard], task: Task = TASK) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render([table(cards, task)], "csv"))))


SMALL = [
    card("lead", bleu=0.25, rouge1=0.5, align=None),
    card("des", bleu=0.5, rouge1=0.625, align=None, failed=2, manifest={"leak_check": {"unproven": 3}}),
    card("shy", bleu=0.75, rouge1=0.75, manifest={"partial": True}),
]


def test_a_board_of_cards_alone_in_markdown() -> None:
    assert render([table(SMALL, TASK)], "md") == (
        "### Toy, ward, test\n"
        "\n"
        "ranked by overlap2, the mean of bleu, rouge1\n"
        "\n"
        "| rank | ranks | tie | label |  n | overlap2 | BLEU-4 | ROUGE-1 | failed | unproven |\n"
        "| ---: | ----: | --: | :---- | -: | -------: | -----: | ------: | -----: | -------: |\n"
        "|    1 |       |     | des   |  8 |   0.5625 | 0.5000 |  0.6250 |      2 |        3 |\n"
        "|    2 |       |     | lead  |  8 |   0.3750 | 0.2500 |  0.5000 |      0 |        0 |\n"
        "\n"
        "**By field**\n"
        "\n"
        "| field           | label |  n | overlap2 | BLEU-4 | ROUGE-1 | failed |\n"
        "| :-------------- | :---- | -: | -------: | -----: | ------: | -----: |\n"
        "| Hospital Course | des   |  8 |   0.6875 | 0.6250 |  0.7500 |      0 |\n"
        "| Hospital Course | lead  |  8 |   0.5000 | 0.3750 |  0.6250 |      0 |\n"
        "| Advice          | des   |  8 |   0.4375 | 0.3750 |  0.5000 |      2 |\n"
        "| Advice          | lead  |  8 |   0.2500 | 0.1250 |  0.3750 |      0 |\n"
        "\n"
        "- no intervals: the statistics per case are not at hand for every row\n"
        "- n/a: Overall, align\n"
        "- partial runs, not ranked: shy (n = 8)\n"
        "- bleu: metric:bleu|variant:corrected\n"
        "- rouge1: metric:rouge1|variant:corrected (nltk 3.10)\n"
    )


def test_another_format_is_refused() -> None:
    with pytest.raises(LeaderboardError) as error:
        render([table(SMALL, TASK)], "pdf")
    assert str(error.value) == "there is no format 'pdf'\n  -> choose one of md, csv, latex, json"


def test_the_block_of_one_card() -> None:
    one = card("des", bleu=0.5, rouge1=0.625, align=None, failed=2, excluded=1, manifest={"partial": True})
    assert row_lines(row(one, TASK)) == (
        "des: Toy, ward, test, partial\n"
        "                   n  overlap2  BLEU-4  ROUGE-1  failed\n"
        "Hospital Course    8    0.6875  0.6250   0.7500       0\n"
        "Advice             7    0.4375  0.3750   0.5000       2\n"
        "mean             8/7    0.5625  0.5000   0.6250       2\n"
        "no intervals: the statistics per case are not at hand for every row\n"
        "n/a: Overall, align\n"
        "cases that have no reference are out for every system: 1 without Advice\n"
        "bleu: metric:bleu|variant:corrected\n"
        "rouge1: metric:rouge1|variant:corrected (nltk 3.10)\n"
    )


# --------------------------------------------------------------------------- ranking


def test_overall_ranks_where_it_is_whole() -> None:
    cards = [card("b", bleu=0.5, rouge1=0.5, align=0.25), card("a", bleu=0.75, rouge1=0.5, align=0.125)]
    board = table(cards, TASK)
    assert board.ranked_by == "Overall"
    assert board.shown == ("Overall", "bleu", "rouge1", "align")
    assert rows(cards) == [("1", "a"), ("2", "b")]
    assert [row[0] for row in shown(board)] == [1.375 / 3, 1.25 / 3]


def test_overall_is_not_a_mean_over_what_happens_to_be_there() -> None:
    cards = [card("a", bleu=0.5, rouge1=0.5, align=0.25), card("b", bleu=0.25, rouge1=0.25, align=None)]
    board = table(cards, TASK)
    assert board.ranked_by == "overlap2"
    assert board.shown == ("Overall", "overlap2", "bleu", "rouge1", "align")
    assert [row["Overall"] for row in as_csv(cards) if row["field"] == "mean"] == [repr(1.25 / 3), "n/a"]
    assert "| 0.2500 |" in render([board], "md").splitlines()[7]
    assert "n/a" in render([board], "md").splitlines()[7]


def test_a_twin_keeps_its_name_and_never_fills_the_column_of_the_other() -> None:
    cards = [card("a", bleu=0.5, rouge1=0.5, align_open=0.5), card("b", bleu=0.25, rouge1=1.0, align_open=0.75)]
    board = table(cards, TASK)
    assert board.ranked_by == "open3"
    assert board.shown == ("open3", "bleu", "rouge1", "align[open]")
    assert "| align[open] |" in render([board], "md").splitlines()[4]
    assert "n/a: Overall, align" in board.notes
    assert rows(cards) == [("1", "b"), ("2", "a")]


def test_a_mean_that_one_row_lacks_ranks_nobody() -> None:
    board = table([card("b", bleu=0.5, rouge1=None), card("a", bleu=0.25, rouge1=0.5)], TASK)
    assert board.ranked_by is None
    assert [(one.rank, one.label) for one in board.standings] == [(None, "a"), (None, "b")]
    assert board.ranking == "unranked: no mean is complete for every row"
    assert board.shown == ("bleu", "rouge1")
    assert render([board], "md").splitlines()[6].startswith("|  n/a |       |     | a ")


def test_equal_scores_share_a_rank() -> None:
    scores = {"d": 0.5, "b": 0.75, "a": 0.5, "c": 0.25}
    cards = [card(label, bleu=value, rouge1=value) for label, value in scores.items()]
    assert rows(cards) == [("1", "b"), ("2", "a"), ("2", "d"), ("4", "c")]


def test_scores_that_only_look_equal_do_not_share_a_rank() -> None:
    assert rows([card("a", bleu=0.50001, rouge1=0.5), card("b", bleu=0.50002, rouge1=0.5)]) == [("1", "b"), ("2", "a")]


def test_the_lower_is_better_where_the_task_says_so() -> None:
    task = replace(TASK, columns=(Column("wer", "WER", higher_is_better=False),), means={})
    assert rows([card("a", wer=0.5), card("b", wer=0.25)], task) == [("1", "b"), ("2", "a")]


def test_partial_runs_are_never_ranked() -> None:
    cards = [card("b", bleu=1.0, rouge1=1.0, ids="other", manifest={"partial": True})]
    board = table(cards, TASK)
    assert board.standings == ()
    assert board.ranking == "no whole run"
    assert "partial runs, not ranked: b (n = 8)" in board.notes
    whole = card("a", bleu=0.5, rouge1=0.5)
    assert rows([*cards, whole]) == [("1", "a")]


def test_a_field_without_any_reference_gives_no_mean() -> None:
    one = card("a", bleu=0.5)
    advice = ColumnScore(math.nan, n=0, failed=0, excluded=8)
    one = replace(one, scores={"bleu": {**(one.scores["bleu"] or {}), "advice": advice}})
    by_field = {row["field"]: row["bleu"] for row in as_csv([one])}
    assert by_field == {"course": "0.625", "advice": "n/a", "mean": "n/a"}
    assert "cases that have no reference are out for every system: 8 without Advice" in table([one], TASK).notes


# --------------------------------------------------------------------------- refusals and warnings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"manifest": {"corpus": "mimic"}},
            "their corpora differ: ward c0ffee and mimic c0ffee\n  -> score both on the same cases, or make two tables",
        ),
        ({"manifest": {"corpus_digest": "dec0de"}}, "their corpora differ: ward c0ffee and ward dec0de\n"),
        ({"manifest": {"split": "valid"}}, "their splits differ: test and valid\n"),
        ({"ids": "1d6"}, "their scored ids differ: 1d5 and 1d6\n"),
        ({"references": "4e0"}, "their references differ: 4ef and 4e0\n"),
    ],
)
def test_what_was_not_scored_on_the_same_things_is_refused(change: Any, message: str) -> None:
    cards = [card("a", bleu=0.5), card("b", bleu=0.5), card("c", bleu=0.5, **change)]
    with pytest.raises(LeaderboardError) as error:
        table(cards, TASK)
    assert str(error.value).startswith(f"'a' and 'c' cannot stand in one table, {message}")


@pytest.mark.parametrize("change", [{"task": "other"}, {"task_version": 2}])
def test_other_rules_are_refused(change: Any) -> None:
    with pytest.raises(LeaderboardError) as error:
        table([card("a", bleu=0.5), card("b", bleu=0.5, manifest=change)], TASK)
    rules = f"{change.get('task', 'toy')} version {change.get('task_version', 1)}"
    assert str(error.value) == (
        f"'b' was scored by the rules of {rules}, this table has those of toy version 1\n"
        "  -> score it again by these rules, or leave it out"
    )


def test_unlike_measures_are_refused_in_one_column() -> None:
    with pytest.raises(LeaderboardError) as error:
        table([card("a", rouge1=0.5), card("b", bleu=0.5), card("c", rouge1=0.5, variant="official")], TASK)
    assert str(error.value) == (
        "'a' and 'c' cannot share the column 'rouge1', it is not the same measure: "
        "metric:rouge1|variant:corrected and metric:rouge1|variant:official\n"
        "  -> score both again with the same version and settings, or make two tables"
    )


@pytest.mark.parametrize(("sources", "said"), [({"rouge1": "4d5e" * 16}, "4d5e4d5e4d5e4d5e"), ({}, "not told")])
def test_a_column_that_two_states_of_a_scorer_measured_is_refused(sources: Mapping[str, str], said: str) -> None:
    first = replace(card("a", bleu=0.5, rouge1=0.5), sources={"bleu": "0" * 64, "rouge1": "1a2b" * 16})
    other = replace(card("b", rouge1=0.5), sources=sources)
    assert rows([first, replace(other, sources=first.sources)]) == [("n/a", "a"), ("n/a", "b")]
    with pytest.raises(LeaderboardError) as error:
        table([first, other], TASK)
    assert str(error.value) == (
        "'a' and 'b' cannot share the column 'rouge1', the code that measured it is not the same: "
        f"1a2b1a2b1a2b1a2b and {said}\n"
        "  -> score both again with the same code (harness score FOLDER), or make two tables"
    )


def test_unlike_library_versions_warn() -> None:
    cards = [card("a", bleu=0.5, rouge1=0.5), card("b", bleu=0.5, rouge1=0.5, nltk="3.9"), card("c", rouge1=0.5)]
    board = table(cards, TASK)
    assert "warning, unlike versions in rouge1: nltk 3.10 for a, c; nltk 3.9 for b" in board.notes
    assert not any("warning" in note for note in table([cards[0], cards[2]], TASK).notes)


# --------------------------------------------------------------------------- the official variant beside it


def official(of: ScoreCard, **columns: float | None) -> ScoreCard:
    """The other variant of a card."""
    one = card(of.manifest.label, variant="official", manifest={"partial": of.manifest.partial}, **columns)
    return replace(one, variant="official", cases_digest=of.cases_digest)


def test_both_variants_of_the_mean_that_ranks_stand_side_by_side_with_their_difference() -> None:
    a, b, c = (
        replace(card(label, bleu=value, rouge1=0.5), cases_digest=label)
        for label, value in (("a", 0.5), ("b", 0.25), ("c", 0.0))
    )
    cards = [a, official(a, bleu=0.5, rouge1=0.25), b, official(b, bleu=0.25, rouge1=1.0), c]
    board = table(cards, TASK)
    assert board.shown == ("overlap2", "overlap2 (official)", "difference", "bleu", "rouge1")
    assert [(one.label, one.rank) for one in board.standings] == [("a", 1), ("b", 2), ("c", 3)]  # officially b leads
    assert shown(board) == [
        [0.5, 0.375, -0.125, 0.5, 0.5],
        [0.375, 0.625, 0.25, 0.25, 0.5],
        [0.25, None, None, 0.0, 0.5],
    ]
    assert as_csv(cards)[0]["overlap2 (official)"] == "0.5"  # by field too
    assert board.notes[-3:] == (
        "variant official, as the script published at f00 has it: batches of 2; of rouge1 the last batch alone counts "
        "(8 of 8 rows); the rest are means over all rows; it has no interval, because a mean over the last batch is no "
        "statistic of the sample",
        "bleu: metric:bleu|variant:corrected",
        "rouge1: metric:rouge1|variant:corrected (nltk 3.10)",
    )


@pytest.mark.parametrize("format", ["md", "csv", "latex", "json"])
def test_both_variants_stand_side_by_side_by_part_of_a_note_too(format: str) -> None:
    def with_part(one: ScoreCard, value: float) -> ScoreCard:
        plan = ColumnScore(value, n=8, failed=0, excluded=0)
        return replace(one, parts={"bleu": {"plan": plan}, "rouge1": {"plan": plan}})

    task = replace(TASK, parts=(Field("plan", "Plan"),), split=lambda text: {"plan": text})
    a, b = (replace(card(label, bleu=0.5, rouge1=0.5), cases_digest=label) for label in "ab")
    cards = [with_part(a, 0.5), with_part(official(a, bleu=0.5, rouge1=0.25), 0.375), with_part(b, 0.5)]
    board = table(cards, task)
    (_, ours), (_, alone) = board.lines_of("plan")
    assert [number and number.value for number in map(ours.values.get, board.shown[:3])] == [0.5, 0.375, -0.125]
    assert [number and number.value for number in map(alone.values.get, board.shown[:3])] == [0.5, None, None]
    assert "0.375" in render([board], format)


def test_overall_is_compared_where_it_ranks() -> None:
    one = card("a", bleu=0.5, rouge1=0.5, align=0.5)
    board = table([one, official(one, bleu=0.5, rouge1=0.25, align=0.74999)], TASK)
    assert board.shown == ("Overall", "Overall (official)", "difference", "bleu", "rouge1", "align")
    line = render([board], "md").splitlines()[6]
    assert line.startswith("|    1 |       |     | a     |  8 |  0.5000 |             0.5000 |     0.0000 |")


def test_an_official_card_of_another_state_is_no_comparison() -> None:
    one = card("a", bleu=0.5, rouge1=0.5)
    stale = replace(official(one, bleu=0.5, rouge1=0.25), cases_digest="other")
    board = table([one, stale], TASK)
    assert board.shown == ("overlap2", "bleu", "rouge1")
    assert not any("official" in note for note in board.notes)


def test_official_cards_alone_are_a_board_of_their_own() -> None:
    cards = [official(card("a", bleu=0.5, rouge1=0.5), bleu=0.5, rouge1=0.25)]
    board = table(cards, TASK)
    assert (board.title, board.ranked_by) == ("Toy, ward, test, variant official", "overlap2")
    assert board.notes[0] == (
        "no intervals: the official variant has no intervals and no tests: of some columns it counts the last batch of "
        "the file alone, and a mean over the last batch is no statistic of the sample"
    )
    assert board.notes[-1] == "rouge1: metric:rouge1|variant:official (nltk 3.10)"


# --------------------------------------------------------------------------- what the notes say


def test_twins_stand_beside_what_they_stand_for_and_are_told_apart() -> None:
    one = card("a", bleu=0.5, rouge1=0.5, align=0.25, align_open=0.5, **{"wordiness": 0.5})
    board = table([one], TASK)
    assert board.shown == ("Overall", "bleu", "rouge1", "align", "align[open]", "wordiness")
    assert (
        "official columns: bleu, rouge1, align; open twins, no official columns: align[open]; besides: wordiness"
        in (board.notes)
    )


def test_short_references_are_told_with_the_means_without_them() -> None:
    without = {"bleu": 0.75, "rouge1": math.nan}
    one = replace(card("a", bleu=0.5, rouge1=0.5), short={"advice": ShortTargets(3, without)})
    assert "Advice: 3 references under 4 tokens; without them: bleu 0.7500" in row(one, TASK).notes
    assert any(note.startswith("references under 4 tokens: 3 in Advice (") for note in table([one], TASK).notes)


def test_what_was_never_seen_and_what_was_refused_are_told() -> None:
    course, advice = Truncation(tokens=200, unseen=25, cut=2), Truncation(tokens=100, unseen=0, cut=0)
    one = replace(
        card("a", bleu=0.5, rouge1=0.5),
        truncation={"rouge1": {"course": course, "advice": advice}, "bleu": {"course": advice, "advice": advice}},
        refusals={"bleu": {"the text has over 9 words": 2}},
    )
    notes = row(one, TASK).notes
    assert "tokens that rouge1 never saw: 12.5% of Hospital Course (cut in 2 cases)" in notes
    assert not any("bleu never saw" in note for note in notes)
    refused = "a: bleu could not judge 2 texts, which count as failed: the text has over 9 words"
    assert refused in notes
    assert refused in table([one], TASK).notes


def test_what_was_not_measured_was_not_seen_whole() -> None:
    """The share of `b`, which rouge1 has not measured, is no 0.0 %."""
    course = Truncation(tokens=200, unseen=25, cut=2)
    told = replace(card("a", bleu=0.5, rouge1=0.5), truncation={"rouge1": {"course": course}})
    (board,) = boards(
        [
            Entry(told, usage=Usage(2, 4, 80.0, 2.0, 0, 0)),
            Entry(card("b", bleu=0.5), usage=Usage(2, 4, 80.0, 2.0, 0, 0)),
        ],
        lambda _: TASK,
    )
    table = render([board], "md").split("**Texts and cost**")[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")]
    at = rows[0].index("unseen by rouge1")
    assert {row[0]: row[at] for row in rows if row[0] in ("a", "b")} == {"a": "12.5%", "b": "n/a"}


# --------------------------------------------------------------------------- names, folders


def test_contests_of_one_title_are_told_apart_by_their_digests() -> None:
    cards = [card("a", bleu=0.5), card("b", bleu=0.5, manifest={"corpus_digest": "dec0de" * 4})]
    found = boards([Entry(one) for one in cards], lambda _: TASK)
    assert [board.title for board in found] == ["Toy, ward, test (c0ffee)", "Toy, ward, test (dec0dede)"]
    rows = csv.DictReader(io.StringIO(render(found, "csv")))
    assert {(row["label"], row["corpus"]) for row in rows} == {("a", "ward (c0ffee)"), ("b", "ward (dec0dede)")}
    (alone,) = boards([Entry(cards[0])], lambda _: TASK)
    assert (alone.title, alone.corpus) == ("Toy, ward, test", "ward")


def test_names_cannot_break_the_table() -> None:
    board = table([card("a|b\n\x1b[31m<img src=x>", bleu=0.5)], TASK)
    line = render([board], "md").splitlines()[6]
    assert r"| a\|b  [31m&lt;img src=x> |" in line
    assert row_lines(row(board.standings[0].card, TASK)).startswith("a|b  [31m<img src=x>: Toy, ward, test\n")
    assert as_csv([board.standings[0].card])[0]["label"] == "a|b\n\x1b[31m<img src=x>"


def test_contests_part_what_cannot_be_compared() -> None:
    cards = [
        card("a", bleu=0.5),
        card("b", bleu=0.5, manifest={"split": "valid"}),
        card("c", bleu=0.5),
        card("d", bleu=0.5, manifest={"corpus": "mimic"}),
    ]
    found = contests([Entry(one) for one in cards])
    assert [[one.card.manifest.label for one in contest] for contest in found] == [["d"], ["a", "c"], ["b"]]
