"""A conversation ends from wherever it is told to, by either door: once, with both end callbacks in their order."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent, eventually
from agentframework import (
    AsyncAudioInterface,
    AsyncConversation,
    AudioInterface,
    Callbacks,
    Client,
    ClientTools,
    Conversation,
    DisconnectionDetails,
    Reconnected,
    ReconnectPolicy,
    SessionError,
    StartError,
)
from agentframework.conversation.base import BaseConversation
from doors import Door, base_of, running_loop

pytestmark = pytest.mark.filterwarnings("ignore:callback_end_session is deprecated")


class Ends:
    """What the end callbacks were told, in the order in which they were."""

    def __init__(self, door: Door) -> None:
        self.told: list[Any] = []
        self.happened = threading.Event()
        self.callbacks = {
            "callback_end_session": door.function(lambda: self.told.append("end")),
            "callback_disconnect": door.function(self._disconnect),
        }

    def _disconnect(self, details: DisconnectionDetails) -> None:
        self.told.append((details.reason, details.close_code))
        self.happened.set()


class Speaker(AudioInterface):
    """Counts its stops, and calls a function from the thread of its device and when it is given something to play."""

    def __init__(
        self, from_device: Callable[[], object] | None, on_output: Callable[[], object] | None
    ) -> None:
        self.stops = 0
        self._from_device = from_device
        self._on_output = on_output

    def start(self, input_callback: Callable[[bytes], None]) -> None:
        if self._from_device is not None:
            threading.Thread(target=self._from_device, name="device", daemon=True).start()

    def output(self, audio: bytes) -> None:
        if self._on_output is not None:
            self._on_output()

    def interrupt(self) -> None: ...

    def stop(self) -> None:
        self.stops += 1


async def speak(peer: Peer) -> None:
    await peer.send({"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 1}})


PLACES: dict[str, Callable[[Peer], Any] | None] = {
    "main": None,
    "thread": None,
    "four at once": None,
    "device": None,
    "output": speak,
    "callback": lambda peer: peer.say("end now"),
    "async callback": lambda peer: peer.say("end now"),
    "sync tool": lambda peer: peer.call("plain", "c1"),
    "async tool": lambda peer: peer.call("coroutine", "c1"),
    "disconnect": lambda peer: peer.connection.close(1000),
}


def end_from_outside(place: str, end: Callable[[], object]) -> None:
    """End it from here or from threads of the program's own, where that is the place."""
    if place == "main":
        end()
    elif place == "thread":
        threading.Thread(target=end).start()
    elif place == "four at once":
        together = threading.Barrier(4)
        for _ in range(4):
            threading.Thread(target=lambda: (together.wait(), end())).start()


@pytest.mark.parametrize("place", PLACES)
def test_it_ends_once_from(place: str, door: Door) -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        trigger = PLACES[place]
        if trigger is not None:
            await trigger(peer)
        return await peer.until_closed()

    def end(*_: object) -> str:
        door.conversation.end_session()
        return "it was asked to end"

    async def end_awaited(*_: object) -> str:
        ended = door.conversation.end_session()
        if door.is_async:
            await ended
        return "it was asked to end"

    def end_again() -> None:
        ends.told.append("end")
        end()

    tools = ClientTools()
    tools.register("plain", end)
    tools.register("coroutine", end_awaited, is_async=True)
    ends = Ends(door)
    speaker = Speaker(end if place == "device" else None, end if place == "output" else None)
    options: dict[str, Any] = {"callback_agent_response": end_awaited if place == "async callback" else end}
    if place == "disconnect":
        ends.callbacks["callback_end_session"] = door.function(end_again)
    with agent(scenario) as served:
        door.make(served.url, client_tools=tools, audio_interface=speaker, **options, **ends.callbacks)
        door.start()
        end_from_outside(place, end)
        assert door.wait() == "conv_1"
        frames = served.wait()
        end()
        assert door.wait() == "conv_1"
    assert served.close_code == 1000
    assert ends.told == ["end", ("agent", 1000) if place == "disconnect" else ("user", None)]
    assert speaker.stops == 1
    if "tool" in place:  # the agent hears one answer, and not that of another call
        assert [frame["tool_call_id"] for frame in frames] == ["c1"]


def test_an_end_while_it_connects_is_told_to_whoever_started_it(door: Door) -> None:
    arrived, ends = threading.Event(), Ends(door)

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        arrived.set()
        return await peer.until_closed()

    with agent(scenario) as served:
        door.make(served.url, **ends.callbacks)
        threading.Thread(target=lambda: (arrived.wait(PATIENCE), door.conversation.end_session())).start()
        with pytest.raises(StartError, match="ended before it had started"):
            door.start()
        assert door.wait() is None
    assert ends.told == ["end", ("user", None)]


def test_after_a_failed_start_both_callbacks_have_fired_once_and_there_is_no_id(door: Door) -> None:
    ends = Ends(door)
    door.make("ws://127.0.0.1:1/v1/", **ends.callbacks)
    with pytest.raises(StartError, match="nothing listens there"):
        door.start()
    assert ends.told == ["end", ("error", None)]
    door.conversation.end_session()
    assert door.wait() is None
    assert ends.told == ["end", ("error", None)]
    with pytest.raises(SessionError, match="starts once"):
        door.start()


