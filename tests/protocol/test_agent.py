"""The agent's side: what it makes of a client's frames, and what it sends in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.formats import AudioFormat
from agentframework.protocol.agent import (
    DEFAULT_CLIENT_EVENTS,
    INVALID_MESSAGE,
    Accepted,
    AgentProtocol,
    Close,
)
from agentframework.protocol.calls import OpenCall
from agentframework.protocol.client import ClientProtocol, Verdict
from agentframework.protocol.inspection import Refused, RemarkKind
from agentframework.protocol.ledger import Outcome
from agentframework.protocol.messages import (
    Alignment,
    ClientMessage,
    ClientToolResultMessage,
    ConversationInitiationClientDataMessage,
    EnclaveSetupConfigMessage,
    FeedbackMessage,
    MultimodalMessage,
    PongMessage,
    UserActivityMessage,
    UserMessage,
    VadScoreMessage,
)
from agentframework.protocol.messages.server import VadScore

TEXT_ONLY = {"conversation": {"text_only": True}}


def sent(protocol: AgentProtocol) -> list[dict[str, Any]]:
    """Everything that waits to be sent, taken out and read."""
    frames = []
    while (frame := protocol.next_frame()) is not None:
        frames.append(json.loads(frame))
    return frames


def types(protocol: AgentProtocol) -> list[str]:
    return [frame["type"] for frame in sent(protocol)]


def running(**options: Any) -> AgentProtocol:
    """A conversation whose metadata is sent, after the client's initiation data."""
    protocol = AgentProtocol("conv_1", **options)
    receive(protocol, ConversationInitiationClientDataMessage())
    protocol.start()
    sent(protocol)
    return protocol


def receive(protocol: AgentProtocol, message: ClientMessage, *, now: float = 0.0) -> Accepted:
    read = protocol.receive_frame(message.to_frame(), now=now)
    assert isinstance(read, Accepted), read
    return read


def kinds(read: Accepted) -> list[RemarkKind]:
    return [remark.kind for remark in read.remarks]


def result(tool_call_id: str, text: str = "3 degrees", *, is_error: bool = False) -> ClientToolResultMessage:
    return ClientToolResultMessage(tool_call_id=tool_call_id, result=text, is_error=is_error)


def call(protocol: AgentProtocol, **options: Any) -> OpenCall:
    made = protocol.call_tool("get_weather", {"city": "Oslo"}, **{"now": 100.0, **options})
    sent(protocol)
    return made


def test_the_metadata_comes_first_and_once() -> None:
    protocol = AgentProtocol("conv_1", output_format=AudioFormat("ulaw", 8000))
    protocol.say("Hello!")
    assert sent(protocol) == []

    assert protocol.start()
    assert not protocol.start()
    protocol.say("Again.")

    metadata, *rest = sent(protocol)
    assert metadata == {
        "type": "conversation_initiation_metadata",
        "conversation_initiation_metadata_event": {
            "conversation_id": "conv_1",
            "agent_output_audio_format": "ulaw_8000",
            "user_input_audio_format": "pcm_16000",
        },
    }
    assert [frame["type"] for frame in rest] == ["agent_response", "agent_response"]


def test_what_need_not_wait_for_the_metadata_does_not() -> None:
    protocol = AgentProtocol("conv_1", metadata_first=False)
    protocol.say("Hello!")

    assert types(protocol) == ["agent_response"]


def test_raw_frames_come_at_once() -> None:
    protocol = AgentProtocol("conv_1")
    protocol.say("Hello!")
    protocol.send_frame("no json")

    assert protocol.next_frame() == "no json"
    assert protocol.next_frame() is None


def test_voice_says_the_whole_text() -> None:
    protocol = running()
    event_id = protocol.say("Hello there!")

    [frame] = sent(protocol)
    assert frame["agent_response_event"]["agent_response"] == "Hello there!"
    assert frame["agent_response_event"]["event_id"] == event_id


@pytest.mark.parametrize(
    "options",
    [{"text_only": True}, {"client_events": DEFAULT_CLIENT_EVENTS | {"agent_chat_response_part"}}],
)
def test_text_is_streamed_before_it_is_committed(options: dict[str, Any]) -> None:
    protocol = running(**options)
    protocol.say("Hello  there!\n")

    *parts, response = sent(protocol)
    parts = [part["text_response_part"] for part in parts]
    assert [part["type"] for part in parts] == ["start", "delta", "delta", "stop"]
    assert "".join(part["text"] for part in parts) == "Hello  there!\n"
    committed = response["agent_response_event"]
    assert committed["agent_response"] == "Hello  there!\n"
    assert {part["response_id"] for part in parts} == {committed["response_id"]}
    assert {part["event_id"] for part in parts} == {committed["event_id"]}


