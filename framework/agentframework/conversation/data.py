"""What a conversation is told at its start, in the shapes that users of the SDK know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from agentframework.protocol.messages import (
    ConversationInitiationClientDataMessage,
    EnclaveSetupConfigMessage,
    PostCallWebhook,
)
from agentframework.protocol.messages.misfit import make_message
from agentframework.protocol.opening import opening_message

__all__ = [
    "AgentChatResponsePartType",
    "AudioEventAlignment",
    "ConversationInitiationData",
    "OnPremInitiationData",
    "Plugins",
    "PostCallWebhookConfig",
]

Plugins = Literal["all"] | Sequence[str] | Mapping[str, Mapping[str, Any]]
"""Which installed plugins take part: all, those named, or those named each with its settings."""

Object = dict[str, Any]


class AgentChatResponsePartType(StrEnum):
    """Which piece of a streamed answer this is (protocol 4.3)."""

    START = "start"
    DELTA = "delta"
    STOP = "stop"


@dataclass
class AudioEventAlignment:
    """When each character of a chunk of speech is heard; times in ms from the start of the chunk."""

    chars: list[str]
    char_start_times_ms: list[int]
    char_durations_ms: list[int]


class ConversationInitiationData:
    """What the agent is told when the conversation opens (protocol 2.3)."""

    def __init__(
        self,
        extra_body: Object | None = None,
        conversation_config_override: Object | None = None,
        dynamic_variables: Object | None = None,
        user_id: str | None = None,
    ) -> None:
        self.extra_body = extra_body or {}
        self.conversation_config_override = conversation_config_override or {}
        self.dynamic_variables = dynamic_variables or {}
        self.user_id = user_id

    def to_message(
        self, *, user_id: str | None, text_only: bool, branch_id: str | None = None
    ) -> ConversationInitiationClientDataMessage:
        """The opening frame; a `user_id` given here wins over the one in the data."""
        return opening_message(
            text_only=text_only,
            overrides=self.conversation_config_override,
            dynamic_variables=self.dynamic_variables,
            custom_llm_extra_body=self.extra_body,
            user_id=user_id or self.user_id,
            branch_id=branch_id,
        )


@dataclass
class PostCallWebhookConfig:
    """Where an on-prem server delivers after the call (protocol 1.7)."""

    url: str
    hmac_secret: str | None = None

    def to_dict(self) -> Object:
        """As the setup message holds it."""
        secret = {} if self.hmac_secret is None else {"hmac_secret": self.hmac_secret}
        return {"url": self.url, **secret}

    def __repr__(self) -> str:
        return f"PostCallWebhookConfig(url={self.url!r}, hmac_secret={'***' if self.hmac_secret else None})"


class OnPremInitiationData:
    """How to reach a server of one's own, and what to set it up with (protocol 1.7); the URL is used verbatim.

    Raises ValueError where a webhook is given in both its old and its new form, or `extra_setup_config` holds a
    field that has an argument of its own.
    """

    def __init__(
        self,
        on_prem_conversation_url: str,
        post_call_transcription_webhook_url: str | None = None,
        post_call_audio_webhook_url: str | None = None,
        agent_config_dict: Object | None = None,
        override_agent_config_list: list[Object] | None = None,
        tools_config_list: list[Object] | None = None,
        prompt_knowledge_base: list[str] | None = None,
        post_call_transcription_webhook: PostCallWebhookConfig | None = None,
        post_call_audio_webhook: PostCallWebhookConfig | None = None,
        bedrock_inference_profile: str | None = None,
        extra_setup_config: Object | None = None,
    ) -> None:
        if post_call_transcription_webhook is not None and post_call_transcription_webhook_url:
            raise ValueError("the transcription webhook is given twice: as a URL and as a config")
        if post_call_audio_webhook is not None and post_call_audio_webhook_url:
            raise ValueError("the audio webhook is given twice: as a URL and as a config")
        taken = sorted(set(extra_setup_config or {}) & set(EnclaveSetupConfigMessage.model_fields))
        if taken:
            raise ValueError(
                f"extra_setup_config holds {', '.join(taken)}, which have arguments of their own"
            )
        self.on_prem_conversation_url = on_prem_conversation_url
        self.post_call_transcription_webhook_url = post_call_transcription_webhook_url
        self.post_call_audio_webhook_url = post_call_audio_webhook_url
        self.agent_config_dict = agent_config_dict
        self.override_agent_config_list = override_agent_config_list
        self.tools_config_list = tools_config_list
        self.prompt_knowledge_base = prompt_knowledge_base
        self.post_call_transcription_webhook = post_call_transcription_webhook
        self.post_call_audio_webhook = post_call_audio_webhook
        self.bedrock_inference_profile = bedrock_inference_profile
        self.extra_setup_config = dict(extra_setup_config or {})

    def to_message(self) -> EnclaveSetupConfigMessage:
        """The first frame to such a server."""
        return make_message(
            EnclaveSetupConfigMessage,
            agent_config_dict=self.agent_config_dict,
            override_agent_config_list=self.override_agent_config_list,
            tools_config_list=self.tools_config_list,
            post_call_transcription_webhook_url=self.post_call_transcription_webhook_url,
            post_call_audio_webhook_url=self.post_call_audio_webhook_url,
            prompt_knowledge_base=self.prompt_knowledge_base,
            bedrock_inference_profile=self.bedrock_inference_profile,
            post_call_transcription_webhook=_webhook(self.post_call_transcription_webhook),
            post_call_audio_webhook=_webhook(self.post_call_audio_webhook),
            **self.extra_setup_config,
        )


def _webhook(config: PostCallWebhookConfig | None) -> PostCallWebhook | None:
    if config is None:
        return None
    return PostCallWebhook(url=config.url, hmac_secret=config.hmac_secret)
