"""How long it takes to hear, to be silent and to stop, beside the SDK's audio interface, at virtual devices."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.processes import CLIENTS_PYTHON, OUR_PYTHON, ROOT, Client

sys.path[:0] = [
    str(ROOT / "tests"),
    str(ROOT / "scripts"),
]  # the sound server and its measures are the tests'
from sound_recording import Recording, tone  # noqa: E402
from sound_server import SoundServer  # noqa: E402

__all__ = ["FIGURES", "OUR_HEADSET", "SDK_HEADSET", "sound_server", "sound_times"]

_RATE_HZ = 16_000
_LENGTH = 3.0
_TIMEOUT = 30.0
_RESOLUTION = 0.01

FIGURES = (
    "the first block of the microphone, after the start",
    "a sound at the microphone, until the program has it",
    "interrupted after 0.5 s of one chunk of 3 s: sound goes on",
    "interrupted after 0.5 s of 12 chunks of 250 ms: sound goes on",
    "stopped after 0.5 s of one chunk of 3 s: sound goes on",
    "stopped after 0.5 s of one chunk of 3 s: the call takes",
)
SDK_HEADSET = (CLIENTS_PYTHON, "elevenlabs")
OUR_HEADSET = (OUR_PYTHON, "agentframework")


@contextmanager
def sound_server() -> Iterator[SoundServer]:
    """A private PulseAudio with a virtual speaker and a virtual microphone."""
    with TemporaryDirectory(prefix="snd") as folder:
        server = SoundServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


class _Headset:
    """The program that is measured."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def do(self, command: str) -> dict[str, Any]:
        self._client.write(command)
        answer: dict[str, Any] = json.loads(self._client.read(f"answer to {command[:9]}", _TIMEOUT))
        return answer

    def say(self, chunks: int) -> None:
        """Three seconds of a tone, in so many chunks."""
        audio = tone(440, _LENGTH, _RATE_HZ)
        size = len(audio) // chunks
        for start in range(0, len(audio), size):
            self.do(f"output {audio[start : start + size].hex()}")


def sound_times(
    server: SoundServer, headset: tuple[Path, str], *, delays: int = 5, speech: Sequence[int] = (1, 12)
) -> dict[str, float]:
    """One round with one of the two: milliseconds for each figure."""
    python, package = headset
    with Client(python, "benchmarks.clients.headset", [package], server.environment) as client:
        program = _Headset(client)
        with server.record("mic") as microphone, server.record() as speaker:
            started = program.do("start")
            values = [program.do("first")["at"] - started["began"]]
            values.append(statistics.median(_delay(server, program, microphone) for _ in range(delays)))
            values += [_goes_on(program, speaker, chunks, "interrupt")[0] for chunks in speech]
            values += _goes_on(program, speaker, 1, "stop")
    return {name: 1000 * value for name, value in zip(FIGURES, values, strict=True)}


def _delay(server: SoundServer, program: _Headset, microphone: Recording) -> float:
    """From the first sample of a tone in the air to the callback that brings it."""
    silent = microphone.wait_for_silence(0.3)
    program.do("listen")
    with server.playing(tone(700, 0.1, _RATE_HZ), _RATE_HZ):
        begun = microphone.wait_for_sound(after=silent + 0.05)
        arrived: float = program.do("loud")["at"]
    return arrived - begun


def _goes_on(program: _Headset, speaker: Recording, chunks: int, word: str) -> tuple[float, float]:
    """For how long speech goes on after that word, and how long the call took; half a second of it has sounded."""
    silent = speaker.wait_for_silence(0.3)
    program.say(chunks)
    begun = speaker.wait_for_sound(after=silent + 0.05)
    speaker.wait_until(begun + 0.5)
    said = program.do(word)
    ended = speaker.wait_for_silence(0.4)
    return max(ended - said["began"], _RESOLUTION), said["took"]