@given(st.text())
def test_the_deltas_of_any_text_make_up_the_text(text: str) -> None:
    protocol = running(text_only=True)
    protocol.say(text)

    *parts, response = sent(protocol)
    assert "".join(part["text_response_part"]["text"] for part in parts) == text
    assert response["agent_response_event"]["agent_response"] == text


@pytest.mark.parametrize(("text_only", "override"), [(True, {}), (False, TEXT_ONLY)])
def test_text_only_is_the_agents_setting_or_the_clients_override(
    text_only: bool, override: dict[str, Any]
) -> None:
    protocol = AgentProtocol("conv_1", text_only=text_only)
    receive(protocol, ConversationInitiationClientDataMessage(conversation_config_override=override))

    assert protocol.text_only


def test_text_only_in_the_wrong_place_is_not_heeded() -> None:
    protocol = AgentProtocol("conv_1")
    read = receive(
        protocol, ConversationInitiationClientDataMessage(conversation_config_override={"text_only": True})
    )

    assert kinds(read) == [RemarkKind.UNKNOWN_OVERRIDE]
    assert not protocol.text_only


def test_the_client_can_ask_for_voice() -> None:
    protocol = AgentProtocol("conv_1", text_only=True)
    override = {"conversation": {"text_only": False}}
    receive(protocol, ConversationInitiationClientDataMessage(conversation_config_override=override))

    assert not protocol.text_only


def test_event_ids_increase() -> None:
    protocol = running()
    ids = [
        protocol.say("a"),
        protocol.send_audio(b"\0\0"),
        protocol.ping(now=0.0),
        call(protocol).event_id,
        protocol.next_event_id(),
    ]

    assert ids == sorted(set(ids))


def test_chunks_of_one_answer_may_share_its_id() -> None:
    protocol = running()
    event_id = protocol.say("Hi")
    alignment = Alignment(chars=["H", "i"], char_start_times_ms=[0, 80], char_durations_ms=[80, 90])
    protocol.send_audio(b"\1\2", event_id=event_id, alignment=alignment, is_final=True)

    assert sent(protocol)[1] == {
        "type": "audio",
        "audio_event": {
            "audio_base_64": "AQI=",
            "event_id": event_id,
            "alignment": {"chars": ["H", "i"], "char_start_times_ms": [0, 80], "char_durations_ms": [80, 90]},
            "is_final": True,
        },
    }


def test_an_interruption_voids_what_was_said_and_nothing_after_it() -> None:
    agent, client = running(), ClientProtocol()
    agent.send_audio(b"\0\0")
    interrupted = agent.interrupt()
    agent.send_audio(b"\0\0", event_id=interrupted)
    agent.send_audio(b"\0\0")

    verdicts = []
    while (frame := agent.next_frame()) is not None:
        verdicts.append(client.receive_frame(frame).verdict)
    assert verdicts == [Verdict.AUDIO, Verdict.INTERRUPTION, Verdict.STALE_AUDIO, Verdict.AUDIO]


def test_a_correction_refers_to_what_was_said_last() -> None:
    protocol = running()
    event_id = protocol.say("Let me tell you everything")
    protocol.correct("Let me tell")

    assert sent(protocol)[1]["agent_response_correction_event"] == {
        "original_agent_response": "Let me tell you everything",
        "corrected_agent_response": "Let me tell",
        "event_id": event_id,
    }


def test_a_correction_may_name_its_own_words_and_id() -> None:
    protocol = running()
    protocol.correct("a", original="a b", event_id=7)

    [frame] = sent(protocol)
    event = frame["agent_response_correction_event"]
    assert event == {"original_agent_response": "a b", "corrected_agent_response": "a", "event_id": 7}


def test_what_the_user_said_is_a_transcript() -> None:
    protocol = running()
    event_id = protocol.transcribe("what time is it \ud83d")

    [frame] = sent(protocol)
    event = frame["user_transcription_event"]
    assert event == {"user_transcript": "what time is it \ufffd", "event_id": event_id}


