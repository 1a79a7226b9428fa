"""The ledger of a corpus: what was scored on it, when, by which manifest. Private, under the corpus's root.

Whoever scores many texts on one split and keeps the best has tuned on that split. The ledger counts them and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import NormalDist

from harness.errors import RunError
from harness.files import JsonLines, digest, locked
from harness.types import Manifest, ScoreCard

FILE = "ledger.jsonl"
TUNING_SPLITS = ("train", "valid")
"""Made for trying things out: nothing is said of how often they were scored."""
MANY = 10
"""Texts from which on a split is called worn."""


@dataclass(frozen=True)
class Scored:
    """One scoring: `at` in UTC, `text` the digest of what was handed in, `manifest` that of the whole manifest,
    `ids` that of the cases that it was scored on."""

    at: str
    task: str
    split: str
    label: str
    origin: str
    cases: int
    text: str
    manifest: str
    ids: str


def record(root: Path, card: ScoreCard, text: str) -> None:
    """Write down that a text, by its digest, was scored on a corpus, by that corpus's root."""
    of: Manifest = card.manifest
    scored = Scored(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        task=of.task,
        split=of.split,
        label=of.label,
        origin=of.origin,
        cases=of.cases,
        text=text,
        manifest=digest(of),
        ids=card.ids_digest,
    )
    with locked(root / "ledger.lock", "the ledger", wait=True), JsonLines(root / FILE).appending() as file:
        file.append(asdict(scored))


def read(root: Path) -> list[Scored]:
    """In the order in which things were scored. Raises RunError where the file was edited."""
    try:
        return [Scored(**line) for line in JsonLines(root / FILE).read()]
    except TypeError:
        raise RunError(f"{root / FILE} holds a line that is no scoring", todo="delete that line") from None


def warnings(root: Path, split: str) -> tuple[str, ...]:
    """A line, if many texts were scored on a split that is not made for tuning."""
    scored = [one for one in read(root) if one.split == split]
    texts = len({one.text for one in scored})
    if split in TUNING_SPLITS or texts < MANY:
        return ()
    return (
        f"warning: {split} was scored {len(scored)} times, with {texts} different texts. To keep the best of them is "
        f"to tune on it: the best of {texts} equal systems looks {luck(texts):.1f} standard errors better than it is",
    )


def luck(systems: int) -> float:
    """By how many standard errors the best of several equal and independent systems is expected to be too good: the
    largest of so many normal deviates (Blom 1958)."""
    return NormalDist().inv_cdf((systems - 0.375) / (systems + 0.25))


def table(scored: Sequence[Scored]) -> list[str]:
    """The ledger for the terminal, the digests cut short."""
    rows = [("when (UTC)", "task", "split", "label", "origin", "cases", "text", "manifest")]
    rows += [
        (s.at[:19].replace("T", " "), s.task, s.split, s.label, s.origin, str(s.cases), s.text[:8], s.manifest[:8])
        for s in scored
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
