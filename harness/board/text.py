"""Board -> text: markdown for people, a short block for one row, and the door to the other formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.board import NOT_AVAILABLE, Board, Line, Number, Standing, Values
from harness.board.cells import bounds, four, p_value, percent, span
from harness.board.data import as_csv, as_json
from harness.board.latex import as_latex
from harness.characters import printable
from harness.errors import LeaderboardError
from harness.stats import POWER

Table = Sequence[Sequence[str]]


def render(boards: Sequence[Board], format: str) -> str:
    """The boards as "md" (values to four digits), "csv" (values in full, a row for each field and one for the mean),
    "latex" (booktabs) or "json" (all that there is)."""
    if format not in FORMATS:
        raise LeaderboardError(f"there is no format '{format}'", todo=f"choose one of {', '.join(FORMATS)}")
    return FORMATS[format](boards)


FORMATS: Mapping[str, Callable[[Sequence[Board]], str]] = {
    "md": lambda boards: "\n".join(map(as_markdown, boards)),
    "csv": as_csv,
    "latex": lambda boards: "\n".join(map(as_latex, boards)),
    "json": as_json,
}


def row_lines(board: Board) -> str:
    """The one row of a board as a short block of text: its values by field and over all, and what they are."""
    standing = board.standings[0]
    rows = [["", "n", *(column.title for column in board.columns), "failed"]]
    for line in (*standing.lines, standing.mean):
        rows.append([line.title, line.cases, *_values(line, board), str(line.failed)])
    if board.statistics and any(found := _intervals(standing.mean.values, board)):
        rows.append([percent(board.statistics.level), "", *found, ""])
    for line in standing.parts:
        rows.append([line.title, line.cases, *_values(line, board), str(line.failed)])
    lines = [board.title, *("  ".join(row).rstrip() for row in _aligned(rows, {0})), *board.notes]
    return "".join(f"{printable(line)}\n" for line in lines)


def as_markdown(board: Board) -> str:
    """The ranking first; then by field, what the texts are like and cost, rows compared, notes."""
    blocks = [f"### {_escaped(board.title)}\n", f"{_escaped(board.ranking)}\n", _table(_ranking(board), {3})]
    if board.fields:
        blocks += ["**By field**\n", _table(_by("field", board.fields, board), {0, 1})]
    if board.parts:
        blocks += ["**By part of the note**\n", _table(_by("part", board.parts, board), {0, 1})]
    if any(one.texts or one.usage for one in board.standings):
        blocks += ["**Texts and cost**\n", _table(_texts(board), {0})]
    if board.statistics and board.statistics.comparisons:
        blocks += [f"**Compared by {board.ranked_by}**\n", _table(_compared(board), {0, 1})]
    blocks.append("".join(f"- {_escaped(note)}\n" for note in board.notes))
    return "\n".join(blocks)


# --------------------------------------------------------------------------- the tables


def _ranking(board: Board) -> Table:
    """A row a system, and below it the intervals of its numbers."""
    unproven = any(one.unproven for one in board.standings)
    header = ["rank", "ranks", "tie", "label", "n", *(column.title for column in board.columns), "failed"]
    rows = [header + ["unproven"] * unproven]
    for one in board.standings:
        counts = [str(one.mean.failed), *[str(one.unproven)] * unproven]
        rows.append([*_place(one), one.label, one.mean.cases, *_values(one.mean, board), *counts])
        if any(found := _intervals(one.mean.values, board)):
            rows.append(["", "", "", "", "", *found, *[""] * len(counts)])
    return rows


def _place(one: Standing) -> list[str]:
    place = one.place
    if place is None:
        return [NOT_AVAILABLE, "", ""]
    return [str(place.rank), "" if place.low is None else span(place.low, place.high), _or_blank(place.group)]


def _by(what: str, names: Sequence[str], board: Board) -> Table:
    """A row a system, field after field."""
    rows = [[what, "label", "n", *(column.title for column in board.columns), "failed"]]
    for name in names:
        for one, line in board.lines_of(name):
            rows.append([line.title, one.label, line.cases, *_values(line, board), str(line.failed)])
    return rows


def _texts(board: Board) -> Table:
    """What the texts are like, field by field with a stroke between, and what the run took."""
    unseen = sorted({column for one in board.standings for column in one.card.truncation if _unseen(one, column)})
    header = ["label", "words", "grade", "at limit", "chart cut", *(f"unseen by {column}" for column in unseen)]
    rows = [[*header, "tokens", "seconds", "Wh"]]
    references = next(one.texts for one in board.standings if one.texts or one.usage)  # the same for all
    words = [figures.reference_words for figures in references.values()]
    rows.append(["(references)", _per_field(words, 0), *[""] * (len(rows[0]) - 2)])
    for one in board.standings:
        figures = list(one.texts.values())
        usage = one.usage
        tokens, seconds, energy = usage.per_1000 if usage else (None, None, None)
        rows.append(
            [
                one.label,
                _per_field([each.words for each in figures], 0),
                _per_field([each.grade for each in figures], 1),
                str(usage.cut_off) if usage else "",
                str(usage.chart_cut) if usage else "",
                *(NOT_AVAILABLE if (share := _unseen(one, column)) is None else _share(share) for column in unseen),
                *(NOT_AVAILABLE if value is None else f"{value:,.{d}f}" for value, d in ((tokens, 0), (seconds, 1))),
                NOT_AVAILABLE if energy is None else f"{energy:.3g}",
            ]
        )
    return rows


def _per_field(values: Sequence[float | None], digits: int) -> str:
    return " / ".join("–" if value is None else f"{value:.{digits}f}" for value in values)


def _unseen(one: Standing, column: str) -> float | None:
    """The share of tokens that a metric never saw, over all fields; None where it measured none."""
    if column not in one.card.truncation:
        return None
    ledger = one.card.truncation[column].values()
    return sum(each.unseen for each in ledger) / max(1, sum(each.tokens for each in ledger))


def _share(value: float) -> str:
    return f"{value:.1%}"


def _compared(board: Board) -> Table:
    said = board.statistics
    assert said is not None
    hidden = any(one.reversal is not None for one in said.comparisons)
    header = ["first", "second", "difference", percent(said.level), "p", "p (Holm)", "p (bootstrap)"]
    rows = [[*header, f"found {percent(POWER)}", *[f"reversed in {said.hidden}"] * hidden]]
    for one in said.comparisons:
        apart = one.difference
        rows.append(
            [
                *(one.first, one.second),
                four(apart.value),
                bounds(Number(apart.value, apart.low, apart.high)),
                *(p_value(p, bound=one.by_tail) for p in (one.p, one.p_holm)),
                p_value(one.p_bootstrap),
                four(one.smallest),
                *([_share(one.reversal)] if one.reversal is not None else [""] * hidden),
            ]
        )
    return rows


# --------------------------------------------------------------------------- cells


def _values(line: Line, board: Board) -> list[str]:
    found = [line.values[key] for key in board.shown]
    return [NOT_AVAILABLE if number is None else four(number.value) for number in found]


def _intervals(values: Values, board: Board) -> list[str]:
    return ["" if (number := values[key]) is None else bounds(number) for key in board.shown]


def _or_blank(value: int | None) -> str:
    return "" if value is None else str(value)


# --------------------------------------------------------------------------- layout


def _table(rows: Table, left: set[int]) -> str:
    """A markdown table whose source is aligned too; the columns `left` to the left."""
    header, *body = _aligned([[printable(cell).replace("|", r"\|") for cell in row] for row in rows], left)
    rule = [":" + "-" * (len(cell) - 1) if i in left else "-" * (len(cell) - 1) + ":" for i, cell in enumerate(header)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, rule, *body)).replace("<", "&lt;")


def _aligned(rows: Table, left: set[int]) -> list[list[str]]:
    """Cells padded to the width of their column (at least two, for the rule of a markdown table)."""
    widths = [max(2, *map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]


def _escaped(text: str) -> str:
    return printable(text).replace("<", "&lt;")