@pytest.mark.parametrize(("score", "told"), [(0.25, 0.25), (-1, 0.0), (1.5, 1.0), (0.123456, 0.123)])
def test_the_score_of_a_voice_lies_between_0_and_1(score: float, told: float) -> None:
    protocol = running(client_events={"vad_score"})
    protocol.score_voice(score)

    [frame] = sent(protocol)
    assert frame == {"type": "vad_score", "vad_score_event": {"vad_score": told}}


def test_the_end_of_a_turn_names_its_answer() -> None:
    protocol = running(client_events={"agent_response_complete"})
    first = protocol.say("One")
    second = protocol.say("Two")
    protocol.finish_turn(first)
    protocol.finish_turn()

    ids = [frame["agent_response_complete_event"]["event_id"] for frame in sent(protocol)]
    assert ids == [first, second]


def test_only_the_chosen_events_are_sent() -> None:
    protocol = running(client_events=frozenset())
    protocol.transcribe("hello")
    protocol.score_voice(0.5)
    protocol.finish_turn()
    protocol.say("Hello!")
    protocol.send_audio(b"\0\0")
    protocol.interrupt()
    protocol.correct("Hel")
    protocol.ping(now=0.0)
    protocol.send(VadScoreMessage(vad_score_event=VadScore(vad_score=0.5)))
    protocol.call_tool("t", {}, now=0.0)

    assert types(protocol) == ["vad_score", "client_tool_call"]
    assert protocol.oldest_ping is None


def test_a_tool_call_and_its_answer() -> None:
    protocol = running()
    made = protocol.call_tool("get_weather", {"city": "Oslo"}, now=100.0)

    [frame] = sent(protocol)
    assert frame["client_tool_call"] == {
        "tool_name": "get_weather",
        "tool_call_id": made.tool_call_id,
        "parameters": {"city": "Oslo"},
        "event_id": made.event_id,
        "expects_response": True,
    }
    assert protocol.open_calls == (made,)
    read = receive(protocol, result(made.tool_call_id))
    assert read.remarks == ()
    assert read.answer is not None
    assert (read.answer.call, read.answer.shown, read.answer.is_error) == (made, "3 degrees", False)
    assert not protocol.open_calls


def test_both_ends_understand_each_other() -> None:
    """Our client's protocol answers the call of our agent's protocol."""
    agent, client = AgentProtocol("conv_1", strict=True), ClientProtocol()
    opening = client.next_frame()
    assert opening is not None
    assert isinstance(agent.receive_frame(opening), Accepted)
    agent.start()
    made = agent.call_tool("get_weather", {}, now=0.0)
    agent.ping(now=0.0)
    while (frame := agent.next_frame()) is not None:
        client.receive_frame(frame)
    client.answer(made.tool_call_id, Outcome.OK, "3 degrees", is_error=False)

    pong, answer = client.next_frame(), client.next_frame()
    assert pong is not None
    assert answer is not None
    assert isinstance(agent.receive_frame(pong, now=0.012), Accepted)
    read = agent.receive_frame(answer)
    assert isinstance(read, Accepted)
    assert read.answer is not None
    assert read.answer.shown == "3 degrees"
    assert agent.latency_ms == 12


def test_calls_are_answered_in_any_order() -> None:
    protocol = running()
    first, second = call(protocol), call(protocol)

    for made in (second, first):
        answer = receive(protocol, result(made.tool_call_id)).answer
        assert answer is not None
        assert answer.call is made


def test_the_flag_may_be_absent_and_then_an_answer_is_expected() -> None:
    protocol = running()
    made = protocol.call_tool("t", {}, now=0.0, expects_response=None)

    [frame] = sent(protocol)
    assert "expects_response" not in frame["client_tool_call"]
    assert receive(protocol, result(made.tool_call_id)).answer is not None


def test_requests_and_responses_are_told_where_they_are_chosen() -> None:
    protocol = running(client_events=DEFAULT_CLIENT_EVENTS | {"agent_tool_request", "agent_tool_response"})
    made = protocol.call_tool("t", {}, now=0.0, timeout=None)
    receive(protocol, result(made.tool_call_id, is_error=True))

    request, called, response = sent(protocol)
    assert called["type"] == "client_tool_call"
    assert request["agent_tool_request"]["response_timeout_secs"] == -1
    assert request["agent_tool_request"]["tool_type"] == "client"
    assert response["agent_tool_response"]["is_error"] is True
    assert response["agent_tool_response"]["tool_call_id"] == made.tool_call_id


