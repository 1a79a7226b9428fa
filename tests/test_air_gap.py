"""One folder sets up a machine without a network: really, in a fresh environment, with the index switched off and,
where this machine allows it, without a network; and what is said where folder, machine or room is not right."""

from __future__ import annotations

import base64
import errno
import hashlib
import importlib.metadata
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness import assets, manifest
from harness.air_gap import export as exporting
from harness.air_gap import wants, wheels
from harness.air_gap.export import SUMS, export
from harness.air_gap.wheels import Machine, Wheels
from harness.cli import main
from harness.errors import AssetError, HarnessError, PrivacyError, RunError, SettingsError
from harness.files import locked
from harness.lineup import DEFAULT_LINEUP, Lineup, read_lineup
from harness.report.folder import building
from harness.run import claimed
from tests.networks import ALONE, namespaces

HOUSE = Path(__file__).resolve().parent.parent
ASSET = "minilm-l6"
PARTS = ("harness", "systems", "scorers", "pyproject.toml", "README.md", "LICENSE")
LOCAL = ("setuptools", "tqdm")
SEALED = re.compile(r"SHA256SUMS: [0-9a-f]{64}\nchecking every file against it\n")


def wheel_of(package: str, into: Path) -> None:
    """A wheel from what is installed of a package: there is no network to get one from."""
    found = importlib.metadata.distribution(package)
    info = f"{package}-{found.version}.dist-info"
    record = io.StringIO()
    with zipfile.ZipFile(into / f"{package}-{found.version}-py3-none-any.whl", "w") as wheel:
        for one in found.files or ():
            if ".." in one.parts or "__pycache__" in one.parts or one.name in ("RECORD", "INSTALLER", "REQUESTED"):
                continue
            data = one.read_binary()
            wheel.writestr(str(one), data)
            checksum = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.write(f"{one},sha256={checksum},{len(data)}\n")
        wheel.writestr(f"{info}/RECORD", f"{record.getvalue()}{info}/RECORD,,\n")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that pip can find: setuptools, which builds, and the one package that `checkout` needs."""
    folder = tmp_path_factory.mktemp("index")
    for package in LOCAL:
        wheel_of(package, folder)
    return folder


@pytest.fixture
def only(index: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip reads from there, and from nowhere else."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(index)), ("CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(f"PIP_{name}", value)
    return index


def checkout(folder: Path, requirement: str = "tqdm>=4.66") -> Path:
    """A copy of the harness that needs no more than one small package."""
    folder.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (HOUSE / part).is_dir() else shutil.copy
        copy(HOUSE / part, folder / part)
    (folder / "lineups").mkdir()
    shutil.copy(DEFAULT_LINEUP, folder / "lineups")
    project = (folder / "pyproject.toml").read_text()
    project = re.sub(r"(?s)\ndependencies = \[.*?\n\]\n", f'\ndependencies = ["{requirement}"]\n', project)
    (folder / "pyproject.toml").write_text(project)
    pins = (f"{package}=={importlib.metadata.version(package)}\n" for package in LOCAL)
    (folder / "constraints.txt").write_text("".join(pins))
    return folder


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("checkout") / "house")


def lineup() -> Lineup:
    return read_lineup(DEFAULT_LINEUP)


def set_up(folder: Path, target: Path, *before: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script of an exported folder, with nothing of this process's environment."""
    home = {"PATH": os.environ["PATH"], "HOME": str(target.parent), "PIP_NO_INDEX": "1", "PYTHON": sys.executable}
    command = [*before, "sh", str(folder / "set-up.sh"), str(target)]
    return subprocess.run(
        command, env={**home, **environment}, capture_output=True, text=True, timeout=200, check=False
    )


# --------------------------------------------------------------------------- the whole way


