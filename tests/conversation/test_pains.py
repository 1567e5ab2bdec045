"""What users of the ElevenLabs Python SDK suffer from, and do not here, by either door."""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent, still_there, until
from agentframework import (
    AsyncConversation,
    Client,
    ClientTools,
    Conversation,
)
from doors import Door, a_door, running_loop

USER = contextvars.ContextVar("USER", default="nobody")


def answers_of(
    door: Door, tools: ClientTools, *calls: tuple[str, Any], **options: Any
) -> list[dict[str, Any]]:
    """What the agent is answered to these calls, made one after another."""

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        answers = []
        for number, (name, parameters) in enumerate(calls):
            call = {"tool_name": name, "tool_call_id": f"c{number}", "parameters": parameters, "event_id": 1}
            await peer.send(
                {"type": "client_tool_call", "client_tool_call": {**call, "expects_response": True}}
            )
            answers.append(await peer.receive())
        return answers

    with agent(scenario) as served:
        door.make(served.url, client_tools=tools, **options)
        door.start()
        answers: list[dict[str, Any]] = served.wait()
        door.wait()
    return answers


RESULTS: list[tuple[Any, str]] = [
    (0, "0"),
    (False, "false"),
    ("", ""),
    ([], "[]"),
    ({}, "{}"),
    (None, "ok"),
    ({"a": 1}, '{"a":1}'),
    ({"at": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)}, '{"at":"2026-01-02T03:04:05Z"}'),
]


@pytest.mark.parametrize("is_async", [False, True])
def test_r1_r2_r3_every_result_is_told_as_it_is_and_always_as_text(door: Door, is_async: bool) -> None:
    tools = ClientTools()
    for number, (value, _) in enumerate(RESULTS):

        async def coroutine(parameters: dict[str, Any], value: Any = value) -> Any:
            return value

        def plain(parameters: dict[str, Any], value: Any = value) -> Any:
            return value

        tools.register(f"tool{number}", coroutine if is_async else plain, is_async)
    answers = answers_of(door, tools, *((f"tool{number}", {}) for number in range(len(RESULTS))))
    assert [(answer["result"], answer["is_error"]) for answer in answers] == [
        (text, False) for _, text in RESULTS
    ]


def test_r4_a_coroutine_function_needs_no_is_async(door: Door) -> None:
    async def double(parameters: dict[str, Any]) -> int:
        await asyncio.sleep(0)
        return int(parameters["n"]) * 2

    class Responder:
        async def __call__(self, parameters: dict[str, Any]) -> str:
            return "called"

    tools = ClientTools()
    tools.register("double", double)
    tools.register("hidden", lambda parameters: double({"n": 4}))
    tools.register("object", Responder())
    tools.register("declared", lambda parameters: double({"n": 5}), is_async=True)
    answers = answers_of(door, tools, ("double", {"n": 3}), ("hidden", {}), ("object", {}), ("declared", {}))
    assert [answer["result"] for answer in answers] == ["6", "8", "called", "10"]


def test_r5_an_argument_called_tool_call_id_cannot_change_where_the_answer_goes(door: Door) -> None:
    tools = ClientTools()
    tools.register("mine", lambda parameters: parameters)
    tools.register("popped", lambda parameters: parameters.pop("tool_call_id"))
    answers = answers_of(door, tools, ("mine", {"tool_call_id": "agents own", "n": 1}), ("popped", {}))
    assert [answer["tool_call_id"] for answer in answers] == ["c0", "c1"]
    assert json.loads(answers[0]["result"]) == {"tool_call_id": "agents own", "n": 1}
    assert answers[1]["result"] == "c1"


@pytest.mark.parametrize("parameters", [None, [], "text", 7])
def test_odd_parameters_are_answered_and_end_nothing(door: Door, parameters: Any) -> None:
    tools = ClientTools()
    tools.register("plain", lambda parameters: "called")
    answers = answers_of(door, tools, ("plain", parameters), ("plain", {}))
    assert answers[1]["result"] == "called"
    assert answers[0]["is_error"] == (parameters is not None)


def test_r6_the_same_tools_serve_one_conversation_after_another(door: Door) -> None:
    tools = ClientTools()
    tools.register("plain", lambda parameters: "called")
    for _ in range(3):
        tools.start()
        assert answers_of(door, tools, ("plain", {}))[0]["result"] == "called"
        tools.stop()


