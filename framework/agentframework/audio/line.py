"""The line between a conversation and a device: the one object through which an audio backend hears and speaks."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal

from agentframework.audio.capture import Capture
from agentframework.audio.echo import EchoControl
from agentframework.audio.playback import Playback
from agentframework.formats import AudioFormat

__all__ = ["AudioLine"]

_log = logging.getLogger("agentframework.audio")
_LONGEST_LATENCY = 5.0

Device = Literal["microphone", "speaker"]


class AudioLine:
    """What a backend is given in `start`. Audio here is signed 16-bit little-endian mono PCM, in `bytes`.

    `input_format` and `output_format` are the agent's (protocol 4.6), the microphone's way and the speaker's.
    `counts` holds "underruns", "overruns", "dropped_blocks" (of the microphone) and "dropped_chunks" (of speech).
    `clock` gives seconds; `echo` sees what is played and changes what is heard. `on_captured` is called on the
    device's thread when something can be taken, `on_fault` when a backend reports one.
    """

    def __init__(
        self,
        input_format: AudioFormat,
        output_format: AudioFormat,
        *,
        on_captured: Callable[[], None] | None = None,
        on_fault: Callable[[Device, str], None] | None = None,
        echo: EchoControl | None = None,
        muted: bool = False,
        counts: Counter[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.input_format = input_format
        self.output_format = output_format
        self.counts = Counter() if counts is None else counts
        self.microphone = self.speaker = ""
        self.hear_each_other = False
        self.fault: tuple[Device, str] | None = None
        self._has_complained = False
        self._on_fault = on_fault
        self._echo = echo
        self._playback = Playback(output_format, self.counts, echo, clock)
        self._capture = Capture(input_format, self.counts, echo, clock, muted=muted, on_captured=on_captured)
        if echo is not None:
            echo.start(self.input_rate_hz, self.output_rate_hz)

    # For the backend

    @property
    def input_rate_hz(self) -> int:
        """The rate at which `write_capture` is given audio: the agent's unless the device has another."""
        return self._capture.rate_hz

    @property
    def output_rate_hz(self) -> int:
        """The rate at which `read_playback` gives audio: the agent's unless the device has another."""
        return self._playback.rate_hz

    def use_rates(self, *, input_rate_hz: int | None = None, output_rate_hz: int | None = None) -> None:
        """The device works at rates of its own. Call it in `start`, before any audio.

        Raises `AudioError`, which says what to install, where the library that converts is missing.
        """
        if input_rate_hz is not None and input_rate_hz != self.input_rate_hz:
            self._capture.use_rate(input_rate_hz)
        if output_rate_hz is not None and output_rate_hz != self.output_rate_hz:
            self._playback.use_rate(output_rate_hz)
        if self._echo is not None:
            self._echo.start(self.input_rate_hz, self.output_rate_hz)

    def write_capture(self, pcm: bytes, *, latency: float = 0.0) -> None:
        """What the microphone has heard: any length, best 20 ms. On any thread; never blocks, never raises.

        `latency` is how many seconds ago its last sample was in the air. The ring behind it holds one second; where
        the wire falls behind, the oldest block is dropped and counted.
        """
        if self._echo is not None and not self.has_speaker:
            self._playback.keep_time()
        self._capture.write(pcm, _bounded(latency))

    def write_encoded(self, audio: bytes, *, latency: float = 0.0) -> None:
        """The same for a source that has the agent's own format already: it is passed on as it is."""
        if self._echo is not None and not self.has_speaker:
            self._playback.keep_time()
        self._capture.write(audio, _bounded(latency), encoded=True)

    def read_playback(self, frames: int, *, latency: float = 0.0) -> bytes:
        """The next `frames` samples for the speaker, silence where there is nothing to say.

        On any thread; never blocks, never raises. `latency` is in how many seconds the first of them will sound.
        """
        try:
            return self._playback.read(frames, _bounded(latency))
        except Exception as error:  # noqa: BLE001 - nothing may escape into a device's callback
            if not self._has_complained:
                self._has_complained = True
                _log.error("what is to be played is lost: %s", type(error).__name__, exc_info=error)
            return bytes(2 * max(frames, 0))

    def wait_for_playback(self, timeout: float) -> bool:
        """For a writer without a clock of its own: wait until something is queued, for `timeout` seconds at most."""
        return self._playback.wait(timeout)

    @property
    def queued(self) -> float:
        """Seconds of speech that the device has not taken yet."""
        return self._playback.queued

    @property
    def waiting(self) -> float:
        """Seconds that the microphone has given and the wire has not taken yet: for a source without a clock."""
        return self._capture.waiting

    def end_capture(self) -> None:
        """Nothing more comes from the microphone, and that is no fault: there is none, or its file is over."""
        self._capture.is_over = True

    def end_playback(self) -> None:
        """Nothing is read any more, and that is no fault: there is no speaker. Speech passes by the clock."""
        self._playback.keeps_time = True

    def note_devices(self, microphone: str, speaker: str, *, hear_each_other: bool) -> None:
        """What was opened, in words for the user; and whether the microphone is likely to hear the speaker."""
        self.microphone, self.speaker, self.hear_each_other = microphone, speaker, hear_each_other

    def report_fault(self, device: Device, problem: str) -> None:
        """The device is lost. The runtime says so and reopens: `stop`, then `start`, until that succeeds.

        On any thread, also a device's.
        """
        self.fault = device, problem
        if self._on_fault is None:
            _log.warning("the %s is lost: %s", device, problem)
        else:
            self._on_fault(device, problem)

    def count(self, what: Literal["underruns", "overruns"], number: int = 1) -> None:
        """The device had nothing to play in time ("underruns"), or nobody took what it heard ("overruns")."""
        self.counts[what] += number

    # For those who hold the other end

    @property
    def received(self) -> int:
        """All samples that were put in, in the agent's format: the position where the next chunk begins."""
        return self._playback.received

    @property
    def heard(self) -> int:
        """The position, in samples of the agent's format, up to which speech has sounded."""
        return self._playback.heard

    def sounds_at(self, position: int) -> float | None:
        """When a sample that has not sounded yet will, by the clock; None while no device has taken it."""
        return self._playback.sounds_at(position)

    def put(self, audio: bytes, *, is_final: bool = False) -> int:
        """Queue speech in the agent's format: any length; the position where it begins. Never blocks.

        Of more than 16 MiB the oldest is dropped and counted; while the device is lost everything is.
        `is_final` says that the answer is whole with it: a silence after it is no underrun.
        """
        return self._playback.put(audio, is_final=is_final)

    def clear(self) -> int:
        """Be silent: forget all that is queued, at once. The position up to which it was heard."""
        return self._playback.clear()

    def take_captured(self) -> list[bytes]:
        """The blocks that wait, in the agent's format, oldest first."""
        return self._capture.take()

    def mute(self) -> None:
        """Give out nothing of what is said from now on."""
        self._capture.mute()

    def unmute(self) -> None:
        """Give out what is said from now on, and nothing that was said before."""
        self._capture.unmute()

    @property
    def muted(self) -> bool:
        """Whether nothing is given out of what the microphone hears."""
        return self._capture.muted

    @property
    def last_capture(self) -> float | None:
        """When the microphone gave something last, by the clock; None before."""
        return self._capture.last_write

    @property
    def last_sound(self) -> float | None:
        """When the microphone gave something last that was not digital silence, or its very first block."""
        return self._capture.last_sound

    @property
    def last_playback(self) -> float | None:
        """When the device took something last, speech or silence; None before."""
        return self._playback.last_read

    @property
    def has_microphone(self) -> bool:
        """Whether more is to come from a microphone."""
        return not self._capture.is_over

    @property
    def has_speaker(self) -> bool:
        """Whether a device reads what is to be played."""
        return not self._playback.keeps_time

    @property
    def is_lost(self) -> bool:
        """Whether there is no device for what is said, since `lose` and until `find`."""
        return self._playback.is_lost

    def renew(self) -> None:
        """A backend is started once more: whatever it said of its devices before counts no longer."""
        self.fault = None
        self._capture.is_over = self._playback.keeps_time = False
        self.use_rates(input_rate_hz=self.input_format.rate_hz, output_rate_hz=self.output_format.rate_hz)

    def lose(self) -> None:
        """The device is gone: drop what is queued, and what comes, until `find`."""
        self._playback.lose()

    def find(self) -> None:
        """There is a device again."""
        self._playback.find()


def _bounded(latency: float) -> float:
    """What a device can mean: its word may be no number, or the difference of two clocks."""
    return min(max(latency, 0.0), _LONGEST_LATENCY) if math.isfinite(latency) else 0.0