def script(path: Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def failing(path: Path) -> str:
    """A Python that is right, and makes environments in which nothing can be installed."""
    script(path.with_name("broken"), "echo 'tiny: the disk is full' >&2; exit 1")
    made = f'mkdir -p "$4/bin" && cp {shlex.quote(str(path.with_name("broken")))} "$4/bin/python"; exit'
    return script(path, f'case $2 in venv) {made} ;; esac; exec {shlex.quote(sys.executable)} "$@"')


def test_a_machine_without_a_network_is_set_up_from_one_folder(only: Path, house: Path, tmp_path: Path) -> None:
    carried, there = tmp_path / "carried", tmp_path / "a folder" / "there"
    there.parent.mkdir()
    made = export(carried, lineup(), names=[ASSET], house=house)
    assert made.lines()[:3] == [
        f"{carried}: {made.size / 1e6:.0f} MB, for {Machine.here().python} on {Machine.here().system}",
        "  2 packages",
        f"  {ASSET}",
    ]
    assert left(tmp_path) == ["a folder", "carried"]

    alone = ALONE if namespaces() else []
    failed = set_up(carried, there, *alone, PYTHON=failing(tmp_path / "bin/python"))
    assert failed.stderr == (
        "tiny: the disk is full\nset-up: pip could not install the packages\n"
        "  -> see what it says above; make room if it wants for that, and give the same command again\n"
    )
    assert not (there / ".venv/installed").exists()

    done = set_up(carried, there, *alone)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"SHA256SUMS: {made.seal}\nchecking every file against it\ninstalling 2 packages: some minutes\n"
        f"set up. Next: cd {there} && .venv/bin/harness submit des\n"
    )
    look = "import harness, tqdm; from pathlib import Path; print(Path(harness.__file__).parents[1])"
    for program, said in (
        (["python", "-c", look], f"{there}\n"),
        (["harness", "assets", "list"], r"(?s).*minilm-l6 +encoder +Apache-2.0 +\d+ MB\n.*"),
        (["harness", "data", "synthesize", "--out", "ward", "--stays", "12"], r"(?s)train: \d+ stays\n.*"),
    ):
        command = [*alone, there / ".venv/bin" / program[0], *program[1:]]
        fresh = {"PATH": os.environ["PATH"], "HOME": str(there.parent)}
        ran = subprocess.run(command, cwd=tmp_path, env=fresh, capture_output=True, text=True, check=False)
        assert re.fullmatch(said, ran.stdout), ran.stderr
    assert (there / "REVISION").read_text().strip() == manifest.revision()
    assert (there / ".venv/installed").stat().st_mtime > (there / "pyproject.toml").stat().st_mtime  # make agrees

    again = set_up(carried, there)
    assert f"set-up: {there} is set up already\n  -> use it: cd {there} && " in again.stderr
    with pytest.raises(AssetError, match="is there already"):
        export(carried, lineup(), names=[ASSET], house=house)


