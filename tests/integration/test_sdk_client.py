"""The ElevenLabs Python SDK, in a process and an environment of its own, holds conversations with the local agent.

Each test looks from both sides: what the SDK told its callbacks, and what the agent saw and expected.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from agent_guest import House, in_house
from agentframework.formats import AudioFormat
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.events import AgentEventKind
from agentframework.localagent.tone import tone, tone_speech
from agentframework.protocol.inspection import RemarkKind
from foreign_client import CLIENTS, ForeignClient, ForeignConversation
from rest_stub import platform

SDK_VERSION = "2.78.0"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The name of the city"}},
    "required": ["city"],
}
WEATHER = ToolDeclaration("get_weather", "Tell the weather in a city.", CITY)
QUESTION = "what is the weather in Oslo?"
WRITTEN = {"conversation_config_override": {"conversation": {"text_only": True}}}
TEXT_ONLY_IN_THE_WRONG_PLACE = [RemarkKind.UNKNOWN_OVERRIDE]
ALL_DONE = ["every step was done"]

# the same conversations for Conversation and AsyncConversation
KINDS = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@pytest.fixture(scope="module")
def sdk(clients_python: Path) -> Iterator[ForeignClient]:
    """A running program for the SDK."""
    with ForeignClient([clients_python, CLIENTS / "elevenlabs_sdk.py"]) as client:
        yield client


def address(house: House) -> str:
    """The base URL that makes the SDK come to this house."""
    return house.agent.url.replace("ws:", "http:")


def hold(
    sdk: ForeignClient, script: str, *, agent: dict[str, Any] | None = None, **options: Any
) -> tuple[House, ForeignConversation]:
    """A conversation to the end of a script that the agent ends itself."""
    conversation = sdk.conversation()

    async def scenario(house: House) -> None:
        conversation.start(base_url=address(house), **options)
        await conversation.next("disconnect")
        conversation.do("wait")
        await conversation.next("end")

    return in_house(scenario, script=script, **(agent or {})), conversation


def digests(chunks: list[bytes]) -> list[tuple[int, str]]:
    return [(len(chunk), hashlib.sha256(chunk).hexdigest()) for chunk in chunks]


def played(conversation: ForeignConversation) -> list[tuple[int, str]]:
    return [(line["size"], line["digest"]) for line in conversation.all("played")]


class TestTalking:
    """With the chatting agent, which is as it is served to anybody."""

    @KINDS
    def test_a_conversation_is_held_in_writing_and_its_tool_is_called(
        self, sdk: ForeignClient, asynchronous: bool
    ) -> None:
        word = secrets.token_hex(6)
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            conversation.start(
                base_url=address(house),
                asynchronous=asynchronous,
                config=WRITTEN,
                tools={"get_weather": {"returns": word}},
            )
            await conversation.next("agent_response")
            await conversation.call("send_user_message", QUESTION)
            assert word in (await conversation.next("agent_response"))["text"]
            await conversation.next("latency")
            await conversation.call("end_session")
            conversation.do("wait")
            assert (await conversation.next("end"))["conversation_id"] == "conv_sdk1"

        house = in_house(
            scenario, tools=[WEATHER], ping_interval=0.05, new_conversation_id=lambda: "conv_sdk1"
        )
        [call] = conversation.all("tool_called")
        assert call["parameters"]["city"] == "Oslo"
        assert [line["reason"] for line in conversation.all("disconnect")] == ["user"]
        assert all(isinstance(line["ms"], int) for line in conversation.all("latency"))
        assert house.remarks() == TEXT_ONLY_IN_THE_WRONG_PLACE
        assert house.texts(AgentEventKind.REFUSED) == []
        assert house.texts(AgentEventKind.CLOSED) == ["closed by the client with 1000"]
        [introduction] = house.texts(AgentEventKind.CONNECTED)
        assert introduction.startswith(f"agent_id agent_1, source python_sdk, version {SDK_VERSION}")

    @KINDS
    def test_answers_are_streamed_in_parts(self, sdk: ForeignClient, asynchronous: bool) -> None:
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            conversation.start(base_url=address(house), asynchronous=asynchronous, config=WRITTEN)
            await conversation.next("agent_response")
            await conversation.call("send_user_message", "bye")
            end = await conversation.next("disconnect")
            assert (end["reason"], end["code"]) == ("agent", 1000)

        house = in_house(scenario)
        parts = conversation.all("part")
        answers = [line["text"] for line in conversation.all("agent_response")]
        streams = "".join("|" if line["type"] == "start" else line["text"] for line in parts).split("|")[1:]
        assert [stream.strip() for stream in streams] == answers
        assert [line["type"] for line in parts].count("stop") == len(answers) == 2
        assert house.texts(AgentEventKind.CLOSED) == ["closed with 1000"]

    @KINDS
    def test_the_greeting_is_heard_and_shown_as_it_is_spoken(
        self, sdk: ForeignClient, asynchronous: bool
    ) -> None:
        greeting = "Good morning."
        conversation = sdk.conversation()
        config = {"conversation_config_override": {"agent": {"first_message": "{{time}} morning."}}}

        async def scenario(house: House) -> None:
            conversation.start(
                base_url=address(house),
                asynchronous=asynchronous,
                voice=True,
                config={**config, "dynamic_variables": {"time": "Good"}},
            )
            for _ in expected:
                await conversation.next("alignment")
            await conversation.call("end_session")
            conversation.do("wait")
            await conversation.next("end")

        expected = [chunk.audio for chunk in tone_speech(greeting, AudioFormat()).chunks()]
        house = in_house(scenario, strict=True)
        assert [line["text"] for line in conversation.all("agent_response")] == [greeting]
        assert played(conversation) == digests(expected)
        assert "".join(line["text"] for line in conversation.all("alignment")) == greeting
        assert conversation.events().count("audio_stopped") == 1
        assert house.texts(AgentEventKind.REFUSED) == []


SOUND = """
[[step]]
expect = "user_audio_chunk"
fields = {{ user_audio_chunk = "{0}" }}