def test_a_call_runs_out_of_time_at_its_deadline() -> None:
    protocol = running(client_events={"agent_tool_response"})
    made = call(protocol, now=100.0, timeout=2.0)
    deadlines = [protocol.next_deadline]

    assert [protocol.expire(now) for now in (101.9, 102.0, 103.0)] == [(), (made,), ()]
    deadlines.append(protocol.next_deadline)
    assert deadlines == [102.0, None]
    [frame] = sent(protocol)
    assert frame["agent_tool_response"]["is_error"] is True


def test_a_call_may_take_for_ever() -> None:
    protocol = running()
    call(protocol, timeout=None)

    assert protocol.next_deadline is None
    assert protocol.expire(1e12) == ()


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("options", "results", "kind"),
    [
        ({}, 2, RemarkKind.DUPLICATE_RESULT),
        ({"timeout": 0.0}, 1, RemarkKind.LATE_RESULT),
        ({"expects_response": False}, 1, RemarkKind.UNEXPECTED_RESULT),
        ({"expects_response": False}, 2, RemarkKind.DUPLICATE_RESULT),
        ({"tool_call_id": "other"}, 1, RemarkKind.UNEXPECTED_RESULT),
    ],
)
def test_a_result_that_nobody_waits_for_is_remarked_or_refused(
    options: dict[str, Any], results: int, kind: RemarkKind, strict: bool
) -> None:
    protocol = running(strict=strict)
    call(protocol, **{"tool_call_id": "tc_1", **options})
    protocol.expire(100.0)
    frame = result("tc_1").to_frame()

    reads = [protocol.receive_frame(frame) for _ in range(results)]
    if strict:
        assert isinstance(reads[-1], Refused)
        assert protocol.close_wanted == Close(1008, INVALID_MESSAGE)
    else:
        last = reads[-1]
        assert isinstance(last, Accepted)
        assert last.answer is None
        assert kinds(last) == [kind]
        assert protocol.close_wanted is None


def test_the_oldest_ping_without_a_pong_is_known() -> None:
    protocol = running()
    times = [protocol.oldest_ping]
    for ping in (protocol.ping(now=10.0), protocol.ping(now=20.0)):
        times.append(protocol.oldest_ping)
        receive(protocol, PongMessage(event_id=ping))

    assert times == [None, 10.0, 20.0]


def test_pongs_tell_the_latency_that_the_next_ping_carries() -> None:
    protocol = running()
    first = protocol.ping(now=10.0)
    assert sent(protocol) == [{"type": "ping", "ping_event": {"event_id": first, "ping_ms": None}}]

    assert receive(protocol, PongMessage(event_id=first), now=10.048).remarks == ()
    second = protocol.ping(now=20.0)
    assert sent(protocol)[0]["ping_event"] == {"event_id": second, "ping_ms": 48}


@pytest.mark.parametrize("answered", [False, True])
def test_a_pong_that_nobody_waits_for_is_remarked(answered: bool) -> None:
    protocol = running()
    pong = PongMessage(event_id=protocol.ping(now=0.0) if answered else 99)
    if answered:
        receive(protocol, pong)

    assert kinds(receive(protocol, pong)) == [RemarkKind.UNEXPECTED_PONG]


def test_audio_before_the_metadata_is_remarked() -> None:
    protocol = AgentProtocol("conv_1")
    audio = '{"user_audio_chunk": "AAAA"}'

    early = protocol.receive_frame(audio)
    protocol.start()
    later = protocol.receive_frame('{"user_audio_chunk": "AAA="}')

    assert isinstance(early, Accepted)
    assert isinstance(later, Accepted)
    assert kinds(early) == [RemarkKind.EARLY_AUDIO, RemarkKind.ODD_VALUE]
    assert kinds(later) == []
    assert early.audio == b"\0\0\0"
    assert protocol.audio_received_bytes == 5


@pytest.mark.parametrize(
    "message",
    [UserMessage(text="Hi"), UserActivityMessage(), FeedbackMessage(event_id=1), MultimodalMessage()],
)
def test_a_message_before_the_initiation_data_is_remarked(message: ClientMessage) -> None:
    assert kinds(receive(AgentProtocol("conv_1"), message)) == [RemarkKind.OUT_OF_ORDER]


