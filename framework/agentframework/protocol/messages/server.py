"""What the agent's side sends: one class per message (protocol 3), its payload class before it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictStr

from agentframework.protocol.messages.base import Message, Payload

__all__ = [
    "SERVER_MESSAGES",
    "AgentChatResponsePartMessage",
    "AgentReasoningResponsePartMessage",
    "AgentResponseCompleteMessage",
    "AgentResponseCorrectionMessage",
    "AgentResponseMessage",
    "AgentResponseMetadataMessage",
    "AgentToolRequestMessage",
    "AgentToolResponseFullPayloadMessage",
    "AgentToolResponseMessage",
    "AgentTypingMessage",
    "Alignment",
    "AsrInitiationMetadataMessage",
    "AudioAlignmentMessage",
    "AudioMessage",
    "ClientErrorMessage",
    "ClientToolCall",
    "ClientToolCallMessage",
    "ContextUsageMessage",
    "ConversationInitiationMetadataMessage",
    "DtmfRequestMessage",
    "ErrorMessage",
    "ExternalAgentConnectedMessage",
    "ExternalAgentDisconnectedMessage",
    "GuardrailTriggeredMessage",
    "InternalTentativeAgentResponseMessage",
    "InternalTurnProbabilityMessage",
    "InterruptionMessage",
    "McpConnectionStatusMessage",
    "McpToolCallMessage",
    "PingMessage",
    "QueueStatusMessage",
    "RichContentMessage",
    "ServerMessage",
    "TentativeUserTranscriptMessage",
    "UserTranscriptMessage",
    "VadScoreMessage",
]


def _text_or_empty(value: object) -> str:
    return value if isinstance(value, str) else ""


class ConversationInitiationMetadata(Payload):
    """Who we are talking to, and in which formats (protocol 3.1, 4.6); old servers leave the formats out."""

    conversation_id: str
    agent_output_audio_format: str = "pcm_16000"
    user_input_audio_format: str = "pcm_16000"


class ConversationInitiationMetadataMessage(Message):
    """The first message of a conversation, sent once (protocol 1.6)."""

    type: Literal["conversation_initiation_metadata"] = "conversation_initiation_metadata"
    conversation_initiation_metadata_event: ConversationInitiationMetadata


class AsrInitiationMetadataMessage(Message):
    type: Literal["asr_initiation_metadata"] = "asr_initiation_metadata"
    asr_initiation_metadata_event: dict[str, Any] = {}


class Alignment(Payload):
    """When each character of a chunk is spoken, in ms from the start of the chunk (protocol 3.1)."""

    chars: list[str] = Field(default=[], fail_fast=True)
    char_start_times_ms: list[int] = Field(default=[], fail_fast=True)
    char_durations_ms: list[int] = Field(default=[], fail_fast=True)


class AudioEvent(Payload):
    """A chunk of the agent's speech, base64 in the agent's output format (protocol 3.1, 4.6); may be empty."""

    audio_base_64: StrictStr
    event_id: int
    alignment: Alignment | None = None
    is_final: bool | None = None


class AudioMessage(Message):
    type: Literal["audio"] = "audio"
    audio_event: AudioEvent


class AudioAlignmentEvent(Payload):
    event_id: int | None = None
    alignment: Alignment | None = None


class AudioAlignmentMessage(Message):
    """Alignment on its own, a legacy message of some servers."""

    type: Literal["audio_alignment"] = "audio_alignment"
    audio_alignment_event: AudioAlignmentEvent


class AgentResponse(Payload):
    agent_response: str
    event_id: int | None = None
    response_id: str | None = None
    attachments: list[dict[str, Any]] | None = Field(default=None, fail_fast=True)


class AgentResponseMessage(Message):
    """The full text of what the agent says (protocol 3.1)."""

    type: Literal["agent_response"] = "agent_response"
    agent_response_event: AgentResponse


class AgentResponseCorrection(Payload):
    original_agent_response: str
    corrected_agent_response: str
    event_id: int | None = None
    response_id: str | None = None


class AgentResponseCorrectionMessage(Message):
    """What was really said before the user interrupted (protocol 4.2)."""

    type: Literal["agent_response_correction"] = "agent_response_correction"
    agent_response_correction_event: AgentResponseCorrection


class TextResponsePart(Payload):
    """A piece of streamed text: `type` is start, delta or stop (protocol 4.3); some ids are no numbers."""

    text: str = ""
    type: str
    event_id: Annotated[int | str | None, Field(union_mode="left_to_right")] = None
    response_id: str | None = None


class AgentChatResponsePartMessage(Message):
    type: Literal["agent_chat_response_part"] = "agent_chat_response_part"
    text_response_part: TextResponsePart


class AgentReasoningResponsePartMessage(Message):
    type: Literal["agent_reasoning_response_part"] = "agent_reasoning_response_part"
    reasoning_response_part: TextResponsePart


class EventReference(Payload):
    event_id: int | None = None


class AgentResponseCompleteMessage(Message):
    type: Literal["agent_response_complete"] = "agent_response_complete"
    agent_response_complete_event: EventReference


class AgentResponseMetadata(Payload):
    metadata: dict[str, Any]
    event_id: int | None = None


class AgentResponseMetadataMessage(Message):
    type: Literal["agent_response_metadata"] = "agent_response_metadata"
    agent_response_metadata_event: AgentResponseMetadata


class UserTranscription(Payload):
    user_transcript: str
    event_id: int | None = None


class UserTranscriptMessage(Message):
    """What the user said, final; may arrive after the answer of the same event id (protocol 3.1)."""

    type: Literal["user_transcript"] = "user_transcript"
    user_transcription_event: UserTranscription


class TentativeUserTranscriptMessage(Message):
    type: Literal["tentative_user_transcript"] = "tentative_user_transcript"
    tentative_user_transcription_event: UserTranscription


class Interruption(Payload):
    event_id: int


class InterruptionMessage(Message):
    """The user spoke: audio up to and including this event id is void (protocol 4.1)."""

    type: Literal["interruption"] = "interruption"
    interruption_event: Interruption


class PingEvent(Payload):
    """`ping_ms` is the server's estimate of the round trip; null or absent on the first (protocol 4.4)."""

    event_id: int
    ping_ms: float | None = None


