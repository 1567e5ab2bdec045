"""The sound of one session: the agent's speech to the backend, the microphone's to the wire."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from agentframework.audio.base import AudioBackend, PushBackend
from agentframework.audio.echo import EchoControl
from agentframework.audio.line import AudioLine
from agentframework.callbacks import AudioStalled, Event
from agentframework.formats import AudioFormat
from agentframework.protocol.client import Received, Verdict
from agentframework.protocol.messages import AgentResponseMessage, AudioMessage
from agentframework.protocol.messages.server import AudioEvent
from agentframework.session.backendlane import BackendLane
from agentframework.session.devicewatch import DeviceWatch
from agentframework.session.speech import Speech
from agentframework.workers.threads import ThreadPool

__all__ = ["Sound", "SoundOwner"]

_log = logging.getLogger("agentframework.audio")
_SPEECH_EVENTS = ("on_agent_started_speaking", "on_agent_stopped_speaking", "on_answer_played")


class SoundOwner(Protocol):
    """What the sound needs of its session."""

    def post(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the wire; from any thread."""

    def emit(self, event: Event) -> None:
        """Bring an event to the handlers; on the wire."""

    def wants(self, name: str) -> bool:
        """Whether any handler has a method of this name, or one for every event."""

    def send_audio(self, audio: bytes) -> bool:
        """Send a block of the microphone; False where there is nobody to hear it. On the wire."""


class Sound:
    """Made with its session, with the wire's methods `start`, `follow` and `stop`, which return at once.

    `mute` and `unmute` are for any thread. Interrupting empties the line here and now, whatever the backend is doing.
    """

    def __init__(
        self,
        backend: AudioBackend,
        owner: str,
        pool: ThreadPool,
        session: SoundOwner,
        *,
        echo: EchoControl | None = None,
        muted: bool = False,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._lane = BackendLane(backend, owner, pool, self.counts)
        self._pushes = isinstance(backend, PushBackend)
        self._session = session
        self._echo = echo
        self._muted = muted
        self._line: AudioLine | None = None
        self._speech: Speech | None = None
        self._watch: DeviceWatch | None = None
        self._stopped = False

    @property
    def muted(self) -> bool:
        """Whether nothing is sent of what the microphone hears."""
        return self._muted if self._line is None else self._line.muted

    def mute(self) -> None:
        """Send nothing of what is said from now on."""
        self._muted = True
        if self._line is not None:
            self._line.mute()

    def unmute(self) -> None:
        """Send what is said from now on, and nothing that was said before."""
        self._muted = False
        if self._line is not None:
            self._line.unmute()

    def start(self, input_format: AudioFormat, output_format: AudioFormat) -> None:
        """Open the devices, soon."""
        session = self._session
        try:
            line = self._make_line(input_format, output_format)
        except Exception as error:  # noqa: BLE001 - an echo control may be the program's own
            _log.error("the echo control failed and is left out: %s", type(error).__name__, exc_info=error)
            self._echo = None
            line = self._make_line(input_format, output_format)
        self._line = line
        if self._muted != line.muted:  # by another thread, in between
            (line.mute if self._muted else line.unmute)()
        if self._pushes:
            line.end_playback()
        else:
            self._watch = DeviceWatch(
                line, self._lane, session.emit, session.post, self._lost, asyncio.get_running_loop()
            )
        if any(session.wants(name) for name in _SPEECH_EVENTS):
            self._speech = Speech(line, session.emit, asyncio.get_running_loop())
        self._lane.open(line, lambda problem: session.post(partial(self._opened, problem)))

    def _make_line(self, input_format: AudioFormat, output_format: AudioFormat) -> AudioLine:
        post = self._session.post
        return AudioLine(
            input_format,
            output_format,
            on_captured=partial(post, self._forward),
            on_fault=lambda device, problem: post(partial(self._fault, device, problem)),
            echo=self._echo,
            muted=self._muted,
            counts=self.counts,
        )

    def begin_anew(self) -> None:
        """There is a new connection after one was lost."""
        if self._speech is not None:
            self._speech.begin_anew()

    def follow(self, received: Received) -> None:
        """Play what the agent says; be silent at once where the user has interrupted it."""
        line, speech, message = self._line, self._speech, received.message
        if line is None or self._stopped:
            return
        if isinstance(message, AudioMessage) and received.verdict is Verdict.AUDIO:
            self._play(line, message.audio_event, received.audio)
        elif received.verdict is Verdict.INTERRUPTION:
            heard = line.clear()
            self._lane.interrupt()
            if speech is not None:
                speech.interrupt(heard)
        elif speech is not None and isinstance(message, AgentResponseMessage):
            speech.note_response(message.agent_response_event.event_id)

    def _play(self, line: AudioLine, event: AudioEvent, audio: bytes) -> None:
        if self._pushes and audio:
            self._lane.play(audio)
        if self._pushes and self._speech is None and self._echo is None:
            return  # nobody asks what has sounded
        begins = line.put(audio, is_final=event.is_final is True)
        if self._speech is None:
            return
        if line.is_lost:
            self._speech.miss(event, len(audio) // line.output_format.sample_size_bytes)
        else:
            self._speech.add(event, begins, line.received)

    def stop(self, done: Callable[[], None]) -> None:
        """Close the devices, soon, then call `done`; what is captured from now on is thrown away."""
        self._stopped = True
        if self._watch is not None:
            self._watch.stop()
        if self._line is not None:
            heard = self._line.clear()
            self._line.mute()
            self._line.take_captured()
            if self._speech is not None:
                self._speech.end(heard)
        self._lane.close(done)

    def _opened(self, problem: str | None) -> None:
        line = self._line
        if self._stopped or line is None:
            return
        if self._watch is not None:
            self._watch.opened(problem)
        elif problem is not None:  # the program's own, which may give sound or not as it likes
            self._session.emit(AudioStalled("both", problem))
        if problem is None and line.hear_each_other and self._echo is None:
            _log.warning(
                "the microphone (%s) is likely to hear the speaker (%s), and the agent itself: "
                'use headphones, or set [audio] echo = "half_duplex"',
                line.microphone,
                line.speaker,
            )

    def _fault(self, device: str, problem: str) -> None:
        if self._watch is not None and not self._stopped:
            self._watch.fault("speaker" if device == "speaker" else "microphone", problem)

    def _lost(self) -> None:
        if self._line is not None and self._speech is not None:
            self._speech.interrupt(self._line.clear())

    def _forward(self) -> None:
        if self._line is None or self._stopped:
            return
        for block in self._line.take_captured():
            if not self._session.send_audio(block):
                self.counts["dropped_blocks"] += 1  # what was said to nobody is not said to the next agent
