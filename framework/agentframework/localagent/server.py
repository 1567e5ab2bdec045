"""A real WebSocket server that speaks the agent's side of the protocol, for demos, tests and other clients."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import parse_qs
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from agentframework.formats import AudioFormat
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.dialogue import Dialogue
from agentframework.localagent.events import AgentEvent, Report
from agentframework.localagent.options import AgentOptions, ToolHandling
from agentframework.localagent.script import Script
from agentframework.protocol.agent import DEFAULT_CLIENT_EVENTS
from agentframework.protocol.calls import ErrorHandling
from agentframework.transports.base import TransportClosedError
from agentframework.transports.websocket import WebSocketTransport

__all__ = ["CONVERSATION_PATH", "LocalAgent"]

CONVERSATION_PATH = "/v1/convai/conversation"
"""Where the platform has its conversations (protocol 1.1); a path before it is taken too, as on-prem (1.7)."""

_log = logging.getLogger("agentframework.localagent")
# what a client sends instead of a handshake is its own affair, and would be logged there with a traceback
_handshake_log = logging.getLogger("agentframework.localagent.handshake")
_handshake_log.setLevel(logging.CRITICAL)

_SUBPROTOCOL = Subprotocol("convai")
_LARGEST_FRAME_BYTES = 16 * 1024 * 1024
_STOP_TIMEOUT = 1.5
_CLOSE_TIMEOUT = 1.0


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
    ) -> None:
        options = AgentOptions(
            tools=tuple(tools),
            default_handling=ToolHandling(timeout=tool_timeout, error_handling=tool_error_handling_mode),
            handling=dict(handling or {}),
            strict=strict,
            text_only=text_only,
            output_format=output_format or AudioFormat(),
            input_format=input_format or AudioFormat(),
            client_events=frozenset(client_events),
            ping_interval=ping_interval or None,
        )
        self._script = script
        self._options = options if script is None else script.options(options)
        self._host = host
        self._port = port
        self._on_event = on_event or _log_event
        self._new_conversation_id = new_conversation_id or _random_conversation_id
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
            self._server = await serve(
                self._hold_conversation,
                self._host,
                self._port,
                process_request=_refuse_other_paths,
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
        conversation_id = (settings and settings.conversation_id) or self._new_conversation_id()
        dialogue = Dialogue(
            _ServerTransport(connection),
            self._options,
            self._on_event,
            conversation_id=conversation_id,
            script=self._script,
            introduction=_introduction(connection),
        )
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
    """The server's end of a WebSocket, for which a close of its own is the one that counts."""

    def _closed(self, error: ConnectionClosed) -> TransportClosedError:
        if error.sent is not None and not error.rcvd_then_sent:
            said = f"{error.sent.code} {error.sent.reason}".strip()
            return TransportClosedError(error.sent.code, error.sent.reason, problem=f"closed with {said}")
        closed = super()._closed(error)
        return TransportClosedError(closed.code, closed.reason)  # how the network puts it helps nobody here


def _refuse_other_paths(connection: ServerConnection, request: Request) -> Response | None:
    """A helpful 404 for everything that is no conversation, such as a REST call that went astray."""
    path = request.path.partition("?")[0]
    if path.endswith("/convai/conversation"):
        return None
    host = request.headers.get("Host", "HOST:PORT")
    text = (
        f"There is nothing at {path}.\n"
        f"This is a local agent; its conversations are at ws://{host}{CONVERSATION_PATH}?agent_id=ANY\n"
    )
    return connection.respond(HTTPStatus.NOT_FOUND, text)


def _select_subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """`convai` where it is offered, nothing where it is not (protocol 1.3)."""
    return _SUBPROTOCOL if _SUBPROTOCOL in offered else None


def _introduction(connection: ServerConnection) -> str:
    """Who connects, by what may be printed: neither signature nor bearer token."""
    request = connection.request
    headers = Headers() if request is None else request.headers
    query = parse_qs("" if request is None else request.path.partition("?")[2])
    said = [f"agent_id {query['agent_id'][0]}" if "agent_id" in query else "no agent_id"]
    said += [f"{name} {query[name][0]}" for name in ("source", "version", "environment") if name in query]
    said.append(f"origin {headers['Origin']}" if "Origin" in headers else "no origin")
    said.append(f"subprotocol {connection.subprotocol}" if connection.subprotocol else "no subprotocol")
    return ", ".join(said)


def _random_conversation_id() -> str:
    return f"conv_{secrets.token_hex(13)}"


def _log_event(event: AgentEvent) -> None:
    level = logging.WARNING if event.kind.is_bad else logging.INFO
    _log.log(level, "%s: %s: %s", event.conversation_id, event.kind.value, event.text)
