"""JSON over HTTP with one server: connections, retries with back-off, and an end to waiting.

urllib3 is used as it is: no proxy is read from the environment, no redirect is followed, nothing is streamed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    InvalidHeader,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from harness.engines.deadline import pool_manager

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
CONNECT_SECONDS = 10.0
BACKOFF_SECONDS = 1.0
LONGEST_PAUSE = 60
LONGEST_RETRY_AFTER = 300
UNANSWERED = 2
"""Retries of a request that reached the server and was never answered: it may have been worked on each time."""
LARGEST_ANSWER = 64 * 2**20
NO_HTTP = "what the server answers is no HTTP"
_CUT_SHORT = (RemoteDisconnected, IncompleteRead)


class Fault(Exception):
    """A request without a usable answer. `status` is 0 where there was none. `reason` names neither what was sent nor
    what came back."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


@dataclass(frozen=True)
class Client:
    """Requests to the endpoint at `url`, by as many threads as like.

    A request is made again, up to `retries` times, where no connection came about or the status is one of RETRIED:
    at once, then after pauses that double, with jitter; a Retry-After is honoured up to five minutes. A request that
    the server took and did not answer whole, in JSON and within `timeout` seconds, is made again twice at most, when
    its connection is closed.
    """

    url: str
    timeout: float
    retries: int
    key: str = field(default="", repr=False)
    pool: PoolManager = field(default_factory=lambda: pool_manager(64), repr=False, compare=False)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON. Raises Fault when no retry is left, and at once for a status that no retry mends."""
        data = None if body is None else json.dumps(body).encode()
        left = Retry(
            total=self.retries,
            read=min(UNANSWERED, self.retries),
            other=0,
            allowed_methods=None,
            backoff_factor=BACKOFF_SECONDS,
            backoff_max=LONGEST_PAUSE,
            backoff_jitter=BACKOFF_SECONDS,
            retry_after_max=LONGEST_RETRY_AFTER,
        )
        while True:
            response, error, deadline = None, None, time.monotonic() + self.timeout
            try:
                response = self._send(method, path, data)
                if response.status not in RETRIED:
                    return _answer(response, deadline)
            except HTTPError as caught:
                hung_up = isinstance(caught, (ProtocolError, SSLError)) and time.monotonic() >= deadline
                error = _Late() if hung_up else caught
            finally:
                if response is not None:
                    response.close()
            try:
                left = left.increment(method, path, response if error is None else None, error)
            except HTTPError:
                asked = len(left.history) + 1
                reason = _reason(response, error, self.timeout) + (f" (asked {asked} times)" if asked > 1 else "")
                raise Fault(reason, response.status if response is not None else 0) from None
            _pause(left, response)

    def _send(self, method: str, path: str, data: bytes | None) -> BaseHTTPResponse:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return self.pool.urlopen(
            method,
            self.url + path,
            body=data,
            headers=headers,
            timeout=Timeout(connect=min(CONNECT_SECONDS, self.timeout), read=self.timeout),
            retries=False,
            redirect=False,
            preload_content=False,
        )


def at_root(client: Client) -> Client:
    """The pages that are no part of OpenAI's API lie above its /v1."""
    return replace(client, url=client.url.removesuffix("/v1"))


def get(value: Any, name: str) -> Any:
    """What a JSON object holds under a name; None where it is no object, or holds nothing there."""
    return value.get(name) if isinstance(value, dict) else None


def _reason(response: BaseHTTPResponse | None, error: HTTPError | None, timeout: float) -> str:
    match error:
        case None:
            return f"the server answered with status {response.status if response else 0}"
        case ReadTimeoutError() | _Late():
            return f"the server gave no whole answer within {timeout:g} s"
        case SSLError():
            return "the server's certificate was not accepted"
        case NewConnectionError() | ConnectTimeoutError():
            return "the server could not be reached"
        case _NoJson():
            return "the server's answer is no JSON"
        case InvalidHeader():
            return NO_HTTP
        case ProtocolError(args=(_, HTTPException() as cause)) if not isinstance(cause, _CUT_SHORT):
            return NO_HTTP
        case _:
            return "the server closed the connection before its answer was whole"


def _pause(left: Retry, response: BaseHTTPResponse | None) -> None:
    try:
        left.sleep(response)
    except InvalidHeader:  # a Retry-After that is neither a date nor a number
        left.sleep()


class _NoJson(ProtocolError):
    pass


class _Late(ProtocolError):
    pass


def _answer(response: BaseHTTPResponse, deadline: float) -> Any:
    if not 200 <= response.status < 300:
        raise Fault(f"the server answered with status {response.status}", response.status)
    chunks, size = [], 0
    try:
        while chunk := response.read1(2**16):
            chunks.append(chunk)
            size += len(chunk)
            if time.monotonic() > deadline:
                raise _Late
            if size > LARGEST_ANSWER:
                raise _NoJson
        return json.loads(b"".join(chunks))
    except (ValueError, RecursionError, DecodeError):
        raise _NoJson from None
