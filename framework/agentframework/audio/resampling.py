"""Changing the rate of PCM while it streams, by libsamplerate: little delay, no aliasing, no seam between chunks."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from agentframework.errors import AudioError

__all__ = ["Resampler", "resampling_is_available"]

_QUALITY = (
    "sinc_fastest"  # holds back 1.2 to 2.5 ms; the better ones hold back more and nobody hears the difference
)


class Resampler:
    """One stream of signed 16-bit little-endian mono PCM from one rate to another.

    Raises `AudioError`, which says what to install, where the library is missing.
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        try:
            import numpy
            import samplerate
        except ImportError as error:
            raise AudioError(
                f"sound at {source_hz} Hz has to become {target_hz} Hz, and the library for that is missing: "
                "pip install 'agentframework[audio]'"
            ) from error
        self._numpy: Any = numpy
        self._source_hz = source_hz
        self._target_hz = target_hz
        self._ratio = target_hz / source_hz
        self._resampler: Any = samplerate.Resampler(_QUALITY, channels=1)
        self._given = self._got = 0

    @property
    def held(self) -> float:
        """Seconds that were given and have not come back yet."""
        return max(0.0, self._given / self._source_hz - self._got / self._target_hz)

    def convert(self, pcm: bytes) -> bytes:
        """The next samples, whole ones; what comes back may be as little as nothing."""
        numpy = self._numpy
        samples = numpy.frombuffer(pcm, dtype="<i2").astype(numpy.float32)
        self._given += len(samples)
        out = self._resampler.process(samples, self._ratio)
        self._got += len(out)
        return self._as_pcm(out)

    def flush(self) -> bytes:
        """What is still held; afterwards it is as new."""
        missing = round(self._given * self._ratio) - self._got
        if missing <= 0:
            self.reset()
            return b""
        tail = self._numpy.zeros(self._source_hz // 20, dtype=self._numpy.float32)
        out = self._resampler.process(tail, self._ratio)[:missing]
        self.reset()
        return self._as_pcm(out)

    def reset(self) -> None:
        """Forget what is held."""
        self._resampler.reset()
        self._given = self._got = 0

    def _as_pcm(self, samples: Any) -> bytes:
        pcm: bytes = self._numpy.clip(self._numpy.rint(samples), -32768, 32767).astype("<i2").tobytes()
        return pcm


def resampling_is_available() -> bool:
    """Whether the library is installed; nothing is imported to find out."""
    return all(find_spec(name) is not None for name in ("numpy", "samplerate"))
