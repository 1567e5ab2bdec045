"""The contract of an audio backend: what a package must do to be ear and mouth of a conversation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from agentframework.audio.line import AudioLine

__all__ = ["NO_SOUND", "AudioBackend", "AudioDevice", "HandingBackend", "PushBackend"]

NO_SOUND = "none"
"""The word of `[audio] backend` for a conversation in writing; no backend can be called so."""


@dataclass(frozen=True, slots=True)
class AudioDevice:
    """A device that a backend can open, as `agentframework audio list` shows it.

    `host` is the system's interface to it ("ALSA", "Core Audio"); `rates_hz` are those that were tried and work.
    """

    index: int
    name: str
    host: str
    input_channels: int
    output_channels: int
    default_rate_hz: int
    rates_hz: tuple[int, ...] = ()
    is_default_input: bool = False
    is_default_output: bool = False


class AudioBackend(ABC):
    """A microphone and a speaker for one conversation: the driver of a device, and nothing more.

    Between it and the wire stands an `AudioLine`. The backend takes from the line what is to be played, when the
    device wants it, and gives it what the device has heard; the line buffers, counts, converts, mutes, and empties
    at once where the user interrupts. A complete one, whose device is a thread that hears silence:

        class Quiet(AudioBackend):
            def start(self, line):
                self._over = threading.Event()
                self._device = threading.Thread(target=self._run, args=(line,))
                self._device.start()

            def _run(self, line):
                due = time.monotonic()
                while not self._over.wait(due - time.monotonic()):
                    due += 0.02
                    line.read_playback(line.output_rate_hz // 50)
                    line.write_capture(bytes(2 * (line.input_rate_hz // 50)))

            def stop(self):
                self._over.set()
                self._device.join()

    One object serves one conversation. The runtime calls these methods one after another, never two at once, from
    a worker thread and never from the thread that holds the socket; an exception is logged with the backend's owner
    and the conversation goes on, in writing. A backend is registered by a factory (a class will do) that takes no
    argument, and whose constructor opens nothing.
    """

    @abstractmethod
    def start(self, line: AudioLine) -> None:
        """Open the devices. Called when the agent's formats are known; may take a second, not more.

        `line.input_rate_hz` and `line.output_rate_hz` are the agent's; a device that cannot work at them says its
        own by `line.use_rates`. From now on the device's callbacks (or a thread of the backend's own) call
        `line.write_capture` and `line.read_playback`, best 20 ms at a time; both may be called on any thread, never
        block and never raise. Called again after `stop`, with the same line, where a device was lost: then look
        anew for what is there. Raise `AudioError` where a device cannot be opened, with what would help.
        """

    def flush(self) -> None:  # noqa: B027 - nothing is right for a device that holds nothing
        """The user spoke, and the line is empty already: throw away what the device itself still holds.

        May take 20 ms, not more. What `read_playback` gives later is new. Does nothing unless defined: then what the
        device holds sounds to its end.
        """

    @abstractmethod
    def stop(self) -> None:
        """Close the devices, within 0.4 s, and touch the line no more. May be called twice, and without a `start`."""

    def devices(self) -> Sequence[AudioDevice]:
        """The devices that could be opened, without opening one. Raises `AudioError` where that cannot be known."""
        return ()


class PushBackend(AudioBackend):
    """A backend of the runtime's own that is handed each chunk as it comes, and whose playing nobody can watch.

    What it has played is reckoned by the clock.
    """

    @abstractmethod
    def play(self, audio: bytes) -> None:
        """Take a chunk of the agent's speech in the agent's format: any length."""

    @abstractmethod
    def interrupt(self) -> None:
        """The user spoke: fall silent now, and forget what is queued. What `play` brings later is new."""


class HandingBackend(PushBackend):
    """One whose `start`, `play` and `interrupt` only hand over, to a loop for instance.

    They never block, and bound what waits, so they are called on the wire itself and cost no thread a turn; `stop`
    may wait and is called on a worker thread like every other.
    """
