"""The agent's ear in one conversation: when the user speaks, what was said then, and in which words."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from agentframework.audio.g711 import decode_ulaw
from agentframework.formats import AudioFormat
from agentframework.localagent.activity import Activity, VoiceActivity
from agentframework.localagent.command import CommandError
from agentframework.localagent.transcriber import Transcriber

__all__ = ["Ear", "HeardSound", "Listener", "Utterance"]

_PART: Final = 0.1
_BEFORE: Final = 0.4
_SHORTEST: Final = 0.16
_GONE: Final = 1.0
_SCORE_EVERY: Final = 0.1
_MOST_WAITING: Final = 4


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the user said in one turn: mono PCM at `rate_hz`, with a little of what was before and after it.

    `voiced` is how many seconds of it were speech. `text` is None where nothing turns speech into words, and empty
    where there were none.
    """

    pcm: bytes
    rate_hz: int
    voiced: float
    text: str | None = None


class HeardSound:
    """The last `seconds` of all that one conversation has heard, as mono PCM at `rate_hz`; for tests."""

    def __init__(self, rate_hz: int, seconds: float) -> None:
        self.rate_hz = rate_hz
        self._most = 2 * round(rate_hz * seconds)
        self._pcm = bytearray()

    @property
    def pcm(self) -> bytes:
        """The sound."""
        return bytes(self._pcm)

    def add(self, pcm: bytes) -> None:
        """Take note of more."""
        self._pcm += pcm
        if len(self._pcm) > self._most:
            del self._pcm[: (len(self._pcm) - self._most + 1) // 2 * 2]


class Listener(Protocol):
    """Who is told what the ear hears."""

    def user_began(self) -> None:
        """The user has begun to speak."""

    def user_spoke(self, utterance: Utterance) -> None:
        """The user has spoken; where words are wanted, they are in it."""


class Ear:
    """Listens to the microphone's audio in the conversation's input format.

    `begin` starts a coroutine, `report` is told what went wrong, `score` how likely it is that the user speaks, every
    100 ms of sound. Not thread-safe; never blocks.
    """

    def __init__(
        self,
        audio_format: AudioFormat,
        listener: Listener,
        *,
        transcriber: Transcriber | None = None,
        heard: HeardSound | None = None,
        begin: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]] | None = None,
        report: Callable[[str], None] = lambda problem: None,
        score: Callable[[float], None] | None = None,
    ) -> None:
        self.silent_at: float | None = None
        self._format = audio_format
        self._listener = listener
        self._transcriber = transcriber
        self._heard = heard
        self._begin = begin or asyncio.create_task
        self._report = report
        self._score = score
        self._scored = 0.0
        self._activity = VoiceActivity(audio_format.rate_hz)
        self._part_bytes = 2 * round(audio_format.rate_hz * _PART)
        self._before_bytes = 2 * round(audio_format.rate_hz * _BEFORE)
        self._kept = bytearray()
        self._waiting: deque[Utterance] = deque(maxlen=_MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    def hear(self, audio: bytes, now: float) -> None:
        """Listen to the next bytes, which came at `now`."""
        pcm = decode_ulaw(audio) if self._format.codec == "ulaw" else audio
        if self._heard is not None:
            self._heard.add(pcm)
        # in parts, so that the end of a turn in the middle of a long chunk is the end of its sound too
        for start in range(0, len(pcm), self._part_bytes):
            self._take(pcm[start : start + self._part_bytes])
        self.silent_at = now + _GONE if self._activity.is_speaking else None

    def _take(self, pcm: bytes) -> None:
        self._kept += pcm
        for activity in self._activity.take(pcm):
            self._notice(activity)
        if not self._activity.is_speaking:
            self._forget()
        if self._score is not None and self._activity.position >= self._scored + _SCORE_EVERY:
            self._scored = self._activity.position
            self._score(self._activity.score)

    def on_time(self, now: float) -> None:
        """End a turn of which no more comes, as where a microphone was muted; `silent_at` is when that is due."""
        if self.silent_at is not None and now >= self.silent_at:
            self.silent_at = None
            ended = self._activity.end()
            if ended is not None:
                self._notice(ended)

    def _notice(self, activity: Activity) -> None:
        if activity.kind == "began":
            self._listener.user_began()
            return
        pcm = bytes(self._kept)
        self._forget()
        if activity.steady or activity.voiced < _SHORTEST:
            return
        utterance = Utterance(pcm, self._format.rate_hz, activity.voiced)
        if self._transcriber is None:
            self._listener.user_spoke(utterance)
            return
        self._waiting.append(utterance)
        if self._task is None:
            self._task = self._begin(self._transcribe(self._transcriber))

    async def _transcribe(self, transcriber: Transcriber) -> None:
        while self._waiting:
            utterance = self._waiting.popleft()
            try:
                text = await transcriber.words_of(utterance.pcm, utterance.rate_hz)
            except CommandError as error:
                self._report(f"no words: {error}")
                text = ""
            self._listener.user_spoke(replace(utterance, text=text))
        self._task = None

    def _forget(self) -> None:
        """Keep no more than what comes before somebody is noticed to speak."""
        if len(self._kept) > self._before_bytes:
            del self._kept[: (len(self._kept) - self._before_bytes) // 2 * 2]
