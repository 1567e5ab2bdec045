"""The JavaScript client, on Node in a process of its own, holds written conversations with the local agent.

Each test looks from both sides: what the client told its callbacks, and what the agent saw and expected.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_guest import House, in_house
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.events import AgentEventKind
from cli_desk import Desk
from foreign_client import CLIENTS, ForeignClient, ForeignConversation

VERSION = "1.25.0"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The name of the city"}},
    "required": ["city"],
}
WEATHER = ToolDeclaration("get_weather", "Tell the weather in a city.", CITY)
QUESTION = "what is the weather in Oslo?"
ALL_DONE = ["every step was done"]


@pytest.fixture(scope="module")
def js(javascript_client: Path) -> Iterator[ForeignClient]:
    """A running program for the JavaScript client."""
    program = CLIENTS / "javascript" / "conversation.mjs"
    with ForeignClient([javascript_client / "bin" / "node", program], cwd=javascript_client) as client:
        yield client


@pytest.fixture(scope="module")
def sdk(clients_python: Path) -> Iterator[ForeignClient]:
    """A running program for the Python SDK."""
    with ForeignClient([clients_python, CLIENTS / "elevenlabs_sdk.py"]) as client:
        yield client


def at(house: House, **options: Any) -> dict[str, Any]:
    """The options that make the client come to this house."""
    return {"agentId": "agent_1", "origin": house.agent.url, **options}


def hold(
    js: ForeignClient, script: str, *, first: str = "disconnect", **options: Any
) -> tuple[House, ForeignConversation]:
    """A conversation to the end of a script that the agent ends itself."""
    conversation = js.conversation()

    async def scenario(house: House) -> None:
        conversation.start(options=at(house), **options)
        await conversation.next(first)

    return in_house(scenario, script=script), conversation


class TestTalking:
    """With the chatting agent, which is strict here: the client must give no cause for a warning."""

    def test_a_conversation_is_held_and_its_tool_is_called(self, js: ForeignClient) -> None:
        word = secrets.token_hex(6)
        conversation = js.conversation()

        async def scenario(house: House) -> None:
            conversation.start(
                options=at(house, userId="user_1", authorization="s3cret"),
                tools={"get_weather": {"returns": word}},
            )
            assert await conversation.next("connect") == {
                "event": "connect",
                "conversation_id": "conv_js1",
                "protocol": "convai",
            }
            await conversation.next("message")
            await conversation.call("sendUserMessage", QUESTION)
            assert word in (await conversation.next("message"))["text"]
            await conversation.call("sendContextualUpdate", "the user looks at a map", {"contextId": "page"})
            await conversation.call("sendUserActivity")
            assert (await conversation.next("ping"))["ping_ms"] is None
            assert isinstance((await conversation.next("ping"))["ping_ms"], int)
            await conversation.call("endSession")
            await conversation.next("disconnect")

        house = in_house(
            scenario,
            tools=[WEATHER],
            script="strict = true\npong_timeout = 5",
            ping_interval=0.05,
            new_conversation_id=lambda: "conv_js1",
        )
        assert [line["parameters"] for line in conversation.all("tool_called")] == [{"city": "Oslo"}]
        [disconnect] = conversation.all("disconnect")
        assert disconnect["reason"] == "user"
        assert house.remarks() == []
        assert house.texts(AgentEventKind.CONNECTED) == [
            f"agent_id agent_1, source js_sdk, version {VERSION}, no origin, subprotocol convai"
        ]
        assert house.texts(AgentEventKind.CLOSED) == [
            "closed by the client with 1000 User ended conversation"
        ]

    def test_answers_are_streamed_in_parts(self, js: ForeignClient) -> None:
        conversation = js.conversation()

        async def scenario(house: House) -> None:
            overrides = {"agent": {"firstMessage": "Good {{time}}, friend."}}
            variables = {"time": "evening"}
            conversation.start(options=at(house, overrides=overrides, dynamicVariables=variables))
            await conversation.next("message")
            await conversation.call("sendUserMessage", "bye")
            await conversation.next("disconnect")

        house = in_house(scenario, strict=True)
        parts = conversation.all("part")
        answers = [line["text"] for line in conversation.all("message")]
        streams = "".join("|" if line["type"] == "start" else line["text"] for line in parts).split("|")[1:]
        assert streams == answers
        assert answers[0] == "Good evening, friend."
        assert [line["type"] for line in parts].count("stop") == len(answers) == 2
        [disconnect] = conversation.all("disconnect")
        assert (disconnect["reason"], disconnect["code"]) == ("agent", 1000)
        assert [line["status"] for line in conversation.all("status")] == [
            "connecting",
            "connected",
            "disconnecting",
            "disconnected",
        ]
        assert house.texts(AgentEventKind.CLOSED) == ["closed with 1000"]


CALLS = """
strict = true

