"""Nothing leaves the machine while a restricted corpus is loaded.

Hub, telemetry and downloads are switched off through the environment (for libraries that ask it, and
for child processes), and an audit hook refuses every connection that is not to this machine, whoever opens it.
This guards against accidents; against code that means harm only a machine without a network does.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import PrivacyError

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
}
_LOOPBACK = ("localhost", "::1", "")


def restrict() -> None:
    """From here on this process and its children reach no host but this machine, libraries keep silent, and what
    they write is readable by its owner alone."""
    os.environ.update(_SILENCE)
    os.umask(0o077)
    _install_hook()


def is_restricted() -> bool:
    return os.environ.get("HARNESS_OFFLINE") == "1"


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
    if is_restricted() and name not in _LOOPBACK and not name.startswith("127."):
        raise PrivacyError(
            f"a connection to {name} was refused: the corpus that is loaded is restricted",
            todo="nothing was sent; only this machine may be reached while it is loaded",
        )


def describe(error: BaseException) -> str:
    """An unexpected error in one line: its type and place, and its message where no patient's text can be in it."""
    place, trace = "", error.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        place = f" ({Path(code.co_filename).name}, line {trace.tb_lineno}, in {code.co_name})"
        trace = trace.tb_next
    message = "" if is_restricted() else f": {error}"
    return f"{type(error).__name__}{message}{place}"
