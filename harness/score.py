"""Pairs -> statistics per case -> score card.

Three things can be missing, and each has its own answer: a hypothesis (the column's worst value, counted as failed),
a reference (the case is out for that field for every system, counted as excluded), an asset (the column is n/a).
"""

from __future__ import annotations

import io
import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError, ScoreError
from harness.files import canonical_json, digest, digest_bytes, write_atomic
from harness.panel import OpenScorer, fault
from harness.progress import bar
from harness.types import (
    ColumnScore,
    Manifest,
    Pair,
    Reference,
    ScoreCard,
    Signature,
    Submission,
    Task,
)
from harness.validate import id_order

CARD_FILE = "scores.json"
CASES_FILE = "cases.npz"
VARIANT = "corrected"
BATCH = 256

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


# --------------------------------------------------------------------------- scoring


@dataclass(frozen=True, eq=False)
class Stats:
    """What each case scored. `values` has the shape (fields, cases, columns) and is NaN where the case has no
    reference for the field; `failed`, of the shape (fields, cases), marks missing hypotheses, whose values are
    the columns' worst. Cases stand in ascending order of their ids; `ids` and `groups` are salted."""

    fields: tuple[str, ...]
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    values: Floats
    failed: Flags


def score(
    submission: Submission,
    references: Mapping[str, Reference],
    task: Task,
    scorers: Sequence[OpenScorer],
    manifest: Manifest,
    salt: str,
) -> tuple[ScoreCard, Stats]:
    """Judge the submission on the cases of `references`, all of them and no other.

    `salt` is the secret with which the ids of cases and groups are hashed in the statistics.
    Raises ScoreError naming a scorer that fails and, where it can be found, the case on which it does.
    """
    if not references:
        raise ScoreError("there is no reference to score against", todo="choose a split that has its targets")
    ids = sorted(references, key=id_order)
    wanted = _is_there([[references[i].values.get(f.name, "") for i in ids] for f in task.fields])
    written = _is_there([[submission.rows.get(i, {}).get(f.name, "") for i in ids] for f in task.fields])
    pairs = _pairs(submission, references, task, ids, wanted & written)
    working = [one for one in scorers if one.scorer is not None]

    values = np.full((*wanted.shape, sum(len(one.columns) for one in working)), np.nan)
    at = 0
    for one in working:
        until = at + len(one.columns)
        values[wanted & ~written, at:until] = _worst(one)
        values[wanted & written, at:until] = _measure(one, pairs)
        at = until

    stats = Stats(
        fields=tuple(f.name for f in task.fields),
        columns=tuple(column for one in working for column in one.columns),
        ids=tuple(_salted(salt, i) for i in ids),
        groups=tuple(_salted(salt, references[i].group) for i in ids),
        values=values,
        failed=wanted & ~written,
    )
    card = ScoreCard(
        manifest=manifest,
        reference_digest=reference_digest(references, task),
        ids_digest=ids_digest(references),
        signatures={column: _signature(one, column) for one in working for column in one.columns},
        scores={**{column: None for one in scorers for column in one.columns}, **_aggregate(stats)},
        cases_digest=digest_bytes(_npz(stats)),
    )
    return card, stats


def _aggregate(stats: Stats) -> dict[str, dict[str, ColumnScore]]:
    """Column -> field -> mean over cases. How cases become a number is decided here and nowhere else."""
    scores: dict[str, dict[str, ColumnScore]] = {}
    for c, column in enumerate(stats.columns):
        scores[column] = {}
        for f, field in enumerate(stats.fields):
            kept = stats.values[f, ~np.isnan(stats.values[f, :, c]), c]
            scores[column][field] = ColumnScore(
                value=float(np.mean(kept)) if len(kept) else math.nan,
                n=len(kept),
                failed=int(stats.failed[f].sum()),
                excluded=len(stats.ids) - len(kept),
            )
    return scores


def mean_over_fields(scores: Mapping[str, ColumnScore] | None) -> float | None:
    """The value of a column; None where it is n/a, or where a field has no reference at all."""
    if scores is None or any(math.isnan(one.value) for one in scores.values()):
        return None
    return statistics.fmean(one.value for one in scores.values())


def mean_over_columns(values: Mapping[str, float | None], columns: Sequence[str]) -> float | None:
    """The mean of exactly these columns; None where one of them is missing."""
    present = [value for column in columns if (value := values.get(column)) is not None]
    return statistics.fmean(present) if present and len(present) == len(columns) else None


def ids_digest(ids: Iterable[str]) -> str:
    return digest_bytes("\n".join(sorted(ids, key=id_order)).encode())


def reference_digest(references: Mapping[str, Reference], task: Task) -> str:
    return digest({i: {f.name: r.values.get(f.name, "") for f in task.fields} for i, r in references.items()})


def _is_there(texts: Sequence[Sequence[str]]) -> Flags:
    return np.array([[bool(text.strip()) for text in row] for row in texts], dtype=np.bool_)


def _pairs(
    submission: Submission, references: Mapping[str, Reference], task: Task, ids: Sequence[str], judged: Flags
) -> list[Pair]:
    """The pairs of the marked cells, field by field."""
    pairs = []
    for f, c in np.argwhere(judged):
        case, field = ids[c], task.fields[f].name
        reference = references[case]
        pairs.append(Pair(case, reference.group, field, reference.values[field], submission.rows[case][field]))
    return pairs


def _salted(salt: str, name: str) -> str:
    return digest_bytes((salt + name).encode())[:16]


def _signature(one: OpenScorer, column: str) -> Signature:
    """The scorer's signature with the variant of the aggregation, its parts in alphabetical order."""
    assert one.scorer is not None
    signature = one.scorer.signature(column)
    identity = {"metric": column, "variant": VARIANT, **signature.identity}
    return Signature(dict(sorted(identity.items())), dict(sorted(signature.environment.items())))


