"""What a run took: tokens, seconds and energy, the pace of its engine, who wrote its texts, how many were cut off.

Kept in a file of its own beside the manifest: seconds differ each time, and manifest and card must not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness import energy, pace
from harness.errors import ScoreError
from harness.files import canonical_json, write_atomic

if TYPE_CHECKING:
    from harness.run import Generated

FILE = "usage.json"


@dataclass(frozen=True)
class Usage:
    """Sums over all candidates of a run, and for a pool over all candidates that it chose among. `tokens` are those
    that a model generated (a text that was retrieved has none), `seconds` wall time on whatever machine; both are None
    where nobody knows. `joules` is the energy of `metered` texts, the whole machine's while they were generated and no
    adapter was trained, None where no meter can be read. Of the texts that were handed in, `cut_off` counts those that
    ended at the limit of their length, `chart_cut` those whose input was cut to the system's budget, and `writers` says
    how many each system wrote. `pace` has the sums of `harness.pace.Pace`, where an engine wrote. `candidates_digest`
    is the manifest's."""

    stays: int
    texts: int
    tokens: float | None
    seconds: float | None
    cut_off: int
    chart_cut: int
    joules: float | None = None
    metered: int = 0
    writers: Mapping[str, int] = field(default_factory=dict)
    pace: Mapping[str, float | None] = field(default_factory=dict)
    candidates_digest: str = ""

    @property
    def per_1000(self) -> tuple[float | None, float | None, float | None]:
        """Generated tokens, seconds of generation, and watt-hours (from the texts that were metered), a 1,000 stays."""
        joules = self.joules * self.texts / self.metered if self.joules is not None and self.metered else None
        sums = (self.tokens, self.seconds, None if joules is None else joules / 3600)
        tokens, seconds, energy = (None if one is None else 1000 * one / self.stays for one in sums)
        return tokens, seconds, energy


def usage_of(stays: int, chosen: Generated, runs: Mapping[Path, Generated], candidates_digest: str) -> Usage:
    """The usage of a run whose texts were `chosen` among those of `runs`, by folder: of itself, if it is no pool."""
    candidates = (candidate for run in runs.values() for place in run.candidates.values() for candidate in place)
    made = [(one.tokens, one.seconds) for one in candidates]  # and no text
    firsts = (place[0] for place in chosen.candidates.values())
    handed_in = [(one.system, one.finish == "length", bool(one.cut)) for one in firsts]
    metered = [energy.noted(folder) for folder in runs]
    noted = pace.noted(runs)
    return Usage(
        stays=stays,
        texts=len(made),
        tokens=_known([tokens for tokens, _ in made]),
        seconds=_known([seconds for _, seconds in made]),
        cut_off=sum(cut_off for _, cut_off, _ in handed_in),
        chart_cut=sum(chart_cut for _, _, chart_cut in handed_in),
        joules=sum(joules for joules, _ in metered) if any(texts for _, texts in metered) else None,
        metered=sum(texts for _, texts in metered),
        writers=dict(sorted(Counter(system for system, _, _ in handed_in).items())),
        pace=asdict(noted) if noted else {},
        candidates_digest=candidates_digest,
    )


def _known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def write_usage(usage: Usage, folder: Path) -> None:
    write_atomic(folder / FILE, canonical_json(usage).encode() + b"\n")


def read_usage(folder: Path, candidates_digest: str) -> Usage | None:
    """What is known of the run with these candidates. Raises ScoreError where the file is no such thing."""
    path = folder / FILE
    try:
        usage = Usage(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise ScoreError(f"{path} is not what a run took", todo="delete it, or submit again: texts are kept") from None
    return usage if usage.candidates_digest == candidates_digest else None
