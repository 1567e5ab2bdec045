"""The mouth on a clock that a test sets: how fast it sends, what an interruption leaves, and when it falls silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentframework.formats import AudioFormat
from agentframework.localagent.mouth import Mouth
from agentframework.localagent.speech import Speech, spread
from agentframework.protocol.agent import DEFAULT_CLIENT_EVENTS, AgentProtocol

EVENTS = DEFAULT_CLIENT_EVENTS | {"agent_response_complete"}
FORMAT = AudioFormat()


class SlowVoice:
    """Needs to be let to speak; each word then lasts half a second."""

    def __init__(self) -> None:
        self.may_speak = asyncio.Event()
        self.asked: list[str] = []
        self.given_up = 0

    async def speak(self, text: str, audio_format: AudioFormat) -> Speech:
        self.asked.append(text)
        try:
            await self.may_speak.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        seconds = len(text.split()) / 2
        return Speech(text, bytes(audio_format.size_bytes(seconds)), audio_format, spread(text, 0.0, seconds))


class Room:
    """A mouth, its protocol, and what it has sent."""

    def __init__(self, *, is_quick: bool = True) -> None:
        self.started = asyncio.get_running_loop().time()
        self.protocol = AgentProtocol("conv_1", client_events=EVENTS)
        self.protocol.start()
        self.voice = SlowVoice()
        if is_quick:
            self.voice.may_speak.set()
        self.mouth = Mouth(self.protocol, asyncio.get_running_loop().time, voice=self.voice, wake=self.wake)
        self.frames: list[tuple[float, dict[str, Any]]] = []
        self.sent()

    def wake(self) -> None:
        now = asyncio.get_running_loop().time() - self.started
        while (frame := self.protocol.next_frame()) is not None:
            self.frames.append((now, json.loads(frame)))

    def sent(self) -> list[dict[str, Any]]:
        """What was sent since."""
        self.wake()
        frames, self.frames = self.frames, []
        return [frame for _, frame in frames]

    def types(self) -> list[str]:
        return [frame["type"] for frame in self.sent()]


def in_room(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_the_text_waits_for_no_voice() -> None:
    async def scenario() -> None:
        room = Room(is_quick=False)
        room.mouth.say("Hello there", ends_turn=True)
        assert room.types() == ["agent_response"]
        assert room.mouth.is_speaking
        await asyncio.sleep(0)
        assert room.types() == []
        room.voice.may_speak.set()
        await room.mouth.all_sent()
        assert room.types() == ["audio"] * 4 + ["agent_response_complete"]

    in_room(scenario)


def test_audio_has_the_id_of_its_text_and_the_last_chunk_says_so() -> None:
    async def scenario() -> None:
        room = Room()
        room.mouth.say("One two")
        room.mouth.say("Three", ends_turn=True)
        await room.mouth.all_sent()
        frames = room.sent()
        ids = {
            frame["agent_response_event"]["agent_response"]: frame["agent_response_event"]["event_id"]
            for frame in frames
            if frame["type"] == "agent_response"
        }
        events = [frame["audio_event"] for frame in frames if frame["type"] == "audio"]
        assert [event["event_id"] for event in events] == [ids["One two"]] * 4 + [ids["Three"]] * 2
        assert [event["is_final"] for event in events] == [False, False, False, True, False, True]
        assert frames[-1]["agent_response_complete_event"]["event_id"] == ids["Three"]

    in_room(scenario)


def test_it_is_ahead_of_what_sounds_but_not_by_all() -> None:
    """A second at once, and the rest at four times the pace of speech, so that it can be stopped."""

    async def scenario() -> None:
        room = Room()
        room.mouth.say("word " * 60)
        await asyncio.sleep(0.5)
        sent = room.types().count("audio")
        passed = asyncio.get_running_loop().time() - room.started
        assert 5 <= sent <= 5 + 16 * passed
        assert room.mouth.is_speaking
        room.mouth.forget()

    in_room(scenario)


def test_an_interruption_stops_what_is_not_yet_sent_and_tells_what_was_spoken() -> None:
    async def scenario() -> None:
        room = Room()
        text = " ".join(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"] * 3)
        room.mouth.say(text, ends_turn=True)
        await asyncio.sleep(0.8)
        sounded = asyncio.get_running_loop().time() - room.started
        assert room.mouth.interrupt()
        frames = room.sent()
        event_id = frames[0]["agent_response_event"]["event_id"]
        assert [frame["type"] for frame in frames[-3:]] == [
            "interruption",
            "agent_response_correction",
            "agent_response_complete",
        ]
        assert frames[-3]["interruption_event"]["event_id"] == event_id
        correction = frames[-2]["agent_response_correction_event"]
        assert correction["original_agent_response"] == text
        spoken = correction["corrected_agent_response"].split()
        assert spoken == ["one", "two", "three", "four", "five", "six", "seven", "eight"][: len(spoken)]
        assert 1 <= len(spoken) <= 2 * sounded + 1
        assert not room.mouth.is_speaking
        await asyncio.sleep(0.5)
        assert room.sent() == []
        assert not room.mouth.interrupt()

    in_room(scenario)


def test_an_interruption_ends_the_program_that_still_works_on_the_sentence() -> None:
    async def scenario() -> None:
        room = Room(is_quick=False)
        room.mouth.say("Hello")
        room.mouth.say("there")
        await asyncio.sleep(0)
        assert room.mouth.interrupt()
        await asyncio.sleep(0)
        corrections = [
            frame["agent_response_correction_event"]
            for frame in room.sent()
            if frame["type"] == "agent_response_correction"
        ]
        assert [
            (each["original_agent_response"], each["corrected_agent_response"]) for each in corrections
        ] == [("Hello", ""), ("there", "")]
        assert room.voice.given_up == 1
        assert room.voice.asked == ["Hello"]
        await asyncio.wait_for(room.mouth.all_sent(), 1)

    in_room(scenario)


def test_after_an_interruption_it_speaks_again() -> None:
    async def scenario() -> None:
        room = Room(is_quick=False)
        room.mouth.say("Hello")
        await asyncio.sleep(0)
        room.mouth.interrupt()
        void = next(
            frame["interruption_event"]["event_id"]
            for frame in room.sent()
            if frame["type"] == "interruption"
        )
        room.voice.may_speak.set()
        room.mouth.say("Yes")
        await room.mouth.all_sent()
        ids = [frame["audio_event"]["event_id"] for frame in room.sent() if frame["type"] == "audio"]
        assert ids
        assert min(ids) > void

    in_room(scenario)


def test_what_was_interrupted_by_other_means_is_over() -> None:
    async def scenario() -> None:
        room = Room()
        room.mouth.say("one two three four five six seven eight nine ten")
        await asyncio.sleep(0)
        room.mouth.forget()
        room.sent()
        assert not room.mouth.is_speaking
        assert not room.mouth.interrupt()
        await asyncio.sleep(0.3)
        assert room.sent() == []

    in_room(scenario)


def test_what_was_written_over_is_not_corrected() -> None:
    async def scenario() -> None:
        room = Room()
        room.mouth.say("one two three four")
        await asyncio.sleep(0.1)
        room.mouth.interrupt(corrects=False)
        types = room.types()
        assert "interruption" in types
        assert "agent_response_correction" not in types

    in_room(scenario)


@pytest.mark.parametrize("interrupts", [False, True])
def test_what_waits_for_silence_is_called_when_all_has_sounded_or_was_interrupted(interrupts: bool) -> None:
    async def scenario() -> None:
        room = Room()
        begun = asyncio.get_running_loop().time()
        silent = asyncio.Event()
        room.mouth.say("Goodbye for now")
        room.mouth.at_silence(silent.set)
        await room.mouth.all_sent()
        assert not silent.is_set()
        if interrupts:
            room.mouth.interrupt()
            assert silent.is_set()
        else:
            await silent.wait()
            assert asyncio.get_running_loop().time() - begun >= 1.5
        assert not room.mouth.is_speaking

    in_room(scenario)


def test_a_tone_waits_for_nothing() -> None:
    protocol = AgentProtocol("conv_1")
    called: list[str] = []
    mouth = Mouth(protocol, lambda: 0.0)
    mouth.say("Goodbye")
    mouth.at_silence(lambda: called.append("closed"))

    assert called == ["closed"]
