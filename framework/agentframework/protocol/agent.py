"""The agent's side of a conversation, without I/O: what came means this, and that is to be sent."""

from __future__ import annotations

import json
import re
from collections import Counter, OrderedDict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pybase64

from agentframework.formats import AudioFormat
from agentframework.protocol.calls import AgentCalls, ErrorHandling, OpenCall, ToolAnswer
from agentframework.protocol.inspection import Inspected, Refused, Remark, RemarkKind, inspect_client_frame
from agentframework.protocol.messages import (
    AgentChatResponsePartMessage,
    AgentResponseCompleteMessage,
    AgentResponseCorrectionMessage,
    AgentResponseMessage,
    AgentToolRequestMessage,
    AgentToolResponseMessage,
    Alignment,
    AudioMessage,
    ClientMessage,
    ClientToolResultMessage,
    ConversationInitiationClientDataMessage,
    ConversationInitiationMetadataMessage,
    EnclaveSetupConfigMessage,
    ErrorMessage,
    InterruptionMessage,
    Message,
    PongMessage,
    UserAudioChunkMessage,
    UserTranscriptMessage,
    VadScoreMessage,
)
from agentframework.protocol.messages.base import without_lone_surrogates
from agentframework.protocol.messages.server import (
    AgentResponse,
    AgentResponseCorrection,
    AgentToolRequest,
    AgentToolResponse,
    AudioEvent,
    ConversationInitiationMetadata,
    ErrorEvent,
    EventReference,
    Interruption,
    TextResponsePart,
    UserTranscription,
    VadScore,
)

__all__ = [
    "CLOSE_REASON_BYTES",
    "DEFAULT_CLIENT_EVENTS",
    "INVALID_MESSAGE",
    "Accepted",
    "AgentProtocol",
    "Close",
]

INVALID_MESSAGE = "Invalid message received"
"""The platform's reason for closing with 1008 when a frame is no message (protocol 1.8)."""

CLOSE_REASON_BYTES = 123
"""The room that a WebSocket close frame has for its reason, in bytes of UTF-8."""

DEFAULT_CLIENT_EVENTS = frozenset(
    {"agent_response", "agent_response_correction", "audio", "interruption", "ping", "user_transcript"}
)
"""The messages that are sent unless others are chosen (protocol 3); tool calls and metadata always are."""

_UNANSWERED_PINGS = 1000
_MOST_DELTAS = 200