# --------------------------------------------------------------------------- a scorer at work


class _BrokenError(Exception):
    """What a scorer did wrong, in words that hold no text of a pair."""


def _measure(one: OpenScorer, pairs: Sequence[Pair]) -> Floats:
    """The scorer's rows for all pairs, shape (pairs, columns)."""
    batches = [pairs[i : i + BATCH] for i in range(0, len(pairs), BATCH)]
    rows = [_batch(one, batch) for batch in bar(batches, f"scoring: {one.name}", total=len(batches), unit="batch")]
    return np.concatenate(rows) if rows else np.empty((0, len(one.columns)))


def _batch(one: OpenScorer, pairs: Sequence[Pair]) -> Floats:
    try:
        return _rows(one, pairs)
    except _BrokenError as broken:
        found = _culprit(one, pairs)
        where = f"on case {found.case}, {found.field}" if found else f"on {len(pairs)} pairs at once, on none alone"
        raise ScoreError(
            f"the scorer '{one.name}' {broken}, {where}", todo="mend it, or name the others: --scorers a,b"
        ) from None


def _rows(one: OpenScorer, pairs: Sequence[Pair]) -> Floats:
    assert one.scorer is not None
    try:
        rows = np.asarray(one.scorer.measure(pairs), dtype=np.float64)
    except HarnessError:
        raise
    except Exception as error:
        raise _BrokenError(f"failed: {fault(error)}") from None
    if rows.shape != (shape := (len(pairs), len(one.columns))):
        raise _BrokenError(f"returned an array of shape {rows.shape} where {shape} (pairs, columns) was due")
    if not np.isfinite(rows).all():
        raise _BrokenError("returned a value that is not a finite number")
    return rows


def _culprit(one: OpenScorer, pairs: Sequence[Pair]) -> Pair | None:
    """A pair on which the scorer fails by itself, found by halving."""

    def fails(some: Sequence[Pair]) -> bool:
        try:
            _rows(one, some)
        except _BrokenError:
            return True
        return False

    while len(pairs) > 1:
        half = len(pairs) // 2
        pairs = pairs[:half] if fails(pairs[:half]) else pairs[half:]
    return pairs[0] if fails(pairs) else None


def _worst(one: OpenScorer) -> list[float]:
    assert one.scorer is not None
    worst = [float(one.scorer.worst(column)) for column in one.columns]
    if not all(map(math.isfinite, worst)):
        raise ScoreError(
            f"the scorer '{one.name}' gives a failed text {worst} in its columns {', '.join(one.columns)}",
            todo="let `worst` return a finite number: a failed text counts in the mean",
        )
    return worst


# --------------------------------------------------------------------------- cards as files


def write_card(card: ScoreCard, stats: Stats, folder: Path) -> None:
    """Write `scores.json` and `cases.npz`: the same card gives the same bytes."""
    write_atomic(folder / CASES_FILE, _npz(stats))
    # NaN is no JSON: a field without any reference has the value null.
    plain = json.loads(canonical_json(card), parse_constant=lambda _: None)
    write_atomic(folder / CARD_FILE, json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n")


def remove_card(folder: Path) -> None:
    for name in (CARD_FILE, CASES_FILE):
        (folder / name).unlink(missing_ok=True)


def read_card(folder: Path) -> ScoreCard:
    """Read the card in `folder`. Raises ScoreError for a missing card, a broken one, or one of another schema."""
    path = folder / CARD_FILE
    again = "score the submission again"
    try:
        data = json.loads(path.read_bytes())
        schema = data["schema"]
    except FileNotFoundError:
        raise ScoreError(f"{folder} holds no {CARD_FILE}", todo="score the submission first") from None
    except (ValueError, KeyError, TypeError):
        raise ScoreError(f"{path} is not a score card", todo=again) from None
    if schema != ScoreCard.schema:
        raise ScoreError(f"{path} has the schema {schema}, this version reads {ScoreCard.schema}", todo=again)
    try:
        return _card(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ScoreError(f"{path} is not a whole score card ({type(error).__name__}: {error})", todo=again) from None


def read_stats(folder: Path) -> Stats:
    """Read the statistics beside the card. Raises ScoreError where they are not the card's own."""
    path = folder / CASES_FILE
    data = path.read_bytes() if path.exists() else b""
    if digest_bytes(data) != read_card(folder).cases_digest:
        raise ScoreError(f"{path} does not belong to the {CARD_FILE} beside it", todo="score the submission again")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        names = {name: tuple(map(str, arrays[name])) for name in ("fields", "columns", "ids", "groups")}
        return Stats(**names, values=arrays["values"], failed=arrays["failed"])


def _npz(stats: Stats) -> bytes:
    # numpy stamps every member with 1980-01-01, so equal arrays are equal bytes.
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f.name: np.asarray(getattr(stats, f.name)) for f in fields(stats)}
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _card(data: Mapping[str, Any]) -> ScoreCard:
    manifest: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data["manifest"].items()
    }
    return ScoreCard(
        manifest=Manifest(**manifest),
        reference_digest=data["reference_digest"],
        ids_digest=data["ids_digest"],
        signatures={column: Signature(**signature) for column, signature in data["signatures"].items()},
        scores={column: by_field and _column(by_field) for column, by_field in data["scores"].items()},
        cases_digest=data["cases_digest"],
    )


def _column(by_field: Mapping[str, Mapping[str, Any]]) -> dict[str, ColumnScore]:
    nan = {"value": math.nan}
    return {
        field: ColumnScore(**(one if one["value"] is not None else {**one, **nan})) for field, one in by_field.items()
    }
