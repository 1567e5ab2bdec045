"""The SDK's `Conversation` on our engine: programs written for it run, and end better."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent, until
from agentframework import (
    AgentChatResponsePartType,
    AudioEventAlignment,
    AudioInterface,
    AuthError,
    Client,
    ClientTools,
    Conversation,
    ConversationInitiationData,
    DisconnectionDetails,
    NotFoundError,
    OnPremInitiationData,
    PostCallWebhookConfig,
    RestError,
    SessionEndedError,
    SessionError,
    StartError,
)
from rest_stub import platform


def base_of(url: str) -> str:
    return url.replace("ws:", "http:").split("/v1/")[0]


def converse(scenario: Callable[[Peer], Any], **options: Any) -> tuple[Any, Conversation]:
    """What the scenario returned, and the conversation, which has ended."""
    with agent(scenario) as served:
        options.setdefault("requires_auth", False)
        conversation = Conversation(Client(None, base_of(served.url)), "agent_1", **options)
        conversation.start_session()
        result = served.wait()
        conversation.end_session()
        conversation.wait_for_session_end()
    return result, conversation


def test_one_that_was_never_started_can_be_ended_but_not_waited_for() -> None:
    conversation = Conversation(Client(), "agent_1", requires_auth=False)
    conversation.end_session()
    with pytest.raises(SessionError, match="was not started"):
        conversation.wait_for_session_end()


def test_making_one_starts_no_thread() -> None:
    before = threading.active_count()
    for _ in range(50):
        Conversation(Client(), "agent_1", requires_auth=False)
    assert threading.active_count() == before


def test_without_sound_the_opening_asks_for_text_where_the_server_reads_it() -> None:
    async def scenario(peer: Peer) -> Any:
        assert peer.connection.request is not None
        return peer.connection.request.path, await peer.open()

    config = ConversationInitiationData(
        extra_body={"temperature": 0.1},
        conversation_config_override={"agent": {"language": "en"}},
        dynamic_variables={"user_name": "Ann", "vip": True, "nothing": None},
        user_id="u1",
    )
    (path, opening), conversation = converse(scenario, config=config, environment="staging")
    assert path == "/v1/convai/conversation?agent_id=agent_1&environment=staging"
    assert opening == {
        "type": "conversation_initiation_client_data",
        "conversation_config_override": {"agent": {"language": "en"}, "conversation": {"text_only": True}},
        "custom_llm_extra_body": {"temperature": 0.1},
        "dynamic_variables": {"user_name": "Ann", "vip": True, "nothing": None},
        "user_id": "u1",
    }
    assert conversation.wait_for_session_end() == "conv_1"


def test_each_callback_gets_what_the_sdk_gives_it() -> None:
    seen: dict[str, Any] = {}
    done = threading.Event()

    def keep(name: str) -> Callable[..., None]:
        def callback(*values: Any) -> None:
            seen.setdefault(name, []).append(values)
            if name == "disconnect":
                done.set()

        return callback

    async def scenario(peer: Peer) -> None:
        await peer.open()
        part = {"text": "Hel", "type": "delta", "event_id": 1}
        await peer.send({"type": "agent_chat_response_part", "text_response_part": part})
        odd = {"text": "", "type": "unheard_of", "event_id": 1}
        await peer.send({"type": "agent_chat_response_part", "text_response_part": odd})
        await peer.say("  Hello  ")
        correction = {
            "original_agent_response": "Hello you",
            "corrected_agent_response": "Hello ",
            "event_id": 1,
        }
        await peer.send({"type": "agent_response_correction", "agent_response_correction_event": correction})
        transcript = {"user_transcript": " hi ", "event_id": 1}
        await peer.send({"type": "user_transcript", "user_transcription_event": transcript})
        alignment = {"chars": ["H"], "char_start_times_ms": [0], "char_durations_ms": [80]}
        audio = {"audio_base_64": base64.b64encode(b"xx").decode(), "event_id": 1, "alignment": alignment}
        await peer.send({"type": "audio", "audio_event": audio})
        await peer.send({"type": "audio", "audio_event": {**audio, "alignment": None}})
        await peer.ping(1)
        await peer.send({"type": "ping", "ping_event": {"event_id": 2}})
        await peer.receive()
        await peer.receive()

    with pytest.warns(DeprecationWarning, match="callback_end_session"):
        converse(
            scenario,
            callback_agent_response=keep("response"),
            callback_agent_response_correction=keep("correction"),
            callback_agent_chat_response_part=keep("part"),
            callback_user_transcript=keep("transcript"),
            callback_latency_measurement=keep("latency"),
            callback_audio_alignment=keep("alignment"),
            callback_end_session=keep("end"),
            callback_disconnect=keep("disconnect"),
        )
    assert done.wait(PATIENCE)
    [(details,)] = seen.pop("disconnect")
    assert details.reason in ("agent", "user")
    assert seen == {
        "response": [("Hello",)],
        "correction": [("Hello you", "Hello")],
        "part": [("Hel", AgentChatResponsePartType.DELTA), ("", AgentChatResponsePartType.DELTA)],
        "transcript": [("hi",)],
        "latency": [(5,)],
        "alignment": [(AudioEventAlignment(["H"], [0], [80]),)],
        "end": [()],
    }


def test_callbacks_that_raise_or_are_coroutines_do_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    ended = threading.Event()

    def raises(text: str) -> None:
        raise ValueError(text)

    async def coroutine(text: str) -> None:
        await asyncio.sleep(0)
        seen.append(text)

    async def scenario(peer: Peer) -> None:
        await peer.open()
        for word in ("one", "two"):
            await peer.say(word)
            await peer.send(
                {
                    "type": "user_transcript",
                    "user_transcription_event": {"user_transcript": word, "event_id": 1},
                }
            )
        await peer.ping(1)
        await peer.receive()

    converse(
        scenario,
        callback_agent_response=raises,
        callback_user_transcript=coroutine,
        callback_disconnect=lambda details: ended.set(),
    )
    assert seen == ["one", "two"]
    assert ended.is_set()
    assert "raised ValueError" in caplog.text


def test_tools_get_one_dict_and_their_falsy_results_arrive() -> None:
    got: list[dict[str, Any]] = []
    tools = ClientTools()

    def plain(parameters: dict[str, Any]) -> int:
        got.append(parameters)
        return 0

    async def coroutine(parameters: dict[str, Any]) -> dict[str, Any]:
        return parameters

    tools.register("plain", plain)
    tools.register("coroutine", coroutine, is_async=True)
    tools.register("unmarked", coroutine)

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        answers = []
        for name, parameters in (
            ("plain", {"a": 1}),
            ("coroutine", {"tool_call_id": "mine"}),
            ("unmarked", {}),
        ):
            await peer.call(name, f"id-{name}", parameters)
            answers.append(await peer.receive())
        return answers

    for _ in range(2):
        answers, _ = converse(scenario, client_tools=tools)
        assert [answer["tool_call_id"] for answer in answers] == ["id-plain", "id-coroutine", "id-unmarked"]
        assert answers[0]["result"] == "0"
        assert json.loads(answers[1]["result"]) == {"tool_call_id": "mine"}
        assert json.loads(answers[2]["result"]) == {"tool_call_id": "id-unmarked"}
    assert got == [{"tool_call_id": "id-plain", "a": 1}] * 2


def test_tools_run_on_the_loop_that_is_given() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="the-programs-own", daemon=True)
    thread.start()
    tools = ClientTools(loop=loop)

    async def where(parameters: dict[str, Any]) -> str:
        return threading.current_thread().name

    tools.register("where", where, is_async=True)

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.open()
        await peer.call("where", "w")
        return await peer.receive()

    answer, _ = converse(scenario, client_tools=tools)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()
    assert answer["result"] == "the-programs-own"


@pytest.mark.parametrize(
    ("name", "handler", "is_async", "said"),
    [
        ("x", "no function", False, "must be callable"),
        ("taken", lambda parameters: 1, False, "registered already"),
    ],
)
def test_what_cannot_be_registered_is_a_value_error(
    name: str, handler: Any, is_async: bool, said: str
) -> None:
    tools = ClientTools()
    tools.register("taken", lambda parameters: 1)
    with pytest.raises(ValueError, match=said):
        tools.register(name, handler, is_async)


def test_everything_that_can_be_sent_is_sent() -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        return [await peer.receive() for _ in range(5)]

    with agent(scenario) as served:
        conversation = Conversation(Client(None, base_of(served.url)), "agent_1", requires_auth=False)
        with pytest.raises(SessionEndedError):
            conversation.send_user_message("too early")
        conversation.start_session()
        conversation.send_user_message("hello")
        conversation.send_contextual_update("in the kitchen")
        conversation.register_user_activity()
        conversation.send_multimodal_message("look", file_ids=["f1", "f2"])
        conversation.send_multimodal_message(file_id="f3")
        with pytest.raises(ValueError, match="a text or a file"):
            conversation.send_multimodal_message()
        frames = served.wait()
        conversation.end_session()
    look = {"type": "user_message", "text": "look"}
    files = [{"type": "file_input", "file_id": name} for name in ("f1", "f2")]
    f3 = {"type": "file_input", "file_id": "f3"}
    assert frames == [
        {"type": "user_message", "text": "hello"},
        {"type": "contextual_update", "text": "in the kitchen"},
        {"type": "user_activity"},
        {"type": "multimodal_message", "text": look, "file": files[0], "files": files},
        {"type": "multimodal_message", "file": f3, "files": [f3]},
    ]


def test_an_audio_interface_is_served_off_the_wire() -> None:
    class Interface(AudioInterface):
        def __init__(self) -> None:
            self.heard: list[bytes] = []
            self.log: list[str] = []
            self.stopped = threading.Event()

        def start(self, input_callback: Callable[[bytes], None]) -> None:
            self.log.append(threading.current_thread().name)
            input_callback(b"microphone")

        def output(self, audio: bytes) -> None:
            self.heard.append(audio)

        def interrupt(self) -> None:
            self.log.append("interrupt")

        def stop(self) -> None:
            self.stopped.set()

    async def scenario(peer: Peer) -> tuple[dict[str, Any], dict[str, Any]]:
        opening = await peer.open()
        await peer.send(
            {
                "type": "audio",
                "audio_event": {"audio_base_64": base64.b64encode(b"voice").decode(), "event_id": 1},
            }
        )
        await until(lambda: interface.heard == [b"voice"])
        await peer.send({"type": "interruption", "interruption_event": {"event_id": 1}})
        return opening, await peer.receive()

    interface = Interface()
    (opening, chunk), _ = converse(scenario, audio_interface=interface)
    assert interface.stopped.wait(PATIENCE)
    assert "conversation_config_override" not in opening
    assert base64.b64decode(chunk["user_audio_chunk"]) == b"microphone"
    assert interface.heard == [b"voice"]
    assert interface.log[0].startswith("agentframework-handler")
    assert interface.log[1:] == ["interrupt"]


def test_a_private_agent_is_reached_by_a_signed_url() -> None:
    async def scenario(peer: Peer) -> str:
        assert peer.connection.request is not None
        await peer.open()
        return peer.connection.request.path

    with agent(scenario) as served:
        signed = served.url + "?agent_id=agent_1&conversation_signature=cvtkn_1"
        with platform(200, {"signed_url": signed}) as server:
            conversation = Conversation(Client("key", server.url), "agent_1", requires_auth=True)
            conversation.start_session()
            assert served.wait().endswith("conversation_signature=cvtkn_1")
            conversation.end_session()
            conversation.wait_for_session_end()


@pytest.mark.parametrize(("status", "kind"), [(401, AuthError), (404, NotFoundError), (500, RestError)])
def test_a_refused_signed_url_is_a_typed_error_of_the_start(status: int, kind: type[Exception]) -> None:
    details: list[DisconnectionDetails] = []
    with platform(status, {}) as server:
        conversation = Conversation(
            Client("key", server.url), "agent_1", requires_auth=True, callback_disconnect=details.append
        )
        with pytest.raises(kind):
            conversation.start_session()
        assert conversation.wait_for_session_end() is None
    assert [(end.reason, end.phase) for end in details] == [("error", "connect")]


def test_the_sdks_own_client_may_be_given() -> None:
    """By its shape: where its REST API is, and how it asks for a signed URL, which blocks."""
    threads: list[str] = []

    async def scenario(peer: Peer) -> str:
        assert peer.connection.request is not None
        await peer.open()
        return peer.connection.request.path

    with agent(scenario) as served:

        def get_signed_url(*, agent_id: str) -> SimpleNamespace:
            threads.append(threading.current_thread().name)
            return SimpleNamespace(signed_url=f"{served.url}?agent_id={agent_id}&conversation_signature=s")

        client = SimpleNamespace(
            _client_wrapper=SimpleNamespace(get_base_url=lambda: base_of(served.url)),
            conversational_ai=SimpleNamespace(conversations=SimpleNamespace(get_signed_url=get_signed_url)),
        )
        for requires_auth, query in ((False, "?agent_id=a"), (True, "?agent_id=a&conversation_signature=s")):
            served.forget()
            conversation = Conversation(client, "a", requires_auth=requires_auth)
            conversation.start_session()
            assert served.wait().endswith(query)
            conversation.end_session()
            conversation.wait_for_session_end()
    assert [name.rsplit("-", 1)[0] for name in threads] == ["agentframework-handler"]


def test_a_server_of_ones_own_gets_its_setup_first() -> None:
    async def scenario(peer: Peer) -> tuple[str, list[dict[str, Any]]]:
        assert peer.connection.request is not None
        setup = await peer.receive()
        opening = await peer.open()
        return peer.connection.request.path, [setup, opening]

    with agent(scenario) as served:
        on_prem = OnPremInitiationData(
            served.url + "?conversation_id=mine",
            tools_config_list=[{"name": "t"}],
            post_call_audio_webhook=PostCallWebhookConfig("https://x.test/a", "0123456789abcdef"),
            extra_setup_config={"later": 1},
        )
        conversation = Conversation(Client(), "agent_1", requires_auth=False, on_prem_config=on_prem)
        conversation.start_session()
        path, frames = served.wait()
        conversation.end_session()
    assert path.endswith("?conversation_id=mine")
    assert frames[0] == {
        "type": "enclave_setup_config",
        "agent_config_dict": None,
        "override_agent_config_list": None,
        "tools_config_list": [{"name": "t"}],
        "post_call_transcription_webhook_url": None,
        "post_call_audio_webhook_url": None,
        "prompt_knowledge_base": None,
        "post_call_audio_webhook": {"url": "https://x.test/a", "hmac_secret": "0123456789abcdef"},
        "later": 1,
    }
    assert frames[1]["type"] == "conversation_initiation_client_data"


def test_a_webhook_given_twice_or_a_reserved_field_is_refused_and_a_secret_is_not_shown() -> None:
    config = PostCallWebhookConfig("https://x.test", "canary-0123456789")
    assert "canary" not in repr(config)
    with pytest.raises(ValueError, match="audio webhook is given twice"):
        OnPremInitiationData(
            "ws://x", post_call_audio_webhook=config, post_call_audio_webhook_url="https://y"
        )
    with pytest.raises(ValueError, match="tools_config_list"):
        OnPremInitiationData("ws://x", extra_setup_config={"tools_config_list": []})


def test_after_a_failed_start_the_end_is_told_once_and_there_is_no_id() -> None:
    details: list[DisconnectionDetails] = []
    conversation = Conversation(
        Client(None, "http://127.0.0.1:1"), "agent_1", requires_auth=False, callback_disconnect=details.append
    )
    with pytest.raises(StartError):
        conversation.start_session()
    assert conversation.wait_for_session_end() is None
    conversation.end_session()
    assert [end.reason for end in details] == ["error"]
