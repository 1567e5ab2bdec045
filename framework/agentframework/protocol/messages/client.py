"""What we send: one class per message of the client's side (protocol 2)."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pybase64
from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from agentframework.protocol.messages.base import Message, Payload, without_lone_surrogates

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
    "McpToolApprovalResultMessage",
    "MultimodalMessage",
    "PongMessage",
    "PostCallWebhook",
    "SourceInfo",
    "UserActivityMessage",
    "UserAudioChunkMessage",
    "UserMessage",
]


def _as_json(value: dict[str, Any]) -> dict[str, Any]:
    """A copy of `value` as JSON holds it. Raises ValueError for what JSON has no word for."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"cannot be written as JSON: {error}") from None
    copy: dict[str, Any] = json.loads(text)
    return copy


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


Object = Annotated[dict[str, Any], AfterValidator(_as_json)]
Text = Annotated[StrictStr, AfterValidator(without_lone_surrogates)]


class ClientMessage(Message):
    """A message of the client's side: numbers are no texts here, and texts no numbers."""


class UserAudioChunkMessage(ClientMessage):
    """Microphone audio, standard base64 in the user's input format; the only message without a `type` (2.1)."""

    type: Literal["user_audio_chunk"] = Field(default="user_audio_chunk", exclude=True)
    user_audio_chunk: StrictStr

    @staticmethod
    def frame_of(audio: bytes) -> str:
        """The frame of a message with this audio; no message is made, for base64 needs neither checks nor escapes."""
        return f'{{"user_audio_chunk":"{pybase64.b64encode_as_string(audio)}"}}'


class PongMessage(ClientMessage):
    """The answer to a ping, with the ping's event id (2.2, 4.4)."""

    type: Literal["pong"] = "pong"
    event_id: StrictInt


class SourceInfo(Payload):
    """Which SDK speaks; a third-party client leaves it out (2.3)."""

    source: Text | None = None
    version: Text | None = None


class ConversationInitiationClientDataMessage(ClientMessage):
    """The first message of every client (1.6, 2.3); all fields are optional."""

    type: Literal["conversation_initiation_client_data"] = "conversation_initiation_client_data"
    conversation_config_override: Object | None = None
    custom_llm_extra_body: Object | None = Field(default=None, repr=False)
    dynamic_variables: Object | None = Field(default=None, repr=False)  # those called secret__... are secret
    user_id: Text | None = None
    source_info: SourceInfo | None = None
    branch_id: Text | None = None
    environment: Text | None = None
    starting_workflow_node_id: Text | None = None
    procedure_ids: list[Text] | None = None
    start_procedure_ids: list[Text] | None = None
    tool_mock_config: Object | None = None

    def to_frame(self) -> str:
        """As of every message, also inside what overrides the agent; a dynamic variable may be null (2.3)."""
        names = ("conversation_config_override", "tool_mock_config")
        overrides = {name: _without_nulls(getattr(self, name)) for name in names}
        return self.model_copy(update=overrides).model_dump_json(exclude_none=True)


class ClientToolResultMessage(ClientMessage):
    """The one answer to a tool call; `result` is always text (2.4)."""

    type: Literal["client_tool_result"] = "client_tool_result"
    tool_call_id: Text
    result: Text
    is_error: StrictBool
    error_type: Text | None = None


class ContextualUpdateMessage(ClientMessage):
    """Background for the agent, without interrupting; a newer one of the same `context_id` replaces it (2.5)."""

    type: Literal["contextual_update"] = "contextual_update"
    text: Text
    context_id: Text | None = None


class UserMessage(ClientMessage):
    """Typed text, handled like speech (2.6)."""

    type: Literal["user_message"] = "user_message"
    text: Text | None = None
    user_identifier: Text | None = None
    rich_content_id: Text | None = None


class UserActivityMessage(ClientMessage):
    """The user is there: resets the turn's time-out (2.7)."""

    type: Literal["user_activity"] = "user_activity"


class FileInput(Payload):
    """A file that was uploaded before (2.8)."""

    type: Literal["file_input"] = "file_input"
    file_id: Text


class MultimodalMessage(ClientMessage):
    """Text together with files (2.8)."""

    type: Literal["multimodal_message"] = "multimodal_message"
    text: UserMessage | None = None
    file: FileInput | None = None
    files: list[FileInput] | None = None


class FeedbackMessage(ClientMessage):
    """A rating of one answer; a null `score` takes the rating back, so null is written (2.9)."""

    type: Literal["feedback"] = "feedback"
    event_id: StrictInt
    score: Literal["like", "dislike"] | None = None

    def to_frame(self) -> str:
        """As of every message, with a null score kept."""
        return self.model_dump_json()


class McpToolApprovalResultMessage(ClientMessage):
    """The user's yes or no to an MCP tool (2.10)."""

    type: Literal["mcp_tool_approval_result"] = "mcp_tool_approval_result"
    tool_call_id: Text
    is_approved: StrictBool


class PostCallWebhook(Payload):
    """Where an on-prem server delivers after the call; a secret has 16 characters or more (1.7)."""

    url: Text
    hmac_secret: Text | None = Field(default=None, repr=False)


class EnclaveSetupConfigMessage(ClientMessage):
    """The first frame to an on-prem server (1.7); legacy fields are sent as null, as that server expects."""

    type: Literal["enclave_setup_config"] = "enclave_setup_config"
    agent_config_dict: Object | None = Field(default=None, repr=False)
    override_agent_config_list: list[Object] | None = Field(default=None, repr=False)
    tools_config_list: list[Object] | None = Field(default=None, repr=False)
    post_call_transcription_webhook_url: Text | None = None
    post_call_audio_webhook_url: Text | None = None
    prompt_knowledge_base: list[Text] | None = None
    bedrock_inference_profile: Text | None = None
    post_call_transcription_webhook: PostCallWebhook | None = None
    post_call_audio_webhook: PostCallWebhook | None = None

    def to_frame(self) -> str:
        """As of every message; the fields that predate the others are written as null when unset."""
        later = {"bedrock_inference_profile", "post_call_transcription_webhook", "post_call_audio_webhook"}
        fields = self.model_dump(exclude=later) | self.model_dump(include=later, exclude_none=True)
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


ApplicationMessage = (
    UserMessage
    | ContextualUpdateMessage
    | UserActivityMessage
    | MultimodalMessage
    | FeedbackMessage
    | McpToolApprovalResultMessage
)
"""What a program sends of its own accord; all else is sent by the runtime."""

CLIENT_MESSAGES: dict[str, type[ClientMessage]] = {
    str(cls.model_fields["type"].default): cls for cls in ClientMessage.__subclasses__()
}
"""The class of each `type` that a client may send."""