[[step]]
call = "text"
id = "tc_1"
arguments = { city = "Oslo", days = 3 }

[[step]]
call = "object"
id = "tc_2"
expects_response = "absent"

[[step]]
call = "zero"
id = "tc_3"

[[step]]
call = "nothing"
id = "tc_4"

[[step]]
call = "broken"
id = "tc_5"

[[step]]
call = "unheard_of"
id = "tc_6"

[[step]]
expect_result = "tc_6"
text = "Client tool with name unheard_of is not defined on client"
is_error = true

[[step]]
expect_result = "tc_5"
text = "Client tool execution failed: no such city"
is_error = true

[[step]]
expect_result = "tc_4"
text = "Client tool execution successful."
is_error = false

[[step]]
expect_result = "tc_3"
text = "0"
is_error = false

[[step]]
expect_result = "tc_2"
text = '{"degrees":3,"sky":["clear"]}'
is_error = false

[[step]]
expect_result = "tc_1"
text = "sunny"
is_error = false
"""

MESSAGES = """
strict = true

[[step]]
expect = "conversation_initiation_client_data"
matches = { "source_info.source" = "^js_sdk$" }

[[step]]
say = "Go on."

[[step]]
expect = "contextual_update"
fields = { text = "the user opened the prices", context_id = "page" }

[[step]]
expect = "user_activity"

[[step]]
expect = "feedback"
fields = { score = "like", event_id = 1 }

[[step]]
expect = "feedback"
fields = { score = "dislike", event_id = 7 }

[[step]]
expect = "multimodal_message"
fields = { "text.text" = "what is this?", "file.file_id" = "file_1" }

[[step]]
ping = true
ping_ms = 48

[[step]]
expect = "pong"
fields = { event_id = 2 }

[[step]]
interrupt = 1

[[step]]
correct = "Go"

[[step]]
[step.send]
type = "mcp_tool_call"
[step.send.mcp_tool_call]
service_id = "s1"
tool_call_id = "mc_1"
tool_name = "search"
parameters = {}
timestamp = "2026-09-30T14:23:45+00:00"
state = "awaiting_approval"

[[step]]
expect = "mcp_tool_approval_result"
fields = { tool_call_id = "mc_1", is_approved = true }

