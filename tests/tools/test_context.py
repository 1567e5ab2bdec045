"""The context that a tool receives says which call it answers, and whether anybody still waits."""

from __future__ import annotations

from agentframework.tools.context import ToolContext


def test_a_cancelled_call_is_seen_by_its_tool(context: ToolContext) -> None:
    assert not context.cancelled.is_set()
    context.cancelled.set()
    assert context.cancelled.is_set()


def test_it_takes_nothing_that_it_does_not_promise(context: ToolContext) -> None:
    assert not hasattr(context, "__dict__")
    assert (context.conversation_id, context.call_id, context.tool_name, context.deadline) == (
        "conversation-1",
        "call-1",
        "a_tool",
        0.0,
    )
