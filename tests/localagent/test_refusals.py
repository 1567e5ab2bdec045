"""What the local agent refuses, and what it only warns of: the two lists of its contract, over a real socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_guest import TEXT_ONLY, House, in_house
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.events import AgentEventKind
from agentframework.protocol.inspection import RemarkKind

TOOL = ToolDeclaration("get_weather", "Tell the weather.", {"type": "object", "properties": {}})
INITIATION = {"type": "conversation_initiation_client_data"}

# a frame, and a word of the reason that is reported
REFUSED: list[tuple[str | bytes | dict[str, Any], str]] = [
    ("hello", "not JSON"),
    ("", "not JSON"),
    ("[]", "a list"),
    ('"text"', "a text"),
    ("null", "null"),
    (b"\0\1", "binary"),
    ({}, "without a type"),
    ({"type": None}, "without a type"),
    ({"type": 5}, "type"),
    ({"type": "user_mesage", "text": "Hi"}, "user_message"),
    ({"type": "agent_response"}, "no message has this type"),
    ({"type": "pong"}, "pong.event_id"),
    ({"type": "pong", "event_id": "soon"}, "pong.event_id"),
    ({"type": "client_tool_result", "result": "x", "is_error": False}, "tool_call_id"),
    ({"type": "client_tool_result", "tool_call_id": "tc_1", "is_error": False}, "result"),
    ({"type": "client_tool_result", "tool_call_id": "tc_1", "result": "x"}, "is_error"),
    ({"type": "client_tool_result", "tool_call_id": "tc_1", "result": {}, "is_error": False}, "an object"),
    ({"type": "client_tool_result", "tool_call_id": "tc_1", "result": 7, "is_error": False}, "a number"),
    ({"type": "client_tool_result", "tool_call_id": "tc_1", "result": True, "is_error": False}, "true"),
    ({"type": "client_tool_result", "tool_call_id": "tc_1", "result": None, "is_error": False}, "null"),
    ({"type": "client_tool_result", "tool_call_id": 5, "result": "x", "is_error": False}, "tool_call_id"),
    ({"type": "contextual_update"}, "contextual_update.text"),
    ({"type": "user_message", "text": 5}, "user_message.text"),
    ({"type": "feedback", "score": "like"}, "feedback.event_id"),
    ({"type": "mcp_tool_approval_result", "tool_call_id": "mc_1"}, "is_approved"),
    ({"type": "multimodal_message", "file": {"type": "file_input"}}, "file_id"),
    ({"user_audio_chunk": 5}, "user_audio_chunk"),
    ({"user_audio_chunk": "no base64!"}, "base64"),
]


@pytest.mark.parametrize(("frame", "word"), REFUSED)
def test_what_is_refused_is_closed_with_1008(frame: str | bytes | dict[str, Any], word: str) -> None:
    async def scenario(house: House) -> None:
        guest = await house.talk()
        await guest.send(json.dumps(frame) if isinstance(frame, dict) else frame)
        *_, error = await guest.rest()
        assert error["error_event"]["error_type"] == "invalid_message"
        assert await guest.closed() == (1008, "Invalid message received")

    house = in_house(scenario)
    [problem] = house.texts(AgentEventKind.REFUSED)
    assert word in problem


# what is sent instead of, or after, the introduction, and the remarks that follow
WARNED: list[tuple[list[dict[str, Any]], list[RemarkKind]]] = [
    ([{**INITIATION, "extra": 1}], [RemarkKind.EXTRA_FIELD]),
    ([{**INITIATION, "source_info": {"source": "x", "os": "y"}}], [RemarkKind.EXTRA_FIELD]),
    ([{**INITIATION, "conversation_config_override": {"text_only": True}}], [RemarkKind.UNKNOWN_OVERRIDE]),
    (
        [{**INITIATION, "conversation_config_override": {"agent": {"prompt": {"temperature": 1}}}}],
        [RemarkKind.UNKNOWN_OVERRIDE],
    ),
    ([{"user_audio_chunk": "AAA="}, INITIATION], [RemarkKind.EARLY_AUDIO]),
    ([INITIATION, {"type": "feedback", "event_id": "1", "score": "like"}], [RemarkKind.NUMERIC_STRING]),
    ([INITIATION, {"type": "pong", "event_id": 99}], [RemarkKind.UNEXPECTED_PONG]),
    (
        [INITIATION, {"type": "pong", "event_id": "9"}],
        [RemarkKind.NUMERIC_STRING, RemarkKind.UNEXPECTED_PONG],
    ),
    (
        [INITIATION, {"type": "client_tool_result", "tool_call_id": "x", "result": "", "is_error": False}],
        [RemarkKind.UNEXPECTED_RESULT],
    ),
    ([{"type": "user_activity"}, INITIATION], [RemarkKind.OUT_OF_ORDER]),
    ([INITIATION, INITIATION], [RemarkKind.OUT_OF_ORDER]),
    ([INITIATION, {"type": "user_activity", "since": 5}], [RemarkKind.EXTRA_FIELD]),
]


@pytest.mark.parametrize(("frames", "kinds"), WARNED)
def test_what_is_odd_is_accepted_with_a_warning(
    frames: list[dict[str, Any]], kinds: list[RemarkKind]
) -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        for frame in frames:
            await guest.send(frame)
        await guest.say("bye")
        assert (await guest.closed())[0] == 1000

    assert in_house(scenario).remarks() == kinds


@pytest.mark.parametrize(("frames", "kinds"), WARNED)
def test_strict_refuses_what_is_odd(frames: list[dict[str, Any]], kinds: list[RemarkKind]) -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        for frame in frames:
            await guest.send(frame)
        assert await guest.closed() == (1008, "Invalid message received")

    house = in_house(scenario, strict=True)
    assert house.remarks() == []
    [problem] = house.texts(AgentEventKind.REFUSED)
    assert problem.startswith("strict: ")


@pytest.mark.parametrize("strict", [False, True])
def test_a_duplicate_result_is_warned_of_or_refused(strict: bool) -> None:
    async def scenario(house: House) -> None:
        guest = await house.talk()
        await guest.say("/call get_weather {}")
        call_id = (await guest.call())["tool_call_id"]
        await guest.answer(call_id, "sunny")
        await guest.answer(call_id, "rainy")
        await guest.say("bye")
        assert (await guest.closed())[0] == (1008 if strict else 1000)

    house = in_house(scenario, tools=[TOOL], strict=strict)
    assert house.remarks() == ([] if strict else [RemarkKind.DUPLICATE_RESULT])


@pytest.mark.parametrize("strict", [False, True])
def test_a_correct_client_is_never_warned_of(strict: bool) -> None:
    """Neither an Origin nor a subprotocol is needed."""

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open(
            **TEXT_ONLY,
            custom_llm_extra_body={},
            dynamic_variables={"name": "Ann", "n": 3, "vip": True, "list": ["a", 1, None], "none": None},
            source_info={"source": "python_sdk", "version": "2.78.0"},
            user_id="u1",
        )
        for frame in (
            {"user_audio_chunk": "AAA="},
            {"type": "user_activity"},
            {"type": "contextual_update", "text": "User opened pricing", "context_id": "page"},
            {"type": "feedback", "event_id": 1, "score": None},
            {"type": "multimodal_message", "text": {"type": "user_message", "text": "/help"}},
            {"type": "mcp_tool_approval_result", "tool_call_id": "mc_1", "is_approved": True},
        ):
            await guest.send(frame)
        await guest.say("bye")
        assert (await guest.closed())[0] == 1000

    assert in_house(scenario, strict=strict).remarks() == []


def test_the_same_oddity_is_reported_once() -> None:
    async def scenario(house: House) -> None:
        guest = await house.talk()
        for _ in range(50):
            await guest.send({"user_audio_chunk": "AAA=", "rate": 16000})
        await guest.say("bye")
        await guest.closed()

    assert in_house(scenario).remarks() == [RemarkKind.EXTRA_FIELD]
