"""Echo: what is done where the microphone hears the speaker, and the seam for cancelling it."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import Literal

from agentframework.audio.level import rms, scaled

__all__ = ["Duck", "EchoControl", "EchoMode", "HalfDuplex", "echo_control"]

EchoMode = Literal["off", "half_duplex", "duck"]

_SLICE = 0.02
_TAIL = 0.25  # a living room has swallowed an echo by then
_HANGOVER = 0.4  # longer than the stops and pauses within a sentence
_MEMORY = 0.5  # how long what was played counts: the delay of the devices and of the room is well below
_INAUDIBLE = 0.001  # -60 dBFS: a noise that some voices lie on
_QUIETEST_USER = 0.01  # -40 dBFS; a voice before a microphone has some -30, a room without one some -60
_MARGIN = 2.0  # 6 dB over the loudest echo of late: a room takes and gives as much from vowel to vowel
_UNKNOWN = 0.5  # an echo that was not measured yet: with the margin, it may be as loud as what was played
_PEAK_LASTS, _PEAKS, _ENOUGH = 0.5, 8, 2
_LEAST = 0.01  # below it no echo is loud enough to be taken for a user
_ECHO_RISES, _USER_RISES = 2.0, 1.2  # 6 dB and 1.5 dB, each half second
_FORGETS = 0.9995
_MOST_LATENCY = 1.0


class EchoControl(ABC):
    """Sees what is really played and changes what the microphone heard, block by block: derive a canceller from it.

    `played` is called on the speaker's thread and `captured` on the microphone's, which may be two; each call must
    take well below a block's own time and must not raise. PCM is signed 16-bit little-endian mono, in whole samples,
    blocks are of any length. `playback_gain` is read for each block and scales what is played; a change of it is
    spread over one block. One object serves one conversation.
    """

    playback_gain: float = 1.0

    @abstractmethod
    def start(self, input_rate_hz: int, output_rate_hz: int) -> None:
        """The rates of microphone and speaker; before any audio, and again where a device is opened anew.

        The first time it is called on the conversation's loop, which waits for it: load models before, in `__init__`.
        """

    @abstractmethod
    def played(self, pcm: bytes, latency: float) -> None:
        """A block that goes to the speaker, silence too, in order; its first sample sounds in `latency` seconds.

        After an interruption a device may throw away the last blocks that it was given, some 40 ms.
        """

    @abstractmethod
    def captured(self, pcm: bytes, latency: float) -> bytes:
        """What the microphone heard, the last of it `latency` seconds ago; gives as many bytes of what is to be sent.

        Called while the user is muted too, so that it need not learn anew; then nothing of it is sent.
        """


class _Gate(EchoControl):
    """A microphone that is turned down while it may hear the agent, but for a user who is louder than an echo.

    Time is the microphone's own: it goes on with what was captured.
    """

    def __init__(self, closed: float, lowered: float) -> None:
        self._closed = closed
        self._lowered = lowered
        self._lock = threading.Lock()
        self.start(16000, 16000)

    def start(self, input_rate_hz: int, output_rate_hz: int) -> None:
        """The rates of the devices. All that was learnt of others is forgotten."""
        self.playback_gain = 1.0
        self._input_rate_hz, self._output_rate_hz = input_rate_hz, output_rate_hz
        self._speaker, self._microphone = _Level(output_rate_hz), _Level(input_rate_hz)
        self._echo = _ExpectedEcho()
        self._now = 0.0
        self._echo_until = self._open_until = 0.0
        self._gain = 1.0
        with self._lock:
            self._fresh, self._sounds_for = 0.0, 0.0

    def played(self, pcm: bytes, latency: float) -> None:
        """Note how loud it is, for the microphone's thread to take."""
        if pcm.count(0) == len(pcm):
            self._speaker.is_silent()
            return
        level = max(self._speaker.after(piece) for piece in _sliced(pcm, self._output_rate_hz))
        sounds_for = _bounded(latency) + len(pcm) / 2 / self._output_rate_hz
        with self._lock:
            self._fresh = max(self._fresh, level)
            self._sounds_for = sounds_for

    def captured(self, pcm: bytes, latency: float) -> bytes:
        """The same where the agent is silent, and where a user is louder than the agent's echo can be."""
        lasts = len(pcm) / 2 / self._input_rate_hz
        with self._lock:
            loudest, sounds_for = self._fresh, self._sounds_for
            self._fresh = 0.0
        if loudest > _INAUDIBLE:
            sounds_until = self._now + lasts + _bounded(latency) + sounds_for
            self._echo_until = max(self._echo_until, sounds_until + _TAIL)
            self._echo.add(loudest, sounds_until + _MEMORY)
        if self._now >= self._echo_until:
            self._now += lasts
            self._gain = self.playback_gain = 1.0
            self._microphone.is_silent()
            return pcm
        return b"".join([self._let_through(piece) for piece in _sliced(pcm, self._input_rate_hz)])

    def _let_through(self, piece: bytes) -> bytes:
        lasts = len(piece) / 2 / self._input_rate_hz
        self._now += lasts
        level = self._microphone.after(piece)
        if level > max(_QUIETEST_USER, self._echo.most(self._now) * _MARGIN):
            self._open_until = self._now + _HANGOVER
        is_open = self._now <= self._open_until
        self._echo.learn(level, lasts, from_user=is_open)
        self.playback_gain = self._lowered if is_open else 1.0
        before, self._gain = self._gain, 1.0 if is_open else self._closed
        if is_open:
            return piece  # whole, without a ramp at its beginning
        if before == self._closed == 0:
            return bytes(len(piece))
        return scaled(piece, before, self._closed)