[[step]]
send = { type = "from_the_future", from_the_future_event = {} }
"""


class TestMessages:
    """What goes over the wire in both directions, one by one."""

    def test_results_of_every_kind_are_sent_as_text(self, js: ForeignClient) -> None:
        tools = {
            "text": {"returns": "sunny"},
            "object": {"returns": {"degrees": 3, "sky": ["clear"]}},
            "zero": {"returns": 0},
            "nothing": {"returns": None},
            "broken": {"throws": "no such city"},
        }
        house, conversation = hold(js, CALLS, tools=tools)
        assert house.texts(AgentEventKind.SCRIPT_FAILED) == []
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ALL_DONE
        called = {line["name"]: line["parameters"] for line in conversation.all("tool_called")}
        assert set(called) == set(tools)
        assert called["text"] == {"city": "Oslo", "days": 3}

    def test_every_message_arrives(self, js: ForeignClient) -> None:
        conversation = js.conversation()

        async def scenario(house: House) -> None:
            conversation.start(options=at(house))
            await conversation.next("message")
            await conversation.call(
                "sendContextualUpdate", "the user opened the prices", {"contextId": "page"}
            )
            await conversation.call("sendUserActivity")
            await conversation.call("sendFeedback", True)
            await conversation.call("sendFeedback", False, 7)
            await conversation.call("sendMultimodalMessage", {"text": "what is this?", "fileIds": ["file_1"]})
            await conversation.next("disconnect")

        house = in_house(scenario, script=MESSAGES)
        assert house.texts(AgentEventKind.SCRIPT_FAILED) == []
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ALL_DONE
        assert [line["ping_ms"] for line in conversation.all("ping")] == [48]
        assert [line["event_id"] for line in conversation.all("interruption")] == [1]
        [correction] = conversation.all("correction")
        assert (correction["original"], correction["corrected"]) == ("Go on.", "Go")
        assert [line["name"] for line in conversation.all("approval_asked")] == ["search"]
        assert [line["type"] for line in conversation.all("debug")] == ["from_the_future"]
        assert conversation.all("error") == []

    def test_a_frame_that_is_none_is_told_and_ends_the_conversation(self, js: ForeignClient) -> None:
        conversation = js.conversation()

        async def scenario(house: House) -> None:
            conversation.start(options=at(house))
            await conversation.next("message")
            await conversation.call("sendContextualUpdate", 5)
            await conversation.next("disconnect")

        house = in_house(scenario)
        [refused] = house.texts(AgentEventKind.REFUSED)
        assert refused == "contextual_update.text: expected a text, got a number"
        [error] = conversation.all("error")
        assert error["message"] == "Server error: Invalid message received"
        assert error["context"] == {
            "errorType": "invalid_message",
            "code": 1008,
            "debugMessage": refused,
        }
        [disconnect] = conversation.all("disconnect")
        assert (disconnect["code"], disconnect["text"]) == (1008, "Invalid message received")


ENDS = [
    ("close = 1000\nreason = 'that was all'", "agent", 1000, "that was all"),
    ("close = 1002\nreason = 'no answer of the model'", "error", 1002, "no answer of the model"),
    ("close = 1008\nreason = 'not allowed'", "error", 1008, "not allowed"),
    ("close = 1011", "error", 1011, None),
    ("drop = true", "error", 1006, None),
]

END_CALL = """
[[step]]
say = "Good bye."

[[step]]
[step.send]
type = "agent_tool_response"
[step.send.agent_tool_response]
tool_name = "end_call"
tool_call_id = "end_call_1"
tool_type = "system"
is_error = false
is_called = true
event_id = 2

