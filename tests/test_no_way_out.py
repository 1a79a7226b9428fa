"""While a restricted corpus is loaded no connection is even attempted, by whatever way and in whichever child; and what
the guard cannot see, sockets of compiled code, gets nowhere in a network namespace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.networks import ALONE, needs_namespace

HOUSE = Path(__file__).resolve().parent.parent

# The addresses and the name are those kept for documentation: nobody has them.
WAYS = '''
import asyncio, json, os, socket, ssl, sys, threading, urllib.request
from harness.errors import PrivacyError

def recorder(event, args):
    """Stands beneath the guard: it hears of what the guard lets through, writes it down, and lets none of it out."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"):
        reached = args[0] if event == "socket.getaddrinfo" else args[-1]
        if isinstance(reached, str) or (isinstance(reached, tuple) and reached[0] not in ("127.0.0.1", "::1")):
            if event == "socket.connect" and isinstance(reached, str):
                return  # a socket of this machine's file system
            with open(os.environ["RECORD"], "a") as record:
                record.write(f"{event} {reached}\\n")
            raise OSError("stopped beneath the guard")

def udp(family, address):
    return socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", address)

def in_a_thread(target, *arguments):
    caught = []
    def run():
        try:
            target(*arguments)
        except BaseException as error:
            caught.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    raise caught[0]

TRY = {
    "tcp": lambda: socket.create_connection(("192.0.2.1", 443), timeout=1),
    "tcp6": lambda: socket.create_connection(("2001:db8::1", 443), timeout=1),
    "connect_ex": lambda: socket.socket().connect_ex(("192.0.2.1", 80)),
    "mapped": lambda: socket.socket(socket.AF_INET6).connect(("::ffff:192.0.2.1", 80)),
    "udp": lambda: udp(socket.AF_INET, ("192.0.2.1", 53)),
    "udp6": lambda: udp(socket.AF_INET6, ("2001:db8::1", 53)),
    "name": lambda: socket.getaddrinfo("registry.example", 443),
    "web": lambda: urllib.request.urlopen("http://192.0.2.1/", timeout=1),
    "web by name": lambda: urllib.request.urlopen("https://registry.example/", timeout=1),
    "async": lambda: asyncio.run(asyncio.open_connection("192.0.2.1", 80)),
    "async6": lambda: asyncio.run(asyncio.open_connection("2001:db8::1", 80)),
    "thread": lambda: in_a_thread(socket.create_connection, ("192.0.2.1", 80), 1),
}

def attempt(who):
    sys.addaudithook(recorder)
    for way, act in TRY.items():
        try:
            act()
            said = "WENT THROUGH"
        except PrivacyError as error:
            said = str(error).splitlines()[0]
        except OSError as error:
            said = f"{type(error).__name__}: {error}"
        with open(os.environ["SAID"], "a") as out:
            out.write(json.dumps([who, way, said]) + "\\n")
'''

PLUGIN = '''
import multiprocessing, shlex, subprocess, sys
import ways
from harness import ModelInput, system

tried = []

@system("caller")
def caller(asked: ModelInput) -> str:
    """Tries every way out once, here and in every kind of child."""
    if not tried:
        tried.append(1)
        ways.attempt("here")
        call = "import ways; ways.attempt(%r)"
        subprocess.run([sys.executable, "-c", call % "child"])
        subprocess.run(shlex.join([sys.executable, "-c", call % "shell"]), shell=True)
        inner = "import subprocess, sys; subprocess.run([sys.executable, '-c', %r])" % (call % "grandchild")
        subprocess.run([sys.executable, "-c", inner])
        for how in ("spawn", "fork"):
            child = multiprocessing.get_context(how).Process(target=ways.attempt, args=(how,))
            child.start()
            child.join()
    return "text"
'''
WHO = ("here", "child", "shell", "grandchild", "spawn", "fork")


def submit(data: Path, folder: Path) -> tuple[dict[tuple[str, str], str], str]:
    """Let the caller compete. What came of each attempt, and what the recorder heard."""
    (folder / "ways.py").write_text(WAYS)
    (folder / "caller.py").write_text(PLUGIN)
    (folder / "record").write_text("")
    (folder / "said").write_text("")
    arguments = ["submit", "caller", "--plugin", "caller.py", "--data", str(data), "--limit", "2", "--scorers", "bleu"]
    paths = f"{folder}{os.pathsep}{HOUSE}"
    where = {"RECORD": str(folder / "record"), "SAID": str(folder / "said"), "PYTHONPATH": paths}
    command = [sys.executable, "-m", "harness.cli", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **where}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in (folder / "said").read_text().splitlines()]
    return {(who, way): what for who, way, what in said}, (folder / "record").read_text()


def test_no_connection_is_attempted_here_or_in_a_child(restricted: Path, tmp_path: Path) -> None:
    said, heard = submit(restricted, tmp_path)
    assert heard == ""
    assert len(said) == 12 * len(WHO)
    assert {who for who, _ in said} == {*WHO}
    places = ("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "registry.example")
    messages = {f"a connection to {place} was refused: the corpus that is loaded is restricted" for place in places}
    assert {*said.values()} == messages


def test_the_recorder_hears_what_is_not_refused(restricted: Path, tmp_path: Path) -> None:
    public = shutil.copytree(restricted, tmp_path / "public")
    (public / "corpus.toml").write_text('name = "public"\nlicence = "CC0-1.0"\npublic = true\n')
    said, heard = submit(public, tmp_path)
    assert "refused: the corpus" not in " ".join(said.values())
    assert len(heard.splitlines()) >= len(said) == 12 * len(WHO)


# --------------------------------------------------------------------------- what the guard cannot see

INSIDE = '''
import ctypes, errno, fcntl, json, os, socket, struct, subprocess, sys, threading, time

