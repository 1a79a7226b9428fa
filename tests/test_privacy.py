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

from harness.privacy import is_here

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
    done = harness(
        "submit", "--scorers", "bleu,rouge", "leaky", "--plugin", str(plugin), "--data", str(restricted), cwd=tmp_path
    )
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
    done = harness(
        "submit", "--scorers", "bleu,rouge", "caller", "--plugin", str(plugin), "--data", str(restricted), cwd=tmp_path
    )
    assert done.returncode == 1
    assert "a connection to 192.0.2.1 was refused: the corpus that is loaded is restricted" in done.stderr


BENEATH = """
import sys
def beneath(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"):
        reached = str(args[-1] if event != "socket.getaddrinfo" else args[0])
        print("PASSED", event, reached, flush=True)
        text_of_an_address = event == "socket.getaddrinfo" and reached.startswith("192.0.2.")  # no look-up
        if "127.0.0.1" not in reached and not text_of_an_address:
            raise OSError("stopped beneath the guard")
"""
"""A recorder below the guard: what it sees was let through, and it lets no packet out itself."""

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
    code = f"""{BENEATH}
import socket
from harness.errors import PrivacyError
from harness.privacy import restrict
restrict()
sys.addaudithook(beneath)
try:
    {act}
except PrivacyError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "was refused: the corpus that is loaded is restricted" in done.stdout, done.stderr
    assert "PASSED" not in done.stdout


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
    assert (
        harness(
            "submit", "--scorers", "bleu,rouge", "quiet", "--plugin", str(path), "--data", str(restricted), cwd=tmp_path
        ).returncode
        == 0
    )
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
    harness(
        "submit", "--scorers", "bleu,rouge", "quiet", "--plugin", str(path), "--data", str(restricted), cwd=tmp_path
    )
    run = tmp_path / "submissions/discharge-me/hospital/test_phase_1/quiet"
    ids = [line.split(",")[0] for line in (run / "submission.csv").read_text().splitlines()[1:]]
    public = (run / "manifest.json").read_text() + (run / "scores.json").read_text()
    assert [i for i in ids if i in public] == []
    with np.load(run / "cases.npz") as arrays:
        assert not set(ids) & set(map(str, arrays["ids"]))


# --------------------------------------------------------------------------- servers, allowed hosts, children

ASKER = """
from dataclasses import dataclass
from harness import Candidate, Prompt, Sampling, system

@system("asker", needs=("engine",))
@dataclass(frozen=True)
class Asker:
    \"\"\"Sends the chart to the engine.\"\"\"

    def open(self, context):
        return Asking(context)

@dataclass(frozen=True)
class Asking:
    context: object

    def generate(self, inputs):
        prompts = [Prompt(a.case, a.field, (("user", "\\n".join(part.text for part in a.chart)),)) for a in inputs]
        for at, [one] in self.context.engine.complete(prompts, Sampling(9)):
            yield Candidate(prompts[at].case, prompts[at].field, one.text)
