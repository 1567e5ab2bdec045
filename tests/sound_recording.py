"""What was played, as numbers: a recorder with a clock, tones, and measures of frequency, level and continuity.

Samples are floats between -1 and 1, times are those of `time.monotonic`.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "Recording",
    "Samples",
    "Sound",
    "frequency",
    "level_db",
    "likest",
    "looked_at_again",
    "pcm",
    "phase_residue",
    "samples",
    "sounds",
    "tone",
]

T = TypeVar("T")
Samples = npt.NDArray[np.float64]

LOUD_DB = -45.0
_START_TIMEOUT = 10.0
_WINDOW = 0.005
_STEP = 0.001


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch that is louder than silence; times in seconds."""

    begins: float
    ends: float

    @property
    def length(self) -> float:
        return self.ends - self.begins


class Recording:
    """A recorder process and what it has recorded so far; `with` starts it, waits for its first block, and ends it.

    A block that is read late does not move the others: a sample's time is reckoned from the block that came soonest
    after it was due. The resolution is about ten milliseconds, the server's own block.
    """

    def __init__(self, command: list[str], environment: dict[str, str], rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._command = command
        self._environment = environment
        self._bytes = bytearray()
        self._began, self._latest = float("inf"), float("-inf")
        self._changed = threading.Condition()
        self._over = False

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read, name="recorder")
        self._reader.start()
        with self._changed:
            begun = self._changed.wait_for(lambda: bool(self._bytes) or self._over, _START_TIMEOUT)
        if not begun or self._over:
            self.__exit__(None, None, None)
            raise RuntimeError(f"{' '.join(self._command)} records nothing")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while block := stream.read1(4096):  # type: ignore[attr-defined]
                now = time.monotonic()
                with self._changed:
                    self._bytes += block
                    would_have_begun = now - len(self._bytes) / 2 / self.rate_hz
                    self._began = min(self._began, would_have_begun)
                    self._latest = max(self._latest, would_have_begun)
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()

    @property
    def began(self) -> float:
        """When the first sample was in the air."""
        with self._changed:
            return self._began

    @property
    def lateness(self) -> float:
        """By how many seconds the block that was read latest came too late: of no matter unless samples were lost."""
        with self._changed:
            return self._latest - self._began

    def samples(self, begins: float | None = None, ends: float | None = None) -> Samples:
        """What was recorded, or the part of it between two times."""
        began = self.began
        with self._changed:
            count = len(self._bytes) // 2
            first = 0 if begins is None else max(0, round((begins - began) * self.rate_hz))
            last = count if ends is None else min(count, max(0, round((ends - began) * self.rate_hz)))
            return samples(bytes(self._bytes[2 * first : 2 * last]))

    def sounds(
        self, *, after: float | None = None, gap: float = 0.05, loud_db: float = LOUD_DB
    ) -> list[Sound]:
        """All that sounded since the beginning, or since a time, with the times at which it did."""
        start = self.began if after is None else max(after, self.began)
        return [
            Sound(start + sound.begins, start + sound.ends)
            for sound in sounds(self.samples(start), self.rate_hz, gap=gap, loud_db=loud_db)
        ]

    def wait_until(self, moment: float, *, timeout: float = 10.0) -> None:
        """Until all that was in the air before that moment is recorded."""
        self._wait(lambda: self._recorded_until() >= moment, timeout + max(0.0, moment - time.monotonic()))

    def wait_for(self, seconds: float) -> None:
        """Until so much more is recorded, from now on."""
        self.wait_until(time.monotonic() + seconds)

    def wait_for_sound(self, *, after: float | None = None, timeout: float = 10.0) -> float:
        """When it began to sound, at the earliest at `after`; waits for it."""
        start = time.monotonic() if after is None else after
        until = time.monotonic() + timeout
        while not (found := self.sounds(after=start)):
            self.wait_for(0.02)
            assert time.monotonic() < until, f"nothing sounds within {timeout:g} s"
        return found[0].begins

    def wait_for_silence(self, seconds: float, *, timeout: float = 20.0) -> float:
        """Since when there has been silence for so long; waits for it."""
        until = time.monotonic() + timeout
        while self._recorded_until() - self.began < seconds or self.sounds(
            after=self._recorded_until() - seconds
        ):
            self.wait_for(0.02)
            assert time.monotonic() < until, f"no silence within {timeout:g} s"
        found = self.sounds()
        return found[-1].ends if found else self.began

    def _recorded_until(self) -> float:
        return self._began + len(self._bytes) / 2 / self.rate_hz

    def _wait(self, condition: Any, timeout: float) -> None:
        with self._changed:
            met = self._changed.wait_for(lambda: self._over or condition(), timeout)
            assert met and not self._over, "the recorder has ended or is stuck"


