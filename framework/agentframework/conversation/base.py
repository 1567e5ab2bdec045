"""What both doors have in common: how a conversation is made, opened, spoken in and ended."""

from __future__ import annotations

import asyncio
import atexit
import inspect
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import fields
from typing import Any, ClassVar

from agentframework.approval import Approver
from agentframework.audio.base import AudioBackend
from agentframework.audio.echo import EchoControl, EchoMode, echo_control
from agentframework.callbacks import Callbacks, DisconnectionDetails
from agentframework.conversation.account import Account, File
from agentframework.conversation.arguments import check_arguments
from agentframework.conversation.async_sound import AsyncAudioInterface, AsyncInterfaceBackend
from agentframework.conversation.client_tools import PROGRAM, ClientTools
from agentframework.conversation.data import (
    AgentChatResponsePartType,
    AudioEventAlignment,
    ConversationInitiationData,
    OnPremInitiationData,
    Plugins,
)
from agentframework.conversation.handlers import Functions, callbacks_of
from agentframework.conversation.offer import Offer
from agentframework.conversation.permission import permission_of
from agentframework.conversation.sound import AudioInterface, InterfaceBackend
from agentframework.errors import SessionEndedError, SessionError
from agentframework.loopthread import Mailbox
from agentframework.protocol.messages import ApplicationMessage, McpToolApprovalResultMessage
from agentframework.protocol.messages.misfit import make_message
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.session.session import OwnedBackend, OwnedHandler, Session
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds
from agentframework.tools.registry import ToolRegistry
from agentframework.transports.base import Transport
from agentframework.transports.websocket import open_websocket

__all__ = ["BaseConversation"]

_EXIT_TIMEOUT = 2.5


