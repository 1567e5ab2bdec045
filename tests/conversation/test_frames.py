"""Every frame that a door sends, byte for byte."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent
from agentframework import (
    AudioInterface,
    ConversationInitiationData,
    OnPremInitiationData,
    PostCallWebhookConfig,
)
from agentframework.errors import SessionEndedError, SessionError
from doors import Door

METADATA = (
    '{"type":"conversation_initiation_metadata","conversation_initiation_metadata_event":'
    '{"conversation_id":"conv_1"}}'
)
CONFIG = ConversationInitiationData(
    extra_body={"temperature": 0.1},
    conversation_config_override={"agent": {"language": "en", "first_message": None}},
    dynamic_variables={"user_name": "Änn", "vip": True, "n": 3, "none": None, "list": ["a", 1]},
    user_id="of the data",
)

Step = tuple[Callable[[Door], Any], str]
SENT: list[Step] = [
    (
        lambda door: door.call("send_user_message", 'Grüezi "you"\n'),
        r'{"type":"user_message","text":"Grüezi \"you\"\n"}',
    ),
    (
        lambda door: door.call("send_user_message", "hi", user_identifier="u7", rich_content_id="button"),
        '{"type":"user_message","text":"hi","user_identifier":"u7","rich_content_id":"button"}',
    ),
    (
        lambda door: door.call("send_contextual_update", "In the kitchen"),
        '{"type":"contextual_update","text":"In the kitchen"}',
    ),
    (
        lambda door: door.call("send_contextual_update", "In the hall", context_id="place"),
        '{"type":"contextual_update","text":"In the hall","context_id":"place"}',
    ),
    (lambda door: door.call("register_user_activity"), '{"type":"user_activity"}'),
    (
        lambda door: door.call("send_multimodal_message", "look", file_ids=["f1", "f2"]),
        (
            '{"type":"multimodal_message","text":{"type":"user_message","text":"look"},'
            '"file":{"type":"file_input","file_id":"f1"},'
            '"files":[{"type":"file_input","file_id":"f1"},{"type":"file_input","file_id":"f2"}]}'
        ),
    ),
    (
        lambda door: door.call("send_multimodal_message", None, "f3"),
        (
            '{"type":"multimodal_message","file":{"type":"file_input","file_id":"f3"},'
            '"files":[{"type":"file_input","file_id":"f3"}]}'
        ),
    ),
    (
        lambda door: door.call("send_multimodal_message", "only text"),
        '{"type":"multimodal_message","text":{"type":"user_message","text":"only text"}}',
    ),
    (lambda door: door.call("send_feedback", 43, "like"), '{"type":"feedback","event_id":43,"score":"like"}'),
    (
        lambda door: door.call("send_feedback", event_id=44, score="dislike"),
        '{"type":"feedback","event_id":44,"score":"dislike"}',
    ),
    (lambda door: door.call("send_feedback", 43, None), '{"type":"feedback","event_id":43,"score":null}'),
    (
        lambda door: door.call("send_mcp_tool_approval", "mc_1", True),
        '{"type":"mcp_tool_approval_result","tool_call_id":"mc_1","is_approved":true}',
    ),
    (
        lambda door: door.call("send_mcp_tool_approval", "mc_2", False),
        '{"type":"mcp_tool_approval_result","tool_call_id":"mc_2","is_approved":false}',
    ),
]


async def frame(peer: Peer) -> str | bytes:
    return await asyncio.wait_for(peer.connection.recv(), PATIENCE)


async def opened(peer: Peer) -> tuple[str, str | bytes]:
    """The path that was asked for and the first frame; then the conversation is accepted."""
    assert peer.connection.request is not None
    first = await frame(peer)
    await peer.send(METADATA)
    return peer.connection.request.path, first


def test_the_opening_in_writing_holds_what_was_given_where_the_server_reads_it(door: Door) -> None:
    with agent(opened) as served:
        door.make(served.url, config=CONFIG, environment="staging", branch_id="br_1")
        door.start()
        path, first = served.wait()
    assert path == "/v1/convai/conversation?agent_id=agent_1&environment=staging"
    assert first == (
        '{"type":"conversation_initiation_client_data","conversation_config_override":{"agent":'
        '{"language":"en"},"conversation":{"text_only":true}},"custom_llm_extra_body":{"temperature":0.1},'
        '"dynamic_variables":{"user_name":"Änn","vip":true,"n":3,"none":null,"list":["a",1]},'
        '"user_id":"of the data","branch_id":"br_1"}'
    )


def test_the_user_given_to_the_conversation_wins_over_the_one_in_the_data(door: Door) -> None:
    data = ConversationInitiationData(
        user_id="of the data", conversation_config_override={"conversation": {"text_only": False}}
    )
    with agent(opened) as served:
        door.make(served.url, config=data, user_id="of the conversation")
        door.start()
        _, first = served.wait()
    assert first == (
        '{"type":"conversation_initiation_client_data","conversation_config_override":'
        '{"conversation":{"text_only":false}},"user_id":"of the conversation"}'
    )


def test_a_server_of_ones_own_gets_its_setup_before_the_opening(door: Door) -> None:
    async def scenario(peer: Peer) -> tuple[Any, Any, Any]:
        assert peer.connection.request is not None
        setup = await frame(peer)
        return peer.connection.request.path, setup, (await opened(peer))[1]

    with agent(scenario) as served:
        on_prem = OnPremInitiationData(
            served.url + "?conversation_id=mine",
            agent_config_dict={"name": "Ä"},
            bedrock_inference_profile="global",
            post_call_audio_webhook=PostCallWebhookConfig("https://x.test/a", "0123456789abcdef"),
            extra_setup_config={"later": 1},
        )
        door.make("ws://127.0.0.1:1/v1/", on_prem_config=on_prem, requires_auth=True)
        door.start()
        path, setup, first = served.wait()
    assert path == "/v1/convai/conversation?conversation_id=mine"
    assert setup == (
        '{"type":"enclave_setup_config","agent_config_dict":{"name":"Ä"},"override_agent_config_list":null,'
        '"tools_config_list":null,"post_call_transcription_webhook_url":null,"post_call_audio_webhook_url":null,'
        '"prompt_knowledge_base":null,"later":1,"bedrock_inference_profile":"global",'
        '"post_call_audio_webhook":{"url":"https://x.test/a","hmac_secret":"0123456789abcdef"}}'
    )
    assert first == (
        '{"type":"conversation_initiation_client_data","conversation_config_override":'
        '{"conversation":{"text_only":true}}}'
    )


def test_each_message_that_a_program_sends_is_this_text(door: Door) -> None:
    async def scenario(peer: Peer) -> list[str | bytes]:
        await opened(peer)
        return [await frame(peer) for _ in SENT]

    with agent(scenario) as served:
        door.make(served.url)
        door.start()
        for send, _ in SENT:
            send(door)
        frames = served.wait()
    assert frames == [text for _, text in SENT]


def test_what_the_runtime_sends_by_itself_is_this_text(door: Door) -> None:
    class Microphone(AudioInterface):
        def start(self, input_callback: Callable[[bytes], None]) -> None:
            input_callback(b"\x01\x02\x03")

        def output(self, audio: bytes) -> None: ...
        def interrupt(self) -> None: ...
        def stop(self) -> None: ...

    async def scenario(peer: Peer) -> list[str | bytes]:
        _, first = await opened(peer)
        frames = [first, await frame(peer)]
        await peer.send({"type": "ping", "ping_event": {"event_id": 12}})
        frames.append(await frame(peer))
        await peer.call("nothing_like_it", "tc_1")
        return [*frames, await frame(peer)]

    with agent(scenario) as served:
        door.make(served.url, audio_interface=Microphone())
        door.start()
        frames = served.wait()
    assert frames[:3] == [
        '{"type":"conversation_initiation_client_data"}',
        f'{{"user_audio_chunk":"{base64.b64encode(bytes([1, 2, 3])).decode()}"}}',
        '{"type":"pong","event_id":12}',
    ]
    assert str(frames[3]).startswith('{"type":"client_tool_result","tool_call_id":"tc_1","result":"')
    assert str(frames[3]).endswith('","is_error":true}')


def test_an_approval_is_given_once_and_one_that_was_not_sent_may_be_given_yet(door: Door) -> None:
    async def scenario(peer: Peer) -> str | bytes:
        await opened(peer)
        return await frame(peer)

    with agent(scenario) as served:
        door.make(served.url)
        with pytest.raises(SessionEndedError, match="has not started"):
            door.call("send_mcp_tool_approval", "mc_1", True)
        door.start()
        door.call("send_mcp_tool_approval", "mc_1", True)
        with pytest.raises(SessionError, match="'mc_1' was answered already"):
            door.call("send_mcp_tool_approval", "mc_1", False)
        assert '"is_approved":true' in served.wait()


def test_nothing_can_be_sent_before_the_start_and_after_the_end(door: Door) -> None:
    with agent(opened) as served:
        door.make(served.url)
        for send, _ in SENT:
            with pytest.raises(SessionEndedError, match="has not started"):
                send(door)
        with pytest.raises(RuntimeError):  # what programs for the SDK look out for
            door.call("send_user_message", "too early")
        door.start()
        served.wait()
        assert door.wait() == "conv_1"
        with pytest.raises(SessionEndedError, match="has ended"):
            door.call("send_user_message", "too late")


def test_a_multimodal_message_without_anything_in_it_is_refused(door: Door) -> None:
    door.make("ws://127.0.0.1:1/v1/")
    with pytest.raises(ValueError, match="a text or a file"):
        door.call("send_multimodal_message")
