"""Asking the user at the terminal whether a tool call may run."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from agentframework.approval import ApprovalRequest, Approver
from agentframework.cli.phrases import count, flat, shortened

__all__ = ["Question", "Questions", "TerminalApprover", "question_text"]

_LONGEST_VALUE: Final = 400
_SHORTEST_LOOK: Final = 0.5
_YES: Final = frozenset({"y", "yes"})


class Question:
    """One request, and the way back to whoever waits for the answer."""

    def __init__(self, request: ApprovalRequest, answer: Callable[[bool], None]) -> None:
        self.request = request
        self.answer = answer


class Questions:
    """The questions that are open; one is shown at a time. Lives where the lines of the user arrive.

    `show` is given the question's text, and `prompt` what the line is to begin with while it is open: a function
    that says how many seconds are left, or None where no question is open.
    """

    def __init__(
        self,
        show: Callable[[str], None],
        prompt: Callable[[Callable[[], float] | None], None],
        clock: Callable[[], float],
    ) -> None:
        self._show = show
        self._prompt = prompt
        self._clock = clock
        self._open: deque[Question] = deque()
        self._shown_at = 0.0

    def ask(self, question: Question) -> None:
        """Show it, or have it wait for those before it."""
        self._open.append(question)
        if len(self._open) == 1:
            self._show_first()

    def withdraw(self, question: Question) -> None:
        """Nobody waits for its answer any more: its time is over, or the call has ended."""
        if question not in self._open:
            return
        was_first = self._open[0] is question
        self._open.remove(question)
        if was_first:
            self._show(f"{flat(question.request.tool)} is not asked for any more: it was not run")
            self._show_first()

    def take(self, line: str) -> bool:
        """Whether a line was meant for a question. Only "y" or "yes" is a yes, and any other line a no.

        A line that came before anybody can have read the question was meant for something else: it is taken, and
        answers nothing.
        """
        if not self._open:
            return False
        if self._clock() - self._shown_at < _SHORTEST_LOOK:
            self._show("that came too soon to be an answer; read the question first")
            return True
        question = self._open.popleft()
        is_yes = line.strip().lower() in _YES
        question.answer(is_yes)
        self._show(f"{flat(question.request.tool)} {'may run, this once' if is_yes else 'is not run'}")
        self._show_first()
        return True

    def _show_first(self) -> None:
        if not self._open:
            self._prompt(None)
            return
        request = self._open[0].request
        self._shown_at = self._clock()
        self._show(question_text(request, max(request.deadline - self._clock(), 0.0)))
        self._prompt(lambda: request.deadline - self._clock())


class TerminalApprover(Approver):
    """Brings each request to `Questions`, by functions that may be called on any thread."""

    def __init__(self) -> None:
        self.ask: Callable[[Question], None] | None = None
        self.withdraw: Callable[[Question], None] = lambda question: None

    async def approve(self, request: ApprovalRequest) -> bool:
        """What the user says; False where nobody is there to be asked."""
        if self.ask is None:
            return False
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bool] = loop.create_future()

        def answer(is_yes: bool) -> None:
            try:
                loop.call_soon_threadsafe(_set, answered, is_yes)
            except RuntimeError:
                return  # the loop is closed: nobody waits

        question = Question(request, answer)
        self.ask(question)
        try:
            return await answered
        finally:
            if not answered.done() or answered.cancelled():
                self.withdraw(question)


def question_text(request: ApprovalRequest, seconds: float) -> str:
    """What the user has to know: the tool, who brings it, its risk, and every argument on a line of its own."""
    owner = flat(request.owner) or "the program"
    lines = [f"The agent wants to run {flat(request.tool)} of {owner} (risk: {request.risk})"]
    lines += [f"  {flat(str(name))} = {_value(value)}" for name, value in request.arguments.items()]
    if not request.arguments:
        lines.append("  without arguments")
    lines.append(f"May it, this once? y or n, within {count(round(seconds), 'second')}")
    return "\n".join(lines)


def _value(value: Any) -> str:
    """A value on one line; where it is too long to be shown, that is said."""
    said = flat(json.dumps(value, ensure_ascii=False))
    if len(said) <= _LONGEST_VALUE:
        return said
    return f"{shortened(said, _LONGEST_VALUE)} (the first {_LONGEST_VALUE} of {len(said):,} characters)"


def _set(answered: asyncio.Future[bool], is_yes: bool) -> None:
    if not answered.done():
        answered.set_result(is_yes)
