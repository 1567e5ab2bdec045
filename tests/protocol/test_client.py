"""The client's side of a conversation: what is sent in which order, what is played, and what the end leaves."""

from __future__ import annotations

import base64
import json
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.protocol.client import ClientProtocol, Verdict
from agentframework.protocol.ledger import Outcome, Settlement
from agentframework.protocol.messages import (
    ContextualUpdateMessage,
    ConversationInitiationClientDataMessage,
    EnclaveSetupConfigMessage,
    UserActivityMessage,
    UserMessage,
    parse_server_frame,
)

INITIATION = '{"type":"conversation_initiation_client_data"}'


def ping(event_id: int) -> str:
    return f'{{"type": "ping", "ping_event": {{"event_id": {event_id}}}}}'


def pong(event_id: int) -> str:
    return f'{{"type":"pong","event_id":{event_id}}}'


def audio(event_id: int | str, chunk: bytes = b"\x01\x02") -> str:
    event = {"audio_base_64": base64.b64encode(chunk).decode(), "event_id": event_id}
    return json.dumps({"type": "audio", "audio_event": event})


def interruption(event_id: int | str) -> str:
    return json.dumps({"type": "interruption", "interruption_event": {"event_id": event_id}})


def metadata(conversation_id: str) -> str:
    event = {"conversation_id": conversation_id}
    return json.dumps(
        {"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event": event}
    )


def call(tool_call_id: str) -> str:
    return json.dumps({"type": "client_tool_call", "client_tool_call": {"tool_call_id": tool_call_id}})


def answer(tool_call_id: int) -> str:
    return f'{{"type":"client_tool_result","tool_call_id":"{tool_call_id}","result":"","is_error":false}}'


def sent(chunk: bytes) -> str:
    return f'{{"user_audio_chunk":"{base64.b64encode(chunk).decode()}"}}'


def drain(protocol: ClientProtocol) -> list[str]:
    frames = []
    while (frame := protocol.next_frame()) is not None:
        frames.append(frame)
    return frames


def opened() -> ClientProtocol:
    protocol = ClientProtocol()
    assert drain(protocol) == [INITIATION]
    return protocol


def test_the_first_frame_opens_the_conversation_even_where_nothing_is_to_be_said() -> None:
    assert drain(ClientProtocol()) == [INITIATION]


def test_what_was_given_to_open_the_conversation_is_what_opens_it() -> None:
    initiation = ConversationInitiationClientDataMessage(user_id="u1")
    assert drain(ClientProtocol(initiation)) == [
        '{"type":"conversation_initiation_client_data","user_id":"u1"}',
    ]


def test_an_on_prem_server_is_set_up_before_the_conversation_is_opened() -> None:
    setup = EnclaveSetupConfigMessage(bedrock_inference_profile="us")
    frames = [json.loads(frame)["type"] for frame in drain(ClientProtocol(enclave_setup=setup))]
    assert frames == ["enclave_setup_config", "conversation_initiation_client_data"]


def test_nothing_comes_before_the_opening_not_even_a_pong() -> None:
    protocol = ClientProtocol(enclave_setup=EnclaveSetupConfigMessage())
    protocol.receive_frame(ping(1))
    protocol.send(UserMessage(text="Hi"))
    protocol.send_audio(b"\x00\x00")
    kinds = [json.loads(frame).get("type", "audio") for frame in drain(protocol)]
    assert kinds == [
        "enclave_setup_config",
        "conversation_initiation_client_data",
        "pong",
        "user_message",
        "audio",
    ]


def test_a_pong_overtakes_all_that_waits() -> None:
    protocol = opened()
    for number in range(1000):
        protocol.send(ContextualUpdateMessage(text=str(number)))
    protocol.send_audio(b"\x00\x00")
    protocol.receive_frame(ping(12))
    protocol.receive_frame(ping(13))
    assert [protocol.next_frame(), protocol.next_frame()] == [pong(12), pong(13)]


def test_a_pong_overtakes_also_what_is_half_sent() -> None:
    protocol = opened()
    protocol.send(UserMessage(text="a"))
    protocol.send(UserMessage(text="b"))
    assert protocol.next_frame() == '{"type":"user_message","text":"a"}'
    protocol.receive_frame(ping(5))
    assert drain(protocol) == [pong(5), '{"type":"user_message","text":"b"}']


def test_each_ping_has_its_own_pong_also_where_ids_repeat() -> None:
    protocol = opened()
    for event_id in (3, 3, 2):
        assert protocol.receive_frame(ping(event_id)).verdict is Verdict.EVENT
    assert drain(protocol) == [pong(3), pong(3), pong(2)]


