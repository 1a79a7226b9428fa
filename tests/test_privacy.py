"""Restricted by default: nothing leaves the machine, and no text of a patient leaves the corpus's root."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.corpora.synthetic import synthesize

LEAKY = '''
from harness import ModelInput, system

@system("leaky")
def leaky(asked: ModelInput) -> str:
    """Puts the chart into its exception."""
    raise RuntimeError(asked.chart[0].text + asked.chart[-1].text)

@system("caller")
def caller(asked: ModelInput) -> str:
    """Tries to send the chart away."""
    import socket
    socket.create_connection(("192.0.2.1", 80), timeout=1)
    return "sent"
'''


@pytest.fixture(scope="module")
def restricted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "hospital"
    synthesize(folder, 24, 3)
    (folder / "corpus.toml").unlink()
    return folder


def harness(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "leaky.py"
    path.write_text(LEAKY)
    return path


def words_of_notes(data: Path) -> list[str]:
    import csv
    import gzip

    csv.field_size_limit(10**8)
    with gzip.open(data / "test_phase_1" / "discharge.csv.gz", "rt", newline="", encoding="utf-8") as file:
        notes = [row["text"] for row in csv.DictReader(file)]
    grams = []
    for note in notes:
        words = note.split()
        grams += [" ".join(words[i : i + 6]) for i in range(0, len(words) - 6, 3)]
    return grams


def test_no_text_of_a_patient_reaches_the_terminal_or_a_public_file(
    restricted: Path, plugin: Path, tmp_path: Path
) -> None:
    done = harness("submit", "leaky", "--plugin", str(plugin), "--data", str(restricted), cwd=tmp_path)
    assert done.returncode == 1
    assert "RuntimeError" in done.stdout + done.stderr
    run = tmp_path / "submissions/discharge-me/hospital/test_phase_1/leaky"
    shown = done.stdout + done.stderr
    shown += "".join((run / name).read_text() for name in ("manifest.json", "run.json", "scores.json") if run.exists())
    shown = " ".join(shown.split())
    assert [gram for gram in words_of_notes(restricted) if "___" not in gram and gram in shown] == []


def test_a_plugin_cannot_send_anything_while_a_restricted_corpus_is_loaded(
    restricted: Path, plugin: Path, tmp_path: Path
) -> None:
    done = harness("submit", "caller", "--plugin", str(plugin), "--data", str(restricted), cwd=tmp_path)
    assert done.returncode == 1
    assert "a connection to 192.0.2.1 was refused: the corpus that is loaded is restricted" in done.stderr


REACHING_OUT = {
    "a name is looked up": "socket.getaddrinfo('example.org', 80)",
    "a name is looked up, the old way": "socket.gethostbyname('example.org')",
    "a connection": "socket.socket().connect(('192.0.2.7', 80))",
    "a connection, IPv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "a connection that is not waited for": "socket.socket().connect_ex(('192.0.2.7', 80))",
    "a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.7', 80))",
    "a message": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.7', 80))",
    "the name of an address": "socket.gethostbyaddr('192.0.2.7')",
    "the name of an address, the new way": "socket.getnameinfo(('192.0.2.7', 80), 0)",
    "a web page": "__import__('urllib.request').request.urlopen('http://example.org')",
}


@pytest.mark.parametrize("act", REACHING_OUT.values(), ids=REACHING_OUT)
def test_no_socket_reaches_out(act: str) -> None:
    code = f"""
    import socket
    from harness.errors import PrivacyError
    from harness.privacy import restrict
    restrict()
    try:
        {act}
    except PrivacyError as error:
        print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert "was refused: the corpus that is loaded is restricted" in done.stdout, done.stderr


def test_this_machine_may_be_reached() -> None:
    code = """
    import socket
    from harness.privacy import restrict
    restrict()
    server = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(server.getsockname()).sendall(b"x")
    socket.getaddrinfo("localhost", 80)
    socket.gethostbyaddr("127.0.0.1")
    near, far = socket.socketpair()
    near.sendmsg([b"x"])
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_children_are_told_to_keep_silent() -> None:
    code = "import os; from harness.privacy import restrict; restrict(); print(dict(os.environ))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for said in (
        "'HF_HUB_OFFLINE': '1'",
        "'VLLM_NO_USAGE_STATS': '1'",
        "'DO_NOT_TRACK': '1'",
        "'HARNESS_OFFLINE': '1'",
    ):
        assert said in out


def test_all_that_derives_from_the_corpus_is_private_and_purge_finds_it(
    restricted: Path, plugin: Path, tmp_path: Path
) -> None:
    path = tmp_path / "quiet.py"
    path.write_text('from harness import ModelInput, system\n\n@system("quiet")\ndef quiet(asked: ModelInput) -> str:\n'
                    '    """Copies."""\n    return asked.chart[0].text\n')  # fmt: skip
    assert harness("submit", "quiet", "--plugin", str(path), "--data", str(restricted), cwd=tmp_path).returncode == 0
    (root,) = (tmp_path / "workspace").iterdir()
    run = tmp_path / "submissions/discharge-me/hospital/test_phase_1/quiet"
    for folder in (root, run):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in [*root.rglob("*"), *run.rglob("*")]:
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    assert json.loads((run / "manifest.json").read_text())["restricted"] is True

    assert (root / ".gitignore").read_text().splitlines()[-1] == "*"
    listed = harness("purge", "--data", str(restricted), cwd=tmp_path)
    assert "nothing was deleted: add --yes to delete these" in listed.stdout
    assert run.exists()
    assert "deleted 2 folders" in harness("purge", "--data", str(restricted), "--yes", cwd=tmp_path).stdout
    left = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".py"]
    assert left == []


def test_ids_leave_salted(restricted: Path, tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "quiet.py"
    path.write_text('from harness import ModelInput, system\n\n@system("quiet")\ndef quiet(asked: ModelInput) -> str:\n'
                    '    """Says little."""\n    return "text"\n')  # fmt: skip
    harness("submit", "quiet", "--plugin", str(path), "--data", str(restricted), cwd=tmp_path)
    run = tmp_path / "submissions/discharge-me/hospital/test_phase_1/quiet"
    ids = [line.split(",")[0] for line in (run / "submission.csv").read_text().splitlines()[1:]]
    public = (run / "manifest.json").read_text() + (run / "scores.json").read_text()
    assert [i for i in ids if i in public] == []
    with np.load(run / "cases.npz") as arrays:
        assert not set(ids) & set(map(str, arrays["ids"]))


def test_the_hook_is_installed_only_when_asked() -> None:
    assert os.environ.get("HARNESS_OFFLINE") != "1"
    assert socket.getaddrinfo("localhost", 80)
