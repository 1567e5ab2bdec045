"""The SDK's own conversations with our audio interfaces in place of its: they speak, hear, and fall silent."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_guest import House, in_house
from agentframework.localagent.events import AgentEventKind
from foreign_client import CLIENTS, ForeignClient
from sound_recording import looked_at_twice
from sound_server import SoundServer

pytestmark = pytest.mark.sound
ROOT = CLIENTS.parents[1]
PLAYS = 0.8
SILENT_WITHIN = 0.4  # with the SDK's beginning and a machine that others share
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


@pytest.fixture
def sdk(
    clients_python: Path, sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForeignClient]:
    """The SDK's program, which finds our packages beside those of its own environment."""
    ours = (ROOT / "framework", ROOT / "plugins" / "agentframework-pyaudio" / "src")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, ours)))
    with ForeignClient([clients_python, CLIENTS / "elevenlabs_sdk.py"]) as client:
        yield client


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_an_interruption_silences_the_middle_of_a_chunk(
    sdk: ForeignClient, sound_server: SoundServer, asynchronous: bool
) -> None:
    """With the SDK's own interfaces the chunk sounds to its end, three seconds."""
    name = "AsyncDefaultAudioInterface" if asynchronous else "DefaultAudioInterface"

    def sounded() -> float:
        conversation = sdk.conversation()

        async def scenario(house: House) -> None:
            conversation.start(
                base_url=house.agent.url.replace("ws:", "http:"),
                asynchronous=asynchronous,
                voice=f"agentframework_pyaudio:{name}",
            )
            await conversation.next("disconnect")
            conversation.do("wait")
            await conversation.next("end")

        with sound_server.record() as recording:
            house = in_house(scenario, script=SCRIPT)
            recording.wait_until(time.monotonic() + 0.2)
            (sound,) = recording.sounds(gap=0.2)
        assert house.texts(AgentEventKind.SCRIPT_DONE) == ["every step was done"], (
            "the microphone is heard too"
        )
        print(f"{name}: sounded for {sound.length:.3f} s of 3")
        return sound.length

    length = looked_at_twice(sounded, lambda length: length < PLAYS + SILENT_WITHIN)
    assert 0.3 < length < PLAYS + SILENT_WITHIN
