"""One folder from which a machine without a network is set up.

    README.txt, set-up.sh     what to do over there
    SHA256SUMS                of every other file: the script checks them before it uses one
    requirements.txt          each package with its version and sha-256: pip checks them again as it installs
    wheels/                   the packages, those of the build included
    checkout.tar              the harness itself; its install is editable, so it travels as source
    assets.tar                models, encoders, vocabularies

The folder appears whole or not at all. A checksum says that it arrived as it was sent, not who sent it: for that the
checksum of SHA256SUMS is shown on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import assets, files
from harness.air_gap.wants import HOUSE, Packages, on_this_machine, packages
from harness.air_gap.wheels import Machine, Wheels, gather
from harness.errors import AssetError, PrivacyError
from harness.lineup import Lineup
from harness.manifest import REVISION, revision
from harness.privacy import is_restricted
from harness.tuning.adapters import MANIFEST, MERGED
from harness.tuning.job import JOB
from harness.tuning.origin import from_restricted

SUMS = "SHA256SUMS"
CHECKOUT = (
    *("harness", "systems", "scorers", "lineups", "tests", "benchmarks", "oracle", "docs", ".ci", ".gitignore"),
    *("submissions/README.md", "pyproject.toml", "constraints*.txt", "Makefile", "LICENSE", "CITATION.cff", "*.md"),
)
"""What travels of a checkout, by name: code, and nothing of where data lie."""
_TOLD_BY = (MANIFEST, MERGED, JOB)
"""What says of an adapter, of a merged model and of a training whose lessons taught it."""
_TEMPLATES = ("set-up.sh", "README.txt")
"""What is written last, with figures of all the rest."""


@dataclass(frozen=True)
class Export:
    """What an export holds, for whoever made it. `seal` is the checksum of its SHA256SUMS."""

    folder: Path
    machine: Machine
    packages: Packages
    wheels: Wheels
    assets: tuple[str, ...]
    left_behind: tuple[str, ...]
    size: int
    seal: str

    def lines(self) -> list[str]:
        extras = f" with {', '.join(self.packages.extras)}" if self.packages.extras else ""
        torch = self.wheels.version_of("torch")
        found = [
            f"{self.folder}: {self.size / 1e6:.0f} MB, for {self.machine.python} on {self.machine.system}",
            f"  {len(self.wheels.names)} packages{extras}" + (f", torch {torch}" if torch else ""),
            f"  {', '.join(self.assets)}",
        ]
        found += [f"  not taken along, carry it yourself: {name}" for name in self.left_behind]
        return [*found, f"  {SUMS} has the sha-256 {self.seal}", "there: sh set-up.sh DIR (README.txt says more)"]


def export(
    folder: Path, lineup: Lineup, extras: Sequence[str] = (), names: Sequence[str] = (), house: Path = HOUSE
) -> Export:
    """Write the folder: the packages of the core, of these extras and of those that the line-up asks for, these assets
    (all of them where none is named) and the checkout. Raises AssetError, PrivacyError, SettingsError."""
    wanted, checkout = packages(lineup, extras, house), _checkout(house, lineup)
    left_behind = on_this_machine(lineup)
    if is_restricted():
        raise AssetError("nothing is downloaded while HARNESS_OFFLINE is 1", todo="unset it, and export again")
    if folder.exists():
        raise AssetError(f"{folder} is there already", todo="name a folder that is not, or delete it first")
    ready = tuple(dict.fromkeys(names or assets.ASSETS))
    assets.fetch(ready)
    try:
        with files.whole_or_not(folder, f"the export to {folder}") as work:
            wheels = gather(wanted, work)
            (work / REVISION).write_text(f"{revision()}\n", encoding="utf-8")
            assets.pack({**checkout, REVISION: work / REVISION}, work / "checkout.tar")
            assets.pack(assets.packed(ready), work / assets.IN_FOLDER)
            (work / "requirements.txt").write_text(wheels.pinned, encoding="utf-8")
            files.remove(*(work / name for name in ("scratch", "wanted.txt", REVISION)))
            _write_templates(work, wanted, wheels, left_behind)
            seal, size = _seal(work), sum(one.stat().st_size for one in _files(work))
    except OSError as error:
        todo = "make room, or name a folder elsewhere" if files.no_room(error) else "name another folder"
        raise AssetError(f"{folder} cannot be written: {error.strerror}", todo=todo) from None
    return Export(folder, Machine.here(), wanted, wheels, ready, left_behind, size, seal)


# --------------------------------------------------------------------------- the checkout


def _checkout(house: Path, lineup: Lineup) -> dict[str, Path]:
    """The files of the checkout by their names in it, the line-up's among them wherever it lies."""
    found: dict[str, Path] = {}
    for part in CHECKOUT:
        for path in sorted(house.glob(part)):
            inner = [path] if path.is_file() else sorted(path.rglob("*"))
            found |= {one.relative_to(house).as_posix(): one for one in inner if _travels(one)}
    found = _without_ignored(found)
    for name, path in found.items():
        if path.name in _TOLD_BY:
            _refuse_restricted(path, name)
    return _with_lineup(found, lineup)


