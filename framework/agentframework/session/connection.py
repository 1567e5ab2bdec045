"""One connection of a session, from its opening to its close, with the protocol and the calls that end with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal, Protocol

from agentframework.callbacks import DisconnectionDetails
from agentframework.errors import AgentFrameworkError
from agentframework.protocol.client import ClientProtocol, Received, Verdict
from agentframework.protocol.ledger import Outcome
from agentframework.protocol.messages import (
    AgentToolRequestMessage,
    ClientToolCall,
    ClientToolCallMessage,
    InterruptionMessage,
    MalformedFrame,
    QueueStatusMessage,
    TentativeUserTranscriptMessage,
    UserTranscriptMessage,
)
from agentframework.session.answering import Way
from agentframework.session.calls import ToolCalls
from agentframework.session.ending import Ending
from agentframework.session.hints import close_hint, refusal_hint
from agentframework.session.scope import Scope
from agentframework.session.settings import SessionSettings
from agentframework.tools.registry import ToolRegistry
from agentframework.transports.base import Transport, TransportClosedError, TransportRefusedError

__all__ = ["Connection", "Owner"]

_log = logging.getLogger("agentframework.session")
_REFUSING = frozenset({1002, 1008, 3000})
_SETTLING = 1.0
_MOST_COMPLAINTS = 20
_AT_ONCE = 32 * 1024  # characters in one write, so that a pong does not come behind more


class Owner(Way, Protocol):
    """What a connection needs of its session; all of it on the wire."""

    def follow(self, received: Received) -> None:
        """Act on a message that is no tool call: the metadata, sound, an interruption."""


class Connection:
    """A socket and what must not outlive it. Lives on the wire; a session that reconnects makes one after another.

    `state` goes from "connect" (no socket yet) over "start" (no metadata yet) to "live", "ending" and "ended".
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Transport]],
        tools: ToolRegistry,
        settings: SessionSettings,
        scope: Scope,
        owner: Owner,
    ) -> None:
        self.state: Literal["connect", "start", "live", "ending", "ended"] = "connect"
        self.live_since: float | None = None
        self.closing_since: float | None = None
        self.protocol = ClientProtocol(
            settings.initiation,
            enclave_setup=settings.enclave_setup,
            max_open_calls=settings.max_open_calls,
            answers=settings.answers,
        )
        self._calls = ToolCalls(self.protocol, tools, settings, scope, owner)
        self._tools = tools
        self._connect = connect
        self._settings = settings
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._writer_waits = False
        self._ending: asyncio.Future[Ending] = self._loop.create_future()
        self._draining = False
        self._transport: Transport | None = None
        self._was_open = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def phase(self) -> Literal["connect", "start", "live"]:
        """How far it has come, in the words of `DisconnectionDetails`."""
        if self.live_since is not None:
            return "live"
        return "start" if self._was_open else "connect"

    async def run(self) -> Ending:
        """Open it, read and write until it ends, and close it; how it ended."""
        opening = asyncio.create_task(self._open())
        self._start_timer()
        workers: list[asyncio.Task[None]] = [opening]
        awaited: list[asyncio.Future[Any]] = [opening, self._ending]
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if not self._ending.done():
            workers += [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        ending = await self._ending
        self._stop_timer()
        await self._close(ending, workers)
        self._transport = None  # a conversation that a program keeps does not keep its socket's buffers
        return ending

    def finish(self, ending: Ending) -> None:
        """End it; the first ending of several counts."""
        if not self._ending.done():
            self._ending.set_result(ending)

    def drain(self, ending: Ending, timeout: float) -> None:
        """Begin no call any more, and end when those that run are answered, after `timeout` at the latest."""
        self._draining = True
        self._timer = self._loop.call_later(timeout, self.finish, ending)
        self._calls.when_idle(partial(self.finish, ending))

    def user_spoke(self) -> None:
        """The user has typed something."""
        self._calls.user_spoke()

    def fail(self, problem: str, error: BaseException | None = None, *, hint: str = "") -> None:
        """End it because of a problem."""
        details = DisconnectionDetails("error", message=problem, phase=self.phase, hint=hint)
        self.finish(Ending(details, error))

    def go_live(self) -> None:
        """The session has accepted the metadata."""
        self._stop_timer()
        self.state = "live"
        self.live_since = self._loop.time()

    def flush(self) -> None:
        """Something may be ready to be sent: it goes at once, or by the writer where one has to wait for the peer."""
        transport = self._transport
        if transport is None or not self._writer_waits:
            self._ready.set()
            return
        while transport.is_free:
            frames, size = [], 0
            while size < _AT_ONCE and (frame := self.protocol.next_frame()) is not None:
                frames.append(frame)
                size += len(frame)
            if frames:
                transport.send_now(frames)
            if size < _AT_ONCE:
                return
        self._writer_waits = False
        self._ready.set()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(self._settings.connect_timeout, self._start_timed_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _start_timed_out(self) -> None:
        seconds = self._settings.connect_timeout
        waited = "no connection" if self.state == "connect" else "the agent's side said nothing"
        details = DisconnectionDetails("error", message=f"{waited} within {seconds:g} s", phase=self.phase)
        self.finish(Ending(details, timed_out=True))

    async def _open(self) -> None:
        try:
            self._transport = await self._connect()
            self._was_open = True
            self.state = "start"
        except TransportRefusedError as error:
            self.fail(str(error), error, hint=refusal_hint(error.status))
        except AgentFrameworkError as error:
            self.fail(str(error), error)
        except Exception as error:  # noqa: BLE001 - whatever hinders the start is told to whoever started
            _log.exception("the conversation could not be opened")
            self.fail(f"the conversation could not be opened: {type(error).__name__}", error)

    async def _read(self) -> None:
        transport = self._transport
        assert transport is not None
        transport.listen(self._take_fenced)
        try:
            while True:
                self._take(await transport.receive())
        except TransportClosedError as error:
            self.finish(Ending(self._closed_details(error), error))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours ends this session alone, and aloud
            self._reading_failed(error)
        finally:
            transport.listen(None)

    def _take(self, frame: str | bytes) -> None:
        received = self.protocol.receive_frame(frame)
        self.flush()  # a pong goes before anything else is begun
        self._act(received)

    def _take_fenced(self, frame: str) -> None:
        """The same for a frame that the transport gives by itself: nothing may escape into it."""
        try:
            self._take(frame)
        except Exception as error:  # noqa: BLE001 - a bug of ours ends this session alone, and aloud
            if self._transport is not None:
                self._transport.listen(None)
            self._reading_failed(error)

    def _reading_failed(self, error: Exception) -> None:
        _log.exception("reading failed")
        self.fail(f"reading failed: {type(error).__name__}", error)

    async def _write(self) -> None:
        assert self._transport is not None
        try:
            while True:
                frame = self.protocol.next_frame()
                if frame is None:
                    self._ready.clear()
                    self._writer_waits = True
                    await self._ready.wait()
                    self._writer_waits = False
                else:
                    await self._transport.send(frame)
        except TransportClosedError:
            return  # the reader learns it too, with the frames that came before
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours ends this session alone, and aloud
            _log.exception("writing failed")
            self.fail(f"writing failed: {type(error).__name__}", error)

    def _closed_details(self, error: TransportClosedError) -> DisconnectionDetails:
        reason: Literal["agent", "error"] = "agent" if error.code == 1000 else "error"
        hint = close_hint(error.code, error.reason)
        phase = "start" if self._was_refused_after_all(error) else self.phase
        return DisconnectionDetails(
            reason, error.code, error.reason, error.problem or None, phase=phase, hint=hint
        )

    def _was_refused_after_all(self, error: TransportClosedError) -> bool:
        """An override or a variable may be refused just after the metadata (protocol 1.6)."""
        if self.live_since is None or error.code not in _REFUSING:
            return False
        return self._loop.time() - error.age - self.live_since <= _SETTLING

    def _act(self, received: Received) -> None:
        message = received.message
        if isinstance(message, ClientToolCallMessage):
            self._owner.emit(self._shown(message))
            self._take_call(message.client_tool_call, received.verdict)
            return
        self._owner.emit(message)
        match message:
            case AgentToolRequestMessage():
                self._calls.note(message.agent_tool_request)
            case InterruptionMessage():
                self._calls.interrupt()
            case UserTranscriptMessage() | TentativeUserTranscriptMessage():
                self._calls.user_spoke()
            case QueueStatusMessage() if self.state == "start":
                self._start_timer()  # a queue may take longer than a start: each word of it begins the time anew
            case MalformedFrame():
                self._say_malformed(message)
            case _ if received.verdict is Verdict.UNKNOWN:
                _log.info("a message of a type that is not known: %s", message.type[:64])
        if self.state != "ending":  # then nothing begins any more: no sound, and no conversation
            self._owner.follow(received)

    def _shown(self, message: ClientToolCallMessage) -> ClientToolCallMessage:
        """The message without what its tool has marked as sensitive: handlers may keep what they are given."""
        call = message.client_tool_call
        tool = self._tools.get(call.tool_name)
        shown = call.parameters if tool is None else tool.masked(call.parameters)
        if shown is call.parameters:
            return message
        return message.model_copy(update={"client_tool_call": call.model_copy(update={"parameters": shown})})

    def _say_malformed(self, frame: MalformedFrame) -> None:
        """The first few; a side that sends nothing else must not fill the log as well."""
        number = self.protocol.counts[Verdict.MALFORMED]
        if number <= _MOST_COMPLAINTS:
            _log.warning("a frame was not understood: %s", frame.problem)
        if number == _MOST_COMPLAINTS:
            _log.warning("further frames that are not understood are only counted")

    def _take_call(self, call: ClientToolCall, verdict: Verdict) -> None:
        if verdict is Verdict.DUPLICATE_CALL:
            _log.warning("a tool call came twice; it runs and is answered once")
        elif self.state in ("ending", "ended") or self._draining:
            self._calls.refuse(call, Outcome.SHUTDOWN)
        elif verdict is Verdict.BUSY_CALL:
            self._calls.refuse(call, Outcome.BUSY)
        else:
            self._calls.begin(call)

    async def _close(self, ending: Ending, workers: list[asyncio.Task[None]]) -> None:
        self.state = "ending"
        self.closing_since = self._loop.time()
        outcome = Outcome.CONNECTION_LOST if ending.lost_connection else Outcome.SHUTDOWN
        goodbye_said = ending.details.reason == "user" and self._transport is not None
        if goodbye_said:
            self._calls.end_all(outcome)
            await self._say_goodbye()
        self.state = "ended"
        self.protocol.end()
        self._calls.end_all(outcome)
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if not goodbye_said:
            await self._hang_up()

    async def _say_goodbye(self) -> None:
        """Let what is queued go out, then close; all within `close_timeout`."""
        transport = self._transport
        assert transport is not None
        try:
            async with asyncio.timeout(self._settings.close_timeout):
                while (frame := self.protocol.next_frame()) is not None:
                    await transport.send(frame)
                self.protocol.end()  # a call that comes now is recorded, for its answer would come after the close
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
            async with asyncio.timeout(self._settings.close_timeout):
                await transport.close()
        except TimeoutError:
            _log.info("the agent's side did not answer the close")
            transport.abort()
