"""Every event of the agent's side reaches a program, by a method of its own and by the one that sees all."""

from __future__ import annotations

from typing import Any

import pytest

from agent_stub import Peer, Recorder, agent
from agentframework import Callbacks
from doors import Door
from wire_examples import FRAMES

OWN = ("session_started", "session_ended", "tool_called", "tool_answered", "message_sent")


class Named(Callbacks):
    """Notes which of its methods are called; a plain method and a coroutine for each event, in turn."""

    called: list[tuple[str, Any]]


def named(is_async: bool) -> Named:
    """A handler with a method for each event, all of one kind."""

    def method_for(name: str) -> Any:
        def method(self: Named, event: Any) -> None:
            self.called.append((name, event))

        async def coroutine(self: Named, event: Any) -> None:
            self.called.append((name, event))

        return coroutine if is_async else method

    names = [name for name in dir(Callbacks) if name.startswith("on_") and name != "on_event"]
    kind = type("Named", (Named,), {name: method_for(name) for name in names})
    handler: Named = kind()
    handler.called = []
    return handler


@pytest.mark.parametrize("is_async", [False, True])
def test_each_event_is_brought_to_its_own_method_and_to_on_event(door: Door, is_async: bool) -> None:
    async def scenario(peer: Peer) -> None:
        await peer.receive()
        for frame in FRAMES.values():
            await peer.send(" ".join(frame.split()))
        await peer.send({"type": "never_heard_of", "payload": {"a": 1}})
        await peer.send("no JSON")
        while (await peer.receive())["type"] != "user_message":
            pass

    recorder, handler = Recorder(), named(is_async)
    with agent(scenario) as served:
        door.make(served.url, callbacks=[recorder, handler])
        door.start()
        recorder.wait_for("tool_answered")
        door.call("send_user_message", "hello")
        served.wait()
        assert door.wait() == "conv_123"
    expected = {*FRAMES, *OWN, "unknown_message", "malformed_frame"}
    assert {name.removeprefix("on_") for name, _ in handler.called} == expected
    assert {event.type for event in recorder.events} >= {*FRAMES, *OWN, "never_heard_of"}
    assert [event for _, event in handler.called] == recorder.events
    [unknown] = [event for name, event in handler.called if name == "on_unknown_message"]
    assert unknown.payload == {"payload": {"a": 1}}


def test_a_callback_may_be_set_before_the_start_and_the_id_is_known_meanwhile(door: Door) -> None:
    heard: list[str] = []

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.say("hello")

    with agent(scenario) as served:
        conversation = door.make(served.url)
        assert (conversation.conversation_id, conversation._conversation_id) == (None, None)
        conversation.callback_agent_response = door.function(heard.append)
        door.start()
        assert (conversation.conversation_id, conversation._conversation_id) == ("conv_1", "conv_1")
        door.wait()
    assert heard == ["hello"]