# --------------------------------------------------------------------------- the other side


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as an export makes it, of which nothing can be installed: what is refused is refused before that."""
    return sealed(tmp_path / "carried", "tiny-1.0-py3-none-any.whl")


def sealed(folder: Path, *names: str) -> Path:
    (folder / "wheels").mkdir(parents=True)
    for name in names:
        (folder / "wheels" / name).write_bytes(b"a wheel")
    found = Wheels(folder / "wheels", names, 5_000_000)
    (folder / "requirements.txt").write_text(found.pinned)
    with tarfile.open(folder / "checkout.tar", "w"):
        pass
    exporting._write_templates(folder, wants.packages(lineup(), ()), found, ())
    exporting._seal(folder)
    return folder


def refused(done: subprocess.CompletedProcess[str], target: Path) -> str:
    assert done.returncode == 1, done.stdout
    assert not (target / ".venv").exists()
    return done.stderr


ALTERED: dict[str, Callable[[Path], object]] = {
    "wheels/tiny-1.0-py3-none-any.whl": lambda path: path.write_bytes(b"a whee1"),
    "checkout.tar": lambda path: path.unlink(),
    "requirements.txt": lambda path: path.write_text(path.read_text() + "\n"),
    "README.txt": lambda path: path.write_bytes(path.read_bytes()[:-1]),
}


@pytest.mark.parametrize("name", ALTERED)
def test_a_file_that_is_altered_or_lost_on_the_way_is_named_and_nothing_is_installed(
    folder: Path, tmp_path: Path, name: str
) -> None:
    ALTERED[name](folder / name)
    done = set_up(folder, tmp_path / "there", LC_ALL="de_DE.UTF-8", LANGUAGE="de")
    assert SEALED.fullmatch(done.stdout)
    assert refused(done, tmp_path / "there") == (
        f"set-up: {name} is not what was exported (missing, or its checksum differs)\n"
        "  -> nothing was installed; copy the folder again\n"
    )


def test_a_folder_that_lost_its_checksums_is_told(folder: Path, tmp_path: Path) -> None:
    (folder / SUMS).unlink()
    done = set_up(folder, tmp_path / "there")
    assert refused(done, tmp_path / "there") == (
        f"set-up: {folder} holds no SHA256SUMS\n  -> copy the folder again, whole\n"
    )


@pytest.mark.parametrize("named", range(5))
@pytest.mark.parametrize("more", [0, 32])
def test_checksums_that_were_torn_on_the_way_are_told(folder: Path, tmp_path: Path, named: int, more: int) -> None:
    """Between two lines or within one. What they no longer name is not checked, and may be another file."""
    lines = (folder / SUMS).read_text().splitlines(keepends=True)
    assert len(lines) == 5
    (folder / SUMS).write_text("".join(lines[:named]) + lines[named][:more])
    done = set_up(folder, tmp_path / "there")
    assert SEALED.fullmatch(done.stdout)
    assert refused(done, tmp_path / "there") == (
        f"set-up: SHA256SUMS is torn: it names {named} of 5 files\n  -> nothing was installed; copy the folder again\n"
    )


def test_another_python_is_told_and_what_to_do(folder: Path, tmp_path: Path) -> None:
    ours = f"{Machine.here().python} {Machine.here().system}"
    other = script(tmp_path / "bin/other", "echo cpython-36 linux-riscv64")
    said = refused(set_up(folder, tmp_path / "there", PYTHON=other), tmp_path / "there")
    assert said == (
        f"set-up: the packages are for {ours}, and this is cpython-36 linux-riscv64\n  -> run it with such a Python: "
        "PYTHON=/path/to/it sh set-up.sh DIR; or export again on a machine like this, with this one\n"
    )
    said = refused(set_up(folder, tmp_path / "there", PYTHON="python3.99"), tmp_path / "there")
    assert said.startswith(
        f"set-up: there is no python3.99 here, and the packages are for {ours}\n  -> install it, or "
    )


@pytest.mark.parametrize(
    ("answer", "has"), [("echo glibc 2.17", "glibc 2.17"), ("exit 1", "none"), ("echo musl libc", "musl libc")]
)
def test_a_system_that_is_too_old_is_told(tmp_path: Path, answer: str, has: str) -> None:
    older = sealed(tmp_path / "older", "a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_28_x86_64.whl")
    newer = sealed(tmp_path / "newer", "b-1-cp311-cp311-manylinux_2_28_x86_64.whl")
    script(tmp_path / "bin/getconf", answer)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    said = refused(set_up(newer, tmp_path / "there", PATH=path), tmp_path / "there")
    assert said.startswith(f"set-up: the packages need glibc 2.28 or newer, and this machine has {has}\n  -> use a ")
    if has == "glibc 2.17":  # as old as one of its two tags
        assert "bin holds something else" in set_up(older, tmp_path / "bin", PATH=path).stderr


def test_what_the_names_of_wheels_say_of_glibc(tmp_path: Path) -> None:
    names = ("a-1-py3-none-any.whl", "b-1-cp311-abi3-manylinux_2_5_x86_64.manylinux1_x86_64.whl")
    assert Wheels(tmp_path, names, 0).glibc == 5
    assert Wheels(tmp_path, names[:1], 0).glibc == 0
    assert Wheels(tmp_path, ("c-1-cp311-cp311-macosx_11_0_arm64.whl",), 0).glibc == 0
    if sys.platform == "linux":
        here = subprocess.run(["getconf", "GNU_LIBC_VERSION"], capture_output=True, text=True, check=True).stdout
        assert f"glibc 2.{Wheels(tmp_path, ('d-1-cp311-cp311-linux_x86_64.whl',), 0).glibc}\n" == here


def test_a_disk_without_room_is_told_before_anything_is_unpacked(folder: Path, tmp_path: Path) -> None:
    script(tmp_path / "bin/df", "echo Filesystem; echo disk 9999 1 1000 1% /")
    there = tmp_path / "there"
    said = refused(set_up(folder, there, PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}"), there)
    assert said == (
        f"set-up: {there} has room for 1 MB, and the packages take 5 MB\n"
        "  -> make room, or name a folder on another disk\n"
    )


def test_a_folder_in_use_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/mine.txt").write_text("mine")
    said = refused(set_up(folder, tmp_path / "there"), tmp_path / "there")
    assert said == f"set-up: {tmp_path / 'there'} holds something else\n  -> name an empty folder\n"
    assert [one.name for one in (tmp_path / "there").iterdir()] == ["mine.txt"]


def test_a_python_without_venv_is_told(folder: Path, tmp_path: Path) -> None:
    answer = f'case $* in *venv*) exit 1 ;; esac; exec {shlex.quote(sys.executable)} "$@"'
    python = script(tmp_path / "bin/python3.99", answer)
    said = refused(set_up(folder, tmp_path / "there", PYTHON=python), tmp_path / "there")
    assert "install its module venv (Debian and Ubuntu: the package python3.99-venv)" in said


def test_without_a_folder_it_says_how(folder: Path) -> None:
    done = subprocess.run(["sh", folder / "set-up.sh"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: sh set-up.sh DIR\n")


# --------------------------------------------------------------------------- the export


def left(tmp_path: Path) -> list[str]:
    return sorted(one.name for one in tmp_path.iterdir() if one.name != "house")


def test_a_package_that_is_nowhere_is_named_and_nothing_is_left(only: Path, tmp_path: Path) -> None:
    house = checkout(tmp_path / "house", "nowhere==9")
    with pytest.raises(AssetError) as caught:
        export(tmp_path / "carried", lineup(), names=[ASSET], house=house)
    assert caught.value.what.startswith(
        "the packages could not be gathered: pip wheel failed (ERROR: Could not find a version that satisfies the "
        "requirement nowhere==9 "
    )
    assert caught.value.todo.startswith("check the network and where pip reads from, then give the same command again")
    assert left(tmp_path) == []


def test_a_full_disk_is_told_and_nothing_is_left(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "echo 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device' >&2; exit 1"
    monkeypatch.setattr(sys, "executable", script(tmp_path / "bin/python", said))
    with pytest.raises(AssetError) as caught:
        export(tmp_path / "carried", lineup(), names=[ASSET], house=house)
    assert str(caught.value) == (
        f"the packages do not fit into {tmp_path}: No space left on device\n  -> make room, or name a folder elsewhere"
    )

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    script(tmp_path / "bin/python", "exit 0")
    monkeypatch.setattr(assets, "pack", full)
    with pytest.raises(AssetError) as caught:
        export(tmp_path / "carried", lineup(), names=[ASSET], house=house)
    assert str(caught.value) == (
        f"{tmp_path / 'carried'} cannot be written: No space left on device\n  -> make room, or name a folder elsewhere"
    )
    assert left(tmp_path) == ["bin"]


def test_what_a_killed_export_left_is_cleared_away_and_two_at_once_are_not(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", script(tmp_path / "bin/python", "exit 0"))
    half = tmp_path / ".carried.half"
    (half / "wheels").mkdir(parents=True)
    (half / "assets.tar").write_text("half")
    with locked(half / ".lock", "it"), pytest.raises(RunError, match=r"the export to .*carried is in use by another"):
        export(tmp_path / "carried", lineup(), names=[ASSET], house=house)
    assert (half / "assets.tar").read_text() == "half"
    mine = asking(tmp_path / "bin", '[engine]\nmodel = "models/Llama"\n')
    made = export(tmp_path / "carried", mine, names=[ASSET], house=house)
    assert left(tmp_path) == ["bin", "carried"]
    assert made.lines()[3:] == [
        "  not taken along, carry it yourself: models/Llama",
        f"  SHA256SUMS has the sha-256 {hashlib.sha256((made.folder / SUMS).read_bytes()).hexdigest()}",
        "there: sh set-up.sh DIR (README.txt says more)",
    ]
    assert (
        "the line-up names it (carry it yourself, to the same place):\n  models/Llama\n"
        in (made.folder / "README.txt").read_text()
    )
    assert sorted(one.name for one in made.folder.iterdir()) == [
        *("README.txt", SUMS, "assets.tar", "checkout.tar", "requirements.txt", "set-up.sh", "wheels")
    ]


def test_all_of_the_checkout_travels_and_nothing_of_where_data_lie(tmp_path: Path) -> None:
    if not (HOUSE / ".git").exists():
        pytest.skip("this is no git checkout")
    git = ["git", "-C", str(HOUSE), "ls-files"]
    tracked = subprocess.run(git, capture_output=True, text=True, check=True).stdout.splitlines()
    travels = exporting._checkout(HOUSE, lineup())
    assert [name for name in tracked if name not in travels] == []
    assert [name for name in travels if name.startswith(("workspace", "submissions/d", ".venv", ".git/"))] == []


def test_data_beside_the_code_stay_here(house: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(house, tmp_path / "house")
    for name in ("workspace/x/candidates.jsonl", "submissions/run/submission.csv", "hospital/train/discharge.csv.gz"):
        (copy / name).parent.mkdir(parents=True)
        (copy / name).write_text("Of Mrs Mustermann.")
    (copy / "systems/linked.py").symlink_to(copy / "submissions/run/submission.csv")
    (copy / "systems/mine.py").write_text("my own system")
    travels = exporting._checkout(copy, lineup())
    assert [name for name, path in travels.items() if "Mustermann" in path.read_text(errors="replace")] == []
    assert "systems/mine.py" in travels


def test_runs_and_private_reports_among_the_code_stay_here(house: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(house, tmp_path / "house")
    run = copy / "benchmarks/runs/discharge-me/ward/valid/lead"
    with claimed(run, {"system": "lead"}, tmp_path):
        (run / "candidates.jsonl").write_text("Of Mrs Mustermann.")
    for name, private in (("mine", True), ("public", False)):
        with building(copy / "docs" / name, [tmp_path], private=private) as report:
            (report / "case-0.js").write_text("Of Mrs Mustermann." if private else "no text")
    travels = exporting._checkout(copy, lineup())
    assert [name for name, path in travels.items() if "Mustermann" in path.read_text(errors="replace")] == []
    assert "docs/public/case-0.js" in travels


@pytest.mark.parametrize(
    "name",
    [
        "lineups/adapters/abc/manifest.json",
        "lineups/hospital/manifest.json",
        "lineups/llama/merged.json",
        "lineups/.llama.half/merged.json",
        "systems/mine/job.json",
    ],
)
def test_what_learned_from_restricted_data_stays_here(house: Path, tmp_path: Path, name: str) -> None:
    """Wherever it lies: an adapter, a merged model, and a training that is under way."""
    copy = shutil.copytree(house, tmp_path / "house")
    told = copy / name
    told.parent.mkdir(parents=True)
    told.write_text(json.dumps({"about": {"restricted": False, "begun_with": {"restricted": 1}}}))
    with pytest.raises(PrivacyError) as caught:
        export(tmp_path / "carried", lineup(), names=[ASSET], house=copy)
    assert str(caught.value) == (
        f"{told.parent} learned from a restricted corpus, and would leave this machine with the checkout\n"
        f"  -> move it out of {name.split('/')[0]}/; where it may go, carry it yourself"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "{}",
        '{"about": "an icon"}',
        '{"about": {"restricted": false}}',
        '{"about": {"base": "a font", "begun_with": "a sketch"}}',
    ],
)
def test_a_manifest_of_something_else_travels(house: Path, tmp_path: Path, text: str) -> None:
    copy = shutil.copytree(house, tmp_path / "house")
    (copy / "docs").mkdir()
    (copy / "docs/manifest.json").write_text(text)
    assert "docs/manifest.json" in exporting._checkout(copy, lineup())


def test_a_line_up_of_ones_own_travels_too(house: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[engine]\nmodel = "models/Llama"\n')
    mine = read_lineup(tmp_path / "mine.toml")
    assert exporting._checkout(house, mine)["lineups/mine.toml"] == tmp_path / "mine.toml"
    (tmp_path / "embedded.toml").write_text("")
    with pytest.raises(AssetError, match="has the name of another line-up of the checkout"):
        exporting._checkout(house, read_lineup(tmp_path / "embedded.toml"))


def test_nothing_is_downloaded_while_a_restricted_corpus_is_loaded(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    with pytest.raises(AssetError, match="nothing is downloaded while HARNESS_OFFLINE is 1"):
        export(tmp_path / "carried", lineup(), house=house)
    assert left(tmp_path) == []


def test_the_revision_of_a_checkout_that_was_carried_is_that_of_where_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_HOUSE", tmp_path)
    assert manifest.revision.__wrapped__() == ""
    (tmp_path / "REVISION").write_text("abc+\n")
    assert manifest.revision.__wrapped__() == "abc+"


def test_a_revision_is_marked_where_code_differs_and_not_for_what_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_HOUSE", tmp_path)
    (tmp_path / "systems").mkdir()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "begun"]):
        subprocess.run([*git, *command], check=True)
    begun = manifest.revision.__wrapped__()
    assert len(begun) == 40
    for name in ("models/llama/config.json", "report/index.html"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert manifest.revision.__wrapped__() == begun
    (tmp_path / "systems" / "ours.py").touch()
    assert manifest.revision.__wrapped__() == f"{begun}+"
    monkeypatch.setattr(manifest, "_HOUSE", tmp_path / "systems")  # installed within somebody's repository
    assert manifest.revision.__wrapped__() == ""


# --------------------------------------------------------------------------- what a line-up asks for


def asking(tmp_path: Path, text: str) -> Lineup:
    (tmp_path / "asking.toml").write_text(text)
    return read_lineup(tmp_path / "asking.toml")


def test_a_line_up_brings_the_extras_that_its_settings_name(tmp_path: Path) -> None:
    core = wants.packages(lineup(), ())
    assert core.extras == ()
    assert core.constraints == HOUSE / "constraints.txt"
    assert any(one.startswith("torch>=") for one in core.requirements)
    assert any(one.startswith("setuptools>=") for one in core.requirements)
    quick = asking(tmp_path, '[scorers.medcon]\nmatcher = "quickumls"\nindex = "umls"\n')
    more = wants.packages(quick, ["dev"])
    assert more.extras == ("dev", "quickumls")
    new = {re.split("[=<>]", one)[0] for one in set(more.requirements) - set(core.requirements)}
    assert {"quickumls", "spacy", "pytest"} <= new


def project(house: Path, **extras: list[str]) -> Path:
    house.mkdir()
    named = "\n".join(f"{name} = {json.dumps(one)}" for name, one in extras.items())
    (house / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["b"]\n[project]\ndependencies = ["a"]\n[project.optional-dependencies]\n{named}\n'
    )
    return house


def test_an_extra_with_pins_of_its_own_brings_them(tmp_path: Path) -> None:
    house = project(tmp_path / "house", **{"big": ["c"], "big-cpu": ["f"], "other": ["d"], "plain": ["e"]})
    (house / "constraints-big.txt").write_text("c==1\n")
    found = wants.packages(lineup(), ["plain", "big"], house)
    assert found == wants.Packages(("big", "plain"), ("a", "b", "c", "e"), house / "constraints-big.txt")
    big = asking(tmp_path, '[scorers.medcon]\nmatcher = "big"\n')
    assert wants.packages(big, (), house).extras == ("big",)
    variant = wants.packages(big, ["big-cpu"], house)
    assert variant == wants.Packages(("big-cpu",), ("a", "b", "f"), house / "constraints-big.txt")
    (house / "constraints-other.txt").write_text("d==1\n")
    with pytest.raises(SettingsError) as caught:
        wants.packages(lineup(), ["other", "big"], house)
    assert str(caught.value) == (
        "the extras big and other have pins of their own, and need an environment each\n"
        "  -> export a folder for each of them: --extras"
    )
    with pytest.raises(SettingsError) as caught:
        wants.packages(lineup(), ["huge"], house)
    assert str(caught.value) == "there is no extra 'huge'\n  -> there are: big, big-cpu, other, plain"
    with pytest.raises(AssetError, match="is no checkout of the harness, so there is nothing to take along"):
        wants.packages(lineup(), (), tmp_path)


def test_what_lies_on_this_machine_alone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "umls").mkdir()
    mine = asking(
        tmp_path,
        '[engine]\nmodel = "models/Llama"\n'
        f'[scorers.medcon]\nindex = "{tmp_path}/umls"\nother = "{tmp_path}/nowhere"\n',
    )
    assert wants.on_this_machine(mine) == tuple(sorted([f"{tmp_path}/umls", "models/Llama"]))
    relative = asking(tmp_path, '[scorers.medcon]\nindex = "umls"\nother = ""\nfor = "~ten/twelve of them"\n')
    assert "umls" in wants.on_this_machine(relative)
    assert {"", "~ten/twelve of them"}.isdisjoint(wants.on_this_machine(relative))
    served = asking(tmp_path, '[engine]\nkind = "server"\nurl = "http://127.0.0.1:1/v1"\nmodel = "a/b"\n')
    assert wants.on_this_machine(served) == ()
    assert wants.on_this_machine(lineup()) == ()


# --------------------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--extras", "dev"], 2, "--lineup and --extras say which packages to take along\n  -> add --wheels"),
        (["--lineup", "embedded"], 2, "--lineup and --extras say which packages to take along"),
        (["--wheels", "--extras", "huge"], 1, "there is no extra 'huge'\n  -> there are: dev, "),
        (["tony", "--wheels"], 1, "there is no asset 'tony'"),
    ],
)
def test_the_command_line(
    arguments: Sequence[str], code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["assets", "export", str(tmp_path / "carried"), *arguments]) == code
    assert f"harness: {message}" in capsys.readouterr().err
    assert left(tmp_path) == []


def test_the_folder_or_its_file_may_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "carried").mkdir()
    assets.export([ASSET], tmp_path / "carried" / assets.IN_FOLDER)
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path / "assets"))
    assert assets.import_(tmp_path / "carried") == [ASSET]


def test_an_import_without_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assets.export([ASSET], tmp_path / "assets.tar")
    monkeypatch.setenv("HARNESS_ASSETS", str(tmp_path / "assets"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(HarnessError) as caught:
        assets.import_(tmp_path / "assets.tar")
    assert str(caught.value) == (
        f"{tmp_path / 'assets.tar'} cannot be imported into {tmp_path / 'assets'}: No space left on device\n"
        "  -> make room there, or set HARNESS_ASSETS to another folder; nothing was imported"
    )
    assert [one.name for one in (tmp_path / "assets").iterdir() if one.suffix != ".lock"] == []


def test_pip_is_told_where_there_is_room_and_its_failure_is_short(tmp_path: Path) -> None:
    long = "ERROR: " + "x" * 9999
    assert len(wheels._refusal(f"a warning\n{long}\nERROR: more", tmp_path).what) < 400
    assert "(it said nothing)" in wheels._refusal("", tmp_path).what
    assert "(No module named pip)" in wheels._refusal("No module named pip\n", tmp_path).what
