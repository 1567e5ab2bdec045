"""A runtime that hosts client tools for real-time voice and chat agents."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentframework.app import App
    from agentframework.approval import ApprovalRequest, Approver
    from agentframework.audio.base import AudioBackend, AudioDevice
    from agentframework.audio.echo import EchoControl
    from agentframework.audio.line import AudioLine
    from agentframework.callbacks import (
        AgentStartedSpeaking,
        AgentStoppedSpeaking,
        AnswerPlayed,
        AudioRestored,
        AudioStalled,
        Callbacks,
        DisconnectionDetails,
        MessageSent,
        Reconnected,
        Reconnecting,
        SessionEnded,
        SessionStarted,
        ToolAnswered,
        ToolCalled,
    )
    from agentframework.config import Config, load_config
    from agentframework.conversation.async_conversation import AsyncConversation
    from agentframework.conversation.async_sound import AsyncAudioInterface
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
    from agentframework.errors import (
        AgentFrameworkError,
        ArgumentsError,
        AudioError,
        AuthError,
        ConfigError,
        DriftError,
        DuplicateToolError,
        FormatError,
        NotFoundError,
        PluginError,
        RateLimitError,
        RestError,
        RestTimeoutError,
        ScriptError,
        ServerError,
        SessionEndedError,
        SessionError,
        StartError,
        ToolDefinitionError,
        ToolError,
    )
    from agentframework.formats import AudioFormat
    from agentframework.hookspecs import (
        ApproverRegistrar,
        AudioBackendRegistrar,
        CallbacksRegistrar,
        ToolRegistrar,
        hookimpl,
    )
    from agentframework.rest import Client, PlatformAgent, RetryPolicy
    from agentframework.session.reconnecting import ReconnectPolicy
    from agentframework.tools.context import ToolContext
    from agentframework.tools.dialect.platform import PlatformTool
    from agentframework.tools.registry import ToolRegistry
    from agentframework.tools.resource import LifespanContext, Resource
    from agentframework.tools.sensitive import Sensitive
    from agentframework.tools.tool import Tool, tool
    from agentframework.workers.base import CallContext, ToolSpec, Worker, WorkerHealth

__version__ = "0.1.0"

__all__ = [
    "AgentChatResponsePartType",
    "AgentFrameworkError",
    "AgentStartedSpeaking",
    "AgentStoppedSpeaking",
    "AnswerPlayed",
    "App",
    "ApprovalRequest",
    "Approver",
    "ApproverRegistrar",
    "ArgumentsError",
    "AsyncAudioInterface",
    "AsyncConversation",
    "AudioBackend",
    "AudioBackendRegistrar",
    "AudioDevice",
    "AudioError",
    "AudioEventAlignment",
    "AudioFormat",
    "AudioInterface",
    "AudioLine",
    "AudioRestored",
    "AudioStalled",
    "AuthError",
    "CallContext",
    "Callbacks",
    "CallbacksRegistrar",
    "Client",
    "ClientTools",
    "Config",
    "ConfigError",
    "Conversation",
    "ConversationInitiationData",
    "DisconnectionDetails",
    "DriftError",
    "DuplicateToolError",
    "EchoControl",
    "FormatError",
    "LifespanContext",
    "MessageSent",
    "NotFoundError",
    "OnPremInitiationData",
    "PlatformAgent",
    "PlatformTool",
    "PluginError",
    "PostCallWebhookConfig",
    "RateLimitError",
    "ReconnectPolicy",
    "Reconnected",
    "Reconnecting",
    "Resource",
    "RestError",
    "RestTimeoutError",
    "RetryPolicy",
    "ScriptError",
    "Sensitive",
    "ServerError",
    "SessionEnded",
    "SessionEndedError",
    "SessionError",
    "SessionStarted",
    "StartError",
    "Tool",
    "ToolAnswered",
    "ToolCalled",
    "ToolContext",
    "ToolDefinitionError",
    "ToolError",
    "ToolRegistrar",
    "ToolRegistry",
    "ToolSpec",
    "Worker",
    "WorkerHealth",
    "hookimpl",
    "load_config",
    "tool",
]

_HOMES = {
    "app": ("App",),
    "audio.base": ("AudioBackend", "AudioDevice"),
    "audio.echo": ("EchoControl",),
    "audio.line": ("AudioLine",),
    "callbacks": (
        "AgentStartedSpeaking",
        "AgentStoppedSpeaking",
        "AnswerPlayed",
        "AudioRestored",
        "AudioStalled",
        "Callbacks",
        "DisconnectionDetails",
        "MessageSent",
        "Reconnected",
        "Reconnecting",
        "SessionEnded",
        "SessionStarted",
        "ToolAnswered",
        "ToolCalled",
    ),
    "config": ("Config", "load_config"),
    "conversation.async_conversation": ("AsyncConversation",),
    "conversation.async_sound": ("AsyncAudioInterface",),
    "conversation.client_tools": ("ClientTools",),
    "conversation.conversation": ("Conversation",),
    "conversation.data": (
        "AgentChatResponsePartType",
        "AudioEventAlignment",
        "ConversationInitiationData",
        "OnPremInitiationData",
        "PostCallWebhookConfig",
    ),
    "conversation.sound": ("AudioInterface",),
    "errors": (
        "AgentFrameworkError",
        "ArgumentsError",
        "AudioError",
        "AuthError",
        "ConfigError",
        "DriftError",
        "DuplicateToolError",
        "FormatError",
        "NotFoundError",
        "PluginError",
        "RateLimitError",
        "RestError",
        "RestTimeoutError",
        "ScriptError",
        "ServerError",
        "SessionEndedError",
        "SessionError",
        "StartError",
        "ToolDefinitionError",
        "ToolError",
    ),
    "formats": ("AudioFormat",),
    "approval": ("ApprovalRequest", "Approver"),
    "hookspecs": (
        "ApproverRegistrar",
        "AudioBackendRegistrar",
        "CallbacksRegistrar",
        "ToolRegistrar",
        "hookimpl",
    ),
    "rest": ("Client", "PlatformAgent", "RetryPolicy"),
    "session.reconnecting": ("ReconnectPolicy",),
    "tools.context": ("ToolContext",),
    "tools.dialect.platform": ("PlatformTool",),
    "tools.registry": ("ToolRegistry",),
    "tools.resource": ("LifespanContext", "Resource"),
    "tools.sensitive": ("Sensitive",),
    "tools.tool": ("Tool", "tool"),
    "workers.base": ("CallContext", "ToolSpec", "Worker", "WorkerHealth"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """A public name is imported when it is first asked for: importing the package alone costs next to nothing."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