[[step]]
expect = "user_activity"
"""


class TestEnds:
    """What the client makes of each way to end."""

    @pytest.mark.parametrize(("script", "reason", "code", "text"), ENDS, ids=lambda value: str(value)[:12])
    def test_it_is_told_how_the_conversation_ended(
        self, js: ForeignClient, script: str, reason: str, code: int, text: str | None
    ) -> None:
        house, conversation = hold(js, f"[[step]]\n{script}")
        [disconnect] = conversation.all("disconnect")
        assert (disconnect["reason"], disconnect["code"], disconnect["text"]) == (reason, code, text)
        [closed] = house.texts(AgentEventKind.CLOSED)
        expected = f"closed with {code} {text or ''}".strip()
        assert closed == ("dropped by the script" if code == 1006 else expected)

    def test_a_refusal_before_the_metadata_fails_the_start(self, js: ForeignClient) -> None:
        script = "metadata = false\n[[step]]\nclose = 3000\nreason = 'Request error'"
        house, conversation = hold(js, script, first="failed")
        [failed] = conversation.all("failed")
        assert failed == {
            "event": "failed",
            "name": "SessionConnectionError",
            "code": 3000,
            "text": "Request error",
            "message": "Request error",
        }
        assert conversation.all("connect") == []
        assert house.texts(AgentEventKind.CLOSED) == ["closed with 3000 Request error"]

    def test_nothing_listens_and_the_start_fails(self, js: ForeignClient) -> None:
        conversation = js.conversation()

        async def scenario(house: House) -> None:
            gone = at(house)
            await house.agent.stop()
            conversation.start(options=gone)
            failed = await conversation.next("failed")
            assert (failed["name"], failed["code"]) == ("SessionConnectionError", 1006)

        house = in_house(scenario)
        assert house.events == []

    def test_the_agent_hangs_up_and_the_client_closes(self, js: ForeignClient) -> None:
        """The client takes the response of the system tool `end_call` for the end, before the socket closes."""
        house, conversation = hold(js, END_CALL)
        [disconnect] = conversation.all("disconnect")
        assert (disconnect["reason"], disconnect["code"]) == ("agent", None)
        assert house.texts(AgentEventKind.CLOSED) == [
            "closed by the client with 1000 User ended conversation"
        ]
        assert house.texts(AgentEventKind.SCRIPT_FAILED) == ["step 3 (expect): the client left"]


class TestOtherDoors:
    """Ways in besides the agent's own address: an on-prem server, and a signed URL."""

    def test_an_on_prem_client_sets_the_agent_up_first(self, js: ForeignClient) -> None:
        conversation = js.conversation()
        declared = {"type": "client", "name": "get_weather", "description": "Tell the weather in a city."}

        async def scenario(house: House) -> None:
            orchestrator = {
                "url": f"{house.agent.url}/sagemaker/convai/conversation?conversation_id=conv_theirs",
                "tools": [{**declared, "parameters": CITY, "expects_response": True}],
                "bedrockInferenceProfile": "global",
                "postCallAudioWebhook": {"url": "http://127.0.0.1:1", "hmacSecret": "0123456789abcdef"},
            }
            conversation.start(
                options={"orchestrator": orchestrator}, tools={"get_weather": {"returns": {"sky": "snow"}}}
            )
            connected = await conversation.next("connect")
            assert (connected["conversation_id"], connected["protocol"]) == ("conv_theirs", "")
            await conversation.next("message")
            await conversation.call("sendUserMessage", QUESTION)
            assert "snow" in (await conversation.next("message"))["text"]
            await conversation.call("endSession")
            await conversation.next("disconnect")

        house = in_house(scenario, strict=True)
        assert house.texts(AgentEventKind.REFUSED) == []
        [introduction] = house.texts(AgentEventKind.CONNECTED)
        assert introduction.endswith("no subprotocol")
        assert len(conversation.all("tool_called")) == 1

    def test_a_private_agent_is_reached_by_a_signed_url(self, js: ForeignClient) -> None:
        conversation = js.conversation()

        async def scenario(house: House) -> None:
            url = f"{house.agent.url.replace('ws:', 'http:')}/v1/convai/conversation/get-signed-url"
            sign = {"url": f"{url}?agent_id=agent_p&include_conversation_id=true", "key": "sk_s3cret"}
            conversation.start(options={}, sign=sign)
            connected = await conversation.next("connect")
            assert connected["conversation_id"] == house.events[0].conversation_id
            await conversation.next("message")
            await conversation.call("endSession")
            await conversation.next("disconnect")

        house = in_house(scenario, strict=True)
        [introduction] = house.texts(AgentEventKind.CONNECTED)
        assert introduction.startswith(f"agent_id agent_p, source js_sdk, version {VERSION}")
        assert "s3cret" not in json.dumps([event.text for event in house.events])


TOOL = """
[[tool]]
name = "get_weather"
description = "Tell the weather in a city."

[tool.parameters]
type = "object"
required = ["city"]

[tool.parameters.properties.city]
type = "string"
description = "The name of the city"
"""


def test_both_clients_are_served_at_once_by_the_command(
    sdk: ForeignClient, js: ForeignClient, tmp_path: Path
) -> None:
    desk = Desk(tmp_path)
    desk.write("script.toml", TOOL)
    weather = {"get_weather": {"returns": "hail"}}

    async def talk(url: str) -> None:
        written, spoken = js.conversation(), sdk.conversation()
        written.start(options={"agentId": "js", "origin": url}, tools=weather)
        spoken.start(base_url=url.replace("ws:", "http:"), agent_id="sdk", voice=True, tools=weather)
        await written.next("message")
        await spoken.next("agent_response")
        await written.call("sendUserMessage", QUESTION)
        await spoken.call("send_user_message", QUESTION)
        assert "hail" in (await written.next("message"))["text"]
        assert "hail" in (await spoken.next("agent_response"))["text"]
        await written.call("sendUserMessage", "bye")
        await spoken.call("send_user_message", "bye")
        for conversation in (written, spoken):
            end = await conversation.next("disconnect")
            assert (end["reason"], end["code"]) == ("agent", 1000)

    with desk.start("local-agent", "--script", "script.toml") as process:
        assert process.stdout is not None
        asyncio.run(talk(process.stdout.readline().split()[-1]))
        process.terminate()
        out, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert out.count(": closed: closed with 1000") == 2
    assert errors == ""
