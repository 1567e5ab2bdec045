"""WebSockets: opened or refused with a reason, and closed with the code that was sent."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from traceback import format_exception_only

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from agentframework.transports.base import TransportClosedError, TransportRefusedError
from agentframework.transports.websocket import ReticentLogger, WebSocketTransport, open_websocket

Scenario = Callable[[str], Awaitable[None]]


def with_server(scenario: Scenario, handler: Callable[[ServerConnection], Awaitable[None]]) -> None:
    async def main() -> None:
        async with serve(handler, "127.0.0.1", 0, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            await scenario(f"ws://127.0.0.1:{port}/v1?secret=canary")

    asyncio.run(main())


async def receive_all(transport: WebSocketTransport, taken: list[str | bytes]) -> None:
    """Take frames until the other side has closed, beside those that a listener takes."""
    try:
        while True:
            taken.append(await transport.receive())
    except TransportClosedError:
        return


def assert_nothing_leaks(error: BaseException) -> None:
    """Neither in the error's own words nor in those of the causes that a traceback shows."""
    told: BaseException | None = error
    while told is not None:
        assert "canary" not in "".join(format_exception_only(told))
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)


def test_frames_travel_both_ways_without_compression() -> None:
    offered: list[str | None] = []

    async def echo(connection: ServerConnection) -> None:
        assert connection.request is not None
        offered.append(connection.request.headers.get("Sec-WebSocket-Extensions"))
        async for frame in connection:
            await connection.send(frame)

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        await transport.send("héllo")
        assert await transport.receive() == "héllo"
        await transport.close()

    with_server(scenario, echo)
    assert offered == [None]


def test_the_code_and_the_reason_of_the_close_are_known() -> None:
    async def refuse(connection: ServerConnection) -> None:
        await connection.close(1008, "Invalid message received")

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        with pytest.raises(TransportClosedError) as closed:
            await transport.receive()
        assert (closed.value.code, closed.value.reason) == (1008, "Invalid message received")
        with pytest.raises(TransportClosedError):
            await transport.send("late")

    with_server(scenario, refuse)


def test_a_connection_that_breaks_without_a_close_frame_is_1006() -> None:
    async def drop(connection: ServerConnection) -> None:
        connection.transport.abort()

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        with pytest.raises(TransportClosedError) as closed:
            await transport.receive()
        assert closed.value.code == 1006

    with_server(scenario, drop)


def test_a_refused_port_is_said_without_the_query() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TransportRefusedError, match="nothing listens there") as refused:
        asyncio.run(open_websocket(f"ws://127.0.0.1:{port}/v1?conversation_signature=canary"))
    assert_nothing_leaks(refused.value)
    assert f"ws://127.0.0.1:{port}/v1" in str(refused.value)


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(TransportRefusedError, match=r"no answer within 0\.1 s"):
            asyncio.run(open_websocket(f"ws://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.1))


def test_an_http_refusal_carries_its_status() -> None:
    def refuse(connection: ServerConnection, _request: Request) -> Response:
        return connection.respond(HTTPStatus.UNAUTHORIZED, "no")

    async def main() -> None:
        async def never(_connection: ServerConnection) -> None:
            raise AssertionError

        async with serve(never, "127.0.0.1", 0, process_request=refuse) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            with pytest.raises(TransportRefusedError, match="answered 401") as refused:
                await open_websocket(f"ws://127.0.0.1:{port}/")
            assert refused.value.status == 401

    asyncio.run(main())


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("ws://127.0.0.1:bad/?token=canary", "redirects to what is no address"),
        ("http://127.0.0.1/?token=canary", "no WebSocket address"),
        ("/again?token=canary", "in a ring"),
    ],
)
def test_a_redirect_that_is_not_followed_is_said_without_its_address(location: str, said: str) -> None:
    def redirect(connection: ServerConnection, _request: Request) -> Response:
        response = connection.respond(HTTPStatus.FOUND, "")
        response.headers["Location"] = location
        return response

    async def main() -> None:
        async def never(_connection: ServerConnection) -> None:
            raise AssertionError

        async with serve(never, "127.0.0.1", 0, process_request=redirect) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            with pytest.raises(TransportRefusedError, match=said) as refused:
                await open_websocket(f"ws://127.0.0.1:{port}/?token=canary")
            assert_nothing_leaks(refused.value)

    asyncio.run(main())


def test_no_frame_and_no_header_is_logged_though_every_logger_is_at_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def echo(connection: ServerConnection) -> None:
        await connection.send(await connection.recv())

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        await transport.send("canary")
        assert await transport.receive() == "canary"
        await transport.close()

    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    with_server(scenario, echo)
    ours = [record for record in caplog.records if record.name != "websockets.server"]
    assert "canary" not in "".join(record.getMessage() for record in ours)
    # the test's own server shows what there was to be told
    assert len(ours) < len(caplog.records)
    assert "canary" in caplog.text


