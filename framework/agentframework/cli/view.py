"""Turns the events of a conversation into what a screen shows, and counts them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from agentframework.callbacks import (
    Callbacks,
    DisconnectionDetails,
    Reconnected,
    Reconnecting,
    SessionEnded,
    SessionStarted,
    ToolAnswered,
    ToolCalled,
)
from agentframework.cli.phrases import Summary, flat, shortened
from agentframework.cli.screen import Screen
from agentframework.protocol import messages as m
from agentframework.redaction import Redactor

__all__ = ["View", "ending_text"]

_MOST_ECHOES: Final = 16


class View(Callbacks):
    """Shows each event on a screen. Lives on one thread: whoever has the events calls its methods there.

    What `redactor` knows is shown in no call: the platform fills in arguments from secret variables (protocol 4.5).
    `traceback_hint` follows the first tool that fails unexpectedly: it says where its traceback is to be found.
    `clock` gives seconds and never goes back.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        redactor: Redactor | None = None,
        traceback_hint: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._redactor = redactor or Redactor()
        self._clock = clock
        self._traceback_hint = traceback_hint
        self._began = clock()
        self._turns = self._calls = self._errors = 0
        self._conversation_id: str | None = None
        self._open: dict[str, ToolCalled] = {}
        self._typed: deque[str] = deque(maxlen=_MOST_ECHOES)
        self._parts: list[str] = []
        self._user_was_last = False

    def user_typed(self, text: str) -> None:
        """The user's line, about to be sent."""
        self.settle()
        self._turns += 1
        self._typed.append(flat(text))
        self._show_user(text)

    def settle(self) -> None:
        """Show streamed text that no `agent_response` has repeated."""
        text = "".join(self._parts)
        self._parts.clear()
        self._show_agent(text)

    def failed(self, text: str) -> None:
        """Something went wrong that is no event."""
        self._errors += 1
        self._screen.error(text)

    def summary(self) -> Summary:
        """What it came to so far."""
        lasted = self._clock() - self._began
        return Summary(self._turns, self._calls, self._errors, lasted, self._conversation_id)

    def on_session_started(self, event: SessionStarted) -> None:
        self._began = self._clock()
        self._conversation_id = event.conversation_id

    def on_reconnecting(self, event: Reconnecting) -> None:
        self.settle()
        code = event.details.close_code
        why = f" (code {code})" if code is not None else ""
        self._screen.note(
            f"the connection is lost{why}; attempt {event.attempt} to make another in {event.delay:.1f} s"
        )

    def on_reconnected(self, event: Reconnected) -> None:
        self._conversation_id = event.conversation_id
        self._screen.note(
            f"connected again; for the agent this is a new conversation, {event.conversation_id}"
        )

    def on_session_ended(self, event: SessionEnded) -> None:
        self.settle()
        self._open.clear()
        self._screen.working(())

    def on_agent_response(self, message: m.AgentResponseMessage) -> None:
        self._parts.clear()
        text = message.agent_response_event.agent_response
        self._show_agent(text)

    def on_agent_chat_response_part(self, message: m.AgentChatResponsePartMessage) -> None:
        part = message.text_response_part
        if part.type == "start":
            self.settle()
        self._parts.append(part.text)

    def on_agent_response_complete(self, message: m.AgentResponseCompleteMessage) -> None:
        self.settle()

    def on_agent_response_correction(self, message: m.AgentResponseCorrectionMessage) -> None:
        said = flat(message.agent_response_correction_event.corrected_agent_response)
        self._screen.note(
            f'the agent got as far as "{shortened(said, 120)}"' if said else "the agent said nothing"
        )

    def on_interruption(self, message: m.InterruptionMessage) -> None:
        # after the user's own line it goes without saying
        if not self._user_was_last:
            self._screen.note("interrupted")

    def on_user_transcript(self, message: m.UserTranscriptMessage) -> None:
        text = message.user_transcription_event.user_transcript
        if flat(text) in self._typed:
            self._typed.remove(flat(text))
        elif text.strip():
            self._turns += 1
            self._show_user(text)

    def on_tool_called(self, event: ToolCalled) -> None:
        self._open[event.call_id] = replace(event, parameters=self._redactor.value(event.parameters))
        self._screen.working(tuple(self._open.values()))

    def on_tool_answered(self, event: ToolAnswered) -> None:
        self._open.pop(event.call_id, None)
        self._calls += 1
        self._screen.working(tuple(self._open.values()))
        parameters, text = self._redactor.value([event.parameters, event.text])
        self._screen.tool(replace(event, parameters=parameters, text=text))
        if event.outcome != "ok":
            self._errors += 1
        if event.outcome == "exception" and self._traceback_hint:
            self._screen.note(self._traceback_hint)
            self._traceback_hint = ""

    def on_error(self, message: m.ErrorMessage) -> None:
        event = message.error_event
        said = event.message or event.reason or event.error_type or "no reason given"
        self.failed(f"the agent's side reports error {event.code}: {flat(said)}")

    def on_client_error(self, message: m.ClientErrorMessage) -> None:
        event = message.error_event
        said = ": ".join(flat(part) for part in (event.error_name, event.message or "") if part)
        self.failed(f"the agent's side did not accept something: {said or event.code}")

    def on_guardrail_triggered(self, message: m.GuardrailTriggeredMessage) -> None:
        event = message.guardrail_triggered_event
        name = flat(event.guardrail_name) if event is not None else ""
        self._screen.note(f"a guardrail was triggered: {name}" if name else "a guardrail was triggered")

    def on_queue_status(self, message: m.QueueStatusMessage) -> None:
        status = message.queue_status_event.status
        if status == "waiting":
            self._screen.note("waiting for a free place: too many conversations at once")

    def _show_user(self, text: str) -> None:
        self._user_was_last = True
        self._screen.user(text)

    def _show_agent(self, text: str) -> None:
        if text.strip():
            self._user_was_last = False
            self._screen.agent(text)

    def on_external_agent_connected(self, message: m.ExternalAgentConnectedMessage) -> None:
        self._screen.note("somebody else has joined for the agent")

    def on_external_agent_disconnected(self, message: m.ExternalAgentDisconnectedMessage) -> None:
        self._screen.note("the one who had joined for the agent has left")


def ending_text(details: DisconnectionDetails) -> str:
    """Who ended the conversation and why, in one sentence; empty where the user did, without a word."""
    reason = flat(details.close_reason or "")
    hint = f". {flat(details.hint)}" if details.hint else ""
    if details.reason == "user":
        return flat(details.message or "")
    if details.reason == "agent":
        return "the agent ended the conversation" + (f": {reason}" if reason else "") + hint
    if details.close_code is None:
        return flat(details.message or "the conversation broke off") + hint
    said = f" ({reason})" if reason else ""
    return f"the connection was closed with code {details.close_code}{said}{hint}"