@dataclass(frozen=True, slots=True)
class Close:
    """How the conversation is to be closed, once all frames are sent (protocol 1.8)."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """One frame of the client, read: its message, what is odd about it, and what it brings.

    `audio` is decoded microphone audio in the input format; `answer` is set for the first result of an open call.
    """

    message: ClientMessage
    remarks: tuple[Remark, ...] = ()
    audio: bytes = b""
    answer: ToolAnswer | None = None


class AgentProtocol:
    """One conversation as the agent sees it (protocol 1.6, 2, 4).

    The caller hands every frame to `receive_frame`; whenever something may have become ready it sends what
    `next_frame` gives until that is None, then closes where `close_wanted` says so. What is said before `start`
    waits for the metadata, unless `metadata_first` is false. With `strict`, a frame with a remark is refused.
    Times are seconds on the caller's clock. Not thread-safe; never blocks; no frame makes it raise.
    """

    def __init__(
        self,
        conversation_id: str,
        *,
        output_format: AudioFormat | None = None,
        input_format: AudioFormat | None = None,
        client_events: Collection[str] = DEFAULT_CLIENT_EVENTS,
        strict: bool = False,
        text_only: bool = False,
        metadata_first: bool = True,
    ) -> None:
        self.conversation_id = conversation_id
        self.output_format = output_format or AudioFormat()
        self.input_format = input_format or AudioFormat()
        self.client_events = frozenset(client_events)
        self.strict = strict
        self.text_only = text_only
        self.initiation: ConversationInitiationClientDataMessage | None = None
        self.enclave_setup: EnclaveSetupConfigMessage | None = None
        self.close_wanted: Close | None = None
        self.latency_ms: int | None = None
        self.audio_received_bytes = 0
        self.remarks: Counter[RemarkKind] = Counter()
        self.last_said: tuple[int, str] | None = None
        self._ready: deque[str] = deque()
        self._held: deque[str] | None = deque() if metadata_first else None
        self._metadata_sent = False
        self._received = 0
        self._event_id = 0
        self._calls = AgentCalls()
        self._pings: OrderedDict[int, float] = OrderedDict()

    # What the client sends.

    def receive_frame(self, frame: str | bytes, *, now: float = 0.0) -> Accepted | Refused:
        """Read one frame that came at `now`. A refusal asks for the close 1008 "Invalid message received".

        After a refusal or `close` every frame is refused without a further consequence.
        """
        if self.close_wanted is not None:
            return Refused("the conversation is over")
        inspected = inspect_client_frame(frame)
        if isinstance(inspected, Refused):
            return self._refuse(inspected)
        further: list[Remark] = []
        answer = self._read(inspected, further, now)
        remarks = inspected.remarks + tuple(further)
        self.remarks.update(remark.kind for remark in remarks)
        if remarks and self.strict:
            return self._refuse(Refused(f"strict: {remarks[0].text}", inspected.message.type))
        self._received += 1
        return Accepted(inspected.message, remarks, inspected.audio, answer)

    def _refuse(self, refused: Refused) -> Refused:
        event = ErrorEvent(
            code=1008, message=INVALID_MESSAGE, error_type="invalid_message", debug_message=refused.problem
        )
        self._ready.append(ErrorMessage(error_event=event).to_frame())
        self.close(1008, INVALID_MESSAGE)
        return refused

    def _read(self, inspected: Inspected, remarks: list[Remark], now: float) -> ToolAnswer | None:
        message = inspected.message
        match message:
            case UserAudioChunkMessage():
                self._read_audio(inspected.audio, remarks)
            case ClientToolResultMessage():
                return self._read_result(message, remarks)
            case PongMessage():
                self._read_pong(message, remarks, now)
            case ConversationInitiationClientDataMessage():
                self._read_initiation(message, remarks)
            case EnclaveSetupConfigMessage():
                if self._received:
                    remarks.append(
                        Remark(RemarkKind.OUT_OF_ORDER, "enclave_setup_config: not the first frame")
                    )
                self.enclave_setup = message
            case _:
                if self.initiation is None:
                    text = f"{message.type}: before conversation_initiation_client_data"
                    remarks.append(Remark(RemarkKind.OUT_OF_ORDER, text))
        return None

    def _read_initiation(
        self, message: ConversationInitiationClientDataMessage, remarks: list[Remark]
    ) -> None:
        if self.initiation is not None:
            remarks.append(Remark(RemarkKind.OUT_OF_ORDER, f"{message.type}: sent a second time"))
            return
        self.initiation = message
        conversation = (message.conversation_config_override or {}).get("conversation")
        text_only = conversation.get("text_only") if isinstance(conversation, dict) else None
        if isinstance(text_only, bool):
            self.text_only = text_only

    def _read_audio(self, audio: bytes, remarks: list[Remark]) -> None:
        self.audio_received_bytes += len(audio)
        if not self._metadata_sent:
            remarks.append(Remark(RemarkKind.EARLY_AUDIO, "user_audio_chunk: before the metadata was sent"))
        if len(audio) % self.input_format.sample_size_bytes:
            text = f"user_audio_chunk: no whole samples of {self.input_format.name}"
            remarks.append(Remark(RemarkKind.ODD_VALUE, text))

    def _read_result(self, message: ClientToolResultMessage, remarks: list[Remark]) -> ToolAnswer | None:
        read = self._calls.read(message)
        if isinstance(read, Remark):
            remarks.append(read)
            return None
        self._send_tool_response(read.call, is_error=read.is_error)
        return read

    def _read_pong(self, message: PongMessage, remarks: list[Remark], now: float) -> None:
        sent = self._pings.pop(message.event_id, None)
        if sent is None:
            text = "pong: no ping with this event_id waits for one"
            remarks.append(Remark(RemarkKind.UNEXPECTED_PONG, text))
        else:
            self.latency_ms = max(0, round((now - sent) * 1000))

    # What the agent sends.

    @property
    def started(self) -> bool:
        """Whether the metadata is on its way."""
        return self._metadata_sent

    @property
    def waiting(self) -> int:
        """How many frames wait to be sent."""
        return len(self._ready)

    def start(self) -> bool:
        """Send the metadata, then whatever waits for it; False where that was done before (protocol 1.6)."""
        if self._metadata_sent or self.close_wanted is not None:
            return False
        self._metadata_sent = True
        event = ConversationInitiationMetadata(
            conversation_id=self.conversation_id,
            agent_output_audio_format=self.output_format.name,
            user_input_audio_format=self.input_format.name,
        )
        message = ConversationInitiationMetadataMessage(conversation_initiation_metadata_event=event)
        self._ready.append(message.to_frame())
        self._ready.extend(self._held or ())
        self._held = None
        return True

    def send(self, message: Message) -> None:
        """Send any message, in its turn, whatever `client_events` says."""
        self._queue(message.to_frame())

    def send_frame(self, frame: str) -> None:
        """Send any text, message or not, at once: not even the metadata comes before it."""
        if self.close_wanted is None:
            self._ready.append(frame)

    def say(self, text: str) -> int:
        """Say `text`, and give its event id.

        In text-only mode (and in voice where `client_events` asks for it) it is streamed before: start, a delta
        for each word or a few, stop; the agent_response with the same `response_id` commits it (protocol 4.3).
        """
        text = without_lone_surrogates(text)
        event_id = self.next_event_id()
        response_id = f"response_{event_id}"
        if self.text_only or "agent_chat_response_part" in self.client_events:
            deltas = [("delta", piece) for piece in _pieces(text)]
            for kind, piece in [("start", ""), *deltas, ("stop", "")]:
                part = TextResponsePart(text=piece, type=kind, event_id=event_id, response_id=response_id)
                self.send(AgentChatResponsePartMessage(text_response_part=part))
        event = AgentResponse(agent_response=text, event_id=event_id, response_id=response_id)
        self._send_event(AgentResponseMessage(agent_response_event=event))
        self.last_said = (event_id, text)
        return event_id

    def finish_turn(self, event_id: int | None = None) -> None:
        """Say that the answer (the last one, unless given) is whole, where `client_events` asks for it (3.1)."""
        if event_id is None and self.last_said is not None:
            event_id = self.last_said[0]
        event = EventReference(event_id=event_id)
        self._send_event(AgentResponseCompleteMessage(agent_response_complete_event=event))

    def send_audio(
        self,
        audio: bytes,
        *,
        event_id: int | None = None,
        alignment: Alignment | None = None,
        is_final: bool | None = None,
    ) -> int:
        """Send a chunk of speech in `output_format`, and give its event id (a new one unless given)."""
        event_id = self.next_event_id() if event_id is None else event_id
        chunk = pybase64.b64encode_as_string(audio)
        event = AudioEvent(audio_base_64=chunk, event_id=event_id, alignment=alignment, is_final=is_final)
        self._send_event(AudioMessage(audio_event=event))
        return event_id

    def transcribe(self, text: str) -> int:
        """Say what the user was understood to have said, and give its event id (protocol 3.1)."""
        event_id = self.next_event_id()
        event = UserTranscription(user_transcript=without_lone_surrogates(text), event_id=event_id)
        self._send_event(UserTranscriptMessage(user_transcription_event=event))
        return event_id

    def score_voice(self, score: float) -> None:
        """Say how likely it is that the user speaks, 0 to 1, where `client_events` asks for it (protocol 3.1)."""
        event = VadScore(vad_score=min(max(round(score, 3), 0.0), 1.0))
        self._send_event(VadScoreMessage(vad_score_event=event))

    def call_tool(
        self,
        tool_name: str,
        parameters: Mapping[str, Any],
        *,
        now: float,
        timeout: float | None = 20.0,
        tool_call_id: str | None = None,
        expects_response: bool | None = True,
        error_handling: ErrorHandling = "auto",
    ) -> OpenCall:
        """Call a tool of the client (protocol 4.5).

        `timeout` is `response_timeout_secs`, None for ever. `expects_response` None leaves the flag out, as old
        servers do, and an answer is then expected.
        """
        event_id = self.next_event_id()
        call = OpenCall(
            tool_call_id=tool_call_id or f"call_{event_id}",
            tool_name=tool_name,
            parameters=json.loads(without_lone_surrogates(json.dumps(parameters, ensure_ascii=False))),
            event_id=event_id,
            expects_response=expects_response,
            deadline=None if timeout is None else now + timeout,
            error_handling=error_handling,
        )
        request = AgentToolRequest(
            tool_name=tool_name,
            tool_call_id=call.tool_call_id,
            tool_type="client",
            event_id=event_id,
            expects_response=expects_response is not False,
            disable_interruptions=False,
            response_timeout_secs=-1 if timeout is None else round(timeout),
            execution_mode="immediate",
        )
        self._send_event(AgentToolRequestMessage(agent_tool_request=request))
        self.send(call.message())
        self._calls.add(call)
        return call

    @property
    def open_calls(self) -> tuple[OpenCall, ...]:
        """The calls that wait for their answer, oldest first."""
        return self._calls.open

    @property
    def next_deadline(self) -> float | None:
        """When the next call runs out of time, or None."""
        return self._calls.next_deadline

    def expire(self, now: float) -> tuple[OpenCall, ...]:
        """The calls whose time is over at `now`; a result that still comes for one is late."""
        expired = self._calls.expire(now)
        for call in expired:
            self._send_tool_response(call, is_error=True)
        return expired

    def interrupt(self, event_id: int | None = None) -> int:
        """Say that audio up to `event_id` (the last one used, unless given) is void (protocol 4.1)."""
        event_id = self._event_id if event_id is None else event_id
        self._send_event(InterruptionMessage(interruption_event=Interruption(event_id=event_id)))
        return event_id

    def correct(self, corrected: str, *, original: str | None = None, event_id: int | None = None) -> None:
        """Say what of an answer (the last one, unless given) was really spoken (protocol 4.2)."""
        last_id, last_text = self.last_said or (self._event_id, "")
        correction = AgentResponseCorrection(
            original_agent_response=last_text if original is None else original,
            corrected_agent_response=without_lone_surrogates(corrected),
            event_id=last_id if event_id is None else event_id,
        )
        self._send_event(AgentResponseCorrectionMessage(agent_response_correction_event=correction))

    def ping(self, *, now: float, ping_ms: int | None = None) -> int:
        """Send a ping at `now`, and give its event id; `ping_ms` is the last latency unless given (protocol 4.4)."""
        event_id = self.next_event_id()
        if "ping" in self.client_events:
            self._pings[event_id] = now
            if len(self._pings) > _UNANSWERED_PINGS:
                self._pings.popitem(last=False)
            # written by hand because null is what the platform's first ping carries, and clients read it
            event = {"event_id": event_id, "ping_ms": self.latency_ms if ping_ms is None else ping_ms}
            self._queue(json.dumps({"type": "ping", "ping_event": event}))
        return event_id

    @property
    def oldest_ping(self) -> float | None:
        """When the oldest ping that has no pong yet was sent, or None."""
        return next(iter(self._pings.values()), None)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close once everything that waits is sent; the first close stands. The reason is cut to what fits."""
        if self.close_wanted is None:
            fits = reason.encode(errors="replace")[:CLOSE_REASON_BYTES].decode(errors="ignore")
            self.close_wanted = Close(code, fits)
            self._held = None

    def next_frame(self) -> str | None:
        """The frame to send next, or None where nothing waits."""
        return self._ready.popleft() if self._ready else None

    def next_event_id(self) -> int:
        """A new event id, higher than all before; for a message that the caller builds itself."""
        self._event_id += 1
        return self._event_id

    def _queue(self, frame: str) -> None:
        if self.close_wanted is not None:
            return
        if self._held is not None:
            self._held.append(frame)
        else:
            self._ready.append(frame)

    def _send_event(self, message: Message) -> None:
        if message.type in self.client_events:
            self.send(message)

    def _send_tool_response(self, call: OpenCall, *, is_error: bool) -> None:
        response = AgentToolResponse(
            tool_name=call.tool_name,
            tool_call_id=call.tool_call_id,
            tool_type="client",
            is_error=is_error,
            is_called=True,
            event_id=call.event_id,
        )
        self._send_event(AgentToolResponseMessage(agent_tool_response=response))


def _pieces(text: str) -> list[str]:
    words = re.findall(r"\S+\s*|\s+", text)
    size = -(-len(words) // _MOST_DELTAS)
    return ["".join(words[start : start + size]) for start in range(0, len(words), size or 1)]
