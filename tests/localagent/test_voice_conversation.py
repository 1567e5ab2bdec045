"""Voice conversations over a real socket: the agent speaks by espeak-ng, hears, is interrupted, and calls tools."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from agent_guest import TEXT_ONLY, Guest, House, in_house
from agentframework.audio import conversion
from agentframework.audio.g711 import decode_ulaw
from agentframework.audio.level import rms
from agentframework.errors import AudioError
from agentframework.formats import AudioFormat
from agentframework.localagent import voice
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.events import AgentEventKind
from agentframework.localagent.hosted import HostedAgent
from agentframework.protocol.agent import DEFAULT_CLIENT_EVENTS
from spoken_words import recognised, spoken, transcribing

pytestmark = pytest.mark.needs_system("espeak-ng")

TIME = ToolDeclaration("get_time", "Tell what time it is.", {"type": "object", "properties": {}})
QUESTION = "What time is it"
STOP = "Stop please"
SECOND = bytes(32_000)
BLOCK = 640
STORY = "Once upon a time there was an agent that told long stories. " * 6


async def speak(guest: Guest, pcm: bytes, *, at_once: bool = True) -> None:
    """Send microphone audio in blocks of 20 ms, as fast as it goes or in real time."""
    for start in range(0, len(pcm), BLOCK):
        chunk = base64.b64encode(pcm[start : start + BLOCK]).decode()
        try:
            await guest.send({"user_audio_chunk": chunk})
        except ConnectionClosed:
            return
        if not at_once:
            await asyncio.sleep(0.02)


async def spoken_answer(guest: Guest) -> tuple[str, bytes, list[dict[str, Any]]]:
    """The agent's next answer: its text, all of its audio, and its audio events."""
    response = (await guest.until("agent_response"))["agent_response_event"]
    events: list[dict[str, Any]] = []
    while not events or not events[-1]["is_final"]:
        events.append((await guest.until("audio"))["audio_event"])
    assert {event["event_id"] for event in events} == {response["event_id"]}
    audio = b"".join(base64.b64decode(event["audio_base_64"]) for event in events)
    return response["agent_response"], audio, events


def test_an_answer_is_spoken_in_words_that_can_be_understood() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        text, audio, events = await spoken_answer(guest)
        assert text == "Roll two dice"
        assert recognised(SECOND + audio + SECOND, QUESTION, STOP, text) == text.lower()
        assert all(len(base64.b64decode(event["audio_base_64"])) <= 8000 for event in events)
        assert [event["is_final"] for event in events] == [False] * (len(events) - 1) + [True]
        assert "".join("".join(event["alignment"]["chars"]) for event in events) == text
        await guest.rest()

    in_house(scenario, voice="auto", script='[[step]]\nsay = "Roll two dice"')


@pytest.mark.parametrize("name", ["pcm_8000", "pcm_48000", "ulaw_8000"])
def test_it_is_spoken_in_the_format_of_the_agent(name: str) -> None:
    audio_format = AudioFormat.parse(name)

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        _, audio, _ = await spoken_answer(guest)
        assert 0.7 < audio_format.duration(len(audio)) < 2.5
        pcm = decode_ulaw(audio) if audio_format.codec == "ulaw" else audio
        assert 0.02 < rms(pcm) < 0.4
        await guest.rest()

    in_house(scenario, voice="auto", output_format=audio_format, script='[[step]]\nsay = "Roll two dice"')