def loopback(*addresses):
    """Bring the loopback device up, with these addresses too."""
    four, six = socket.socket(), socket.socket(socket.AF_INET6)
    fcntl.ioctl(four, 0x8914, struct.pack("16sh14x", b"lo", 1))
    for at, address in enumerate(addresses):
        if ":" in address:
            given = struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, address), 128, socket.if_nametoindex("lo"))
            fcntl.ioctl(six, 0x8916, given)
        else:
            device = f"lo:{at + 1}".encode()
            fcntl.ioctl(four, 0x8916, struct.pack("16sHH4s16x", device, socket.AF_INET, 0, socket.inet_aton(address)))

def listen(address, heard):
    until = time.monotonic() + 20
    while True:  # on a busy machine the kernel takes a moment until an address of IPv6 may be used
        try:
            server = socket.create_server((address, 80), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
            break
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL or time.monotonic() > until:
                raise
            time.sleep(0.05)
    def accept():
        while True:
            server.accept()[0].close()
            heard.append(address)
    threading.Thread(target=accept, daemon=True).start()

COMPILED = """
import ctypes, os, socket, struct, sys
address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
packed = socket.inet_pton(family, address)
port = struct.pack("!H", 80)
name = struct.pack("H", family) + port + (bytes(4) + packed + bytes(4) if ":" in address else packed + bytes(8))
libc = ctypes.CDLL(None, use_errno=True)
code = libc.connect(libc.socket(family, socket.SOCK_STREAM, 0), name, len(name))
print(os.strerror(ctypes.get_errno()) if code else "connected")
"""
TORCH = """
import sys
from datetime import timedelta
from torch.distributed import DistError, TCPStore
try:
    TCPStore(sys.argv[1], 80, is_master=False, timeout=timedelta(seconds=1))
except DistError as error:
    print("Network is unreachable" if "Network is unreachable" in str(error) else "connected, and no store found")
"""
PLAIN = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 80), timeout=5)
except Exception as error:
    print(type(error).__name__, getattr(error, "strerror", None) or "")
else:
    print("connected")
"""

def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip()
'''
RECORDED = f"""{INSIDE}
heard = []
loopback("192.0.2.1", "2001:db8::1")
for address in ("192.0.2.1", "2001:db8::1"):
    listen(address, heard)
def all_ways():
    said = [run(sys.executable, "-c", PLAIN, address) for address in ("192.0.2.1", "2001:db8::1")]
    said += [run(sys.executable, "-c", COMPILED, "192.0.2.1"), run(sys.executable, "-I", "-c", PLAIN, "192.0.2.1")]
    count, heard[:] = len(heard), []
    return said, count
free = all_ways()
from harness.privacy import restrict
restrict()
guarded = all_ways()
run(sys.executable, "-c", TORCH, "192.0.2.1")
print(json.dumps([free, guarded, len(heard) > 0]))
"""
CUT_OFF = f"""{INSIDE}
from harness.privacy import restrict
loopback()
restrict()
said = [run(sys.executable, "-c", COMPILED, address) for address in ("192.0.2.1", "2001:db8::1")]
said.append(run(sys.executable, "-c", TORCH, "192.0.2.1"))
said.append(run(sys.executable, "-I", "-c", PLAIN, "192.0.2.1"))
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
print(json.dumps(said))
"""


def inside(program: str, *more: str) -> object:
    command = [*ALONE, sys.executable, "-c", program, *more]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_namespace
def test_a_listener_at_the_addresses_hears_nothing_but_what_the_guard_cannot_see() -> None:
    """The recorder is who would be called. It hears everybody before the guard is there; then the C library, a Python
    that is told to ignore its environment, and the C++ of torch (the store of gloo and NCCL), as documented."""
    free, guarded, torch_is_heard = inside(RECORDED)  # type: ignore[misc]
    assert free == [["connected"] * 4, 4]
    assert guarded == [["PrivacyError", "PrivacyError", "connected", "connected"], 2]
    assert torch_is_heard


@needs_namespace
def test_in_a_namespace_with_the_loopback_device_alone_nothing_gets_out() -> None:
    unreachable = "Network is unreachable"
    assert inside(CUT_OFF) == [unreachable, unreachable, unreachable, f"OSError {unreachable}"]


QUIET = '''
from harness import ModelInput, system

@system("quiet")
def quiet(asked: ModelInput) -> str:
    """Says the same of everybody."""
    return "The patient went home."
'''


@needs_namespace
def test_a_run_goes_its_way_in_such_a_namespace(restricted: Path, tmp_path: Path) -> None:
    (tmp_path / "quiet.py").write_text(QUIET)
    arguments = ["submit", "quiet", "--plugin", "quiet.py", "--data", str(restricted), "--scorers", "bleu"]
    command = [*ALONE, sys.executable, "-m", "harness.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "submissions/discharge-me/hospital/test_phase_1/quiet"
    assert (run / "submission.zip").exists()
    assert run.stat().st_uid == os.getuid()
