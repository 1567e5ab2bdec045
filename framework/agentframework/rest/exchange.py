"""One HTTP request and its answer, by way of httpx2; nothing else here knows that library."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

__all__ = ["Answer", "ExchangeError", "Http", "Request", "UploadedFile"]

MAX_ANSWER_BYTES = 1024 * 1024
"""The longest answer that is read: those that we ask for are a line of JSON."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as it is sent: in the multipart field `file` (protocol 2.8)."""

    name: str
    content: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; the key goes into the header `xi-api-key` and is in no repr."""

    method: str
    url: str
    api_key: str | None = field(default=None, repr=False)
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    file: UploadedFile | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class ExchangeError(Exception):
    """No answer came.

    `may_have_arrived` tells whether the server can have acted on the request; `is_lasting` that trying again would
    change nothing; `timed_out` that time was what ran out. `attempts` is how many there were in all.
    """

    def __init__(
        self, problem: str, *, may_have_arrived: bool, is_lasting: bool = False, timed_out: bool = False
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.may_have_arrived = may_have_arrived
        self.is_lasting = is_lasting
        self.timed_out = timed_out
        self.attempts = 1


class Http:
    """Sends requests, each over a connection of its own.

    Calls are rare (one or two for a conversation) and come from whatever loop the caller runs, while a pooled
    connection belongs to the loop that opened it. What can be shared is kept: the TLS context, whose making
    costs more than a handshake. Redirects are not followed, so the key goes nowhere else; proxies and `.netrc` of
    the environment are not asked.
    """

    def __init__(self) -> None:
        self._tls: ssl.SSLContext | None = None

    async def send(self, request: Request, *, timeout: float) -> Answer:
        """The answer within `timeout` seconds, body and all. Raises `ExchangeError`."""
        if not _is_loaded():
            await asyncio.to_thread(_load)
        import httpx2  # imported late: only few programs need it

        verify = await self._tls_context() if request.url.startswith("https:") else False
        try:
            async with asyncio.timeout(timeout):
                # the one limit above is enough, and unlike httpx2's own it counts the whole of the exchange
                with _untraced():
                    async with httpx2.AsyncClient(
                        timeout=None, verify=verify, trust_env=False, follow_redirects=False
                    ) as http:
                        return await _exchange(http, request)
        except TimeoutError as error:
            problem = "no answer in time"
            raise ExchangeError(problem, may_have_arrived=True, timed_out=True) from error
        except httpx2.ConnectError as error:
            problem, is_lasting = _why_not_connected(error)
            raise ExchangeError(problem, may_have_arrived=False, is_lasting=is_lasting) from error
        except httpx2.RequestError as error:
            problem = f"the connection broke off ({type(error).__name__})"
            raise ExchangeError(problem, may_have_arrived=True) from error
        except (httpx2.InvalidURL, ValueError) as error:
            problem = f"the request cannot be written ({type(error).__name__})"
            raise ExchangeError(problem, may_have_arrived=False, is_lasting=True) from error

    async def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        return self._tls


# what httpx2 itself loads no sooner than with its first client and its first connection
_LATE = ("httpx2", "httpcore2", "anyio.streams.tls", "anyio._backends._asyncio")


def _is_loaded() -> bool:
    return all(name in sys.modules for name in _LATE)


def _load() -> None:
    """In a thread: on the loop these imports would hold up every conversation there for a quarter of a second."""
    for name in _LATE:
        with suppress(
            ImportError
        ):  # a part that is elsewhere in another version is then loaded when it is needed
            import_module(name)


_is_ours: ContextVar[bool] = ContextVar("agentframework_rest_exchange", default=False)
_TRACES = ("httpcore2.connection", "httpcore2.http11")


@contextmanager
def _untraced() -> Iterator[None]:
    """Within it httpcore2 logs nothing of what this task does; at DEBUG it would write all headers of the answer.

    It takes no logger of ours. A filter holds for its own loggers whatever their level, and lets through what
    others in this process do with that library.
    """
    for name in _TRACES:
        logging.getLogger(name).addFilter(_is_of_others)
    token = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(token)


def _is_of_others(_record: logging.LogRecord) -> bool:
    return not _is_ours.get()


async def _exchange(http: httpx2.AsyncClient, request: Request) -> Answer:
    file = request.file
    async with http.stream(
        request.method,
        request.url,
        params=dict(request.query) or None,
        headers={} if request.api_key is None else {"xi-api-key": request.api_key},
        json=request.json,
        files=None if file is None else {"file": (file.name, file.content, file.content_type)},
    ) as response:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                problem = f"the answer is longer than {MAX_ANSWER_BYTES} bytes"
                raise ExchangeError(problem, may_have_arrived=True, is_lasting=True)
        return Answer(response.status_code, dict(response.headers), bytes(body))


def _why_not_connected(error: BaseException) -> tuple[str, bool]:
    """The reason at the bottom of the chain in plain words, and whether it will be the same in a second."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})", True
        if isinstance(cause, ssl.SSLError):
            return f"no TLS connection ({cause.reason})", True
        if isinstance(cause, socket.gaierror):
            return "its name is not known", cause.errno != socket.EAI_AGAIN
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there (connection refused)", False
    return "no connection", False
