"""The local agent as a server: its door, its life, and clients that behave badly."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from agent_guest import TEXT_ONLY, Guest, House, in_house
from agentframework.formats import AudioFormat
from agentframework.localagent import server
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.events import AgentEvent, AgentEventKind
from agentframework.localagent.server import LocalAgent

WEATHER = ToolDeclaration("get_weather", "Tell the weather.", {"type": "object", "properties": {}})


def test_it_listens_on_loopback_on_a_free_port() -> None:
    async def main() -> None:
        agent = LocalAgent()
        url = await agent.start()
        assert url == agent.url == await agent.start()
        assert url.startswith("ws://127.0.0.1:")
        await agent.stop()
        await agent.stop()

    asyncio.run(main())


def test_it_says_so_when_it_does_not_listen() -> None:
    with pytest.raises(RuntimeError, match="does not listen"):
        _ = LocalAgent().url


def test_it_listens_where_it_is_told_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="address already in use"):
            asyncio.run(LocalAgent(port=port).start())

    async def main() -> None:
        async with LocalAgent(host="::1") as agent:
            assert agent.url.startswith("ws://[::1]:")

    asyncio.run(main())


def test_it_can_be_started_anew() -> None:
    """Each time it listens, and once stopped it listens no more."""

    async def main() -> None:
        agent = LocalAgent()
        for _ in range(2):
            port = int((await agent.start()).rpartition(":")[2])
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await agent.stop()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(main())


def test_the_metadata_comes_first_and_holds_what_was_asked_for() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        assert await guest.open(**TEXT_ONLY) == "conv_1"
        await guest.leave()

    in_house(scenario, new_conversation_id=lambda: "conv_1")


def test_each_connection_is_its_own_conversation() -> None:
    async def scenario(house: House) -> None:
        guests = [await house.connect() for _ in range(3)]
        ids = {await guest.open(**TEXT_ONLY) for guest in guests}
        assert len(ids) == 3
        assert all(name.removeprefix("conv_").isalnum() for name in ids)
        assert house.agent.conversations == 3
        for guest in guests:
            await guest.hear()
            await guest.say("bye")
            assert await guest.closed() == (1000, "")

    in_house(scenario)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["convai"], "convai"),
        (["convai", "bearer.s3cret"], "convai"),
        (["bearer.s3cret"], None),
    ],
)
def test_convai_is_chosen_where_it_is_offered(offered: list[str], chosen: str | None) -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect(subprotocols=[Subprotocol(name) for name in offered] or None)
        assert guest.subprotocol == chosen
        await guest.open()
        await guest.leave()

    house = in_house(scenario, strict=True)
    assert not any("s3cret" in event.text for event in house.events)


def test_who_comes_is_reported_without_what_is_secret() -> None:
    async def scenario(house: House) -> None:
        query = "?agent_id=agent_x&source=python_sdk&version=2.78.0&conversation_signature=s3cret"
        guest = await house.connect(
            path=f"/v1/convai/conversation{query}", origin=Origin("https://example.com")
        )
        await guest.leave()

    house = in_house(scenario)
    assert house.texts(AgentEventKind.CONNECTED) == [
        "agent_id agent_x, source python_sdk, version 2.78.0, origin https://example.com, no subprotocol"
    ]


@pytest.mark.parametrize(
    "path", ["/sagemaker/convai/conversation?conversation_id=1", "/base/v1/convai/conversation"]
)
def test_a_path_before_the_conversation_is_taken(path: str) -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect(path=path)
        await guest.open()
        await guest.leave()

    in_house(scenario)


@pytest.mark.parametrize("path", ["/", "/v1/convai/conversation/token", "/v1/convai", "//[x"])
def test_other_paths_are_shown_the_way(path: str) -> None:
    async def scenario(house: House) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await house.connect(path=path)
        assert refused.value.response.status_code == 404
        body = (refused.value.response.body or b"").decode()
        assert f"There is nothing at {path}." in body
        assert f"{house.agent.url}/v1/convai/conversation?agent_id=ANY" in body

    in_house(scenario)


def test_an_ordinary_http_request_is_shown_the_way_too() -> None:
    async def scenario(house: House) -> None:
        def get() -> tuple[int, str]:
            connection = HTTPConnection(urlsplit(house.agent.url).netloc, timeout=5)
            connection.request("GET", "/v1/convai/tools")
            response = connection.getresponse()
            body = response.read().decode()
            connection.close()
            return response.status, body

        status, body = await asyncio.to_thread(get)
        assert status == 404
        assert "/v1/convai/conversation?agent_id=ANY" in body

    in_house(scenario)


@pytest.mark.parametrize("path", ["/v1/convai/conversation?agent_id=a", "/sagemaker/convai/conversation?"])
def test_a_conversation_has_the_id_that_its_address_asks_for(path: str) -> None:
    """As on-prem, and with a signed URL that was asked to hold one (protocol 1.2)."""

    async def scenario(house: House) -> None:
        guest = await house.connect(path=f"{path}&conversation_id=conv_mine")
        assert await guest.open() == "conv_mine"
        await guest.leave()
        guest = await house.connect(path=f"{path}&conversation_id=two%0Alines")
        assert await guest.open() == "conv_1"
        await guest.leave()

    house = in_house(scenario, new_conversation_id=lambda: "conv_1")
    assert {event.conversation_id for event in house.events} == {"conv_mine", "conv_1"}


def ask_for_signed_url(house: House, query: str, **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection(urlsplit(house.agent.url).netloc, timeout=5)
    connection.request("GET", f"/v1/convai/conversation/get-signed-url{query}", headers=headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


def test_it_signs_the_address_of_its_own_conversations() -> None:
    """What a program for a private agent asks for first (protocol 1.4)."""

    async def scenario(house: House) -> None:
        key = {"xi-api-key": "sk_any"}
        status, body = await asyncio.to_thread(ask_for_signed_url, house, "?agent_id=agent%20x", **key)
        address, _, query = body["signed_url"].partition("?")
        assert (status, address) == (200, f"{house.agent.url}/v1/convai/conversation")
        asked = parse_qs(query)
        assert asked["agent_id"] == ["agent x"]
        assert asked["conversation_signature"][0].startswith("cvtkn_")
        guest = await house.connect(path=body["signed_url"].removeprefix(house.agent.url))
        assert await guest.open() == "conv_1"
        await guest.leave()

        wanted = "?agent_id=a&include_conversation_id=true"
        _, body = await asyncio.to_thread(ask_for_signed_url, house, wanted, **key)
        guest = await house.connect(path=body["signed_url"].removeprefix(house.agent.url))
        assert [await guest.open()] == parse_qs(body["signed_url"])["conversation_id"]
        await guest.leave()

    house = in_house(scenario, new_conversation_id=lambda: "conv_1")
    assert not any("cvtkn" in event.text for event in house.events)


def test_it_signs_nothing_without_a_key_or_for_no_agent() -> None:
    async def scenario(house: House) -> None:
        status, body = await asyncio.to_thread(ask_for_signed_url, house, "?agent_id=a")
        assert (status, body["detail"]["status"]) == (401, "needs_authorization")
        status, body = await asyncio.to_thread(ask_for_signed_url, house, "", **{"xi-api-key": "sk_any"})
        assert (status, body["detail"][0]["loc"]) == (422, ["query", "agent_id"])

    in_house(scenario)


class ByHand:
    """A client whose every frame the test sees, and whose pongs it sends when it likes."""

    def __init__(self, house: House) -> None:
        self.address = urlsplit(house.agent.url)
        self.protocol = ClientProtocol(parse_uri(f"{house.agent.url}/v1/convai/conversation"))
        self.seen: list[Opcode] = []

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.address.hostname, self.address.port)
        self.protocol.send_request(self.protocol.connect())
        self.send()
        await self.read_until(lambda: self.protocol.state is State.OPEN)
        initiation = {"type": "conversation_initiation_client_data", **TEXT_ONLY}
        self.protocol.send_text(json.dumps(initiation).encode())
        self.send()

    def send(self) -> None:
        for data in self.protocol.data_to_send():
            self.writer.write(data)

    async def read_until(self, is_enough: Callable[[], bool]) -> None:
        while not is_enough():
            self.protocol.receive_data(await self.reader.read(4096))
            for event in self.protocol.events_received():
                if isinstance(event, Frame):
                    self.seen.append(event.opcode)


def test_what_follows_the_metadata_waits_until_the_client_has_had_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pong shows that; a client that listens to one message at first must lose none (protocol 1.6)."""
    monkeypatch.setattr(server, "_READING_TIMEOUT", 60)

    async def scenario(house: House) -> None:
        client = ByHand(house)
        await client.open()
        await client.read_until(lambda: Opcode.PING in client.seen)
        assert client.seen == [Opcode.TEXT, Opcode.PING]
        client.send()
        await client.read_until(lambda: len(client.seen) > 2)
        client.writer.close()

    in_house(scenario)