def _travels(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts


def _without_ignored(found: Mapping[str, Path]) -> dict[str, Path]:
    """Less the folders that keep themselves out of git: runs and private reports do, which hold texts."""
    marks = (path for path in found.values() if path.name == ".gitignore")
    ignored = {mark.parent for mark in marks if b"*" in mark.read_bytes().splitlines()}
    return {name: path for name, path in found.items() if ignored.isdisjoint(path.parents)}


def _refuse_restricted(path: Path, name: str) -> None:
    about = files.read_object(path).get("about")
    if isinstance(about, dict) and from_restricted(about):
        raise PrivacyError(
            f"{path.parent} learned from a restricted corpus, and would leave this machine with the checkout",
            todo=f"move it out of {name.partition('/')[0]}/; where it may go, carry it yourself",
        )


def _with_lineup(found: Mapping[str, Path], lineup: Lineup) -> dict[str, Path]:
    name = f"lineups/{lineup.path.name}"
    if name in found and found[name].read_bytes() != lineup.path.read_bytes():
        raise AssetError(
            f"{lineup.path} has the name of another line-up of the checkout", todo="give it a name of its own"
        )
    return {name: lineup.path, **found}


# --------------------------------------------------------------------------- the folder


def _write_templates(work: Path, packages: Packages, wheels: Wheels, left_behind: Sequence[str]) -> None:
    machine = Machine.here()
    values = {
        "PYTHON": _command(machine.python),
        "MADE_FOR": f"{machine.python} {machine.system}",
        "GLIBC": str(wheels.glibc),
        "FILES": str(len(_files(work)) + len(_TEMPLATES)),
        "EXTRAS": f"[{','.join(packages.extras)}]" if packages.extras else "",
        "PACKAGES": str(len(wheels.names)),
        "KILOBYTES": str(wheels.installed // 1024),
        "MEGABYTES": str(wheels.installed // 1_000_000),
        "LEFT_BEHIND": "\n".join(f"  {name}" for name in left_behind) or "  nothing",
    }
    for name in _TEMPLATES:
        text = Path(__file__).with_name(name).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        (work / name).write_text(text, encoding="utf-8")


def _command(tag: str) -> str:
    """What the Python of this tag is called on a command line: cpython-311 is python3.11."""
    name, _, digits = tag.partition("-")
    return f"{name.replace('cpython', 'python')}{digits[:1]}.{digits[1:]}"


def _seal(work: Path) -> str:
    """Bring every file to the disk and write down its checksum, in the form that sha256sum reads. No modes are set: a
    folder on a stick has none."""
    found = {path.relative_to(work).as_posix(): files.digest_file(path) for path in _files(work)}
    sums = "".join(f"{checksum}  {name}\n" for name, checksum in found.items()).encode()
    (work / SUMS).write_bytes(sums)
    for path in _files(work):
        assets.sync(path)
    return files.digest_bytes(sums)


def _files(work: Path) -> list[Path]:
    return sorted(one for one in work.rglob("*") if one.is_file() and one.name != ".lock")