def looked_at_again(look: Callable[[], T], is_good: Callable[[T], bool]) -> T:
    """What a measurement gives; up to three are taken until one is good, for others may keep the machine busy."""
    seen = look()
    for _ in range(2):
        if is_good(seen):
            break
        print("looked at again, after:", seen)
        seen = look()
    return seen


def tone(frequency_hz: float, seconds: float, rate_hz: int, *, amplitude: float = 0.5) -> bytes:
    """A sine as 16-bit PCM, with edges of 2 ms so that it does not click."""
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    edge = np.clip(np.minimum(at, at[-1] - at) / 0.002, 0.0, 1.0) if len(at) else at
    return pcm(amplitude * edge * np.sin(2 * np.pi * frequency_hz * at))


def pcm(values: Samples) -> bytes:
    """Samples as 16-bit little-endian PCM."""
    return bytes(np.round(np.clip(values, -1.0, 1.0) * 32767).astype("<i2").tobytes())


def samples(audio: bytes) -> Samples:
    """16-bit little-endian PCM as samples."""
    return np.frombuffer(audio, "<i2").astype(np.float64) / 32768


def level_db(values: Samples) -> float:
    """The level in dB below full scale, of which a full sine has -3."""
    power = float(np.mean(values**2)) if len(values) else 0.0
    return 10 * float(np.log10(power)) if power > 0 else -200.0


def frequency(values: Samples, rate_hz: int) -> float:
    """The strongest frequency in Hz, far finer than a bin of the spectrum."""
    windowed = values * np.hanning(len(values))
    size = 4 * len(values)
    spectrum = np.log(np.abs(np.fft.rfft(windowed, size)) + 1e-12)
    peak = int(np.clip(np.argmax(spectrum[1:]) + 1, 1, len(spectrum) - 2))
    left, middle, right = spectrum[peak - 1 : peak + 2]
    return float((peak + 0.5 * (left - right) / (left - 2 * middle + right)) * rate_hz / size)


def phase_residue(values: Samples, rate_hz: int) -> float:
    """By how many radians the phase of a tone strays from a straight line: a lost or inserted sample shows at once.

    The first and last 10 ms are left out, where the transform that gives the phase knows too little.
    """
    count = len(values)
    half = np.zeros(count)
    half[0], half[1 : (count + 1) // 2] = 1, 2
    analytic = np.fft.ifft(np.fft.fft(values) * half)
    margin = rate_hz // 100
    phase = np.unwrap(np.angle(analytic))[margin : count - margin]
    at = np.arange(len(phase))
    slope, offset = np.polyfit(at, phase, 1)
    return float(np.max(np.abs(phase - (slope * at + offset))))


def likest(heard: Samples, said: Samples) -> tuple[Samples, float]:
    """The part of `heard` that resembles `said` most, and how much it does: 1.0 is the same, at any level."""
    size = 1 << int(np.ceil(np.log2(len(heard) + len(said))))
    products = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    at = int(np.argmax(products[: len(heard) - len(said) + 1]))
    part = heard[at : at + len(said)]
    return part, float(np.dot(part, said) / np.sqrt(np.dot(part, part) * np.dot(said, said)))


def sounds(values: Samples, rate_hz: int, *, gap: float = 0.05, loud_db: float = LOUD_DB) -> list[Sound]:
    """The stretches that are louder than `loud_db`; those less than `gap` apart are one. Seconds from the first."""
    window, step = round(_WINDOW * rate_hz), round(_STEP * rate_hz)
    if len(values) < window:
        return []
    sums = np.concatenate(([0.0], np.cumsum(values**2)))
    starts = np.arange(0, len(values) - window + 1, step)
    power = (sums[starts + window] - sums[starts]) / window
    loud = starts[power > 10 ** (loud_db / 10)]
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) - window > gap * rate_hz)
    firsts, lasts = loud[np.concatenate(([0], breaks + 1))], loud[np.concatenate((breaks, [len(loud) - 1]))]
    # the first window that is loud holds the sound in its last samples, the last one in its first
    return [
        Sound((first + window - step) / rate_hz, max(first + window, last + step) / rate_hz)
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]
