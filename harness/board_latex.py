"""Board -> LaTeX for a paper: a table with booktabs rules, best values bold, ties marked, notes below.

Needs \\usepackage{booktabs} and a line of UTF-8 input, which is LaTeX's default since 2018."""

from __future__ import annotations

from collections.abc import Sequence

from harness.board import NOT_AVAILABLE, Board, BoardColumn, Number, Standing
from harness.board_cells import bounds, four, percent, printable, span

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
}
_MAY_BE_FIRST = r"$^{\dagger}$"


def as_latex(board: Board) -> str:
    """A table* with a row a system, its intervals in small type below it, and a rule between tie groups."""
    best = {column.key: _best(column, board.standings) for column in board.columns}
    titles = ["Rank", "System", *(latex(column.title) for column in board.columns)]
    lines = [
        r"\begin{table*}",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        f"\\caption{{{latex(board.title)}: {latex(board.ranking)}}}",
        f"\\begin{{tabular}}{{rl{'r' * len(board.columns)}}}",
        r"\toprule",
        f"{' & '.join(titles)} \\\\",
        r"\midrule",
        *_body(board, best),
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip\begin{minipage}{\textwidth}\footnotesize\raggedright",
        *(f"{latex(note)}\\par" for note in (*_marks(board), *board.notes)),
        r"\end{minipage}",
        r"\end{table*}",
    ]
    return "".join(f"{line}\n" for line in lines)


def latex(text: str) -> str:
    return "".join(_SPECIAL.get(c, c) for c in printable(text))


def _body(board: Board, best: dict[str, float | None]) -> list[str]:
    lines: list[str] = []
    above: Standing | None = None
    for one in board.standings:
        if above and above.place and one.place and above.place.group != one.place.group:
            lines.append(r"\midrule")
        values = [_value(one.mean.values[key], best[key]) for key in board.shown]
        lines.append(f"{_rank(one)} & {latex(one.label)} & {' & '.join(values)} \\\\")
        if board.statistics:
            numbers = [one.mean.values[key] for key in board.shown]
            small = [_small(bounds(number, "--") if number else "") for number in numbers]
            place = one.place
            ranks = span(place.low, place.high, "--") if place and place.low is not None else ""
            lines.append(f"{_small(ranks)} & & {' & '.join(small)} \\\\")
        above = one
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


def _best(column: BoardColumn, standings: Sequence[Standing]) -> float | None:
    """The best value of a column; a difference between variants has none, and a lone row is no best."""
    values = [number.value for one in standings if (number := one.mean.values[column.key])]
    if column.kind == "script" or len(values) < 2:
        return None
    return max(values) if column.higher_is_better else min(values)


def _marks(board: Board) -> list[str]:
    if board.statistics is None or board.ranked_by is None:
        return []
    level = percent(board.statistics.level)
    return [
        f"Bold: the best value of a column. Dagger: rank 1 is possible at {level}. Small: {level} intervals, and "
        "below a rank the ranks that the data support. A rule parts rows that are in order from rows that are tied."
    ]
