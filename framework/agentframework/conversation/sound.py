"""The SDK's audio interface, and how one of a user's own becomes an audio backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from agentframework.audio.base import PushBackend
from agentframework.audio.line import AudioLine

__all__ = ["AudioInterface", "InterfaceBackend"]


class AudioInterface(ABC):
    """A microphone and a speaker, as users of the SDK write them: 16-bit little-endian mono PCM at 16 kHz.

    All methods are called from worker threads, one at a time.
    """

    @abstractmethod
    def start(self, input_callback: Callable[[bytes], None]) -> None:
        """Called once; from then on give `input_callback` the microphone's audio, best 250 ms a time."""

    @abstractmethod
    def stop(self) -> None:
        """Called once at the end; `input_callback` must not be called afterwards."""

    @abstractmethod
    def output(self, audio: bytes) -> None:
        """Play this after what was given before; return quickly."""

    @abstractmethod
    def interrupt(self) -> None:
        """The user spoke: stop playing, and forget what is still queued."""


class InterfaceBackend(PushBackend):
    """An `AudioInterface` in the shape that the engine calls; the agent's formats are the interface's own affair."""

    def __init__(self, interface: AudioInterface) -> None:
        self._interface = interface

    def start(self, line: AudioLine) -> None:
        """Start the interface, which knows no formats."""
        self._interface.start(line.write_encoded)

    def play(self, audio: bytes) -> None:
        """Have the interface play it."""
        self._interface.output(audio)

    def interrupt(self) -> None:
        """Have the interface fall silent."""
        self._interface.interrupt()

    def stop(self) -> None:
        """Stop the interface."""
        self._interface.stop()
