"""Opens an audio backend without an agent, listens, plays beeps, and finds what works."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from agentframework.audio.base import AudioBackend
from agentframework.audio.level import SILENCE_DBFS, dbfs, rms
from agentframework.audio.line import AudioLine
from agentframework.audio.loopback import Loopback, beeps, find_beeps
from agentframework.errors import AudioError
from agentframework.formats import AudioFormat

__all__ = ["Findings", "SoundCheck"]

_log = logging.getLogger("agentframework.audio")

DEAD: Final = 2.0
_QUIET_DBFS: Final = -60.0
_CLIPPED: Final = 32_000
_BEEP_AFTER: Final = 0.5
_LONGEST_ECHO: Final = 1.5
_FORMAT: Final = AudioFormat()
_TOO_SHORT: Final = "no sign of it so far: listen for 2 s at least"
_NOTHING: Final = "there is none, and no microphone either"


@dataclass(slots=True)
class Findings:
    """What was found of a backend. Levels are dBFS, -120 for silence; a problem is one sentence, or empty.

    `latency_ms` is the whole way: from the program through speaker, air and microphone and back, where the beeps
    were heard; `echo_db` is how loud they came back.
    """

    backend: str
    microphone: str = ""
    speaker: str = ""
    opened_ms: float = 0.0
    first_block_ms: float | None = None
    rms_dbfs: float = SILENCE_DBFS
    peak_dbfs: float = SILENCE_DBFS
    clipped_blocks: int = 0
    microphone_problem: str = ""
    speaker_problem: str = ""
    has_microphone: bool = True
    has_speaker: bool = True
    played_beeps: bool = False
    latency_ms: float | None = None
    echo_db: float | None = None
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether nothing that is there is dead."""
        return not self.microphone_problem and not self.speaker_problem


@dataclass(frozen=True, slots=True)
class _Block:
    arrived: float
    pcm: bytes


