"""How a number of the board is written, in every format that people read."""

from __future__ import annotations

import math
import sys
from decimal import ROUND_CEILING, Context

from harness.board import NOT_AVAILABLE, Number


def four(value: float) -> str:
    """To four digits, without a minus before what is 0; n/a where it is infinite."""
    return NOT_AVAILABLE if math.isinf(value) else f"{round(value, 4) + 0.0:.4f}"


def bounds(number: Number, dash: str = "–") -> str:
    """The interval to three digits, without the 0 before the point: .174–.241. Empty where it has no bounds."""
    if number.low is None or number.high is None or math.isinf(number.high - number.low):
        return ""
    return f"{_three(number.low)}{dash}{_three(number.high)}"


def p_value(p: float, *, bound: bool = False) -> str:
    """To four digits. A bound says that it is one, to one digit and rounded up: what is below it was not proved."""
    if bound:
        up = Context(prec=1, rounding=ROUND_CEILING).create_decimal_from_float(max(p, sys.float_info.min))
        return f"≤{float(up):.1g}"
    return f"{p:.4f}" if p >= 0.00005 else "<0.0001"


def percent(share: float) -> str:
    return f"{100 * share:g} %"


def span(low: int, high: int | None, dash: str = "–") -> str:
    """From one rank to another."""
    return str(low) if low == high else f"{low}{dash}{high}"


def _three(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}".replace("0.", ".", 1) if abs(round(value, 3)) < 1 else f"{value:.3f}"
