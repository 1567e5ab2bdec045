"""One conversation: its start, its connections one after another, its handlers and sound, and its one end."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from agentframework.approval import Approver
from agentframework.audio.base import AudioBackend
from agentframework.audio.echo import EchoControl
from agentframework.audit import AuditLog
from agentframework.callbacks import (
    Callbacks,
    DisconnectionDetails,
    Event,
    MessageSent,
    Reconnected,
    Reconnecting,
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
from agentframework.policy import Gate
from agentframework.protocol.client import ClientProtocol, Received, Verdict
from agentframework.protocol.messages import (
    ApplicationMessage,
    ContextualUpdateMessage,
    ConversationInitiationMetadataMessage,
    MultimodalMessage,
    UserMessage,
)
from agentframework.protocol.messages.misfit import make_message
from agentframework.session.approving import Approving
from agentframework.session.backlog import Backlog
from agentframework.session.connection import Connection
from agentframework.session.delivery import Delivery
from agentframework.session.ending import (
    LEAST_TIMEOUT,
    Ending,
    counts_of,
    gave_up,
    start_error,
    time_for_the_rest,
    what_was_counted,
)
from agentframework.session.reconnecting import is_worth_another_try
from agentframework.session.scope import Scope
from agentframework.session.settings import SessionSettings
from agentframework.session.sound import Sound
from agentframework.session.worlds import UserLoop, Worlds
from agentframework.tools.registry import ToolRegistry
from agentframework.transports.base import Transport

__all__ = ["OwnedBackend", "OwnedHandler", "Session"]

_log = logging.getLogger("agentframework.session")
_HANDLERS_TIMEOUT = 1.0
_LOOP_CHECK = 1.0
_MOST_PROTOCOLS = 8  # late results of older connections are not counted any more


@dataclass(frozen=True, slots=True)
class OwnedHandler:
    """A handler together with the name under which its faults are reported."""

    owner: str
    callbacks: Callbacks


@dataclass(frozen=True, slots=True)
class OwnedBackend:
    """An audio backend together with the name under which its faults are reported, and how it is to be used."""

    owner: str
    backend: AudioBackend
    echo: EchoControl | None = None
    muted: bool = False


class Session:
    """A conversation from `start` to its one end. Making one starts nothing.

    `connect` opens a transport; it is awaited on the wire, once, and again for each attempt to reconnect. `start`,
    `end` and `send` may be called from any thread and return at once; `started` and `ended` are futures that any
    thread may wait for.
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
        approver: Approver | None = None,
        audit: AuditLog | None = None,
    ) -> None:
        self.started: Future[str] = Future()
        self.ended: Future[DisconnectionDetails] = Future()
        self.settings = settings or SessionSettings()
        self.conversation_id: str | None = None
        self._connect = connect
        self._tools = tools
        self._handlers = tuple(handlers)
        self._worlds = worlds or Worlds()
        self._user_loop = user_loop
        self._approver = approver
        self._audit = audit
        self._user: UserLoop
        self._scope: Scope
        self._state: Literal["new", "connect", "live", "reconnect", "ending", "ended"] = "new"
        self._deliveries: tuple[Delivery, ...] = ()
        self.sound: Sound | None = None
        if audio is not None:
            pool = self._worlds.handlers
            self.sound = Sound(audio.backend, audio.owner, pool, self, echo=audio.echo, muted=audio.muted)
        self._formats: tuple[AudioFormat, AudioFormat] | None = None
        self._backlog = Backlog()
        self._end_wanted = False
        self._gave_up = False
        self._ending_since: float | None = None
        self._wire: Mailbox | None = None
        self._connection: Connection | None = None
        self._protocols: list[ClientProtocol] = []
        self._old_counts: Counter[str] = Counter()
        self._attempt = 0
        self._stop: asyncio.Future[Ending]
        self._task: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None

    # From any thread

    def start(self, *, user_loop: Mailbox | None = None) -> Future[str]:
        """Open the conversation; the future gives its id when the agent's metadata has come, or a `StartError`.

        Handlers and tools see the context variables of the caller. `user_loop` is where coroutines of the user run,
        where it was not given before. Raises `SessionError` where it was started before: a session is one
        conversation.
        """
        if self._state != "new":
            raise SessionError("a conversation starts once; make a new one for the next")
        self._state = "connect"
        self._user_loop = user_loop or self._user_loop
        self._user = UserLoop(self._user_loop)
        self._scope = self._make_scope(contextvars.copy_context())
        pool = self._worlds.handlers
        self._deliveries = tuple(
            Delivery(one.callbacks, one.owner, pool, self._user) for one in self._handlers
        )
        if self._deliveries or self.sound is not None:
            pool.prepare()  # for a goodbye at the exit of the process
        try:
            if any(delivery.is_async for delivery in self._deliveries):
                self._user.mailbox()
            self._wire = self._worlds.wire.acquire()
        except RuntimeError as error:  # the system gives no thread
            self._user.release()
            details = DisconnectionDetails("error", message=f"no thread for it: {error}", phase="connect")
            self._state = "ended"
            self._resolve(Ending(details, error))
            return self.started
        self._wire.post(self._launch)
        if self._end_wanted:  # by another thread, before there was a wire to say it on
            self.post(self._end_by_user)
        return self.started

    def _make_scope(self, variables: contextvars.Context) -> Scope:
        worlds, session_id = self._worlds, secrets.token_hex(8)
        return Scope(
            session_id=session_id,
            share=worlds.tools.share(f"session {session_id}"),
            places=worlds.places.session(self.settings.max_running),
            worker_of=worlds.worker,
            user=self._user,
            variables=variables,
            gate=Gate(self.settings.policy, session_id),
            approving=Approving(self._approver, worlds.approvers, self._user, variables, self.post),
            audit=self._audit,
        )

    @property
    def begun(self) -> bool:
        """Whether `start` was called."""
        return self._state != "new"

    @property
    def protocol(self) -> ClientProtocol:
        """That of the connection that is, or was, the last. Raises `SessionError` before there is one."""
        if not self._protocols:
            raise SessionError("there is no connection yet")
        return self._protocols[-1]

    def end(self) -> None:
        """End it from our side: "user". Idempotent, and nothing before the start; does not wait."""
        if self._state != "new":
            self._end_wanted = True
            self.post(self._end_by_user)

    def drain(self, timeout: float, message: str | None = None) -> None:
        """End it from our side when the tool calls that run are answered, after `timeout` seconds at the latest.

        No call begins any more: one that comes is answered as shut down. `message` says why, in the details of the
        end. Idempotent; does not wait.
        """
        if self._state != "new" and self._wire is None:
            self._end_wanted = True
        self.post(self._drain, timeout, message)

    def send(self, message: ApplicationMessage) -> None:
        """Send a message after those before; while the session reconnects it waits for the new connection.

        Raises `SessionEndedError` before the start and after the end.
        """
        if not self._takes_messages:
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

    @property
    def _takes_messages(self) -> bool:
        if self._connection is None or self._state in ("ending", "ended"):
            return False
        return self._connection.state in ("start", "live") or self._may_reconnect

    @property
    def _may_reconnect(self) -> bool:
        return self.settings.reconnect is not None and self._formats is not None

    # On the wire

    def emit(self, event: Event) -> None:
        """Bring an event to every handler that wants it."""
        for delivery in self._deliveries:
            delivery.put(event)

    def wants(self, name: str) -> bool:
        """Whether any handler wants the events of this name."""
        return any(delivery.wants(name) for delivery in self._deliveries)

    def flush(self) -> None:
        """Something is ready to be sent; a burst of answers goes out in one write."""
        if self._connection is not None and self._wire is not None:
            self._wire.defer(self._connection.flush)

    def send_audio(self, audio: bytes) -> bool:
        """Send a block of the microphone, where somebody is there to hear it."""
        if self._connection is None or self._connection.state != "live":
            return False
        self._connection.protocol.send_audio(audio)
        self._connection.flush()
        return True

    def tell(self, text: str) -> None:
        """Let the agent know something that a tool has to say."""
        self._send(make_message(ContextualUpdateMessage, text=text))

    def follow(self, received: Received) -> None:
        """Act on a message of the connection that is no tool call."""
        if received.verdict is Verdict.STARTED:
            assert isinstance(received.message, ConversationInitiationMetadataMessage)
            self._begin_live(received.message)
        elif self.sound is not None:
            self.sound.follow(received)

    def _launch(self) -> None:
        loop = asyncio.get_running_loop()
        self._stop = loop.create_future()
        self._task = loop.create_task(self._run())
        if self._user_loop is not None:
            loop.call_later(_LOOP_CHECK, self._check_user_loop, self._user_loop)

    def _check_user_loop(self, mailbox: Mailbox) -> None:
        """A loop of the program's own may be closed under us; nothing of the session could run any more."""
        if self._state in ("ending", "ended"):
            return
        if mailbox.loop.is_closed():
            _log.warning("the program's event loop is closed; the conversation ends")
            self._end_by_user("the program's event loop was closed")
        else:
            asyncio.get_running_loop().call_later(_LOOP_CHECK, self._check_user_loop, mailbox)

    def _end_by_user(self, message: str | None = None) -> None:
        phase: Literal["connect", "start", "live"] = "connect"
        if self._connection is not None:
            phase = "live" if self._protocols[1:] else self._connection.phase
        ending = Ending(DisconnectionDetails("user", message=message, phase=phase))
        if self._state != "ended":
            self._state = "ending"
        if not self._stop.done():
            self._stop.set_result(ending)
            self._ending_since = asyncio.get_running_loop().time()
        if self._connection is not None:
            self._connection.finish(ending)

    def _drain(self, timeout: float, message: str | None) -> None:
        connection = self._connection
        if connection is None or connection.state != "live":
            self._end_by_user(message)
        elif not self._stop.done():
            ending = Ending(DisconnectionDetails("user", message=message))
            self._stop.set_result(ending)  # a connection that is lost meanwhile is not made again
            connection.drain(ending, timeout)

    def _send(self, message: ApplicationMessage) -> None:
        connection = self._connection
        if connection is None or self._state == "ended":
            return
        is_open = connection.state in ("start", "live")
        if self._state == "reconnect" or (not is_open and self._may_reconnect):
            self._backlog.keep(message)
        elif connection.protocol.send(message):
            self.emit(MessageSent(message))
            if isinstance(message, UserMessage | MultimodalMessage):
                connection.user_spoke()
            connection.flush()
        elif is_open:
            _log.warning("the agent's side does not read; a %s was not sent", message.type)

    async def _run(self) -> None:
        try:
            ending = await self._connect_once()
            while (delay := self._delay_before_next(ending)) is not None:
                await self._wait_between(ending, delay)
                ending = self._stop.result() if self._stop.done() else await self._connect_once()
            never_live = self._connection is not None and self._connection.live_since is None
            await self._close(gave_up(ending, self._attempt if self._gave_up or never_live else 0))
        except Exception as error:  # noqa: BLE001 - a bug of ours ends this session alone, and aloud
            _log.exception("the conversation failed")
            problem = f"the conversation failed because of an internal error: {type(error).__name__}"
            phase = "connect" if self._connection is None else self._connection.phase
            await self._scope.lifespans.close(LEAST_TIMEOUT)
            self._resolve(Ending(DisconnectionDetails("error", message=problem, phase=phase), error))
        finally:
            self._conclude()

    async def _connect_once(self) -> Ending:
        connection = Connection(self._connect, self._tools, self.settings, self._scope, self)
        self._connection = connection
        self._protocols.append(connection.protocol)
        if len(self._protocols) > _MOST_PROTOCOLS:
            self._old_counts += counts_of(self._protocols.pop(0))
        if self._stop.done():
            connection.finish(self._stop.result())
        return await connection.run()

    def _delay_before_next(self, ending: Ending) -> float | None:
        """What to wait before the next attempt; None where the session is to end with this ending."""
        policy, connection = self.settings.reconnect, self._connection
        assert connection is not None
        if policy is None or not self._may_reconnect or self._stop.done() or not is_worth_another_try(ending):
            return None
        since = connection.live_since
        if since is not None and asyncio.get_running_loop().time() - since >= policy.stable_after:
            self._attempt = 0
        if self._attempt >= policy.attempts:
            self._gave_up = True
            return None
        self._attempt += 1
        return policy.delay(self._attempt, random.random())  # noqa: S311 - spreads load, guards nothing

    async def _wait_between(self, ending: Ending, delay: float) -> None:
        self._state = "reconnect"
        _log.info("the connection is lost; attempt %d to make another in %.1f s", self._attempt, delay)
        self.emit(Reconnecting(self._attempt, delay, ending.details))
        await asyncio.wait([self._stop], timeout=delay)

    def _begin_live(self, message: ConversationInitiationMetadataMessage) -> None:
        assert self._connection is not None
        event = message.conversation_initiation_metadata_event
        try:
            input_format = AudioFormat.parse(event.user_input_audio_format)
            output_format = AudioFormat.parse(event.agent_output_audio_format)
        except FormatError as error:
            self._connection.fail(f"the agent wants an audio format that is not known here: {error}")
            return
        formats = (input_format, output_format)
        previous, self.conversation_id = self.conversation_id, event.conversation_id
        if self._formats is None:
            self._formats = formats
            self._connection.go_live()
            self._state = "live"
            self.emit(SessionStarted(event.conversation_id, input_format, output_format))
            if self.sound is not None:
                self.sound.start(input_format, output_format)
            self.started.set_result(event.conversation_id)
        elif self.sound is not None and formats != self._formats:
            self._connection.fail("the agent's audio formats are others than before the connection was lost")
        else:
            self._connection.go_live()
            self._go_on(event.conversation_id, previous or "")

    def _go_on(self, conversation_id: str, previous: str) -> None:
        """Live again: the handlers may tell the new agent what was, then what waited follows."""
        _log.info("connected again as conversation %s", conversation_id)
        if self.sound is not None:
            self.sound.begin_anew()
        self.emit(Reconnected(conversation_id, previous, self._attempt, self._reseed))
        connection = self._connection
        self._sending = asyncio.create_task(self._send_pending(connection))

    def _reseed(self, text: str) -> None:
        """From the thread of a handler: told to the new agent before anything that waits."""
        message = make_message(ContextualUpdateMessage, text=text)
        if not self._takes_messages:
            raise SessionEndedError(f"a {message.type}", "has ended")
        self.post(self._send_seed, message)

    def _send_seed(self, message: ApplicationMessage) -> None:
        if self._state == "reconnect":
            self._backlog.seed(message)
        else:
            self._send(message)

    async def _send_pending(self, connection: Connection | None) -> None:
        await self._wait_for_handlers()
        if self._connection is not connection or connection is None or connection.state != "live":
            return
        self._state = "live"
        for message in self._backlog.take():
            self._send(message)

    async def _close(self, ending: Ending) -> None:
        self._state = "ended"
        self._backlog.give_up()
        stopped: list[asyncio.Future[None]] = []
        if self.sound is not None and self._formats is not None:
            stopped.append(asyncio.get_running_loop().create_future())
            self.sound.stop(partial(self.post, stopped[0].set_result, None))
        said = what_was_counted(self._counts(), self.sound, self._deliveries)
        _log.info("conversation %s is over: %s", self.conversation_id or "without id", said)
        self.emit(SessionEnded(self.conversation_id, ending.details))
        closing_since = None if self._connection is None else self._connection.closing_since
        time_left = time_for_the_rest(asyncio.get_running_loop().time(), closing_since, self._ending_since)
        closing = asyncio.get_running_loop().create_task(self._scope.lifespans.close(0.9 * time_left))
        await self._wait_for_handlers(*stopped, closing, timeout=time_left)
        self._resolve(ending)

    def _counts(self) -> Counter[str]:
        return sum((counts_of(protocol) for protocol in self._protocols), self._old_counts)

    async def _wait_for_handlers(
        self, *others: asyncio.Future[None], timeout: float = _HANDLERS_TIMEOUT
    ) -> None:
        """Until they have dealt with what they were given; for one that hangs, no longer than `timeout`."""
        loop = asyncio.get_running_loop()
        finished: list[asyncio.Future[None]] = [loop.create_future() for _ in self._deliveries]
        for delivery, future in zip(self._deliveries, finished, strict=True):
            delivery.finish(partial(self.post, future.set_result, None))
        if finished or others:
            await asyncio.wait([*finished, *others], timeout=timeout)

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
            phase = "connect" if self._connection is None else self._connection.phase
            details = DisconnectionDetails("error", message="the process is ending", phase=phase)
            self._resolve(Ending(details))
