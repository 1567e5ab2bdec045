"""The agent's mouth in one conversation: what is being said, how much of it has sounded, and its interruption."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

from agentframework.formats import AudioFormat
from agentframework.localagent.speech import Chunk, Speech
from agentframework.localagent.tone import tone_speech
from agentframework.protocol.agent import AgentProtocol

__all__ = ["Mouth", "Voice"]

_HEAD_START: Final = 1.0
_PACE: Final = 4.0


class Voice(Protocol):
    """Makes speech that takes its time; it always comes to something that can be heard."""

    async def speak(self, text: str, audio_format: AudioFormat) -> Speech:
        """`text` as sound."""


@dataclass(slots=True, eq=False)
class _Line:
    """What was said in one breath; `sent` seconds of it are on their way and would all have sounded at `until`."""

    event_id: int
    text: str
    ends_turn: bool
    speech: Speech | None = None
    sent: float = 0.0
    until: float = 0.0
    is_sent: bool = False


class Mouth:
    """Says the agent's sentences: the text at once, the audio after it, faster than it sounds.

    Without a `voice` it is the tone, all of which is sent at once. With one, `begin` starts the coroutine that speaks
    and sends, and `wake` is called whenever something is ready. Without audio (`silent`, or a text-only conversation)
    there is only text. `clock` gives seconds. Not thread-safe; never blocks.
    """

    def __init__(
        self,
        protocol: AgentProtocol,
        clock: Callable[[], float],
        *,
        voice: Voice | None = None,
        silent: bool = False,
        begin: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]] | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._protocol = protocol
        self._clock = clock
        self._voice = voice
        self._silent = silent
        self._begin = begin or asyncio.create_task
        self._wake = wake
        self._lines: deque[_Line] = deque()
        self._until = 0.0
        self._task: asyncio.Task[None] | None = None
        self._all_sent = asyncio.Event()
        self._all_sent.set()
        self._at_silence: list[Callable[[], None]] = []

    @property
    def is_speaking(self) -> bool:
        """Whether something that was said is still to be heard."""
        self._forget_heard()
        return bool(self._lines)

    def say(self, text: str, *, aloud: bool = True, ends_turn: bool = False) -> None:
        """Say `text`; with `ends_turn`, the agent's turn is over when all of it is sent."""
        event_id = self._protocol.say(text)
        _, text = self._protocol.last_said or (event_id, text)
        line = _Line(event_id, text, ends_turn)
        if self._silent or self._protocol.text_only or not aloud:
            self._finish(line)
            return
        self._forget_heard()
        self._lines.append(line)
        if self._voice is None:
            line.speech = tone_speech(text, self._protocol.output_format)
            for chunk in line.speech.chunks():
                self._send(line, chunk)
            self._finish(line)
        else:
            self._all_sent.clear()
            if self._task is None:
                self._task = self._begin(self._speak(self._voice))

    def interrupt(self, *, corrects: bool = True) -> bool:
        """Stop, and say to the client how far it came (protocol 4.1, 4.2); False where nothing is being said.

        Without `corrects` what was said stands: who interrupts in writing has read all of it.
        """
        if not self.is_speaking:
            return False
        lines, now = list(self._lines), self._clock()
        self._protocol.interrupt(max(line.event_id for line in lines))
        for line in lines:
            position = line.sent - max(0.0, line.until - now)
            spoken = line.speech.spoken(position) if line.speech is not None else ""
            if corrects and spoken != line.text:
                self._protocol.correct(spoken, original=line.text, event_id=line.event_id)
            if not line.is_sent and line.ends_turn:
                self._protocol.finish_turn(line.event_id)
        self.forget()
        return True

    def forget(self) -> None:
        """Say no more, and to the client nothing of it: it was interrupted by other means."""
        self._stop()
        self._lines.clear()
        self._until = self._clock()
        self._fall_silent()

    def at_silence(self, then: Callable[[], None]) -> None:
        """Call `then` when all has sounded or was interrupted; at once where there is no voice to wait for."""
        self._at_silence.append(then)
        if self._task is None:
            self._fall_silent()

    async def all_sent(self) -> None:
        """Wait until nothing is left to be sent."""
        await self._all_sent.wait()

    async def _speak(self, voice: Voice) -> None:
        """Speak one line after the other, until there is none and all has sounded that somebody waits for."""
        while True:
            waiting = next((line for line in self._lines if not line.is_sent), None)
            if waiting is not None:
                waiting.speech = await voice.speak(waiting.text, self._protocol.output_format)
                await self._send_paced(waiting, waiting.speech)
            elif self._at_silence and (left := self._until - self._clock()) > 0:
                self._all_sent.set()
                await asyncio.sleep(left)
            else:
                break
        self._task = None
        self._fall_silent()

    async def _send_paced(self, line: _Line, speech: Speech) -> None:
        begun = self._clock()
        for chunk in speech.chunks():
            ahead = line.sent - _HEAD_START - (self._clock() - begun) * _PACE
            if ahead > 0:
                await asyncio.sleep(ahead / _PACE)
            self._send(line, chunk)
            self._wake()
        self._finish(line)
        self._wake()

    def _send(self, line: _Line, chunk: Chunk) -> None:
        self._protocol.send_audio(
            chunk.audio, event_id=line.event_id, alignment=chunk.alignment, is_final=chunk.is_final
        )
        lasts = self._protocol.output_format.duration(len(chunk.audio))
        line.sent += lasts
        self._until = line.until = max(self._until, self._clock()) + lasts

    def _finish(self, line: _Line) -> None:
        line.is_sent = True
        if line.ends_turn:
            self._protocol.finish_turn(line.event_id)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _fall_silent(self) -> None:
        self._all_sent.set()
        waiting, self._at_silence = self._at_silence, []
        for then in waiting:
            then()
        self._wake()

    def _forget_heard(self) -> None:
        now = self._clock()
        while self._lines and self._lines[0].is_sent and self._lines[0].until <= now:
            self._lines.popleft()
