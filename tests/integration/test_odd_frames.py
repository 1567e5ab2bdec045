"""Whatever the agent's side sends over a real socket, the conversation lives, and each frame is counted."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_stub import PATIENCE, Peer, Recorder, agent, eventually, make_session, start
from agentframework.protocol.client import Verdict
from agentframework.protocol.messages import MalformedFrame, UnknownMessage, parse_server_frame
from agentframework.session.session import Session
from agentframework.tools.tool import Tool
from wire_examples import FRAMES

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["ping", "AAAA", "conv_1", "pcm_16000"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the keys of nested objects are."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*path, key)
            yield from places(below, (*path, key))


@st.composite
def spoilt_messages(draw: st.DrawFn) -> str:
    """A message of a known type with a few keys taken away, replaced or added."""
    message = json.loads(FRAMES[draw(st.sampled_from(sorted(FRAMES)))])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(places(message)) or [("type",)]))
        holder = message
        for key in path[:-1]:
            holder = holder[key]
        match draw(st.sampled_from(["take", "replace", "add"])):
            case "take":
                holder.pop(path[-1], None)
            case "replace":
                holder[path[-1]] = draw(JSON)
            case _:
                holder[draw(st.text(max_size=8))] = draw(JSON)
    return json.dumps(message)


@st.composite
def broken_texts(draw: st.DrawFn) -> str:
    """A message of a known type that is cut short, doubled, or has another text in its midst."""
    text = FRAMES[draw(st.sampled_from(sorted(FRAMES)))].strip()
    at = draw(st.integers(0, len(text)))
    inserted = draw(st.text(max_size=6).filter(_can_be_sent))
    return draw(st.sampled_from([text[:at], text[:at] + inserted + text[at:], text + text, text[at:]]))


def _can_be_sent(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


frames = st.lists(spoilt_messages() | broken_texts() | st.binary(max_size=64), min_size=1, max_size=12)


class Line:
    """A live conversation whose agent's side is the test."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.session: Session
        self.sent = 0
        self._number = 1_000_000
        self._peer: Peer
        self._loop: asyncio.AbstractEventLoop
        self._is_live, self.over = threading.Event(), threading.Event()

    async def scenario(self, peer: Peer) -> None:
        await peer.open()
        self._peer, self._loop = peer, asyncio.get_running_loop()
        self._is_live.set()
        await asyncio.to_thread(self.over.wait)

    def wait_until_live(self) -> None:
        assert self._is_live.wait(PATIENCE)
        self.sent = 1  # the metadata

    def send_and_ping(self, *frames: str | bytes) -> None:
        """Send these and then a good ping; returns when its pong has come."""
        asyncio.run_coroutine_threadsafe(self._send_and_ping(frames), self._loop).result(2 * PATIENCE)

    async def _send_and_ping(self, frames: tuple[str | bytes, ...]) -> None:
        for frame in frames:
            await self._peer.connection.send(frame)
        self._number += 1
        await self._peer.ping(self._number)
        self.sent += len(frames) + 1
        while await self._peer.receive() != {"type": "pong", "event_id": self._number}:
            pass


@contextmanager
def a_line() -> Iterator[Line]:
    line = Line()
    with agent(line.scenario) as served:
        line.session = make_session(served.url, Tool("get_time", lambda: "noon"), handlers=(line.recorder,))
        start(line.session)
        line.wait_until_live()
        try:
            yield line
        finally:
            line.over.set()
            line.session.end()
            line.session.ended.result(PATIENCE)


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    """One conversation for all examples: each has to live with what those before have done."""
    with a_line() as opened:
        yield opened


# the socket's keepalive, in other threads, takes its payload from `random`
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(sent=frames)
def test_no_frame_ends_the_conversation_and_each_is_counted(line: Line, sent: list[str | bytes]) -> None:
    before = line.session.protocol.counts.copy()
    read = [parse_server_frame(frame) for frame in sent]
    line.send_and_ping(*sent)
    counts = line.session.protocol.counts
    assert counts.total() == line.sent
    grown = counts - before
    assert grown[Verdict.MALFORMED] == sum(isinstance(one, MalformedFrame) for one in read)
    assert grown[Verdict.UNKNOWN] == sum(isinstance(one, UnknownMessage) for one in read)
    assert not line.session.ended.done()


def test_handlers_are_given_each_of_them(line: Line) -> None:
    """After all examples: nothing was swallowed, and the next good frames are acted on."""
    line.send_and_ping("nonsense", json.dumps({"type": "tomorrow"}), FRAMES["vad_score"])
    received = {"session_started", "tool_called", "tool_answered"}
    assert eventually(lambda: sum(event.type not in received for event in line.recorder.events) == line.sent)
    for kind in ("malformed_frame", "tomorrow", "vad_score"):
        assert line.recorder.of(kind)
