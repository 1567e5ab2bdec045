"""Audio formats: what bytes mean. Everywhere else "audio" is signed 16-bit little-endian mono PCM unless stated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentframework.errors import FormatError

__all__ = ["KNOWN_FORMATS", "AudioFormat"]

KNOWN_FORMATS = ("pcm_8000", "pcm_16000", "pcm_22050", "pcm_24000", "pcm_44100", "pcm_48000", "ulaw_8000")


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """One of the seven formats of the wire (protocol 4.6): a codec and a rate, mono.

    `pcm` is signed 16-bit little-endian; `ulaw` is 8-bit G.711.
    """

    codec: Literal["pcm", "ulaw"] = "pcm"
    rate_hz: int = 16000

    @classmethod
    def parse(cls, name: str) -> AudioFormat:
        """The format that `name` (such as "pcm_16000") says. Raises `FormatError` for any other word."""
        if name not in KNOWN_FORMATS:
            raise FormatError(name, KNOWN_FORMATS)
        codec, _, rate = name.partition("_")
        return cls("ulaw" if codec == "ulaw" else "pcm", int(rate))

    @property
    def name(self) -> str:
        """The wire's word for it."""
        return f"{self.codec}_{self.rate_hz}"

    @property
    def sample_size_bytes(self) -> int:
        """Bytes of one sample: 2 for pcm, 1 for ulaw."""
        return 2 if self.codec == "pcm" else 1

    def duration(self, size_bytes: int) -> float:
        """Seconds that so many bytes last."""
        return size_bytes / (self.rate_hz * self.sample_size_bytes)

    def size_bytes(self, duration: float) -> int:
        """Bytes of the whole samples that come nearest to `duration` seconds."""
        return round(duration * self.rate_hz) * self.sample_size_bytes
