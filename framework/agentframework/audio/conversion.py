"""Audio from one format to another while it streams: any of the wire's seven, and PCM at a device's own rate."""

from __future__ import annotations

from agentframework.audio.g711 import decode_ulaw, encode_ulaw
from agentframework.audio.resampling import Resampler
from agentframework.formats import AudioFormat

__all__ = ["Converter"]


class Converter:
    """One stream from `source` to `target`, in chunks of any length; what comes out does not depend on the cuts.

    Half a sample at the end of a chunk waits for its other half. Raises `AudioError`, which says what to install,
    where the rates differ and the library that resamples is missing.
    """

    def __init__(self, source: AudioFormat, target: AudioFormat) -> None:
        self.is_identity = source == target
        self._decodes = source.codec == "ulaw" and not self.is_identity
        self._encodes = target.codec == "ulaw" and not self.is_identity
        self._whole = source.sample_size_bytes
        self._rest = b""
        self._resampler: Resampler | None = None
        if source.rate_hz != target.rate_hz:
            self._resampler = Resampler(source.rate_hz, target.rate_hz)

    @property
    def held(self) -> float:
        """Seconds that were given and have not come back yet; at most some 3 ms."""
        return 0.0 if self._resampler is None else self._resampler.held

    def convert(self, audio: bytes) -> bytes:
        """The next chunk, as much of it as is ready."""
        if self._rest:
            audio, self._rest = self._rest + audio, b""
        cut = len(audio) % self._whole
        if cut:
            audio, self._rest = audio[:-cut], bytes(audio[-cut:])
        if self.is_identity or not audio:
            return audio
        if self._decodes:
            audio = decode_ulaw(audio)
        if self._resampler is not None:
            audio = self._resampler.convert(audio)
        return encode_ulaw(audio) if self._encodes else audio

    def flush(self) -> bytes:
        """The rest of what was given, at an end; afterwards it is as new."""
        self._rest = b""
        if self._resampler is None:
            return b""
        audio = self._resampler.flush()
        return encode_ulaw(audio) if self._encodes else audio

    def reset(self) -> None:
        """Forget what was given and has not come back: what follows does not belong to it."""
        self._rest = b""
        if self._resampler is not None:
            self._resampler.reset()