def test_the_answer_of_a_tool_overtakes_audio_but_not_earlier_messages() -> None:
    protocol = opened()
    protocol.send_audio(b"\x00\x01")
    protocol.receive_frame(call("tc_1"))
    protocol.send(UserActivityMessage())
    assert protocol.answer("tc_1", Outcome.OK, "done", is_error=False) is Settlement.ANSWERED
    protocol.send_audio(b"\x02\x03")
    assert drain(protocol) == [
        '{"type":"user_activity"}',
        '{"type":"client_tool_result","tool_call_id":"tc_1","result":"done","is_error":false}',
        sent(b"\x00\x01"),
        sent(b"\x02\x03"),
    ]


def test_microphone_audio_is_sent_as_standard_base64_in_order() -> None:
    protocol = opened()
    blocks = [bytes(range(256)), b"\xff\xfe\xfd", b""]
    for block in blocks:
        assert protocol.send_audio(block)
    assert drain(protocol) == [sent(block) for block in blocks]


@given(
    st.lists(st.sampled_from(["ping", "message", "audio", "call", "send one"]), max_size=40),
    st.integers(1, 3),
)
def test_what_waits_is_always_sent_in_the_order_of_its_rank(steps: list[str], backlog: int) -> None:
    """Compares with three plain queues: pongs, then messages and answers, then the newest audio."""
    protocol = ClientProtocol(max_audio_blocks=backlog)
    protocol.next_frame()
    queues: tuple[deque[str], deque[str], deque[str]] = (deque(), deque(), deque())
    for number, step in enumerate([*steps, *["send one"] * len(steps)]):
        match step:
            case "ping":
                protocol.receive_frame(ping(number))
                queues[0].append(pong(number))
            case "message":
                protocol.send(UserMessage(text=str(number)))
                queues[1].append(f'{{"type":"user_message","text":"{number}"}}')
            case "call":
                protocol.receive_frame(call(str(number)))
                protocol.answer(str(number), Outcome.OK, "", is_error=False)
                queues[1].append(answer(number))
            case "audio":
                protocol.send_audio(bytes([number]))
                queues[2].append(sent(bytes([number])))
                if len(queues[2]) > backlog:
                    queues[2].popleft()
            case _:
                first = next((queue for queue in queues if queue), None)
                assert protocol.next_frame() == (first.popleft() if first is not None else None)
    assert protocol.next_frame() is None


def test_the_oldest_audio_is_dropped_and_counted_where_too_much_waits() -> None:
    protocol = ClientProtocol(max_audio_blocks=3)
    protocol.next_frame()
    for number in range(10):
        assert protocol.send_audio(bytes([number]))
    assert protocol.dropped_audio_blocks == 7
    assert drain(protocol) == [sent(bytes([number])) for number in (7, 8, 9)]
    protocol.send_audio(b"\x0a")
    assert protocol.dropped_audio_blocks == 7


def test_audio_that_waits_never_costs_a_message() -> None:
    protocol = ClientProtocol(max_audio_blocks=1)
    protocol.next_frame()
    for number in range(100):
        protocol.send(UserMessage(text=str(number)))
        protocol.send_audio(bytes([number]))
    texts = [json.loads(frame).get("text") for frame in drain(protocol)]
    assert texts == [*map(str, range(100)), None]


def test_audio_up_to_the_last_interruption_is_not_played() -> None:
    protocol = opened()
    played = []
    for step in ("A1", "A2", "I2", "A2", "A3", "I5", "A4", "A5", "A6"):
        event_id = int(step[1:])
        received = protocol.receive_frame(audio(event_id) if step[0] == "A" else interruption(event_id))
        if received.verdict is Verdict.AUDIO:
            assert received.audio == b"\x01\x02"
            played.append(event_id)
        elif step[0] == "A":
            assert received.verdict is Verdict.STALE_AUDIO
            assert received.audio == b""
    assert played == [1, 2, 3, 6]
    assert protocol.counts[Verdict.STALE_AUDIO] == 3


def test_a_lower_interruption_never_reopens_what_a_higher_one_has_closed() -> None:
    protocol = opened()
    for event_id in (7, 3, 5):
        assert protocol.receive_frame(interruption(event_id)).verdict is Verdict.INTERRUPTION
        assert protocol.interrupted_until == 7
    assert protocol.receive_frame(audio(7)).verdict is Verdict.STALE_AUDIO
    assert protocol.receive_frame(audio(8)).verdict is Verdict.AUDIO