def test_a_silent_agent_is_given_up_after_the_time_that_was_said(door: Door) -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        return await peer.until_closed()

    with agent(scenario) as served:
        door.make(served.url, connect_timeout=0.2)
        with pytest.raises(StartError, match=r"said nothing within 0\.2 s"):
            door.start()


def test_the_agents_end_is_an_end_as_well(door: Door) -> None:
    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.connection.close(1008, "Invalid message received")

    ends = Ends(door)
    details: list[DisconnectionDetails] = []
    ends.callbacks["callback_disconnect"] = door.function(details.append)
    with agent(scenario) as served:
        door.make(served.url, **ends.callbacks)
        door.start()
        assert door.wait() == "conv_1"
    [told] = details
    assert (told.reason, told.close_code, told.close_reason) == ("error", 1008, "Invalid message received")
    assert told.hint


def test_waiting_for_the_end_inside_the_end_callback_comes_to_an_end(door: Door) -> None:
    async def scenario(peer: Peer) -> None:
        await peer.open()

    waited: list[object] = []

    def wait(details: DisconnectionDetails) -> None:
        waited.append(door.conversation.wait_for_session_end())

    async def wait_awaited(details: DisconnectionDetails) -> None:
        waited.append(await door.conversation.wait_for_session_end())

    with agent(scenario) as served:
        door.make(served.url, callback_disconnect=wait_awaited if door.is_async else wait)
        door.start()
        assert door.wait() == "conv_1"
        assert eventually(lambda: waited == ["conv_1"])


def test_the_second_end_callback_is_called_where_the_first_raises(door: Door) -> None:
    async def scenario(peer: Peer) -> None:
        await peer.open()

    def raises() -> None:
        raise ValueError("at the end")

    ends = Ends(door)
    ends.callbacks["callback_end_session"] = door.function(raises)
    with agent(scenario) as served:
        door.make(served.url, **ends.callbacks)
        door.start()
        assert door.wait() == "conv_1"
    assert ends.told == [("agent", 1000)]


@pytest.mark.parametrize("coroutine", ["callback_end_session", "callback_disconnect"])
def test_of_the_two_end_callbacks_one_may_be_plain_and_block(coroutine: str, door: Door) -> None:
    async def scenario(peer: Peer) -> None:
        await peer.open()

    told: list[str] = []
    threads: list[str] = []

    def plain(*_: object) -> None:
        threads.append(threading.current_thread().name)
        told.append("plain")

    async def awaited(*_: object) -> None:
        await asyncio.sleep(0)
        told.append("coroutine")

    options: dict[str, Any] = {"callback_end_session": plain, "callback_disconnect": plain}
    options[coroutine] = awaited
    with agent(scenario) as served:
        door.make(served.url, **options)
        door.start()
        door.wait()
    expected = ["coroutine", "plain"]
    assert told == (expected if coroutine == "callback_end_session" else expected[::-1])
    assert threads != ["the-programs-loop"]


@pytest.mark.parametrize("kind", [Conversation, AsyncConversation])
def test_the_deprecated_callback_warns_at_the_line_of_the_caller(kind: type[BaseConversation]) -> None:
    with pytest.warns(DeprecationWarning, match="use callback_disconnect") as caught:
        kind(Client(), "a", requires_auth=False, callback_end_session=lambda: None)
    [warning] = caught
    assert warning.filename == __file__
    with open(__file__, encoding="utf-8") as source:  # noqa: PTH123 - as the warning names it
        assert "callback_end_session=lambda: None" in source.readlines()[warning.lineno - 1]


