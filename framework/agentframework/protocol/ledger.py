"""The ledger of tool calls: the only way to answer, and exactly one answer per id that expects one."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from agentframework.protocol.messages import ClientToolResultMessage
from agentframework.protocol.messages.server import ClientToolCall

__all__ = ["Admission", "Ledger", "Outcome", "Settlement"]


class Admission(Enum):
    """What the ledger says of a call that has come in."""

    NEW = "new"
    DUPLICATE = "duplicate"
    BUSY = "busy"


class Outcome(Enum):
    """How a call ended; each has its own sentence and its own count."""

    __hash__ = object.__hash__  # members are counted by the call, and Enum's own hash is slow

    OK = "ok"
    TOOL_ERROR = "tool error"
    UNKNOWN_TOOL = "unknown tool"
    BAD_ARGUMENTS = "bad arguments"
    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    WORKER_DIED = "worker died"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    DENIED = "denied"
    LIMITED = "limited"
    UNENCODABLE = "unencodable result"
    BUSY = "busy"
    SHUTDOWN = "shutdown"
    CONNECTION_LOST = "connection lost"


class Settlement(Enum):
    """What became of an answer."""

    ANSWERED = "answered"
    NOT_EXPECTED = "not expected"
    LATE = "late"
    AFTER_END = "after the end"


@dataclass(slots=True)
class _Entry:
    expects_answer: bool
    outcome: Outcome | None = None


class Ledger:
    """Keeps one entry per `tool_call_id`, from receipt to its one outcome (protocol 4.5).

    `answers` says for a tool's name that it is always (True) or never (False) answered, whatever the call says.
    Of the calls that are settled the last `remembered` ids are kept, to know duplicates by. Not thread-safe:
    it lives where its protocol lives.
    """

    def __init__(
        self, *, max_open: int = 8192, answers: Mapping[str, bool] | None = None, remembered: int = 65536
    ) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.duplicates = 0
        self.late = 0
        self._max_open = max_open
        self._answers = dict(answers or {})
        self._remembered = remembered
        self._open: dict[str, _Entry] = {}
        self._settled: OrderedDict[str, Outcome] = OrderedDict()
        self._ended = False

    @property
    def open_ids(self) -> tuple[str, ...]:
        """The ids of the calls that have no outcome yet, oldest first."""
        return tuple(self._open)

    def receive(self, call: ClientToolCall) -> Admission:
        """Enter a call. NEW and BUSY are to be settled by the caller; a DUPLICATE is counted, nothing else."""
        if call.tool_call_id in self._open or call.tool_call_id in self._settled:
            self.duplicates += 1
            return Admission.DUPLICATE
        expects = self._answers.get(call.tool_name, call.expects_response is not False)
        busy = len(self._open) >= self._max_open
        self._open[call.tool_call_id] = _Entry(expects)
        return Admission.BUSY if busy else Admission.NEW

    def settle(
        self, tool_call_id: str, outcome: Outcome, text: str, *, is_error: bool
    ) -> tuple[Settlement, ClientToolResultMessage | None]:
        """Write the outcome of a call; the message to send comes with it where one is due.

        The first outcome stands. One that comes later is counted as late and sends nothing, also where the id is
        not remembered any more.
        """
        entry = self._open.pop(tool_call_id, None)
        if entry is None:
            self.late += 1
            return Settlement.LATE, None
        self._remember(tool_call_id, outcome)
        if self._ended:
            return Settlement.AFTER_END, None
        if not entry.expects_answer:
            return Settlement.NOT_EXPECTED, None
        message = ClientToolResultMessage(tool_call_id=tool_call_id, result=text, is_error=is_error)
        return Settlement.ANSWERED, message

    def outcome_of(self, tool_call_id: str) -> Outcome | None:
        """How that call ended, or None while it is open or where it is not known (any more)."""
        return self._settled.get(tool_call_id)

    def end(self) -> None:
        """The socket is gone: outcomes are still written, nothing is sent any more."""
        self._ended = True

    def _remember(self, tool_call_id: str, outcome: Outcome) -> None:
        self.outcomes[outcome] += 1
        self._settled[tool_call_id] = outcome
        if len(self._settled) > self._remembered:
            self._settled.popitem(last=False)
