"""A real WebSocket server that speaks the agent's side of the protocol, for demos, tests and other clients."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Self
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from agentframework.formats import AudioFormat
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.dialogue import Dialogue
from agentframework.localagent.door import (
    CONVERSATION_PATH,
    conversation_id_in,
    introduction,
    random_conversation_id,
    reply_to,
)
from agentframework.localagent.ear import HeardSound
from agentframework.localagent.events import AgentEvent, Report
from agentframework.localagent.options import AgentOptions, ToolHandling
from agentframework.localagent.script import Script
from agentframework.localagent.transcriber import Transcriber
from agentframework.localagent.voice import CommandVoice, VoiceChoice, chosen_voice, natural_format
from agentframework.protocol.agent import DEFAULT_CLIENT_EVENTS
from agentframework.protocol.calls import ErrorHandling
from agentframework.transports.base import TransportClosedError
from agentframework.transports.websocket import ReticentLogger, WebSocketTransport

__all__ = ["CONVERSATION_PATH", "LocalAgent"]

_log = logging.getLogger("agentframework.localagent")
# what a client sends instead of a handshake is its own affair, and would be logged there with a traceback
_handshake_log = ReticentLogger(
    logging.getLogger("agentframework.localagent.handshake"), least=logging.CRITICAL
)

_METADATA = '"conversation_initiation_metadata"'
_SUBPROTOCOL = Subprotocol("convai")
_LARGEST_FRAME_BYTES = 16 * 1024 * 1024
_STOP_TIMEOUT = 1.5
_CLOSE_TIMEOUT = 1.0
_READING_TIMEOUT = 0.25
_MOST_HEARD = 20


class LocalAgent:
    """An agent without a model: `async with LocalAgent(tools=...) as agent:` and connect to `agent.url`.

    Each connection is a conversation of its own, with its own talker or its own run through `script`, whose
    settings count more than these. Times are seconds.

    - `tools`: what the talker can call; a script's and an on-prem client's `tools_config_list` come to them.
    - `handling`: how single tools are called; others expect a response within `tool_timeout` (None: for ever).
    - `strict`: refuse what is otherwise only reported; see `protocol.inspection.RemarkKind`.
    - `tool_error_handling_mode`: what the talker is told of a failed tool (protocol 4.5); "auto" hides the text.
    - `text_only`: the agent's setting, which the client may override (protocol 4.7).
    - `ping_interval`: of the protocol's own pings, 0 for none.
    - `client_events`: the messages that are sent (protocol 3).
    - `on_event`: is given each `AgentEvent`, on the server's loop; without it they are logged.
    - `new_conversation_id`: gives the ids, for tests.
    - `voice`: "tone", "auto" (espeak-ng where that is installed), "none" (text alone), or the words of a command that
      turns text into sound; see `CommandVoice`.
    - `transcribe`: the words of a command that turns the user's speech into words; see `Transcriber`.
    - `barge_in`: whether the agent stops when the user begins to speak; unless said, where a
      voice other than these two words, or a command that transcribes, was asked for.
    - `keep_heard`: so many seconds of what each conversation hears are kept in `heard`, for tests.

    Everything runs on the loop on which `start` was awaited; nothing is started before.
    """

    def __init__(
        self,
        tools: Sequence[ToolDeclaration] = (),
        *,
        script: Script | None = None,
        handling: Mapping[str, ToolHandling] | None = None,
        strict: bool = False,
        tool_error_handling_mode: ErrorHandling = "auto",
        tool_timeout: float | None = 20.0,
        text_only: bool = False,
        output_format: AudioFormat | None = None,
        input_format: AudioFormat | None = None,
        ping_interval: float = 2.0,
        client_events: Collection[str] = DEFAULT_CLIENT_EVENTS,
        host: str = "127.0.0.1",
        port: int = 0,
        on_event: Report | None = None,
        new_conversation_id: Callable[[], str] | None = None,
        voice: VoiceChoice = "tone",
        transcribe: Sequence[str] = (),
        barge_in: bool | None = None,
        keep_heard: float = 0.0,
    ) -> None:
        chosen = chosen_voice(voice)
        is_spoken_with = voice not in ("tone", "none") or bool(transcribe)
        options = AgentOptions(
            tools=tuple(tools),
            default_handling=ToolHandling(timeout=tool_timeout, error_handling=tool_error_handling_mode),
            handling=dict(handling or {}),
            strict=strict,
            text_only=text_only,
            output_format=output_format or natural_format(chosen),
            input_format=input_format or AudioFormat(),
            client_events=frozenset(client_events),
            ping_interval=ping_interval or None,
            voice=chosen,
            lacks_voice=voice == "auto" and chosen == "tone",
            transcribe=tuple(transcribe),
            barge_in=is_spoken_with if barge_in is None else barge_in,
            keep_heard=keep_heard,
        )
        self.heard: dict[str, HeardSound] = {}
        self._voice: CommandVoice | None = None
        self._transcriber: Transcriber | None = None
        self._script = script
        self._options = options if script is None else script.options(options)
        self._host = host
        self._port = port
        self._on_event = on_event or _log_event
        self._new_conversation_id = new_conversation_id or random_conversation_id
        self._server: Server | None = None
        self._open: set[ServerConnection] = set()

    @property
    def url(self) -> str:
        """Where it listens, `ws://HOST:PORT`. Raises RuntimeError while it does not."""
        if self._server is None:
            raise RuntimeError("the local agent does not listen; await start() first")
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"

    @property
    def conversations(self) -> int:
        """How many conversations are held now."""
        return len(self._open)

    async def start(self) -> str:
        """Listen, and give the `url`. Raises OSError where the port is taken or the host is not ours."""
        if self._server is None:
            options = self._options
            self._voice = None if isinstance(options.voice, str) else CommandVoice(options.voice)
            self._transcriber = Transcriber(options.transcribe) if options.transcribe else None
            self._server = await serve(
                self._hold_conversation,
                self._host,
                self._port,
                process_request=_answer_other_requests,
                select_subprotocol=_select_subprotocol,
                create_connection=_Connection,
                compression=None,
                max_size=_LARGEST_FRAME_BYTES,
                open_timeout=10,
                # a client that stands in a debugger answers no ping, and its conversation should go on
                ping_timeout=None,
                close_timeout=_CLOSE_TIMEOUT,
                server_header="agentframework-local-agent",
                logger=_handshake_log,
            )
        return self.url

    async def stop(self) -> None:
        """Close every conversation with 1001, then cut what does not leave; takes two seconds at most."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT):
                await server.wait_closed()
        except TimeoutError:
            _Connection.abort_all(server)
            await server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _hold_conversation(self, connection: ServerConnection) -> None:
        settings = self._script.settings if self._script is not None else None
        request = connection.request
        path, headers = ("", Headers()) if request is None else (request.path, request.headers)
        conversation_id = (
            (settings and settings.conversation_id) or conversation_id_in(path) or self._new_conversation_id()
        )
        dialogue = Dialogue(
            _ServerTransport(connection),
            self._options,
            self._on_event,
            conversation_id=conversation_id,
            script=self._script,
            introduction=introduction(path, headers, connection.subprotocol),
            voice=self._voice,
            transcriber=self._transcriber,
        )
        if dialogue.heard is not None:
            self.heard[conversation_id] = dialogue.heard
            while len(self.heard) > _MOST_HEARD:
                del self.heard[next(iter(self.heard))]
        self._open.add(connection)
        try:
            await dialogue.run()
        finally:
            self._open.discard(connection)


