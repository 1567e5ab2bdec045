"""One conversation on the wire: opened, read, written, ended; its tools, handlers and sound hang on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from agentframework.audio.base import AudioBackend
from agentframework.callbacks import (
    Callbacks,
    DisconnectionDetails,
    Event,
    MessageSent,
    SessionEnded,
    SessionStarted,
)
from agentframework.errors import (
    AgentFrameworkError,
    FormatError,
    SessionEndedError,
    SessionError,
)
from agentframework.formats import AudioFormat
from agentframework.loopthread import Mailbox
from agentframework.protocol.client import ClientProtocol, Received, Verdict
from agentframework.protocol.ledger import Outcome
from agentframework.protocol.messages import (
    ApplicationMessage,
    ClientToolCall,
    ClientToolCallMessage,
    MalformedFrame,
)
from agentframework.session.calls import ToolCalls
from agentframework.session.delivery import Delivery
from agentframework.session.ending import Ending, start_error, what_was_counted
from agentframework.session.hints import close_hint, refusal_hint
from agentframework.session.settings import SessionSettings
from agentframework.session.sound import Sound
from agentframework.session.worlds import UserLoop, Worlds
from agentframework.tools.registry import ToolRegistry
from agentframework.transports.base import Transport, TransportClosedError, TransportRefusedError

__all__ = ["OwnedBackend", "OwnedHandler", "Session"]

_log = logging.getLogger("agentframework.session")
_HANDLERS_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class OwnedHandler:
    """A handler together with the name under which its faults are reported."""

    owner: str
    callbacks: Callbacks


@dataclass(frozen=True, slots=True)
class OwnedBackend:
    """An audio backend together with the name under which its faults are reported."""

    owner: str
    backend: AudioBackend


class Session:
    """A conversation from `start` to its one end. Making one starts nothing.

    `connect` opens the transport; it is awaited on the wire. `start`, `end` and `send` may be called from any
    thread and return at once; `started` and `ended` are futures that any thread may wait for.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Transport]],
        *,
        tools: ToolRegistry,
        handlers: Sequence[OwnedHandler] = (),
        audio: OwnedBackend | None = None,
        settings: SessionSettings | None = None,
        worlds: Worlds | None = None,
        user_loop: Mailbox | None = None,
    ) -> None:
        self.started: Future[str] = Future()
        self.ended: Future[DisconnectionDetails] = Future()
        self.settings = settings or SessionSettings()
        self.protocol = ClientProtocol(
            self.settings.initiation,
            enclave_setup=self.settings.enclave_setup,
            max_open_calls=self.settings.max_open_calls,
            answers=self.settings.answers,
        )
        worlds = worlds or Worlds()
        self._worlds = worlds
        self._user = UserLoop(user_loop)
        self._connect = connect
        self._state: Literal["new", "connect", "start", "live", "ending", "ended"] = "new"
        self._calls = ToolCalls(self.protocol, tools, self.settings, worlds.tools, self._user, self)
        self._deliveries = [
            Delivery(handler.callbacks, handler.owner, worlds.handlers, self._user) for handler in handlers
        ]
        self._sound: Sound | None = None
        if audio is not None:
            self._sound = Sound(audio.backend, audio.owner, worlds.handlers, self.post, self._send_audio)
        self._wire: Mailbox | None = None
        self._transport: Transport | None = None
        self._ready: asyncio.Event
        self._ending: asyncio.Future[Ending]
        self._task: asyncio.Task[None] | None = None

    # From any thread

    def start(self) -> Future[str]:
        """Open the conversation; the future gives its id when the agent's metadata has come, or a `StartError`.

        Raises `SessionError` where it was started before: a session is one conversation.
        """
        if self._state != "new":
            raise SessionError("a conversation starts once; make a new one for the next")
        self._state = "connect"
        self._wire = self._worlds.wire.acquire()
        self._wire.post(self._launch)
        return self.started

    @property
    def begun(self) -> bool:
        """Whether `start` was called."""
        return self._state != "new"

    def end(self) -> None:
        """End it from our side: "user". Idempotent, and nothing before the start; does not wait."""
        self.post(self._finish_with, Ending(DisconnectionDetails("user", phase=self._phase)))

    def send(self, message: ApplicationMessage) -> None:
        """Send a message after those before. Raises `SessionEndedError` before the start and after the end."""
        if self._state not in ("start", "live"):
            said = "has not started" if self._state in ("new", "connect") else "has ended"
            raise SessionEndedError(f"a {message.type}", said)
        self.post(self._send, message)

    def post(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the wire; does nothing where the wire is gone."""
        if self._wire is None:
            return
        try:
            self._wire.post(function, *args)
        except RuntimeError:
            _log.debug("the wire is gone; %s is not called", function)

    # On the wire

    def emit(self, event: Event) -> None:
        """Bring an event to every handler that wants it."""
        for delivery in self._deliveries:
            delivery.put(event)

    def flush(self) -> None:
        """Something is ready to be sent."""
        self._ready.set()

    def _send_audio(self, audio: bytes) -> None:
        self.protocol.send_audio(audio)
        self._ready.set()

    @property
    def _phase(self) -> Literal["connect", "start", "live"]:
        return self._state if self._state in ("start", "live") else "connect"

    def _launch(self) -> None:
        loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._ending = loop.create_future()
        self._task = loop.create_task(self._run())

    def _send(self, message: ApplicationMessage) -> None:
        if self.protocol.send(message):
            self.emit(MessageSent(message))
            self._ready.set()
        elif self._state == "live":
            _log.warning("the agent's side does not read; a %s was not sent", message.type)

    def _finish_with(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    async def _run(self) -> None:
        opening = asyncio.create_task(self._open())
        timer = asyncio.get_running_loop().call_later(self.settings.connect_timeout, self._start_timed_out)
        workers: list[asyncio.Task[None]] = [opening]
        try:
            awaited: list[asyncio.Future[Any]] = [opening, self._ending]
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if not self._ending.done():
                workers += [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
            ending = await self._ending
            timer.cancel()
            await self._close(ending, workers)
        finally:
            self._conclude()

    async def _open(self) -> None:
        try:
            self._transport = await self._connect()
            self._state = "start"
        except TransportRefusedError as error:
            self._fail(str(error), error, hint=refusal_hint(error.status))
        except AgentFrameworkError as error:
            self._fail(str(error), error)
        except Exception as error:  # noqa: BLE001 - whatever hinders the start is told to whoever started
            _log.exception("the conversation could not be opened")
            self._fail(f"the conversation could not be opened: {type(error).__name__}", error)

    def _fail(self, problem: str, error: BaseException | None = None, *, hint: str = "") -> None:
        details = DisconnectionDetails("error", message=problem, phase=self._phase, hint=hint)
        self._finish_with(Ending(details, error))

    def _start_timed_out(self) -> None:
        if self._state == "live":
            return
        seconds = self.settings.connect_timeout
        waited = "no connection" if self._state == "connect" else "the agent's side said nothing"
        self._finish_with(
            Ending(DisconnectionDetails("error", message=f"{waited} within {seconds:g} s", phase=self._phase))
        )

    async def _read(self) -> None:
        assert self._transport is not None
        try:
            while True:
                received = self.protocol.receive_frame(await self._transport.receive())
                self._act(received)
                self._ready.set()
        except TransportClosedError as error:
            self._finish_with(Ending(self._closed_details(error), error))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours ends this session alone, and aloud
            _log.exception("reading failed")
            self._fail(f"reading failed: {type(error).__name__}", error)

    async def _write(self) -> None:
        assert self._transport is not None
        try:
            while True:
                frame = self.protocol.next_frame()
                if frame is None:
                    self._ready.clear()
                    await self._ready.wait()
                else:
                    await self._transport.send(frame)
        except TransportClosedError:
            return  # the reader learns it too, with the frames that came before
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours ends this session alone, and aloud
            _log.exception("writing failed")
            self._fail(f"writing failed: {type(error).__name__}", error)

    def _closed_details(self, error: TransportClosedError) -> DisconnectionDetails:
        reason: Literal["agent", "error"] = "agent" if error.code == 1000 else "error"
        hint = close_hint(error.code, error.reason)
        return DisconnectionDetails(
            reason, error.code, error.reason, error.problem or None, phase=self._phase, hint=hint
        )

    def _act(self, received: Received) -> None:
        self.emit(received.message)
        if isinstance(received.message, ClientToolCallMessage):
            self._take_call(received.message.client_tool_call, received.verdict)
        elif self._state != "ending":  # then nothing begins any more: no sound, and no conversation
            self._follow(received)

    def _take_call(self, call: ClientToolCall, verdict: Verdict) -> None:
        if verdict is Verdict.DUPLICATE_CALL:
            _log.warning("a tool call came twice; it runs and is answered once")
        elif self._state == "ending":
            self._calls.refuse(call, Outcome.SHUTDOWN)
        elif verdict is Verdict.BUSY_CALL:
            self._calls.refuse(call, Outcome.BUSY)
        else:
            self._calls.begin(call)

    def _follow(self, received: Received) -> None:
        message = received.message
        match received.verdict:
            case Verdict.AUDIO:
                if self._sound is not None and received.audio:
                    self._sound.play(received.audio)
            case Verdict.INTERRUPTION:
                if self._sound is not None:
                    self._sound.interrupt()
            case Verdict.STARTED:
                self._begin_live()
            case Verdict.MALFORMED:
                assert isinstance(message, MalformedFrame)
                _log.warning("a frame was not understood: %s", message.problem)
            case Verdict.UNKNOWN:
                _log.info("a message of a type that is not known: %s", message.type[:64])

    def _begin_live(self) -> None:
        assert self.protocol.metadata is not None
        event = self.protocol.metadata.conversation_initiation_metadata_event
        try:
            input_format = AudioFormat.parse(event.user_input_audio_format)
            output_format = AudioFormat.parse(event.agent_output_audio_format)
        except FormatError as error:
            self._fail(f"the agent wants an audio format that is not known here: {error}")
            return
        self._state = "live"
        self.emit(SessionStarted(event.conversation_id, input_format, output_format))
        if self._sound is not None:
            self._sound.start(input_format, output_format)
        self.started.set_result(event.conversation_id)

    async def _close(self, ending: Ending, workers: list[asyncio.Task[None]]) -> None:
        was_live, self._state = self._state == "live", "ending"
        goodbye_said = ending.details.reason == "user" and self._transport is not None
        if goodbye_said:
            self._calls.end_all()
            await self._say_goodbye()
        self._state = "ended"
        self.protocol.end()
        self._calls.end_all()
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if not goodbye_said:
            await self._hang_up()
        if self._sound is not None and was_live:
            self._sound.stop()
        said = what_was_counted(self.protocol, self._sound, self._deliveries)
        _log.info("conversation %s is over: %s", self.protocol.conversation_id or "without id", said)
        self.emit(SessionEnded(self.protocol.conversation_id, ending.details))
        await self._wait_for_handlers()
        self._resolve(ending)

    async def _say_goodbye(self) -> None:
        """Let what is queued go out, then close; all within `close_timeout`."""
        transport = self._transport
        assert transport is not None
        try:
            async with asyncio.timeout(self.settings.close_timeout):
                while (frame := self.protocol.next_frame()) is not None:
                    await transport.send(frame)
                await transport.close()
        except (TimeoutError, TransportClosedError):
            _log.info("the agent's side did not take part in the goodbye")
            transport.abort()

    async def _hang_up(self) -> None:
        """Close what may still be open: after the other side's close, a failure, or an end while we connected."""
        transport = self._transport
        if transport is None:
            return
        try:
            async with asyncio.timeout(self.settings.close_timeout):
                await transport.close()
        except TimeoutError:
            _log.info("the agent's side did not answer the close")
            transport.abort()

    async def _wait_for_handlers(self) -> None:
        """The handlers learn of the end before `ended` is told; one that hangs is waited for a second."""
        loop = asyncio.get_running_loop()
        finished: list[asyncio.Future[None]] = [loop.create_future() for _ in self._deliveries]
        for delivery, future in zip(self._deliveries, finished, strict=True):
            delivery.finish(partial(self.post, future.set_result, None))
        if finished:
            await asyncio.wait(finished, timeout=_HANDLERS_TIMEOUT)

    def _resolve(self, ending: Ending) -> None:
        details = ending.details
        if not self.started.done():
            error = ending.error if isinstance(ending.error, AgentFrameworkError) else start_error(details)
            if error is not ending.error:
                error.__cause__ = ending.error
            self.started.set_exception(error)
        self.ended.set_result(details)

    def _conclude(self) -> None:
        self._state = "ended"
        self._user.release()
        self._worlds.wire.release()
        if not self.ended.done():
            details = DisconnectionDetails("error", message="the process is ending", phase=self._phase)
            self._resolve(Ending(details))