class BaseConversation:
    """A conversation with an agent; its parameters are those of the ElevenLabs SDK's classes, and a few more.

    `client` is our `Client` or the SDK's client. Without `audio_interface` the conversation is in writing. The
    callbacks are plain functions, which run in worker threads, or `async def`; they are called in order and may do
    whatever they like: neither a slow nor a failing one harms the conversation.

    Beyond the SDK: `client_tools` may be a `ToolRegistry` and `audio_interface` an `AudioBackend`; `callbacks` are
    `Callbacks` objects; `plugins` are installed plugins whose tools and handlers take part: "all", their names, or
    a mapping from names to settings; `branch_id` is the agent's branch; `connect_timeout` is in seconds;
    `reconnect` makes a lost connection anew, True by the usual `ReconnectPolicy`. `policy` says which tool calls are
    allowed, asked for or denied, with the keys of the config's `[policy]`, and `approver` is who is asked. `echo`
    says what is done where the microphone hears the speaker; `muted` begins with the microphone off.
    """

    _has_own_loop: ClassVar[bool]

    def __init__(
        self,
        client: Any,
        agent_id: str,
        user_id: str | None = None,
        *,
        requires_auth: bool,
        audio_interface: AudioInterface | AsyncAudioInterface | AudioBackend | None = None,
        config: ConversationInitiationData | None = None,
        client_tools: ClientTools | ToolRegistry | None = None,
        callback_agent_response: Callable[[str], Any] | None = None,
        callback_agent_response_correction: Callable[[str, str], Any] | None = None,
        callback_agent_chat_response_part: Callable[[str, AgentChatResponsePartType], Any] | None = None,
        callback_user_transcript: Callable[[str], Any] | None = None,
        callback_latency_measurement: Callable[[int], Any] | None = None,
        callback_audio_alignment: Callable[[AudioEventAlignment], Any] | None = None,
        callback_end_session: Callable[[], Any] | None = None,
        callback_disconnect: Callable[[DisconnectionDetails], Any] | None = None,
        on_prem_config: OnPremInitiationData | None = None,
        environment: str | None = None,
        callbacks: Callbacks | Sequence[Callbacks] | None = None,
        plugins: Plugins | None = None,
        branch_id: str | None = None,
        connect_timeout: float = 10.0,
        reconnect: bool | ReconnectPolicy = False,
        policy: Mapping[str, Any] | None = None,
        approver: Approver | None = None,
        echo: EchoMode | EchoControl = "off",
        muted: bool = False,
    ) -> None:
        check_arguments(locals())
        if callback_end_session is not None:
            warnings.warn(
                "callback_end_session is deprecated, use callback_disconnect instead",
                DeprecationWarning,
                stacklevel=2,
            )
        self.client = client
        self.agent_id = agent_id
        self.user_id = user_id
        self.requires_auth = requires_auth
        self.audio_interface = audio_interface
        self.config = config or ConversationInitiationData()
        self.client_tools = ClientTools() if client_tools is None else client_tools
        self.on_prem_config = on_prem_config
        self.environment = environment
        self.branch_id = branch_id
        self.connect_timeout = connect_timeout
        self.reconnect = ReconnectPolicy() if reconnect is True else reconnect or None
        self.callback_agent_response = callback_agent_response
        self.callback_agent_response_correction = callback_agent_response_correction
        self.callback_agent_chat_response_part = callback_agent_chat_response_part
        self.callback_user_transcript = callback_user_transcript
        self.callback_latency_measurement = callback_latency_measurement
        self.callback_audio_alignment = callback_audio_alignment
        self.callback_end_session = callback_end_session
        self.callback_disconnect = callback_disconnect
        if not self._has_own_loop and _is_async(audio_interface):
            raise TypeError("an async audio interface needs a loop to run on: use AsyncConversation")
        self._offer = Offer(self.client_tools, callbacks, plugins)
        self._permission = permission_of(policy, self._offer.tools().names())
        self._approver = approver
        self._echo, self._muted = echo, muted
        self._settings()  # what cannot be sent is said here, and not when the conversation starts
        self._worlds = Worlds()
        self._account = Account(client, self._worlds.handlers)
        self._lock = threading.Lock()
        self._process: int | None = None
        self._awaited: dict[tuple[Future[Any], asyncio.AbstractEventLoop], asyncio.Future[Any]] = {}
        self._end_wanted = False
        self._session: Session | None = None
        self._backend: AudioBackend | None = None
        self._approved: set[str] = set()

    @property
    def conversation_id(self) -> str | None:
        """The id that the agent's side gave, or None before the start."""
        return None if self._session is None else self._session.conversation_id

    @property
    def _conversation_id(self) -> str | None:
        """The same, by the only name that the SDK has for it while a conversation runs."""
        return self.conversation_id

    @property
    def muted(self) -> bool:
        """Whether nothing is sent of what the microphone hears."""
        return self._muted

    def mute(self) -> None:
        """Send nothing of what is said from now on; from any thread, also before the start."""
        self._set_muted(True)

    def unmute(self) -> None:
        """Send what is said from now on, and nothing that was said before; from any thread."""
        self._set_muted(False)

    # What the doors are made of

    def _begin(self, loop: asyncio.AbstractEventLoop | None) -> Future[str]:
        """Start the one session; `loop` is the caller's own, where coroutines are to run."""
        self._process = os.getpid()
        with self._lock:
            if self._session is not None:
                raise SessionError("a conversation starts once; make a new one for the next")
            self._backend = self._make_backend(loop)
            self._session = session = self._make_session(loop)
        _begun.add(session)
        started = session.start()
        if self._end_wanted:  # by another thread, before the session had begun
            session.end()
        return started

    def _end(self) -> None:
        self._end_wanted = True
        if self._session is not None:
            self._session.end()

    def _running(self) -> Session:
        if self._session is None:
            raise SessionError("the conversation was not started, so it will not end")
        if self._process != os.getpid():
            raise SessionError("the conversation belongs to the process that this one was forked from")
        return self._session

    def _send(self, message: ApplicationMessage) -> None:
        if self._session is None:
            raise SessionEndedError(f"a {message.type}", "has not started")
        self._session.send(message)

    def _approve(self, tool_call_id: str, approved: bool) -> None:
        """Answer an approval that the agent waits for, which may be done once (protocol 2.10)."""
        message = make_message(McpToolApprovalResultMessage, tool_call_id=tool_call_id, is_approved=approved)
        with self._lock:
            if tool_call_id in self._approved:
                raise SessionError(f"the approval of tool call {tool_call_id!r} was answered already")
            self._send(message)
            self._approved.add(tool_call_id)

    def _upload(self, file: File, filename: str | None, content_type: str | None) -> Future[str]:
        conversation_id = self.conversation_id
        if conversation_id is None:
            raise SessionEndedError("a file", "has not started")
        return self._account.upload(conversation_id, file, filename, content_type)

    def _make_backend(self, loop: asyncio.AbstractEventLoop | None) -> AudioBackend | None:
        interface: Any = self.audio_interface
        if interface is None or isinstance(interface, AudioBackend):
            return interface
        offer = getattr(interface, "audio_backend", None)
        own = offer() if callable(offer) else None
        if isinstance(own, AudioBackend):
            return own  # it can do more than an interface is asked for: the agent's formats, positions, reopening
        if loop is not None and _is_async(interface):
            return AsyncInterfaceBackend(interface, loop)
        return InterfaceBackend(interface)

    def _owned_backend(self) -> OwnedBackend | None:
        if self._backend is None:
            return None
        return OwnedBackend(PROGRAM, self._backend, echo=echo_control(self._echo), muted=self._muted)

    def _set_muted(self, muted: bool) -> None:
        with self._lock:
            self._muted = muted
            sound = None if self._session is None else self._session.sound
            if sound is not None:
                (sound.mute if muted else sound.unmute)()

    def _make_session(self, loop: asyncio.AbstractEventLoop | None) -> Session:
        if loop is None and isinstance(self.client_tools, ClientTools):
            loop = self.client_tools.loop
        functions = {one.name: getattr(self, f"callback_{one.name}") for one in fields(Functions)}
        own = OwnedHandler(PROGRAM, callbacks_of(Functions(**functions)))
        return Session(
            self._connect,
            tools=self._offer.tools(),
            handlers=[own, *self._offer.handlers()],
            audio=self._owned_backend(),
            settings=self._settings(),
            worlds=self._worlds,
            user_loop=None if loop is None else Mailbox(loop),
            approver=self._approver,
            audit=self._permission.audit,
        )

    def _settings(self) -> SessionSettings:
        return SessionSettings(
            initiation=self.config.to_message(
                user_id=self.user_id, text_only=self.audio_interface is None, branch_id=self.branch_id
            ),
            enclave_setup=None if self.on_prem_config is None else self.on_prem_config.to_message(),
            connect_timeout=self.connect_timeout,
            reconnect=self.reconnect,
            policy=self._permission.policy,
        )

    async def _connect(self) -> Transport:
        """On the wire: find the address, and open it."""
        if self.on_prem_config is not None:
            url = self.on_prem_config.on_prem_conversation_url
        elif self.requires_auth:
            url = await self._account.signed_url(self.agent_id, self.environment, self.branch_id)
        else:
            url = self._account.public_url(self.agent_id, self.environment)
        return await open_websocket(url, timeout=self.connect_timeout)


def _is_async(interface: object) -> bool:
    """Whether its methods are to be awaited; by what they are, because the SDK has a class of its own."""
    return inspect.iscoroutinefunction(getattr(interface, "output", None))


_begun: weakref.WeakSet[Session] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """At exit: say goodbye in the conversations that still run, and let their callbacks hear of the end."""
    running = [session for session in list(_begun) if not session.ended.done()]
    for session in running:
        session.end()
    wait([session.ended for session in running], timeout=_EXIT_TIMEOUT)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begun.clear)
