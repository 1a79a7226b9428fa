"""Packages as files: gathered by pip, for the Python and the kind of machine that they are gathered on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from harness import files
from harness.air_gap.wants import Packages
from harness.errors import AssetError

_SHOWN = 300
_ROOM = "No space left on device"
_BLOCK = 4096
_COMPILED = 1.4
"""The size of a module's bytecode, which pip writes beside it, over that of its text: 1.34 over the core's packages."""


@dataclass(frozen=True)
class Wheels:
    """Wheels in `folder`; `installed` is the room in bytes that they take once they are."""

    folder: Path
    names: tuple[str, ...]
    installed: int

    @property
    def pinned(self) -> str:
        """A requirements file that pip checks them against: each name, version and sha-256."""
        lines = (f"{_title(name)} --hash=sha256:{files.digest_file(self.folder / name)}" for name in self.names)
        return "\n".join(lines) + "\n"

    @property
    def glibc(self) -> int:
        """The N of the glibc 2.N that they need at least; 0 where none of them needs any."""
        return max((_glibc(name) for name in self.names), default=0)

    def version_of(self, package: str) -> str:
        return next((name.split("-")[1] for name in self.names if name.startswith(f"{package}-")), "")


@dataclass(frozen=True)
class Machine:
    """What wheels are made for: the Python (such as cpython-311) and the system (such as linux-x86_64)."""

    python: str
    system: str

    @staticmethod
    def here() -> Machine:
        return Machine(str(sys.implementation.cache_tag), f"{sys.platform}-{platform.machine()}")


def gather(packages: Packages, work: Path) -> Wheels:
    """Download, and where there is but source build, all that the packages take, into `work`/wheels. pip reads from
    where it is set to read. Raises AssetError."""
    folder, wanted, scratch = work / "wheels", work / "wanted.txt", work / "scratch"
    for one in (folder, scratch):
        one.mkdir()
    wanted.write_text("\n".join(packages.requirements) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "wheel", "--no-input", "--disable-pip-version-check"]
    command += ["--wheel-dir", str(folder), "-c", str(packages.constraints), "-r", str(wanted)]
    shown = 2 if os.isatty(2) else subprocess.DEVNULL  # pip's own bar
    done = subprocess.run(
        command,
        env={**os.environ, "TMPDIR": str(scratch)},  # gigabytes: where the folder is to lie there has to be room
        stdout=shown,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise _refusal(done.stderr, work.parent)
    names = tuple(sorted(one.name for one in folder.glob("*.whl")))
    return Wheels(folder, names, sum(_installed(folder / name) for name in names))


def _refusal(said: str, where: Path) -> AssetError:
    """pip's failure: what it said first, which names the package."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any(_ROOM in line for line in lines):
        return AssetError(
            f"the packages do not fit into {where}: {_ROOM}", todo="make room, or name a folder elsewhere"
        )
    told = next((line for line in lines if line.startswith("ERROR:")), lines[-1] if lines else "it said nothing")
    return AssetError(
        f"the packages could not be gathered: pip wheel failed ({told[:_SHOWN]})",
        todo="check the network and where pip reads from, then give the same command again: what was downloaded is in "
        "pip's cache. A package that has nothing for this Python or machine has to be gathered on another",
    )


def _title(name: str) -> str:
    package, version = name.split("-")[:2]
    return f"{package}=={version}"


def _glibc(name: str) -> int:
    """What a wheel says of it by its name: of several tags the least, of one that was built here this machine's."""
    tags = name.removesuffix(".whl").rpartition("-")[2].split(".")
    named = [int(found[1]) for tag in tags if (found := re.match(r"manylinux_2_(\d+)_", tag))]
    named += [17 for tag in tags if tag.startswith("manylinux2014_")]
    if not named and any(tag.startswith("linux_") for tag in tags):
        ours = re.match(r"2\.(\d+)", platform.libc_ver()[1])
        return int(ours[1]) if ours else 0
    return min(named, default=0)


def _installed(wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as archive:
        sizes = [(one.file_size, one.filename.endswith(".py")) for one in archive.infolist()]
    blocks = sum(-size % _BLOCK + size for size, _ in sizes)
    return blocks + int(sum(_COMPILED * size + _BLOCK / 2 for size, is_python in sizes if is_python))
