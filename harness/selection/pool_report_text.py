"""A pool's report -> markdown for people, JSON for programs, a picture (SVG)."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from harness.files import canonical_json, finite
from harness.selection.features import FEATURES, MEMBER
from harness.selection.gains import Gain
from harness.selection.objective import OBJECTIVE
from harness.selection.pool_report import LEAST_BEST, MOST_BEST, QUANTILES, PoolReport
from harness.stats.bootstrap import Interval

FIGURES = 4


def markdown(report: PoolReport, titles: Mapping[str, str]) -> str:
    """`titles` are those of the fields."""
    how = "each subject chosen for by what the others taught" if report.crossfitted else "by the selector as it is"
    lines = [f"## The pool {report.pool} on {report.split}: {report.cases} cases, {OBJECTIVE}, {how}", ""]
    lines += [f"It assumes: {report.assumes}.", ""] if report.assumes else []
    for field in report.members:
        lines += [f"### {titles[field]}", "", *_check(report, field), "", *_members(report, field), ""]
    lines += ["### What it gains", "", *_gains(report, titles), "", *_carries(report), *_rules(report)]
    lines += ["### Features on references and on candidates", "", *_distributions(report, titles), ""]
    lines += [f"- {note}" for note in report.notes]
    if report.fitted:
        lines += ["", "Fitted on all of this split, for the lineup:", "", "```toml", report.fitted.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def as_json(report: PoolReport) -> str:
    return canonical_json(finite(asdict(report))) + "\n"


def _check(report: PoolReport, field: str) -> Iterator[str]:
    """Whether the pool can show anything: said before anything else."""
    shares = ", ".join(f"{row.name} on {row.best:.0%}" for row in report.members[field])
    verdict = "can" if report.can_show[field] else "cannot"
    yield f"Best: {shares}. This pool {verdict} show much: wanted is no member best on over {MOST_BEST:.0%} of the"
    yield f"cases, and each on at least {LEAST_BEST:.0%}."


def _members(report: PoolReport, field: str) -> list[str]:
    one = report.gains[field]
    rows = [["", OBJECTIVE, "candidates", "best", "chosen"]]
    for row in report.members[field]:
        rows.append([row.name, f"{row.mean:.4f}", str(row.candidates), f"{row.best:.1%}", f"{row.chosen:.1%}"])
    bounds = (("random", one.random), (f"{report.pool}, the choice", one.chosen), ("oracle", one.oracle))
    return _table([*rows, *([name, f"{value:.4f}", "", "", ""] for name, value in bounds)])


def _gains(report: PoolReport, titles: Mapping[str, str]) -> list[str]:
    rows = [["", "best single", "choice", "oracle", "gain over the best [95 %]", "regret [95 %]", "of the gap"]]
    for field, one in report.gains.items():
        best = f"{report.best[field]} {one.best:.4f}"
        name = titles.get(field, "all fields")
        rows.append([name, best, f"{one.chosen:.4f}", f"{one.oracle:.4f}", *_intervals(one), f"{one.share:.1%}"])
    return [*_table(rows), "", "The best single member is picked anew in every resample of subjects."]


def _intervals(one: Gain) -> list[str]:
    return [_interval(one.over_best, "+"), _interval(one.regret, "")]


def _interval(one: Interval, sign: str) -> str:
    bounds = "n/a" if math.isinf(one.high) else f"{one.low:{sign}.4f}, {one.high:{sign}.4f}"
    return f"{one.value:{sign}.4f} [{bounds}]"


def _carries(report: PoolReport) -> list[str]:
    if not report.dropped:
        return []
    rows = [["without", f"the choice loses ({OBJECTIVE})", "which is"]]
    for name, lost in report.dropped.items():
        if name == MEMBER:
            name, meaning = "who wrote it", "the writers' offsets"
        elif name.startswith(MEMBER):
            meaning = "1 for what that member wrote"
        else:
            meaning = FEATURES[name].means
        rows.append([name, f"{lost:+.4f}", meaning])
    return ["### What carries it", "", *_table(rows), ""]


def _rules(report: PoolReport) -> list[str]:
    if not report.kept:
        return []
    rows = [["rule", "references keep it", "candidates keep it"]]
    rows += [[rule, f"{theirs:.1%}", f"{ours:.1%}"] for rule, (theirs, ours) in report.kept.items()]
    return ["### Rules on references", "", *_table(rows), ""]


def _distributions(report: PoolReport, titles: Mapping[str, str]) -> list[str]:
    quantiles = " / ".join(f"{q:.0%}" for q in QUANTILES)
    rows = [["feature", "field", f"references ({quantiles})", "candidates", "unit"]]
    for one in report.distributions:
        spreads = [" / ".join(f"{value:.3g}" for value in values) for values in (one.references, one.candidates)]
        rows.append([one.feature, titles[one.field], *spreads, FEATURES[one.feature].unit])
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    rule = ["-" * width for width in widths]
    return [f"| {' | '.join(row)} |" for row in (padded[0], rule, *padded[1:])]


# --------------------------------------------------------------------------- the picture


def picture(report: PoolReport, titles: Mapping[str, str]) -> bytes:
    """Two panels a field: what members, choice and bounds score, and who is best and who is chosen how often. The same
    report gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "discharge-harness", "svg.fonttype": "none"}):
        figure = Figure(figsize=(10, 2.6 * len(report.members)), layout="constrained")
        axes = figure.subplots(len(report.members), 2, squeeze=False)
        for (left, right), (field, rows) in zip(axes, report.members.items(), strict=True):
            one = report.gains[field]
            bars = {row.name: row.mean for row in rows}
            bars |= {"random": one.random, "the choice": one.chosen, "oracle": one.oracle}
            colours = ["#7f9fbf"] * len(rows) + ["#bbbbbb", "#c0504d", "#bbbbbb"]
            left.barh(list(bars), list(bars.values()), color=colours)
            left.invert_yaxis()
            left.set(title=titles[field], xlabel=OBJECTIVE)
            places = range(len(rows))
            right.barh([at - 0.2 for at in places], [row.best for row in rows], 0.4, label="best", color="#bbbbbb")
            right.barh([at + 0.2 for at in places], [row.chosen for row in rows], 0.4, label="chosen", color="#c0504d")
            right.set(yticks=list(places), yticklabels=[row.name for row in rows], xlabel="share of cases", xlim=(0, 1))
            right.invert_yaxis()
            right.legend()
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
