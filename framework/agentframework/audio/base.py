"""The contract of an audio backend: what a package must do to be ear and mouth of a conversation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from agentframework.formats import AudioFormat

__all__ = ["NO_SOUND", "AudioBackend", "HandingBackend"]

NO_SOUND = "none"
"""The word of `[audio] backend` for a conversation in writing; no backend can be called so."""


class AudioBackend(ABC):
    """A microphone and a speaker for one conversation.

    A complete one, which hears nothing and counts what it is given to play:

        class Counting(AudioBackend):
            def start(self, capture, *, input_format, output_format):
                self.seconds, self._format = 0.0, output_format

            def play(self, audio):
                self.seconds += self._format.duration(len(audio))

            def interrupt(self):
                self.seconds = 0.0

            def stop(self):
                pass

    One object serves one conversation: `start` once, then `play` and `interrupt` as often as needed, `stop` at
    the end. The runtime calls these one after another, never two at once, from a worker thread and never from
    the thread that holds the socket; an exception is logged with the backend's owner and the conversation goes
    on, in writing. A backend is registered by a factory (a class will do) that takes no argument.
    """

    @abstractmethod
    def start(
        self, capture: Callable[[bytes], None], *, input_format: AudioFormat, output_format: AudioFormat
    ) -> None:
        """Open the devices. Called when the agent's formats are known; may take a second, not more.

        `capture` takes one block of microphone audio in `input_format` (20 to 250 ms of it; 16-bit little-endian
        mono, or G.711 bytes where the format is ulaw). It may be called from any thread, device callbacks among
        them: it never blocks and never raises. Where the wire falls behind the oldest block is dropped and
        counted. Raise `AudioError` where a device cannot be opened.
        """

    @abstractmethod
    def play(self, audio: bytes) -> None:
        """Take a chunk of the agent's speech in `output_format`: any length, up to seconds.

        Queue it and return at once; what is queued sounds in order.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """The user spoke: fall silent now, and forget what is queued. What `play` brings later is new."""

    @abstractmethod
    def stop(self) -> None:
        """Close the devices and call `capture` no more. May be called twice, and without a `start` before."""


class HandingBackend(AudioBackend):
    """A backend of the runtime's own whose `start`, `play` and `interrupt` only hand over, to a loop for instance.

    They never block, and bound what waits, so they are called on the wire itself and cost no thread a turn; `stop`
    may wait and is called on a worker thread like every other.
    """
