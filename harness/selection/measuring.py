"""The features of candidates, computed once: what is kept is looked up, the rest is computed, in several processes if
wished.

What a candidate is by itself is kept beside it, in the folder of its run, for every pool that it stands in; what it is
among the others of a pool is kept for that pool. A row is found by the digest of all that it depends on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from harness.files import digest
from harness.kept_rows import KeptRows
from harness.privacy import is_restricted, restrict
from harness.processes import DeafContext
from harness.progress import counter
from harness.selection.features import FEATURES, MEMBER, VERSION, Asset, Feature
from harness.selection.offers import Stall
from harness.selection.reading import Reading, Seen
from harness.types import Offer

FILE = "features.sqlite"
STALLS_AT_ONCE = 64
PASSAGE = 100
"""Words of a passage that the encoder turns into one vector."""

_TABLE = """CREATE TABLE IF NOT EXISTS features
    (kind TEXT, candidate BLOB, cells BLOB, PRIMARY KEY (kind, candidate)) WITHOUT ROWID"""

Kind: TypeAlias = tuple[Asset | None, bool]
"""(what is needed, whether it depends on the other candidates): features of one kind are computed and kept together."""
Rows: TypeAlias = list[list[float]]


class Aids(Protocol):
    """What features need besides the texts."""

    def usual_words(self, field: str) -> int: ...

    def identity(self, asset: Asset) -> str:
        """Digest of an asset and of how it is read, without opening it. Raises AssetError where it is not to be had."""
        ...

    def concepts(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """The ids of the concepts that each text mentions."""
        ...

    def vectors(self, texts: Sequence[str]) -> Any:
        """Array of shape (texts, dimensions), rows of unit length."""
        ...


@dataclass(frozen=True)
class FeatureStore:
    """Rows of features in a run's folder."""

    folder: Path

    @cached_property
    def _rows(self) -> KeptRows:
        return KeptRows(self.folder / FILE, _TABLE, "features", "computed")

    def get(self, kind: str, keys: Sequence[bytes], width: int) -> list[list[float] | None]:
        cells = self._rows.cells(
            "SELECT cells FROM features WHERE kind = ? AND candidate = ?", [(kind, key) for key in keys]
        )
        return [np.frombuffer(one, "<f8").tolist() if one and len(one) == 8 * width else None for one in cells]

    def put(self, kind: str, rows: Iterable[tuple[bytes, Sequence[float]]]) -> None:
        packed = [(kind, key, np.array(cells, "<f8").tobytes()) for key, cells in rows]
        self._rows.write("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", packed)


@dataclass(frozen=True)
class Measuring:
    """`shelves` has the store of each member, `own` is the pool's."""

    shelves: Mapping[str, FeatureStore]
    own: FeatureStore
    aids: Aids
    jobs: int = 1

    def offers(self, stalls: Sequence[Stall], features: Sequence[Feature]) -> list[Offer]:
        """What a selector sees of each stall: these features, and who wrote what."""
        found: list[list[dict[str, float]]] = [[{f"{MEMBER}{name}": 1.0} for name in stall.members] for stall in stalls]
        wanted = {feature.name for feature in features}
        for kind in dict.fromkeys((feature.needs, feature.among) for feature in features):
            names = of_kind(kind)
            for mappings, rows in zip(found, self._rows(stalls, kind), strict=True):
                for mapping, row in zip(mappings, rows, strict=True):
                    mapping.update((name, value) for name, value in zip(names, row, strict=True) if name in wanted)
        return [Offer(stall.field, stall.group, tuple(mappings)) for stall, mappings in zip(stalls, found, strict=True)]

    def _rows(self, stalls: Sequence[Stall], kind: Kind) -> list[Rows]:
        needs, among = kind
        names = of_kind(kind)
        key = digest([VERSION, version("textstat"), names, PASSAGE, self.aids.identity(needs) if needs else None])[:32]
        keys = [_keys(stall, among, self.aids.usual_words(stall.field)) for stall in stalls]
        kept = self._kept(stalls, among, key, keys, len(names))
        lacking = [at for at, rows in enumerate(kept) if None in rows]
        for some in _slices(lacking, STALLS_AT_ONCE * max(1, 4 * self.jobs)):
            computed = self._compute([stalls[at] for at in some], kind)
            for at, rows in zip(some, computed, strict=True):
                kept[at] = list(rows)
            self._keep(some, stalls, among, key, keys, computed)
        return [[row for row in rows if row is not None] for rows in kept]

    def _kept(
        self, stalls: Sequence[Stall], among: bool, key: str, keys: Sequence[Sequence[bytes]], width: int
    ) -> list[list[list[float] | None]]:
        kept: list[list[list[float] | None]] = [[None] * len(stall.members) for stall in stalls]
        for store, places in self._places(range(len(stalls)), stalls, among).items():
            rows = store.get(key, [keys[at][i] for at, i in places], width)
            for (at, i), row in zip(places, rows, strict=True):
                kept[at][i] = row
        return kept

    def _keep(
        self,
        some: Sequence[int],
        stalls: Sequence[Stall],
        among: bool,
        key: str,
        keys: Sequence[Sequence[bytes]],
        computed: Sequence[Rows],
    ) -> None:
        rows = dict(zip(some, computed, strict=True))
        for store, places in self._places(some, stalls, among).items():
            store.put(key, ((keys[at][i], rows[at][i]) for at, i in places))

    def _places(
        self, some: Iterable[int], stalls: Sequence[Stall], among: bool
    ) -> dict[FeatureStore, list[tuple[int, int]]]:
        """(stall, candidate) by the store that has its row."""
        places: dict[FeatureStore, list[tuple[int, int]]] = {}
        for at in some:
            for i, member in enumerate(stalls[at].members):
                places.setdefault(self.own if among else self.shelves[member], []).append((at, i))
        return places

    def _compute(self, stalls: Sequence[Stall], kind: Kind) -> list[Rows]:
        usual = {stall.field: self.aids.usual_words(stall.field) for stall in stalls}
        if kind[0] is not None or self.jobs == 1 or len(stalls) <= STALLS_AT_ONCE:
            return compute(stalls, kind, usual, self.aids)
        chunks = list(_slices(stalls, STALLS_AT_ONCE))
        return [rows for chunk in self._processes(chunks, kind, usual) for rows in chunk]

    def _processes(self, chunks: Sequence[Sequence[Stall]], kind: Kind, usual: Mapping[str, int]) -> list[list[Rows]]:
        work = [(chunk, kind, usual) for chunk in chunks]
        with ProcessPoolExecutor(self.jobs, DeafContext(), _begin, (is_restricted(),)) as processes:
            return list(processes.map(_compute_there, work))