def test_without_a_library_that_changes_rates_espeak_is_heard_at_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The metadata says so, and where the rate is given all the same it is a tone, and what to install."""

    def lacking(*_: object) -> None:
        raise AudioError("pip install 'agentframework[audio]'")

    monkeypatch.setattr(voice, "resampling_is_available", lambda: False)
    monkeypatch.setattr(conversion, "Resampler", lacking)

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.send({"type": "conversation_initiation_client_data"})
        formats.append((await guest.receive())["conversation_initiation_metadata_event"])
        _, audio, _ = await spoken_answer(guest)
        assert rms(audio) > 0.01
        await guest.rest()

    formats: list[dict[str, Any]] = []
    own = in_house(scenario, voice="auto", script='[[step]]\nsay = "Roll two dice"')
    given = in_house(
        scenario, voice="auto", script='[[step]]\nsay = "Roll two dice"', output_format=AudioFormat()
    )
    assert [each["agent_output_audio_format"] for each in formats] == ["pcm_22050", "pcm_16000"]
    assert own.texts(AgentEventKind.SOUND) == []
    [problem] = given.texts(AgentEventKind.SOUND)
    assert problem.endswith("pip install 'agentframework[audio]'")


def test_who_speaks_interrupts_the_agent_and_learns_how_far_it_came() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        response = (await guest.until("agent_response"))["agent_response_event"]
        await guest.until("audio")
        await asyncio.sleep(1.0)  # so long it is listened to
        speaking = asyncio.create_task(speak(guest, spoken(STOP) + SECOND, at_once=False))
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["type"] != "agent_response_correction":
            frames.append(await guest.receive())
        assert [frame["type"] for frame in frames[-2:]] == ["interruption", "agent_response_correction"]
        assert frames[-2]["interruption_event"]["event_id"] == response["event_id"]
        correction = frames[-1]["agent_response_correction_event"]
        assert correction["event_id"] == response["event_id"]
        assert correction["original_agent_response"] == response["agent_response"]
        heard = correction["corrected_agent_response"]
        assert heard.startswith("Once upon")
        assert 2 <= len(heard.split()) <= 20
        assert response["agent_response"].startswith(heard)
        assert not any(frame["type"] == "audio" and frame["audio_event"]["is_final"] for frame in frames)
        await speaking
        # nothing of the old answer comes after it
        late = await guest.rest()
        assert all(frame["type"] != "audio" for frame in late)

    script = f'barge_in = true\n[[step]]\nsay = "{STORY}"\n[[step]]\nhear = "end"\nseconds = 0.2'
    house = in_house(scenario, voice="auto", script=script, keep_heard=10.0)
    assert house.texts(AgentEventKind.SCRIPT_DONE)
    [heard] = house.agent.heard.values()
    assert (spoken(STOP) + SECOND).startswith(heard.pcm)
    assert recognised(heard.pcm, QUESTION, STOP) == STOP.lower()


def test_who_wants_no_interruptions_has_none() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        await guest.until("audio")
        await speak(guest, SECOND + spoken(STOP) + SECOND)
        frames = await guest.rest()
        assert {"interruption", "agent_response_correction"}.isdisjoint(frame["type"] for frame in frames)
        assert frames[-1]["type"] == "audio"
        assert frames[-1]["audio_event"]["is_final"]

    in_house(
        scenario,
        voice="auto",
        script='[[step]]\nsay = "It is a fine day, and I have a lot to say about it."\n[[step]]\nhear = "end"',
        barge_in=False,
    )


def test_a_spoken_question_is_understood_answered_by_a_tool_and_spoken() -> None:
    """Speech in, a transcript, a tool call, and speech out: nothing of it is typed."""

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open(conversation_config_override={"agent": {"first_message": ""}})
        await speak(guest, SECOND + spoken(QUESTION) + SECOND)
        transcript = (await guest.until("user_transcript"))["user_transcription_event"]
        assert transcript["user_transcript"] == QUESTION.lower()
        call = await guest.call()
        assert call["tool_name"] == "get_time"
        await guest.answer(call["tool_call_id"], "It is ten past four.")
        text, audio, _ = await spoken_answer(guest)
        assert text == "It is ten past four."
        said = recognised(SECOND + audio + SECOND, QUESTION, STOP, text, "it is noon")
        assert said == "it is ten past four"
        await guest.leave()

    in_house(scenario, voice="auto", transcribe=transcribing(QUESTION, STOP), tools=[TIME])


def test_a_goodbye_is_heard_to_its_end() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open(conversation_config_override={"agent": {"first_message": ""}})
        loop = asyncio.get_running_loop()
        await guest.say("bye")
        begun = loop.time()
        text, audio, _ = await spoken_answer(guest)
        assert text == "Goodbye."
        await guest.say("is anybody there")  # too late
        assert await guest.closed() == (1000, "")
        assert loop.time() - begun >= AudioFormat().duration(len(audio))

    in_house(scenario, voice="auto")


def test_speech_that_nobody_understands_is_answered_with_a_request_to_type() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open(conversation_config_override={"agent": {"first_message": ""}})
        await speak(
            guest, SECOND + spoken("I would like to know what the weather is like in London") + SECOND
        )
        assert re.match(
            r"I heard you speak for [23] seconds, but I cannot make out words", await guest.hear()
        )
        await guest.leave()

    in_house(scenario, voice="auto")


def test_a_conversation_in_writing_starts_no_program(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = [sys.executable, "-c", f"open({str(trace)!r}, 'w').write('x')"]

    async def scenario(house: House) -> None:
        guest = await house.talk()
        await speak(guest, SECOND + spoken(QUESTION) + SECOND)
        await guest.say("/help")
        assert "/help" in await guest.hear()
        await guest.leave()

    house = in_house(scenario, voice=program, transcribe=program)
    assert not trace.exists()
    assert house.texts(AgentEventKind.SOUND) == []


def test_voice_none_answers_in_writing_and_still_hears() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open(conversation_config_override={"agent": {"first_message": ""}})
        await speak(guest, SECOND + spoken(QUESTION) + SECOND)
        call = await guest.call()
        await guest.answer(call["tool_call_id"], "noon")
        await guest.until("agent_response")
        await guest.say("bye")
        frames = await guest.rest()
        assert "audio" not in [frame["type"] for frame in frames]

    in_house(scenario, voice="none", transcribe=transcribing(QUESTION), tools=[TIME])


def test_a_voice_that_fails_is_a_tone_and_one_line() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        for _ in range(2):
            _, audio, _ = await spoken_answer(guest)
            assert rms(audio) > 0.03
            await guest.say("/help")
        await guest.leave()

    house = in_house(scenario, voice=["no-such-program", "{text}"])
    [problem] = house.texts(AgentEventKind.SOUND)
    assert "a tone instead: no-such-program cannot be started" in problem


def test_tools_and_texts_do_not_wait_for_a_voice_that_hangs() -> None:
    """And a conversation that ends meanwhile takes the program along: nothing of it may be left."""

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        await guest.hear()
        await guest.say("/call get_time")
        call = await guest.call()
        await guest.answer(call["tool_call_id"], "noon")
        assert "noon" in await guest.hear()
        await guest.leave()

    in_house(scenario, voice=[sys.executable, "-c", "import time; time.sleep(600)"], tools=[TIME])


def test_scripts_hear_beginnings_ends_and_words() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        await speak(guest, SECOND + spoken(QUESTION) + SECOND)
        assert await guest.hear() == "yes?"
        transcript = (await guest.until("user_transcript"))["user_transcription_event"]
        assert transcript["user_transcript"] == f"({QUESTION.lower()})"
        assert await guest.hear() == f"You said: {QUESTION.lower()}"
        assert await guest.closed() == (1000, "end of script")

    script = """
        [[step]]
        hear = "begin"
        [[step]]
        say = "yes?"
        [[step]]
        hear = "end"
        seconds = 0.3
        matches = "time"
        [[step]]
        transcript = "({heard})"
        [[step]]
        say = "You said: {heard}"
        """
    in_house(scenario, script=script, transcribe=transcribing(QUESTION), barge_in=False)


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ('hear = "begin"\nwithin = 0.2', "expected the user to begin to speak within 0.2 s"),
        (
            'hear = "end"\nseconds = 30\nwithin = 1',
            "expected the user to speak for 30 s at least within 1 s",
        ),
        (
            'hear = "end"\nmatches = "time"',
            "expected the user to say something matching 'time'; no command that transcribes was given",
        ),
    ],
)
def test_a_script_says_what_it_did_not_hear(step: str, problem: str) -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        if "begin" not in step:
            await speak(guest, SECOND + spoken(QUESTION) + SECOND)
        code, reason = await guest.closed()
        assert code == 1008
        assert problem.startswith(reason.removeprefix("step 1 (hear): "))

    house = in_house(scenario, script=f"[[step]]\n{step}")
    assert house.texts(AgentEventKind.SCRIPT_FAILED) == [f"step 1 (hear): {problem}"]


def test_who_asks_for_them_gets_scores_of_the_voice() -> None:
    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open()
        await speak(guest, SECOND + spoken(QUESTION) + SECOND)
        scores: list[float] = []
        while len(scores) < 25:
            scores.append((await guest.until("vad_score"))["vad_score_event"]["vad_score"])
        assert max(scores[:9]) < 0.2 < 0.9 < max(scores)
        assert any(after < before for before, after in pairwise(scores))
        await guest.leave()

    in_house(scenario, client_events=DEFAULT_CLIENT_EVENTS | {"vad_score"})


def test_the_agent_of_a_runtime_speaks_on_its_own_thread() -> None:
    """Whatever loop that has: programs are started and reaped on it."""
    agent = HostedAgent([], script=None, error_handling="auto", voice="auto")
    agent.start()
    try:
        with connect(f"{agent.url}/v1/convai/conversation?agent_id=any", close_timeout=1) as client:
            client.send(json.dumps({"type": "conversation_initiation_client_data"}))
            audio = b""
            while True:
                message = json.loads(client.recv(10))
                if message["type"] == "audio":
                    audio += base64.b64decode(message["audio_event"]["audio_base_64"])
                    if message["audio_event"]["is_final"]:
                        break
    finally:
        agent.join(5)
    assert recognised(SECOND + audio[:32_000], "hello i am the local agent") in {
        "",
        "hello i am the local agent",
    }
    assert 1.0 < AudioFormat().duration(len(audio)) < 60.0


@pytest.mark.parametrize("opening", [TEXT_ONLY, {}], ids=["written", "spoken"])
def test_the_lack_of_a_voice_is_said_where_one_would_be_heard(
    opening: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    async def scenario(house: House) -> None:
        guest = await house.connect()
        await guest.open(**opening)
        await guest.hear()
        await guest.leave()

    house = in_house(scenario, voice="auto")
    said = house.texts(AgentEventKind.SOUND)
    missing = "it speaks in tones: espeak-ng is not installed (on Debian: apt install espeak-ng)"
    assert said == ([] if opening else [missing])
