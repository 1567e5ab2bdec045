"""Performs a script in one conversation: does its steps in order, and says which expectation was not met."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from agentframework.localagent.ear import Utterance
from agentframework.localagent.mouth import Mouth
from agentframework.localagent.options import AgentOptions
from agentframework.localagent.script import Script
from agentframework.localagent.steps import (
    AudioStep,
    CallStep,
    CloseStep,
    CorrectStep,
    DropStep,
    ExpectResultStep,
    ExpectStep,
    HearStep,
    InterruptStep,
    PingStep,
    SayStep,
    SendRawStep,
    SendStep,
    StallStep,
    Step,
    TalkStep,
    TranscriptStep,
)
from agentframework.localagent.tone import tone
from agentframework.protocol.agent import Accepted, AgentProtocol
from agentframework.protocol.calls import OpenCall
from agentframework.protocol.messages import (
    ClientMessage,
    ClientToolResultMessage,
    MultimodalMessage,
    UserMessage,
)

__all__ = ["Performance", "Stage", "UnmetError"]

_MOST_UNREAD = 1000
_MOST_UTTERANCES = 20


class UnmetError(Exception):
    """The client did not do what the script expects; the text says what was expected."""


class Stage(Protocol):
    """What a performance needs of the conversation that it plays in."""

    @property
    def protocol(self) -> AgentProtocol:
        """The agent's side of the conversation."""

    @property
    def mouth(self) -> Mouth:
        """What speaks in it."""

    def wake(self) -> None:
        """Send what is ready."""

    def now(self) -> float:
        """The seconds that the protocol counts in."""

    def pause_reading(self, paused: bool) -> None:
        """Read nothing of what the client sends, or go on reading."""

    def drop(self) -> None:
        """End the connection without a close frame."""

    def hand_over(self, unread: Sequence[Accepted]) -> None:
        """Let the talker speak from here on, to what is still unread first."""


