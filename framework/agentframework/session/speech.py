"""What the user has heard of the agent: who speaks when, how much of each answer sounded, and in which words."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from agentframework.audio.line import AudioLine
from agentframework.callbacks import (
    AgentStartedSpeaking,
    AgentStoppedSpeaking,
    AnswerPlayed,
    Event,
)
from agentframework.protocol.messages.server import Alignment, AudioEvent
from agentframework.session.timers import Timer, Timers

__all__ = ["Speech"]

_FIRST_LOOK, _SLOWER = 0.02, 1.25
_SHORTEST_LOOK, _LONGEST_LOOK = 0.005, 0.1
_SAMPLE = 0.0002  # longer than any: speech has begun when one has sounded
_PAUSE = 0.25
_LAST_WORD = 1.0
_MOST_RESPONSES = 1000


@dataclass(slots=True)
class _Chunk:
    event_id: int
    begins: int
    ends: int
    alignment: Alignment | None
    is_final: bool


@dataclass(slots=True)
class _Answer:
    """One answer's account, in samples."""

    event_id: int
    heard: int = 0
    unheard: int = 0
    words: list[str] = field(default_factory=list)
    is_aligned: bool = False


class Speech:
    """Watches the line's playback position and tells of it; lives on the wire.

    Which answer a chunk belongs to is decided when it sounds: that of the highest `agent_response` id that is not
    above its own (protocol 4.1 promises no more than the order of ids); without any, that of the first chunk after
    a pause.
    """

    def __init__(self, line: AudioLine, emit: Callable[[Event], None], timers: Timers) -> None:
        self._line = line
        self._emit = emit
        self._rate_hz = line.output_format.rate_hz
        self._chunks: deque[_Chunk] = deque()
        self._responses: list[int] = []
        self._answer: _Answer | None = None
        self._speaking = False
        self._speaker_id = 0
        self._quiet_since: float | None = None
        self._ended_whole = False
        self._timers = timers
        self._timer: Timer | None = None
        self._delay = _FIRST_LOOK

    def add(self, event: AudioEvent, begins: int, ends: int) -> None:
        """A chunk is queued between these positions."""
        self._chunks.append(_Chunk(event.event_id, begins, ends, event.alignment, event.is_final is True))
        self._expect_more()

    def miss(self, event: AudioEvent, samples: int) -> None:
        """A chunk has come while there is no device: nobody will hear it."""
        at = self._line.received
        self._take(_Chunk(event.event_id, at, at + samples, event.alignment, event.is_final is True), at)
        self._expect_more()

    def note_response(self, event_id: int | None) -> None:
        """The text of an answer has come."""
        if event_id is None or (self._responses and event_id <= self._responses[-1]):
            return
        self._responses.append(event_id)
        if len(self._responses) > _MOST_RESPONSES:
            del self._responses[: _MOST_RESPONSES // 2]

    def begin_anew(self) -> None:
        """There is a new connection, whose ids have nothing to do with those before."""
        self._responses.clear()

    def interrupt(self, heard: int) -> None:
        """The line was emptied; it had sounded up to there."""
        self._account(heard)
        while self._chunks:
            self._take(self._chunks.popleft(), heard)
        self._finish_answer()
        self._fall_silent(interrupted=True)
        self._stop_timer()

    def end(self, heard: int) -> None:
        """The conversation is over."""
        self._account(heard)
        was_cut = bool(self._chunks)
        while self._chunks:
            self._take(self._chunks.popleft(), heard)
        self._finish_answer()
        self._fall_silent(interrupted=was_cut)
        self._stop_timer()

    def _look(self) -> None:
        self._timer = None
        heard = self._line.heard
        self._account(heard)
        now = self._line.clock()
        if self._chunks:
            self._quiet_since = None
            self._look_in(max(self._until_next(heard, now), _SHORTEST_LOOK))
            return
        if self._quiet_since is None:
            self._quiet_since = now
        quiet = now - self._quiet_since
        if self._speaking and (self._ended_whole or quiet >= _PAUSE):
            self._fall_silent(interrupted=False)
        if self._answer is not None and (self._ended_whole or quiet >= _LAST_WORD):
            self._finish_answer()
        if self._speaking or self._answer is not None:
            self._look_in((_PAUSE if self._speaking else _LAST_WORD) - quiet + 0.001)

    def _until_next(self, heard: int, now: float) -> float:
        """In how many seconds the first chunk will have sounded, or begin to; a guess until a device has taken it."""
        if self._speaking:
            return (self._chunks[0].ends - heard) / self._rate_hz
        due = self._line.sounds_at(self._chunks[0].begins)
        if due is not None:
            return due - now + _SAMPLE
        self._delay = min(_SLOWER * self._delay, _LONGEST_LOOK)
        return self._delay

    def _expect_more(self) -> None:
        was_quiet, self._quiet_since = self._quiet_since is not None, None
        if self._timer is None or was_quiet:
            self._look_in(_FIRST_LOOK)

    def _account(self, heard: int) -> None:
        """Take note of what has sounded up to there."""
        while self._chunks and self._chunks[0].begins < heard:
            chunk = self._chunks[0]
            self._begin(chunk)
            if chunk.ends > heard:
                return
            self._take(self._chunks.popleft(), heard)
        while self._chunks and self._chunks[0].begins == self._chunks[0].ends:
            self._take(self._chunks.popleft(), heard)  # an empty chunk may still say that it is the last

    def _begin(self, chunk: _Chunk) -> None:
        answer_id = self._answer_of(chunk)
        if self._answer is not None and self._answer.event_id != answer_id:
            self._finish_answer()
        if self._answer is None:
            self._answer = _Answer(answer_id)
        self._ended_whole = False
        self._speaker_id = answer_id
        if not self._speaking:
            self._speaking = True
            self._delay = _FIRST_LOOK
            self._emit(AgentStartedSpeaking(answer_id))

    def _take(self, chunk: _Chunk, heard: int) -> None:
        """A chunk has sounded, or will not any more."""
        if self._answer is None or (
            chunk.begins >= heard and self._answer.event_id != self._answer_of(chunk)
        ):
            if chunk.begins == chunk.ends:
                return
            self._finish_answer()
            self._answer = _Answer(self._answer_of(chunk))
        sounded = min(max(heard - chunk.begins, 0), chunk.ends - chunk.begins)
        self._answer.heard += sounded
        self._answer.unheard += chunk.ends - chunk.begins - sounded
        self._ended_whole = chunk.is_final and sounded == chunk.ends - chunk.begins
        if chunk.alignment is not None:
            self._answer.is_aligned = True
            whole = sounded == chunk.ends - chunk.begins
            self._answer.words.append(_sounded_text(chunk.alignment, sounded * 1000 / self._rate_hz, whole))

    def _answer_of(self, chunk: _Chunk) -> int:
        place = bisect_right(self._responses, chunk.event_id)
        if place:
            return self._responses[place - 1]
        return chunk.event_id if self._answer is None else self._answer.event_id

    def _finish_answer(self) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        was_cut = bool(answer.unheard)
        text = "".join(answer.words)
        self._emit(
            AnswerPlayed(
                answer.event_id,
                heard_ms=round(answer.heard * 1000 / self._rate_hz),
                queued_ms=round(answer.unheard * 1000 / self._rate_hz),
                interrupted=was_cut,
                heard_text=(_whole_words(text) if was_cut else text.rstrip("\0"))
                if answer.is_aligned
                else None,
            )
        )

    def _fall_silent(self, *, interrupted: bool) -> None:
        if self._speaking:
            self._speaking = False
            self._emit(AgentStoppedSpeaking(self._speaker_id, interrupted))

    def _look_in(self, delay: float) -> None:
        self._stop_timer()
        self._timer = self._timers.call_later(delay, self._look)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_CUT = "\0"
"""Stands where speech broke off within a chunk."""


def _sounded_text(alignment: Alignment, sounded_ms: float, whole: bool) -> str:
    """The characters that have sounded to their end; where not all have, the place is marked."""
    chars = alignment.chars
    if whole:
        return "".join(chars)
    text = []
    for char, start, duration in zip(
        chars, alignment.char_start_times_ms, alignment.char_durations_ms, strict=False
    ):
        if start + duration > sounded_ms:
            break
        text.append(char)
    broke_off = len(text) < len(chars) and not chars[len(text)].isspace()
    return "".join(text) + (_CUT if broke_off else "")


def _whole_words(text: str) -> str:
    """What comes between the breaks; of a word that was broken off, nothing."""
    *broken, rest = text.split(_CUT)
    heard = [_without_last_word(piece).strip() for piece in broken] + [rest.strip()]
    return " ".join(piece for piece in heard if piece)


def _without_last_word(text: str) -> str:
    if not text or text[-1].isspace():
        return text
    return text[: max(text.rfind(space) for space in " \n\t") + 1]
