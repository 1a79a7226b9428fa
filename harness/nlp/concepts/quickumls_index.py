"""A user's QuickUMLS index, matched as the package quickumls 1.4.2 does where the shared task's scorer calls it.

The package's own readers open the index and look strings up. What is ours is the way there: no entity recogniser, no
parser where nothing depends on it, and every string looked up once.
Source: Soldaini and Goharian, QuickUMLS (MedIR 2016); the package's core.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

from harness.characters import readable
from harness.errors import AssetError
from harness.files import digest, digest_file
from harness.nlp.concepts.ngrams import SHORTEST, WINDOW, Concepts, Found, concepts
from harness.nlp.concepts.semantic_types import SEMANTIC_TYPES
from harness.nlp.concepts.tagged import TO_INSTALL, Tagged, Tagger, open_tagger

THRESHOLD = 1
SIMILARITY = "jaccard"

_TERMS = Path("umls-simstring.db", "umls-terms.simstring")
_CONCEPTS = Path("cui-semtypes.db")
_NOTES_OF_LEVELDB = ("LOG", "LOCK", "CURRENT", "MANIFEST")
_REMEMBERED = 1 << 18
_TO_BUILD = "build one from your UMLS with `python -m quickumls.install UMLS_FOLDER INDEX_FOLDER`"


class QuickUmls:
    """A `Matcher` over an index, opened with the package's own readers."""

    def __init__(self, folder: Path, toolbox: Any, tagger: Tagger) -> None:
        self._folder, self._tagger = folder, tagger
        self._retrieve = toolbox.SimstringDBReader(str(folder / _TERMS.parent), SIMILARITY, THRESHOLD).db.retrieve
        self._concepts = toolbox.CuiSemTypesDB(str(folder / _CONCEPTS), database_backend=_backend(folder))
        self._similarity = toolbox.get_similarity
        self._lowercase = (folder / "lowercase.flag").exists()
        self._ascii = (folder / "normalize-unicode.flag").exists()
        self._find = lru_cache(_REMEMBERED)(self._found)

    def concepts(self, text: str) -> Concepts:
        tagged = self._tagger.tag(readable(text))
        if not tagged.parsed and any(map(self._look_up, _unsure_spans(tagged))):
            tagged = self._tagger.parse(tagged)
        return concepts(tagged.tokens, self._look_up)

    def _look_up(self, span: str) -> Found | None:
        if self._ascii:
            from unidecode import unidecode

            span = unidecode(span)
        return self._find(span.lower() if self._lowercase or span.isupper() else span)

    def _found(self, text: str) -> Found | None:
        """The accepted concepts of the terms that have the trigrams of `text`, in the order of the package."""
        matches: list[tuple[float, int, str, str]] = []
        before = None
        for term in self._retrieve(text if text.isascii() else unicodedata.normalize("NFKD", text)):
            similarity = self._similarity(x=text, y=term, n=3, similarity_name=SIMILARITY)
            for concept, types, preferred in sorted(self._concepts.get(term)) if similarity else ():
                if SEMANTIC_TYPES.isdisjoint(types):
                    continue
                if concept == before:
                    if similarity <= matches[-1][0]:
                        continue
                    matches.pop()
                before = concept
                matches.append((similarity, preferred, unicodedata.normalize("NFKD", term), concept))
        matches.sort(key=lambda match: match[0] + match[1], reverse=True)
        return Found(matches[0][0], tuple((term, concept) for *_, term, concept in matches)) if matches else None

    @property
    def longest(self) -> int:
        """A third of what spaCy takes: for more the tagger needs long, and nobody writes so much for a stay."""
        return int(self._tagger.nlp.max_length) // 3

    @cached_property
    def identity(self) -> Mapping[str, str]:
        return {
            "rules": "quickumls-1.4.2",
            "window": str(WINDOW),
            "threshold": str(THRESHOLD),
            "similarity": SIMILARITY,
            "shortest": str(SHORTEST),
            "types": digest(sorted(SEMANTIC_TYPES))[:16],
            "index": _digest(self._folder)[:16],
            **self._tagger.identity,
        }

    @property
    def environment(self) -> Mapping[str, str]:
        packages = ("quickumls", "quickumls-simstring", "unidecode")
        return {**{name: version(name) for name in packages}, **self._tagger.environment}


def open_index(index: str) -> QuickUmls:
    """Open the index in the folder `index`. Raises AssetError where it, or what reads it, is missing."""
    if not index:
        raise AssetError(
            "the official medcon needs a QuickUMLS index, and UMLS a licence of its own",
            todo=f'{_TO_BUILD}, and name it in the line-up: [scorers.medcon] matcher = "quickumls", index = "FOLDER"',
        )
    folder = Path(index).expanduser().absolute()
    for part in (_TERMS, _CONCEPTS):
        if not (folder / part).exists():
            raise AssetError(f"{folder} is no QuickUMLS index: it has no {part}", todo=_TO_BUILD)
    language = _flag(folder, "language.flag", "ENG")
    if language != "ENG":
        raise AssetError(
            f"the QuickUMLS index {folder} is of the language {language}; MEDCON is defined for English",
            todo=f"{_TO_BUILD} -E ENG",
        )
    try:
        from quickumls import toolbox
    except ImportError as error:
        raise AssetError(f"the matcher quickumls needs the package {error.name}", todo=TO_INSTALL) from None
    tagger = open_tagger()
    try:
        return QuickUmls(folder, toolbox, tagger)
    except Exception as error:  # each backend has errors of its own
        raise AssetError(
            f"the QuickUMLS index {folder} cannot be opened: {type(error).__name__}",
            todo="made with the backend leveldb, it serves one process at a time: score with --jobs 1, or "
            f"{_TO_BUILD} (the backend unqlite is the default)",
        ) from None


def _flag(folder: Path, name: str, otherwise: str) -> str:
    return (folder / name).read_text().strip() if (folder / name).exists() else otherwise


def _backend(folder: Path) -> str:
    return _flag(folder, "database_backend.flag", "leveldb")


def _digest(folder: Path) -> str:
    """Digest of what an index holds. leveldb writes notes of its own whenever it is opened: they are left out."""
    held = [folder / _TERMS, *sorted(folder.glob("*.flag")), *sorted((folder / _CONCEPTS).rglob("*"))]
    held = [
        one for one in held if one.is_file() and one.suffix != ".log" and not one.name.startswith(_NOTES_OF_LEVELDB)
    ]
    return digest({one.relative_to(folder).as_posix(): digest_file(one) for one in held})


def _unsure_spans(tagged: Tagged) -> Iterator[str]:
    """What else might be looked up, were a token of a closed class of another one: every text that a span could have
    which begins or ends with such a token, or has a determiner in it."""
    kinds, texts = tagged.kinds, tagged.tokens.texts
    closed = [kind.closed for kind in kinds]
    for i, kind in enumerate(kinds):
        if not kind.first or True not in closed[i : i + WINDOW]:
            continue
        inner: list[int] = []
        for j in range(i, min(len(kinds), i + WINDOW)):
            if kinds[j].last and (inner or closed[i] or closed[j]):
                yield from _variants(texts[i : j + 1], inner)
            if j > i and kinds[j].determiner:
                inner.append(j - i)


def _variants(texts: list[str], determiners: list[int]) -> Iterator[str]:
    """The texts joined, with and without each of the determiners."""
    if not determiners:
        yield "".join(texts).strip()
        return
    for kept in product((True, False), repeat=len(determiners)):
        left_out = {at for at, keep in zip(determiners, kept, strict=True) if not keep}
        yield "".join(text for at, text in enumerate(texts) if at not in left_out).strip()
