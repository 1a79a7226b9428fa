"""What features need besides texts, from the resources of a contest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import assets
from harness.files import digest
from harness.nlp.concepts import KeepingMatcher, open_matcher
from harness.nlp.concepts.open_vocabulary import RULES
from harness.resources import Resources
from harness.selection.features import Asset

VOCABULARY = "open-vocabulary"


@dataclass(frozen=True)
class ResourceAids:
    """The guide of the train split, the line-up's encoder and the open vocabulary; `work` is a private folder."""

    resources: Resources
    work: Path

    def usual_words(self, field: str) -> int:
        return self.resources.guide.words(field)

    def identity(self, asset: Asset) -> str:
        if asset == "encoder":
            return self.resources.digest_of("encoder")
        return digest([assets.digest(VOCABULARY), RULES])

    def concepts(self, texts: Sequence[str]) -> list[frozenset[str]]:
        found = self._matcher.concepts(texts)
        return [frozenset(id_ for ids in terms.values() for id_ in ids) for terms in found]

    def vectors(self, texts: Sequence[str]) -> Any:
        return self.resources.encoder.encode(texts)

    @cached_property
    def _matcher(self) -> KeepingMatcher:
        return open_matcher("open", assets.path, self.work)
