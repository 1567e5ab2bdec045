"""The agent's speech on its way to a device: bounded, cut as the device wants it, and counted to the sample."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable

from agentframework.audio.conversion import Converter
from agentframework.audio.echo import EchoControl
from agentframework.audio.level import scaled
from agentframework.formats import AudioFormat

__all__ = ["Playback"]

_log = logging.getLogger("agentframework.audio")

_BLOCK = 0.02
_HEAD_START = 0.06
_MAX_BYTES = 16 * 1024 * 1024
_HESITATION = 1.5


class Playback:
    """A queue of speech in the agent's format that is read as PCM at the device's rate.

    Positions are samples in the agent's format, counted over all that was put in. `put` and `clear` are called on the
    wire, `read` on the device's thread. A burst that follows silence begins when 60 ms are there, or 60 ms have
    passed, so that a chunk that comes late does not tear it.
    """

    def __init__(
        self,
        source: AudioFormat,
        counts: Counter[str],
        echo: EchoControl | None,
        clock: Callable[[], float],
    ) -> None:
        self.received = 0
        self.last_read: float | None = None
        self.keeps_time = False
        self.is_lost = False
        self._source = source
        self._counts = counts
        self._echo = echo
        self._clock = clock
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._chunks: deque[bytes] = deque()
        self._offset = 0  # bytes of the first chunk that were taken
        self._waiting_bytes = 0
        self._handed = 0  # the position up to which the device has it
        self._ready = bytearray()  # converted, not yet read
        self._in_flight: deque[tuple[float, int, int]] = deque()  # sounds at, from position, to position
        self._heard = 0
        self._is_dry = True
        self._is_whole = False
        self._burst_since: float | None = None
        self._dry_since: float | None = None
        self._gain = 1.0
        self._complained = False
        self.use_rate(source.rate_hz)

    def use_rate(self, rate_hz: int) -> None:
        """What the device works at. Raises `AudioError` where that cannot be converted."""
        target = AudioFormat("pcm", rate_hz)
        self._converter = Converter(self._source, target)
        self._ratio = self._source.rate_hz / rate_hz
        self.rate_hz = rate_hz

    @property
    def queued(self) -> float:
        """Seconds that no device has taken yet."""
        with self._lock:
            self._keep_time()
            return (self.received - self._handed) / self._source.rate_hz

    @property
    def heard(self) -> int:
        """The position up to which it has sounded, by the latency that the device says it has."""
        with self._lock:
            self._keep_time()
            return self._heard_by(self._clock())

    def sounds_at(self, position: int) -> float | None:
        """When a sample that has not sounded yet will, by the clock; None while no device has taken it."""
        with self._lock:
            for sounds_at, begins, ends in self._in_flight:
                if position < ends:
                    return sounds_at + max(position - begins, 0) / self._source.rate_hz
        return None

    def keep_time(self) -> None:
        """Where nobody reads, let pass what is due by the clock."""
        with self._lock:
            self._keep_time()

    def put(self, audio: bytes, *, is_final: bool = False) -> int:
        """Queue a chunk of any length; gives the position where it begins. Of too much the oldest is dropped.

        After one that is the last of its answer a silence is no underrun.
        """
        whole = len(audio) - len(audio) % self._source.sample_size_bytes
        with self._lock:
            self._keep_time()
            begins = self.received
            if self.is_lost:
                self._counts["dropped_chunks"] += 1
                return begins
            if not whole:
                self._is_whole = self._is_whole or is_final
                return begins
            now = self._clock()
            if self._is_dry and self._burst_since is None:
                self._burst_since = now
                hesitated = self._dry_since is not None and now - self._dry_since < _HESITATION
                if hesitated and not self._is_whole:
                    self._counts["underruns"] += 1
            self._is_whole = is_final
            self._chunks.append(audio[:whole])
            self._waiting_bytes += whole
            self.received += whole // self._source.sample_size_bytes
            while self._waiting_bytes > _MAX_BYTES and len(self._chunks) > 1:
                self._counts["dropped_chunks"] += 1
                self._skip(len(self._chunks[0]) - self._offset)
            self._filled.notify_all()
        return begins

    def clear(self) -> int:
        """Forget what waits, also what a device that is flushed still holds; the position that was heard."""
        with self._lock:
            self._keep_time()
            heard = self._heard_by(self._clock())
            self._forget()
        return heard

    def lose(self) -> None:
        """The device is gone: what waits and what comes sounds to nobody, until `find`."""
        with self._lock:
            self.is_lost = True
            self._forget()

    def find(self) -> None:
        """There is a device again."""
        self.is_lost = False

    def wait(self, timeout: float) -> bool:
        """Until something is queued, or for so many seconds; whether something is."""
        with self._filled:
            return self._filled.wait_for(lambda: bool(self._waiting_bytes or self._ready), timeout)

    def read(self, frames: int, latency: float) -> bytes:
        """Exactly so many frames at the device's rate; silence where nothing is queued."""
        with self._lock:
            self.last_read = now = self._clock()
            block = self._next(frames, now + latency, now)
        gain = 1.0 if self._echo is None else self._echo.playback_gain
        if gain != 1.0 or self._gain != 1.0:
            block = scaled(block, self._gain, gain)
            self._gain = gain
        self._tell_echo(block, latency)
        return block

    def _tell_echo(self, block: bytes, latency: float) -> None:
        if self._echo is None:
            return
        try:
            self._echo.played(block, latency)
        except Exception as error:  # noqa: BLE001 - nothing may escape into a device's callback
            if not self._complained:
                self._complained = True
                _log.error("echo control fails: %s", type(error).__name__, exc_info=error)

    # Under the lock

    def _next(self, frames: int, sounds_at: float, now: float) -> bytes:
        size = 2 * frames
        if self._is_dry:
            if not self._may_begin(now):
                return bytes(size)
            self._is_dry, self._burst_since = False, None
        self._fill(size)
        block = bytes(self._ready[:size])
        del self._ready[:size]
        begins = self._handed
        ready = round(len(self._ready) / 2 * self._ratio)
        taken = self.received - self._waiting_bytes // self._source.sample_size_bytes
        held = round(self._converter.held * self._source.rate_hz)
        self._handed = max(begins, taken - ready - held)
        if self._handed > begins:
            self._in_flight.append((sounds_at, begins, self._handed))
            if len(self._in_flight) > 1:
                self._heard_by(now)
        if len(block) < size:
            self._is_dry, self._dry_since = True, now
            block += bytes(size - len(block))
        return block

    def _may_begin(self, now: float) -> bool:
        if not self._waiting_bytes or self._burst_since is None:
            return False
        waiting = self._source.duration(self._waiting_bytes)
        return self.keeps_time or waiting >= _HEAD_START or now - self._burst_since >= _HEAD_START

    def _fill(self, size: int) -> None:
        step = self._source.size_bytes(_BLOCK)
        while len(self._ready) < size:
            if not self._waiting_bytes:
                self._ready += self._converter.flush()
                return
            self._ready += self._converter.convert(self._take(step))

    def _take(self, size: int) -> bytes:
        chunk = self._chunks[0]
        piece = chunk[self._offset : self._offset + size]
        self._skip(len(piece), moves=False)
        return piece

    def _skip(self, size: int, *, moves: bool = True) -> None:
        """Take bytes of the first chunk away; they are passed over where nobody is given them."""
        self._offset += size
        self._waiting_bytes -= size
        if self._offset >= len(self._chunks[0]):
            self._chunks.popleft()
            self._offset = 0
        if moves:
            self._handed += size // self._source.sample_size_bytes

    def _forget(self) -> None:
        self._chunks.clear()
        self._offset = self._waiting_bytes = 0
        self._ready.clear()
        self._in_flight.clear()
        self._converter.reset()
        self._handed = self._heard = self.received
        self._is_dry, self._burst_since, self._dry_since = True, None, None

    def _heard_by(self, now: float) -> int:
        while self._in_flight:
            sounds_at, begins, ends = self._in_flight[0]
            sounded = begins + max(0, round((now - sounds_at) * self._source.rate_hz))
            self._heard = max(self._heard, min(sounded, ends))
            if sounded < ends:
                break
            self._in_flight.popleft()
        return self._heard

    def _keep_time(self) -> None:
        """Where nobody reads, because the device is the program's own affair: read what is due by the clock."""
        if not self.keeps_time:
            return
        now, last = self._clock(), self.last_read
        self.last_read = now
        if last is None:
            return
        due = int((now - last) * self.rate_hz)
        self.last_read = last + due / self.rate_hz
        if self._echo is None:
            self._pass_by(round(due * self._ratio))
            return
        block = self.rate_hz // 50
        sounds_at = last
        while due > 0:
            frames = min(due, block)
            if self._is_dry and not self._waiting_bytes:
                self._tell_echo(bytes(2 * min(due, self.rate_hz)), 0.0)
                return
            audio = self._next(frames, sounds_at, sounds_at)
            self._tell_echo(audio, 0.0)
            due -= frames
            sounds_at += frames / self.rate_hz

    def _pass_by(self, samples: int) -> None:
        """As if they had sounded; nobody looks at them, so they are not converted either."""
        size = min(samples * self._source.sample_size_bytes, self._waiting_bytes)
        while size:
            piece = min(size, len(self._chunks[0]) - self._offset)
            self._skip(piece, moves=False)
            size -= piece
        self._handed = self._heard = self.received - self._waiting_bytes // self._source.sample_size_bytes
        if not self._waiting_bytes:
            self._is_dry, self._burst_since = True, None
