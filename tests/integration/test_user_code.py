"""Whatever a handler of an event does, the call goes on: pongs, sound, the other events, and the end."""

from __future__ import annotations

import asyncio
import base64
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent, make_session, start, until
from agentframework.audio.base import AudioBackend
from agentframework.audio.line import AudioLine
from agentframework.callbacks import Callbacks, Event, method_name
from agentframework.protocol.messages import UserMessage
from agentframework.session.session import OwnedBackend
from agentframework.tools.tool import Tool
from wire_examples import FRAMES

ECHO = Tool("echo", lambda: "heard")
METHODS = sorted(name for name in vars(Callbacks) if name.startswith("on_"))
CALL = {
    "tool_name": "echo",
    "tool_call_id": "call",
    "parameters": {},
    "event_id": 1,
    "expects_response": True,
}
ODD = {"unknown_message": '{"type": "of tomorrow"}', "malformed_frame": "no JSON"}
IN_SEQUENCE = ["session_started", "conversation_initiation_metadata", "tool_called", "tool_answered"]
IN_SEQUENCE += ["message_sent", "session_ended", "event"]
ELSEWHERE = [
    *("reconnecting", "reconnected", "tool_finished_late", "tool_calls_stopped"),
    *("agent_started_speaking", "agent_stopped_speaking", "answer_played", "audio_stalled", "audio_restored"),
]
"""These need a connection that is lost, calls that are late or too many, or a device: tests/session/,
test_reconnecting.py, test_call_timing.py, test_permission.py, test_speech.py and test_devices.py."""


def frames() -> dict[str, str]:
    """A frame for each event that comes from the agent's side once the conversation is live, by the event's name."""
    known = {name: text for name, text in FRAMES.items() if name != "conversation_initiation_metadata"}
    known["client_tool_call"] = FRAMES["client_tool_call"].replace("get_time", "echo")
    return {**known, **ODD}


def test_each_event_that_a_handler_can_be_given_is_among_those_below() -> None:
    assert sorted(f"on_{name}" for name in [*frames(), *IN_SEQUENCE, *ELSEWHERE]) == METHODS


def handler_of(behaviour: Callable[[str, Event], Any], *, is_async: Callable[[str], bool]) -> Callbacks:
    """A handler with every method there is, each of which does the same; some are coroutine functions."""

    def plain(name: str) -> Callable[..., Any]:
        return lambda self, event: behaviour(name, event)

    def coroutine(name: str) -> Callable[..., Any]:
        async def method(self: Callbacks, event: Event) -> None:
            behaviour(name, event)

        return method

    methods = {name: (coroutine if is_async(name) else plain)(name) for name in METHODS}
    for name, method in methods.items():
        method.__name__ = name
    kind: type[Callbacks] = type("Everything", (Callbacks,), methods)
    return kind()