class HalfDuplex(_Gate):
    """The microphone is silent while the agent speaks and a quarter of a second after."""

    def __init__(self) -> None:
        super().__init__(closed=0.0, lowered=1.0)


class Duck(_Gate):
    """The microphone is 20 dB lower while the agent speaks; a user who talks over it makes it 12 dB softer."""

    def __init__(self) -> None:
        super().__init__(closed=0.1, lowered=0.25)


class _Level:
    """How loud a stream is over its last 20 ms, whatever the length of its blocks."""

    def __init__(self, rate_hz: int) -> None:
        self._slice = rate_hz * _SLICE
        self._every = (
            rate_hz // 6000 | 1
        )  # some 100 samples of a slice say enough; an odd step meets no even tone
        self._power = 0.0

    def is_silent(self) -> None:
        self._power = 0.0

    def after(self, piece: bytes) -> float:
        weight = min(1.0, len(piece) / 2 / self._slice)
        self._power += weight * (rms(piece, every=self._every) ** 2 - self._power)
        return math.sqrt(self._power)


class _ExpectedEcho:
    """How loud the agent's echo can be: the loudest that was played of late, times what a room makes of it.

    The latter is measured: the most that the microphone heard, in proportion, in the last 4 s of speech. What a user
    says over it raises it by 3 dB a second and no more: so users do not shut themselves out, and an echo that has
    grown because the speaker was turned up is not taken for a user forever.
    """

    def __init__(self) -> None:
        self._played: deque[tuple[float, float]] = deque()  # until when it counts, level: ever softer
        self._loudest = self._usual = 0.0
        self._peaks: deque[float] = deque(maxlen=_PEAKS)
        self._peak = self._peak_lasted = 0.0
        self._was_user = False

    def add(self, level: float, counts_until: float) -> None:
        """Something is played so loud, and counts until then."""
        while self._played and self._played[-1][1] <= level:
            self._played.pop()
        self._played.append((counts_until, level))

    def most(self, now: float) -> float:
        """The level that an echo can have."""
        while self._played and self._played[0][0] < now:
            self._played.popleft()
        self._loudest = self._played[0][1] if self._played else 0.0
        return self._loudest * self._coupling

    @property
    def _coupling(self) -> float:
        return max(_UNKNOWN if len(self._peaks) < _ENOUGH else _LEAST, *self._peaks, 0.0)

    def learn(self, level: float, lasts: float, *, from_user: bool) -> None:
        """The microphone has heard this meanwhile. What is played softly is drowned in noise and teaches nothing."""
        self._usual = max(self._loudest, self._usual * _FORGETS)
        if from_user and not self._was_user:
            self._peak = self._peak_lasted = 0.0  # that was how a user begins
        self._was_user = from_user
        if self._loudest < max(_INAUDIBLE, self._usual / 2):
            return
        most = self._coupling * (_USER_RISES if from_user else _ECHO_RISES)
        self._peak = max(self._peak, min(level / self._loudest, most))
        self._peak_lasted += lasts
        if self._peak_lasted >= _PEAK_LASTS:
            self._peaks.append(self._peak)
            self._peak = self._peak_lasted = 0.0


def _sliced(pcm: bytes, rate_hz: int) -> list[bytes]:
    size = 2 * round(rate_hz * _SLICE)
    return [pcm] if len(pcm) <= size else [pcm[at : at + size] for at in range(0, len(pcm), size)]


def _bounded(latency: float) -> float:
    """What a driver says of itself, within reason."""
    return min(max(latency, 0.0), _MOST_LATENCY)


def echo_control(echo: EchoMode | EchoControl) -> EchoControl | None:
    """What a user's word for it means; None for "off"."""
    if isinstance(echo, EchoControl):
        return echo
    return {"off": lambda: None, "half_duplex": HalfDuplex, "duck": Duck}[echo]()