class PingMessage(Message):
    type: Literal["ping"] = "ping"
    ping_event: PingEvent


class ClientToolCall(Payload):
    """A call of one of our tools (protocol 4.5). Only the id is needed to answer, so only the id is required.

    `parameters` is kept as it came: what is wrong with it is told to the model, not thrown away.
    `expects_response` is None where the flag is absent or unreadable; only a JSON false asks for no answer.
    """

    tool_call_id: str = Field(min_length=1)
    tool_name: Annotated[str, BeforeValidator(_text_or_empty)] = ""
    parameters: Any = None
    event_id: int | None = None
    expects_response: StrictBool | None = None


class ClientToolCallMessage(Message):
    type: Literal["client_tool_call"] = "client_tool_call"
    client_tool_call: ClientToolCall


class AgentToolRequest(Payload):
    """The agent is about to use a tool of any kind (protocol 3.1)."""

    tool_name: str
    tool_call_id: str
    tool_type: str = ""
    event_id: int | None = None
    expects_response: bool | None = None
    disable_interruptions: bool | None = None
    response_timeout_secs: int | None = None
    execution_mode: str | None = None


class AgentToolRequestMessage(Message):
    type: Literal["agent_tool_request"] = "agent_tool_request"
    agent_tool_request: AgentToolRequest


class AgentToolResponse(Payload):
    """A tool of any kind has ended, as the agent's side sees it (protocol 3.1)."""

    tool_name: str
    tool_call_id: str
    tool_type: str = ""
    is_error: bool = False
    is_called: bool | None = None
    is_blocked: bool = False
    event_id: int | None = None


class AgentToolResponseMessage(Message):
    type: Literal["agent_tool_response"] = "agent_tool_response"
    agent_tool_response: AgentToolResponse


class AgentToolResponseFullPayload(AgentToolResponse):
    full_tool_result: str
    truncated: bool = False


class AgentToolResponseFullPayloadMessage(Message):
    type: Literal["agent_tool_response_full_payload"] = "agent_tool_response_full_payload"
    agent_tool_response_full_payload: AgentToolResponseFullPayload


class McpToolCall(Payload):
    """A call of an MCP tool; the same id is sent again for each `state` (protocol 3.1)."""

    service_id: str
    tool_call_id: str
    tool_name: str
    state: str
    parameters: dict[str, Any] = {}
    tool_description: str | None = None
    timestamp: str | None = None
    approval_timeout_secs: int | None = None
    result: list[dict[str, Any]] | None = Field(default=None, fail_fast=True)
    error_message: str | None = None


class McpToolCallMessage(Message):
    type: Literal["mcp_tool_call"] = "mcp_tool_call"
    mcp_tool_call: McpToolCall


class McpIntegration(Payload):
    integration_id: str
    integration_type: str
    is_connected: bool
    tool_count: int = 0


class McpConnectionStatus(Payload):
    integrations: list[McpIntegration] = Field(default=[], fail_fast=True)


class McpConnectionStatusMessage(Message):
    type: Literal["mcp_connection_status"] = "mcp_connection_status"
    mcp_connection_status: McpConnectionStatus


