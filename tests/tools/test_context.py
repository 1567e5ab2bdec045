"""The context that a tool receives says which call it answers, and whether anybody still waits."""

from __future__ import annotations

import threading

from agentframework.tools.context import LazyEvent, ToolContext


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


def test_whoever_waits_for_the_end_of_a_call_is_woken_by_it() -> None:
    """Also where the first two to wait, and the one who sets it, come at the same moment."""
    for _ in range(200):
        event, start = LazyEvent(), threading.Barrier(3)
        woken: list[bool] = []

        def wait(
            event: LazyEvent = event, start: threading.Barrier = start, woken: list[bool] = woken
        ) -> None:
            start.wait(5)
            woken.append(event.wait(5))

        waiting = [threading.Thread(target=wait) for _ in range(2)]
        for thread in waiting:
            thread.start()
        start.wait(5)
        event.set()
        for thread in waiting:
            thread.join()
        assert woken == [True, True]


def test_an_event_that_nobody_sets_is_waited_for_in_vain() -> None:
    event = LazyEvent()
    assert not event.wait(0.001)
    event.set()
    assert event.wait(0.001)
    event.clear()
    assert not event.is_set()