class SoundCheck:
    """One try of one backend: `with check.opened(): ...`, `listen` now and then, and `findings` at the end.

    `level_dbfs` and `peak_dbfs` are those of what was heard last, for a meter.
    """

    def __init__(self, name: str, backend: AudioBackend) -> None:
        self.level_dbfs = self.peak_dbfs = SILENCE_DBFS
        self._backend = backend
        self._found = Findings(name)
        self._blocks: deque[_Block] = deque()
        self._arrived: deque[_Block] = deque()
        self._faults: dict[str, str] = {}
        self._heard = threading.Event()
        self._line = AudioLine(
            _FORMAT, _FORMAT, on_captured=self._note_arrival, on_fault=self._faults.__setitem__
        )
        self._square_sum = self._count = 0.0
        self._has_sound = False
        self._opened_at = 0.0
        self._beeped_at: float | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Start the backend, and stop it at the end. Raises `AudioError` where it cannot be opened."""
        began = time.monotonic()
        try:
            self._start()
            self._opened_at = time.monotonic()
            self._found.opened_ms = (self._opened_at - began) * 1000
            yield
        finally:
            self._stop()

    def _start(self) -> None:
        try:
            self._backend.start(self._line)
        except AudioError:
            raise
        except Exception as error:
            name = self._found.backend
            raise AudioError(
                f"the audio backend {name!r} cannot be opened: {type(error).__name__}: {error}"
            ) from error

    def _stop(self) -> None:
        try:
            self._backend.stop()
        except Exception as error:  # noqa: BLE001 - what was found is found
            level = (
                logging.ERROR if self._opened_at else logging.DEBUG
            )  # one that did not open is told already
            name = self._found.backend
            _log.log(
                level, "the audio backend %r does not close: %s", name, type(error).__name__, exc_info=error
            )

    def listen(self, seconds: float) -> None:
        """Wait for sound, at most so long, and measure what has come."""
        self._heard.wait(seconds)
        self._heard.clear()
        while self._arrived:
            self._measure(self._arrived.popleft())

    def beep_when_due(self) -> None:
        """Play the beeps once, half a second after the start."""
        if self._beeped_at is None and time.monotonic() - self._opened_at >= _BEEP_AFTER:
            self._beeped_at = time.monotonic()
            self._found.played_beeps = True
            self._line.put(beeps(_FORMAT.rate_hz))

    @property
    def seconds(self) -> float:
        """Since it was opened."""
        return time.monotonic() - self._opened_at

    @property
    def findings(self) -> Findings:
        """What there is to say so far."""
        found, line = self._found, self._line
        found.microphone, found.speaker = line.microphone, line.speaker
        found.has_microphone = line.has_microphone or bool(self._count)
        found.has_speaker = line.has_speaker
        found.counts = {name: count for name, count in sorted(line.counts.items()) if count}
        if self._count:
            found.rms_dbfs = dbfs((self._square_sum / self._count) ** 0.5)
        found.microphone_problem = self._microphone_problem()
        found.speaker_problem = self._speaker_problem()
        echo = self._find_echo()
        if echo is not None:
            found.latency_ms, found.echo_db = echo
        return found

    def _note_arrival(self) -> None:
        """On the device's thread: what came, and when."""
        now = time.monotonic()
        self._arrived.extend(_Block(now, pcm) for pcm in self._line.take_captured())
        self._heard.set()

    def _measure(self, block: _Block) -> None:
        if self._found.first_block_ms is None:
            self._found.first_block_ms = (block.arrived - self._opened_at) * 1000
        loudness = rms(block.pcm)
        peak = _peak(block.pcm)
        samples = len(block.pcm) / 2
        self._square_sum += loudness * loudness * samples
        self._count += samples
        self._has_sound = self._has_sound or peak > 0
        self._found.clipped_blocks += peak >= _CLIPPED
        self.level_dbfs, self.peak_dbfs = dbfs(loudness), dbfs(peak / 32768)
        self._found.peak_dbfs = max(self._found.peak_dbfs, self.peak_dbfs)
        if self._beeped_at is not None and block.arrived - self._beeped_at < _LONGEST_ECHO + 0.5:
            self._blocks.append(block)

    def _microphone_problem(self) -> str:
        if "microphone" in self._faults:
            return self._faults["microphone"]
        if not self._line.has_microphone and not self._count:
            return ""
        last = self._line.last_capture
        if self._line.has_microphone and time.monotonic() - max(last or 0.0, self._opened_at) >= DEAD:
            return "it is dead: no sound came from it for 2 s"
        if self._line.has_microphone and last is None:
            return _TOO_SHORT
        if self._count and not self._has_sound:
            return "it gives digital silence: it may be switched off, muted, or not allowed for this program"
        return ""

    def _speaker_problem(self) -> str:
        if "speaker" in self._faults:
            return self._faults["speaker"]
        last = self._line.last_playback
        if self._line.has_speaker and time.monotonic() - max(last or 0.0, self._opened_at) >= DEAD:
            return "it is dead: it took no sound for 2 s"
        if self._line.has_speaker and last is None:
            return _TOO_SHORT
        return "" if self._line.has_speaker or self._line.has_microphone or self._count else _NOTHING

    @property
    def advice(self) -> list[str]:
        """What would help, a sentence each."""
        found = self._found
        said = []
        if found.clipped_blocks:
            said.append("the microphone is too loud and clips: lower its volume")
        elif self._has_sound and found.peak_dbfs < _QUIET_DBFS:
            said.append("the microphone hears next to nothing: raise its volume, or speak up")
        if found.latency_ms is not None:
            said.append(
                'the microphone hears the speaker: use headphones, or set [audio] echo = "half_duplex"'
            )
        return said

    def _find_echo(self) -> tuple[float, float] | None:
        if not self._blocks or self._beeped_at is None:
            return None
        heard: Loopback | None = find_beeps(b"".join(block.pcm for block in self._blocks), _FORMAT.rate_hz)
        if heard is None:
            return None
        passed = 0
        for block in self._blocks:
            samples = len(block.pcm) // 2
            if heard.position < passed + samples:
                came = block.arrived - (passed + samples - heard.position) / _FORMAT.rate_hz
                return max(0.0, (came - self._beeped_at) * 1000), heard.level_db
            passed += samples
        return None


def _peak(pcm: bytes) -> int:
    samples = memoryview(pcm[: len(pcm) // 2 * 2]).cast("h")
    return max(max(samples), -min(samples)) if len(samples) else 0
