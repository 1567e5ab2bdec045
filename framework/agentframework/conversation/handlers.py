"""The SDK's callback functions as one handler of events."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from agentframework.callbacks import Callbacks, DisconnectionDetails, SessionEnded
from agentframework.conversation.data import AgentChatResponsePartType, AudioEventAlignment
from agentframework.protocol import messages as m

__all__ = ["CallbackFunctions", "Functions", "callbacks_of"]

Done = Awaitable[None] | None
_Way = Literal["unused", "plain", "async"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The functions that a user gave; what they take is in design section 4."""

    agent_response: Callable[[str], Any] | None = None
    agent_response_correction: Callable[[str, str], Any] | None = None
    agent_chat_response_part: Callable[[str, AgentChatResponsePartType], Any] | None = None
    user_transcript: Callable[[str], Any] | None = None
    latency_measurement: Callable[[int], Any] | None = None
    audio_alignment: Callable[[AudioEventAlignment], Any] | None = None
    end_session: Callable[[], Any] | None = None
    disconnect: Callable[[DisconnectionDetails], Any] | None = None


class CallbackFunctions(Callbacks):
    """Calls each function with the fields that it knows; texts are stripped, as in the SDK."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def on_agent_response(self, message: m.AgentResponseMessage) -> Done:
        """The agent's text."""
        if self._functions.agent_response is None:
            return None
        return _done(self._functions.agent_response(message.agent_response_event.agent_response.strip()))

    def on_agent_response_correction(self, message: m.AgentResponseCorrectionMessage) -> Done:
        """What was really said."""
        if self._functions.agent_response_correction is None:
            return None
        event = message.agent_response_correction_event
        original, corrected = event.original_agent_response, event.corrected_agent_response
        return _done(self._functions.agent_response_correction(original.strip(), corrected.strip()))

    def on_agent_chat_response_part(self, message: m.AgentChatResponsePartMessage) -> Done:
        """A piece of streamed text."""
        if self._functions.agent_chat_response_part is None:
            return None
        part = message.text_response_part
        kinds = {kind.value: kind for kind in AgentChatResponsePartType}
        kind = kinds.get(part.type, AgentChatResponsePartType.DELTA)
        return _done(self._functions.agent_chat_response_part(part.text, kind))

    def on_user_transcript(self, message: m.UserTranscriptMessage) -> Done:
        """What the user said."""
        if self._functions.user_transcript is None:
            return None
        return _done(
            self._functions.user_transcript(message.user_transcription_event.user_transcript.strip())
        )

    def on_ping(self, message: m.PingMessage) -> Done:
        """The server's estimate of the round trip, where it has one."""
        if self._functions.latency_measurement is None or message.ping_event.ping_ms is None:
            return None
        return _done(self._functions.latency_measurement(int(message.ping_event.ping_ms)))

    def on_audio(self, message: m.AudioMessage) -> Done:
        """The alignment that came with a chunk."""
        alignment = message.audio_event.alignment
        if self._functions.audio_alignment is None or alignment is None:
            return None
        event = AudioEventAlignment(
            chars=alignment.chars,
            char_start_times_ms=alignment.char_start_times_ms,
            char_durations_ms=alignment.char_durations_ms,
        )
        return _done(self._functions.audio_alignment(event))

    def on_session_ended(self, event: SessionEnded) -> Done:
        """First the deprecated callback, then the one that is told why; the second even where the first raises."""
        try:
            if self._functions.end_session is not None:
                self._functions.end_session()
        finally:
            result = self._functions.disconnect and self._functions.disconnect(event.details)
        return _done(result)

    async def _aon_session_ended(self, event: SessionEnded) -> None:
        """The same where one of the two is a coroutine function: the other one may be plain, and may block."""
        try:
            if self._functions.end_session is not None:
                await _called(self._functions.end_session)
        finally:
            if self._functions.disconnect is not None:
                await _called(self._functions.disconnect, event.details)


_NEEDED_BY = {
    "on_agent_response": ("agent_response",),
    "on_agent_response_correction": ("agent_response_correction",),
    "on_agent_chat_response_part": ("agent_chat_response_part",),
    "on_user_transcript": ("user_transcript",),
    "on_ping": ("latency_measurement",),
    "on_audio": ("audio_alignment",),
    "on_session_ended": ("end_session", "disconnect"),
}


def callbacks_of(functions: Functions) -> Callbacks:
    """One handler of these functions: it asks for no event that none of them needs, and each method is an
    `async def` where its function is one, so that it runs on the user's loop without a detour."""
    ways: list[_Way] = []
    for names in _NEEDED_BY.values():
        given = [function for name in names if (function := getattr(functions, name)) is not None]
        if not given:
            ways.append("unused")
        else:
            ways.append("async" if any(map(inspect.iscoroutinefunction, given)) else "plain")
    return _kind(tuple(ways))(functions)


@functools.cache  # a class for each conversation would be dear, and there are few ways to choose
def _kind(ways: tuple[_Way, ...]) -> type[CallbackFunctions]:
    methods: dict[str, object] = {}
    for method, way in zip(_NEEDED_BY, ways, strict=True):
        if way == "unused":
            methods[method] = getattr(Callbacks, method)
        elif way == "async":
            methods[method] = _async_method(method)
    kind: type[CallbackFunctions] = type("CallbackFunctions", (CallbackFunctions,), methods)
    return kind


def _async_method(name: str) -> Callable[[CallbackFunctions, Any], Awaitable[None]]:
    plain = getattr(CallbackFunctions, "_aon_session_ended" if name == "on_session_ended" else name)

    async def method(self: CallbackFunctions, message: Any) -> None:
        pending = plain(self, message)
        if pending is not None:
            await pending

    method.__name__ = name  # the log says it
    return method


async def _called(function: Callable[..., Any], *args: Any) -> None:
    if inspect.iscoroutinefunction(function):
        await function(*args)
        return
    loop = asyncio.get_running_loop()
    returned: asyncio.Future[Any] = loop.create_future()

    def tell(method: Callable[[Any], None], value: Any) -> None:
        if not returned.done():
            method(value)

    def job() -> None:
        try:
            outcome = returned.set_result, function(*args)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            outcome = returned.set_exception, error
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(tell, *outcome)

    # a daemon of its own: the loop's executor is one that `asyncio.run` waits for, however long it takes
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(job,), name="agentframework-callback", daemon=True).start()
    await returned


def _done(result: Any) -> Done:
    """What the function returned counts only where it is to be awaited."""
    return result if isinstance(result, Awaitable) else None