def test_a_start_that_is_cancelled_ends_the_conversation(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        return await peer.until_closed()

    with agent(scenario) as served, running_loop() as loop:
        details: list[DisconnectionDetails] = []
        conversation = AsyncConversation(
            Client(None, base_of(served.url)), "a", requires_auth=False, callback_disconnect=details.append
        )

        async def program() -> str | None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(conversation.start_session(), 0.1)
            return await conversation.wait_for_session_end()

        assert asyncio.run_coroutine_threadsafe(program(), loop).result(PATIENCE) is None
    assert [end.reason for end in details] == ["user"]
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_cancelling_the_wait_for_the_end_ends_nothing() -> None:
    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.open()
        return await peer.receive()

    with agent(scenario) as served, running_loop() as loop:
        conversation = AsyncConversation(Client(None, base_of(served.url)), "a", requires_auth=False)

        async def program() -> None:
            await conversation.start_session()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(conversation.wait_for_session_end(), 0.05)
            await conversation.send_user_message("still here")

        asyncio.run_coroutine_threadsafe(program(), loop).result(PATIENCE)
        assert served.wait()["text"] == "still here"
        asyncio.run(conversation.end_session())  # any loop will do
        asyncio.run_coroutine_threadsafe(conversation.wait_for_session_end(), loop).result(PATIENCE)


def test_what_end_session_returns_goes_wherever_a_coroutine_goes() -> None:
    conversation = AsyncConversation(Client(), "a", requires_auth=False)

    async def program() -> None:
        await conversation.end_session()
        await asyncio.create_task(conversation.end_session())
        await asyncio.gather(conversation.end_session(), conversation.end_session())
        async with asyncio.TaskGroup() as group:
            group.create_task(conversation.end_session())

    asyncio.run(program())
    asyncio.run(conversation.end_session())


def test_a_conversation_whose_loop_closes_is_ended_and_its_calls_are_answered() -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.call("forever", "c1")
        return await peer.until_closed()

    called = threading.Event()

    async def forever(parameters: dict[str, Any]) -> None:
        called.set()
        await asyncio.Event().wait()

    tools = ClientTools()
    tools.register("forever", forever)
    with agent(scenario) as served:
        conversation = AsyncConversation(
            Client(None, base_of(served.url)), "a", requires_auth=False, client_tools=tools
        )

        async def program() -> None:
            await conversation.start_session()
            await asyncio.to_thread(called.wait, PATIENCE)

        asyncio.run(program())
        [answer] = served.wait()
    assert (answer["tool_call_id"], answer["is_error"]) == ("c1", True)
    assert eventually(conversation._running().ended.done)


def test_an_async_interface_is_stopped_before_the_wait_for_the_end_returns() -> None:
    log: list[str] = []

    class Interface(AsyncAudioInterface):
        async def start(self, input_callback: Callable[[bytes], Any]) -> None:
            log.append("start")

        async def output(self, audio: bytes) -> None: ...
        async def interrupt(self) -> None: ...

        async def stop(self) -> None:
            await asyncio.sleep(0.05)
            log.append("stop")

    async def scenario(peer: Peer) -> None:
        await peer.open()

    with agent(scenario) as served:
        conversation = AsyncConversation(
            Client(None, base_of(served.url)), "a", requires_auth=False, audio_interface=Interface()
        )

        async def program() -> None:
            await conversation.start_session()
            await conversation.wait_for_session_end()
            log.append("over")

        asyncio.run(program())
    assert log == ["start", "stop", "over"]


def test_a_connection_that_is_lost_is_made_again_where_that_was_asked_for(door: Door) -> None:
    ids = iter(["conv_1", "conv_2"])

    async def scenario(peer: Peer) -> list[dict[str, Any]] | None:
        conversation_id = next(ids)
        await peer.open(conversation_id)
        if conversation_id == "conv_1":
            peer.connection.transport.abort()
            return None
        return [await peer.receive()]

    again = threading.Event()

    class Handler(Callbacks):
        def on_reconnected(self, event: Reconnected) -> None:
            again.set()

    with agent(scenario) as served:
        policy = ReconnectPolicy(first_delay=0.01)
        door.make(served.url, callbacks=Handler(), reconnect=policy)
        door.start()
        assert again.wait(PATIENCE)
        door.call("send_contextual_update", "as before")
        assert served.wait(2) == [{"type": "contextual_update", "text": "as before"}]
        assert door.wait() == "conv_2"
    assert door.conversation.reconnect is policy


def test_a_blocking_end_callback_beside_a_coroutine_does_not_hold_the_programs_loop() -> None:
    release, told = threading.Event(), list[str]()

    async def disconnected(details: DisconnectionDetails) -> None:
        told.append(details.reason)

    async def program(base_url: str) -> None:
        conversation = AsyncConversation(
            Client(base_url=base_url),
            "agent_1",
            requires_auth=False,
            callback_end_session=lambda: release.wait(PATIENCE * 2),
            callback_disconnect=disconnected,
        )
        await conversation.start_session()
        await conversation.end_session()
        await conversation.wait_for_session_end()

    with agent(_accepting) as served:
        running = threading.Thread(target=asyncio.run, args=(program(base_of(served.url)),), daemon=True)
        running.start()
        running.join(PATIENCE)
        is_held = running.is_alive()
        release.set()
        running.join(PATIENCE)
    assert not is_held


def test_a_forked_process_does_not_wait_for_its_parents_conversation() -> None:
    with agent(_accepting) as served:
        conversation = Conversation(Client(base_url=base_of(served.url)), "agent_1", requires_auth=False)
        conversation.start_session()
        conversation._process = -1  # as in a child, whose id is another
        with pytest.raises(SessionError, match="forked from"):
            conversation.wait_for_session_end()
        conversation._process = os.getpid()
        conversation.end_session()
        assert conversation.wait_for_session_end() == "conv_1"


async def _accepting(peer: Peer) -> None:
    await peer.open()
    await peer.until_closed()


def test_asking_again_and_again_for_the_end_leaves_nothing_behind() -> None:
    async def program(base_url: str) -> None:
        conversation = AsyncConversation(Client(base_url=base_url), "agent_1", requires_auth=False)
        await conversation.start_session()
        for _ in range(50):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(conversation.wait_for_session_end(), 0.001)
        callbacks = conversation._running().ended._done_callbacks  # type: ignore[attr-defined]
        assert len(callbacks) == 1
        await conversation.end_session()
        await conversation.wait_for_session_end()

    with agent(_accepting) as served:
        asyncio.run(program(base_of(served.url)))