def test_r7_r8_stopping_the_tools_inside_a_tool_is_answered(door: Door) -> None:
    tools = ClientTools()

    async def coroutine(parameters: dict[str, Any]) -> str:
        tools.stop()
        return "stopped"

    def plain(parameters: dict[str, Any]) -> str:
        tools.stop()
        return "stopped"

    tools.register("coroutine", coroutine, is_async=True)
    tools.register("plain", plain)
    answers = answers_of(door, tools, ("coroutine", {}), ("plain", {}))
    assert [answer["result"] for answer in answers] == ["stopped", "stopped"]


def test_r9_a_callback_that_raises_ends_nothing_and_is_logged_once(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    def raises(*_: object) -> None:
        raise ValueError("of the callback")

    names = ["agent_response", "agent_response_correction", "agent_chat_response_part", "user_transcript"]
    names += ["latency_measurement", "audio_alignment", "disconnect"]
    callbacks = {f"callback_{name}": door.function(raises) for name in names}

    async def scenario(peer: Peer) -> None:
        await peer.open()
        for _ in range(3):
            await peer.say("hello")
            for message in MESSAGES:
                await peer.send(message)
        await still_there(peer, 99)

    with agent(scenario) as served, caplog.at_level(logging.ERROR):
        door.make(served.url, **callbacks)
        door.start()
        served.wait()
        assert door.wait() == "conv_1"
    said = [record.getMessage() for record in caplog.records if "raised ValueError" in record.getMessage()]
    methods = ["on_agent_chat_response_part", "on_agent_response", "on_agent_response_correction", "on_audio"]
    methods += ["on_ping", "on_session_ended", "on_user_transcript"]
    assert sorted(said) == [f"{method} of the program raised ValueError" for method in methods]


MESSAGES: list[dict[str, Any]] = [
    {
        "type": "agent_response_correction",
        "agent_response_correction_event": {
            "original_agent_response": "a b",
            "corrected_agent_response": "a",
            "event_id": 1,
        },
    },
    {"type": "agent_chat_response_part", "text_response_part": {"text": "a", "type": "delta", "event_id": 1}},
    {"type": "user_transcript", "user_transcription_event": {"user_transcript": "hi", "event_id": 1}},
    {"type": "ping", "ping_event": {"event_id": 2, "ping_ms": 48}},
    {
        "type": "audio",
        "audio_event": {
            "audio_base_64": "AAAA",
            "event_id": 2,
            "alignment": {"chars": ["a"], "char_start_times_ms": [0], "char_durations_ms": [9]},
        },
    },
]

ODD_FRAMES: list[dict[str, Any] | str] = [
    "no JSON at all",
    "[]",
    '{"no": "type"}',
    '{"type": 7}',
    {"type": "agent_response"},
    {"type": "agent_response", "agent_response_event": None},
    {"type": "nobody_has_heard_of_it", "payload": {"a": 1}},
    {
        "type": "conversation_initiation_metadata",
        "conversation_initiation_metadata_event": {"conversation_id": "conv_2"},
    },
    {"type": "ping", "ping_event": {"event_id": 7}},
    {"type": "ping", "ping_event": {"event_id": 8, "ping_ms": None}},
    {"type": "ping", "ping_event": {}},
    {"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 3, "alignment": None}},
    {"type": "audio", "audio_event": {"event_id": 3}},
    {"type": "audio", "audio_event": {"audio_base_64": "no base64!", "event_id": 3}},
    {"type": "client_tool_call", "client_tool_call": None},
    {"type": "interruption"},
]


def test_r10_odd_frames_end_nothing(door: Door) -> None:
    heard: list[str] = []

    async def scenario(peer: Peer) -> None:
        await peer.open()
        for number, frame in enumerate(ODD_FRAMES):
            await peer.send(frame)
            await still_there(peer, 100 + number)
        await peer.say("still here")

    with agent(scenario) as served:
        door.make(
            served.url,
            callback_agent_response=door.function(heard.append),
            callback_latency_measurement=door.function(lambda ms: None),
            callback_audio_alignment=door.function(lambda alignment: None),
        )
        door.start()
        served.wait()
        assert door.wait() == "conv_1"
    assert heard == ["still here"]


def test_r13_fifty_conversations_that_are_not_started_have_no_thread() -> None:
    before = threading.enumerate()
    made = [
        kind(Client(), "a", requires_auth=False)
        for kind in (Conversation, AsyncConversation)
        for _ in range(50)
    ]
    assert threading.enumerate() == before
    assert len(made) == 100


def test_r17_coroutines_run_on_the_callers_own_loop_and_plain_functions_in_other_threads() -> None:
    seen: dict[str, Any] = {}

    async def loop_tool(parameters: dict[str, Any]) -> str:
        seen["coroutine tool"] = asyncio.get_running_loop()
        return ""

    def plain_tool(parameters: dict[str, Any]) -> str:
        seen["plain tool"] = threading.current_thread().name
        return ""

    async def coroutine(text: str) -> None:
        seen["coroutine"] = asyncio.get_running_loop()

    def plain(*_: object) -> None:
        seen["plain"] = threading.current_thread().name

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.say("hello")
        await peer.call("coroutine", "c1")
        await peer.receive()
        await peer.call("plain", "c2")
        await peer.receive()

    tools = ClientTools()
    tools.register("coroutine", loop_tool)
    tools.register("plain", plain_tool)
    with agent(scenario) as served, a_door("async") as door:
        door.make(
            served.url, client_tools=tools, callback_agent_response=coroutine, callback_disconnect=plain
        )
        door.start()
        served.wait()
        door.wait()
        assert seen["coroutine"] is seen["coroutine tool"] is door.loop
        assert seen["plain tool"].startswith("agentframework-tool")
        assert seen["plain"].startswith("agentframework-handler")


def test_tools_with_a_loop_of_their_own_run_there_also_beside_an_async_conversation(door: Door) -> None:
    async def where(parameters: dict[str, Any]) -> list[str]:
        return [threading.current_thread().name, USER.get()]

    with running_loop("the-tools-loop") as loop:
        tools = ClientTools(loop)
        tools.register("where", where)
        tools.register("hidden", lambda parameters: where(parameters))
        answers = answers_of(door, tools, ("where", {}), ("hidden", {}))
    assert [json.loads(answer["result"])[0] for answer in answers] == ["the-tools-loop"] * 2


def test_a_tool_whose_own_loop_is_closed_is_answered(door: Door) -> None:
    async def never(parameters: dict[str, Any]) -> None:
        raise AssertionError

    with running_loop() as loop:
        tools = ClientTools(loop)
        tools.register("never", never)
        tools.register("hidden", lambda parameters: never(parameters))
    if door.is_async:
        answers = answers_of(door, tools, ("never", {}), ("hidden", {}))
        assert [answer["is_error"] for answer in answers] == [True, True]


def test_a_callback_that_blocks_delays_no_pong_and_the_next_are_called_in_order(door: Door) -> None:
    release, heard = threading.Event(), list[str]()

    def block(text: str) -> None:
        if text == "1":
            release.wait(PATIENCE)
        heard.append(text)

    async def scenario(peer: Peer) -> None:
        await peer.open()
        for number in range(1, 4):
            await peer.say(str(number))
        await still_there(peer, 1)
        assert heard == []
        release.set()
        await until(lambda: len(heard) == 3)

    with agent(scenario) as served:
        door.make(served.url, callback_agent_response=block)
        door.start()
        served.wait()
        door.wait()
    assert heard == ["1", "2", "3"]


def test_callbacks_tools_and_sound_see_the_context_variables_of_the_start(door: Door) -> None:
    seen: dict[str, str] = {}

    def keep(name: str) -> Callable[..., None]:
        def function(*_: object) -> None:
            seen[name] = USER.get()

        return function

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.say("hello")
        for name in ("plain", "coroutine"):
            await peer.call(name, name)
            await peer.receive()

    async def coroutine(parameters: dict[str, Any]) -> None:
        seen["coroutine"] = USER.get()

    tools = ClientTools()
    tools.register("plain", keep("plain"))
    tools.register("coroutine", coroutine)
    with agent(scenario) as served:
        door.make(
            served.url,
            client_tools=tools,
            callback_agent_response=keep("response"),
            callback_disconnect=door.function(keep("disconnect")),
        )
        token = USER.set("ann")
        if door.is_async:

            async def start() -> None:
                USER.set("ann")
                await door.conversation.start_session()

            door.run(start())
        else:
            door.start()
        USER.reset(token)
        served.wait()
        door.wait()
    assert seen == dict.fromkeys(("plain", "coroutine", "response", "disconnect"), "ann")
