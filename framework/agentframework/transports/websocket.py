"""Frames over a WebSocket."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    SecurityError,
)
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from agentframework.transports.base import TransportClosedError, TransportRefusedError

__all__ = ["ReticentLogger", "WebSocketTransport", "open_websocket"]

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""The largest frame that is taken, as in the SDK (protocol 4.6: chunks can be seconds long)."""

_HANG_UP_TIMEOUT = 1.0
_WRITE_LIMIT = 32 * 1024  # bytes that may wait to be written before a sender waits for the peer


class ReticentLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger for websockets that drops whatever is below `least`, at whatever level the logger itself is.

    At DEBUG that library logs the request line with the signature in it, every header, and the beginnings of all
    frames, which hold spoken words and dynamic variables. A program that wants to see everything of everybody must
    not get these.
    """

    def __init__(self, logger: logging.Logger, *, least: int = logging.WARNING) -> None:
        super().__init__(logger, {})
        self._least = least

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the standard library calls it so
        return level >= self._least and super().isEnabledFor(level)


_log = ReticentLogger(logging.getLogger(__name__))


class _Client(ClientConnection):
    """A client's end that gives `sink`, where there is one, each text as it comes: no queue, no turn of a task.

    What comes in fragments or is no text takes the usual way, and while it does so, all that follows.

    A peer that says goodbye and leaves the line open is given a second to hang up: websockets would tell of its
    close only then, or when the line is found dead.
    """

    sink: Callable[[str], None] | None = None
    closing_since: float | None = None

    def process_event(self, event: Event) -> None:
        """Overrides that of websockets, which puts every frame into the queue that `recv` reads."""
        if isinstance(event, Frame) and event.opcode is Opcode.CLOSE and self.closing_since is None:
            self.closing_since = self.loop.time()
            self.loop.call_later(_HANG_UP_TIMEOUT, self.transport.abort)
        if (
            self.sink is None
            or not isinstance(event, Frame)
            or event.opcode is not Opcode.TEXT
            or not event.fin
            or self.recv_messages.frames
        ):
            super().process_event(event)
            return
        try:
            text = bytes(event.data).decode()
        except UnicodeDecodeError:
            super().process_event(event)
        else:
            self.sink(text)


class WebSocketTransport:
    """Either end of a connected WebSocket; everything runs on the loop where it was opened."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def receive(self) -> str | bytes:
        """The next frame. Raises `TransportClosedError` when no more will come."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise self._closed(error) from error

    def listen(self, sink: Callable[[str], None] | None) -> None:
        """Have `sink` called with frames as they come, in their place among those that `receive` gives."""
        if isinstance(self._connection, _Client):
            self._connection.sink = sink

    async def send(self, frame: str) -> None:
        """Send one frame; waits while the peer does not read. Raises `TransportClosedError`."""
        try:
            await self._connection.send(frame)
        except ConnectionClosed as error:
            raise self._closed(error) from error

    @property
    def is_free(self) -> bool:
        """Whether the connection is open and hardly anything waits to be written."""
        connection = self._connection
        return (
            connection.state is State.OPEN
            and not connection.transport.is_closing()
            and connection.transport.get_write_buffer_size() < _WRITE_LIMIT
        )

    def send_now(self, frames: Iterable[str]) -> None:
        """Send a few frames, where `is_free`: what `send` does, less the coroutines that wait for the peer."""
        protocol = self._connection.protocol
        for frame in frames:
            protocol.send_text(frame.encode())
        self._connection.transport.write(b"".join(protocol.data_to_send()))

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a close frame, and wait for the peer's."""
        await self._connection.close(code, reason)

    def abort(self) -> None:
        """Drop the TCP connection."""
        self._connection.transport.abort()

    def _closed(self, error: ConnectionClosed) -> TransportClosedError:
        """How the peer closed; an end that hears it otherwise says so here."""
        if error.rcvd is None:
            problem = "" if error.__cause__ is None else str(error.__cause__)
            return TransportClosedError(1006, "", problem=problem)
        since = self._connection.closing_since if isinstance(self._connection, _Client) else None
        age = 0.0 if since is None else self._connection.loop.time() - since
        return TransportClosedError(error.rcvd.code, error.rcvd.reason, age=age)


async def open_websocket(url: str, *, timeout: float = 10.0) -> WebSocketTransport:
    """A connection to `url` (ws or wss), without compression: base64 audio hardly shrinks.

    Raises `TransportRefusedError` where there is no answer within `timeout` seconds, the name is not known, the
    certificate is not trusted, or the server says no.
    """
    try:
        place = _place(url)
    except ValueError:
        # here and below: the error's own text holds parts of the address, so it does not become the cause
        raise TransportRefusedError(
            "the address that was given", "that is no WebSocket address", is_lasting=True
        ) from None
    try:
        context = await asyncio.to_thread(ssl.create_default_context) if url.startswith("wss:") else None
        connection = await connect(
            url,
            ssl=context,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            open_timeout=timeout,
            proxy=None,
            logger=_log,
            create_connection=_Client,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        raise TransportRefusedError(place, f"the server answered {status}", status=status) from error
    except InvalidURI:
        raise TransportRefusedError(place, "that is no WebSocket address", is_lasting=True) from None
    except SecurityError:
        raise TransportRefusedError(
            place, "it redirects without TLS, or in a ring", is_lasting=True
        ) from None
    except TimeoutError as error:
        raise TransportRefusedError(place, f"no answer within {timeout:g} s") from error
    except (OSError, InvalidHandshake) as error:
        untrusted = isinstance(error, ssl.SSLCertVerificationError)
        raise TransportRefusedError(place, _cause(error), is_lasting=untrusted) from error
    except ValueError:  # behind OSError, because an error about a certificate is both
        raise TransportRefusedError(place, "it redirects to what is no address", is_lasting=True) from None
    return WebSocketTransport(connection)


def _place(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({error.reason})"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there (connection refused)"
    if isinstance(error, ConnectionError):
        return "the connection was cut off while it was being made"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error) or type(error).__name__
