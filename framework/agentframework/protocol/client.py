"""The client's side of a conversation, without I/O: what came means this, and that is to be sent."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import pybase64

from agentframework.protocol.ledger import Admission, Ledger, Outcome, Settlement
from agentframework.protocol.messages import (
    AudioMessage,
    ClientMessage,
    ClientToolCallMessage,
    ConversationInitiationClientDataMessage,
    ConversationInitiationMetadataMessage,
    EnclaveSetupConfigMessage,
    InterruptionMessage,
    MalformedFrame,
    PingMessage,
    PongMessage,
    ReceivedMessage,
    UnknownMessage,
    UserAudioChunkMessage,
    parse_server_frame,
)

__all__ = ["ClientProtocol", "Received", "Verdict"]

_MAX_PONGS = 1_000  # of a peer that pings and does not read, only the newest pings are answered
_MAX_MESSAGES = 10_000


class Verdict(Enum):
    """What a received message asks of the session."""

    __hash__ = object.__hash__  # members are counted by the frame, and Enum's own hash is slow

    EVENT = "event"
    STARTED = "started"
    AUDIO = "audio"
    STALE_AUDIO = "stale audio"
    INTERRUPTION = "interruption"
    CALL = "call"
    BUSY_CALL = "busy call"
    DUPLICATE_CALL = "duplicate call"
    REPEATED_METADATA = "repeated metadata"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Received:
    """One frame of the agent's side, read: the message, what it asks for, and the audio it carries."""

    message: ReceivedMessage
    verdict: Verdict
    audio: bytes = b""


class ClientProtocol:
    """One conversation as the client sees it (protocol 1.6, 4).

    The caller hands every frame to `receive_frame` and acts on the verdict; whenever something may have become
    ready it sends what `next_frame` gives until that is None. What opens the conversation is first, then come
    pongs, then messages in the order in which they were sent, then microphone audio, of which the oldest block is
    dropped when more than `max_audio_blocks` (1 or more) wait. Not thread-safe; never blocks; no frame makes it
    raise.
    """

    def __init__(
        self,
        initiation: ConversationInitiationClientDataMessage | None = None,
        *,
        enclave_setup: EnclaveSetupConfigMessage | None = None,
        max_open_calls: int = 8192,
        answers: Mapping[str, bool] | None = None,
        max_audio_blocks: int = 50,
    ) -> None:
        self.ledger = Ledger(max_open=max_open_calls, answers=answers)
        self.metadata: ConversationInitiationMetadataMessage | None = None
        self.interrupted_until: int | None = None
        self.counts: Counter[Verdict] = Counter()
        self.dropped_audio_blocks = 0
        self._opening: deque[str] = deque()
        self._pongs: deque[str] = deque(maxlen=_MAX_PONGS)
        self._messages: deque[str] = deque()
        self._audio: deque[bytes] = deque()
        self._max_audio_blocks = max_audio_blocks
        self._ended = False
        if enclave_setup is not None:
            self._opening.append(enclave_setup.to_frame())
        self._opening.append((initiation or ConversationInitiationClientDataMessage()).to_frame())

    @property
    def conversation_id(self) -> str | None:
        """The id that the agent's side gave, or None before its metadata has come (protocol 3.1)."""
        if self.metadata is None:
            return None
        return self.metadata.conversation_initiation_metadata_event.conversation_id

    def receive_frame(self, frame: str | bytes) -> Received:
        """Read one frame; a ping is answered at once, whatever else waits (protocol 4.4).

        CALL and BUSY_CALL must be brought to an end with `answer`.
        """
        received = self._read(parse_server_frame(frame))
        self.counts[received.verdict] += 1
        return received

    def send(self, message: ClientMessage) -> bool:
        """Queue a message; False after the end, when nothing is sent any more, and where 10,000 wait already."""
        if self._ended or len(self._messages) >= _MAX_MESSAGES:
            return False
        self._messages.append(message.to_frame())
        return True

    def send_audio(self, audio: bytes) -> bool:
        """Queue a block of microphone audio in the user's input format (protocol 2.1, 4.6)."""
        if self._ended:
            return False
        if len(self._audio) >= self._max_audio_blocks:
            self._audio.popleft()
            self.dropped_audio_blocks += 1
        self._audio.append(audio)
        return True

    def answer(self, tool_call_id: str, outcome: Outcome, text: str, *, is_error: bool) -> Settlement:
        """Bring a call to its end; the answer is queued where one is due (design: exactly one)."""
        settlement, message = self.ledger.settle(tool_call_id, outcome, text, is_error=is_error)
        if message is not None:
            self._messages.append(message.to_frame())
        return settlement

    def next_frame(self) -> str | None:
        """The frame to send next, or None where nothing waits."""
        if self._opening:
            return self._opening.popleft()
        if self._pongs:
            return self._pongs.popleft()
        if self._messages:
            return self._messages.popleft()
        if self._audio:
            return UserAudioChunkMessage.frame_of(self._audio.popleft())
        return None

    def end(self) -> None:
        """The socket is gone or about to go: nothing is queued any more, and what waits is thrown away."""
        self._ended = True
        self.ledger.end()
        self._opening.clear()
        self._pongs.clear()
        self._messages.clear()
        self._audio.clear()

    def _read(self, message: ReceivedMessage) -> Received:
        match message:
            case PingMessage():
                if not self._ended:
                    self._pongs.append(PongMessage(event_id=message.ping_event.event_id).to_frame())
                return Received(message, Verdict.EVENT)
            case AudioMessage():
                return self._read_audio(message)
            case ClientToolCallMessage():
                return Received(message, self._admit(message))
            case InterruptionMessage():
                event_id = message.interruption_event.event_id
                if self.interrupted_until is None or event_id > self.interrupted_until:
                    self.interrupted_until = event_id
                return Received(message, Verdict.INTERRUPTION)
            case ConversationInitiationMetadataMessage():
                if self.metadata is not None:
                    return Received(message, Verdict.REPEATED_METADATA)
                self.metadata = message
                return Received(message, Verdict.STARTED)
            case MalformedFrame():
                return Received(message, Verdict.MALFORMED)
            case UnknownMessage():
                return Received(message, Verdict.UNKNOWN)
        return Received(message, Verdict.EVENT)

    def _read_audio(self, message: AudioMessage) -> Received:
        event = message.audio_event
        if self.interrupted_until is not None and event.event_id <= self.interrupted_until:
            return Received(message, Verdict.STALE_AUDIO)
        try:
            audio = pybase64.b64decode(event.audio_base_64, validate=True)
        except ValueError:
            problem = "audio: audio_event.audio_base_64: no valid base64"
            return Received(MalformedFrame(problem, "audio", event.audio_base_64[:2000]), Verdict.MALFORMED)
        return Received(message, Verdict.AUDIO, audio)

    def _admit(self, message: ClientToolCallMessage) -> Verdict:
        admission = self.ledger.receive(message.client_tool_call)
        if admission is Admission.DUPLICATE:
            return Verdict.DUPLICATE_CALL
        return Verdict.BUSY_CALL if admission is Admission.BUSY else Verdict.CALL
