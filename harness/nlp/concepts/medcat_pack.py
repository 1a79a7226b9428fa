"""A user's MedCAT model pack. MedCAT chooses among the concepts of a name by context; we keep the longest finds."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.errors import AssetError
from harness.files import digest, digest_folder
from harness.nlp.concepts.ngrams import Concepts
from harness.nlp.concepts.semantic_types import SEMANTIC_TYPES


@dataclass(frozen=True)
class ModelPack:
    """A `Matcher` over an opened pack. Where the pack knows UMLS's semantic types, only MEDCON's count."""

    cat: Any
    digest: str
    typed: bool

    def concepts(self, text: str) -> Concepts:
        found = self.cat.get_entities(text)["entities"].values()
        terms: dict[str, dict[str, None]] = {}
        for entity in _longest(found, len(text)):
            if not self.typed or not SEMANTIC_TYPES.isdisjoint(entity["type_ids"]):
                terms.setdefault(entity["detected_name"], {})[entity["cui"]] = None
        return {term: tuple(ids) for term, ids in terms.items()}

    @property
    def longest(self) -> int:
        return int(self.cat.config.preprocessing.max_document_length)

    @property
    def identity(self) -> Mapping[str, str]:
        types = digest(sorted(SEMANTIC_TYPES))[:16] if self.typed else "all"
        return {"rules": "medcat-longest", "types": types, "pack": self.digest[:16]}

    @property
    def environment(self) -> Mapping[str, str]:
        return {"medcat": version("medcat")}


def open_pack(pack: str) -> ModelPack:
    """Open the pack in the folder `pack`. Raises AssetError where there is none."""
    if not pack:
        raise AssetError(
            "medcon[medcat] needs a MedCAT model pack",
            todo='unpack one, and name it in the line-up: [scorers.medcon] matcher = "medcat", pack = "FOLDER"',
        )
    folder = Path(pack).expanduser().absolute()
    if not (folder / "cdb").is_dir():
        raise AssetError(
            f"{folder} is no unpacked MedCAT model pack: it has no folder cdb",
            todo="unzip the pack, and give that folder; load and save a pack of MedCAT 1 with MedCAT 2 first",
        )
    from medcat.cat import CAT

    logging.getLogger("medcat").setLevel(logging.ERROR)
    try:
        cat = CAT.load_model_pack(str(folder))
    except Exception as error:  # whatever its parts raise
        raise AssetError(
            f"the MedCAT model pack {folder} cannot be opened by medcat {version('medcat')}: {type(error).__name__}",
            todo="see that it is whole, and of this version of MedCAT",
        ) from None
    typed = any(not SEMANTIC_TYPES.isdisjoint(info["type_ids"]) for info in cat.cdb.cui2info.values())
    return ModelPack(cat, digest_folder(folder), typed)


def _longest(entities: Any, length: int) -> Iterator[Any]:
    """Of entities that overlap, the longest: MedCAT also lists those of one word that lie within another."""
    taken = bytearray(length)
    for entity in sorted(entities, key=lambda one: (one["start"] - one["end"], one["start"])):
        start, end = entity["start"], entity["end"]
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            yield entity
