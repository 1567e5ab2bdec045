"""Every message of the wire as one pydantic class, read leniently and written strictly."""

from __future__ import annotations

from agentframework.protocol.messages.base import MalformedFrame, Message, UnknownMessage
from agentframework.protocol.messages.client import (
    CLIENT_MESSAGES,
    ApplicationMessage,
    ClientMessage,
    ClientToolResultMessage,
    ContextualUpdateMessage,
    ConversationInitiationClientDataMessage,
    EnclaveSetupConfigMessage,
    FeedbackMessage,
    FileInput,
    McpToolApprovalResultMessage,
    MultimodalMessage,
    PongMessage,
    PostCallWebhook,
    SourceInfo,
    UserActivityMessage,
    UserAudioChunkMessage,
    UserMessage,
)
from agentframework.protocol.messages.parsing import ReceivedMessage, parse_server_frame
from agentframework.protocol.messages.server import *  # noqa: F403 - some thirty classes, listed in server.__all__
from agentframework.protocol.messages.server import __all__ as _server_names

__all__ = [
    "CLIENT_MESSAGES",
    "ApplicationMessage",
    "ClientMessage",
    "ClientToolResultMessage",
    "ContextualUpdateMessage",
    "ConversationInitiationClientDataMessage",
    "EnclaveSetupConfigMessage",
    "FeedbackMessage",
    "FileInput",
    "MalformedFrame",
    "McpToolApprovalResultMessage",
    "Message",
    "MultimodalMessage",
    "PongMessage",
    "PostCallWebhook",
    "ReceivedMessage",
    "SourceInfo",
    "UnknownMessage",
    "UserActivityMessage",
    "UserAudioChunkMessage",
    "UserMessage",
    "parse_server_frame",
    *_server_names,
]