async def send_everything(peer: Peer, times: int) -> None:
    """Every event there is, so many times, and then a sign that the conversation lives."""
    await peer.open()
    for number in range(times):
        for name, frame in frames().items():
            await peer.send(frame.replace('"tc_1"', f'"{name} {number}"'))
    await peer.ping(4711)
    while await peer.receive() != {"type": "pong", "event_id": 4711}:
        pass


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "coroutine"])
def test_a_handler_whose_every_method_raises_ends_nothing_and_is_named_once_a_method(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(peer: Peer) -> None:
        await send_everything(peer, 3)
        session.send(UserMessage(text="hello"))
        while (await peer.receive()).get("text") != "hello":
            pass

    def raises(name: str, event: Event) -> None:
        raise ValueError(name)

    with caplog.at_level(logging.ERROR, "agentframework.handlers"), agent(scenario) as served:
        handlers = (handler_of(raises, is_async=lambda name: is_async),)
        session = make_session(served.url, ECHO, handlers=handlers)
        start(session)
        served.wait()
        assert session.ended.result(PATIENCE).reason == "agent"
    said = [record.getMessage() for record in caplog.records]
    raised = [method for method in METHODS if method not in {f"on_{name}" for name in ELSEWHERE}]
    assert sorted(said) == [f"{method} of handler 0 raised ValueError" for method in raised]


@pytest.mark.parametrize(
    "is_async",
    [lambda name: False, lambda name: True, lambda name: len(name) % 2 == 0],
    ids=["plain", "coroutines", "mixed"],
)
def test_every_event_arrives_in_its_order_whether_methods_are_plain_or_coroutines(
    is_async: Callable[[str], bool],
) -> None:
    order: list[str] = []

    def keep(name: str, event: Event) -> None:
        order.append(name if name == "on_event" else f"{name} alone")
        if name == "on_event":
            order.append(f"{method_name(event)} alone")

    with agent(lambda peer: send_everything(peer, 5)) as served:
        session = make_session(served.url, ECHO, handlers=(handler_of(keep, is_async=is_async),))
        start(session)
        served.wait()
        session.ended.result(PATIENCE)
    # each event: on_event says which is next, and its own method follows
    assert order[0::3] == ["on_event"] * (len(order) // 3)
    assert order[1::3] == order[2::3]
    sent = [f"on_{name} alone" for name in frames()] * 5
    assert [one for one in order[1::3] if one in set(sent) - {"on_ping alone"}] == [
        one for one in sent if one != "on_ping alone"
    ]
    assert order[-1] == "on_session_ended alone"


class Device(AudioBackend):
    """Plays when the test says so; what it records is the test's to say, too."""

    def __init__(self) -> None:
        self.line: AudioLine | None = None

    def start(self, line: AudioLine) -> None:
        line.end_capture()  # nobody is to wonder where it is between two blocks
        self.line = line

    def stop(self) -> None: ...


class Gate:
    """Holds a handler up in one of its methods, which the agent's side names, until that side lets it go on."""

    def __init__(self, *wanted: str) -> None:
        self.wanted = set(wanted)
        self.held = ""
        self._go = threading.Semaphore(0)

    def pass_through(self, name: str, event: Event) -> None:
        if name in self.wanted:
            self.wanted.discard(name)
            self.held = name
            assert self._go.acquire(timeout=PATIENCE)

    def open(self) -> None:
        self.held = ""
        self._go.release()


async def goes_on(peer: Peer, device: Device, number: int) -> None:
    """A ping is answered, a block of the microphone arrives, and a chunk of speech is played."""
    await peer.ping(number)
    line = device.line
    assert line is not None
    heard = number.to_bytes(2) * 320
    await asyncio.to_thread(line.write_capture, heard)
    block = base64.b64encode(heard).decode()
    wanted: list[dict[str, Any]] = [{"type": "pong", "event_id": number}, {"user_audio_chunk": block}]
    while wanted:
        frame = await peer.receive()
        if frame in wanted:
            wanted.remove(frame)
    chunk = heard * 10
    audio = {"audio_base_64": base64.b64encode(chunk).decode(), "event_id": number}
    await peer.send({"type": "audio", "audio_event": audio})
    await until(lambda: line.read_playback(320) == heard)
    line.clear()


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "coroutine"])
def test_while_a_method_blocks_pings_are_answered_and_sound_goes_both_ways(is_async: bool) -> None:
    """Each method in turn. A coroutine that blocks holds up its loop, which is neither the wire nor the device's."""
    first = ("on_conversation_initiation_metadata", "on_session_started")
    device, gate = Device(), Gate(*first)
    blocked: list[str] = []

    async def see(peer: Peer, method: str) -> None:
        await until(lambda: gate.held == method)
        await goes_on(peer, device, 10_000 + len(blocked))
        blocked.append(method)
        gate.open()

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await until(lambda: device.line is not None)
        for method in first:
            await see(peer, method)
        for name, frame in frames().items():
            gate.wanted = {f"on_{name}"}
            await peer.send(frame)
            await see(peer, f"on_{name}")
        for name in ("on_tool_called", "on_tool_answered"):
            gate.wanted = {name}
            await peer.call("echo", name)
            await see(peer, name)
        gate.wanted = {"on_message_sent"}
        session.send(UserMessage(text="hello"))
        await see(peer, "on_message_sent")
        gate.wanted = {"on_event"}
        await peer.say("hello")
        await see(peer, "on_event")

    with agent(scenario) as served:
        handler = handler_of(gate.pass_through, is_async=lambda name: is_async)
        session = make_session(served.url, ECHO, handlers=(handler,), audio=OwnedBackend("the test", device))
        start(session)
        served.wait()
        assert session.ended.result(PATIENCE).reason == "agent"
    untried = {f"on_{name}" for name in ["session_ended", *ELSEWHERE]}
    assert set(blocked) == set(METHODS) - untried