class _Connection(ServerConnection):
    """A connection that is known from the first byte on, before it is a conversation, or if it never becomes one."""

    known: ClassVar[WeakSet[_Connection]] = WeakSet()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.known.add(self)

    @classmethod
    def abort_all(cls, server: Server) -> None:
        """Drop every connection of `server`."""
        for connection in list(cls.known):
            if connection.server is server:
                connection.transport.abort()


class _ServerTransport(WebSocketTransport):
    """The server's end of a WebSocket, for which a close of its own is the one that counts.

    Frames after the metadata are sent once the client has had it. On the platform speech takes its time to come;
    a client that listens to nothing else before (the JavaScript client on Node) would lose what came together.
    """

    def __init__(self, connection: ServerConnection) -> None:
        super().__init__(connection)
        self._ping = connection.ping
        self._has_had_metadata = False

    async def send(self, frame: str) -> None:
        """Send one frame; waits while the peer does not read. Raises `TransportClosedError`."""
        await super().send(frame)
        if not self._has_had_metadata and _METADATA in frame:
            self._has_had_metadata = True
            try:
                # a pong is sent when all before its ping has been read
                async with asyncio.timeout(_READING_TIMEOUT):
                    await (await self._ping())
            except (TimeoutError, ConnectionClosed):
                pass  # the next frame finds out how it is with the connection

    def _closed(self, error: ConnectionClosed) -> TransportClosedError:
        if error.sent is not None and not error.rcvd_then_sent:
            said = f"{error.sent.code} {error.sent.reason}".strip()
            return TransportClosedError(error.sent.code, error.sent.reason, problem=f"closed with {said}")
        closed = super()._closed(error)
        return TransportClosedError(closed.code, closed.reason)  # how the network puts it helps nobody here


def _answer_other_requests(connection: ServerConnection, request: Request) -> Response | None:
    """What is said to everything that is no conversation, such as a REST call."""
    reply = reply_to(request.path, request.headers)
    if reply is None:
        return None
    response = connection.respond(reply.status, reply.body)
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = reply.content_type
    return response


def _select_subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """`convai` where it is offered, nothing where it is not (protocol 1.3)."""
    return _SUBPROTOCOL if _SUBPROTOCOL in offered else None


def _log_event(event: AgentEvent) -> None:
    level = logging.WARNING if event.kind.is_bad else logging.INFO
    _log.log(level, "%s: %s: %s", event.conversation_id, event.kind.value, event.text)
