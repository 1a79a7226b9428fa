"""Statistics -> score card, and both as files: the same scores give the same bytes.

A card for each variant stands beside the statistics that both are made from."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from harness.aggregate import Variant, aggregate, refusals, short_targets, signed, truncation
from harness.errors import ScoreError
from harness.files import canonical_json, digest, digest_bytes, write_atomic
from harness.parts import of_parts
from harness.score import Measured, Stats
from harness.types import ColumnScore, Manifest, ScoreCard, ShortTargets, Signature, Task, Truncation

CARD_FILES: Mapping[Variant, str] = {"corrected": "scores.json", "official": "scores-official.json"}
CASES_FILE = "cases.npz"
_OF_PARTS = "parts."
"""Stands before the names of the arrays that are of parts."""
_AGAIN = "score the submission again"


def make_card(measured: Measured, manifest: Manifest, task: Task, variant: Variant) -> ScoreCard:
    stats = measured.stats
    return ScoreCard(
        manifest=manifest,
        variant=variant,
        reference_digest=measured.reference_digest,
        ids_digest=measured.ids_digest,
        signatures={column: signed(one, task, column, variant) for column, one in measured.signatures.items()},
        scores={**dict.fromkeys(measured.missing), **aggregate(stats, task, variant)},
        truncation=truncation(stats),
        short=short_targets(stats, task, variant),
        refusals=refusals(stats),
        measures=measured.measures,
        sources=measured.sources,
        parts=aggregate(measured.parts, of_parts(task), variant) if measured.parts else {},
        cases_digest=digest_bytes(_npz(stats, measured.parts)),
    )


def write_cards(cards: Sequence[ScoreCard], stats: Stats, folder: Path, parts: Stats | None = None) -> None:
    """Write the cards of one submission, a variant each, and then their statistics: a crash before them leaves no card
    that is trusted, and those of all variants that were asked for."""
    retire_cards(folder)
    for card in cards:
        write_atomic(folder / CARD_FILES[card.variant], card_bytes(card))
    write_atomic(folder / CASES_FILE, _npz(stats, parts))


def card_bytes(card: ScoreCard) -> bytes:
    """The card's file. Its `digest` is that of all the rest, so that a card edited by hand is known."""
    # NaN is no JSON: a field without any reference has the value null.
    plain = json.loads(canonical_json(card), parse_constant=lambda _: None)
    text = json.dumps({**plain, "digest": digest(plain)}, sort_keys=True, ensure_ascii=False, indent=1)
    return text.encode() + b"\n"


def variants_in(folder: Path) -> list[Variant]:
    """The corrected variant, and the official one where it was asked for before: the two are always of one state."""
    return [variant for variant, name in CARD_FILES.items() if variant == "corrected" or (folder / name).exists()]


def retire_cards(folder: Path) -> None:
    """Leave no card there that is trusted. The official one stays without its statistics: that it was asked for is
    known by it alone."""
    for name in (CASES_FILE, CARD_FILES["corrected"]):
        (folder / name).unlink(missing_ok=True)


def read_card(path: Path) -> ScoreCard:
    """Read a card's file. Raises ScoreError for a missing card, a broken one, one of another schema, and one that
    was edited by hand: a part is missing, a value is no number, or the digest is not that of what it says."""
    try:
        data = json.loads(path.read_bytes(), parse_constant=_no_number)
        schema = data["schema"]
    except FileNotFoundError:
        raise ScoreError(f"{path.parent} holds no {path.name}", todo="score the submission first") from None
    except ScoreError as refusal:
        raise ScoreError(f"{path} {refusal.what}", todo=_AGAIN) from None
    except (ValueError, KeyError, TypeError):
        raise ScoreError(f"{path} is not a score card", todo=_AGAIN) from None
    if schema != ScoreCard.schema:
        raise ScoreError(f"{path} has the schema {schema}, this version reads {ScoreCard.schema}", todo=_AGAIN)
    try:
        card = _card(data)
    except KeyError as error:
        raise ScoreError(f"{path} is not a whole score card: it has no {error.args[0]}", todo=_AGAIN) from None
    except (TypeError, AttributeError) as error:
        raise ScoreError(f"{path} is not a whole score card ({error})", todo=_AGAIN) from None
    _check_whole(card, path)
    if data.get("digest") != digest({name: value for name, value in data.items() if name != "digest"}):
        raise ScoreError(f"{path} was edited after it was written: its digest is not that of what it says", todo=_AGAIN)
    return card


