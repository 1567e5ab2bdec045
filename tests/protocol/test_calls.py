"""The agent's book of calls, and what an agent is shown of an error."""

from __future__ import annotations

import pytest

from agentframework.protocol.calls import HIDDEN_ERROR, AgentCalls, ErrorHandling, OpenCall, ToolAnswer
from agentframework.protocol.inspection import Remark, RemarkKind
from agentframework.protocol.messages import ClientToolResultMessage

LONG = "There is no weather station in Atlantis. Try one of: Oslo, Rome.\nAsk again later."


def call(tool_call_id: str = "tc_1", handling: ErrorHandling = "auto") -> OpenCall:
    return OpenCall(tool_call_id, "t", {}, 1, True, None, handling)


def answer(calls: AgentCalls, tool_call_id: str, text: str = "", **fields: object) -> ToolAnswer | Remark:
    message = {"tool_call_id": tool_call_id, "result": text, "is_error": False, **fields}
    return calls.read(ClientToolResultMessage.model_validate(message))


@pytest.mark.parametrize(
    ("handling", "shown"),
    [
        ("auto", HIDDEN_ERROR),
        ("hide", HIDDEN_ERROR),
        ("summarized", "There is no weather station in Atlantis."),
        ("passthrough", LONG),
    ],
)
def test_what_the_agent_is_shown_of_an_error(handling: ErrorHandling, shown: str) -> None:
    calls = AgentCalls()
    calls.add(call(handling=handling))

    read = answer(calls, "tc_1", LONG, is_error=True)
    assert isinstance(read, ToolAnswer)
    assert (read.shown, read.result, read.is_error) == (shown, LONG, True)


@pytest.mark.parametrize("handling", ["auto", "hide", "summarized", "passthrough"])
def test_what_is_no_error_is_shown_as_it_is(handling: ErrorHandling) -> None:
    calls = AgentCalls()
    calls.add(call(handling=handling))

    read = answer(calls, "tc_1", LONG)
    assert isinstance(read, ToolAnswer)
    assert (read.shown, read.is_error) == (LONG, False)


def test_a_long_sentence_is_summarized_by_its_beginning() -> None:
    calls = AgentCalls()
    calls.add(call(handling="summarized"))

    read = answer(calls, "tc_1", "word " * 100, is_error=True)
    assert isinstance(read, ToolAnswer)
    assert len(read.shown) == 120
    assert read.shown.endswith("…")


def test_an_error_type_makes_the_result_an_error() -> None:
    calls = AgentCalls()
    calls.add(call())

    read = answer(calls, "tc_1", error_type="user_rejected")
    assert isinstance(read, ToolAnswer)
    assert read.is_error


def test_only_so_many_settled_calls_are_remembered() -> None:
    calls = AgentCalls(remembered=2)
    for number in range(3):
        calls.add(call(f"tc_{number}"))
        answer(calls, f"tc_{number}")

    kinds = []
    for number in range(3):
        read = answer(calls, f"tc_{number}")
        assert isinstance(read, Remark)
        kinds.append(read.kind)
    assert kinds == [
        RemarkKind.UNEXPECTED_RESULT,
        RemarkKind.DUPLICATE_RESULT,
        RemarkKind.DUPLICATE_RESULT,
    ]
