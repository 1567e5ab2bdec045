"""A start that fails says so, with what went wrong and what would help, whatever went wrong."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from agent_stub import PATIENCE, Peer
from agentframework import Client, Conversation, DisconnectionDetails, StartError


@contextmanager
def server(
    handle: Callable[[Peer], Awaitable[object]],
    *,
    status: int | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """The port of a WebSocket server, which may refuse the upgrade with an HTTP status, or speak TLS."""
    ports: list[int] = []
    loops: list[asyncio.AbstractEventLoop] = []
    ready, stop = threading.Event(), asyncio.Event()

    def answer(connection: ServerConnection, _request: Request) -> Response | None:
        return None if status is None else connection.respond(status, "no\n")

    async def main() -> None:
        async def talk(connection: ServerConnection) -> None:
            await handle(Peer(connection))

        async with serve(talk, "127.0.0.1", 0, ssl=tls, process_request=answer) as running:
            ports.append(next(iter(running.sockets)).getsockname()[1])
            loops.append(asyncio.get_running_loop())
            ready.set()
            await stop.wait()

    # `run` also ends the handshake of a client that comes while the server closes
    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield ports[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)


async def accept(peer: Peer) -> None:
    await peer.open()
    await peer.until_closed()


async def say_nothing(peer: Peer) -> None:
    await peer.until_closed()


class Attempt:
    """One start that fails: its error, and how the end was told."""

    def __init__(self, base_url: str) -> None:
        self.ends: list[DisconnectionDetails | None] = []
        with pytest.warns(DeprecationWarning, match="callback_end_session"):
            conversation = Conversation(
                Client(base_url=base_url),
                "agent_1",
                requires_auth=False,
                connect_timeout=1.0,
                callback_end_session=lambda: self.ends.append(None),
                callback_disconnect=self.ends.append,
            )
        began = time.monotonic()
        with pytest.raises(StartError) as failed:
            conversation.start_session()
        self.lasted = time.monotonic() - began
        self.error = failed.value
        self.conversation_id = conversation.wait_for_session_end()

    def check(self, phase: str, said: str, hint: str = "") -> None:
        """What every failed start has in common, and what is this one's own."""
        assert (self.error.phase, said in self.error.problem) == (phase, True), str(self.error)
        assert hint in self.error.hint
        assert self.conversation_id is None
        [none, details] = self.ends
        assert none is None
        assert details is not None
        assert (details.reason, details.phase) == ("error", phase)
        assert self.lasted < PATIENCE


def test_a_port_where_nobody_listens_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Attempt(f"http://127.0.0.1:{port}").check("connect", "nothing listens there")


def test_a_name_that_nobody_knows_is_said() -> None:
    attempt = Attempt("http://nowhere.invalid")
    attempt.check("connect", "cannot connect to ws://nowhere.invalid/v1/convai/conversation")
    assert isinstance(attempt.error.__cause__.__cause__ if attempt.error.__cause__ else None, socket.gaierror)


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "requires_auth = true"), (403, "requires_auth = true"), (404, "agent's id"), (503, "")],
)
def test_an_upgrade_that_is_refused_is_said_with_its_status(status: int, hint: str) -> None:
    with server(accept, status=status) as port:
        Attempt(f"http://127.0.0.1:{port}").check("connect", f"the server answered {status}", hint)


def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    with server(say_nothing) as port:
        Attempt(f"http://127.0.0.1:{port}").check("start", "said nothing within 1 s")


def test_a_server_that_does_not_even_answer_the_upgrade_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        Attempt(f"http://127.0.0.1:{port}").check("connect", "within 1 s")


def test_a_certificate_that_nobody_trusts_is_said() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with server(accept, tls=tls) as port:
        Attempt(f"https://127.0.0.1:{port}").check("connect", "its certificate is not trusted")


def test_a_certificate_of_another_host_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(tls)
    with server(accept, tls=tls) as port:
        Attempt(f"https://127.0.0.1:{port}").check("connect", "its certificate is not trusted")


def test_a_certificate_that_is_trusted_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with server(accept, tls=tls) as port:
        client = Client(base_url=f"https://127.0.0.1:{port}")
        conversation = Conversation(client, "agent_1", requires_auth=False)
        conversation.start_session()
        conversation.send_user_message("it works right after the start")
        conversation.end_session()
        assert conversation.wait_for_session_end() == "conv_1"


def test_a_close_before_the_metadata_is_said_with_what_would_help() -> None:
    async def refuse(peer: Peer) -> None:
        await peer.receive()
        await peer.connection.close(1008, "Missing required dynamic variables in first message: {'name'}")

    with server(refuse) as port:
        attempt = Attempt(f"http://127.0.0.1:{port}")
    attempt.check("start", "closed with 1008", "give a value for name")
    assert attempt.error.close_code == 1008
