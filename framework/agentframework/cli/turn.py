"""Whose turn it is in a conversation of text, by what was heard and when."""

from __future__ import annotations

import math
from typing import Final

from agentframework.callbacks import (
    AgentStartedSpeaking,
    AgentStoppedSpeaking,
    Event,
    ToolAnswered,
    ToolCalled,
)
from agentframework.protocol import messages as m

__all__ = ["PATIENCE", "QUIET", "Turn"]

QUIET: Final = 1.0
"""Seconds without a word after which an agent that has answered is taken to be done."""

OPENING: Final = 2.0
"""Seconds in which an agent that speaks first has begun to."""

PATIENCE: Final = 30.0
"""Seconds without any sign after which an answer is no longer waited for."""

_SIGNS = (
    m.AgentResponseCorrectionMessage,
    m.AgentReasoningResponsePartMessage,
    m.AgentTypingMessage,
    m.McpToolCallMessage,
    m.QueueStatusMessage,
)


class Turn:
    """Knows when the agent's turn is over. Pure: every time is given, in seconds of any one clock.

    An agent ends its turn with `agent_response_complete` where it sends that. Otherwise it is over when an
    answer was heard, no tool call is open, and `QUIET` has passed. After a tool's result that was sent, another
    answer is due. An agent that stays silent loses its turn after `PATIENCE`.
    """

    def __init__(self, now: float) -> None:
        self._last = now
        self._opening = True
        self._answered = False
        self._complete = False
        self._answers: set[str] = set()
        self._speaking = False
        self._silent_at = now
        self._own_calls: set[str] = set()
        self._their_calls: set[str] = set()

    def user_spoke(self, now: float) -> None:
        """The user's words were sent: an answer is due."""
        self._last = now
        self._opening = self._answered = self._complete = False
        self._answers.clear()

    def hear(self, event: Event, now: float) -> None:
        """Take note of an event; those that say nothing about turns change nothing."""
        if isinstance(event, AgentStartedSpeaking | AgentStoppedSpeaking):
            self._speaking, self._silent_at = isinstance(event, AgentStartedSpeaking), now
        elif isinstance(event, _SIGNS):
            self._last = now
        elif self._take(event):
            self._last = now
            self._opening = False

    def over_at(self) -> float:
        """When the agent's turn is over if nothing more is heard; infinity while one of our tools runs."""
        if self._own_calls:
            return math.inf
        if self._their_calls:
            return self._last + PATIENCE
        if self._complete:
            return self._last
        if self._opening:
            return self._last + OPENING
        return self._last + (QUIET if self._answered else PATIENCE)

    def _take(self, event: Event) -> bool:
        match event:
            case m.AgentResponseCompleteMessage():
                event_id = event.agent_response_complete_event.event_id
                if event_id is not None and self._answers.isdisjoint({str(event_id), str(None)}):
                    return False  # of an answer that the user has interrupted
                self._complete = True
            case m.AgentResponseMessage():
                self._answers.add(str(event.agent_response_event.event_id))
                self._answered, self._complete = True, False
            case m.AgentChatResponsePartMessage():
                # an agent whose parts no agent_response follows has answered as well
                self._answers.add(str(event.text_response_part.event_id))
                self._answered = self._answered or event.text_response_part.type == "stop"
                self._complete = False
            case ToolCalled():
                self._own_calls.add(event.call_id)
                self._complete = False
            case ToolAnswered():
                self._own_calls.discard(event.call_id)
                if event.sent:
                    self._answered = self._complete = False
            case m.AgentToolRequestMessage() if event.agent_tool_request.tool_type != "client":
                self._their_calls.add(event.agent_tool_request.tool_call_id)
                self._complete = False
            case m.AgentToolResponseMessage():
                self._their_calls.discard(event.agent_tool_response.tool_call_id)
            case _:
                return False
        return True

    @property
    def answered_at(self) -> float:
        """When the agent said its last word of an answer, aloud too; infinity where it has not, or something runs."""
        busy = self._own_calls or self._their_calls or self._speaking
        done = (self._answered or self._complete) and not busy
        return max(self._last, self._silent_at) if done else math.inf

    @property
    def is_owed(self) -> bool:
        """Whether an answer is due and nothing of it has come."""
        return not (self._opening or self._answered or self._complete)
