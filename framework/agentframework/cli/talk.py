"""Holds one conversation: lines in, events out, and a graceful end however it comes."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from agentframework.callbacks import Callbacks, DisconnectionDetails, Event, SessionStarted, method_name
from agentframework.cli.asking import Question, Questions, TerminalApprover
from agentframework.cli.interrupts import Interrupts
from agentframework.cli.lines import LineSource
from agentframework.cli.screen import Heading, Screen
from agentframework.cli.streams import silence_stdout
from agentframework.cli.turn import PATIENCE, Turn
from agentframework.cli.view import View
from agentframework.errors import SessionEndedError

__all__ = ["Relay", "RunningConversation", "Talk"]

FAREWELLS: Final = frozenset({"bye", "goodbye", "quit", "exit"})
"""What, typed alone, ends the conversation."""

_MICROPHONE: Final = frozenset({"/mute", "/unmute", ""})
"""What, typed alone, is for the microphone and not for the agent; an empty line switches it."""

_LINGER: Final = 2.0
"""Seconds that the agent has to end the conversation itself, after it has answered a farewell."""

_FAREWELL_PATIENCE: Final = 8.0
_TERMINATED: Final = "the conversation was ended by SIGTERM"
_SLOW_END: Final = 0.7
_UNSEEN: Final = frozenset({"audio", "audio_alignment", "vad_score", "ping"})


class RunningConversation(Protocol):
    """What is needed of a conversation (`agentframework.app.Running`)."""

    def start(self) -> str: ...
    @property
    def muted(self) -> bool: ...
    def mute(self) -> None: ...
    def unmute(self) -> None: ...
    def send_user_message(self, text: str) -> None: ...
    def end(self) -> None: ...
    def drain(self, message: str) -> None: ...
    def wait(self, timeout: float | None = None) -> DisconnectionDetails | None: ...


class Relay(Callbacks):
    """Brings every event that can be shown from the handlers' thread to whoever listens."""

    def __init__(self) -> None:
        self.listener: Callable[[Event], None] = lambda event: None

    def on_event(self, event: Event) -> None:
        if event.type not in _UNSEEN:
            self.listener(event)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str | None


@dataclass(frozen=True, slots=True)
class _Started:
    pass


@dataclass(frozen=True, slots=True)
class _Logged:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class _Over:
    details: DisconnectionDetails | None
    error: BaseException | None


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Question
    is_open: bool


class _Sign(Enum):
    STOP = "stop"
    DRAIN = "drain"
    SLOW = "slow"


_Item = _Line | _Logged | _Started | _Over | _Asked | _Sign | Event


