"""A talker's sentences and calls in the conversation: order, time-outs, interruptions and the goodbye."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from agentframework.localagent.chatter import Chatter
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.mouth import Mouth
from agentframework.localagent.options import AgentOptions, ToolHandling
from agentframework.protocol.agent import Accepted, AgentProtocol, Close
from agentframework.protocol.calls import HIDDEN_ERROR
from agentframework.protocol.messages import (
    ClientMessage,
    ClientToolResultMessage,
    ContextualUpdateMessage,
    ConversationInitiationClientDataMessage,
    MultimodalMessage,
    UserMessage,
)

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = ToolDeclaration("get_weather", "Tell the weather in a city.", CITY)
CALL = '/call get_weather {"city": "Oslo"}'


class Room:
    """A chatter with its protocol, and a clock that a test sets."""

    def __init__(
        self,
        *,
        first_message: object = None,
        variables: dict[str, Any] | None = None,
        text_only: bool = True,
        **options: Any,
    ) -> None:
        self.now = 100.0
        self.protocol = AgentProtocol(
            "conv_1", text_only=text_only, client_events=options.pop("events", EVENTS)
        )
        mouth = Mouth(self.protocol, lambda: self.now)
        self.chatter = Chatter(
            self.protocol, AgentOptions(tools=(WEATHER,), **options), lambda: self.now, mouth
        )
        override = {} if first_message is None else {"agent": {"first_message": first_message}}
        opening = ConversationInitiationClientDataMessage(
            conversation_config_override=override, dynamic_variables=variables
        )
        self.protocol.receive_frame(opening.to_frame())
        self.protocol.start()
        self.chatter.begin()

    def receive(self, message: ClientMessage) -> None:
        accepted = self.protocol.receive_frame(message.to_frame(), now=self.now)
        assert isinstance(accepted, Accepted)
        self.chatter.accept(accepted)

    def say(self, text: str) -> None:
        self.receive(UserMessage(text=text))

    def answer(self, tool_call_id: str, result: str, *, is_error: bool = False) -> None:
        self.receive(ClientToolResultMessage(tool_call_id=tool_call_id, result=result, is_error=is_error))

    def sent(self) -> list[dict[str, Any]]:
        frames = []
        while (frame := self.protocol.next_frame()) is not None:
            frames.append(json.loads(frame))
        return frames

    def said(self) -> list[str]:
        """What was said since, and the calls in angle brackets."""
        lines = []
        for frame in self.sent():
            if frame["type"] == "agent_response":
                lines.append(frame["agent_response_event"]["agent_response"])
            elif frame["type"] == "client_tool_call":
                lines.append(f"<{frame['client_tool_call']['tool_name']}>")
        return lines

    def call_id(self) -> str:
        [call] = self.protocol.open_calls
        return call.tool_call_id


EVENTS = frozenset({"agent_response", "audio", "interruption"})


def test_it_greets() -> None:
    [greeting] = Room().said()

    assert greeting


def test_the_clients_first_message_is_the_greeting() -> None:
    assert Room(first_message="Hi Ann!").said() == ["Hi Ann!"]


def test_variables_are_filled_into_the_first_message() -> None:
    variables = {"user_name": "Ann", "visits": 3}
    first_message = "Hi {{user_name}}, visit {{ visits }} in {{system__conversation_id}} at {{system__time}}"

    said = Room(first_message=first_message, variables=variables).said()
    assert said == ["Hi Ann, visit 3 in conv_1 at {{system__time}}"]


def test_a_missing_variable_ends_the_conversation_as_on_the_platform() -> None:
    room = Room(first_message="Hi {{username}}!", variables={"user_name": "Ann"})

    reason = "Missing required dynamic variables in first message: {'username'}"
    assert room.protocol.close_wanted == Close(1008, reason)
    assert room.said() == []


def test_an_empty_first_message_leaves_the_first_word_to_the_user() -> None:
    assert Room(first_message="").said() == []


def test_a_first_message_that_is_no_text_is_not_said() -> None:
    assert Room(first_message=5).said() == Room().said()


@pytest.mark.parametrize(
    "message", [UserMessage(text=CALL), MultimodalMessage(text=UserMessage(text=CALL))], ids=["user", "multi"]
)
def test_what_the_user_writes_makes_a_call_and_its_result_is_said(message: ClientMessage) -> None:
    room, word = Room(), secrets.token_hex(4)
    room.said()
    room.receive(message)
    assert room.said() == ["<get_weather>"]

    room.answer(room.call_id(), word)
    [said] = room.said()
    assert word in said


def test_messages_without_text_are_heard_in_silence() -> None:
    room = Room()
    room.said()
    for message in (UserMessage(), MultimodalMessage(), ContextualUpdateMessage(text="User opened pricing")):
        room.receive(message)

    assert room.said() == []


def test_what_is_written_during_a_call_waits_for_its_answer() -> None:
    room = Room()
    room.say(CALL)
    room.say("/help")
    room.say(CALL)
    room.say("bye")
    room.said()

    room.answer(room.call_id(), "sunny")
    first, help_text, call = room.said()
    assert "sunny" in first
    assert help_text
    assert call == "<get_weather>"
    assert room.protocol.close_wanted is None
    room.answer(room.call_id(), "rainy")
    last, goodbye = room.said()
    assert "rainy" in last
    assert goodbye
    assert room.protocol.close_wanted == Close(1000, "")


def test_a_call_without_an_answer_in_time_is_told() -> None:
    room = Room(default_handling=ToolHandling(timeout=2.0))
    room.say(CALL)
    room.said()

    [call] = room.protocol.expire(102.0)
    room.chatter.timed_out(call)
    [said] = room.said()
    assert "no answer came within 2 s" in said
    room.answer(call.tool_call_id, "late")
    assert room.said() == []


def test_a_tool_that_expects_no_response_holds_nothing_up() -> None:
    room = Room(handling={"get_weather": ToolHandling(expects_response=False)})
    room.said()
    room.say(CALL)
    room.say("/help")

    call, said, help_text = room.said()
    assert call == "<get_weather>"
    assert "get_weather" in said
    assert help_text


@pytest.mark.parametrize(("mode", "told"), [("auto", HIDDEN_ERROR), ("passthrough", "no such city")])
def test_an_error_is_told_as_far_as_the_mode_lets_it(mode: Any, told: str) -> None:
    room = Room(default_handling=ToolHandling(error_handling=mode))
    room.say(CALL)
    room.said()
    room.answer(room.call_id(), "no such city", is_error=True)

    [said] = room.said()
    assert told in said
    assert ("no such city" in said) == (mode == "passthrough")


def test_writing_while_it_speaks_interrupts_it() -> None:
    room = Room(text_only=False)
    greeted = [frame["type"] for frame in room.sent()]
    room.say("/help")
    interrupted = [frame["type"] for frame in room.sent()]
    room.now += 60
    room.say("/help")
    in_silence = [frame["type"] for frame in room.sent()]

    assert greeted[:3] == ["conversation_initiation_metadata", "agent_response", "audio"]
    assert interrupted[:3] == ["interruption", "agent_response", "audio"]
    assert in_silence[:2] == ["agent_response", "audio"]


def test_writing_during_a_call_interrupts_nothing() -> None:
    room = Room(text_only=False)
    room.now += 60
    room.say(CALL)
    room.sent()
    room.say("/help")

    assert room.sent() == []


def test_the_end_of_each_turn_is_told_to_clients_that_ask_for_it() -> None:
    """After the last word of a turn and not before: a tool call in between is no end."""
    room = Room(events=EVENTS | {"agent_response_complete"})
    room.sent()
    room.say(CALL)
    assert "agent_response_complete" not in [frame["type"] for frame in room.sent()]
    room.answer(room.call_id(), "rain")
    frames = room.sent()
    said = next(frame for frame in frames if frame["type"] == "agent_response")
    assert frames[-1] == {
        "type": "agent_response_complete",
        "agent_response_complete_event": {"event_id": said["agent_response_event"]["event_id"]},
    }