def test_a_client_that_answers_no_ping_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_READING_TIMEOUT", 0.01)

    async def scenario(house: House) -> None:
        client = ByHand(house)
        await client.open()
        await client.read_until(lambda: len(client.seen) > 2)
        assert client.seen[:3] == [Opcode.TEXT, Opcode.PING, Opcode.TEXT]
        client.writer.close()

    in_house(scenario)


def test_nothing_is_compressed() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect(compression="deflate")
        assert guest.connection.response is not None
        assert "Sec-WebSocket-Extensions" not in guest.connection.response.headers
        await guest.leave()

    in_house(scenario)


def test_stopping_closes_every_conversation() -> None:
    guests: list[Guest] = []

    async def scenario(house: House) -> None:
        guests.extend([await house.connect(), await house.talk()])
        await house.agent.stop()
        for guest in guests:
            assert (await guest.closed())[0] == 1001

    house = in_house(scenario)
    assert house.texts(AgentEventKind.CLOSED) == ["closed with 1001"] * 2


def test_stopping_does_not_wait_for_those_who_do_not_go() -> None:
    """One client never shakes hands, one never reads; both are cut off in time."""

    async def main() -> None:
        house = House()
        await house.agent.start()
        address = urlsplit(house.agent.url)
        _, knocking = await asyncio.open_connection(address.hostname, address.port)
        knocking.write(b"GET /v1/convai/conversation HTTP/1.1\r\n")
        await knocking.drain()
        reader, deaf = await asyncio.open_connection(address.hostname, address.port)
        deaf.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        started = time.monotonic()
        await house.agent.stop()
        assert time.monotonic() - started < 2.5
        assert house.agent.conversations == 0
        for writer in (knocking, deaf):
            writer.close()

    asyncio.run(main())


