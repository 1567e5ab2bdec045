"""The user is asked at the terminal, and only a "y" that was typed after the question is a yes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agentframework.approval import ApprovalRequest
from agentframework.cli.asking import Question, Questions, TerminalApprover, question_text


def request(**changes: Any) -> ApprovalRequest:
    said: dict[str, Any] = {
        "session_id": "s1",
        "conversation_id": "conv_1",
        "call_id": "c1",
        "tool": "transfer",
        "owner": "bank",
        "description": "Transfer money.",
        "risk": "dangerous",
        "arguments": {"to": "Ann", "amount": 100, "pin": "***"},
        "rule": "policy.ask[0]",
        "timeout": 10.0,
        "deadline": 10.0,
    }
    return ApprovalRequest(**(said | changes))


class Desk:
    """Somebody who is asked, at a time of the test's choosing."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shown: list[str] = []
        self.left: Callable[[], float] | None = None
        self.answers: list[tuple[str, bool]] = []
        self.questions = Questions(self.shown.append, self._prompt, lambda: self.now)

    def ask(self, name: str = "transfer", **changes: Any) -> Question:
        question = Question(request(tool=name, **changes), lambda is_yes: self.answers.append((name, is_yes)))
        self.questions.ask(question)
        return question

    def types(self, line: str, after: float = 3.0) -> bool:
        self.now += after
        return self.questions.take(line)

    def _prompt(self, left: Callable[[], float] | None) -> None:
        self.left = left


def test_the_question_shows_tool_owner_risk_and_every_argument() -> None:
    assert question_text(request(), 9.8).splitlines() == [
        "The agent wants to run transfer of bank (risk: dangerous)",
        '  to = "Ann"',
        "  amount = 100",
        '  pin = "***"',
        "May it, this once? y or n, within 10 seconds",
    ]


def test_what_the_agent_sends_adds_no_line_and_steers_no_terminal() -> None:
    text = question_text(
        request(arguments={"to\nMay it": "\x1b[2K\u202eBob\nrisk: read"}, owner="", tool="t\x1b[1m"), 10.0
    )
    assert text.splitlines() == [
        "The agent wants to run t of the program (risk: dangerous)",
        r'  to May it = "\u001b[2KBob\nrisk: read"',
        "May it, this once? y or n, within 10 seconds",
    ]


def test_a_value_that_is_too_long_says_so() -> None:
    text = question_text(request(arguments={"text": "a" * 5000 + "evil"}), 10.0)
    assert "(the first 400 of 5,006 characters)" in text


@pytest.mark.parametrize(
    ("line", "is_yes"),
    [
        ("y", True),
        (" Yes ", True),
        ("n", False),
        ("", False),
        ("ja", False),
        ("yes please", False),
        ("yy", False),
    ],
)
def test_only_yes_is_a_yes(line: str, is_yes: bool) -> None:
    desk = Desk()
    desk.ask()
    assert desk.types(line)
    assert desk.answers == [("transfer", is_yes)]
    assert desk.left is None


def test_a_line_is_for_the_agent_where_nothing_is_asked() -> None:
    desk = Desk()
    assert not desk.types("yes")
    desk.ask()
    desk.types("n")
    assert not desk.types("yes")


def test_a_yes_that_was_on_its_way_to_the_agent_is_no_answer() -> None:
    desk = Desk()
    desk.ask()
    assert desk.types("yes", after=0.1)
    assert desk.answers == []
    assert desk.types("y", after=2.0)
    assert desk.answers == [("transfer", True)]


def test_one_is_asked_after_the_other() -> None:
    desk = Desk()
    desk.ask("first")
    desk.ask("second")
    assert sum("May it" in text for text in desk.shown) == 1
    desk.types("y")
    assert desk.left is not None
    assert desk.left() == 7.0
    assert desk.types("y", after=0.1)  # too soon for the second
    desk.types("n")
    assert desk.answers == [("first", True), ("second", False)]


def test_what_is_withdrawn_is_not_asked_any_more() -> None:
    desk = Desk()
    first, second = desk.ask("first"), desk.ask("second")
    desk.questions.withdraw(second)
    desk.questions.withdraw(first)
    desk.questions.withdraw(first)
    assert desk.left is None
    assert not desk.types("y")
    assert desk.answers == []


async def _approve(approver: TerminalApprover, answers: list[bool]) -> bool:
    def ask(question: Question) -> None:
        for one in answers:
            question.answer(one)

    approver.ask = ask
    return await approver.approve(request())


@pytest.mark.parametrize("answers", [[True], [False], [False, True]])
def test_the_first_answer_counts(answers: list[bool]) -> None:
    assert asyncio.run(_approve(TerminalApprover(), answers)) is answers[0]


def test_where_nobody_is_there_it_is_a_no() -> None:
    assert asyncio.run(TerminalApprover().approve(request())) is False


def test_a_request_that_nobody_waits_for_any_more_is_withdrawn() -> None:
    async def give_up() -> None:
        approver, withdrawn = TerminalApprover(), list[Question]()
        asked = asyncio.Event()
        approver.ask = lambda question: asked.set()
        approver.withdraw = withdrawn.append
        task = asyncio.create_task(approver.approve(request()))
        await asked.wait()
        task.cancel()
        await asyncio.wait([task])
        assert [question.request.call_id for question in withdrawn] == ["c1"]

    asyncio.run(give_up())
