"""Board -> LaTeX for a paper: a table with booktabs rules, best values bold, ties marked, notes below.

Needs \\usepackage{booktabs} and a line of UTF-8 input, which is LaTeX's default since 2018."""

from __future__ import annotations

from collections.abc import Sequence

from harness.board import NOT_AVAILABLE, Board, BoardColumn, Line, Number, Standing
from harness.board.cells import bounds, four, percent, span
from harness.characters import printable

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{c: "\\" + c for c in "&%$#_{}"},
    "–": "--",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "≤": r"$\leq$",
    "[": "{[}",  # a row that begins with one of these two would give it to the end of the row before
    "*": "{*}",
}
_MAY_BE_FIRST = r"$^{\dagger}$"


def as_latex(board: Board) -> str:
    """Two of table*: a row a system, its intervals in small type below it, a rule between tie groups, and the notes;
    then a row for each field of a system. Each row ends in how many texts failed."""
    notes = [
        r"\par\smallskip\begin{minipage}{\textwidth}\footnotesize\raggedright",
        *(f"{latex(note)}\\par" for note in (*_marks(board), *board.notes)),
        r"\end{minipage}",
    ]
    fields = _table(f"{board.title}, by field", ["System", "Field"], "ll", board, _by_field(board), [])
    together = _table(f"{board.title}: {board.ranking}", ["Rank", "System"], "rl", board, _together(board), notes)
    return "\n".join([together, fields] if board.fields else [together])


def _table(
    caption: str, first: Sequence[str], layout: str, board: Board, body: Sequence[str], below: Sequence[str]
) -> str:
    titles = [*first, *(latex(column.title) for column in board.columns), "Failed"]
    lines = [
        r"\begin{table*}",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        f"\\caption{{{latex(caption)}}}",
        f"\\begin{{tabular}}{{{layout}{'r' * len(board.columns)}r}}",
        r"\toprule",
        f"{' & '.join(titles)} \\\\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        *below,
        r"\end{table*}",
    ]
    return "".join(f"{line}\n" for line in lines)


def latex(text: str) -> str:
    return "".join(_SPECIAL.get(c, c) for c in printable(text))


def _together(board: Board) -> list[str]:
    best = {column.key: _best(column, [one.mean for one in board.standings]) for column in board.columns}
    lines: list[str] = []
    above: Standing | None = None
    for one in board.standings:
        if above and above.place and one.place and above.place.group != one.place.group:
            lines.append(r"\midrule")
        values = [_value(one.mean.values[key], best[key]) for key in board.shown]
        cells = [_rank(one), latex(one.label), *values, str(one.mean.failed)]
        lines.append(f"{' & '.join(cells)} \\\\")
        if board.statistics:
            numbers = [one.mean.values[key] for key in board.shown]
            small = [_small(bounds(number, "--") if number else "") for number in numbers]
            place = one.place
            ranks = span(place.low, place.high, "--") if place and place.low is not None else ""
            lines.append(f"{_small(ranks)} & & {' & '.join(small)} & \\\\")
        above = one
    return lines


def _by_field(board: Board) -> list[str]:
    """The best of each field is bold."""
    lines: list[str] = []
    for field in (*board.fields, *board.parts):
        rows = board.lines_of(field)
        best = {column.key: _best(column, [line for _, line in rows]) for column in board.columns}
        lines += [r"\midrule"] if lines else []
        for one, line in rows:
            values = [_value(line.values[key], best[key]) for key in board.shown]
            cells = [latex(one.label), latex(line.title), *values, str(line.failed)]
            lines.append(f"{' & '.join(cells)} \\\\")
    return lines


def _rank(one: Standing) -> str:
    if one.place is None:
        return NOT_AVAILABLE
    return str(one.place.rank) + (_MAY_BE_FIRST if one.place.low == 1 else "")


def _value(number: Number | None, best: float | None) -> str:
    if number is None:
        return NOT_AVAILABLE
    return f"\\textbf{{{four(number.value)}}}" if number.value == best else four(number.value)


def _small(text: str) -> str:
    return f"{{\\scriptsize {text}}}" if text else ""


def _best(column: BoardColumn, lines: Sequence[Line]) -> float | None:
    """The best value of a column; a difference between variants has none, and a lone row is no best."""
    values = [number.value for line in lines if (number := line.values[column.key])]
    if column.kind == "script" or len(values) < 2:
        return None
    return max(values) if column.higher_is_better else min(values)


def _marks(board: Board) -> list[str]:
    """What the marks of the table say, of those that it has."""
    if board.statistics is None or board.ranked_by is None:
        return []
    level = percent(board.statistics.level)
    bounded = any(number and bounds(number) for one in board.standings for number in one.mean.values.values())
    groups = {one.place.group for one in board.standings if one.place}
    said = [
        "Bold: the best value of a column." if len(board.standings) > 1 else "",
        f"Dagger: rank 1 is possible at {level}.",
        f"Small: {level} intervals, and below a rank the ranks that the data support."
        if bounded
        else "Small, below a rank: the ranks that the data support.",
        "A rule parts rows that are in order from rows that are tied." if len(groups) > 1 else "",
    ]
    return [" ".join(filter(None, said))]