class Performance:
    """One conversation's run through a script, on the loop of its stage.

    `unfinished` names the step that waits or works, and is None before the first step and after the last.
    """

    def __init__(self, script: Script, stage: Stage, options: AgentOptions) -> None:
        self.unfinished: str | None = None
        self._script = script
        self._stage = stage
        self._protocol = stage.protocol
        self._options = options
        # what no step expects, such as a stream of audio, must not push out what one does
        self._expected = {step.expect for step in script.steps if isinstance(step, ExpectStep)}
        if any(isinstance(step, TalkStep) for step in script.steps):
            self._expected |= {"user_message", "multimodal_message"}
        self._unread: deque[Accepted] = deque(maxlen=_MOST_UNREAD)
        self._heard: deque[Utterance | None] = deque(maxlen=2 * _MOST_UTTERANCES)
        self._arrived = asyncio.Event()
        self._last_result = ""
        self._last_heard = ""

    def begin(self) -> None:
        """Nothing yet: the steps are performed by `perform`."""

    def accept(self, accepted: Accepted) -> None:
        """Keep a message for the step that expects it; of too many the oldest is lost."""
        if accepted.message.type in self._expected or isinstance(accepted.message, ClientToolResultMessage):
            self._unread.append(accepted)
            self._arrived.set()

    def timed_out(self, call: OpenCall) -> None:
        """Nothing: a step that expects the result has its own limit."""

    def user_began(self) -> None:
        """Keep it for the step that waits for it."""
        self._heard.append(None)
        self._arrived.set()

    def user_spoke(self, utterance: Utterance) -> None:
        """Keep it for the step that waits for it."""
        self._heard.append(utterance)
        self._arrived.set()

    async def perform(self) -> None:
        """Perform every step; at the end of a script that ends otherwise the agent closes with 1000.

        Raises `UnmetError` at the first expectation that is not met.
        """
        for number, step in enumerate(self._script.steps, start=1):
            self.unfinished = f"step {number} ({_action(step)})"
            try:
                await self._do(step)
            except UnmetError as error:
                place, self.unfinished = self.unfinished, None
                raise UnmetError(f"{place}: {error}") from None
            if number == 1 and self._options.metadata == "late":
                self._protocol.start()
            self._stage.wake()
        self.unfinished = None
        if not isinstance(self._script.steps[-1], DropStep | TalkStep):
            self._protocol.close(1000, "end of script")
        self._stage.wake()

    async def _do(self, step: Step) -> None:
        match step:
            case ExpectStep():
                await self._expect(step)
            case ExpectResultStep():
                await self._expect_result(step)
            case HearStep():
                await self._hear(step)
            case SayStep():
                await self._say(step)
            case StallStep():
                await self._stall(step)
            case DropStep():
                self._stage.drop()
            case TalkStep():
                self._stage.hand_over(tuple(self._unread))
            case _:
                self._send(step)

    def _send(self, step: Step) -> None:
        protocol = self._protocol
        match step:
            case CallStep():
                self._call(step)
            case TranscriptStep():
                protocol.transcribe(self._filled(step.transcript))
            case InterruptStep():
                protocol.interrupt(None if step.interrupt is True else step.interrupt)
                self._stage.mouth.forget()
            case CorrectStep():
                protocol.correct(step.correct, original=step.original, event_id=step.event_id)
            case AudioStep():
                self._play(step)
            case PingStep():
                protocol.ping(now=self._stage.now(), ping_ms=step.ping_ms)
            case SendStep():
                protocol.send_frame(json.dumps(step.send))
            case SendRawStep():
                protocol.send_frame(step.send_raw)
            case CloseStep():
                protocol.close(step.close, step.reason)

    async def _say(self, step: SayStep) -> None:
        self._stage.mouth.say(self._filled(step.say), aloud=step.aloud)
        self._stage.wake()
        await self._stage.mouth.all_sent()

    def _filled(self, text: str) -> str:
        return text.replace("{result}", self._last_result).replace("{heard}", self._last_heard)

    def _call(self, step: CallStep) -> None:
        handling = self._options.handling_of(step.call)
        timeout = handling.timeout if step.timeout is None else None if step.timeout < 0 else step.timeout
        expects: bool | None = handling.expects_response
        if step.expects_response is not None:
            expects = None if step.expects_response == "absent" else bool(step.expects_response)
        made = self._protocol.call_tool(
            step.call,
            step.arguments,
            now=self._stage.now(),
            timeout=timeout,
            tool_call_id=step.id,
            expects_response=expects,
            error_handling=handling.error_handling,
        )
        if step.duplicate:
            self._protocol.send(made.message())

    def _play(self, step: AudioStep) -> None:
        audio_format = self._protocol.output_format
        audio = tone(step.audio, audio_format)
        event_id = self._protocol.next_event_id() if step.event_id is None else step.event_id
        size = audio_format.size_bytes(step.chunk)
        for start in range(0, max(len(audio), 1), size):
            chunk = audio[start : start + size]
            self._protocol.send_audio(chunk, event_id=event_id, is_final=start + size >= len(audio))

    async def _stall(self, step: StallStep) -> None:
        if not step.reads:
            self._stage.pause_reading(True)
        await asyncio.sleep(step.stall)
        self._stage.pause_reading(False)

    async def _expect(self, step: ExpectStep) -> None:
        wanted = f"a {step.expect}"
        message = await self._next(lambda message: message.type == step.expect, wanted, step.within)
        fields = message.model_dump()
        for name, value in step.fields.items():
            if _field(fields, name) != value:
                raise UnmetError(f"expected {wanted} with {name} = {json.dumps(value)}")
        for name, pattern in step.matches.items():
            text = _field(fields, name)
            if not isinstance(text, str) or not re.search(pattern, text):
                raise UnmetError(f"expected {wanted} with {name} matching {pattern!r}")
        self._last_heard = _heard(message) or self._last_heard

    async def _hear(self, step: HearStep) -> None:
        doing = "begin to speak" if step.hear == "begin" else f"speak for {step.seconds:g} s at least"
        self._stage.wake()
        try:
            async with asyncio.timeout(step.within):
                while (found := self._next_heard(step)) is False:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise UnmetError(f"expected the user to {doing} within {step.within:g} s") from None
        if isinstance(found, Utterance):
            self._last_heard = found.text or ""
            if step.matches is not None and not re.search(step.matches, self._last_heard):
                why = "" if found.text is not None else "; no command that transcribes was given"
                raise UnmetError(f"expected the user to say something matching {step.matches!r}{why}")

    def _next_heard(self, step: HearStep) -> Utterance | bool:
        """The oldest thing heard that the step waits for, True for a beginning; False where there is none yet."""
        while self._heard:
            heard = self._heard.popleft()
            if heard is None and step.hear == "begin":
                return True
            if heard is not None and step.hear == "end" and heard.voiced >= step.seconds:
                return heard
        return False

    async def _expect_result(self, step: ExpectResultStep) -> None:
        tool_call_id = None if step.expect_result is True else step.expect_result
        wanted = "a result" if tool_call_id is None else f"the result of {tool_call_id}"

        def is_it(message: ClientMessage) -> bool:
            return isinstance(message, ClientToolResultMessage) and tool_call_id in (
                None,
                message.tool_call_id,
            )

        message = await self._next(is_it, wanted, step.within)
        assert isinstance(message, ClientToolResultMessage)
        self._last_result = message.result
        if step.text is not None and message.result != step.text:
            raise UnmetError(f"expected {wanted} with the text {step.text!r}")
        if step.matches is not None and not re.search(step.matches, message.result):
            raise UnmetError(f"expected {wanted} matching {step.matches!r}")
        if step.is_error is not None and message.is_error != step.is_error:
            raise UnmetError(f"expected {wanted} with is_error = {json.dumps(step.is_error)}")

    async def _next(
        self, is_wanted: Callable[[ClientMessage], bool], wanted: str, within: float
    ) -> ClientMessage:
        """The oldest unread message of that kind, waited for where there is none yet."""
        self._stage.wake()
        try:
            async with asyncio.timeout(within):
                while True:
                    for accepted in self._unread:
                        if is_wanted(accepted.message):
                            self._unread.remove(accepted)
                            return accepted.message
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise UnmetError(f"expected {wanted} within {within:g} s") from None


def _action(step: Step) -> str:
    return next(iter(type(step).model_fields))


def _field(fields: dict[str, Any], path: str) -> object:
    here: object = fields
    for part in path.split("."):
        if not isinstance(here, dict) or part not in here:
            return None
        here = here[part]
    return here


def _heard(message: ClientMessage) -> str | None:
    if isinstance(message, MultimodalMessage):
        return message.text.text if message.text is not None else None
    return message.text if isinstance(message, UserMessage) else None
