"""Scripts over a real socket: each action, and what is said of a client that does not play its part."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from agent_guest import TEXT_ONLY, Guest, House, in_house
from agentframework.localagent.events import AgentEventKind
from agentframework.protocol.agent import DEFAULT_CLIENT_EVENTS
from agentframework.protocol.inspection import RemarkKind

END = (1000, "end of script")
EVERYTHING = DEFAULT_CLIENT_EVENTS | {"agent_tool_request", "agent_tool_response"}


def performed(
    script: str,
    play: Callable[[Guest], Awaitable[None]] | None = None,
    *,
    opening: Mapping[str, Any] = TEXT_ONLY,
    **options: Any,
) -> tuple[list[dict[str, Any]], tuple[int, str], House]:
    """What a client sees that only introduces itself (or plays its part): the messages, the close, the house."""
    messages: list[dict[str, Any]] = []
    close: list[tuple[int, str]] = []

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.send({"type": "conversation_initiation_client_data", **opening})
        if play is not None:
            await play(guest)
        messages.extend(await guest.rest())
        close.append(await guest.closed())

    house = in_house(scenario, script=script, **options)
    return messages, close[0], house


def payloads(messages: list[dict[str, Any]], message_type: str, key: str) -> list[dict[str, Any]]:
    return [message[key] for message in messages if message["type"] == message_type]


def types(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]


def test_say_and_the_end_of_a_script() -> None:
    messages, close, house = performed('[[step]]\nsay = "Hello there"')

    parts = payloads(messages, "agent_chat_response_part", "text_response_part")
    assert types(messages)[0] == "conversation_initiation_metadata"
    assert [part["type"] for part in parts] == ["start", "delta", "delta", "stop"]
    assert types(messages)[-1] == "agent_response"
    assert close == END
    assert house.texts(AgentEventKind.SCRIPT_DONE) == ["every step was done"]
    assert house.texts(AgentEventKind.CLOSED) == ["closed with 1000 end of script"]


@pytest.mark.parametrize(("aloud", "heard"), [("true", True), ("false", False)])
def test_say_in_voice_with_and_without_its_tone(aloud: str, heard: bool) -> None:
    messages, _, _ = performed(f'[[step]]\nsay = "Hello"\naloud = {aloud}', opening={})

    assert ("audio" in types(messages)) == heard


def test_call_and_expect_result() -> None:
    async def play(guest: Guest) -> None:
        call = await guest.call()
        assert call["tool_call_id"] == "tc_1"
        assert call["parameters"] == {"city": "Oslo"}
        assert call["expects_response"] is True
        await guest.answer("tc_1", "3 degrees")

    messages, close, _ = performed(
        """
        [[step]]
        call = "get_weather"
        arguments = { city = "Oslo" }
        id = "tc_1"
        [[step]]
        expect_result = "tc_1"
        text = "3 degrees"
        matches = "deg"
        is_error = false
        [[step]]
        say = "It says: {result}"
        """,
        play,
    )
    assert messages[-1]["agent_response_event"]["agent_response"] == "It says: 3 degrees"
    assert close == END


def test_requests_and_responses_of_a_call() -> None:
    async def play(guest: Guest) -> None:
        assert (await guest.until("agent_tool_request"))["agent_tool_request"]["tool_name"] == "t"
        call = await guest.call()
        await guest.answer(call["tool_call_id"], "x", is_error=True)

    script = '[[step]]\ncall = "t"\n[[step]]\nexpect_result = true\nis_error = true'
    messages, close, _ = performed(script, play, client_events=EVERYTHING)
    [response] = payloads(messages, "agent_tool_response", "agent_tool_response")
    assert response["is_error"] is True
    assert close == END


@pytest.mark.parametrize(("written", "sent"), [('"absent"', None), ("true", True), ("false", False)])
def test_expects_response_is_sent_as_it_is_written(written: str, sent: bool | None) -> None:
    messages, _, _ = performed(f'[[step]]\ncall = "t"\nexpects_response = {written}')

    [call] = payloads(messages, "client_tool_call", "client_tool_call")
    assert call.get("expects_response") is sent


def test_a_duplicate_call_is_the_same_call_twice() -> None:
    messages, _, _ = performed('[[step]]\ncall = "t"\nduplicate = true')

    first, second = payloads(messages, "client_tool_call", "client_tool_call")
    assert first == second


def test_parallel_calls_are_answered_in_any_order() -> None:
    async def play(guest: Guest) -> None:
        await guest.call()
        await guest.call()
        await guest.answer("b", "2")
        await guest.answer("a", "1")

    script = '[[step]]\ncall = "t"\nid = "a"\n[[step]]\ncall = "t"\nid = "b"\n'
    expects = '[[step]]\nexpect_result = "a"\ntext = "1"\n[[step]]\nexpect_result = "b"\ntext = "2"'
    assert performed(script + expects, play)[1] == END


def test_a_late_result_is_only_warned_of() -> None:
    async def play(guest: Guest) -> None:
        await guest.until("agent_tool_response")
        await guest.answer("tc_1", "late")

    script = '[[step]]\ncall = "t"\nid = "tc_1"\ntimeout = 0.01\n[[step]]\nexpect_result = "tc_1"'
    _, close, house = performed(script, play, client_events=EVERYTHING)
    assert close == END
    assert house.remarks() == [RemarkKind.LATE_RESULT]


def test_expect_looks_at_fields_and_patterns() -> None:
    async def play(guest: Guest) -> None:
        await guest.send({"type": "user_activity"})
        await guest.send({"type": "feedback", "event_id": 7, "score": "like"})
        await guest.say("Hello there")

    messages, close, _ = performed(
        """
        [[step]]
        expect = "conversation_initiation_client_data"
        fields = { "conversation_config_override.conversation.text_only" = true }
        [[step]]
        expect = "user_message"
        fields = { text = "Hello there" }
        matches = { text = "^Hello" }
        [[step]]
        expect = "feedback"
        fields = { event_id = 7, score = "like" }
        [[step]]
        say = "{heard}!"
        """,
        play,
    )
    assert messages[-1]["agent_response_event"]["agent_response"] == "Hello there!"
    assert close == END


UNMET = [
    (
        '[[step]]\nexpect = "user_message"\nwithin = 0.01',
        "step 1 (expect): expected a user_message within 0.01 s",
    ),
    (
        '[[step]]\nsay = "Hi"\n[[step]]\nexpect = "feedback"\nfields = { score = "like" }',
        'step 2 (expect): expected a feedback with score = "like"',
    ),
    (
        '[[step]]\nexpect = "multimodal_message"\nmatches = { "text.text" = "H.*o" }',
        "step 1 (expect): expected a multimodal_message with text.text matching 'H.*o'",
    ),
    (
        '[[step]]\nexpect = "feedback"\nmatches = { no_such_field = "x" }',
        "step 1 (expect): expected a feedback with no_such_field matching 'x'",
    ),
    (
        '[[step]]\nexpect_result = "tc_1"\nwithin = 0.01',
        "step 1 (expect_result): expected the result of tc_1 within 0.01 s",
    ),
    (
        '[[step]]\nexpect_result = true\ntext = "x"',
        "step 1 (expect_result): expected a result with the text 'x'",
    ),
    (
        '[[step]]\nexpect_result = true\nmatches = "^$"',
        "step 1 (expect_result): expected a result matching '^$'",
    ),
    (
        "[[step]]\nexpect_result = true\nis_error = true",
        "step 1 (expect_result): expected a result with is_error = true",
    ),
]


@pytest.mark.parametrize(("script", "reason"), UNMET)
def test_an_unmet_expectation_closes_and_says_what_was_expected(script: str, reason: str) -> None:
    async def play(guest: Guest) -> None:
        await guest.send({"type": "feedback", "event_id": 1, "score": "dislike"})
        text = {"type": "user_message", "text": "Bye"}
        await guest.send({"type": "multimodal_message", "text": text})
        await guest.answer("tc_0", "y")

    _, close, house = performed(script, play)
    assert close == (1008, reason)
    assert house.texts(AgentEventKind.SCRIPT_FAILED) == [reason]
    assert house.texts(AgentEventKind.SCRIPT_DONE) == []


def test_a_client_that_leaves_too_early_fails_the_script() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        await guest.hear()
        await guest.leave()
        reported = await house.event(AgentEventKind.SCRIPT_FAILED)
        assert reported == "step 2 (expect): the client left"

    in_house(scenario, script='[[step]]\nsay = "Hi"\n[[step]]\nexpect = "user_message"')


@pytest.mark.parametrize(("written", "event_id"), [("true", 2), ("1", 1)])
def test_interrupt_voids_audio(written: str, event_id: int) -> None:
    script = f'[[step]]\naudio = 0.1\n[[step]]\nsay = "Hi"\naloud = false\n[[step]]\ninterrupt = {written}'
    messages, _, _ = performed(script, opening={})

    [interruption] = payloads(messages, "interruption", "interruption_event")
    assert interruption["event_id"] == event_id


def test_correct() -> None:
    script = '[[step]]\nsay = "Let me tell you"\n[[step]]\ncorrect = "Let me"'
    messages, _, _ = performed(script + '\n[[step]]\ncorrect = "a"\noriginal = "a b"\nevent_id = 7')

    first, second = payloads(messages, "agent_response_correction", "agent_response_correction_event")
    assert first["original_agent_response"] == "Let me tell you"
    assert first["corrected_agent_response"] == "Let me"
    assert second == {"original_agent_response": "a b", "corrected_agent_response": "a", "event_id": 7}


def test_audio_comes_in_chunks_and_may_be_stale() -> None:
    script = "[[step]]\naudio = 0.6\n[[step]]\ninterrupt = true\n[[step]]\naudio = 0.1\nevent_id = 1"
    messages, _, _ = performed(script, opening={})

    chunks = payloads(messages, "audio", "audio_event")
    assert [chunk["event_id"] for chunk in chunks] == [1, 1, 1, 1]
    assert [chunk["is_final"] for chunk in chunks] == [False, False, True, True]
    assert types(messages)[-2:] == ["interruption", "audio"]


def test_chunks_may_be_longer_than_a_mebibyte() -> None:
    sizes: list[int] = []

    async def scenario(house: House) -> None:
        guest = await house.connect(max_size=None)
        await guest.open()
        for _ in range(2):
            chunk = await guest.until("audio")
            sizes.append(len(base64.b64decode(chunk["audio_event"]["audio_base_64"])))
        assert await guest.closed() == END

    in_house(scenario, script="[[step]]\naudio = 50\nchunk = 40")
    assert sizes == [40 * 32_000, 10 * 32_000]


def test_no_audio_at_all_is_a_final_empty_chunk() -> None:
    messages, _, _ = performed("[[step]]\naudio = 0", opening={})

    [chunk] = payloads(messages, "audio", "audio_event")
    assert chunk == {"audio_base_64": "", "event_id": 1, "is_final": True}


def test_ping_carries_what_is_written() -> None:
    messages, _, _ = performed("[[step]]\nping = true\n[[step]]\nping = true\nping_ms = 48")

    first, second = payloads(messages, "ping", "ping_event")
    assert (first["ping_ms"], second["ping_ms"]) == (None, 48)


def test_send_and_send_raw_send_anything() -> None:
    async def play(guest: Guest) -> None:
        await guest.until("conversation_initiation_metadata")
        assert await guest.receive() == {"type": "from_the_future", "x": [1, 2]}
        assert await guest.raw() == "no json"

    script = '[[step]]\nsend = { type = "from_the_future", x = [1, 2] }\n[[step]]\nsend_raw = "no json"'
    assert performed(script, play)[1] == END


def test_stall_sends_nothing_and_still_reads() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        await guest.send({"type": "user_activity", "since": 5})
        assert "since" in await house.event(AgentEventKind.REMARK)
        await guest.leave()

    house = in_house(scenario, script="[[step]]\nstall = 60")
    assert house.texts(AgentEventKind.SCRIPT_FAILED) == ["step 1 (stall): the client left"]


def test_a_stall_may_stop_reading() -> None:
    """Half a megabyte does not get through while nobody reads, and does afterwards."""

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        await guest.hear()
        chunks = 200
        for _ in range(chunks):
            await guest.send({"user_audio_chunk": "AAAA" * 25_000})
        await guest.say("done")
        assert await guest.hear() == "read everything"
        assert await guest.closed() == END

    in_house(
        scenario,
        script="""
            [[step]]
            say = "wait"
            [[step]]
            stall = 0.1
            reads = false
            [[step]]
            expect = "user_message"
            [[step]]
            say = "read everything"
        """,
    )


def test_drop_leaves_without_a_word() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.send({"type": "conversation_initiation_client_data"})
        messages = await guest.rest()
        assert types(messages)[:2] == ["conversation_initiation_metadata", "agent_response"]
        assert guest.connection.close_code == 1006
        assert await house.event(AgentEventKind.CLOSED) == "dropped by the script"

    house = in_house(scenario, script='[[step]]\nsay = "Hi"\n[[step]]\ndrop = true')
    assert house.texts(AgentEventKind.SCRIPT_FAILED) == []


@pytest.mark.parametrize("code", [1000, 1002, 1008, 1011, 3000, 4300])
def test_close_with_any_code(code: int) -> None:
    _, close, house = performed(f'[[step]]\nclose = {code}\nreason = "because"')

    assert close == (code, "because")
    assert house.texts(AgentEventKind.SCRIPT_DONE) == ["every step was done"]


def test_a_close_before_the_metadata() -> None:
    messages, close, _ = performed('metadata = false\n[[step]]\nclose = 3000\nreason = "Request error"')

    assert messages == []
    assert close == (3000, "Request error")


def test_metadata_may_come_late() -> None:
    messages, _, _ = performed('metadata = "late"\n[[step]]\nping = true\n[[step]]\nsay = "Hi"')

    assert types(messages)[:2] == ["ping", "conversation_initiation_metadata"]


def test_the_queue_is_told_before_the_metadata() -> None:
    messages, _, _ = performed('queue_status = ["waiting", "admitted"]\n[[step]]\nsay = "Hi"')

    assert types(messages)[:3] == ["queue_status", "queue_status", "conversation_initiation_metadata"]


def test_talk_hands_over_to_the_talker() -> None:
    """What was written before is not lost."""

    async def play(guest: Guest) -> None:
        await guest.say("first")
        await guest.say("/help")
        assert await guest.hear() == "Got first."
        greeting, help_text = await guest.hear(), await guest.hear()
        assert greeting != help_text
        await guest.say("bye")

    script = '[[step]]\nexpect = "user_message"\n[[step]]\nsay = "Got {heard}."\n[[step]]\ntalk = true'
    _, close, house = performed(script, play)
    assert close == (1000, "")
    assert house.texts(AgentEventKind.SCRIPT_DONE) == ["every step was done"]


def test_a_script_without_steps_lets_the_talker_speak_with_its_tools() -> None:
    async def play(guest: Guest) -> None:
        await guest.hear()
        await guest.say("/call beep {}")
        call = await guest.call()
        await guest.answer(call["tool_call_id"], "b33p", is_error=True)
        assert "b33p" in await guest.hear()
        await guest.say("bye")

    script = 'tool_error_handling_mode = "passthrough"\n[[tool]]\nname = "beep"'
    assert performed(script, play)[1] == (1000, "")


def test_a_fixed_conversation_id_and_strictness() -> None:
    async def play(guest: Guest) -> None:
        await guest.send({"type": "user_activity", "extra": 1})

    script = 'strict = true\nconversation_id = "conv_fixed"\n[[step]]\nexpect = "user_message"'
    messages, close, house = performed(script, play)
    [metadata] = payloads(
        messages, "conversation_initiation_metadata", "conversation_initiation_metadata_event"
    )
    assert metadata["conversation_id"] == "conv_fixed"
    assert close == (1008, "Invalid message received")
    assert {event.conversation_id for event in house.events} == {"conv_fixed"}


def test_the_idle_timeout_of_a_script() -> None:
    _, close, _ = performed("idle_timeout = 0.02")

    assert close == (1002, "no user input for 0.02 s")


def test_user_input_puts_the_idle_timeout_off() -> None:
    async def play(guest: Guest) -> None:
        await guest.hear()
        loop = asyncio.get_running_loop()
        until = loop.time() + 0.6
        while loop.time() < until:
            await guest.say("/help")
            await guest.hear()

    started = performed("idle_timeout = 0.4", play)
    assert started[1] == (1002, "no user input for 0.4 s")


def test_the_pong_timeout_of_a_script() -> None:
    _, close, _ = performed("ping_interval = 0.01\npong_timeout = 0.02")

    assert close == (1002, "no pong within 0.02 s")


def test_each_connection_runs_the_script_from_its_start() -> None:
    async def scenario(house: House) -> None:
        for _ in range(2):
            guest = await house.connect()
            await guest.open()
            assert await guest.hear() == "Hi"
            assert await guest.closed() == END

    in_house(scenario, script='[[step]]\nsay = "Hi"')


def test_the_set_up_of_an_on_prem_client_can_be_expected() -> None:
    """It comes before the client introduces itself, and the script begins after that (protocol 1.7)."""
    script = (
        '[[step]]\nexpect = "enclave_setup_config"\nfields = { bedrock_inference_profile = "global" }\n'
        '[[step]]\nexpect = "conversation_initiation_client_data"\n'
    )

    async def scenario(house: House) -> None:
        guest = await house.connect(path="/sagemaker/convai/conversation")
        setup = {"type": "enclave_setup_config", "bedrock_inference_profile": "global"}
        await guest.send(setup)
        await guest.open(**TEXT_ONLY)
        assert await guest.closed() == END

    house = in_house(scenario, script=script)
    assert house.texts(AgentEventKind.SCRIPT_FAILED) == []
