"""Network namespaces for tests: what runs in one has no network but the loopback device, whatever it is written in."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ALONE = ["unshare", "--user", "--map-root-user", "--net"]
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
PYTHON_ALONE = (*ALONE, sys.executable, "-c", LOOPBACK_UP)
"""A Python, whose arguments follow, in a namespace whose loopback device is up."""
WITHOUT = "this machine lets nobody make a network namespace (unshare --user --net)"


@cache
def namespaces() -> bool:
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


needs_namespace = pytest.mark.skipif(not namespaces(), reason=WITHOUT)


def devices(pid: int) -> frozenset[str]:
    """The network devices that a process has."""
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    return frozenset(line.partition(":")[0].strip() for line in lines)
