"""Carries one client's conversation: frames in and out, time-outs, and who speaks for the agent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from agentframework.localagent.chatter import Chatter
from agentframework.localagent.ear import Ear, HeardSound, Utterance
from agentframework.localagent.events import AgentEvent, AgentEventKind, Report
from agentframework.localagent.mouth import Mouth
from agentframework.localagent.options import AgentOptions
from agentframework.localagent.performance import Performance, UnmetError
from agentframework.localagent.script import Script
from agentframework.localagent.steps import HearStep
from agentframework.localagent.toolconfig import with_platform_tools
from agentframework.localagent.transcriber import Transcriber
from agentframework.localagent.voice import LACKING_VOICE, CommandVoice, SteadyVoice
from agentframework.protocol.agent import Accepted, AgentProtocol
from agentframework.protocol.calls import OpenCall
from agentframework.protocol.inspection import Refused, RemarkKind
from agentframework.protocol.messages import (
    EnclaveSetupConfigMessage,
    MultimodalMessage,
    QueueStatusMessage,
    UserActivityMessage,
    UserAudioChunkMessage,
    UserMessage,
)
from agentframework.protocol.messages.server import QueueStatus
from agentframework.transports.base import Transport, TransportClosedError

__all__ = ["Dialogue"]

_log = logging.getLogger("agentframework.localagent")
_MOST_WAITING = 500
_MOST_REPORTED = 100
_USER_INPUT = (UserMessage, MultimodalMessage, UserActivityMessage, UserAudioChunkMessage)


class Speaker(Protocol):
    """Who speaks for the agent: a talker or a script."""

    def begin(self) -> None:
        """The metadata is on its way."""

    def accept(self, accepted: Accepted) -> None:
        """A message of the client has come."""

    def timed_out(self, call: OpenCall) -> None:
        """A call's response time-out is over."""

    def user_began(self) -> None:
        """The user has begun to speak."""

    def user_spoke(self, utterance: Utterance) -> None:
        """The user has spoken; where words are wanted, they are in it."""


class _OverError(Exception):
    """The conversation has ended as it should."""


