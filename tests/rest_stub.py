"""The platform's REST API for tests: a real HTTP server that gives the answers, and has the faults, it is told to."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


@dataclass(frozen=True)
class Reply:
    """One answer: with `hang` it comes only when released, with `drop` the connection is reset instead."""

    status: int = 200
    body: object = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False


class Platform(ThreadingHTTPServer):
    """Gives the replies in their order, the last one for ever after; keeps what it was asked."""

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tls = tls
        self.replies = list(replies)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.methods: list[str] = []
        self.bodies: list[bytes] = []
        self.release = threading.Event()
        self._turn = threading.Lock()

    def take(self, handler: BaseHTTPRequestHandler, body: bytes) -> Reply:
        """Keep a request, and say what to answer."""
        with self._turn:
            headers = {name.lower(): value for name, value in handler.headers.items()}
            self.requests.append((handler.path, headers))
            self.methods.append(handler.command)
            self.bodies.append(body)
            return self.answer(handler.command, handler.path, body)

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        """What to answer to the last request that was kept."""
        return self.replies[min(len(self.requests), len(self.replies)) - 1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """A new connection; the handshake is made by the thread that answers."""
        connection, address = super().get_request()
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is part of the test."""

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Platform

    def do_GET(self) -> None:
        """Answer as told."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        reply = self.server.take(self, body)
        if reply.hang:
            self.server.release.wait(10)
        if reply.drop:
            # a reset, so that the client cannot take it for an answer that has ended
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        said = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"content-length": str(len(said)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        """The same."""
        self.do_GET()

    def do_PATCH(self) -> None:
        """The same."""
        self.do_GET()

    def do_DELETE(self) -> None:
        """The same."""
        self.do_GET()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


P = TypeVar("P", bound=Platform)


@contextmanager
def serving(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Platform]:
    """A running one that gives these replies, over TLS where there is a context for it."""
    with running(Platform(*replies, tls=tls)) as server:
        yield server


@contextmanager
def running(server: P) -> Iterator[P]:
    """This server, while it serves."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def platform(status: int, body: object, *, hang: bool = False) -> Iterator[Platform]:
    """A running one that gives one and the same answer to everything."""
    with serving(Reply(status, body, hang=hang)) as server:
        yield server
