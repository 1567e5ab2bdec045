"""Brings a talker into a conversation: what the user writes goes in, sentences and tool calls come out."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

from agentframework.localagent.ear import Utterance
from agentframework.localagent.mouth import Mouth
from agentframework.localagent.options import AgentOptions
from agentframework.localagent.talker import Call, Leave, Say, Talker
from agentframework.protocol.agent import Accepted, AgentProtocol
from agentframework.protocol.calls import OpenCall
from agentframework.protocol.messages import MultimodalMessage, UserMessage

__all__ = ["Chatter"]

_MISSING = "Missing required dynamic variables in first message"
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_MOST_WAITING = 100
_REMARK_PAUSE = 15.0


class Chatter:
    """One conversation's talker, on its protocol; `clock` gives the seconds that the protocol counts in.

    While a tool call waits for its answer, what the user writes or says waits too, and is heard in its order after
    it. Not thread-safe; never blocks.
    """

    def __init__(
        self, protocol: AgentProtocol, options: AgentOptions, clock: Callable[[], float], mouth: Mouth
    ) -> None:
        self._protocol = protocol
        self._mouth = mouth
        self._options = options
        self._clock = clock
        self._talker = Talker(options.tools)
        self._unheard: deque[str] = deque(maxlen=_MOST_WAITING)
        self._pending: str | None = None
        self._leaves = False
        self._remark_from = 0.0

    def begin(self) -> None:
        """Greet, unless the client's first_message is empty: then the user speaks first (protocol 2.3)."""
        first_message = self._first_message()
        if first_message is None:
            self._say(self._talker.greet())
            return
        greeting, missing = self._filled(first_message)
        if missing:
            self._protocol.close(1008, f"{_MISSING}: {missing}")
        elif greeting:
            self._say(greeting)

    def accept(self, accepted: Accepted) -> None:
        """React to a message of the client."""
        answer = accepted.answer
        if answer is not None:
            self._answered(answer.call, answer.shown, is_error=answer.is_error)
        text = _text_of(accepted)
        if text is not None:
            if self._listens():
                self._mouth.interrupt(corrects=False)
            self._take(text)

    def user_began(self) -> None:
        """Nothing: to fall silent is not the talker's affair."""

    def user_spoke(self, utterance: Utterance) -> None:
        """Take the words that were understood as if they were written; say so where there are none."""
        if utterance.text:
            self._protocol.transcribe(utterance.text)
            self._take(utterance.text)
        elif self._listens() and (self._options.barge_in or self._options.transcribe):
            self._excuse(utterance)

    def _excuse(self, utterance: Utterance) -> None:
        now = self._clock()
        if now < self._remark_from or self._mouth.is_speaking:
            return
        self._remark_from = now + _REMARK_PAUSE
        if utterance.text is None:
            length = "a second" if utterance.voiced < 1.5 else f"{utterance.voiced:.0f} seconds"
            text = f"I heard you speak for {length}, but I cannot make out words. Please type it."
        else:
            text = "I heard you speak, but I did not make out a word. Please say it again, or type it."
        self._say(text)

    def _take(self, text: str) -> None:
        if self._pending is not None:
            self._unheard.append(text)
        elif self._listens():
            self._hear(text)

    def timed_out(self, call: OpenCall) -> None:
        """A call's response time-out is over."""
        timeout = self._options.handling_of(call.tool_name).timeout
        within = "" if timeout is None else f" within {timeout:g} s"
        self._answered(call, f"no answer came{within}", is_error=True)

    def _first_message(self) -> str | None:
        initiation = self._protocol.initiation
        override = None if initiation is None else initiation.conversation_config_override
        agent = (override or {}).get("agent")
        message = agent.get("first_message") if isinstance(agent, dict) else None
        return message if isinstance(message, str) else None

    def _filled(self, text: str) -> tuple[str, set[str]]:
        """`text` with its `{{variables}}`, and the names of those that the client did not give (protocol 1.8)."""
        initiation = self._protocol.initiation
        given = dict((initiation.dynamic_variables if initiation is not None else None) or {})
        given["system__conversation_id"] = self._protocol.conversation_id
        names = set(_VARIABLE.findall(text))
        missing = {name for name in names if name not in given and not name.startswith("system__")}
        return _VARIABLE.sub(lambda found: str(given.get(found[1], found[0])), text), missing

    def _answered(self, call: OpenCall, shown: str, *, is_error: bool) -> None:
        if call.tool_call_id != self._pending:
            return
        self._pending = None
        self._say(self._talker.tool_answered(call.tool_name, call.parameters, shown, is_error))
        while self._unheard and self._listens():
            self._hear(self._unheard.popleft())

    def _listens(self) -> bool:
        return self._pending is None and self._protocol.close_wanted is None and not self._leaves

    def _hear(self, text: str) -> None:
        reaction = self._talker.hear(text)
        match reaction:
            case Say():
                self._say(reaction.text)
            case Call():
                self._call(reaction)
            case Leave():
                self._leaves = True
                self._say(reaction.text)
                self._mouth.at_silence(lambda: self._protocol.close(1000))

    def _call(self, call: Call) -> None:
        handling = self._options.handling_of(call.name)
        made = self._protocol.call_tool(
            call.name,
            call.arguments,
            now=self._clock(),
            timeout=handling.timeout,
            expects_response=handling.expects_response,
            error_handling=handling.error_handling,
        )
        if handling.expects_response:
            self._pending = made.tool_call_id
        else:
            self._say(f"I have called {call.name}; it sends no answer back.")

    def _say(self, text: str) -> None:
        self._mouth.say(text, ends_turn=True)


def _text_of(accepted: Accepted) -> str | None:
    message = accepted.message
    if isinstance(message, MultimodalMessage):
        message = message.text or UserMessage()
    return message.text if isinstance(message, UserMessage) else None
