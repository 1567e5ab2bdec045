"""What happens in a conversation, as the handlers of users and plugins see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from agentframework.formats import AudioFormat
from agentframework.protocol import messages as m

__all__ = [
    "LOSSY_EVENTS",
    "AgentStartedSpeaking",
    "AgentStoppedSpeaking",
    "AnswerPlayed",
    "AudioRestored",
    "AudioStalled",
    "Callbacks",
    "DisconnectionDetails",
    "Event",
    "MessageSent",
    "Reconnected",
    "Reconnecting",
    "SessionEnded",
    "SessionStarted",
    "ToolAnswered",
    "ToolCalled",
    "ToolCallsStopped",
    "ToolFinishedLate",
    "method_name",
]

Done = Awaitable[None] | None


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The agent's side has accepted the conversation."""

    conversation_id: str
    input_format: AudioFormat
    output_format: AudioFormat
    type: str = "session_started"


@dataclass(frozen=True, slots=True)
class DisconnectionDetails:
    """Who ended a conversation, and why.

    `reason` is "user" (we did), "agent" (the agent's side closed with 1000) or "error". `close_code` is 1006
    where the socket broke without a close frame, and None where there never was a socket (protocol 1.8).
    `phase` is how far it had come: "connect", "start" or "live". `hint` says what would help, where we know.
    """

    reason: Literal["user", "agent", "error"]
    close_code: int | None = None
    close_reason: str | None = None
    message: str | None = None
    phase: Literal["connect", "start", "live"] = "live"
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection is lost, and another will be tried for in `delay` seconds; `attempt` counts from 1.

    `details` says how the last connection, or the last attempt, ended. Tool calls of the old connection have ended
    as "connection lost".
    """

    attempt: int
    delay: float
    details: DisconnectionDetails
    type: str = "reconnecting"


@dataclass(frozen=True, slots=True)
class Reconnected:
    """There is a new connection after one was lost; for the agent it is a new conversation, with a new id.

    `reseed(text)` tells the agent what it should know of the old one, as a contextual update (protocol 2.5), before
    anything that was sent while there was no connection; call it while this event is being handled.
    """

    conversation_id: str
    previous_conversation_id: str
    attempts: int
    reseed: Callable[[str], None] = field(repr=False)
    type: str = "reconnected"


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The conversation is over: the last event of every session, also of one that could not be started."""

    conversation_id: str | None
    details: DisconnectionDetails
    type: str = "session_ended"


