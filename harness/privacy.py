"""Nothing leaves the machine while a restricted corpus is loaded, but to hosts that the user names.

Hubs, telemetry, downloads and proxies are switched off through the environment, which libraries and child processes
read; a proxy on this machine would carry anything anywhere. An audit hook refuses every connection that is neither to
this machine nor to a host of the line-up's allow-list, whoever opens it, before a name is looked up or a packet sent.
Children that run Python get the same hook, through a `sitecustomize` that stands first on their PYTHONPATH; one whose
Python cannot load it does not run.

What this cannot see: sockets that compiled code opens by itself (NCCL, gloo, the C++ parts of Ray and of vLLM),
children that are not Python, that do not read their environment (`python -I`, `-E`, `-S`) or are given another, and
what listens on this machine and passes on what it gets (an ssh tunnel, a shared socket). It guards against accidents;
against code that means harm only a machine without a network does, or a network namespace that has the loopback device
alone (docs/air-gap.md).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

from harness.errors import PrivacyError, told

_SILENCE = {
    "HARNESS_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "WANDB_MODE": "disabled",
    "NO_PROXY": "*",
    "no_proxy": "*",
}
_HOSTS = "HARNESS_HOSTS"
_CHILDREN = Path(__file__).resolve().parent / "children"

_allowed: set[str] = set()


def restrict() -> None:
    """From here on this process and its children reach no host but this machine, libraries keep silent, and what
    they write is readable by its owner alone."""
    os.environ.update(_SILENCE)
    os.environ[_HOSTS] = ",".join(sorted(_allowed))
    paths = os.environ.get("PYTHONPATH")
    if not (paths or "").startswith(str(_CHILDREN)):
        os.environ["PYTHONPATH"] = f"{_CHILDREN}{os.pathsep}{paths}" if paths else str(_CHILDREN)
    os.umask(0o077)
    _install_hook()


def inherit() -> None:
    """In a child of a restricted process: the same guard, before any other code of the child runs."""
    if is_restricted():
        allow(host for host in os.environ.get(_HOSTS, "").split(",") if host)
        _install_hook()


def allow(hosts: Iterable[str]) -> None:
    """Let this process, and children started from now on, reach these hosts (names or addresses) too."""
    _allowed.update(map(_plain, hosts))
    if is_restricted():
        os.environ[_HOSTS] = ",".join(sorted(_allowed))


def allowed() -> tuple[str, ...]:
    """The hosts besides this machine that may be reached although a restricted corpus is loaded."""
    return tuple(sorted(_allowed)) if is_restricted() else ()


def is_restricted() -> bool:
    return os.environ.get("HARNESS_OFFLINE") == "1"


def may_reach(host: str) -> bool:
    """Whether a connection to this host, a name or an address, would be let through now."""
    if not is_restricted() or is_here(host) or _plain(host) in _allowed:
        return True
    return _address(host) is not None and _plain(host) in _allowed_addresses()


def is_here(host: str) -> bool:
    """Whether a name or an address is this machine's own, by its form: nothing is looked up."""
    address = _address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback if address else host.lower() in ("localhost", "")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _plain(host: str) -> str:
    return host.strip().rstrip(".").lower()


def _allowed_addresses() -> set[str]:
    """Where the allowed names lead now: a connection is opened to an address, not to a name."""
    import socket

    found: set[str] = set()
    for name in sorted(_allowed):
        if not _address(name):
            with suppress(OSError):
                found |= {_plain(str(entry[4][0])) for entry in socket.getaddrinfo(name, None)}
    return found


@cache
def _install_hook() -> None:
    sys.addaudithook(_refuse_remote)  # cannot be removed, so it asks is_restricted() each time


def _refuse_remote(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getnameinfo"):
        address = args[-1]
        host = address[0] if isinstance(address, tuple) else ""  # text: a Unix socket; None: one that is connected
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = args[0] or ""
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    if not may_reach(name):
        raise PrivacyError(
            f"a connection to {name} was refused: the corpus that is loaded is restricted",
            todo="nothing was sent; only this machine, and hosts that the line-up names, may be reached while it is "
            "loaded",
        )


def describe(error: BaseException) -> str:
    """An unexpected error in one line: its type and place, and its message where no patient's text can be in it."""
    place, trace = "", error.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        place = f" ({Path(code.co_filename).name}, line {trace.tb_lineno}, in {code.co_name})"
        trace = trace.tb_next
    return f"{told(error, message=not is_restricted())}{place}"