[[step]]
expect = "user_audio_chunk"
fields = {{ user_audio_chunk = "{1}" }}

[[step]]
say = "I hear you."
aloud = false
"""

INTERRUPTION = """
[[step]]
say = "Let me tell you everything."
aloud = false

[[step]]
audio = 0.5
event_id = 4

[[step]]
interrupt = 4

[[step]]
audio = 0.25
event_id = 3

[[step]]
audio = 0.25
event_id = 4

[[step]]
correct = "Let me tell"

[[step]]
audio = 0.125
event_id = 5

[[step]]
send = { type = "user_transcript", user_transcription_event = { user_transcript = "stop it", event_id = 6 } }
"""


class TestSound:
    """In voice mode, with a sound card that the test holds at both ends."""

    @KINDS
    def test_the_microphone_is_heard_bit_by_bit(self, sdk: ForeignClient, asynchronous: bool) -> None:
        blocks = [base64.b64encode(secrets.token_bytes(8000)).decode() for _ in range(2)]
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            conversation.start(base_url=address(house), asynchronous=asynchronous, voice=True)
            await conversation.next("audio_started")
            conversation.do("microphone", blocks=blocks)
            await conversation.next("heard")
            await conversation.next("agent_response")
            await conversation.next("disconnect")

        house = in_house(scenario, script=SOUND.format(*blocks))
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ALL_DONE
        assert house.texts(AgentEventKind.REFUSED) == []

    @KINDS
    def test_stale_audio_is_not_played_after_an_interruption(
        self, sdk: ForeignClient, asynchronous: bool
    ) -> None:
        house, conversation = hold(sdk, INTERRUPTION, asynchronous=asynchronous, voice=True)
        first = tone(0.5, AudioFormat())
        assert played(conversation) == digests([first[:8000], first[8000:], tone(0.125, AudioFormat())])
        events = [name for name in conversation.events() if name in {"played", "silenced", "correction"}]
        assert events == ["played", "played", "silenced", "correction", "played"]
        [correction] = conversation.all("correction")
        assert (correction["original"], correction["corrected"]) == (
            "Let me tell you everything.",
            "Let me tell",
        )
        assert [line["text"] for line in conversation.all("transcript")] == ["stop it"]
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ALL_DONE

    @KINDS
    def test_chunks_of_any_length_are_played(self, sdk: ForeignClient, asynchronous: bool) -> None:
        """One frame of more than a mebibyte, one without sound, and one of a millisecond (protocol 4.6)."""
        script = (
            "[[step]]\naudio = 33\nchunk = 33\n[[step]]\naudio = 0\n[[step]]\naudio = 0.005\nchunk = 0.001\n"
        )
        house, conversation = hold(sdk, script, asynchronous=asynchronous, voice=True)
        assert [size for size, _ in played(conversation)] == [33 * 32_000, 0, *[32] * 5]
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ALL_DONE


CALLS = """
[[step]]
call = "prompt"
id = "tc_1"
arguments = { city = "Oslo", days = 3 }

