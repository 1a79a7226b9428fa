"""Connections of which a request and the head of its answer end by a deadline, however slowly the server drips it out.

A socket's time-out counts from the last byte, so a server that sends a byte now and then, or one "100 Continue" after
the other, would hold a request for ever.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Timer
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


def pool_manager(size: int) -> PoolManager:
    """A pool of such connections, `size` to a host; the deadline is the time-out for reading."""
    manager = PoolManager(maxsize=size)
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


class _Ending(HTTPConnection):
    def getresponse(self) -> Any:
        seconds = self.timeout if isinstance(self.timeout, (int, float)) else None
        if seconds is None:
            return super().getresponse()
        timer = Timer(seconds, _hang_up, (self.sock,))
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        finally:
            timer.cancel()


class _SecureEnding(_Ending, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Ending


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureEnding


def _hang_up(connected: Any) -> None:
    with suppress(OSError):  # closed meanwhile
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # not TLS's own: another thread reads from it