def of_kind(kind: Kind) -> list[str]:
    """The names of the features of a kind, in the order of their cells."""
    return sorted(name for name, one in FEATURES.items() if (one.needs, one.among) == kind)


def compute(stalls: Sequence[Stall], kind: Kind, usual: Mapping[str, int], aids: Aids | None) -> list[Rows]:
    """The features of a kind for the candidates of some stalls: a row a candidate."""
    names = of_kind(kind)
    read = _reader(stalls, kind[0], aids)
    rows = []
    with counter("features", total=len(stalls), unit="place") as progress:
        for stall in stalls:
            texts = [read(one.text) for one in stall.candidates]
            source = read(stall.source)
            rows.append(
                [
                    [FEATURES[name].compute(seen) for name in names]
                    for seen in _seen(stall, texts, source, usual[stall.field])
                ]
            )
            progress.update()
    return rows


def _seen(stall: Stall, texts: Sequence[Reading], source: Reading, usual: int) -> Iterator[Seen]:
    for at, (one, text) in enumerate(zip(stall.candidates, texts, strict=True)):
        yield Seen(text, source, [*texts[:at], *texts[at + 1 :]], usual, one.finish, one.logprob)


def _reader(stalls: Sequence[Stall], needs: Asset | None, aids: Aids | None) -> Callable[[str], Reading]:
    texts = list(dict.fromkeys(text for one in stalls for text in (one.source, *(c.text for c in one.candidates))))
    if needs == "concepts" and aids:
        concepts = dict(zip(texts, aids.concepts(texts), strict=True))
        return lambda text: Reading(text, concepts=concepts[text])
    if needs == "encoder" and aids:
        passages = {text: _passages(text) for text in texts}
        different = list(dict.fromkeys(passage for some in passages.values() for passage in some))
        vectors = dict(zip(different, aids.vectors(different), strict=True))
        return lambda text: Reading(text, vectors=np.stack([vectors[passage] for passage in passages[text]]))
    return Reading


def _passages(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[at : at + PASSAGE]) for at in range(0, len(words), PASSAGE)] or [""]


def _keys(stall: Stall, among: bool, usual: int) -> list[bytes]:
    """For each candidate the digest of all that its features depend on."""
    common = blake2b(f"{stall.field}\0{usual}\0{stall.source_digest}".encode(), digest_size=16)
    if among:
        for one in stall.candidates:
            common.update(b"\0" + _bytes(one.text))
    keys = []
    for one in stall.candidates:
        own = common.copy()
        own.update(f"\0{one.finish}\0{one.logprob}\0".encode() + _bytes(one.text))
        keys.append(own.digest())
    return keys


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _slices(some: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (some[start : start + size] for start in range(0, len(some), size))


# --------------------------------------------------------------------------- in a process of its own


def _begin(restricted: bool) -> None:
    if restricted:
        restrict()
    os.environ["TQDM_DISABLE"] = "1"


def _compute_there(work: tuple[Sequence[Stall], Kind, Mapping[str, int]]) -> list[Rows]:
    return compute(*work, None)