[[step]]
call = "slow"
id = "tc_2"
expects_response = "absent"

[[step]]
call = "broken"
id = "tc_3"

[[step]]
call = "unheard_of"
id = "tc_4"

[[step]]
call = "empty"
id = "tc_5"

[[step]]
expect_result = "tc_2"
text = "slow result"
is_error = false

[[step]]
expect_result = "tc_1"
text = "prompt result"
is_error = false

[[step]]
expect_result = "tc_3"
text = "no such city"
is_error = true

[[step]]
expect_result = "tc_4"
text = "Tool 'unheard_of' is not registered"
is_error = true

[[step]]
expect_result = "tc_5"
text = "Client tool: empty called successfully."
is_error = false
"""


class TestTools:
    """Tools of both kinds, which are called and answered over the wire."""

    @KINDS
    def test_calls_in_flight_at_once_are_each_answered(self, sdk: ForeignClient, asynchronous: bool) -> None:
        """That an empty result becomes a sentence is a habit of the SDK (protocol 6)."""
        tools = {
            "prompt": {"returns": "prompt result"},
            "slow": {"returns": "slow result", "asynchronous": True},
            "broken": {"raises": "no such city"},
            "empty": {"returns": "", "asynchronous": True},
        }
        house, conversation = hold(sdk, CALLS, asynchronous=asynchronous, tools=tools)
        assert house.texts(AgentEventKind.SCRIPT_FAILED) == []
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ALL_DONE
        called = {line["name"]: line["parameters"] for line in conversation.all("tool_called")}
        assert set(called) == set(tools)
        assert called["prompt"] == {"tool_call_id": "tc_1", "city": "Oslo", "days": 3}

    @KINDS
    def test_a_result_that_is_no_text_ends_the_conversation_as_on_the_platform(
        self, sdk: ForeignClient, asynchronous: bool
    ) -> None:
        """The SDK sends what a tool returns as raw JSON; the platform takes text alone (protocol 2.4)."""
        script = '[[step]]\ncall = "prompt"\n\n[[step]]\nexpect_result = true\n'
        tools = {"prompt": {"returns": {"degrees": 3}}}
        house, conversation = hold(sdk, script, asynchronous=asynchronous, tools=tools)
        [disconnect] = conversation.all("disconnect")
        assert (disconnect["reason"], disconnect["code"]) == ("error", 1008)
        assert disconnect["text"] == "Invalid message received"
        assert house.texts(AgentEventKind.REFUSED) == [
            "client_tool_result.result: expected a text, got an object"
        ]


MESSAGES = """
[[step]]
say = "Go on."