class Talk:
    """One conversation from its start to its end. Everything but `stop` runs on the loop that runs `hold`.

    With `waits_for_turns` a line is sent when the agent's turn is over, and the end of the input is an end of
    the conversation only then: that is for pipes. Otherwise a line is sent when it is there, and the end of the
    input ends the conversation at once. What `approver` is asked is shown, and the next line is its answer.
    `has_microphone` makes "/mute" and "/unmute" words for the microphone; with `push_to_talk` an empty line is its
    switch.
    """

    def __init__(
        self,
        conversation: RunningConversation,
        relay: Relay,
        lines: LineSource,
        screen: Screen,
        view: View,
        heading: Heading,
        waits_for_turns: bool,
        *,
        approver: TerminalApprover | None = None,
        has_microphone: bool = False,
        push_to_talk: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._has_microphone = has_microphone
        self._push_to_talk = push_to_talk
        self._approver = approver
        self._questions = Questions(screen.warning, lines.ask, clock)
        self._conversation = conversation
        self._relay = relay
        self._lines = lines
        self._screen = screen
        self._view = view
        self._heading = heading
        self._waits = waits_for_turns
        self._clock = clock
        self._turn = Turn(clock())
        self._live = self._ending = self._draining = False
        self._held: _Line | None = None
        self._said_bye_at: float | None = None
        self._over: _Over | None = None
        self._unwritable: OSError | None = None
        self._interrupts = Interrupts(self.stop, self.drain, before_leaving=lines.abandon)
        self._inbox: asyncio.Queue[_Item]
        self._loop: asyncio.AbstractEventLoop

    @property
    def was_farewell(self) -> bool:
        """Whether a farewell was the user's last word."""
        return self._said_bye_at is not None

    def stop(self) -> None:
        """End it gracefully. From any thread, and from a signal handler, while `hold` runs."""
        self._post(_Sign.STOP)

    def drain(self) -> None:
        """End it when the tool calls that run have their answers. From any thread, as `stop`."""
        self._post(_Sign.DRAIN)

    def tell(self, level: int, text: str) -> None:
        """Show a line of the log in its place. From any thread, while `hold` runs."""
        self._post(_Logged(level, text))

    async def hold(self) -> DisconnectionDetails:
        """Start the conversation and hold it to its end; returns how it ended. For the main thread: it takes
        Ctrl-C and SIGTERM meanwhile, and the second of them ends the process.

        Raises what hindered the start. Where nothing can be shown any more the conversation ends, and OSError is
        raised unless it is because the reader has left.
        """
        self._inbox = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._relay.listener = self._post
        if self._approver is not None:
            self._approver.withdraw = lambda question: self._post(_Asked(question, False))
            self._approver.ask = lambda question: self._post(_Asked(question, True))
        with self._interrupts.caught():
            threading.Thread(target=self._supervise, name="agentframework-run", daemon=True).start()
            try:
                over = await self._follow()
            finally:
                self._lines.stop()
                await self._lines.stopped()
        if over.error is not None and not self._ending:
            raise over.error
        if self._unwritable is not None and not isinstance(self._unwritable, BrokenPipeError):
            raise self._unwritable
        return over.details or DisconnectionDetails("user")

    async def _follow(self) -> _Over:
        """Take one thing after another until it is over and everything has been shown."""
        try:
            while self._over is None or not self._inbox.empty():
                try:
                    await self._step()
                except OSError as error:
                    silence_stdout()
                    self._unwritable = error
                    self._end()
        except BaseException:
            self._conversation.end()
            self._conversation.wait(_LINGER)
            raise
        return self._over

    def _supervise(self) -> None:
        """On a thread of its own: what blocks."""
        try:
            self._conversation.start()
            self._post(_Started())
            self._post(_Over(self._conversation.wait(), None))
        except BaseException as error:  # noqa: BLE001 - whoever holds the conversation decides what to say
            self._post(_Over(None, error))

    def _post(self, item: _Item) -> None:
        try:
            self._loop.call_soon_threadsafe(self._inbox.put_nowait, item)
        except RuntimeError:
            return  # the loop is closed: the conversation was left behind

    async def _step(self) -> None:
        """Take what comes next, or do what is due."""
        if not self._inbox.empty():  # also where something is due: what has come may change that
            self._take(self._inbox.get_nowait())
            return
        due = self._due_at()
        if due <= self._clock():
            self._do_what_is_due()
            return
        try:
            timeout = None if due == math.inf else due - self._clock()
            self._take(await asyncio.wait_for(self._inbox.get(), timeout))
        except TimeoutError:
            return  # what is due now is done in the next step

    def _take(self, item: _Item) -> None:
        match item:
            case _Started():
                self._begin()
            case _Over():
                self._over = item
            case _Sign.STOP:
                self._end()
            case _Sign.DRAIN:
                self._end(_TERMINATED)
            case _Sign.SLOW:
                self._screen.note(f"{self._what_is_slow}; {self._interrupts.key_to_leave} leaves at once")
            case _Line():
                self._take_line(item)
            case _Asked(question, is_open):
                (self._questions.ask if is_open else self._questions.withdraw)(question)
            case _Logged(level, text) if level >= logging.ERROR:
                self._screen.error(text)
            case _Logged():
                self._screen.warning(item.text)
            case SessionStarted():
                self._turn = Turn(self._clock())
                self._screen.opened(self._heading)
                if self._has_microphone and self._conversation.muted:
                    key = '"/unmute"' if self._waits else "Enter on an empty line"
                    self._screen.note(f"the microphone is off; {key} switches it on")
                self._view.on_session_started(item)
            case _:
                self._turn.hear(item, self._clock())
                getattr(self._view, method_name(item))(item)

    @property
    def _what_is_slow(self) -> str:
        if self._draining:
            return "the conversation ends when the tools that run have finished"
        return "the conversation is ending"

    def _begin(self) -> None:
        if self._ending:
            self._conversation.end()  # what was said before there was anything to end may not have been heard
        else:
            self._live = True
            self._lines.start(lambda text: self._post(_Line(text)), self._interrupts.interrupt)

    def _take_line(self, line: _Line) -> None:
        if self._waits:
            self._held = line
        elif line.text is None:
            self._end()
        elif self._questions.take(line.text) or self._steers_microphone(line.text):
            self._lines.more()
        else:
            self._send(line.text)

    def _due_at(self) -> float:
        """When something is to be done if nothing happens before; infinity where nothing is."""
        if self._ending or not self._live:
            return math.inf
        if self._said_bye_at is not None:
            answered_at = min(self._turn.answered_at, self._said_bye_at + _FAREWELL_PATIENCE)
            return answered_at + _LINGER
        return self._turn.over_at() if self._held is not None else math.inf

    def _do_what_is_due(self) -> None:
        line, self._held = self._held, None
        if self._said_bye_at is not None:
            self._end()
        elif line is not None:
            if self._turn.is_owed:
                self._screen.warning(
                    f"the agent has said nothing for {PATIENCE:g} s; going on without an answer"
                )
            if line.text is None:
                self._end()
            elif self._steers_microphone(line.text):
                self._lines.more()
            else:
                self._send(line.text)

    def _steers_microphone(self, text: str) -> bool:
        """Whether a line was meant for the microphone, which is then switched."""
        if not text and not self._push_to_talk:
            return True  # meant as the answer to a question that is gone: it is for nobody
        if not self._has_microphone or text not in _MICROPHONE:
            return False
        off = text == "/mute" or (not text and not self._conversation.muted)
        (self._conversation.mute if off else self._conversation.unmute)()
        self._screen.note("the microphone is off" if off else "the microphone is on")
        return True

    def _send(self, text: str) -> None:
        now = self._clock()
        self._view.user_typed(text)
        try:
            self._conversation.send_user_message(text)
        except SessionEndedError:
            return  # its end is on its way to us
        self._turn.user_spoke(now)
        self._said_bye_at = now if text.strip(" .!").lower() in FAREWELLS else None
        if self._said_bye_at is None or not self._waits:
            self._lines.more()

    def _end(self, when_drained: str = "") -> None:
        """End it, once; with a reason, when it is drained."""
        if not self._ending:
            self._ending = True
            self._lines.stop()
            if when_drained:
                self._draining = True
                self._conversation.drain(when_drained)
            else:
                self._conversation.end()
            self._loop.call_later(_SLOW_END, self._post, _Sign.SLOW)