HANDSHAKE = (
    b"GET /v1/convai/conversation HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def test_a_client_that_vanishes_ends_its_own_conversation_only() -> None:
    async def scenario(house: House) -> None:
        stays, vanishes = await house.talk(), await house.talk()
        vanishes.connection.transport.abort()
        assert await house.event(AgentEventKind.CLOSED) == "the client vanished (1006)"
        await stays.say("/help")
        assert await stays.hear()
        await stays.leave()

    in_house(scenario)


def test_a_client_that_leaves_is_reported_with_its_words() -> None:
    async def scenario(house: House) -> None:
        guest = await house.talk()
        await guest.connection.close(1000, "User ended conversation")

    house = in_house(scenario)
    assert house.texts(AgentEventKind.CLOSED) == ["closed by the client with 1000 User ended conversation"]


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_handshake_is_refused_in_silence(garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(house: House) -> None:
        address = urlsplit(house.agent.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(garbage)
        writer.write_eof()
        await reader.read()
        writer.close()

    with caplog.at_level(logging.DEBUG):
        in_house(scenario)
    assert not [record for record in caplog.records if record.exc_info]


def test_a_client_that_asks_without_reading_is_not_listened_to_until_it_reads() -> None:
    """Its questions are all answered in the end, and the others have not waited for it."""
    count = 600

    async def scenario(house: House) -> None:
        other = await house.talk()
        flood = await house.connect(max_queue=1)
        await flood.send({"type": "conversation_initiation_client_data", **TEXT_ONLY})
        asks = asyncio.create_task(ask(flood))
        for _ in range(3):
            await other.say("/help")
            assert await other.hear()
        heard = 0
        while heard < count + 1:
            await flood.hear()
            heard += 1
        await asks
        await flood.leave()
        await other.leave()

    async def ask(guest: Guest) -> None:
        for number in range(count):
            await guest.say(f"question {number}")

    in_house(scenario)


def test_a_frame_beyond_the_bound_ends_the_conversation() -> None:
    async def scenario(house: House) -> None:
        guest = await house.talk()
        await guest.send("x" * (16 * 1024 * 1024 + 1))
        assert (await guest.closed())[0] == 1009

    in_house(scenario)


def test_a_large_frame_within_the_bound_is_read() -> None:
    async def scenario(house: House) -> None:
        guest = await house.talk()
        await guest.send({"user_audio_chunk": "AAAA" * 1_000_000})
        await guest.say("/help")
        assert await guest.hear()
        await guest.leave()

    assert in_house(scenario).remarks() == []


def test_a_listener_that_fails_does_not_end_the_conversation(caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: AgentEvent) -> None:
        raise ValueError(event.kind)

    async def main() -> None:
        async with LocalAgent(on_event=fail) as agent:
            house = House()
            house.agent = agent
            guest = await house.talk()
            await guest.leave()

    asyncio.run(main())
    assert "the receiver of the local agent's events failed" in caplog.text


def test_without_a_listener_events_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with LocalAgent(new_conversation_id=lambda: "conv_1") as agent:
            house = House()
            house.agent = agent
            guest = await house.connect()
            await guest.send("hello")
            assert await guest.closed() == (1008, "Invalid message received")

    asyncio.run(main())
    assert caplog.messages == ["conv_1: refused: not JSON"]


def test_a_failure_inside_closes_that_conversation_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    """An id that is no text stands for any mistake in the agent."""
    nothing: Any = lambda: None  # noqa: E731

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.send({"type": "conversation_initiation_client_data"})
        assert await guest.closed() == (1011, "internal error")

    house = in_house(scenario, new_conversation_id=nothing)
    assert house.texts(AgentEventKind.FAILED) == ["ValidationError in the local agent"]
    assert "the local agent failed" in caplog.text


def test_pings_come_at_their_interval_and_tell_the_latency() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open(**TEXT_ONLY)
        first = (await guest.until("ping"))["ping_event"]
        await guest.send({"type": "pong", "event_id": first["event_id"]})
        second = (await guest.until("ping"))["ping_event"]
        assert first["ping_ms"] is None
        assert isinstance(second["ping_ms"], int)
        assert second["event_id"] > first["event_id"]
        await guest.leave()

    in_house(scenario, ping_interval=0.02)


def test_a_tool_that_does_not_answer_in_time_is_told() -> None:
    async def scenario(house: House) -> None:
        guest = await house.talk()
        await guest.say("/call get_weather {}")
        call = await guest.call()
        assert "no answer came within 0.02 s" in await guest.hear()
        await guest.answer(call["tool_call_id"], "sunny")
        await guest.say("/help")
        await guest.hear()
        await guest.leave()

    house = in_house(scenario, tools=[WEATHER], tool_timeout=0.02)
    assert [remark.value for remark in house.remarks()] == ["late result"]


def test_voice_is_heard_in_the_chosen_format() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.send({"type": "conversation_initiation_client_data"})
        metadata = (await guest.receive())["conversation_initiation_metadata_event"]
        assert metadata["agent_output_audio_format"] == "ulaw_8000"
        said = (await guest.receive())["agent_response_event"]
        chunks = [(await guest.receive())["audio_event"]]
        while not chunks[-1]["is_final"]:
            chunks.append((await guest.receive())["audio_event"])
        assert {chunk["event_id"] for chunk in chunks} == {said["event_id"]}
        chars = [char for chunk in chunks for char in chunk["alignment"]["chars"]]
        assert "".join(chars) == said["agent_response"]
        await guest.leave()

    in_house(scenario, output_format=AudioFormat("ulaw", 8000))


def test_an_on_prem_client_brings_its_tools() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect(path="/sagemaker/convai/conversation")
        tool = {"type": "client", "name": "beep", "expects_response": True, "parameters": None}
        await guest.send({"type": "enclave_setup_config", "tools_config_list": [tool]})
        await guest.open(**TEXT_ONLY)
        await guest.say("/call beep")
        call = await guest.call()
        assert call["tool_name"] == "beep"
        await guest.answer(call["tool_call_id"], "b33p")
        while "b33p" not in await guest.hear():
            pass
        await guest.leave()

    assert in_house(scenario, strict=True).remarks() == []


def test_an_on_prem_client_with_a_broken_tool_is_refused() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.send({"type": "enclave_setup_config", "tools_config_list": [{"name": "two words"}]})
        await guest.send(json.dumps({"type": "conversation_initiation_client_data"}))
        code, reason = await guest.closed()
        assert code == 1008
        assert reason.startswith("tools_config_list.0.name: ")

    in_house(scenario)
