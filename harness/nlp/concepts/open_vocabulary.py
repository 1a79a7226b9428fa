"""The open vocabulary, looked up by the rules of QuickUMLS."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import AssetError
from harness.files import digest_file
from harness.nlp.concepts.ngrams import SHORTEST, WINDOW, Concepts, Found, concepts
from harness.nlp.concepts.words import plain, tokens

TABLE = "concepts.tsv"
RULES: Mapping[str, str] = {
    "rules": "quickumls-1.4.2",
    "window": str(WINDOW),
    "shortest": str(SHORTEST),
    "case": "ignored",
    "tokens": "words-2",
}
"""How names are found, whatever the table: a part of the signature."""


@dataclass(frozen=True)
class OpenVocabulary:
    """A `Matcher` over a table of names, each with the ids of its concepts. A name is found whatever its case and
    apostrophe; words are cut and told apart by lists, not by a tagger."""

    names: Mapping[str, tuple[str, ...]]
    digest: str
    longest: None = None

    def concepts(self, text: str) -> Concepts:
        return concepts(tokens(text), self._look_up)

    def _look_up(self, span: str) -> Found | None:
        name = plain(span)
        ids = self.names.get(name)
        return Found(1.0, tuple((name, id_) for id_ in ids)) if ids else None

    @property
    def identity(self) -> Mapping[str, str]:
        return {**RULES, "vocabulary": self.digest[:16]}

    @property
    def environment(self) -> Mapping[str, str]:
        return {"unicode": unicodedata.unidata_version}


def open_vocabulary(folder: Path) -> OpenVocabulary:
    """Read the table in `folder`. Raises AssetError where it cannot be read."""
    return OpenVocabulary(_read(folder / TABLE), digest_file(folder / TABLE))


def _read(table: Path) -> dict[str, tuple[str, ...]]:
    """The ids of each name's concepts, in the order of the table."""
    ids: dict[str, tuple[str, ...]] = {}
    try:
        with table.open(encoding="utf-8") as lines:
            for line in lines:
                id_, _, _, names = line.rstrip("\n").split("\t")
                for name in names.split("|"):
                    ids[name] = (*ids.get(name, ()), id_)
    except (OSError, ValueError):
        raise AssetError(
            f"the open vocabulary in {table.parent.name} cannot be read",
            todo=f"delete the folder {table.parent.name} in the assets folder, and run "
            "`harness assets fetch open-vocabulary`",
        ) from None
    return ids