"""

CLI = f"""
from harness.privacy import restrict
restrict()
{BENEATH}
sys.addaudithook(beneath)
from harness.cli import main
sys.exit(main(sys.argv[1:]))
"""


def python(code: str, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    environment = {**os.environ, **more}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def ask_server(restricted: Path, folder: Path, engine: str) -> subprocess.CompletedProcess[str]:
    (folder / "asker.py").write_text(ASKER)
    (folder / "mine.toml").write_text(f'[engine]\nkind = "server"\nretries = 0\ntimeout = 3\n{engine}\n')
    arguments = ["submit", "asker", "--plugin", "asker.py", "--lineup", "mine.toml", "--data", str(restricted)]
    return python(CLI, *arguments, cwd=folder)


@pytest.mark.parametrize("host", ["192.0.2.1", "gpu.hospital.example", "127.0.0.1.hospital.example"])
def test_a_server_elsewhere_is_refused_before_anything_is_sent(restricted: Path, tmp_path: Path, host: str) -> None:
    done = ask_server(restricted, tmp_path, f'url = "http://{host}:8000/v1"')
    assert done.returncode == 1
    assert done.stderr.endswith(
        f"harness: the server at {host} was not asked: the corpus that is loaded is restricted, and what a shared "
        "server logs and caches is a copy of it\n  -> use a server on this machine; or, if these data may be copied to "
        f'that one, name it in the lineup\'s [engine]: hosts = ["{host}"]\n'
    )
    assert "PASSED" not in done.stdout


def test_a_server_that_the_user_names_is_asked_and_no_other(restricted: Path, tmp_path: Path) -> None:
    done = ask_server(restricted, tmp_path, 'url = "http://192.0.2.1:8000/v1"\nhosts = ["192.0.2.1"]')
    assert "PASSED socket.connect ('192.0.2.1', 8000)" in done.stdout
    assert "the server could not be reached" in done.stderr
    done = ask_server(restricted, tmp_path, 'url = "http://192.0.2.2:8000/v1"\nhosts = ["192.0.2.1"]')
    assert "PASSED" not in done.stdout
    assert "the server at 192.0.2.2 was not asked" in done.stderr


def test_a_server_here_is_asked_and_what_it_says_in_error_stays_unsaid(restricted: Path, tmp_path: Path) -> None:
    script = Path(__file__).with_name("openai_server.py")
    with subprocess.Popen([sys.executable, script, "0", "plain"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            fault = [
                {"match": " ", "do": "status", "status": 500, "times": 2},
                {"match": " ", "do": "echo", "times": 2},
            ]
            done = python(
                f"import urllib.request\nurllib.request.urlopen('{url}/v1/models').read()\n"
                f"urllib.request.urlopen('{url}/plan', data={json.dumps(fault).encode()!r})"
            )
            assert done.returncode == 0, done.stderr
            lineup = f'url = "{url}/v1"\nmodel = "tiny-model"\nhosts = ["192.0.2.9", "GPU.example."]'
            done = ask_server(restricted, tmp_path, lineup)
        finally:
            server.kill()
    assert done.returncode == 1
    assert "asker: 4 failures" in done.stdout
    run = tmp_path / "submissions/discharge-me/hospital/test_phase_1/asker"
    manifest = (run / "manifest.json").read_text()
    assert json.loads(manifest)["hosts"] == ["127.0.0.1"]
    assert json.loads(manifest)["allowed_hosts"] == ["192.0.2.9", "gpu.example"]
    shown = " ".join((done.stdout + done.stderr + manifest + (run / "scores.json").read_text()).split())
    assert [gram for gram in words_of_notes(restricted) if "___" not in gram and gram in shown] == []


def test_a_name_that_is_allowed_opens_the_addresses_it_stands_for() -> None:
    code = f"""
    import socket
    from harness.errors import PrivacyError
    from harness.privacy import allow, may_reach, restrict
    known = {{"gpu.example": "192.0.2.9"}}
    socket.getaddrinfo = lambda name, *rest, **more: [(2, 1, 6, "", (known[name], 0))]
    restrict()
    allow(["GPU.example."])
    {textwrap.indent(BENEATH, "    ").strip()}
    sys.addaudithook(beneath)
    for address in ("192.0.2.9", "192.0.2.10"):
        try:
            socket.socket().connect((address, 80))
        except PrivacyError:
            print("REFUSED", address)
        except OSError:
            pass
    print(may_reach("gpu.example"), may_reach("other.example"))
    """
    done = python(code)
    assert done.stdout.splitlines() == [
        "PASSED socket.connect ('192.0.2.9', 80)",
        "REFUSED 192.0.2.10",
        "True False",
    ], done.stderr


CHILD = f"""{BENEATH}
import os, socket
from harness.errors import PrivacyError
sys.addaudithook(beneath)
for address in ("192.0.2.1", "192.0.2.5"):
    try:
        socket.create_connection((address, 80), timeout=1)
    except PrivacyError as error:
        print("REFUSED", str(error).splitlines()[0])
    except OSError:
        pass