@dataclass(frozen=True, slots=True)
class MessageSent:
    """The program or its user has sent something: typed text, context, files, a sign of activity (protocol 2).

    Answers to tool calls, pongs and audio are not among them.
    """

    message: m.ApplicationMessage
    type: str = "message_sent"


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The agent calls one of our tools; `parameters` is what it sent, not yet checked."""

    call_id: str
    tool_name: str
    parameters: Any
    owner: str
    type: str = "tool_called"


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """A tool call has its outcome. `text` is what the agent is told where `sent` is true.

    `outcome` is a word of the ledger ("ok", "timeout", "bad arguments", ...); `duration` is in seconds from the
    receipt of the call.
    """

    call_id: str
    tool_name: str
    parameters: Any
    owner: str
    outcome: str
    text: str
    is_error: bool
    sent: bool
    duration: float
    type: str = "tool_answered"


@dataclass(frozen=True, slots=True)
class ToolFinishedLate:
    """A tool has come to an end after its call was answered: the deadline had passed, or the connection was lost.

    `text` is what came of it, and `told` whether the agent gets it as context; `duration` is in seconds from the
    receipt of the call.
    """

    call_id: str
    tool_name: str
    owner: str
    outcome: str
    text: str
    told: bool
    duration: float
    type: str = "tool_finished_late"


@dataclass(frozen=True, slots=True)
class ToolCallsStopped:
    """The agent has called tools again and again, and is told to stop; said once for each such run.

    `tool_name` is the tool of the first call that was stopped.
    """

    tool_name: str
    owner: str
    reason: str
    type: str = "tool_calls_stopped"


@dataclass(frozen=True, slots=True)
class AgentStartedSpeaking:
    """The first sample of the agent's speech after a silence sounds at the device, by the playback position.

    `event_id` is that of the answer: of its `agent_response` where there was one (protocol 4.1).
    """

    event_id: int
    type: str = "agent_started_speaking"


@dataclass(frozen=True, slots=True)
class AgentStoppedSpeaking:
    """The agent has fallen silent at the device: the answer is over, or `interrupted`; `event_id` is the answer's.

    An answer that does not say which chunk is its last is over after a pause of 0.25 s.
    """

    event_id: int
    interrupted: bool
    type: str = "agent_stopped_speaking"


@dataclass(frozen=True, slots=True)
class AnswerPlayed:
    """How much of an answer the user has heard: once for each, when it has sounded or was interrupted.

    `heard_ms` sounded, `queued_ms` had come and never did, also because a device was lost; `interrupted` where there
    is any of that. `heard_text` are the words that sounded to their end, where the agent's side says when each
    character is spoken (protocol 3.1), else None.
    """

    event_id: int
    heard_ms: int
    queued_ms: int
    interrupted: bool
    heard_text: str | None = None
    type: str = "answer_played"


@dataclass(frozen=True, slots=True)
class AudioStalled:
    """A device is dead, or was never opened; `problem` says why. The runtime tries to open it again."""

    device: Literal["microphone", "speaker", "both"]
    problem: str
    type: str = "audio_stalled"


@dataclass(frozen=True, slots=True)
class AudioRestored:
    """A device that was dead works again, after so many seconds."""

    device: Literal["microphone", "speaker", "both"]
    duration: float
    type: str = "audio_restored"


Event = (
    m.ReceivedMessage
    | SessionStarted
    | Reconnecting
    | Reconnected
    | SessionEnded
    | MessageSent
    | ToolCalled
    | ToolAnswered
    | ToolFinishedLate
    | ToolCallsStopped
    | AgentStartedSpeaking
    | AgentStoppedSpeaking
    | AnswerPlayed
    | AudioStalled
    | AudioRestored
)
"""Whatever a handler can be given."""

LOSSY_EVENTS = frozenset({"audio", "audio_alignment", "vad_score"})
"""What a handler loses first when it cannot keep up."""


def method_name(event: Event) -> str:
    """The name of the `Callbacks` method that is for this event alone."""
    return "on_unknown_message" if isinstance(event, m.UnknownMessage) else f"on_{event.type}"


class Callbacks:
    """Handlers of a conversation's events: derive from it and define the methods that you need.

        class Transcript(Callbacks):
            def on_agent_response(self, message):
                print("agent:", message.agent_response_event.agent_response)

    Each method is called with the message as it was parsed from the wire (fields: protocol 3), or with one of
    this module's events. A plain method runs in a worker thread, an `async def` on the user's loop; the methods
    of one object are called one after another, in the order in which things happened. One that raises is logged
    with its owner and the conversation goes on; one that is slow delays nobody else. An object that falls
    1,000 events behind loses audio, alignment and VAD events; at 10,000 it gets no more.
    """

    def on_event(self, event: Event) -> Done:
        """Every event, known or not, before the method that is for it alone."""

    def on_session_started(self, event: SessionStarted) -> Done: ...
    def on_reconnecting(self, event: Reconnecting) -> Done: ...
    def on_reconnected(self, event: Reconnected) -> Done: ...
    def on_session_ended(self, event: SessionEnded) -> Done: ...
    def on_message_sent(self, event: MessageSent) -> Done: ...
    def on_tool_called(self, event: ToolCalled) -> Done: ...
    def on_tool_answered(self, event: ToolAnswered) -> Done: ...
    def on_tool_finished_late(self, event: ToolFinishedLate) -> Done: ...
    def on_tool_calls_stopped(self, event: ToolCallsStopped) -> Done: ...
    def on_agent_started_speaking(self, event: AgentStartedSpeaking) -> Done: ...
    def on_agent_stopped_speaking(self, event: AgentStoppedSpeaking) -> Done: ...
    def on_answer_played(self, event: AnswerPlayed) -> Done: ...
    def on_audio_stalled(self, event: AudioStalled) -> Done: ...
    def on_audio_restored(self, event: AudioRestored) -> Done: ...

    def on_conversation_initiation_metadata(
        self, message: m.ConversationInitiationMetadataMessage
    ) -> Done: ...
    def on_asr_initiation_metadata(self, message: m.AsrInitiationMetadataMessage) -> Done: ...
    def on_audio(self, message: m.AudioMessage) -> Done: ...
    def on_audio_alignment(self, message: m.AudioAlignmentMessage) -> Done: ...
    def on_agent_response(self, message: m.AgentResponseMessage) -> Done: ...
    def on_agent_response_correction(self, message: m.AgentResponseCorrectionMessage) -> Done: ...
    def on_agent_chat_response_part(self, message: m.AgentChatResponsePartMessage) -> Done: ...
    def on_agent_reasoning_response_part(self, message: m.AgentReasoningResponsePartMessage) -> Done: ...
    def on_agent_response_complete(self, message: m.AgentResponseCompleteMessage) -> Done: ...
    def on_agent_response_metadata(self, message: m.AgentResponseMetadataMessage) -> Done: ...
    def on_user_transcript(self, message: m.UserTranscriptMessage) -> Done: ...
    def on_tentative_user_transcript(self, message: m.TentativeUserTranscriptMessage) -> Done: ...
    def on_interruption(self, message: m.InterruptionMessage) -> Done: ...
    def on_ping(self, message: m.PingMessage) -> Done: ...
    def on_client_tool_call(self, message: m.ClientToolCallMessage) -> Done: ...
    def on_agent_tool_request(self, message: m.AgentToolRequestMessage) -> Done: ...
    def on_agent_tool_response(self, message: m.AgentToolResponseMessage) -> Done: ...
    def on_agent_tool_response_full_payload(self, message: m.AgentToolResponseFullPayloadMessage) -> Done: ...
    def on_mcp_tool_call(self, message: m.McpToolCallMessage) -> Done: ...
    def on_mcp_connection_status(self, message: m.McpConnectionStatusMessage) -> Done: ...
    def on_vad_score(self, message: m.VadScoreMessage) -> Done: ...
    def on_context_usage(self, message: m.ContextUsageMessage) -> Done: ...
    def on_guardrail_triggered(self, message: m.GuardrailTriggeredMessage) -> Done: ...
    def on_error(self, message: m.ErrorMessage) -> Done: ...
    def on_client_error(self, message: m.ClientErrorMessage) -> Done: ...
    def on_internal_turn_probability(self, message: m.InternalTurnProbabilityMessage) -> Done: ...
    def on_internal_tentative_agent_response(
        self, message: m.InternalTentativeAgentResponseMessage
    ) -> Done: ...
    def on_rich_content(self, message: m.RichContentMessage) -> Done: ...
    def on_agent_typing(self, message: m.AgentTypingMessage) -> Done: ...
    def on_external_agent_connected(self, message: m.ExternalAgentConnectedMessage) -> Done: ...
    def on_external_agent_disconnected(self, message: m.ExternalAgentDisconnectedMessage) -> Done: ...
    def on_queue_status(self, message: m.QueueStatusMessage) -> Done: ...
    def on_dtmf_request(self, message: m.DtmfRequestMessage) -> Done: ...
    def on_unknown_message(self, message: m.UnknownMessage) -> Done: ...
    def on_malformed_frame(self, frame: m.MalformedFrame) -> Done: ...