def _no_number(constant: str) -> float:
    raise ScoreError(f"has {constant} where a number belongs")


def _check_whole(card: ScoreCard, path: Path) -> None:
    """Every column has every field, and every field that has cases a value."""
    scores = {column: by_field for column, by_field in card.scores.items() if by_field is not None}
    names = dict.fromkeys(field for by_field in scores.values() for field in by_field)
    for column, by_field in scores.items():
        for field in names:
            if field not in by_field:
                raise ScoreError(f"{path}: its column {column} lacks {field}, which others have", todo=_AGAIN)
            if by_field[field].n and math.isnan(by_field[field].value):
                raise ScoreError(f"{path}: its column {column} has no number for {field}", todo=_AGAIN)


def read_stats(folder: Path, card: ScoreCard) -> Stats:
    """Read the statistics beside the card. Raises ScoreError where they are not the card's own."""
    return _read_stats(folder, card, "")


def read_part_stats(folder: Path, card: ScoreCard) -> Stats | None:
    """The same of the parts of the texts, None where the task has none."""
    return _read_stats(folder, card, _OF_PARTS) if card.parts else None


def _read_stats(folder: Path, card: ScoreCard, prefix: str) -> Stats:
    path = folder / CASES_FILE
    data = path.read_bytes() if path.exists() else b""
    if digest_bytes(data) != card.cases_digest:
        raise ScoreError(f"{path} does not belong to the card beside it", todo=_AGAIN)
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:  # the digest says that every array is there
        read: dict[str, Any] = {f.name: _plain(arrays[f"{prefix}{f.name}"]) for f in fields(Stats)}
    return Stats(**read)


def _npz(whole: Stats, parts: Stats | None) -> bytes:
    # numpy stamps every member with 1980-01-01, so equal arrays are equal bytes.
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {}
    for prefix, stats in (("", whole), (_OF_PARTS, parts)):
        if stats is not None:
            arrays |= {f"{prefix}{f.name}": _array(getattr(stats, f.name)) for f in fields(stats)}
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _array(value: Any) -> Any:
    """Names as an array of text, whatever their number."""
    return np.array(value, dtype=np.str_) if isinstance(value, tuple) else value


def _plain(array: Any) -> Any:
    return tuple(map(str, array)) if array.dtype.kind == "U" else array


def _card(data: Mapping[str, Any]) -> ScoreCard:
    manifest: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data["manifest"].items()
    }
    return ScoreCard(
        manifest=Manifest(**manifest),
        variant=data["variant"],
        reference_digest=data["reference_digest"],
        ids_digest=data["ids_digest"],
        signatures={column: Signature(**signature) for column, signature in data["signatures"].items()},
        scores={column: by_field and _column(by_field) for column, by_field in data["scores"].items()},
        truncation={
            column: {field: Truncation(**one) for field, one in by_field.items()}
            for column, by_field in data["truncation"].items()
        },
        short={
            field: ShortTargets(one["n"], {column: _number(value) for column, value in one["without"].items()})
            for field, one in data["short"].items()
        },
        refusals=data["refusals"],
        measures=data["measures"],
        sources=data.get("sources", {}),
        parts={column: _column(by_part) for column, by_part in data.get("parts", {}).items()},
        cases_digest=data["cases_digest"],
    )


def _column(by_field: Mapping[str, Mapping[str, Any]]) -> dict[str, ColumnScore]:
    return {field: ColumnScore(**{**one, "value": _number(one["value"])}) for field, one in by_field.items()}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
