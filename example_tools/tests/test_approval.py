"""The command says whether a call may run, by its exit code."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from agentframework import ApprovalRequest, Approver
from agentframework_example_tools.approval import CommandApprover
from agentframework_example_tools.plugin import Settings, register_approvers

ALLOWS_SMALL_SUMS = """
import json, sys
request = json.load(sys.stdin)
assert request["tool"] == "pay"
sys.exit(0 if request["arguments"]["amount"] <= 10 else 1)
"""


def request(timeout: float = 20.0, **arguments: Any) -> ApprovalRequest:
    return ApprovalRequest(
        session_id="s1",
        conversation_id="conv_1",
        call_id="c1",
        tool="pay",
        owner="shop",
        description="Pay.",
        risk="dangerous",
        arguments=arguments,
        rule="policy.ask[0]",
        timeout=timeout,
        deadline=timeout,
    )


@pytest.mark.parametrize(("amount", "approved"), [(5, True), (50, False)])
def test_the_command_reads_the_request_and_decides(amount: int, approved: bool) -> None:
    approver = CommandApprover([sys.executable, "-c", ALLOWS_SMALL_SUMS])
    assert approver.approve(request(amount=amount, to="`rm -rf /`")) is approved


def test_a_command_that_fails_or_takes_too_long_says_no() -> None:
    assert not CommandApprover([sys.executable, "-c", "raise ValueError"]).approve(request())
    assert not CommandApprover([sys.executable, "-c", "import time; time.sleep(30)"]).approve(request(0.1))


@pytest.mark.parametrize("command", [None, ("true",)])
def test_it_is_offered_where_the_config_names_a_command(command: tuple[str, ...] | None) -> None:
    offered: list[str] = []

    class Register:
        def settings(self, model: type[Settings]) -> Settings:
            return model(approve_command=command)

        def __call__(self, name: str, factory: Any) -> None:
            offered.append(name)
            assert isinstance(factory(), Approver)

    register_approvers(Register())  # type: ignore[arg-type]
    assert offered == (["command"] if command else [])
