"""A program of the ElevenLabs SDK's users that hears and speaks through `DefaultAudioInterface`, as it is told.

    python -m benchmarks.clients.headset elevenlabs|agentframework

Each line that it reads is a command; what it answers is a line of JSON with times of `time.monotonic`.
"""

from __future__ import annotations

import array
import json
import sys
import threading
import time
from importlib import import_module
from typing import Any

__all__: list[str] = []

_HOMES = {
    "elevenlabs": "elevenlabs.conversational_ai.default_audio_interface",
    "agentframework": "agentframework.compat.elevenlabs",
}
_LOUD = 2_000
_PATIENCE = 10.0


class Microphone:
    """What the interface calls with what it hears; knows when the first block came, and the first loud one."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.loud: float | None = None
        self._came = threading.Condition()

    def take(self, audio: bytes) -> None:
        """Called by the interface."""
        now = time.monotonic()
        with self._came:
            if self.first is None:
                self.first = now
            if self.loud is None and max(array.array("h", audio), default=0) > _LOUD:
                self.loud = now
            self._came.notify_all()

    def wait(self, name: str) -> float | None:
        """When that came; None where it does not come."""
        with self._came:
            self._came.wait_for(lambda: getattr(self, name) is not None, _PATIENCE)
            at: float | None = getattr(self, name)
            return at


def main(interface: Any) -> None:
    """Do what is told until there is nothing more."""
    microphone = Microphone()
    commands = {
        "start": lambda: interface.start(microphone.take),
        "interrupt": interface.interrupt,
        "stop": interface.stop,
    }
    print("ready", flush=True)
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        began = time.monotonic()
        answer: dict[str, float | None] = {"began": began}
        if word in commands:
            commands[word]()
        elif word == "output":  # hexadecimal: one chunk
            interface.output(bytes.fromhex(rest))
        elif word == "first":
            answer["at"] = microphone.wait("first")
        elif word == "listen":
            microphone.loud = None
        elif word == "loud":
            answer["at"] = microphone.wait("loud")
        answer["took"] = time.monotonic() - began
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(import_module(_HOMES[sys.argv[1]]).DefaultAudioInterface())