def test_a_reticent_logger_lets_warnings_through(caplog: pytest.LogCaptureFixture) -> None:
    logger = ReticentLogger(logging.getLogger("tests.reticent"))
    caplog.set_level(logging.DEBUG, logger="tests.reticent")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(level, "at %d", level)
        assert logger.isEnabledFor(level) == (level >= logging.WARNING)
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]
    logger.logger.setLevel(logging.ERROR)
    assert not logger.isEnabledFor(logging.WARNING)


def test_no_tls_where_tls_is_asked_for_is_said() -> None:
    async def never(_connection: ServerConnection) -> None:
        raise AssertionError

    async def scenario(url: str) -> None:
        with pytest.raises(TransportRefusedError, match=r"TLS|cut off"):
            await open_websocket(url.replace("ws:", "wss:"))

    with_server(scenario, never)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "nonsense", "ws://"])
def test_what_is_no_websocket_address_is_said(url: str) -> None:
    with pytest.raises(TransportRefusedError, match="no WebSocket address"):
        asyncio.run(open_websocket(url))


@pytest.mark.parametrize("url", ["ws://127.0.0.1:99999/x?token=canary", "ws://[bad/x?token=canary"])
def test_an_address_that_cannot_be_read_is_said_without_its_query(url: str) -> None:
    with pytest.raises(TransportRefusedError, match="no WebSocket address") as refused:
        asyncio.run(open_websocket(url))
    assert_nothing_leaks(refused.value)


def test_frames_that_are_sent_at_once_keep_their_place_among_the_others() -> None:
    received: list[str | bytes] = []

    async def listen(connection: ServerConnection) -> None:
        received.extend([frame async for frame in connection])

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        for number in range(50):
            if number % 3:
                assert transport.is_free
                transport.send_now([f"é{number}"])
            else:
                await transport.send(f"é{number}")
        await transport.close()
        assert not transport.is_free

    with_server(scenario, listen)
    assert received == [f"é{number}" for number in range(50)]


def test_a_connection_whose_peer_does_not_read_is_not_free_until_it_does() -> None:
    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        sent = 0
        while transport.is_free:
            transport.send_now(["x" * 65_536, "x"])
            sent += 2
            assert sent < 10_000
            await asyncio.sleep(0)
        reads.set()
        await transport.send("the end")  # waits until the peer has read
        assert await transport.receive() == str(sent + 1)
        free.append(transport.is_free)
        await transport.close()

    reads = asyncio.Event()
    free: list[bool] = []

    async def read_late(connection: ServerConnection) -> None:
        await reads.wait()
        count = 1
        while await connection.recv() != "the end":
            count += 1
        await connection.send(str(count))
        await connection.wait_closed()

    with_server(scenario, read_late)
    assert free == [True]


def test_a_connection_that_was_cut_is_not_free() -> None:
    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        transport.abort()
        assert not transport.is_free

    async def listen(connection: ServerConnection) -> None:
        await connection.wait_closed()

    with_server(scenario, listen)


def test_a_listener_gets_frames_in_their_place_among_those_that_are_received() -> None:
    """Whole texts come by themselves; fragments, and what follows them before they are taken, by `receive`."""
    taken: list[str | bytes] = []

    async def speak(connection: ServerConnection) -> None:
        for number in range(30):
            await connection.send([f"{number}", "é", "!"] if number % 5 == 4 else f"{number}é!")
        await connection.send(b"bytes")
        await connection.send("last")

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        transport.listen(taken.append)
        await receive_all(transport, taken)

    with_server(scenario, speak)
    assert taken == [*(f"{number}é!" for number in range(30)), b"bytes", "last"]


def test_frames_that_came_before_anybody_listened_are_received_first() -> None:
    taken: list[str | bytes] = []
    sent = asyncio.Event()

    async def speak(connection: ServerConnection) -> None:
        await connection.send("1")
        await connection.send("2")
        sent.set()
        await connection.recv()
        await connection.send("3")

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        await sent.wait()
        transport.listen(taken.append)
        await transport.send("go")
        await receive_all(transport, taken)

    with_server(scenario, speak)
    assert taken == ["1", "2", "3"]


def test_a_listener_hears_no_more_when_it_stops() -> None:
    taken: list[str | bytes] = []

    async def echo(connection: ServerConnection) -> None:
        async for frame in connection:
            await connection.send(frame)

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        transport.listen(taken.append)
        transport.listen(None)
        await transport.send("for whoever asks")
        assert await transport.receive() == "for whoever asks"
        await transport.close()

    with_server(scenario, echo)
    assert taken == []


def test_a_text_that_is_no_utf_8_closes_the_connection_though_somebody_listens() -> None:
    closed: list[int | None] = []

    async def speak(connection: ServerConnection) -> None:
        await connection.send(b"\xff\xfe", text=True)
        await connection.wait_closed()
        closed.append(connection.close_code)

    async def scenario(url: str) -> None:
        transport = await open_websocket(url)
        transport.listen(lambda frame: None)
        with pytest.raises(TransportClosedError):
            await transport.receive()

    with_server(scenario, speak)
    assert closed == [1007]
