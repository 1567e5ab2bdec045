"""The SDK's `Conversation`, on our engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agentframework.callbacks import Callbacks, DisconnectionDetails
from agentframework.conversation.client_tools import ClientTools
from agentframework.conversation.data import (
    AgentChatResponsePartType,
    AudioEventAlignment,
    ConversationInitiationData,
    OnPremInitiationData,
)
from agentframework.conversation.handlers import Functions, callbacks_of
from agentframework.conversation.sound import AudioInterface, InterfaceBackend
from agentframework.errors import RestError, SessionError
from agentframework.loopthread import Mailbox
from agentframework.protocol.address import conversation_url
from agentframework.protocol.messages import (
    ContextualUpdateMessage,
    FileInput,
    MultimodalMessage,
    UserActivityMessage,
    UserMessage,
)
from agentframework.rest import Client
from agentframework.session.session import OwnedBackend, OwnedHandler, Session
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds
from agentframework.transports.base import Transport
from agentframework.transports.websocket import open_websocket

__all__ = ["Conversation"]

_OWNER = "the program"


class Conversation:
    """A conversation with an agent; its parameters are those of the ElevenLabs SDK's class of this name.

    `client` is our `Client` or the SDK's client. Without `audio_interface` the conversation is text only.
    Callbacks run in worker threads (those that are `async def` on a loop of ours), in order, and may do whatever
    they like: neither a slow nor a failing one harms the conversation.
    """

    def __init__(
        self,
        client: Any,
        agent_id: str,
        user_id: str | None = None,
        *,
        requires_auth: bool,
        audio_interface: AudioInterface | None = None,
        config: ConversationInitiationData | None = None,
        client_tools: ClientTools | None = None,
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
    ) -> None:
        self.client = client
        self.agent_id = agent_id
        self.user_id = user_id
        self.requires_auth = requires_auth
        self.audio_interface = audio_interface
        self.config = config or ConversationInitiationData()
        self.client_tools = client_tools or ClientTools()
        self.on_prem_config = on_prem_config
        self.environment = environment
        functions = Functions(
            agent_response=callback_agent_response,
            agent_response_correction=callback_agent_response_correction,
            agent_chat_response_part=callback_agent_chat_response_part,
            user_transcript=callback_user_transcript,
            latency_measurement=callback_latency_measurement,
            audio_alignment=callback_audio_alignment,
            end_session=callback_end_session,
            disconnect=callback_disconnect,
        )
        self._worlds = Worlds()
        self._session = self._make_session(callbacks_of(functions))

    def start_session(self) -> None:
        """Open the conversation; returns when the agent has accepted it.

        Raises `StartError` where that does not happen within 10 s, with the reason and what would help;
        `AuthError`, `NotFoundError` or `RestError` where no signed URL is to be had; `SessionError` where it
        was started before.
        """
        self._session.start().result()

    def end_session(self) -> None:
        """End the conversation; from any thread, as often as you like; does not wait."""
        self._session.end()

    def wait_for_session_end(self) -> str | None:
        """Wait until either side has ended it; the conversation's id, or None where the start failed.

        Raises `SessionError` where it was never started: there is no end to wait for.
        """
        if not self._session.begun:
            raise SessionError("the conversation was not started, so it will not end")
        self._session.ended.result()
        return self._session.protocol.conversation_id

    def send_user_message(self, text: str) -> None:
        """Say something in writing. Raises `SessionEndedError` before the start and after the end."""
        self._session.send(UserMessage(text=text))

    def send_contextual_update(self, text: str) -> None:
        """Tell the agent something in the background (protocol 2.5). Raises `SessionEndedError`."""
        self._session.send(ContextualUpdateMessage(text=text))

    def register_user_activity(self) -> None:
        """The user is there: keeps the agent from speaking up (protocol 2.7). Raises `SessionEndedError`."""
        self._session.send(UserActivityMessage())

    def send_multimodal_message(
        self, text: str | None = None, file_id: str | None = None, file_ids: list[str] | None = None
    ) -> None:
        """Send text with files that were uploaded before (protocol 2.8); `file_id` is the old way to name one.

        Raises ValueError where there is neither text nor a file, and `SessionEndedError`.
        """
        files = [FileInput(file_id=name) for name in ([file_id] if file_id else []) + (file_ids or [])]
        if not text and not files:
            raise ValueError("a multimodal message needs a text or a file")
        message = MultimodalMessage(
            text=UserMessage(text=text) if text else None,
            file=files[0] if files else None,
            files=files or None,
        )
        self._session.send(message)

    def _make_session(self, handler: Callbacks) -> Session:
        audio = None
        if self.audio_interface is not None:
            audio = OwnedBackend(_OWNER, InterfaceBackend(self.audio_interface))
        initiation = self.config.to_message(user_id=self.user_id, text_only=self.audio_interface is None)
        settings = SessionSettings(
            initiation=initiation,
            enclave_setup=self.on_prem_config.to_message() if self.on_prem_config is not None else None,
        )
        loop = self.client_tools.loop
        return Session(
            self._connect,
            tools=self.client_tools.registry,
            handlers=[OwnedHandler(_OWNER, handler)],
            audio=audio,
            settings=settings,
            worlds=self._worlds,
            user_loop=Mailbox(loop) if loop is not None else None,
        )

    async def _connect(self) -> Transport:
        """On the wire: find the address, and open it."""
        if self.on_prem_config is not None:
            url = self.on_prem_config.on_prem_conversation_url
        elif self.requires_auth:
            url = await self._signed_url()
        else:
            url = conversation_url(_base_url(self.client), self.agent_id, environment=self.environment)
        return await open_websocket(url)

    async def _signed_url(self) -> str:
        if isinstance(self.client, Client):
            return await self.client.get_signed_url(self.agent_id, environment=self.environment)
        return await self._in_worker(self._foreign_signed_url)

    def _foreign_signed_url(self) -> str:
        """In a worker: ask the SDK's client, which blocks."""
        conversations = self.client.conversational_ai.conversations
        extra = {"environment": self.environment} if self.environment else {}
        try:
            return str(conversations.get_signed_url(agent_id=self.agent_id, **extra).signed_url)
        except Exception as error:  # the SDK's own errors carry headers and bodies
            raise RestError(f"no signed URL: the client given failed with {type(error).__name__}") from error

    def _in_worker(self, function: Callable[[], str]) -> Awaitable[str]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()

        def tell(method: Callable[[Any], None], value: object) -> None:
            if not future.done():
                method(value)

        def job() -> None:
            try:
                url = function()
            except RestError as error:
                loop.call_soon_threadsafe(tell, future.set_exception, error)
            else:
                loop.call_soon_threadsafe(tell, future.set_result, url)

        self._worlds.handlers.submit(job)
        return future


def _base_url(client: Any) -> str:
    """Where the REST API of this client is: ours says so itself, the SDK's through its wrapper."""
    if isinstance(client, Client):
        return client.base_url
    return str(client._client_wrapper.get_base_url())