[[step]]
expect = "contextual_update"
fields = { text = "the user opened the prices" }

[[step]]
expect = "user_activity"

[[step]]
expect = "multimodal_message"
fields = { "text.text" = "what is this?", "file.file_id" = "file_1" }

[[step]]
ping = true
ping_ms = 48

[[step]]
expect = "pong"
fields = { event_id = 2 }
"""

ENDS = [
    ("[[step]]\nclose = 1000\nreason = 'that was all'", "agent", 1000, "that was all"),
    ("[[step]]\nclose = 1002\nreason = 'no answer of the model'", "error", 1002, "no answer of the model"),
    ("[[step]]\nclose = 1008\nreason = 'not allowed'", "error", 1008, "not allowed"),
    ("[[step]]\nclose = 1011", "error", 1011, ""),
    ("[[step]]\ndrop = true", "error", 1006, ""),
    ("metadata = false\n[[step]]\nclose = 3000\nreason = 'Request error'", "error", 3000, "Request error"),
]


class TestMessagesAndEnds:
    """What else the SDK can send, and what it makes of each way to end."""

    @KINDS
    def test_every_message_arrives(self, sdk: ForeignClient, asynchronous: bool) -> None:
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            conversation.start(base_url=address(house), asynchronous=asynchronous, user_id="user_1")
            await conversation.next("agent_response")
            await conversation.call("send_contextual_update", "the user opened the prices")
            await conversation.call("register_user_activity")
            await conversation.call("send_multimodal_message", "what is this?", file_ids=["file_1", "file_2"])
            assert (await conversation.next("latency"))["ms"] == 48
            await conversation.next("disconnect")

        begin = '[[step]]\nexpect = "conversation_initiation_client_data"\nfields = { user_id = "user_1" }\n'
        house = in_house(scenario, script=begin + MESSAGES)
        assert house.texts(AgentEventKind.SCRIPT_FAILED) == []
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ALL_DONE

    @KINDS
    @pytest.mark.parametrize(("script", "reason", "code", "text"), ENDS, ids=lambda value: str(value)[-12:])
    def test_it_is_told_how_the_conversation_ended(
        self, sdk: ForeignClient, asynchronous: bool, script: str, reason: str, code: int, text: str
    ) -> None:
        house, conversation = hold(sdk, script, asynchronous=asynchronous)
        [disconnect] = conversation.all("disconnect")
        assert (disconnect["reason"], disconnect["code"], disconnect["text"]) == (reason, code, text)
        [end] = conversation.all("end")
        assert end["error"] is None
        [closed] = house.texts(AgentEventKind.CLOSED)
        assert closed == ("dropped by the script" if code == 1006 else f"closed with {code} {text}".strip())

    @KINDS
    def test_it_is_told_that_nothing_listens(self, sdk: ForeignClient, asynchronous: bool) -> None:
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            gone = address(house)
            await house.agent.stop()
            conversation.start(base_url=gone, asynchronous=asynchronous)
            end = await conversation.next("disconnect")
            assert (end["reason"], end["code"]) == ("error", None)
            assert "refused" in end["message"] or "Connect call failed" in end["message"]

        house = in_house(scenario)
        assert house.events == []


class TestOtherDoors:
    """Ways in besides the agent's own address: an on-prem server, and a signed URL."""

    @KINDS
    def test_an_on_prem_client_sets_the_agent_up_first(self, sdk: ForeignClient, asynchronous: bool) -> None:
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            declared = {"type": "client", "name": "get_weather", "description": "Tell the weather in a city."}
            url = f"{house.agent.url}/sagemaker/convai/conversation?conversation_id=conv_theirs"
            conversation.start(
                base_url="http://127.0.0.1:1",
                asynchronous=asynchronous,
                config=WRITTEN,
                tools={"get_weather": {"returns": "snow"}},
                on_prem={
                    "on_prem_conversation_url": url,
                    "tools_config_list": [{**declared, "parameters": CITY, "expects_response": True}],
                    "post_call_audio_webhook": {
                        "url": "http://127.0.0.1:1",
                        "hmac_secret": "0123456789abcdef",
                    },
                    "bedrock_inference_profile": "global",
                },
            )
            await conversation.next("agent_response")
            await conversation.call("send_user_message", QUESTION)
            assert "snow" in (await conversation.next("agent_response"))["text"]
            await conversation.call("end_session")
            conversation.do("wait")
            assert (await conversation.next("end"))["conversation_id"] == "conv_theirs"

        house = in_house(scenario)
        assert house.texts(AgentEventKind.REFUSED) == []
        assert house.remarks() == TEXT_ONLY_IN_THE_WRONG_PLACE
        assert len(conversation.all("tool_called")) == 1

    @KINDS
    def test_the_set_up_is_what_a_script_sees_first(self, sdk: ForeignClient, asynchronous: bool) -> None:
        script = (
            '[[step]]\nexpect = "enclave_setup_config"\nfields = { bedrock_inference_profile = "global" }\n'
            'matches = { "post_call_transcription_webhook.hmac_secret" = "^0123456789abcdef$" }\n'
            '[[step]]\nexpect = "conversation_initiation_client_data"\n'
        )
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            webhook = {"url": "http://127.0.0.1:1", "hmac_secret": "0123456789abcdef"}
            conversation.start(
                base_url="http://127.0.0.1:1",
                asynchronous=asynchronous,
                on_prem={
                    "on_prem_conversation_url": f"{house.agent.url}/convai/conversation",
                    "post_call_transcription_webhook": webhook,
                    "bedrock_inference_profile": "global",
                },
            )
            await conversation.next("disconnect")

        house = in_house(scenario, script=script)
        assert house.texts(AgentEventKind.SCRIPT_FAILED) == []
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ALL_DONE

    @KINDS
    def test_a_private_agent_is_reached_by_a_signed_url(self, sdk: ForeignClient, asynchronous: bool) -> None:
        key = f"sk_{secrets.token_hex(12)}"
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            signed = (
                f"{house.agent.url}/v1/convai/conversation?agent_id=agent_p&conversation_signature=cvtkn_x"
            )
            with platform(200, {"signed_url": signed}) as rest:
                conversation.start(
                    base_url=rest.url,
                    asynchronous=asynchronous,
                    agent_id="agent_p",
                    requires_auth=True,
                    api_key=key,
                    config=WRITTEN,
                    environment="staging",
                )
                await conversation.next("agent_response")
                await conversation.call("end_session")
                conversation.do("wait")
                await conversation.next("end")
                [(path, headers)] = rest.requests
                assert urlsplit(path).path == "/v1/convai/conversation/get-signed-url"
                assert parse_qs(urlsplit(path).query) == {
                    "agent_id": ["agent_p"],
                    "environment": ["staging"],
                }
                assert headers["xi-api-key"] == key

        house = in_house(scenario)
        [introduction] = house.texts(AgentEventKind.CONNECTED)
        assert introduction.startswith(f"agent_id agent_p, source python_sdk, version {SDK_VERSION}")
        assert "cvtkn_x" not in json.dumps([event.text for event in house.events])
        assert key not in json.dumps([event.text for event in house.events])

    @KINDS
    def test_the_local_agent_signs_urls_itself(self, sdk: ForeignClient, asynchronous: bool) -> None:
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            conversation.start(
                base_url=address(house), asynchronous=asynchronous, requires_auth=True, api_key="sk_any"
            )
            await conversation.next("agent_response")
            await conversation.call("end_session")
            conversation.do("wait")
            await conversation.next("end")

        house = in_house(scenario)
        assert house.texts(AgentEventKind.CLOSED) == ["closed by the client with 1000"]
