"""What we send: one class per message of the client's side (protocol 2)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr

from agentframework.protocol.messages.base import Message, Payload

__all__ = [
    "CLIENT_MESSAGES",
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

Object = dict[str, Any]


class ClientMessage(Message):
    """A message of the client's side: numbers are no texts here, and texts no numbers."""

    model_config = ConfigDict(coerce_numbers_to_str=False)


class UserAudioChunkMessage(ClientMessage):
    """Microphone audio, standard base64 in the user's input format; the only message without a `type` (2.1)."""

    type: Literal["user_audio_chunk"] = Field(default="user_audio_chunk", exclude=True)
    user_audio_chunk: StrictStr


class PongMessage(ClientMessage):
    """The answer to a ping, with the ping's event id (2.2, 4.4)."""

    type: Literal["pong"] = "pong"
    event_id: StrictInt


class SourceInfo(Payload):
    """Which SDK speaks; a third-party client leaves it out (2.3)."""

    source: StrictStr | None = None
    version: StrictStr | None = None


class ConversationInitiationClientDataMessage(ClientMessage):
    """The first message of every client (1.6, 2.3); all fields are optional."""

    type: Literal["conversation_initiation_client_data"] = "conversation_initiation_client_data"
    conversation_config_override: Object | None = None
    custom_llm_extra_body: Object | None = None
    dynamic_variables: Object | None = None
    user_id: StrictStr | None = None
    source_info: SourceInfo | None = None
    branch_id: StrictStr | None = None
    environment: StrictStr | None = None
    starting_workflow_node_id: StrictStr | None = None
    procedure_ids: list[StrictStr] | None = None
    start_procedure_ids: list[StrictStr] | None = None
    tool_mock_config: Object | None = None

    def to_frame(self) -> str:
        """As of every message; but a dynamic variable may be null and is then sent (2.3)."""
        fields = {name: value for name, value in self if value is not None}
        return type(self).model_construct(**fields).model_dump_json(exclude_unset=True)


class ClientToolResultMessage(ClientMessage):
    """The one answer to a tool call; `result` is always text (2.4)."""

    type: Literal["client_tool_result"] = "client_tool_result"
    tool_call_id: StrictStr
    result: StrictStr
    is_error: StrictBool
    error_type: StrictStr | None = None


class ContextualUpdateMessage(ClientMessage):
    """Background for the agent, without interrupting; a newer one of the same `context_id` replaces it (2.5)."""

    type: Literal["contextual_update"] = "contextual_update"
    text: StrictStr
    context_id: StrictStr | None = None


class UserMessage(ClientMessage):
    """Typed text, handled like speech (2.6)."""

    type: Literal["user_message"] = "user_message"
    text: StrictStr | None = None
    user_identifier: StrictStr | None = None
    rich_content_id: StrictStr | None = None


class UserActivityMessage(ClientMessage):
    """The user is there: resets the turn's time-out (2.7)."""

    type: Literal["user_activity"] = "user_activity"


class FileInput(Payload):
    """A file that was uploaded before (2.8)."""

    type: Literal["file_input"] = "file_input"
    file_id: StrictStr


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
    tool_call_id: StrictStr
    is_approved: StrictBool


class PostCallWebhook(Payload):
    """Where an on-prem server delivers after the call; a secret has 16 characters or more (1.7)."""

    url: StrictStr
    hmac_secret: StrictStr | None = Field(default=None, repr=False)


class EnclaveSetupConfigMessage(ClientMessage):
    """The first frame to an on-prem server (1.7); legacy fields are sent as null, as that server expects."""

    type: Literal["enclave_setup_config"] = "enclave_setup_config"
    agent_config_dict: Object | None = None
    override_agent_config_list: list[Object] | None = None
    tools_config_list: list[Object] | None = None
    post_call_transcription_webhook_url: StrictStr | None = None
    post_call_audio_webhook_url: StrictStr | None = None
    prompt_knowledge_base: list[StrictStr] | None = None
    bedrock_inference_profile: StrictStr | None = None
    post_call_transcription_webhook: PostCallWebhook | None = None
    post_call_audio_webhook: PostCallWebhook | None = None

    def to_frame(self) -> str:
        """As of every message; the fields that predate the others are written as null when unset."""
        later = ("bedrock_inference_profile", "post_call_transcription_webhook", "post_call_audio_webhook")
        unset = {name for name in later if getattr(self, name) is None}
        return self.model_dump_json(exclude=unset)


CLIENT_MESSAGES: dict[str, type[ClientMessage]] = {
    str(cls.model_fields["type"].default): cls for cls in ClientMessage.__subclasses__()
}
"""The class of each `type` that a client may send."""
