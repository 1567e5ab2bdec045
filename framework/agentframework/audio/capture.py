"""What a microphone hears on its way to the wire: muted, cleaned of echo, converted, and bounded."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable

from agentframework.audio.conversion import Converter
from agentframework.audio.echo import EchoControl
from agentframework.audio.g711 import decode_ulaw
from agentframework.formats import AudioFormat

__all__ = ["Capture"]

_log = logging.getLogger("agentframework.audio")
_MAX_WAITING = 1.0
_MARGIN = 0.02  # what a device says of its latency is off by as much where the machine is busy


class Capture:
    """A ring of one second in the agent's format, filled with PCM at the device's rate.

    `write` is called by the device, on one thread at a time; the rest from anywhere. While it is muted nothing is
    taken, and of a block that began before the end of a mute nothing is.
    """

    def __init__(
        self,
        target: AudioFormat,
        counts: Counter[str],
        echo: EchoControl | None,
        clock: Callable[[], float],
        *,
        muted: bool,
        on_captured: Callable[[], None] | None,
    ) -> None:
        self.last_write: float | None = None
        self.last_sound: float | None = None
        self.is_over = False
        self._target = target
        self._counts = counts
        self._echo = echo
        self._clock = clock
        self._muted = muted
        self._open_since = float("-inf")
        self._on_captured = on_captured
        self._lock = threading.Lock()
        self._blocks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._complained = False
        self.use_rate(target.rate_hz)

    def use_rate(self, rate_hz: int) -> None:
        """What the device works at. Raises `AudioError` where that cannot be converted."""
        self._converter = Converter(AudioFormat("pcm", rate_hz), self._target)
        self._half = b""  # of a sample, where echo control must have whole ones
        self.rate_hz = rate_hz

    @property
    def muted(self) -> bool:
        """Whether nothing is taken."""
        return self._muted

    def mute(self) -> None:
        """Take nothing from now on. What was said before still goes out."""
        with self._lock:
            self._muted = True

    def unmute(self) -> None:
        """Take what is said from now on."""
        with self._lock:
            if self._muted:
                self._muted = False
                self._open_since = self._clock() + _MARGIN
                self._converter.reset()

    def write(self, audio: bytes, latency: float, *, encoded: bool = False) -> None:
        """One block; `latency` is the age of its last sample in seconds. `encoded`: as the agent wants it already."""
        try:
            if encoded and self._echo is not None and self._target.codec == "ulaw":
                audio, encoded = decode_ulaw(audio), False
            self._write(bytes(audio), latency, encoded)
        except Exception as error:  # noqa: BLE001 - nothing may escape into a device's callback
            if not self._complained:
                self._complained = True
                _log.error("what the microphone hears is lost: %s", type(error).__name__, exc_info=error)

    def _write(self, audio: bytes, latency: float, encoded: bool) -> None:
        now = self._clock()
        self.last_write = now
        if self.last_sound is None or audio.count(0) != len(audio):
            self.last_sound = now
        if self._echo is not None:
            audio = self._half + audio
            whole = len(audio) // 2 * 2
            audio, self._half = audio[:whole], audio[whole:]
            audio = self._echo.captured(audio, latency)  # muted or not: a canceller learns from all it hears
        lasts = self._target.duration(len(audio)) if encoded else len(audio) / (2 * self.rate_hz)
        with self._lock:
            if self._muted or now - latency - lasts < self._open_since:
                return
            block = audio if encoded else self._converter.convert(audio)
            if block:
                self._keep(block)
        if block and self._on_captured is not None:
            self._on_captured()

    def _keep(self, block: bytes) -> None:
        self._blocks.append(block)
        self._waiting_bytes += len(block)
        most = self._target.size_bytes(_MAX_WAITING)
        while self._waiting_bytes > most and len(self._blocks) > 1:
            self._waiting_bytes -= len(self._blocks.popleft())
            self._counts["dropped_blocks"] += 1

    @property
    def waiting(self) -> float:
        """Seconds that nobody has taken yet."""
        return self._target.duration(self._waiting_bytes)

    def take(self) -> list[bytes]:
        """All that waits, oldest first."""
        with self._lock:
            blocks = list(self._blocks)
            self._blocks.clear()
            self._waiting_bytes = 0
        return blocks