def test_a_second_initiation_is_remarked_and_changes_nothing() -> None:
    protocol = running()
    read = receive(protocol, ConversationInitiationClientDataMessage(conversation_config_override=TEXT_ONLY))

    assert kinds(read) == [RemarkKind.OUT_OF_ORDER]
    assert not protocol.text_only


def test_the_on_prem_setup_comes_first() -> None:
    setup = EnclaveSetupConfigMessage(bedrock_inference_profile="global")
    protocol = AgentProtocol("conv_1")
    assert receive(protocol, setup).remarks == ()
    assert receive(protocol, ConversationInitiationClientDataMessage()).remarks == ()
    assert protocol.enclave_setup == setup

    assert kinds(receive(running(), setup)) == [RemarkKind.OUT_OF_ORDER]


@pytest.mark.parametrize("frame", ["hello", "[]", '{"type": "hello"}', '{"type": "pong"}', b"\0"])
def test_what_is_no_message_is_refused_and_closes(frame: str | bytes) -> None:
    protocol = running()
    protocol.say("Said before.")

    assert isinstance(protocol.receive_frame(frame), Refused)
    assert protocol.close_wanted == Close(1008, INVALID_MESSAGE)
    protocol.say("Said after.")
    said, error = sent(protocol)
    assert said["type"] == "agent_response"
    assert error["error_event"]["error_type"] == "invalid_message"
    assert error["error_event"]["code"] == 1008


def test_strict_refuses_what_would_only_be_remarked() -> None:
    protocol = running(strict=True)
    read = protocol.receive_frame('{"type": "user_activity", "extra": 1}')

    assert isinstance(read, Refused)
    assert read.problem.startswith("strict: user_activity: extra")
    assert protocol.close_wanted == Close(1008, INVALID_MESSAGE)


def test_after_the_end_nothing_is_read_or_sent() -> None:
    protocol = running()
    protocol.say("Goodbye!")
    protocol.close(1000, "done")
    protocol.close(1011, "too late")
    protocol.say("Still there?")
    protocol.send_frame("raw")

    assert protocol.close_wanted == Close(1000, "done")
    assert types(protocol) == ["agent_response"]
    assert isinstance(protocol.receive_frame(UserActivityMessage().to_frame()), Refused)
    assert not AgentProtocol.start(protocol)


def test_a_close_reason_is_cut_to_what_a_close_frame_holds() -> None:
    protocol = running()
    protocol.close(1008, "é" * 100)

    assert protocol.close_wanted == Close(1008, "é" * 61)


@given(st.text(st.characters(exclude_categories=())), st.dictionaries(st.text(), st.text()))
def test_any_text_can_be_said_and_any_arguments_called(text: str, arguments: dict[str, str]) -> None:
    """Also halves of surrogate pairs, which UTF-8 cannot carry."""
    protocol = running(text_only=True)
    protocol.say(text)
    protocol.correct(text)
    protocol.call_tool("t", {text: text, **arguments}, now=0.0)

    for frame in sent(protocol):
        assert json.dumps(frame, ensure_ascii=False).encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["pong", "client_tool_result", "conversation_initiation_client_data", "user_message", "feedback"]
        )
    },
    optional={
        "event_id": st.integers() | JSON,
        "tool_call_id": st.just("tc_1") | JSON,
        "result": st.text() | JSON,
        "is_error": st.booleans() | JSON,
        "text": st.text() | JSON,
        "conversation_config_override": JSON,
        "user_audio_chunk": JSON,
    },
).map(json.dumps)


@given(st.lists(st.text() | st.binary() | OBJECTS | JSON.map(json.dumps), max_size=8), st.booleans())
def test_no_frames_make_it_raise(frames: list[str | bytes], strict: bool) -> None:
    protocol = AgentProtocol("conv_1", strict=strict)
    protocol.start()
    protocol.call_tool("t", {}, now=0.0, tool_call_id="tc_1")
    refused = False
    for frame in frames:
        read = protocol.receive_frame(frame)
        refused = refused or isinstance(read, Refused)
        assert refused == (protocol.close_wanted is not None)
    assert all(isinstance(frame, dict) for frame in sent(protocol))
