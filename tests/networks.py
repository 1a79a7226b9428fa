"""Network namespaces for tests: what runs in one has no network but the loopback device, whatever it is written in."""

from __future__ import annotations

import subprocess
from functools import cache

import pytest

ALONE = ["unshare", "--user", "--map-root-user", "--net"]
WITHOUT = "this machine lets nobody make a network namespace (unshare --user --net)"


@cache
def namespaces() -> bool:
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


needs_namespace = pytest.mark.skipif(not namespaces(), reason=WITHOUT)