class Dialogue:
    """One conversation over one transport, from the client's first frame to the close.

    A client that vanishes, floods or sends garbage ends this conversation and nothing else. Runs on one loop.
    """

    def __init__(
        self,
        transport: Transport,
        options: AgentOptions,
        report: Report,
        *,
        conversation_id: str,
        script: Script | None = None,
        introduction: str = "",
        voice: CommandVoice | None = None,
        transcriber: Transcriber | None = None,
    ) -> None:
        self.protocol = AgentProtocol(
            conversation_id,
            output_format=options.output_format,
            input_format=options.input_format,
            client_events=options.client_events,
            strict=options.strict,
            text_only=options.text_only,
            metadata_first=options.metadata == "first",
        )
        self._transport = transport
        self._options = options
        self._hand_out = report
        self._script = script
        self._introduction = introduction
        self._voice = voice
        self._transcriber = transcriber
        self._mouth = self._new_mouth()
        self._ear: Ear | None = None
        self.heard = (
            HeardSound(options.input_format.rate_hz, options.keep_heard) if options.keep_heard else None
        )
        self._speaker: Speaker | None = None
        self._performance: Performance | None = None
        self._setup: Accepted | None = None
        self._reported: set[str] = set()
        self._dropping = False
        self._closed_text = ""
        self._to_send = asyncio.Event()
        self._room = asyncio.Event()
        self._rescheduled = asyncio.Event()
        self._reading = asyncio.Event()
        self._reading.set()
        self._last_input = self._last_ping = 0.0

    async def run(self) -> None:
        """Hold the conversation to its end; never raises, whatever the client does."""
        self._report(AgentEventKind.CONNECTED, self._introduction)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._read())
                tasks.create_task(self._write())
                tasks.create_task(self._keep_time())
        except* _OverError:
            pass
        except* TransportClosedError as closed:
            self._closed_text = self._closed_text or _farewell(closed.exceptions[0])
        except* Exception as failed:  # noqa: BLE001 - a bug of ours ends this conversation, not the server
            _log.exception("the local agent failed in conversation %s", self.protocol.conversation_id)
            self._report(AgentEventKind.FAILED, f"{type(failed.exceptions[0]).__name__} in the local agent")
            self._closed_text = "closed with 1011 internal error"
            await self._transport.close(1011, "internal error")
        if self._performance is not None and self._performance.unfinished is not None:
            self._report(AgentEventKind.SCRIPT_FAILED, f"{self._performance.unfinished}: the client left")
        self._report(AgentEventKind.CLOSED, self._closed_text)

    async def _read(self) -> None:
        while self.protocol.close_wanted is None:
            await self._reading.wait()
            frame = await self._transport.receive()
            read = self.protocol.receive_frame(frame, now=self.now())
            if isinstance(read, Refused):
                self._report(AgentEventKind.REFUSED, read.problem)
            else:
                self._accept(read)
            self.wake()
            # a client that asks without reading the answers is not listened to until it does
            while self.protocol.waiting > _MOST_WAITING:
                self._room.clear()
                await self._room.wait()

    async def _write(self) -> None:
        while True:
            self._to_send.clear()
            while (frame := self.protocol.next_frame()) is not None:
                await self._transport.send(frame)
                self._room.set()
            if self._dropping:
                self._closed_text = "dropped by the script"
                self._transport.abort()
                raise _OverError
            close = self.protocol.close_wanted
            if close is not None:
                self._closed_text = f"closed with {close.code} {close.reason}".strip()
                await self._transport.close(close.code, close.reason)
                raise _OverError
            await self._to_send.wait()

    async def _keep_time(self) -> None:
        while True:
            self._on_time(self.now())
            self._rescheduled.clear()
            try:
                async with asyncio.timeout_at(self._next_due()):
                    await self._rescheduled.wait()
            except TimeoutError:
                pass  # that is what was waited for

    def _on_time(self, now: float) -> None:
        protocol, options = self.protocol, self._options
        if self._speaker is None or protocol.close_wanted is not None:
            return
        for call in protocol.expire(now):
            self._speaker.timed_out(call)
        if (
            options.ping_interval is not None
            and protocol.started
            and now >= self._last_ping + options.ping_interval
        ):
            self._last_ping = now
            protocol.ping(now=now)
        if self._ear is not None:
            self._ear.on_time(now)
        if options.idle_timeout is not None and now >= self._last_input + options.idle_timeout:
            protocol.close(1002, f"no user input for {options.idle_timeout:g} s")
        oldest = protocol.oldest_ping
        if options.pong_timeout is not None and oldest is not None and now >= oldest + options.pong_timeout:
            protocol.close(1002, f"no pong within {options.pong_timeout:g} s")
        self._to_send.set()

    def _next_due(self) -> float | None:
        protocol, options = self.protocol, self._options
        if self._speaker is None or protocol.close_wanted is not None:
            return None
        due = [protocol.next_deadline, None if self._ear is None else self._ear.silent_at]
        if options.ping_interval is not None and protocol.started:
            due.append(self._last_ping + options.ping_interval)
        if options.idle_timeout is not None:
            due.append(self._last_input + options.idle_timeout)
        if options.pong_timeout is not None and protocol.oldest_ping is not None:
            due.append(protocol.oldest_ping + options.pong_timeout)
        return min((moment for moment in due if moment is not None), default=None)

    def _accept(self, accepted: Accepted) -> None:
        for remark in accepted.remarks:
            if remark.text not in self._reported and len(self._reported) < _MOST_REPORTED:
                self._reported.add(remark.text)
                self._report(AgentEventKind.REMARK, remark.text, remark.kind)
        if isinstance(accepted.message, _USER_INPUT):
            self._last_input = self.now()
        if isinstance(accepted.message, EnclaveSetupConfigMessage) and self._speaker is None:
            self._setup = accepted
            return
        if self._speaker is None:
            if isinstance(accepted.message, UserAudioChunkMessage):
                return
            self._begin()
        if self._ear is not None and accepted.audio:
            self._ear.hear(accepted.audio, self.now())
        if self._speaker is not None:
            self._speaker.accept(accepted)

    def _begin(self) -> None:
        """The client has introduced itself: send the metadata, then let the talker or the script begin."""
        self._last_input = self._last_ping = self.now()
        setup = self.protocol.enclave_setup
        try:
            self._options = with_platform_tools(self._options, (setup and setup.tools_config_list) or ())
        except ValueError as error:
            self._report(AgentEventKind.REFUSED, str(error))
            self.protocol.close(1008, str(error))
            return
        for status in self._options.queue_status:
            message = QueueStatusMessage(queue_status_event=QueueStatus(status=status))
            self.protocol.send_frame(message.to_frame())
        if self._options.metadata == "first":
            self.protocol.start()
        if self._script is not None and self._script.steps:
            self._performance = Performance(self._script, self, self._options)
            self._speaker = self._performance
            self._tasks.create_task(self._perform(self._performance))
        else:
            self._speaker = Chatter(self.protocol, self._options, self.now, self._mouth)
        if self._options.lacks_voice and not self.protocol.text_only:
            self._report_sound(f"it speaks in tones: {LACKING_VOICE}")
        if self._listens():
            self._ear = self._new_ear()
        self._speaker.begin()
        if self._setup is not None:
            self._speaker.accept(self._setup)

    async def _perform(self, performance: Performance) -> None:
        try:
            await performance.perform()
        except UnmetError as error:
            self._report(AgentEventKind.SCRIPT_FAILED, str(error))
            self.protocol.close(1008, str(error))
            self.wake()
        else:
            self._report(AgentEventKind.SCRIPT_DONE, "every step was done")

    # Sound.

    @property
    def mouth(self) -> Mouth:
        """What speaks for the agent."""
        return self._mouth

    def user_began(self) -> None:
        """The user has begun to speak: the agent falls silent where it is to."""
        # a client that wants no interruptions has none (protocol 3)
        if self._options.barge_in and "interruption" in self._options.client_events:
            self._mouth.interrupt()
            self.wake()
        if self._speaker is not None:
            self._speaker.user_began()

    def user_spoke(self, utterance: Utterance) -> None:
        """The user has spoken."""
        if self._speaker is not None:
            self._speaker.user_spoke(utterance)
            self.wake()

    def _new_mouth(self) -> Mouth:
        voice = self._voice and SteadyVoice(self._voice, self._report_sound)
        return Mouth(
            self.protocol,
            self.now,
            voice=voice,
            silent=self._options.voice == "none",
            begin=lambda coroutine: self._tasks.create_task(coroutine),
            wake=self.wake,
        )

    def _listens(self) -> bool:
        """Whether anybody wants to know when the user speaks."""
        options = self._options
        if self.protocol.text_only:
            return False
        steps = self._script.steps if self._script is not None else ()
        return (
            options.barge_in
            or self._transcriber is not None
            or "vad_score" in options.client_events
            or self.heard is not None
            or any(isinstance(step, HearStep) for step in steps)
        )

    def _new_ear(self) -> Ear:
        return Ear(
            self.protocol.input_format,
            self,
            transcriber=self._transcriber,
            heard=self.heard,
            begin=lambda coroutine: self._tasks.create_task(coroutine),
            report=self._report_sound,
            score=self.protocol.score_voice if "vad_score" in self._options.client_events else None,
        )

    def _report_sound(self, problem: str) -> None:
        if problem not in self._reported and len(self._reported) < _MOST_REPORTED:
            self._reported.add(problem)
            self._report(AgentEventKind.SOUND, problem)

    # What a performance may do.

    def now(self) -> float:
        """The seconds that the protocol counts in."""
        return asyncio.get_running_loop().time()

    def wake(self) -> None:
        """Send what is ready, and look again when the next deadline is."""
        self._to_send.set()
        self._rescheduled.set()

    def pause_reading(self, paused: bool) -> None:
        """Read nothing of what the client sends, or go on reading."""
        if paused:
            self._reading.clear()
        else:
            self._reading.set()

    def drop(self) -> None:
        """End the connection without a close frame, once what waits is sent."""
        self._dropping = True

    def hand_over(self, unread: Sequence[Accepted]) -> None:
        """Let the talker speak from here on, to what is still unread first."""
        self._speaker = Chatter(self.protocol, self._options, self.now, self._mouth)
        self._speaker.begin()
        for accepted in unread:
            self._speaker.accept(accepted)

    def _report(self, kind: AgentEventKind, text: str, remark: RemarkKind | None = None) -> None:
        event = AgentEvent(kind, text, self.protocol.conversation_id, remark)
        try:
            self._hand_out(event)
        except Exception:  # noqa: BLE001 - whoever listens must not end the conversation
            _log.exception("the receiver of the local agent's events failed")


def _farewell(closed: BaseException) -> str:
    if not isinstance(closed, TransportClosedError):
        return "ended"
    if closed.problem:
        return closed.problem
    if closed.code == 1006:
        return "the client vanished (1006)"
    return f"closed by the client with {closed.code} {closed.reason}".strip()
