"""The platform's REST API for tests: a real HTTP server that gives the answers it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Platform(ThreadingHTTPServer):
    """Answers every request with `status` and `body`; keeps the requests; with `hang` only when released."""

    def __init__(self, status: int, body: object, *, hang: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.body = body
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.release = threading.Event()
        if not hang:
            self.release.set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is part of the test."""

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Platform

    def do_GET(self) -> None:
        """Answer as told."""
        self.server.requests.append(
            (self.path, {name.lower(): value for name, value in self.headers.items()})
        )
        self.server.release.wait(10)
        body = (
            self.server.body if isinstance(self.server.body, bytes) else json.dumps(self.server.body).encode()
        )
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def platform(status: int, body: object, *, hang: bool = False) -> Iterator[Platform]:
    """A running one."""
    server = Platform(status, body, hang=hang)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
