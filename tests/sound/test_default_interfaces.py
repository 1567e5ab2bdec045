"""Programs for the SDK with our default audio interfaces, in the SDK's conversations and in ours: they go silent."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from agent_guest import House, in_house
from agentframework.compat.elevenlabs import AsyncConversation, Conversation, ElevenLabs
from agentframework.localagent.events import AgentEventKind
from agentframework_pyaudio import AsyncDefaultAudioInterface, DefaultAudioInterface
from foreign_client import CLIENTS, ForeignClient
from sound_recording import looked_at_again
from sound_server import SoundServer

pytestmark = pytest.mark.sound
ROOT = CLIENTS.parents[1]
PLAYS = 0.8
SILENT_WITHIN = 0.4  # with the conversation's beginning and a machine that others share
SCRIPT = f"""
[[step]]
audio = 3.0
chunk = 3.0
event_id = 1

[[step]]
stall = {PLAYS}

[[step]]
interrupt = 1

[[step]]
stall = 0.2

[[step]]
expect = "user_audio_chunk"
"""

Talk = Callable[[House], Awaitable[None]]


@pytest.fixture
def sdk(
    clients_python: Path, sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForeignClient]:
    """The SDK's program, which finds our packages beside those of its own environment."""
    ours = (ROOT / "framework", ROOT / "plugins" / "agentframework-pyaudio" / "src")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, ours)))
    with ForeignClient([clients_python, CLIENTS / "elevenlabs_sdk.py"]) as client:
        yield client


def base_url(house: House) -> str:
    return house.agent.url.replace("ws:", "http:")


async def ours(house: House) -> None:
    """Our conversation, which takes the interface's devices and leaves the interface out."""
    interface = DefaultAudioInterface()
    conversation = Conversation(
        ElevenLabs(base_url=base_url(house)), "agent_1", requires_auth=False, audio_interface=interface
    )
    await asyncio.to_thread(conversation.start_session)
    await asyncio.to_thread(conversation.wait_for_session_end)


async def ours_async(house: House) -> None:
    conversation = AsyncConversation(
        ElevenLabs(base_url=base_url(house)),
        "agent_1",
        requires_auth=False,
        audio_interface=AsyncDefaultAudioInterface(),
    )
    await conversation.start_session()
    await conversation.wait_for_session_end()


class Loud(DefaultAudioInterface):
    """One that wants to know what it is given, so that our conversation has to call it."""

    def output(self, audio: bytes) -> None:
        super().output(audio)


async def ours_with_a_subclass(house: House) -> None:
    conversation = Conversation(
        ElevenLabs(base_url=base_url(house)), "agent_1", requires_auth=False, audio_interface=Loud()
    )
    await asyncio.to_thread(conversation.start_session)
    await asyncio.to_thread(conversation.wait_for_session_end)


def assert_an_interruption_silences(server: SoundServer, talk: Talk) -> None:
    """The middle of a chunk of three seconds; with the SDK's own interfaces it sounds to its end."""

    def sounded() -> float:
        with server.record() as recording:
            house = in_house(talk, script=SCRIPT)
            recording.wait_until(time.monotonic() + 0.2)
            (sound,) = recording.sounds(gap=0.2)
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ["every step was done"], (
            "the microphone is heard too"
        )
        print(f"sounded for {sound.length:.3f} s of 3")
        return sound.length

    length = looked_at_again(sounded, lambda length: length < PLAYS + SILENT_WITHIN)
    assert 0.3 < length < PLAYS + SILENT_WITHIN


@pytest.mark.parametrize("talk", [ours, ours_async, ours_with_a_subclass])
def test_in_our_conversations(sound_server: SoundServer, talk: Talk) -> None:
    assert_an_interruption_silences(sound_server, talk)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_in_the_sdks_conversations(sdk: ForeignClient, sound_server: SoundServer, asynchronous: bool) -> None:
    name = "AsyncDefaultAudioInterface" if asynchronous else "DefaultAudioInterface"

    async def talk(house: House) -> None:
        conversation = sdk.conversation()
        conversation.start(
            base_url=base_url(house), asynchronous=asynchronous, voice=f"agentframework_pyaudio:{name}"
        )
        await conversation.next("disconnect")
        conversation.do("wait")
        await conversation.next("end")

    assert_an_interruption_silences(sound_server, talk)
