"""The names that programs for the ElevenLabs Python SDK import, for conversations on our engine.

    from elevenlabs.client import ElevenLabs
    from elevenlabs.conversational_ai.conversation import ClientTools, Conversation
    from elevenlabs.conversational_ai.default_audio_interface import DefaultAudioInterface

becomes

    from agentframework.compat.elevenlabs import ClientTools, Conversation, DefaultAudioInterface, ElevenLabs
"""

from __future__ import annotations

import os
from enum import StrEnum
from importlib import import_module

from agentframework.callbacks import DisconnectionDetails
from agentframework.conversation.async_conversation import AsyncConversation
from agentframework.conversation.async_sound import AsyncAudioInterface
from agentframework.conversation.base import BaseConversation
from agentframework.conversation.client_tools import ClientTools
from agentframework.conversation.conversation import Conversation
from agentframework.conversation.data import (
    AgentChatResponsePartType,
    AudioEventAlignment,
    ConversationInitiationData,
    OnPremInitiationData,
    PostCallWebhookConfig,
)
from agentframework.conversation.sound import AudioInterface
from agentframework.protocol.address import REGIONS
from agentframework.rest import Client

__all__ = [
    "AgentChatResponsePartType",
    "AsyncAudioInterface",
    "AsyncConversation",
    "AsyncElevenLabs",
    "AudioEventAlignment",
    "AudioInterface",
    "BaseConversation",
    "ClientToOrchestratorEvent",
    "ClientTools",
    "Conversation",
    "ConversationInitiationData",
    "DisconnectionDetails",
    "ElevenLabs",
    "OnPremInitiationData",
    "PostCallWebhookConfig",
]

_PLUGIN = "agentframework_pyaudio"
_OF_THE_PLUGIN = frozenset({"AsyncDefaultAudioInterface", "DefaultAudioInterface"})


class ElevenLabs(Client):
    """Our `Client` as the SDK's is made; the key is that of the environment, ELEVENLABS_API_KEY, unless given.

    It is what a conversation needs of a client. A program that also uses the rest of the platform goes on with
    the SDK's own, which a conversation takes too.
    """

    def __init__(
        self, *, base_url: str | None = None, api_key: str | None = None, timeout: float = 10.0
    ) -> None:
        key = api_key or os.environ.get("ELEVENLABS_API_KEY") or None
        super().__init__(key, base_url or REGIONS["production"], timeout=timeout)


class AsyncElevenLabs(ElevenLabs):
    """The same: one client serves both doors."""


class ClientToOrchestratorEvent(StrEnum):
    """The types of the messages that a client sends (protocol 2)."""

    CLIENT_TOOL_RESULT = "client_tool_result"
    CONTEXTUAL_UPDATE = "contextual_update"
    CONVERSATION_INITIATION_CLIENT_DATA = "conversation_initiation_client_data"
    FEEDBACK = "feedback"
    MCP_TOOL_APPROVAL_RESULT = "mcp_tool_approval_result"
    MULTIMODAL_MESSAGE = "multimodal_message"
    PONG = "pong"
    USER_ACTIVITY = "user_activity"
    USER_MESSAGE = "user_message"


def __getattr__(name: str) -> object:
    """The default audio interfaces come with the PyAudio plugin, which needs PortAudio: loaded when asked for."""
    if name not in _OF_THE_PLUGIN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        plugin = import_module("agentframework_pyaudio")
    except ModuleNotFoundError as error:
        if error.name != _PLUGIN:
            raise
        raise ImportError(
            f"{name} comes with the PyAudio plugin, which is not installed: pip install 'agentframework[pyaudio]'"
        ) from error
    value: object = getattr(plugin, name)
    return value