class VadScore(Payload):
    """How likely it is that the user speaks, 0 to 1."""

    vad_score: float


class VadScoreMessage(Message):
    type: Literal["vad_score"] = "vad_score"
    vad_score_event: VadScore


class ContextUsage(Payload):
    event_id: int | None = None
    model: str | None = None
    context_tokens: int | None = None
    context_limit_tokens: int | None = None


class ContextUsageMessage(Message):
    type: Literal["context_usage"] = "context_usage"
    context_usage_event: ContextUsage


class GuardrailTriggered(Payload):
    guardrail_name: str = ""


class GuardrailTriggeredMessage(Message):
    type: Literal["guardrail_triggered"] = "guardrail_triggered"
    guardrail_triggered_event: GuardrailTriggered | None = None


class ErrorEvent(Payload):
    """What went wrong on the agent's side, sent just before it closes (protocol 1.8, 3.1)."""

    code: int
    message: str | None = None
    error_type: str | None = None
    reason: str | None = None
    debug_message: str | None = None
    details: dict[str, Any] | None = None


class ErrorMessage(Message):
    type: Literal["error"] = "error"
    error_event: ErrorEvent


class ClientErrorEvent(Payload):
    code: int
    error_name: str = ""
    message: str | None = None


class ClientErrorMessage(Message):
    type: Literal["client_error"] = "client_error"
    error_event: ClientErrorEvent


class TurnProbability(Payload):
    turn_probability: float


class InternalTurnProbabilityMessage(Message):
    type: Literal["internal_turn_probability"] = "internal_turn_probability"
    turn_probability_internal_event: TurnProbability


class TentativeAgentResponse(Payload):
    tentative_agent_response: str


class InternalTentativeAgentResponseMessage(Message):
    type: Literal["internal_tentative_agent_response"] = "internal_tentative_agent_response"
    tentative_agent_response_internal_event: TentativeAgentResponse


class RichContent(Payload):
    rich_content_id: str
    component: str
    props: dict[str, Any] = {}
    event_id: int | None = None


class RichContentMessage(Message):
    type: Literal["rich_content"] = "rich_content"
    rich_content: RichContent


class AgentTyping(Payload):
    is_typing: bool
    duration_ms: float | None = None


class AgentTypingMessage(Message):
    type: Literal["agent_typing"] = "agent_typing"
    agent_typing_event: AgentTyping


class ExternalAgentConnectedMessage(Message):
    type: Literal["external_agent_connected"] = "external_agent_connected"
    external_agent_connected_event: dict[str, Any] | None = None


class ExternalAgentDisconnectedMessage(Message):
    type: Literal["external_agent_disconnected"] = "external_agent_disconnected"
    external_agent_disconnected_event: dict[str, Any] | None = None


class QueueStatus(Payload):
    """waiting, then admitted or timed_out (then close 4300); may come before the metadata (protocol 3.1)."""

    status: str


class QueueStatusMessage(Message):
    type: Literal["queue_status"] = "queue_status"
    queue_status_event: QueueStatus


class DtmfRequestMessage(Message):
    """Only its name is known (protocol 10); whatever it carries is in `model_extra`."""

    type: Literal["dtmf_request"] = "dtmf_request"


SERVER_MESSAGES: dict[str, type[Message]] = {
    str(cls.model_fields["type"].default): cls
    for cls in Message.__subclasses__()
    if cls.__module__ == __name__
}
"""The class of each `type` that the agent's side may send."""

ServerMessage = (
    ConversationInitiationMetadataMessage
    | AsrInitiationMetadataMessage
    | AudioMessage
    | AudioAlignmentMessage
    | AgentResponseMessage
    | AgentResponseCorrectionMessage
    | AgentChatResponsePartMessage
    | AgentReasoningResponsePartMessage
    | AgentResponseCompleteMessage
    | AgentResponseMetadataMessage
    | UserTranscriptMessage
    | TentativeUserTranscriptMessage
    | InterruptionMessage
    | PingMessage
    | ClientToolCallMessage
    | AgentToolRequestMessage
    | AgentToolResponseMessage
    | AgentToolResponseFullPayloadMessage
    | McpToolCallMessage
    | McpConnectionStatusMessage
    | VadScoreMessage
    | ContextUsageMessage
    | GuardrailTriggeredMessage
    | ErrorMessage
    | ClientErrorMessage
    | InternalTurnProbabilityMessage
    | InternalTentativeAgentResponseMessage
    | RichContentMessage
    | AgentTypingMessage
    | ExternalAgentConnectedMessage
    | ExternalAgentDisconnectedMessage
    | QueueStatusMessage
    | DtmfRequestMessage
)