"""

PARENTS = {
    "a Python": "subprocess.run([sys.executable, 'child.py'])",
    "a Python of another folder": "subprocess.run([sys.executable, str(Path('child.py').resolve())], cwd='/')",
    "the child of a shell": "subprocess.run(shlex.join([sys.executable, 'child.py']), shell=True)",
    "the child of a child": "subprocess.run([sys.executable, '-c', "
    "'import subprocess, sys; subprocess.run([sys.executable, \"child.py\"])'])",
    "spawned": "multiprocessing.get_context('spawn').Process(target=runpy.run_path, args=('child.py',)).start()",
    "forked": "multiprocessing.get_context('fork').Process(target=runpy.run_path, args=('child.py',)).start()",
}


@pytest.mark.parametrize("start", PARENTS.values(), ids=PARENTS)
def test_children_are_guarded(start: str, tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(CHILD)
    code = f"""
    import multiprocessing, runpy, shlex, subprocess, sys
    from pathlib import Path
    from harness.privacy import allow, restrict
    if __name__ == "__main__":
        restrict()
        allow(["192.0.2.5"])
        {start}
    """
    (tmp_path / "parent.py").write_text(textwrap.dedent(code))
    house = str(Path(__file__).parents[1])
    done = python("import runpy; runpy.run_path('parent.py', run_name='__main__')", cwd=tmp_path, PYTHONPATH=house)
    refused = "REFUSED a connection to 192.0.2.1 was refused: the corpus that is loaded is restricted"
    lines = done.stdout.splitlines()
    assert [line for line in lines if "192.0.2.1" in line] == [refused], done.stderr
    assert "PASSED socket.connect ('192.0.2.5', 80)" in lines


def test_a_child_that_cannot_load_the_guard_does_not_run(tmp_path: Path) -> None:
    """Of a Python that is too old, say: here it finds a standard module that has not what the guard needs."""
    (tmp_path / "ipaddress.py").write_text("")
    code = """
    import os, subprocess, sys
    from harness.privacy import restrict
    restrict()
    os.environ["PYTHONPATH"] += os.pathsep + sys.argv[1]
    sys.exit(subprocess.run([sys.executable, "-c", "print('ran')"]).returncode)
    """
    done = python(code, str(tmp_path))
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        f"harness: a child was stopped: its Python {sys.version.split()[0]} cannot load the guard that refuses "
        "connections while a restricted corpus is loaded (ImportError)\n"
        "  -> start it with the Python that runs the harness: sys.executable\n"
    )


def test_the_sitecustomize_of_others_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('theirs')")
    code = "import subprocess, sys; from harness.privacy import restrict; restrict(); "
    code += "subprocess.run([sys.executable, '-c', 'import sys; print(sys.path.count(sys.argv[1]))', sys.argv[1]])"
    house = str(Path(__file__).parents[1])
    done = python(code, house, PYTHONPATH=f"{tmp_path}{os.pathsep}{house}")
    assert done.stdout.splitlines() == ["theirs", "theirs", "1"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    "call", ["urllib.request.urlopen('http://192.0.2.7/', timeout=3)", "requests.get('http://192.0.2.7/', timeout=3)"]
)
def test_a_proxy_on_this_machine_carries_nothing(call: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0.2)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        code = f"""
        import urllib.request, requests
        from harness.privacy import restrict
        restrict()
        {call}
        """
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        done = python(code, **dict.fromkeys(names, address))
        assert "PrivacyError: a connection to 192.0.2.7 was refused" in done.stderr
        with pytest.raises(TimeoutError):
            proxy.accept()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "::1%lo", "::ffff:127.0.0.1"]
)
def test_names_and_addresses_of_this_machine(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize(
    "host", ["127.example.org", "127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "::ffff:10.0.0.1", "::2"]
)
def test_what_only_looks_like_this_machine(host: str) -> None:
    assert not is_here(host)