def test_ids_in_numeric_strings_are_compared_as_numbers() -> None:
    protocol = opened()
    protocol.receive_frame(interruption("10"))
    assert protocol.receive_frame(audio("9")).verdict is Verdict.STALE_AUDIO
    assert protocol.receive_frame(audio("11")).verdict is Verdict.AUDIO


@pytest.mark.parametrize("event_id", [0, -1])
def test_an_interruption_of_id_zero_or_below_is_one_too(event_id: int) -> None:
    protocol = opened()
    assert protocol.receive_frame(audio(event_id)).verdict is Verdict.AUDIO
    protocol.receive_frame(interruption(event_id))
    assert protocol.receive_frame(audio(event_id)).verdict is Verdict.STALE_AUDIO
    assert protocol.receive_frame(audio(event_id + 1)).verdict is Verdict.AUDIO


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=30))
def test_audio_is_played_if_and_only_if_its_id_is_above_every_interruption(
    steps: list[tuple[bool, int]],
) -> None:
    protocol = opened()
    highest = -1
    for is_audio, event_id in steps:
        if is_audio:
            verdict = protocol.receive_frame(audio(event_id)).verdict
            assert verdict is (Verdict.AUDIO if event_id > highest else Verdict.STALE_AUDIO)
        else:
            protocol.receive_frame(interruption(event_id))
            highest = max(highest, event_id)


def test_empty_audio_is_audio_without_bytes() -> None:
    received = opened().receive_frame(audio(1, b""))
    assert (received.verdict, received.audio) == (Verdict.AUDIO, b"")


def test_the_first_metadata_starts_the_conversation_and_a_second_changes_nothing() -> None:
    protocol = opened()
    before = protocol.conversation_id
    assert before is None
    assert protocol.receive_frame(metadata("conv_1")).verdict is Verdict.STARTED
    assert protocol.receive_frame(metadata("conv_2")).verdict is Verdict.REPEATED_METADATA
    assert protocol.conversation_id == "conv_1"
    assert protocol.counts[Verdict.REPEATED_METADATA] == 1


def test_messages_before_the_metadata_are_read_as_after_it() -> None:
    protocol = opened()
    assert protocol.receive_frame(audio(1)).verdict is Verdict.AUDIO
    assert protocol.receive_frame(call("tc_1")).verdict is Verdict.CALL
    frame = '{"type": "queue_status", "queue_status_event": {"status": "waiting"}}'
    assert protocol.receive_frame(frame).verdict is Verdict.EVENT


def test_the_message_that_was_parsed_is_the_one_that_is_handed_on() -> None:
    for frame in (ping(1), audio(1), interruption(1), call("a"), metadata("c"), '{"type": "new"}', "no JSON"):
        assert opened().receive_frame(frame).message == parse_server_frame(frame)


def test_after_the_end_nothing_waits_and_nothing_is_queued() -> None:
    protocol = ClientProtocol(enclave_setup=EnclaveSetupConfigMessage())
    protocol.receive_frame(ping(1))
    protocol.receive_frame(call("tc_1"))
    protocol.send(UserMessage(text="Hi"))
    protocol.send_audio(b"\x00\x00")
    protocol.end()
    assert protocol.next_frame() is None
    assert protocol.send(UserMessage(text="Hi")) is False
    assert protocol.send_audio(b"\x00\x00") is False
    assert protocol.receive_frame(ping(2)).verdict is Verdict.EVENT
    assert protocol.answer("tc_1", Outcome.SHUTDOWN, "over", is_error=True) is Settlement.AFTER_END
    assert protocol.next_frame() is None
    assert protocol.ledger.outcomes[Outcome.SHUTDOWN] == 1
    assert protocol.dropped_audio_blocks == 0


def test_the_end_may_come_twice() -> None:
    protocol = opened()
    protocol.end()
    protocol.end()
    assert protocol.next_frame() is None


def test_of_a_peer_that_pings_and_does_not_read_only_the_newest_pings_are_answered() -> None:
    protocol = ClientProtocol()
    protocol.next_frame()
    for number in range(5_000):
        protocol.receive_frame(f'{{"type":"ping","ping_event":{{"event_id":{number}}}}}')
    waiting = []
    while (frame := protocol.next_frame()) is not None:
        waiting.append(json.loads(frame)["event_id"])
    assert waiting == list(range(4_000, 5_000))


def test_messages_that_nobody_reads_are_refused_at_ten_thousand() -> None:
    protocol = ClientProtocol()
    sent = [protocol.send(UserActivityMessage()) for _ in range(10_001)]
    assert False not in sent[:9_999]
    assert sent[-1] is False
